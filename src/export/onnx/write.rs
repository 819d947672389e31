//! A model into its file: everything but the numbers of tensors is in memory, they go from the weights to the file as
//! they are written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use half::f16;

use super::graph::{Numbers, Tensor};
use super::message::Message;
use super::proto::{self, field};
use crate::durable;
use crate::export::ExportError;

/// A model in parts.
#[derive(Debug)]
pub struct Model {
    /// Before the graph.
    pub head: Message,
    /// The graph but for its tensors.
    pub graph: Message,
    pub tensors: Vec<Tensor>,
}

/// The longest message, by the rules of protocol buffers.
pub const LONGEST: u64 = (1 << 31) - 1;

/// Shorter tensors stay in the file itself: readers look at their numbers before they open another.
const SMALL: u64 = 1024;

/// Tensors begin at multiples of this, so that a reader may map them.
const ALIGNMENT: u64 = 64;

/// Writes the file and, if it would be too long or is asked for, one beside it with the numbers of large tensors.
pub fn write(
    path: &Path,
    model: &Model,
    weights: &[Vec<f32>],
    external: bool,
) -> Result<Vec<(PathBuf, u64)>, ExportError> {
    check_half(model, weights)?;
    let mut parts = Parts::within(model);
    let data = (external || parts.length > LONGEST).then(|| beside(path)).transpose()?;
    if let Some(data) = &data {
        parts = Parts::beside(model, &data.name);
    }
    if parts.length > LONGEST {
        return Err(ExportError::Refused(format!("the graph alone takes {} bytes, more than {LONGEST}", parts.length)));
    }
    let mut failed = path;
    let written = durable::replace(path, |file| {
        file.write_all(parts.head.as_bytes())?;
        file.write_all(model.graph.as_bytes())?;
        for (tensor, (head, within)) in model.tensors.iter().zip(&parts.tensors) {
            file.write_all(head.as_bytes())?;
            if *within {
                write_numbers(file, tensor, weights)?;
            }
        }
        // Before the file gets its name, so that there are both or neither.
        if let Some(data) = &data {
            file.flush()?;
            failed = &data.path;
            durable::replace(&data.path, |file| write_data(file, model, weights))?;
            failed = path;
        }
        Ok(())
    });
    written.map_err(|source| ExportError::Io { path: failed.to_owned(), source })?;
    let beside = data.map(|data| (data.path, parts.data));
    Ok(std::iter::once((path.to_owned(), parts.length)).chain(beside).collect())
}

/// That no weight is too large for half precision.
fn check_half(model: &Model, weights: &[Vec<f32>]) -> Result<(), ExportError> {
    for tensor in &model.tensors {
        let Numbers::Half(index) = tensor.numbers else { continue };
        let found = weights[index].iter().find(|value| value.is_finite() && f16::from_f32(**value).is_infinite());
        if let Some(value) = found {
            return Err(ExportError::Refused(format!(
                "`{}` holds {value}, and half precision ends at {}: leave `--weights-as fp16` out",
                tensor.name,
                f16::MAX
            )));
        }
    }
    Ok(())
}

/// Where numbers go that do not lie in the model's file.
pub struct Beside {
    /// The file.
    pub path: PathBuf,
    /// As the model calls it.
    name: String,
}

pub fn beside(path: &Path) -> Result<Beside, ExportError> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        ExportError::Refused(format!("`{}` is no name that a file of ONNX could call another by", path.display()))
    })?;
    let name = format!("{name}.data");
    Ok(Beside { path: path.with_file_name(&name), name })
}

/// The messages around the numbers.
struct Parts {
    /// Up to the graph's own bytes.
    head: Message,
    /// Each tensor's, and whether its numbers follow.
    tensors: Vec<(Message, bool)>,
    /// Of the whole file.
    length: u64,
    /// Of the file beside it.
    data: u64,
}

impl Parts {
    fn within(model: &Model) -> Parts {
        Parts::of(model, |tensor, head| (head, tensor.length(), true))
    }

    fn beside(model: &Model, file: &str) -> Parts {
        let mut places = Offsets::default();
        let mut parts = Parts::of(model, |tensor, head| match places.next(tensor) {
            None => (head, tensor.length(), true),
            Some(offset) => (proto::external(head, file, offset, tensor.length()), 0, false),
        });
        parts.data = places.end;
        parts
    }

    /// `place` finishes a tensor's message, and says how many bytes of numbers follow.
    fn of(model: &Model, mut place: impl FnMut(&Tensor, Message) -> (Message, u64, bool)) -> Parts {
        let mut length = model.graph.length();
        let mut tensors = Vec::with_capacity(model.tensors.len());
        for tensor in &model.tensors {
            let (mut content, numbers, within) =
                place(tensor, proto::tensor(&tensor.name, tensor.element(), &tensor.dims));
            if within {
                content.begin(field::TENSOR_RAW_DATA, numbers);
            }
            let mut head = Message::new();
            head.begin(field::GRAPH_INITIALIZER, content.length() + numbers);
            let head = head.then(&content);
            length += head.length() + numbers;
            tensors.push((head, within));
        }
        let mut head = model.head.clone();
        head.begin(field::MODEL_GRAPH, length);
        length += head.length();
        Parts { head, tensors, length, data: 0 }
    }
}

/// Where tensors lie in a file of their own.
#[derive(Default)]
struct Offsets {
    end: u64,
}

impl Offsets {
    /// Where the next tensor begins; `None` if it stays in the model's file.
    fn next(&mut self, tensor: &Tensor) -> Option<u64> {
        if tensor.length() < SMALL {
            return None;
        }
        let offset = self.end.next_multiple_of(ALIGNMENT);
        self.end = offset + tensor.length();
        Some(offset)
    }
}

fn write_data(file: &mut impl Write, model: &Model, weights: &[Vec<f32>]) -> io::Result<()> {
    let mut places = Offsets::default();
    for tensor in &model.tensors {
        let end = places.end;
        if let Some(offset) = places.next(tensor) {
            io::copy(&mut io::Read::take(io::repeat(0), offset - end), file)?;
            write_numbers(file, tensor, weights)?;
        }
    }
    Ok(())
}

fn write_numbers(file: &mut impl Write, tensor: &Tensor, weights: &[Vec<f32>]) -> io::Result<()> {
    match &tensor.numbers {
        Numbers::Weight(index) => each(file, &weights[*index], |value| value.to_le_bytes()),
        Numbers::Floats(values) => each(file, values, |value| value.to_le_bytes()),
        Numbers::Half(index) => each(file, &weights[*index], |value| f16::from_f32(value).to_le_bytes()),
        Numbers::Ints(values) => each(file, values, |value| value.to_le_bytes()),
    }
}

fn each<T: Copy, const N: usize>(file: &mut impl Write, values: &[T], bytes: impl Fn(T) -> [u8; N]) -> io::Result<()> {
    let mut buffer = Vec::new();
    for chunk in values.chunks(1 << 14) {
        buffer.clear();
        chunk.iter().for_each(|value| buffer.extend_from_slice(&bytes(*value)));
        file.write_all(&buffer)?;
    }
    Ok(())
}
