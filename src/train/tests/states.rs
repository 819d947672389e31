//! States as they may be found: with a header of any length that the names in them may give, or damaged.

use super::*;

#[test]
fn a_state_with_a_header_of_any_length_is_resumed() {
    let network = network(1, SGD);
    let folder = through(1, SGD);
    let path = checkpoint::state_file(folder.path());
    let written = std::fs::read(&path).expect("every run writes it");
    let (length, rest) = written.split_first_chunk::<8>().expect("safetensors");
    let (header, numbers) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let recipe = network.train.as_ref().expect("it has one");
    let program = lower(&network);
    let fewest = header.trim_ascii_end().len();
    assert!(fewest < 3000, "{fewest}");
    for length in fewest..=4096 {
        let spaces = vec![b' '; length - fewest];
        let bytes = [&(length as u64).to_le_bytes()[..], &header[..fewest], &spaces, numbers].concat();
        std::fs::write(&path, bytes).expect("room on the disk");
        let mut optimizer = OptimizerState::new(recipe.optimizer, &program);
        let restored = checkpoint::load_state(folder.path(), &program.weights, &mut optimizer, None);
        let restored = restored.unwrap_or_else(|error| panic!("a header of {length} bytes: {error}"));
        assert_eq!(restored.position.epoch, 1, "a header of {length} bytes");
    }
}

/// Whatever became of the state on the disk, it is not taken for another.
#[test]
fn a_damaged_state_is_refused() {
    let folder = through(1, SGD);
    let path = checkpoint::state_file(folder.path());
    let whole = std::fs::read(&path).expect("every run writes it");
    let middle = whole.len() / 2;
    let flipped = |at: usize| [&whole[..at], &[whole[at] ^ 1], &whole[at + 1..]].concat();
    for (bytes, expected) in [
        (&whole[..middle], "it is cut off: its header promises"),
        (&whole[..4], "neither safetensors nor a .pth of PyTorch: it is"),
        (&[], "it is empty"),
        (b"garbage, as a broken disk may give it", "it is a text, which begins with `garbage"),
        (&flipped(9), "not valid safetensors"),
        (&flipped(whole.len() - 1), "not those that were written"),
        (&flipped(middle), "not those that were written"),
        (&[&whole[..], b"more"].concat(), "something was added"),
    ] {
        std::fs::write(&path, bytes).expect("room on the disk");
        let error = run(&network(2, SGD), folder.path(), From::Folder, Interrupt::Never).expect_err("damaged");
        assert!(error.to_string().contains(expected), "{} bytes: {error}", bytes.len());
        assert!(std::fs::read(&path).is_ok_and(|left| left == bytes), "it stays as it is");
    }
    assert_eq!(epochs(folder.path()).len(), 1, "and so does all that was written down");
}
