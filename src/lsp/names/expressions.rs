//! Names within arithmetic, and the values of arguments.

use super::Symbol;
use super::walk::{Home, Walk};
use crate::diagnostic::{Span, Spanned};
use crate::syntax::ast::{Block, Call, Expr, Template, Term};

/// What expressions know without a definition.
const BUILTINS: [&str; 6] = ["classes", "channels", "height", "width", "in", "i"];

impl<'d> Walk<'d> {
    /// An expression, seen from `home`.
    pub(super) fn expr(&mut self, expr: &Spanned<Expr>, home: Home<'d>) {
        match &expr.value {
            Expr::Int(_) | Expr::Float(_) | Expr::Bool(_) => self.found(expr.span, Symbol::Number),
            // `stem.width`
            Expr::Name(name) if name.contains('.') => {
                let value = name.rsplit_once('.').map_or(name.as_str(), |(value, _)| value);
                self.refers(value, Span { end: expr.span.start + value.len() as u32, ..expr.span });
            }
            Expr::Name(name) => {
                let symbol = self.meaning(name, home).unwrap_or_else(|| Symbol::Word(name.clone()));
                self.found(expr.span, symbol);
            }
            Expr::Negate(operand) | Expr::Not(operand) => self.expr(operand, home),
            Expr::Index(a, b) | Expr::Binary(_, a, b) => {
                self.expr(a, home);
                self.expr(b, home);
            }
            Expr::List(values) => values.iter().for_each(|value| self.expr(value, home)),
            Expr::Call(name, values) => {
                self.found(name.span, Symbol::Function(name.value.clone()));
                values.iter().for_each(|value| self.expr(value, home));
            }
            Expr::Unreadable => {}
        }
    }

    /// What a name in an expression stands for.
    fn meaning(&self, name: &str, home: Home<'d>) -> Option<Symbol> {
        if let Home::Block(block) = home
            && block.parameters.iter().flatten().any(|(parameter, _)| parameter.value == name)
        {
            return Some(Symbol::Parameter(block.name.value.clone(), name.to_string()));
        }
        let file = home.file();
        let lets = match file {
            None => &self.document.lets,
            Some(file) => self.document.included.get(file)?,
        };
        if lets.iter().any(|(known, _)| known.value == name) {
            return Some(Symbol::Let(file, name.to_string()));
        }
        BUILTINS.contains(&name).then(|| Symbol::Builtin(name.to_string()))
    }

    /// A name that may have expressions in it.
    pub(super) fn template(&mut self, name: &Spanned<Template>, home: Home<'d>) {
        name.value.expressions().for_each(|expr| self.expr(expr, home));
    }

    /// A call in a chain.
    pub(super) fn call(&mut self, call: &Call, home: Home<'d>) {
        let callee = &call.name.value;
        match &call.chosen {
            Some(expr) => self.expr(expr, home),
            None => {
                let symbol = self.callable(callee).unwrap_or_else(|| Symbol::Word(callee.clone()));
                self.found(call.name.span, symbol);
            }
        }
        let block = self.blocks.get(callee.as_str()).copied().filter(|_| call.chosen.is_none());
        self.arguments(call, block, home);
    }

    /// Arguments of a block, or of something that is not defined in a file.
    pub(super) fn arguments(&mut self, call: &Call, block: Option<&'d Block>, home: Home<'d>) {
        for argument in &call.arguments {
            if let Some(key) = &argument.key {
                let written = self.sources.text(key.span);
                let symbol = match block.and_then(|block| parameter(block, &key.value, written)) {
                    Some(symbol) => symbol,
                    None => Symbol::Argument(call.name.value.clone(), key.value.clone()),
                };
                self.key(key.span, symbol);
            }
            match (&argument.key, &argument.value.value) {
                (Some(key), Term::Word(name) | Term::NameOrWord(name)) if key.value == "like" && block.is_none() => {
                    self.refers(name, argument.value.span);
                }
                _ => self.term(&argument.value, call, block.filter(|_| argument.key.is_none()), home),
            }
        }
    }

    fn term(&mut self, term: &Spanned<Term>, call: &Call, block: Option<&'d Block>, home: Home<'d>) {
        match &term.value {
            Term::Expr(expr) => self.expr(expr, home),
            Term::Size(height, width) => {
                self.expr(height, home);
                self.expr(width, home);
            }
            Term::Word(word) => self.word(word, term.span, call, block),
            Term::NameOrWord(word) => match self.meaning(word, home) {
                Some(symbol) => self.found(term.span, symbol),
                None => self.word(word, term.span, call, block),
            },
            Term::List(terms) => terms.iter().for_each(|term| self.term(term, call, None, home)),
        }
    }

    /// A bare word: a flag, the name of a layer or block, or a choice.
    fn word(&mut self, word: &str, span: Span, call: &Call, block: Option<&'d Block>) {
        let flag = block.and_then(|block| parameter(block, word, word));
        let of_block = self.blocks.contains_key(call.name.value.as_str());
        match flag.or_else(|| of_block.then(|| self.callable(word)).flatten()) {
            Some(symbol) => self.found(span, symbol),
            // A block may name an earlier layer by it.
            None if of_block => self.refers(word, span),
            None => self.found(span, Symbol::Word(word.to_string())),
        }
    }
}

/// The parameter of a block that is called so; `written` is the letter that may stand for it.
fn parameter(block: &Block, name: &str, written: &str) -> Option<Symbol> {
    let parameters = || block.parameters.iter().flatten().map(|(parameter, _)| parameter.value.as_str());
    let own = parameters().find(|own| *own == name).or_else(|| parameters().find(|own| *own == written))?;
    Some(Symbol::Parameter(block.name.value.clone(), own.to_string()))
}
