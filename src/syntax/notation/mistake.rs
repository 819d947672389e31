//! What went wrong in a notation string, in the words of the language.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::text::Text;

/// The mistake that pest found when it read `text` as a `whole`, at the first character that cannot be read.
pub(super) fn diagnostic(text: &Text, whole: Rule, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let expected: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let length = token(&text.text[at..]).len();
    let found = &text.text[at..at + length];
    let before = &text.text[..at];
    let message = if text.text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        "there is nothing here".to_string()
    } else if let Some(space) = wide_space(found) {
        format!("unexpected {space}")
    } else if found.is_empty() {
        format!("something is missing after `{}`", last_word(before))
    } else if expected.contains(&Rule::boundary) {
        format!("unexpected `{found}` after `{}`", last_word(before))
    } else {
        format!("unexpected `{found}`")
    };
    let diagnostic = Diagnostic::error(Code::Notation, text.place(at..at + length), message);
    let diagnostic = match wanted(whole, expected) {
        Some(wanted) => diagnostic.label(format!("expected {wanted}")),
        None => diagnostic,
    };
    let mistaken = |length| text.place(at..at + length);
    let rest = &text.text[at..];
    let in_expression = whole == Rule::whole_expression || before.rfind('{') > before.rfind('}');
    let advice = match whole {
        _ if in_expression => {
            return match replacement(before, rest) {
                Some((advice, length, replacement)) => diagnostic.fix(advice, mistaken(length), replacement),
                None => or_help(diagnostic, advice_on_arithmetic(rest)),
            };
        }
        Rule::whole_shape => return or_help(diagnostic, advice_on_shapes(rest)),
        _ => advice(before, rest),
    };
    match (advice, found) {
        (None, _) => diagnostic,
        (Some(advice), ":") if is_one_word(before) => diagnostic.certain(advice, mistaken(1), ": "),
        (Some(advice), "−" | "–" | "—") => {
            diagnostic.certain(advice, mistaken(found.len() + usize::from(rest[found.len()..].starts_with('>'))), "->")
        }
        (Some(advice), _) if wide_space(found).is_some() => diagnostic.certain(advice, mistaken(found.len()), " "),
        (Some(advice), "→" | "⟶" | "|") => diagnostic.certain(advice, mistaken(found.len()), "->"),
        (Some(advice), "×") => diagnostic.certain(advice, mistaken(found.len()), "x"),
        (Some(advice), "," | ";") => diagnostic.certain(advice, mistaken(found.len()), " "),
        (Some(advice), _) => diagnostic.help(advice),
    }
}

/// The characters at the start of `rest` that a reader takes for one thing; none at the end or before a space.
fn token(rest: &str) -> &str {
    let Some(first) = rest.chars().next().filter(|first| !first.is_ascii_whitespace()) else { return "" };
    if rest.starts_with("->") {
        return &rest[..2];
    }
    let length = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
    &rest[..length.max(first.len_utf8())]
}

/// What a space that looks like the usual one is called.
fn wide_space(found: &str) -> Option<String> {
    let space = found
        .chars()
        .next()
        .filter(|c| !c.is_ascii() && (c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')))?;
    let kind = if space == '\u{a0}' { "no-break space" } else { "space" };
    Some(format!("{kind} U+{:04X}", u32::from(space)))
}

fn is_one_word(before: &str) -> bool {
    !before.is_empty() && !before.contains(char::is_whitespace)
}

/// The last run of characters that are no space.
fn last_word(before: &str) -> &str {
    before.split_whitespace().next_back().unwrap_or(before)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What could have stood there, as a list: "an argument, `->` or the end".
fn wanted(whole: Rule, expected: &[Rule]) -> Option<String> {
    // An argument can be all sorts of things; naming them too would only confuse.
    let hidden: &[Rule] = if expected.contains(&Rule::argument) { VALUES } else { &[] };
    let is_wanted = |rule: &Rule| expected.contains(rule) && !hidden.contains(rule);
    let words = WORDS.iter().filter(|(_, rules)| rules.iter().any(is_wanted)).map(|(word, _)| match *word {
        LAYER if whole != Rule::whole_chain => "a name",
        word => word,
    });
    match words.collect::<Vec<_>>().as_slice() {
        [] => None,
        [one] => Some((*one).to_string()),
        [start @ .., last] => Some(format!("{} or {last}", start.join(", "))),
    }
}

const LAYER: &str = "the name of a layer or block";

/// What an argument's value can be.
const VALUES: &[Rule] = &[Rule::quantity, Rule::number, Rule::braces, Rule::word, Rule::reference, Rule::letter];

/// What rules are to someone who has never seen the grammar, in the order in which they are listed.
const WORDS: &[(&str, &[Rule])] = &[
    (LAYER, &[Rule::whole_chain, Rule::chain, Rule::item, Rule::call, Rule::callee, Rule::chosen]),
    (
        "a name",
        &[
            Rule::whole_call,
            Rule::whole_signature,
            Rule::whole_template,
            Rule::whole_source,
            Rule::template,
            Rule::characters,
        ],
    ),
    ("a shape such as `3x32x32`", &[Rule::whole_shape]),
    ("a number, a size, a word or an expression", &[Rule::whole_term]),
    ("a parameter's name", &[Rule::parameter]),
    ("an argument", &[Rule::whole_arguments, Rule::argument, Rule::worded, Rule::shorthand]),
    ("a number", &[Rule::number, Rule::number_unsigned, Rule::count]),
    ("a number, a size such as `3x3`", &[Rule::quantity, Rule::lone_quantity]),
    ("a word", &[Rule::word, Rule::reference, Rule::lone_word, Rule::letter]),
    ("an expression in braces", &[Rule::braces]),
    ("an expression", &[Rule::whole_expression, Rule::expression, Rule::parenthesis, Rule::list]),
    ("a name", &[Rule::name, Rule::dotted, Rule::function, Rule::truth]),
    ("an operator", OPERATORS),
    ("`->`", &[Rule::arrow]),
    ("`x COUNT`", &[Rule::repeat, Rule::times]),
    ("`as NAME`", &[Rule::naming, Rule::r#as]),
    ("`x`", &[Rule::times_sign]),
    ("`=`", &[Rule::equals]),
    ("`,`", &[Rule::comma]),
    ("`)`", &[Rule::close]),
    ("`]`", &[Rule::close_bracket]),
    ("`}`", &[Rule::close_brace]),
    ("a space", &[Rule::boundary]),
    ("the end", &[Rule::EOI]),
];

const OPERATORS: &[Rule] = &[
    Rule::and,
    Rule::or,
    Rule::equal,
    Rule::not_equal,
    Rule::less,
    Rule::less_equal,
    Rule::greater,
    Rule::greater_equal,
    Rule::power,
    Rule::multiply,
    Rule::floor_divide,
    Rule::divide,
    Rule::remainder,
    Rule::add,
    Rule::subtract,
];

fn or_help(diagnostic: Diagnostic, advice: Option<&str>) -> Diagnostic {
    match advice {
        Some(advice) => diagnostic.help(advice),
        None => diagnostic,
    }
}

fn advice_on_shapes(rest: &str) -> Option<&'static str> {
    let first = rest.chars().next()?;
    matches!(first, ',' | ';' | ' ' | '×' | '*' | '(' | 'X')
        .then_some("a shape is written without spaces: `3x32x32`, or as a list: `[3, 32, 32]`")
}

/// What stands in an expression and is written otherwise here: the advice, how many bytes go, and what comes there.
fn replacement(before: &str, rest: &str) -> Option<(String, usize, String)> {
    let signs = [
        ("&&", "both conditions are asked for with `and`", " and "),
        ("||", "one of two conditions is asked for with `or`", " or "),
        ("!", "the opposite of a condition is written `not a`", "not "),
    ];
    if let Some((sign, advice, word)) = signs.into_iter().find(|(sign, ..)| rest.starts_with(sign)) {
        return (!rest.starts_with("!=")).then(|| (advice.to_string(), sign.len(), word.to_string()));
    }
    // Where a value could have stood before it, a second comparison of the same is meant.
    let is_comparison = rest.starts_with(['<', '>']) || rest.starts_with("==") || rest.starts_with("!=");
    let (_, middle) = before.rsplit_once(['<', '>', '=']).filter(|_| is_comparison)?;
    let middle = middle.trim();
    let is_whole = !middle.is_empty() && middle.matches('(').count() == middle.matches(')').count();
    is_whole.then(|| {
        (
            format!("two comparisons are joined with `and`: `… and {middle} {}`", token_of(rest)),
            0,
            format!("and {middle} "),
        )
    })
}

/// The operator at the start of `rest` and what follows it.
fn token_of(rest: &str) -> &str {
    let end = rest.find(['}', ')', ',']).unwrap_or(rest.len());
    rest[..end].trim_end()
}

fn advice_on_arithmetic(rest: &str) -> Option<&'static str> {
    Some(match rest.chars().next()? {
        c if wide_space(rest).is_some() && !c.is_ascii() => "only ordinary spaces separate words",
        '−' | '–' | '—' => "a minus is written `-`",
        ';' => "arguments and the entries of a list are separated by commas",
        '^' => "a power is written `2**3`",
        '=' => "equality is written `a == b`",
        '×' | '·' => "a product is written `2*width`",
        '÷' => "a quotient is written `width/2`, or `width//2` without a rest",
        '?' => "a choice is written `if(condition, a, b)`",
        _ => return None,
    })
}

/// `3 x (…)`, up to the number or to the bracket.
fn repeats_ahead(before: &str, rest: &str) -> bool {
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let is_count = |behind: &str| behind.strip_prefix('x').is_some_and(|group| group.trim_start().starts_with('('));
    is_count(behind) || rest.starts_with('(') && before.trim_end().ends_with(" x")
}

/// What people who come from other notations mean by what they wrote.
fn advice(before: &str, rest: &str) -> Option<&'static str> {
    let word = last_word(before);
    let after_number = word.ends_with(|c: char| c.is_ascii_digit());
    let starts = matches!(before.trim_end(), "") || before.trim_end().ends_with(['>', '(']);
    let in_size = word.strip_suffix('x').is_some_and(|side| side.ends_with(|c: char| c.is_ascii_digit()));
    Some(match rest.chars().next()? {
        c if wide_space(rest).is_some() && !c.is_ascii() => "only ordinary spaces separate words",
        '−' | '–' | '—' => "layers are joined with `->`, an ordinary minus and `>`",
        '-' if rest[1..].starts_with(|c: char| c.is_ascii_whitespace()) => {
            "items of one list have the same indentation: a deeper dash belongs to the item above"
        }
        '-' if rest[1..].starts_with(|c: char| c.is_alphabetic() || c.is_whitespace() || c == '(') => {
            "an item of a list begins with a dash and an ordinary space: `- relu`"
        }
        ':' if is_one_word(before) => "a name is followed by a colon and a space: `stem: conv 64 3x3`",
        ':' => "an argument is written `key=value`",
        '0'..='9' | '(' if repeats_ahead(before, rest) => "a repetition follows what it repeats: `(…) x 3`",
        '→' | '>' | '|' | '⟶' => "layers are joined with `->`",
        ',' | ';' => "arguments are separated by spaces, layers by `->`",
        '(' if before.ends_with(is_name) => "arguments follow the name without parentheses: `conv 64 3x3`",
        '=' => "an argument is written `key=value`, without spaces",
        '×' => "a size or a repetition is written with the letter x: `3x3`, `x 3`",
        ' ' if in_size => "a size is written without spaces: `3x3`",
        'x' | 'X' if after_number => "a size is written without spaces: `3x3`",
        '*' | '%' | '+' | '/' => "arithmetic goes in braces: `{2*width}`",
        '"' | '\'' => "words need no quotes",
        '.' if starts => "`identity` passes on what arrives",
        '$' => "names go in braces: `{width}`",
        '[' => "a list is written in braces: `{[64, 128]}`",
        _ => return None,
    })
}
