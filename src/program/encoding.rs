//! Operations as text that depends on nothing but them: no layout of a type, no `Debug`. What is kept on disk may rest
//! on it.

pub(crate) mod legacy;

use std::fmt::Write;

use super::Program;
use crate::ir::{Pair, Window};

/// Of the encoding: to be raised when the same program is encoded otherwise than before.
pub(crate) const VERSION: u32 = 1;

/// A text that grows.
#[derive(Debug, Default)]
pub(crate) struct Encoding(String);

impl Encoding {
    /// What a program computes, from what, in which order: a line a step, with its name, its operation, the values that
    /// it reads and the shape of what it makes.
    pub(crate) fn of(program: &Program) -> Encoding {
        let mut encoding = Encoding::default();
        for step in &program.steps {
            encoding.begin(&step.name);
            step.op.encode(&mut encoding);
            step.inputs.iter().for_each(|input| encoding.number("from", input.index()));
            let sizes = program.shape(step.output).dims();
            sizes.into_iter().for_each(|size| encoding.number("size", size));
            encoding.0.push('\n');
        }
        encoding
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A name, before its arguments.
    pub(crate) fn begin(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(' ');
    }

    /// An argument that is a whole number.
    pub(crate) fn number(&mut self, name: &str, value: usize) {
        self.put(name, value);
    }

    /// An argument that is any number: its bits.
    pub(crate) fn real(&mut self, name: &str, value: f64) {
        self.put(name, format_args!("{:016x}", value.to_bits()));
    }

    /// An argument that is one of some words.
    pub(crate) fn word(&mut self, name: &str, value: &str) {
        self.put(name, value);
    }

    /// An argument that is true or false.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.put(name, u8::from(value));
    }

    /// A window.
    pub(crate) fn window(&mut self, window: &Window) {
        let Window { kernel, stride, padding, dilation, ceil } = *window;
        for (name, Pair { height, width }) in
            [("kernel", kernel), ("stride", stride), ("padding", padding), ("dilation", dilation)]
        {
            self.put(name, format_args!("{height}x{width}"));
        }
        self.flag("ceil", ceil);
    }

    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        write!(self.0, "{name}={value} ").expect("a String takes everything");
    }
}
