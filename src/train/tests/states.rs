//! States whose headers have any length that the names in them may give.

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
