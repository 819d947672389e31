//! The machine that a pickle is a program for.

use std::collections::HashMap;

use super::{Object, ObjectId, Pickle, Slice, Value};

/// The most instructions, and so the most values. CIFAR-100's files have 300,000; a state dict has about 40 for a
/// tensor.
const MOST_INSTRUCTIONS: usize = 2 << 20;

/// The longest line: the name of a module, a class or a function.
const LONGEST_LINE: usize = 200;

pub fn read(bytes: &[u8]) -> Result<Pickle<'_>, String> {
    // Places in the file are kept in 32 bits.
    if u32::try_from(bytes.len()).is_err() {
        return Err("it is longer than 4 GiB".to_owned());
    }
    let mut machine =
        Machine { bytes, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    for _ in 0..MOST_INSTRUCTIONS {
        if let Some(root) = machine.step()? {
            return Ok(Pickle { bytes, values: machine.values, root, length: machine.at });
        }
    }
    Err(format!("it has more than {MOST_INSTRUCTIONS} instructions"))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<ObjectId>,
    marks: Vec<usize>,
    memo: HashMap<u32, ObjectId>,
}

impl Machine<'_> {
    /// Carries out an instruction; the value that is left, if it was the last one.
    fn step(&mut self) -> Result<Option<ObjectId>, String> {
        let start = self.at;
        let unfit = || format!("the instruction at byte {start} does not fit what is before it");
        let code = self.bytes[self.take(1)?.range()][0];
        let done: Option<()> = match code {
            b'.' => return self.stack.pop().map(Some).ok_or_else(unfit),
            // Protocol and frame say how the file was written.
            0x80 => self.take(1).map(|_| Some(()))?,
            0x95 => self.take(8).map(|_| Some(()))?,
            b'(' => {
                self.marks.push(self.stack.len());
                Some(())
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.since_mark().map(|_| ()),
            b'2' => self.stack.last().copied().map(|top| self.stack.push(top)),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => {
                let number = self.number(1)?;
                self.push(Value::Integer(number as i64))
            }
            b'M' => {
                let number = self.number(2)?;
                self.push(Value::Integer(number as i64))
            }
            b'J' => {
                let number = self.number(4)? as u32 as i32;
                self.push(Value::Integer(number.into()))
            }
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            b'G' => {
                self.take(8)?;
                self.push(Value::Float)
            }
            b'U' | 0x8c | b'C' => self.text(1)?,
            b'T' | b'X' | b'B' => self.text(4)?,
            0x8d | 0x8e | 0x96 => self.text(8)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                module.zip(name).and_then(|(module, name)| self.push(Value::Global(module, name)))
            }
            0x93 => self.global(),
            b'}' => self.push(Value::Dictionary(Vec::new())),
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Box::new([]))),
            0x85..=0x87 => {
                let first =
                    self.stack.len().checked_sub(usize::from(code - 0x84)).filter(|first| *first >= self.mark());
                first.and_then(|first| {
                    let items = self.stack.split_off(first).into();
                    self.push(Value::Tuple(items))
                })
            }
            b't' => self.since_mark().and_then(|items| self.push(Value::Tuple(items.into()))),
            0x91 => self.since_mark().and_then(|items| self.push(Value::List(items))),
            b'a' => self.pop().and_then(|item| self.append(&[item])),
            b'e' | 0x90 => self.since_mark().and_then(|items| self.append(&items)),
            b's' => self.pop().zip(self.pop()).and_then(|(value, key)| self.insert(&[key, value])),
            b'u' => self.since_mark().and_then(|items| self.insert(&items)),
            b'q' => {
                let name = self.number(1)?;
                self.remember(name)
            }
            b'r' => {
                let name = self.number(4)?;
                self.remember(name)
            }
            0x94 => self.remember(self.memo.len() as u64),
            b'h' => {
                let name = self.number(1)?;
                self.recall(name)
            }
            b'j' => {
                let name = self.number(4)?;
                self.recall(name)
            }
            b'R' | 0x81 => self.pop().zip(self.pop()).and_then(|(arguments, function)| self.call(function, arguments)),
            // The last of three are the arguments that have names.
            0x92 => {
                let (_, arguments, function) = (self.pop(), self.pop(), self.pop());
                arguments.zip(function).and_then(|(arguments, function)| self.call(function, arguments))
            }
            b'b' => self.pop().and_then(|state| self.build(state)),
            b'Q' => self.pop().and_then(|name| self.push(Value::Persistent(name))),
            other => return Err(format!("byte {start} is {other:#04x}, which is no instruction of protocols 2 to 5")),
        };
        done.map(|()| None).ok_or_else(unfit)
    }

    fn push(&mut self, value: Value) -> Option<()> {
        self.stack.push(ObjectId(u32::try_from(self.values.len()).ok()?));
        self.values.push(value);
        Some(())
    }

    /// Where the stack begins, as seen from inside the last mark.
    fn mark(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Option<ObjectId> {
        if self.stack.len() > self.mark() { self.stack.pop() } else { None }
    }

    fn since_mark(&mut self) -> Option<Vec<ObjectId>> {
        let first = self.marks.pop()?;
        Some(self.stack.split_off(first))
    }

    fn top(&mut self) -> Option<&mut Value> {
        let top = self.stack.last()?;
        self.values.get_mut(top.0 as usize)
    }

    fn append(&mut self, items: &[ObjectId]) -> Option<()> {
        match self.top()? {
            Value::List(list) => list.extend_from_slice(items),
            // Into an object whose class is a list: nobody asks what is in it.
            Value::Object(_) => {}
            _ => return None,
        }
        Some(())
    }

    fn insert(&mut self, items: &[ObjectId]) -> Option<()> {
        let (pairs, rest) = items.as_chunks::<2>();
        let entries = match self.top()? {
            Value::Dictionary(entries) => entries,
            Value::Object(object) => &mut object.entries,
            _ => return None,
        };
        entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        rest.is_empty().then_some(())
    }

    fn call(&mut self, function: ObjectId, arguments: ObjectId) -> Option<()> {
        self.push(Value::Object(Box::new(Object { function, arguments, state: None, entries: Vec::new() })))
    }

    fn build(&mut self, state: ObjectId) -> Option<()> {
        match self.top()? {
            Value::Object(object) => object.state = Some(state),
            _ => return None,
        }
        Some(())
    }

    fn remember(&mut self, name: u64) -> Option<()> {
        let value = *self.stack.last()?;
        self.memo.insert(name as u32, value);
        Some(())
    }

    fn recall(&mut self, name: u64) -> Option<()> {
        let value = *self.memo.get(&(name as u32))?;
        self.stack.push(value);
        Some(())
    }

    fn global(&mut self) -> Option<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.values[module.0 as usize], &self.values[name.0 as usize]) {
            (Value::Text(module), Value::Text(name)) => {
                let global = Value::Global(*module, *name);
                self.push(global)
            }
            _ => None,
        }
    }

    /// A text whose length takes so many bytes.
    fn text(&mut self, length: usize) -> Result<Option<()>, String> {
        let length = self.number(length)?;
        let text = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        Ok(self.push(Value::Text(text)))
    }

    /// A whole number in two's complement, the lowest byte first, whose length takes so many bytes.
    fn long(&mut self, length: usize) -> Result<Option<()>, String> {
        let length = self.number(length)?;
        let slice = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let bytes = &self.bytes[slice.range()];
        Ok(self.push(match bytes.last() {
            None => Value::Integer(0),
            Some(_) if bytes.len() > 8 => Value::Long(slice),
            Some(highest) => {
                let sign = if highest & 0x80 == 0 { 0 } else { -1 };
                Value::Integer(bytes.iter().rev().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
            }
        }))
    }

    /// A number of so many bytes, at most 8, the lowest first.
    fn number(&mut self, length: usize) -> Result<u64, String> {
        let bytes = self.take(length)?;
        Ok(self.bytes[bytes.range()].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn line(&mut self) -> Result<Option<Slice>, String> {
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + LONGEST_LINE)];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return if self.bytes.len() - self.at < LONGEST_LINE {
                self.take(LONGEST_LINE).map(Some)
            } else {
                Ok(None)
            };
        };
        let line = self.take(length)?;
        self.at += 1;
        Ok(Some(line))
    }

    fn take(&mut self, length: usize) -> Result<Slice, String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("the file is cut off at byte {}", self.bytes.len()))?;
        let slice = Slice { start: self.at as u32, length: length as u32 };
        self.at = end;
        Ok(slice)
    }
}
