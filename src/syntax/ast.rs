//! The tree that a file means, before any name is looked up: what YAML, TOML and the notation have in common.
//!
//! Nothing here knows which layers, blocks or presets exist. Every part keeps its [`Span`]. What could not be read, and
//! has been reported, is `Unreadable`: the rest can still be checked.

mod value;

use crate::diagnostic::{Diagnostic, SourceId, Span, Spanned};

use super::CallId;
pub use super::text::Text;
pub use value::{Part, Source};

/// A whole file.
#[derive(Debug, Clone)]
pub struct Document {
    /// `name:`; the file's stem if there is none.
    pub name: Option<Spanned<String>>,
    /// `input:`, numbers as they were written: `[3, 32, 32]` or `3x32x32`. If there is none, [`Expr::Unreadable`] at
    /// the start.
    pub input: Spanned<Vec<Spanned<Expr>>>,
    /// `classes:`.
    pub classes: Option<Spanned<Expr>>,
    /// `let:`, in order; each may use those before it.
    pub lets: Vec<(Spanned<String>, Spanned<Expr>)>,
    /// `let:` of each included file, which is what its blocks see.
    pub included: Vec<Vec<(Spanned<String>, Spanned<Expr>)>>,
    /// `blocks:`, those of included files first.
    pub blocks: Vec<Block>,
    /// Whether there are blocks whose names could not be made out: a name that nothing has may be one of theirs.
    pub lost_blocks: bool,
    /// The network: `layers:`, or a preset such as `vgg:`.
    pub body: DocumentBody,
    /// `init:`, in order; later entries win.
    pub init: Vec<InitRule>,
    /// `data:`, as key and value.
    pub data: Option<Section>,
    /// `train:`, as key and value.
    pub train: Option<Section>,
    /// `allow:`, warnings that are not wanted, by code.
    pub allow: Vec<Spanned<String>>,
    /// Warnings about how it is written.
    pub doubts: Vec<Diagnostic>,
    /// Of a file that only defines what others include: what it lacks to describe a network. Else none.
    pub missing: Vec<Diagnostic>,
}

impl Document {
    /// One that says nothing.
    pub(crate) fn empty() -> Document {
        let span = Span::new(SourceId(0), 0..0);
        Document {
            name: None,
            input: Spanned::new(vec![Spanned::new(Expr::Unreadable, span)], span),
            classes: None,
            lets: Vec::new(),
            included: Vec::new(),
            blocks: Vec::new(),
            lost_blocks: false,
            body: DocumentBody::Unreadable,
            init: Vec::new(),
            data: None,
            train: None,
            allow: Vec::new(),
            doubts: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Whether it defines blocks for other files, and describes no network.
    pub fn is_library(&self) -> bool {
        !self.missing.is_empty()
    }
}

/// What a document describes its network with.
#[derive(Debug, Clone)]
pub enum DocumentBody {
    /// `layers:`.
    Layers(Vec<Item>),
    /// A key that names a preset, with its settings.
    Preset {
        /// The key.
        name: Spanned<String>,
        /// What stands under it.
        settings: Section,
    },
    /// Neither could be read.
    Unreadable,
}

/// A mapping whose keys are looked up later.
#[derive(Debug, Clone)]
pub struct Section {
    /// The whole mapping.
    pub span: Span,
    /// Keys in order.
    pub entries: Vec<(Spanned<String>, Spanned<Setting>)>,
}

/// A value in a [`Section`].
#[derive(Debug, Clone)]
pub enum Setting {
    /// `null`, or nothing after the colon.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text; [`crate::syntax::notation`] reads it where notation is expected.
    Text(Text),
    /// A list.
    List(Vec<Spanned<Setting>>),
    /// A mapping.
    Map(Section),
}

/// One entry of `layers:` or of a chain.
#[derive(Debug, Clone)]
pub struct Item {
    /// From a naming key or `as`.
    pub name: Option<Spanned<Template>>,
    /// What it is.
    pub body: ItemBody,
    /// All of it.
    pub span: Span,
}

impl Item {
    /// What stands at `span` was meant as an item.
    pub fn unreadable(span: Span) -> Item {
        Item { name: None, body: ItemBody::Unreadable, span }
    }
}

/// What an item can be.
#[derive(Debug, Clone)]
pub enum ItemBody {
    /// A layer or block with its arguments.
    Call(Call),
    /// A chain, a list or a group in parentheses.
    Sequence(Vec<Item>),
    /// `… x count`.
    Repeat {
        /// What is repeated: a group or a block call.
        body: Box<Item>,
        /// How often.
        count: Spanned<Expr>,
    },
    /// `residual:`.
    Residual {
        /// The branch that is added to the shortcut.
        body: Vec<Item>,
        /// `shortcut:`; [`Shortcut::Auto`] if there is none.
        shortcut: Spanned<Shortcut>,
        /// `after:`, applied to the sum.
        after: Vec<Item>,
    },
    /// `branches:`, each from the current value.
    Branches {
        /// Each branch is one item; an empty sequence passes its input on.
        branches: Vec<Item>,
        /// `times:`, how often all of them are there; once if there is none.
        times: Option<Spanned<Expr>>,
        /// `merge:`; concat if there is none; `None` if it could not be read.
        merge: Option<Spanned<Merge>>,
    },
    /// `from:`, one or more earlier values.
    From {
        /// What is named.
        sources: Vec<Source>,
        /// `merge:`; with several sources, `None` means that it could not be read.
        merge: Option<Spanned<Merge>>,
        /// `then:`, applied to the value.
        then: Vec<Item>,
    },
    /// `split:`, the channels as several values.
    Split(Vec<Part>),
    /// `expect:`, a shape that must hold here.
    Expect(Vec<Spanned<Expr>>),
    /// Something else was meant.
    Unreadable,
}

/// What is added to a residual branch.
#[derive(Debug, Clone)]
pub enum Shortcut {
    /// Identity where shapes agree, else a projection.
    Auto,
    /// The input itself; shapes must agree.
    Identity,
    /// A 1×1 convolution and a batch norm, always.
    Project,
    /// Identity where shapes agree, else nothing is added.
    Optional,
    /// Nothing is added.
    None,
    /// Layers of the user's own.
    Items(Vec<Item>),
}

/// How several values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Along the channels.
    Concat,
    /// Element by element.
    Add,
    /// Element by element, with broadcasting over positions.
    Mul,
    /// The first without all others, element by element.
    Sub,
    /// Element by element.
    Mean,
    /// The largest, element by element.
    Max,
}

/// A layer's or block's name with its arguments. Optimizers, schedules and transforms are written the same way.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number in the document, from the reader.
    pub id: Option<CallId>,
    /// `conv`; of `{act}`, what stands there.
    pub name: Spanned<String>,
    /// What says which layer or block it is, of `{act}`.
    pub chosen: Option<Box<Spanned<Expr>>>,
    /// In the order in which they were written.
    pub arguments: Vec<Argument>,
    /// All of it.
    pub span: Span,
    /// Where another argument can be written behind the last one, after a blank; `None` in mapping form, and for what a
    /// preset wrote.
    pub room: Option<Span>,
}

impl Call {
    /// A call by name that is not written in notation: it has no number yet, and no room behind it.
    pub fn new(name: Spanned<String>, arguments: Vec<Argument>, span: Span) -> Call {
        Call { id: None, name, chosen: None, arguments, span, room: None }
    }
}

/// One argument of a call.
#[derive(Debug, Clone)]
pub struct Argument {
    /// The key, if it was written `key=value`, as an entry of a mapping, or as a shorthand: `s2` is `stride=2`,
    /// `p` padding, `d` dilation, `g` groups.
    pub key: Option<Spanned<String>>,
    /// The value.
    pub value: Spanned<Term>,
    /// Key and value.
    pub span: Span,
}

/// The value of an argument.
#[derive(Debug, Clone)]
pub enum Term {
    /// A number or an expression in braces; its own place is without the braces.
    Expr(Spanned<Expr>),
    /// `3x5`: height, width.
    Size(Box<Spanned<Expr>>, Box<Spanned<Expr>>),
    /// A bare word: a flag, `true`, `false`, or a choice such as `nearest`.
    Word(String),
    /// A bare word in mapping form (`out: width`): a name if one is in scope, else a word.
    NameOrWord(String),
    /// A list, in mapping form.
    List(Vec<Spanned<Term>>),
}

/// A definition under `blocks:`.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its name.
    pub name: Spanned<String>,
    /// Parameters, with defaults; `None` if they could not be read.
    pub parameters: Option<Vec<Parameter>>,
    /// What a call stands for.
    pub body: Vec<Item>,
    /// Whose `let:` it sees: an index into [`Document::included`], or the document's own.
    pub home: Option<usize>,
}

/// A parameter of a block, with its default.
pub type Parameter = (Spanned<String>, Option<Spanned<Expr>>);

/// One entry of `init:`.
#[derive(Debug, Clone)]
pub struct InitRule {
    /// A layer kind (`conv`) or a glob over parameter names (`"*.bias"`).
    pub pattern: Spanned<String>,
    /// The initialiser: `normal 0 0.01`; a bare number is a constant.
    pub initialiser: Call,
}

/// A name that may contain expressions: `block1-{i}`.
#[derive(Debug, Clone)]
pub struct Template(pub Vec<TemplatePart>);

impl Template {
    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Spanned<Expr>> {
        self.0.iter().filter_map(|part| match part {
            TemplatePart::Text(_) => None,
            TemplatePart::Expr(expr) => Some(expr),
        })
    }

    /// Whether an expression in it uses `name`.
    pub fn uses(&self, name: &str) -> bool {
        self.expressions().any(|expr| expr.names().iter().any(|(used, _)| *used == name))
    }
}

/// A part of a [`Template`].
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Characters as they are.
    Text(String),
    /// An integer or a word to be worked out.
    Expr(Spanned<Expr>),
}

/// Arithmetic, in braces in the notation, or where mapping form expects a number.
#[derive(Debug, Clone)]
pub enum Expr {
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A name in scope.
    Name(String),
    /// `[a, b]`, to be indexed.
    List(Vec<Spanned<Expr>>),
    /// `list[i]`.
    Index(Box<Spanned<Expr>>, Box<Spanned<Expr>>),
    /// `-x`.
    Negate(Box<Spanned<Expr>>),
    /// `not a`.
    Not(Box<Spanned<Expr>>),
    /// `a + b`.
    Binary(Operator, Box<Spanned<Expr>>, Box<Spanned<Expr>>),
    /// `min(a, b)`.
    Call(Spanned<String>, Vec<Spanned<Expr>>),
    /// Something else was meant; the value is unknown.
    Unreadable,
}

impl Spanned<Expr> {
    /// Every name that it uses, in order, with its place.
    pub fn names(&self) -> Vec<(&str, Span)> {
        match &self.value {
            Expr::Int(_) | Expr::Float(_) | Expr::Bool(_) | Expr::Unreadable => Vec::new(),
            Expr::Name(name) => vec![(name.as_str(), self.span)],
            Expr::Negate(operand) | Expr::Not(operand) => operand.names(),
            Expr::Index(a, b) | Expr::Binary(_, a, b) => [a.names(), b.names()].concat(),
            Expr::List(values) | Expr::Call(_, values) => values.iter().flat_map(Spanned::names).collect(),
        }
    }
}

/// An operator between two expressions, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}
