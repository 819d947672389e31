//! The codes of diagnostics. docs/errors.md shows each with an example.

/// Declares every code once, with the sentence that explains it.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// What kind of mistake a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// As printed: `E021`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)+ }
            }

            /// What it means.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// The file is not valid YAML or TOML.
    Syntax = "E001",
    /// A line of layer notation, or an expression, cannot be read.
    Notation = "E002",
    /// A value has the wrong type: a list where a number belongs, say.
    WrongType = "E003",
    /// A key that this place of the file does not have.
    UnknownKey = "E004",
    /// A key that must be given is not there.
    MissingKey = "E005",
    /// The same name, key or layer name occurs twice.
    Duplicate = "E006",
    /// The text, the nesting or the network is larger than the compiler accepts.
    Limit = "E007",
    /// The file cannot be read, or is not text.
    Unreadable = "E008",
    /// No layer, block, preset, optimizer, schedule or transform has this name.
    UnknownName = "E010",
    /// The call does not take this argument.
    UnknownArgument = "E011",
    /// The call needs an argument that is not there.
    MissingArgument = "E012",
    /// An argument's value is out of range or of the wrong kind.
    InvalidArgument = "E013",
    /// An expression uses an unknown name, divides by zero or overflows.
    Expression = "E014",
    /// A layer got an input of the wrong rank: a convolution after `flatten`, say.
    WrongRank = "E020",
    /// A window is larger than the (padded) input that it slides over.
    WindowDoesNotFit = "E021",
    /// A size that was written down is not the one that arrives.
    SizeMismatch = "E022",
    /// The inputs of an addition, product or concatenation do not agree.
    InputsDisagree = "E023",
    /// An `expect` does not hold.
    ExpectationFailed = "E024",
    /// Channels cannot be split into this many groups.
    Groups = "E025",
    /// A size or count is too large to compute with.
    TooLarge = "E026",
    /// A reference to a layer that is not there, or not yet.
    UnknownReference = "E030",
    /// The network's output is not one score for each class.
    ClassesMismatch = "E031",
    /// A block or file calls itself.
    Recursion = "E032",
    /// The data section and the network do not fit together.
    DataMismatch = "E040",
    /// A batch norm that would train on a single value for each channel.
    SingleValueNorm = "E041",
    /// A stride that leaves out pixels at the right or bottom edge.
    DroppedPixels = "W001",
    /// A bias just before a batch norm, which removes it again.
    BiasBeforeNorm = "W002",
    /// A 1×1 map is pooled again.
    PooledAgain = "W003",
    /// One linear layer holds more parameters than all other layers together.
    HeavyLinear = "W004",
    /// Something that is declared and never used.
    Unused = "W005",
    /// An input whose channels seem to have been written last.
    ChannelsLast = "W006",
    /// A name that is nearly the key of a structure.
    NearKeyword = "W007",
    /// A classifier that ends in a softmax or sigmoid, where the loss takes a softmax itself.
    ActivatedScores = "W008",
    /// Padding that lies across a kernel of one row or column.
    SwappedPadding = "W009",
}

impl Code {
    /// Whether it is about sizes that do not fit: what mends one of them may break another.
    pub(crate) fn is_about_sizes(self) -> bool {
        use Code::*;
        matches!(
            self,
            WrongRank
                | WindowDoesNotFit
                | SizeMismatch
                | InputsDisagree
                | ExpectationFailed
                | Groups
                | TooLarge
                | ClassesMismatch
        )
    }
}
