//! How numbers lie in files of weights.

use candle_core::WithDType;
use half::{bf16, f16};

/// A type of numbers, the lowest byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Number {
    /// The type of this name in safetensors.
    pub fn of_safetensors(name: &str) -> Option<Number> {
        Some(match name {
            "F64" => Number::F64,
            "F32" => Number::F32,
            "F16" => Number::F16,
            "BF16" => Number::Bf16,
            "I64" => Number::I64,
            "I32" => Number::I32,
            "I16" => Number::I16,
            "I8" => Number::I8,
            "U64" => Number::U64,
            "U32" => Number::U32,
            "U16" => Number::U16,
            "U8" => Number::U8,
            "BOOL" => Number::Bool,
            _ => return None,
        })
    }

    /// The type of this name in PyTorch: of a storage (`FloatStorage`) or of a tensor (`float32`).
    pub fn of_pytorch(name: &str) -> Option<Number> {
        Some(match name {
            "DoubleStorage" | "float64" | "double" => Number::F64,
            "FloatStorage" | "float32" | "float" => Number::F32,
            "HalfStorage" | "float16" | "half" => Number::F16,
            "BFloat16Storage" | "bfloat16" => Number::Bf16,
            "LongStorage" | "int64" | "long" => Number::I64,
            "IntStorage" | "int32" | "int" => Number::I32,
            "ShortStorage" | "int16" | "short" => Number::I16,
            "CharStorage" | "int8" => Number::I8,
            "uint64" => Number::U64,
            "uint32" => Number::U32,
            "uint16" => Number::U16,
            "ByteStorage" | "UntypedStorage" | "uint8" => Number::U8,
            "BoolStorage" | "bool" => Number::Bool,
            _ => return None,
        })
    }

    /// As PyTorch calls it.
    pub fn name(self) -> &'static str {
        match self {
            Number::F64 => "float64",
            Number::F32 => "float32",
            Number::F16 => "float16",
            Number::Bf16 => "bfloat16",
            Number::I64 => "int64",
            Number::I32 => "int32",
            Number::I16 => "int16",
            Number::I8 => "int8",
            Number::U64 => "uint64",
            Number::U32 => "uint32",
            Number::U16 => "uint16",
            Number::U8 => "uint8",
            Number::Bool => "bool",
        }
    }

    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Number::F64 | Number::I64 | Number::U64 => 8,
            Number::F32 | Number::I32 | Number::U32 => 4,
            Number::F16 | Number::Bf16 | Number::I16 | Number::U16 => 2,
            Number::I8 | Number::U8 | Number::Bool => 1,
        }
    }

    /// Appends the numbers whose bytes these are.
    pub fn decode<T: WithDType>(self, bytes: &[u8], into: &mut Vec<T>) {
        fn each<const N: usize, T: WithDType>(bytes: &[u8], into: &mut Vec<T>, read: impl Fn([u8; N]) -> f64) {
            into.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| T::from_f64(read(*bytes))));
        }
        match self {
            Number::F64 => each(bytes, into, f64::from_le_bytes),
            Number::F32 => each(bytes, into, |bytes| f32::from_le_bytes(bytes).into()),
            Number::F16 => each(bytes, into, |bytes| f16::from_le_bytes(bytes).into()),
            Number::Bf16 => each(bytes, into, |bytes| bf16::from_le_bytes(bytes).into()),
            Number::I64 => each(bytes, into, |bytes| i64::from_le_bytes(bytes) as f64),
            Number::I32 => each(bytes, into, |bytes| i32::from_le_bytes(bytes).into()),
            Number::I16 => each(bytes, into, |bytes| i16::from_le_bytes(bytes).into()),
            Number::I8 => each(bytes, into, |bytes| i8::from_le_bytes(bytes).into()),
            Number::U64 => each(bytes, into, |bytes| u64::from_le_bytes(bytes) as f64),
            Number::U32 => each(bytes, into, |bytes| u32::from_le_bytes(bytes).into()),
            Number::U16 => each(bytes, into, |bytes| u16::from_le_bytes(bytes).into()),
            Number::U8 | Number::Bool => each(bytes, into, |[byte]: [u8; 1]| byte.into()),
        }
    }
}
