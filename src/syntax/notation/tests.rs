//! Notation, as tables: what a string means, and which characters of a bad one are underlined.

use super::*;
use crate::diagnostic::{Diagnostics, Sources, Span};
use crate::syntax::compact;

/// A string that is a whole source of its own.
fn source(text: &str) -> (Sources, Text) {
    let mut sources = Sources::default();
    let id = sources.add("test", text);
    (sources, Text::verbatim(text, Span::new(id, 0..text.len())))
}

fn check<T>(read: impl Fn(&Text) -> Result<T, Diagnostic>, show: impl Fn(&T) -> String, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let (sources, notation) = source(text);
        match read(&notation) {
            Ok(value) => assert_eq!(show(&value), *expected, "{text}"),
            Err(error) => panic!("{}", Diagnostics { sources: sources.into(), list: vec![error] }),
        }
    }
}

/// Read in parts, each of which may have been read before, a line is what it is as a whole, also where something is
/// wrong with it.
#[test]
fn parts_make_the_whole() {
    let lines = [
        "conv 64 3x3 p1 -> bn -> relu as relu1",
        "  conv 64 3x3\t->bn->\n relu  ",
        "(conv 64 3x3 -> relu) x 3 as stem -> (bn -> (relu -> bn) x 2) as a->b",
        "{act} -> conv {a[1] - 2 > 3} 3x3 -> linear {f(1, [2])}",
        "-> relu",
        "relu ->",
        "relu -> -> bn",
        "",
        "->",
        "conv 64 3x3 -> bn) -> relu",
        "(conv 64 -> bn -> relu",
        "conv 3x3x3 -> relu",
        "conv 99999999999999999999999 -> rel u =",
        "relu -> conv 99999999999999999999999",
        "conv 64 -> ü -> relu",
        "x -> as -> relu x",
        "conv 64 p-1->relu--> bn",
    ];
    let texts: Vec<(Sources, Text)> = lines.iter().flat_map(|line| [source(line), source(line)]).collect();
    let mut all = Lines::default();
    for (_, text) in &texts {
        assert_eq!(format!("{:?}", all.chain(text)), format!("{:?}", chain(text)), "{}", text.text);
    }
}

#[test]
fn chains_mean() {
    check(
        chain,
        |items| compact::items(items),
        &[
            ("relu", "relu"),
            ("conv 64 3x3 s2 p1 bias=false", "conv(64, 3x3, stride=2, padding=1, bias=false)"),
            ("conv 64 3x3 p1 -> bn -> relu", "conv(64, 3x3, padding=1), bn, relu"),
            ("conv 64 3x3->bn->relu", "conv(64, 3x3), bn, relu"),
            ("(conv 64 3x3 p1 -> relu) x 3", "[conv(64, 3x3, padding=1), relu]*3"),
            ("conv {4*width} 3x3 s{stride}", "conv((4 * width), 3x3, stride=stride)"),
            ("conv 64 3x3 as conv1 -> bn as bn1", "conv1: conv(64, 3x3), bn1: bn"),
            ("(conv 64 3x3) as stem", "stem: [conv(64, 3x3)]"),
            ("(relu) x 2 as tail", "tail: [relu]*2"),
            ("bottleneck 64 x 3", "bottleneck(64)*3"),
            ("bottleneck 64 as b{i} x {n-1}", "(b{i}: bottleneck(64))*(n - 1)"),
            ("basic 64 as block1-{i}.conv x {n} as stage", "stage: (block1-{i}.conv: basic(64))*n"),
            ("conv 64 3 x 3", "conv(64, 3)*3"),
            ("{act} -> {pool} 2 as p", "{act}, p: {pool}(2)"),
            ("bottleneck 128 stride=2 -> bottleneck 128 x 3", "bottleneck(128, stride=2), bottleneck(128)*3"),
            ("conv 64 {k}x{k} p{k//2}", "conv(64, kxk, padding=(k // 2))"),
            ("conv 64 1x7 p0x3 s2x1 d2 g32", "conv(64, 1x7, padding=0x3, stride=2x1, dilation=2, groups=32)"),
            ("lrn 5 alpha=1e-4 beta=.75 k=2", "lrn(5, alpha=0.0001, beta=0.75, k=2)"),
            ("maxpool 3x3 ceil mode=fan-out kernel=3x3", "maxpool(3x3, ceil, mode=fan-out, kernel=3x3)"),
            ("sgd lr=5e-4 min=-1 nesterov=true", "sgd(lr=0.0005, min=-1, nesterov=true)"),
            ("normalize mean={[0.5, .25]}", "normalize(mean=[0.5, 0.25])"),
            ("xception -> assign x1 -> x_", "xception, assign(x1), x_"),
            ("s2 p1", "s2(padding=1)"),
            ("conv 64 same stride2", "conv(64, same, stride2)"),
            ("((relu) x 2 -> bn) x 3", "[[relu]*2, bn]*3"),
            ("conv 64\n  3x3\t-> relu\r\n", "conv(64, 3x3), relu"),
        ],
    );
}

#[test]
fn expressions_mean() {
    check(
        expression,
        |expr| compact::expr(&expr.value),
        &[
            ("1 + 2 * 3", "(1 + (2 * 3))"),
            ("1 - 2 - 3", "((1 - 2) - 3)"),
            ("-2 ** 2", "-(2 ** 2)"),
            ("2 ** 3 ** 2", "(2 ** (3 ** 2))"),
            ("2 ** -1", "(2 ** -1)"),
            ("--x", "--x"),
            ("7 // 2 / 3 % 4", "(((7 // 2) / 3) % 4)"),
            ("(1 + 2) * 3", "((1 + 2) * 3)"),
            ("a[i + 1][0]", "a[(i + 1)][0]"),
            ("[1, 2.5, .5, 1e3]", "[1, 2.5, 0.5, 1000.0]"),
            ("[]", "[]"),
            ("if(a <= 2, min(3, 4), max(x, 1))", "if((a <= 2), min(3, 4), max(x, 1))"),
            ("-a[0] + f()", "(-a[0] + f())"),
            ("1+1 == 2", "((1 + 1) == 2)"),
            ("(a < b) == true", "((a < b) == true)"),
            ("a != b", "(a != b)"),
            ("truthy", "truthy"),
            ("{4*width}", "(4 * width)"),
            ("a-b", "(a - b)"),
            ("c[4] > 1 or in != c[2]", "((c[4] > 1) or (in != c[2]))"),
            ("a or b and not c == d", "(a or (b and not (c == d)))"),
            ("not (a or b) and not not c", "(not (a or b) and not not c)"),
            ("notable + order < android", "((notable + order) < android)"),
        ],
    );
}

#[test]
fn other_texts_mean() {
    let term = |text: &Text| super::term(text).map(|term| compact::term(&term.value));
    check(
        term,
        String::clone,
        &[
            ("3x3", "3x3"),
            ("{k}x1", "kx1"),
            ("width", "?width"),
            ("true", "true"),
            ("4*width", "(4 * width)"),
            ("{width}", "width"),
            ("kaiming-normal", "?kaiming-normal"),
            ("-1", "-1"),
            ("1e-4", "0.0001"),
        ],
    );
    check(
        super::template,
        |name| compact::template(&name.value),
        &[("layer1", "layer1"), ("block{i}-{j+1}.x", "block{i}-{(j + 1)}.x"), ("0", "0")],
    );
    check(
        super::shape,
        |sides| sides.iter().map(|side| compact::expr(&side.value)).collect::<Vec<_>>().join("|"),
        &[("3x32x32", "3|32|32"), ("512", "512"), ("{c}x1x{n+1}", "c|1|(n + 1)")],
    );
    check(
        signature,
        compact::signature,
        &[
            ("block", "block()"),
            ("block()", "block()"),
            ("bottleneck(width, stride=1)", "bottleneck(width, stride=1)"),
            ("b( w , s = 2*w, l=[1, 2] )", "b(w, s=(2 * w), l=[1, 2])"),
        ],
    );
}

/// `(text, code, underlined characters, message and label)`
type Mistake = (&'static str, &'static str, &'static str, &'static str);

fn check_mistakes<T>(read: impl Fn(&Text) -> Result<T, Diagnostic>, cases: &[Mistake]) {
    for (text, code, underlined, said) in cases {
        let (sources, notation) = source(text);
        let Err(error) = read(&notation) else { panic!("{text} was accepted") };
        let found = (error.code.id(), sources.text(error.primary.span), error.message + "; " + &error.primary.text);
        assert_eq!(found, (*code, *underlined, (*said).to_string()), "{text}");
    }
}

/// What can follow a call's arguments.
macro_rules! more {
    ($found:literal) => {
        concat!("unexpected `", $found, "`; expected an argument, `->`, `x COUNT`, `as NAME` or the end")
    };
}

#[test]
fn mistakes_in_chains() {
    let layer = "expected the name of a layer or block";
    let value = "expected a number, a size such as `3x3` or a word";
    let count = "expected a number or an expression in braces";
    let said = |start: &str, label: &str| -> &'static str { format!("{start}; {label}").leak() };
    check_mistakes(
        chain,
        &[
            ("", "E002", "", said("there is nothing here", layer)),
            ("conv 64 3x3 -> -> relu", "E002", "->", said("unexpected `->`", layer)),
            ("conv 64 ->", "E002", "", said("something is missing after `->`", layer)),
            ("conv 64, 3", "E002", ",", "unexpected `,` after `64`; expected a space"),
            ("conv(64, 3)", "E002", "(", more!("(")),
            ("conv 64 3x3x3", "E002", "x3", "unexpected `x3` after `3x3`; expected a space"),
            ("conv 64 3x 3", "E002", "", said("something is missing after `3x`", count)),
            ("conv 64 3×3", "E002", "×", "unexpected `×` after `3`; expected a space"),
            ("conv 64 bias = false", "E002", "=", more!("=")),
            ("conv 64 bias=", "E002", "", said("something is missing after `bias=`", value)),
            ("conv 64 → relu", "E002", "→", more!("→")),
            ("(conv 64 -> relu x 3", "E002", "", "something is missing after `3`; expected `->`, `as NAME` or `)`"),
            ("conv 64) -> relu", "E002", ")", more!(")")),
            ("conv {4*} 3", "E002", "}", "unexpected `}`; expected a number, an expression or a name"),
            ("conv {4*width 3", "E002", "3", "unexpected `3`; expected an operator or `}`"),
            ("conv {} 3", "E002", "}", "unexpected `}`; expected an expression"),
            ("conv {a < b < c}", "E002", "<", "unexpected `<`; expected an operator or `}`"),
            ("conv {a and}", "E002", "}", "unexpected `}`; expected a number, an expression or a name"),
            ("conv {1 + not a}", "E002", "not", "unexpected `not`; expected a number, an expression or a name"),
            ("conv 64 as", "E002", "", "something is missing after `as`; expected a name"),
            ("conv 64 as a as b", "E002", "as", "unexpected `as`; expected `->`, `x COUNT` or the end"),
            ("relu x 3 x 4", "E002", "x", "unexpected `x`; expected `->`, `as NAME` or the end"),
            ("relu x", "E002", "", "something is missing after `x`; expected a number"),
            ("relu x -> relu", "E002", "->", "unexpected `->`; expected a number"),
            ("x 3", "E002", "x", said("unexpected `x`", layer)),
            ("3x3 conv", "E002", "3x3", said("unexpected `3x3`", layer)),
            ("()", "E002", ")", said("unexpected `)`", layer)),
            ("conv 4.5.6", "E002", ".", "unexpected `.` after `4.5`; expected a space"),
            ("conv 64 é", "E002", "é", more!("é")),
            (
                "conv 99999999999999999999",
                "E026",
                "99999999999999999999",
                "`99999999999999999999` is too large for a whole number; ",
            ),
            ("dropout 1e999", "E026", "1e999", "`1e999` is too large for a number; "),
        ],
    );
}

#[test]
fn mistakes_elsewhere() {
    check_mistakes(
        call,
        &[
            ("sgd lr=0.1 -> adam", "E002", "->", "unexpected `->`; expected an argument or the end"),
            ("5", "E002", "5", "unexpected `5`; expected a name"),
        ],
    );
    check_mistakes(
        super::shape,
        &[
            ("3x32x", "E002", "", "something is missing after `3x32x`; expected a number or an expression in braces"),
            ("3, 32, 32", "E002", ",", "unexpected `,`; expected `x` or the end"),
            ("3 x 32", "E002", "", "something is missing after `3`; expected `x` or the end"),
        ],
    );
    check_mistakes(
        signature,
        &[
            ("bottleneck(width, stride=)", "E002", ")", "unexpected `)`; expected an expression"),
            ("bottleneck(width, 3)", "E002", "3", "unexpected `3`; expected a name"),
            ("bottleneck(width", "E002", "", "something is missing after `bottleneck(width`; expected `=`, `,` or `)`"),
            ("bottleneck width", "E002", "width", "unexpected `width`; expected the end"),
        ],
    );
    check_mistakes(
        super::term,
        &[
            ("3 x 3", "E002", "x", "unexpected `x`; expected an operator or the end"),
            ("", "E002", "", "there is nothing here; expected a number, a size, a word or an expression"),
            ("4*", "E002", "", "something is missing after `4*`; expected a number, an expression or a name"),
        ],
    );
    check_mistakes(
        super::template,
        &[
            ("my layer", "E002", "layer", "unexpected `layer`; expected the end"),
            ("a/b", "E002", "/", "unexpected `/` after `a`; expected a name, an expression in braces or a space"),
        ],
    );
}

#[test]
fn advice_for_other_notations() {
    for (text, expected) in [
        ("conv(64, 3)", "arguments follow the name without parentheses: `conv 64 3x3`"),
        ("conv 64, 3", "arguments are separated by spaces, layers by `->`"),
        ("conv 64 | relu", "layers are joined with `->`"),
        ("conv 64 3x 3", "a size is written without spaces: `3x3`"),
        ("conv 64 3×3", "a size or a repetition is written with the letter x: `3x3`, `x 3`"),
        ("conv 2*width", "arithmetic goes in braces: `{2*width}`"),
        ("conv {0 < a < 3}", "two comparisons are joined with `and`: `… and a < 3`"),
        ("relu x {a && b}", "both conditions are asked for with `and`"),
        ("relu x {!a}", "the opposite of a condition is written `not a`"),
    ] {
        let error = chain(&source(text).1).expect_err(text);
        assert_eq!(error.help[0].text, expected, "{text}");
    }
}

/// Texts that would exhaust memory or stack are refused. What that takes is limited in tests/hostile.rs.
#[test]
fn hostile_texts() {
    let million = 1_000_000;
    for text in [
        "(".repeat(million),
        "conv {".to_string() + &"[".repeat(200),
        "relu -> ".repeat(million),
        "conv {".to_string() + &"-".repeat(10_000) + "1}",
        "conv {".to_string() + &"not ".repeat(10_000) + "a}",
        "conv {1".to_string() + &"+1".repeat(10_000) + "}",
        "conv {1".to_string() + &"**1".repeat(10_000) + "}",
        "conv {a".to_string() + &"[0]".repeat(10_000) + "}",
    ] {
        let error = chain(&source(&text).1).expect_err("it is too large");
        assert_eq!(error.code, Code::Limit, "{}", &text[..20]);
    }
    let most = format!("conv {{1{}}}", "+1".repeat(400));
    assert!(chain(&source(&most).1).is_ok());
    let deepest = format!("conv {{{}1{}}}", "(".repeat(63), ")".repeat(63));
    assert!(chain(&source(&deepest).1).is_ok());
}
