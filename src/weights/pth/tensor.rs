//! Tensors in PyTorch's pickles: calls of the few functions that make one.
//!
//! Source: torch/_utils.py and torch/serialization.py of PyTorch.

use super::{Storage, Storages};
use crate::pickle::{ObjectId, Pickle, Value};
use crate::weights::number::Number;
use crate::weights::stored::{Array, extent};

/// The most dimensions of a tensor; PyTorch's own limit is 64.
const MOST_DIMENSIONS: usize = 16;

/// How deep functions that make a tensor from a tensor are called.
const DEEPEST: usize = 4;

/// The tensor that a value stands for; `None` if it stands for something else.
///
/// # Errors
/// Why it cannot be read: something that its name can be put before.
pub fn read(pickle: &Pickle, place: ObjectId, storages: &mut Storages) -> Option<Result<Array, String>> {
    let (function, arguments) = pickle.call(place)?;
    made(pickle, &function, arguments, storages, DEEPEST)
}

fn made(
    pickle: &Pickle,
    function: &str,
    arguments: &[ObjectId],
    storages: &mut Storages,
    deeper: usize,
) -> Option<Result<Array, String>> {
    let deeper = deeper.checked_sub(1)?;
    match (function, arguments) {
        ("torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2", [storage, offset, sizes, strides, ..]) => {
            Some(view(pickle, [*storage, *offset, *sizes, *strides], None, storages))
        }
        ("torch._utils._rebuild_tensor_v3", [storage, offset, sizes, strides, _, _, kind, ..]) => {
            Some(view(pickle, [*storage, *offset, *sizes, *strides], Some(*kind), storages))
        }
        ("torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state", [data, ..]) => {
            let (function, arguments) = pickle.call(*data)?;
            made(pickle, &function, arguments, storages, deeper)
        }
        ("torch._tensor._rebuild_from_type_v2", [function, _, arguments, ..]) => {
            made(pickle, &pickle.global(*function)?, pickle.tuple(*arguments)?, storages, deeper)
        }
        (other, _) => {
            let kind = other.strip_prefix("torch._utils._rebuild_")?;
            let kind = crate::diagnostic::printable(kind);
            Some(Err(format!("is a special tensor (`{kind}`), which is not read; save it as a dense one")))
        }
    }
}

/// A tensor as a view of a storage.
fn view(
    pickle: &Pickle,
    [storage, offset, sizes, strides]: [ObjectId; 4],
    kind: Option<ObjectId>,
    storages: &mut Storages,
) -> Result<Array, String> {
    let unusual = || "is made in a way that PyTorch does not".to_owned();
    let (storage, first) = match pickle.get(storage) {
        Value::Persistent(name) => self::storage(pickle, *name),
        _ => None,
    }
    .ok_or_else(unusual)?;
    let number = match kind {
        None => storage.number.clone(),
        Some(kind) => {
            let kind = pickle.global(kind).ok_or_else(unusual)?;
            let name = kind.rsplit('.').next().unwrap_or_default();
            Number::of_pytorch(name).ok_or_else(|| name.into())
        }
    };
    let shape = numbers(pickle, sizes).ok_or_else(unusual)?;
    let strides = numbers(pickle, strides).ok_or_else(unusual)?;
    let offset = pickle.integer(offset).and_then(|offset| u64::try_from(offset).ok()).ok_or_else(unusual)?;
    if shape.len() != strides.len() {
        return Err(unusual());
    }
    if shape.len() > MOST_DIMENSIONS {
        return Err(format!("has {} dimensions; at most {MOST_DIMENSIONS} are read", shape.len()));
    }
    // Wherever nothing is known of a number's size, nothing is read.
    let size = number.as_ref().map_or(1, |number| number.size()) as u64;
    let elements =
        shape.iter().filter(|size| **size > 0).try_fold(1usize, |elements, size| elements.checked_mul(*size));
    let start = offset.checked_add(first).and_then(|first| first.checked_mul(size));
    let length = if shape.contains(&0) { Some(0) } else { extent(&shape, &strides) };
    let end = length
        .and_then(|length| (length as u64).checked_mul(size))
        .zip(start)
        .and_then(|(length, start)| start.checked_add(length));
    match (elements, start, end) {
        (Some(_), Some(start), Some(end)) if end <= storage.bytes() || number.is_err() => {
            let part = storages.place(&storage);
            let by_row = by_row(&shape, &strides);
            Ok(Array { number, shape, position: 0, strides: (!by_row).then_some(strides), part, start })
        }
        _ => Err(format!("has the sizes {shape:?}, more than its storage of {} bytes holds", storage.bytes())),
    }
}

/// Whether an array lies row by row. Where there is one index only, any stride will do.
fn by_row(shape: &[usize], strides: &[usize]) -> bool {
    let mut step = 1;
    shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(size, stride)| {
            let expected = step;
            step *= size;
            *size == 1 || *stride == expected
        })
}

/// A storage that is kept beside the pickle, and with which of its numbers it begins for the tensors here.
pub fn storage(pickle: &Pickle, name: ObjectId) -> Option<(Storage, u64)> {
    let [what, class, key, _, length, view @ ..] = pickle.tuple(name)? else { return None };
    if pickle.text(*what) != Some(b"storage") {
        return None;
    }
    let class = pickle.global(*class)?;
    let class =
        class.strip_prefix("torch.storage.").or(class.strip_prefix("torch.cuda.")).or(class.strip_prefix("torch."))?;
    let number = Number::of_pytorch(class).ok_or_else(|| class.into());
    let key = match pickle.get(*key) {
        Value::Integer(key) => key.to_string(),
        _ => String::from_utf8(pickle.text(*key)?.to_vec()).ok()?,
    };
    let length = u64::try_from(pickle.integer(*length)?).ok()?;
    // Long ago, a storage could be a part of another.
    let first = match view.first().and_then(|view| pickle.tuple(*view)) {
        Some([_, first, _]) => u64::try_from(pickle.integer(*first)?).ok()?,
        _ => 0,
    };
    Some((Storage { key, number, length }, first))
}

/// Whole numbers that are not negative: of a tuple, or of a `torch.Size` made from one.
fn numbers(pickle: &Pickle, place: ObjectId) -> Option<Vec<usize>> {
    let items = match pickle.call(place) {
        Some((function, [items])) if function == "torch.Size" => pickle.tuple(*items)?,
        _ => pickle.tuple(place)?,
    };
    items.iter().map(|item| usize::try_from(pickle.integer(*item)?).ok()).collect()
}
