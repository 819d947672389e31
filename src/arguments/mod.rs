//! The arguments of a call after every expression in them has been worked out.
//!
//! `conv 64 3x3 s2 bias=false` becomes one positional number, one positional size and two named values. Layers,
//! initialisers, optimizers, schedules and transforms all take theirs from here, so each kind of mistake is reported in
//! one way: a missing one, an unknown one, one of the wrong type or out of range.
//!
//! ```text
//! let out: usize = arguments.required("out")?;         // the next positional value, or out=
//! let stride: Pair = arguments.optional("stride")?;    // only by name, or as s2
//! let ceil = arguments.flag("ceil")?;                  // the word, or ceil=true
//! arguments.finish()?;                                 // whatever is left over is an error
//! ```

mod asked;
mod parameter;
mod places;
mod resolved;
mod shorthand;
mod value;

use crate::aliases;
use crate::diagnostic::{Code, Diagnostic, SourceId, Span, Spanned, nearest};

use asked::Probe;
pub use asked::{Asked, Form, Given};
pub use parameter::Parameter;
pub use places::Places;
pub use resolved::ResolvedCall;
pub(crate) use resolved::keyed;
pub(crate) use shorthand::long_form;
pub(crate) use value::wrong_value;
pub use value::{FromValue, Positive, PositivePair, Value};

/// One argument of a call, worked out.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// `Some` if it was given by name.
    pub key: Option<Spanned<String>>,
    /// The value, with the place of the value alone.
    pub value: Spanned<Value>,
}

/// The arguments of one call, to be taken one by one.
#[derive(Debug, Clone)]
pub struct Arguments {
    callee: Spanned<String>,
    /// With what each was taken for.
    given: Vec<(Evaluated, Option<&'static str>)>,
    asked: Vec<&'static str>,
    /// Those of `asked` that are true or false.
    switches: Vec<&'static str>,
    missing: Option<&'static str>,
    places: Places,
    /// There, if nobody calls, and only what would be asked for is of interest.
    probe: Option<Box<Probe>>,
}

/// Most layers ask for no more arguments than this.
const USUAL: usize = 8;

/// So many arguments that a call does not take are reported: each is compared with all others.
const MOST_LEFT_OVER: usize = 100;

impl Arguments {
    /// The arguments of a call to `callee`.
    pub fn new(callee: Spanned<String>, given: Vec<Evaluated>) -> Arguments {
        let given = given.into_iter().map(|argument| (argument, None)).collect();
        let (asked, places) = (Vec::with_capacity(USUAL), Places(Vec::with_capacity(USUAL)));
        Arguments { callee, given, asked, switches: Vec::new(), missing: None, places, probe: None }
    }

    /// What `read` asks a call to `callee` for.
    pub(crate) fn asked_by<T>(
        callee: &str,
        mut read: impl FnMut(&mut Arguments) -> Result<T, Diagnostic>,
    ) -> Vec<Asked> {
        let span = Span::new(SourceId(0), 0..0);
        let mut asked: Vec<Asked> = Vec::new();
        // Some are asked for only if others are given, or are not.
        for gives_all in [false, true] {
            let mut arguments = Arguments::new(Spanned::new(callee.to_string(), span), Vec::new());
            let probe = Probe { gives_all, asked: std::mem::take(&mut asked), needed: Vec::new() };
            arguments.probe = Some(Box::new(probe));
            // What the samples lead to is of no interest.
            drop(read(&mut arguments));
            asked = arguments.probe.map(|probe| probe.into_asked()).unwrap_or_default();
        }
        asked
    }

    /// What a probe gives for an argument that may be left out; the outer `None` if this is none.
    fn probed<T: FromValue>(&mut self, key: &'static str, given: Given) -> Option<Option<T>> {
        let probe = self.probe.as_mut()?;
        probe.note::<T>(key, given);
        Some(asked::sample().filter(|_| probe.gives_all || given == Given::Always))
    }

    /// The name that was called, for messages.
    pub fn callee(&self) -> &Spanned<String> {
        &self.callee
    }

    /// The call as the notation writes it, every expression replaced by its value: `conv 64 3x3 s2 bias=false`.
    pub fn notation(&self) -> String {
        let given = self
            .given
            .iter()
            .map(|(Evaluated { key, value }, _)| (key.as_ref().map(|key| key.value.as_str()), &value.value));
        resolved::notation(&self.callee.value, given)
    }

    /// The same arguments, none of them taken.
    pub fn untaken(mut self) -> Arguments {
        self.given.iter_mut().for_each(|(_, taken)| *taken = None);
        Arguments { asked: Vec::new(), switches: Vec::new(), missing: None, places: Places::default(), ..self }
    }

    /// The same call with another value for the argument `key`, given by name.
    pub fn with(mut self, key: &'static str, value: Value) -> Arguments {
        let span = self.callee.span;
        self.given.retain(|(argument, _)| argument.key.as_ref().is_none_or(|given| given.value != key));
        let key = Some(Spanned::new(key.to_string(), span));
        self.given.push((Evaluated { key, value: Spanned::new(value, span) }, None));
        self
    }

    /// The same call without the values at these places.
    pub fn without(mut self, places: &[Span]) -> Arguments {
        self.given.retain(|(argument, _)| !places.contains(&argument.value.span));
        self
    }

    /// The required argument that was asked for in vain.
    pub fn missing(&self) -> Option<&'static str> {
        self.missing
    }

    /// The value given as `key=…`, else the first positional one that is left; `None` if there is neither.
    pub fn positional<T: FromValue>(&mut self, key: &'static str) -> Result<Option<T>, Diagnostic> {
        if let Some(sample) = self.probed(key, Given::Anyhow) {
            return Ok(sample);
        }
        if let Some(index) = self.find_named(key) {
            return self.convert(index, key).map(Some);
        }
        let next = self.given.iter().position(|(argument, taken)| {
            taken.is_none() && argument.key.is_none() && matches!(argument.value.value, Value::Word(_)) == T::WORD
        });
        next.map(|index| self.convert(index, key)).transpose()
    }

    /// As [`Arguments::positional`], but it must be there.
    pub fn required<T: FromValue>(&mut self, key: &'static str) -> Result<T, Diagnostic> {
        if let Some(Some(sample)) = self.probed(key, Given::Always) {
            return Ok(sample);
        }
        let value = self.positional(key)?;
        if value.is_none() {
            self.missing = Some(key);
        }
        value.ok_or_else(|| {
            let callee = &self.callee;
            let unused = self
                .given
                .iter()
                .filter(|(_, taken)| taken.is_none())
                .filter_map(|(argument, _)| argument.key.as_ref());
            let is_meant = |written: &&Spanned<String>| match argument_alias(&written.value, &[key]) {
                Some(known) => known.ours() == Some(key),
                None => nearest(&written.value, [key]).is_some(),
            };
            if let Some(misspelt) = unused.into_iter().find(is_meant) {
                return meant(unknown_argument(&callee.value, misspelt), &misspelt.value, &[key], String::new);
            }
            Diagnostic::error(Code::MissingArgument, callee.span, format!("`{}` needs `{key}`", callee.value))
                .label(format!("`{key}` ({}) is missing", T::EXPECTED))
        })
    }

    /// The value given as `key=…` (or its shorthand); `None` if it was not given.
    pub fn optional<T: FromValue>(&mut self, key: &'static str) -> Result<Option<T>, Diagnostic> {
        if let Some(sample) = self.probed(key, Given::Named) {
            return Ok(sample);
        }
        if T::EXPECTED == bool::EXPECTED && !self.switches.contains(&key) {
            self.switches.push(key);
        }
        self.find_named(key).map(|index| self.convert(index, key)).transpose()
    }

    /// Every positional value that is left, such as the milestones of `multistep 50 100`.
    pub fn rest<T: FromValue>(&mut self, key: &'static str) -> Result<Vec<Spanned<T>>, Diagnostic> {
        if let Some(sample) = self.probed(key, Given::Anyhow) {
            let span = self.callee.span;
            return Ok(sample.or_else(asked::sample).map(|value| Spanned::new(value, span)).into_iter().collect());
        }
        let mut values = Vec::new();
        while let Some(value) = self.positional(key)? {
            let (_, span) = self.places.0.last().expect("a value that was taken has a place");
            values.push(Spanned::new(value, *span));
        }
        Ok(values)
    }

    /// Whether the bare word `key` is there, or `key=true`.
    pub fn flag(&mut self, key: &'static str) -> Result<bool, Diagnostic> {
        if let Some(sample) = self.probed(key, Given::Flag) {
            return Ok(sample.unwrap_or_default());
        }
        if let Some(value) = self.optional(key)? {
            return Ok(value);
        }
        let found = self.given.iter_mut().find(|(argument, taken)| {
            taken.is_none() && argument.key.is_none() && argument.value.value == Value::Word(key.to_string())
        });
        let Some((argument, taken)) = found else { return Ok(false) };
        *taken = Some(key);
        self.places.0.push((key, argument.value.span));
        Ok(true)
    }

    /// Where argument `key` was written, once it has been taken; the call's name otherwise.
    pub fn place(&self, key: &str) -> Span {
        self.places.get(key).unwrap_or(self.callee.span)
    }

    /// An error about the value of argument `key`, which has been taken.
    pub fn invalid(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.refused(Code::InvalidArgument, key, message)
    }

    /// The same of another kind.
    pub fn refused(&self, code: Code, key: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.place(key), message)
    }

    /// The error with what there is to say of the value of another argument.
    #[must_use]
    pub fn beside(&self, error: Diagnostic, key: &str, text: &str) -> Diagnostic {
        error.other(self.place(key), text)
    }

    /// The error with advice that another value in the place of that of `key` follows.
    #[must_use]
    pub fn instead(&self, error: Diagnostic, key: &str, value: &str, advice: String) -> Diagnostic {
        error.fix(advice, self.place(key), value)
    }

    /// Errors for what nobody asked for; otherwise the call, and the places of its arguments.
    pub fn finish(self) -> Result<(ResolvedCall, Places), Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut left = self.given.iter().filter(|(_, taken)| taken.is_none()).map(|(argument, _)| argument).peekable();
        while let Some(argument) = left.next().filter(|_| errors.len() < MOST_LEFT_OVER) {
            // `stride 2` is one mistake.
            let value = left.next_if(|next| self.lacks_value(argument) && next.key.is_none());
            errors.push(self.left_over(argument, value));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok((ResolvedCall::taken(self.callee.value, self.given), self.places))
    }

    fn find_named(&mut self, key: &'static str) -> Option<usize> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        // Dropout's own `p` was taken for the shorthand.
        let is_named = |given: &Spanned<String>| given.value == key || given.value == long_form(key);
        self.given.iter().position(|(argument, taken)| taken.is_none() && argument.key.as_ref().is_some_and(is_named))
    }

    fn convert<T: FromValue>(&mut self, index: usize, key: &'static str) -> Result<T, Diagnostic> {
        let (argument, taken) = &mut self.given[index];
        *taken = Some(key);
        let value = &argument.value;
        self.places.0.push((key, value.span));
        T::from_value(&value.value).ok_or_else(|| wrong_value::<T>(key, &self.callee.value, value))
    }

    /// Whether it is the bare name of an argument.
    fn lacks_value(&self, argument: &Evaluated) -> bool {
        let is_asked = |word: &str| self.asked.contains(&word) || self.asked.contains(&long_form(word));
        argument.key.is_none() && matches!(&argument.value.value, Value::Word(word) if is_asked(word))
    }

    /// `follows` is what stands where the value of a bare name may have been meant to.
    fn left_over(&self, argument: &Evaluated, follows: Option<&Evaluated>) -> Diagnostic {
        let callee = &self.callee.value;
        let Some(key) = &argument.key else {
            let value = &argument.value;
            let is_twice = |other: &Evaluated| other.value.value == value.value && other.key.is_none();
            let is_word = matches!(value.value, Value::Word(_));
            if let Some(earlier) =
                self.given.iter().find(|(other, taken)| taken.is_some() && is_word && is_twice(other))
            {
                return Diagnostic::error(
                    Code::UnknownArgument,
                    value.span,
                    format!("`{callee}` has `{}` twice", value.value.quoted()),
                )
                .other(earlier.0.value.span, "first here");
            }
            let diagnostic = Diagnostic::error(
                Code::UnknownArgument,
                value.span,
                format!("`{callee}` does not take `{}`", value.value.quoted()),
            );
            return match &value.value {
                Value::Word(word) if self.lacks_value(argument) => {
                    let value = follows.map_or("…".to_string(), |follows| follows.value.value.quoted());
                    diagnostic.help(format!("`{word}` needs a value: write `{word}={value}`"))
                }
                Value::Word(word) if self.switched_off(word).is_some() => {
                    let off = format!("{}=false", self.switched_off(word).unwrap_or_default());
                    diagnostic.certain(format!("write `{off}`"), value.span, off)
                }
                Value::Word(word) => meant(diagnostic, word, &self.asked, || self.usage()),
                _ => diagnostic.help(self.usage()),
            };
        };
        if self.asked.contains(&key.value.as_str()) {
            let message = format!("`{}` of `{callee}` is given twice", key.value);
            let error = Diagnostic::error(Code::Duplicate, key.span, message).help("leave one of them out");
            return match self.places.get(&key.value) {
                Some(first) => error.other(first, "first here"),
                None => error,
            };
        }
        // A letter that was taken for its long form may be another framework's: `p` is a probability to torchvision.
        let letter = key.value.get(..1).filter(|_| key.span.range().len() == 1);
        let letter = letter.filter(|letter| argument_alias(letter, &self.asked).is_some());
        let key = Spanned::new(letter.unwrap_or(&key.value).to_string(), key.span);
        meant(unknown_argument(callee, &key), &key.value, &self.asked, || self.usage())
    }

    /// The argument that is true or false and that a word such as `nobias` or `no_bias` is to switch off.
    fn switched_off(&self, word: &str) -> Option<&'static str> {
        let rest = word.strip_prefix("no")?.trim_start_matches('_');
        self.switches.iter().copied().find(|key| *key == rest)
    }

    /// What the call takes, in words.
    fn usage(&self) -> String {
        if self.asked.is_empty() {
            return format!("`{}` takes no arguments", self.callee.value);
        }
        let names: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        format!("`{}` takes {}", self.callee.value, names.join(", "))
    }
}

/// What an argument that is `written` so is in other frameworks; what is only another name is one of `asked`.
fn argument_alias(written: &str, asked: &[&str]) -> Option<&'static aliases::Name> {
    aliases::find(written, aliases::ARGUMENTS.iter(), |ours| asked.contains(&ours))
}

/// Advice for an argument that nobody `asked` for: what others mean by it, or else what is spelt nearly alike.
fn meant(error: Diagnostic, written: &str, asked: &[&'static str], otherwise: impl FnOnce() -> String) -> Diagnostic {
    let own = asked.iter().copied().find(|own| aliases::is_spelt_as(own, written));
    match (own, argument_alias(written, asked)) {
        (None, Some(known)) => known.advise(error, written),
        (Some(own), _) => error.spelt(own),
        (None, None) => error.did_you_mean(written, asked.iter().copied(), otherwise),
    }
}

fn unknown_argument(callee: &str, key: &Spanned<String>) -> Diagnostic {
    Diagnostic::error(Code::UnknownArgument, key.span, format!("`{callee}` has no argument `{}`", key.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    #[test]
    fn is_written_as_short_as_the_notation_can() {
        let span = Span::new(Sources::default().add("test", ""), 0..0);
        let argument = |key: &str, value| Evaluated {
            key: (!key.is_empty()).then(|| Spanned::new(key.to_string(), span)),
            value: Spanned::new(value, span),
        };
        let given = vec![
            argument("", Value::Int(64)),
            argument("", Value::Size(3, 5)),
            argument("stride", Value::Int(2)),
            argument("padding", Value::Size(1, 2)),
            argument("groups", Value::Float(4.0)),
            argument("bias", Value::Bool(false)),
            argument("eps", Value::Float(1e-5)),
        ];
        let arguments = Arguments::new(Spanned::new("conv".to_string(), span), given);
        assert_eq!(arguments.notation(), "conv 64 3x5 s2 p1x2 g4 bias=false eps=1e-5");
    }
}
