//! Pickles such as Python writes, and such as nobody writes.

use super::*;

fn error(bytes: &[u8]) -> String {
    Pickle::read(bytes).expect_err("it is broken")
}

#[test]
fn values_are_those_that_python_makes() {
    let bytes =
        b"\x80\x02(J\xfe\xff\xff\xffM\x01\x02\x8a\x01\x80\x8a\x02\xff\x00\x8a\x00G\x3f\xf8\0\0\0\0\0\0U\x02abt.rest";
    let pickle = Pickle::read(bytes).expect("a tuple");
    assert_eq!(pickle.length(), bytes.len() - 4, "what follows is not its");
    let items = pickle.tuple(pickle.root()).expect("a tuple");
    let integers: Vec<_> = items[..5].iter().map(|item| pickle.integer(*item)).collect();
    assert_eq!(integers, [-2, 513, -128, 255, 0].map(Some));
    assert!(matches!(pickle.get(items[5]), Value::Float));
    assert_eq!(pickle.text(items[6]), Some(&b"ab"[..]));
}

#[test]
fn calls_are_written_down_and_never_made() {
    let pickle = Pickle::read(b"cos\nsystem\n(U\x02lstR.").expect("a call");
    let (function, arguments) = pickle.call(pickle.root()).expect("a call");
    assert_eq!((function.as_str(), pickle.text(arguments[0])), ("os.system", Some(&b"ls"[..])));
    let said = pickle.describe(pickle.root()).to_string();
    assert_eq!(said, "what a call of `os.system` would make (nothing in a file is called)");

    // STACK_GLOBAL, NEWOBJ and BUILD; an OrderedDict with an entry, and one without.
    let pickle = Pickle::read(b"\x8c\x01m\x8c\x01C\x93)\x81}b.").expect("an object");
    assert!(matches!(pickle.get(pickle.root()), Value::Object(object) if object.state.is_some()));
    let pickle = Pickle::read(b"ccollections\nOrderedDict\n)R(U\x01aK\x01u.").expect("a dictionary");
    assert_eq!(pickle.entries(pickle.root()).expect("entries").len(), 1);
    let pickle = Pickle::read(b"ccollections\nOrderedDict\n)R.").expect("a dictionary");
    assert_eq!(pickle.entries(pickle.root()), Some(&[][..]));
    let pickle = Pickle::read(b"cm\nC\n)R.").expect("an object");
    assert_eq!(pickle.entries(pickle.root()), None);
}

#[test]
fn what_is_wrong_has_a_place() {
    for (bytes, expected) in [
        (&b"cos\nsystem\n(U\x02lst R."[..], "byte 17 is 0x20, which is no instruction"),
        (b"", "cut off at byte 0"),
        (b"T\xff\xff\xff\x7fabc.", "cut off at byte 9"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.", "cut off at byte 13"),
        (b"c0123", "cut off at byte 5"),
        (b"R.", "instruction at byte 0 does not fit"),
        (b"t.", "does not fit"),
        (b"N(0.", "byte 2 does not fit"),
        (b"N(\x85.", "does not fit"),
        (b"(N}u.", "does not fit"),
        (b"}(Nu.", "does not fit"),
        (b"h\x05.", "does not fit"),
        (b".", "does not fit"),
        (b"NNb.", "does not fit"),
    ] {
        let error = error(bytes);
        assert!(error.contains(expected), "{error}, not {expected}");
    }
    assert!(error(&[b'c'; 300]).contains("does not fit"), "no name is that long");
}

#[test]
fn what_is_large_or_deep_is_bounded() {
    for byte in [b'N', b'(', b')', b']'] {
        assert!(error(&vec![byte; 3 << 20]).contains("more than 2097152 instructions"));
    }
    let twice: Vec<u8> = [&b"]q\x00"[..], &b"h\x00".repeat(3 << 20)].concat();
    assert!(error(&twice).contains("more than 2097152 instructions"));
    let deep = [vec![b'N'], vec![0x85; 1 << 20], vec![b'.']].concat();
    let pickle = Pickle::read(&deep).expect("a tuple of a tuple of a tuple …");
    assert_eq!(pickle.describe(pickle.root()).to_string(), "a tuple of 1 value");
}
