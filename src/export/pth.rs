//! A state dict as PyTorch saves it: a zip archive with a pickle of names and sizes, and a file of numbers for each
//! tensor. `torch.load(path, weights_only=True)` reads it. Source:
//! <https://docs.pytorch.org/docs/stable/notes/serialization.html>.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{ExportError, Exported, Format, NeedsWeights, Options, Written};
use crate::durable;
use crate::lower::lower;

/// The format.
#[derive(Debug)]
pub struct Pth;

impl Format for Pth {
    fn name(&self) -> &'static str {
        "pth"
    }

    fn extension(&self) -> &'static str {
        "pth"
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    fn needs_weights(&self) -> NeedsWeights {
        NeedsWeights::Yes
    }

    fn write(&self, exported: Exported, _options: &Options, path: &Path) -> Result<Written, ExportError> {
        let program = lower(&exported.network);
        let tensors: Vec<Tensor> = program
            .weights
            .iter()
            .zip(&exported.weights)
            .flat_map(|(weight, values)| {
                let counter = weight.name.strip_suffix("running_var").map(|norm| Tensor {
                    name: format!("{norm}num_batches_tracked"),
                    shape: &[],
                    numbers: Numbers::Count(exported.steps),
                });
                let tensor =
                    Tensor { name: weight.name.clone(), shape: &weight.shape, numbers: Numbers::Floats(values) };
                std::iter::once(tensor).chain(counter)
            })
            .collect();
        let failed = |source| ExportError::Io { path: path.to_owned(), source };
        durable::replace(path, |file| archive(file, &tensors)).map_err(failed)?;
        let length = std::fs::metadata(path).map_err(failed)?.len();
        Ok(Written { files: vec![(path.to_owned(), length)], summary: format!("{} tensors", tensors.len()) })
    }
}

/// A tensor on its way into the archive.
struct Tensor<'a> {
    name: String,
    shape: &'a [usize],
    numbers: Numbers<'a>,
}

enum Numbers<'a> {
    Floats(&'a [f32]),
    /// What batch norms count in PyTorch.
    Count(u64),
}

/// Numbers begin at multiples of this, as PyTorch's own do.
const ALIGNMENT: u16 = 64;

fn archive(file: &mut BufWriter<File>, tensors: &[Tensor]) -> io::Result<()> {
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).with_alignment(ALIGNMENT);
    let mut entry = |name: &str, large: bool, write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        zip.start_file(format!("archive/{name}"), options.large_file(large)).map_err(io::Error::other)?;
        write(&mut zip)
    };
    entry("data.pkl", false, &|file| file.write_all(&pickle(tensors)))?;
    entry("byteorder", false, &|file| file.write_all(b"little"))?;
    for (index, tensor) in tensors.iter().enumerate() {
        match tensor.numbers {
            Numbers::Count(count) => {
                entry(&format!("data/{index}"), false, &|file| file.write_all(&count.to_le_bytes()))?
            }
            Numbers::Floats(values) => {
                let large = 4 * values.len() as u64 > u64::from(u32::MAX);
                entry(&format!("data/{index}"), large, &|file| {
                    for values in values.chunks(1 << 14) {
                        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                        file.write_all(&bytes)?;
                    }
                    Ok(())
                })?;
            }
        }
    }
    entry("version", false, &|file| file.write_all(b"3\n"))?;
    zip.finish().map_err(io::Error::other)?.flush()
}

/// The state dict with a reference to the numbers of each tensor: <https://docs.python.org/3/library/pickletools.html>.
fn pickle(tensors: &[Tensor]) -> Vec<u8> {
    let mut pickle = Pickle(b"\x80\x02".to_vec());
    pickle.global("collections", "OrderedDict");
    pickle.0.extend_from_slice(b")R(");
    for (index, tensor) in tensors.iter().enumerate() {
        let (storage, count) = match tensor.numbers {
            Numbers::Floats(values) => ("FloatStorage", values.len()),
            Numbers::Count(_) => ("LongStorage", 1),
        };
        pickle.text(&tensor.name);
        pickle.global("torch._utils", "_rebuild_tensor_v2");
        // Its arguments, of which the first is a reference.
        pickle.0.extend_from_slice(b"((");
        pickle.text("storage");
        pickle.global("torch", storage);
        pickle.text(&index.to_string());
        pickle.text("cpu");
        pickle.number(count);
        pickle.0.extend_from_slice(b"tQ");
        pickle.number(0);
        pickle.sizes(tensor.shape);
        pickle.sizes(&strides(tensor.shape));
        // No gradient, and no hooks.
        pickle.0.push(0x89);
        pickle.global("collections", "OrderedDict");
        pickle.0.extend_from_slice(b")RtR");
    }
    pickle.0.extend_from_slice(b"u.");
    pickle.0
}

/// Numbers from one index to the next, row by row.
fn strides(shape: &[usize]) -> Vec<usize> {
    (1..=shape.len()).map(|from| shape[from..].iter().product()).collect()
}

struct Pickle(Vec<u8>);

impl Pickle {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend_from_slice(format!("c{module}\n{name}\n").as_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// In as few bytes as there are for it.
    fn number(&mut self, number: usize) {
        match (u8::try_from(number), i32::try_from(number)) {
            (Ok(number), _) => self.0.extend_from_slice(&[b'K', number]),
            (_, Ok(number)) => {
                self.0.push(b'J');
                self.0.extend_from_slice(&number.to_le_bytes());
            }
            _ => {
                self.0.extend_from_slice(&[0x8a, 8]);
                self.0.extend_from_slice(&(number as u64).to_le_bytes());
            }
        }
    }

    fn sizes(&mut self, sizes: &[usize]) {
        self.0.push(b'(');
        sizes.iter().for_each(|size| self.number(*size));
        self.0.push(b't');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::random::initial_weights;
    use crate::weights;

    #[test]
    fn is_read_again() {
        let network = compile("input: [3, 8, 8]\nlayers: [conv 4 3x3 g1 bias=false -> bn -> prelu, flatten, linear 5]");
        let network = network.expect("a sound network");
        let program = lower(&network);
        let values = initial_weights::<f32>(&program, 3);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str| {
            let path = folder.path().join(name);
            let exported = Exported {
                network: network.clone(),
                weights: values.clone(),
                classes: vec![],
                task: None,
                steps: 70_000,
            };
            let written = Pth.write(exported, &Options::default(), &path).expect("room on the disk");
            assert_eq!(written.files, [(path.clone(), std::fs::metadata(&path).expect("it is there").len())]);
            path
        };
        let path = write("a.pth");
        let (found, _) = weights::load::<f32>(&path, &program.weights).expect("its own weights");
        assert_eq!(found, values);
        let mut stored = weights::read(&path).expect("a file of weights");
        assert_eq!(stored.values::<f64>("1.num_batches_tracked").expect("it is there"), [70_000.0]);
        assert_eq!(stored.sizes()["0.weight"], [4, 3, 3, 3]);
        let bytes = |path: &Path| std::fs::read(path).expect("it is there");
        assert_eq!(bytes(&path), bytes(&write("b.pth")), "the same bytes again");
    }

    #[test]
    fn strides_are_those_of_rows() {
        assert_eq!(strides(&[4, 3, 2]), [6, 2, 1]);
        assert!(strides(&[]).is_empty());
    }
}
