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
    /// A value has the wrong type, such as a list in place of a number.
    WrongType = "E003",
    /// A key that is unknown at this place.
    UnknownKey = "E004",
    /// A required key is missing.
    MissingKey = "E005",
    /// The same name, key or layer name occurs twice.
    Duplicate = "E006",
    /// The text, the nesting or the network exceeds a limit of the compiler.
    Limit = "E007",
    /// The file cannot be read, or is not text.
    Unreadable = "E008",
    /// No layer, block, preset, optimizer, schedule or transform has this name.
    UnknownName = "E010",
    /// The call does not accept this argument.
    UnknownArgument = "E011",
    /// A required argument is missing.
    MissingArgument = "E012",
    /// An argument's value is out of range or of the wrong kind.
    InvalidArgument = "E013",
    /// An expression uses an unknown name, divides by zero or overflows.
    Expression = "E014",
    /// A layer's input has the wrong rank, as for a convolution after `flatten`.
    WrongRank = "E020",
    /// A window is larger than the (padded) input that it slides over.
    WindowDoesNotFit = "E021",
    /// A size given in the file is not the one that arrives.
    SizeMismatch = "E022",
    /// The inputs of an addition, product or concatenation do not agree.
    InputsDisagree = "E023",
    /// An `expect` does not hold.
    ExpectationFailed = "E024",
    /// Channels cannot be split into this many groups.
    Groups = "E025",
    /// A size or count is too large to compute with.
    TooLarge = "E026",
    /// A reference to a layer that does not exist, or not yet.
    UnknownReference = "E030",
    /// The network's output is not one score for each class.
    ClassesMismatch = "E031",
    /// A block or file calls itself.
    Recursion = "E032",
    /// The data section and the network do not fit together.
    DataMismatch = "E040",
    /// A batch norm that would train on a single value for each channel.
    SingleValueNorm = "E041",
    /// A stride that skips pixels at the right or bottom edge.
    DroppedPixels = "W001",
    /// A bias just before a batch norm, which removes it again.
    BiasBeforeNorm = "W002",
    /// A 1×1 map is pooled again.
    PooledAgain = "W003",
    /// One linear layer has more parameters than all other layers together.
    HeavyLinear = "W004",
    /// Something is declared but never used.
    Unused = "W005",
    /// An input whose channels seem to be given last.
    ChannelsLast = "W006",
    /// A name that looks like a misspelt key of a structure.
    NearKeyword = "W007",
    /// A classifier that ends in a softmax or sigmoid, although the loss applies a softmax itself.
    ActivatedScores = "W008",
    /// Padding that lies across a kernel of one row or column.
    SwappedPadding = "W009",
}

impl Code {
    /// Whether it is about sizes that do not fit: what fixes one of them may break another.
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
