//! What changes a call where it stands in the user's text.

use crate::arguments::{ResolvedCall, Value, keyed};
use crate::diagnostic::{Edit, Span};
use crate::ir::Pair;
use crate::syntax::WrittenCall;
use crate::syntax::ast::{Argument, Term};

/// A call in the text, and what its arguments were taken for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub site: WrittenCall<'a>,
    pub call: &'a ResolvedCall,
}

impl Written<'_> {
    /// What gives an argument another value: in the place of the one that it has, or behind the others.
    pub fn set(&self, key: &str, value: &Value) -> Option<Edit> {
        let given = self.call.position(key).and_then(|index| self.site.call.arguments.get(index));
        match given {
            Some(argument) if self.call.is_flag(key) => self.replaced(argument, keyed(key, value)),
            Some(argument) => self.replaced(argument, value.to_string()),
            None => self.site.call.room.map(|span| Edit { span, text: format!(" {}", keyed(key, value)) }),
        }
    }

    /// What gives it another kernel.
    pub fn set_kernel(&self, kernel: Pair) -> Option<Edit> {
        self.set("kernel", &Value::Size(kernel.height as i64, kernel.width as i64))
    }

    /// What puts a chain, such as `upsample 2`, behind it.
    pub fn behind(&self, chain: &str) -> Option<Edit> {
        let room = self.site.call.room?;
        let end = Span { start: self.site.call.span.end, end: self.site.call.span.end, ..room };
        Some(Edit { span: end, text: format!(" -> {chain}") })
    }

    /// What puts a chain before it.
    pub fn before(&self, chain: &str) -> Option<Edit> {
        // In front of a call of its own name, the chain would get the name.
        let room = self.site.call.room.filter(|_| self.site.item.name.is_none())?;
        let start = Span { start: self.site.call.span.start, end: self.site.call.span.start, ..room };
        Some(Edit { span: start, text: format!("{chain} -> ") })
    }

    /// What writes another call in its place.
    pub fn instead(&self, call: &ResolvedCall) -> Option<Edit> {
        self.site.call.room.map(|_| Edit { span: self.site.call.span, text: call.to_string() })
    }

    /// In a block or a repeat, an expression says what differs from one time to the next, and is not replaced.
    fn replaced(&self, argument: &Argument, text: String) -> Option<Edit> {
        let differs = match &argument.value.value {
            Term::Expr(expr) => !expr.names().is_empty(),
            Term::Size(height, width) => !height.names().is_empty() || !width.names().is_empty(),
            Term::NameOrWord(_) => true,
            Term::Word(_) | Term::List(_) => false,
        };
        (self.site.once || !differs).then_some(Edit { span: argument.value.span, text })
    }
}

/// A kernel as one writes it: `3x3`.
pub(super) fn kernel(Pair { height, width }: Pair) -> String {
    format!("{height}x{width}")
}
