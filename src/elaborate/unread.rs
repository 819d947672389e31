//! What is said about a layer's arguments that cannot be read, where the call tells more than its values: a word in
//! place of a number, a list that was not indexed, a layer that stands among the arguments.

use super::call;
use super::meet::listed;
use super::scope::Scope;
use super::vanished::with_arithmetic;
use super::walk::Walk;
use crate::arguments::{Arguments, Value};
use crate::diagnostic::{Code, Diagnostic, Edit, Help, Span, Spanned};
use crate::layers::Definition;
use crate::syntax::ast::{Argument, Call, Expr, Term};

/// So many layers may stand among the arguments of one, to be taken for a chain.
const LONGEST_CHAIN: usize = 8;

/// Layers whose sizes are those of what arrives, though other frameworks want them written.
const OF_CHANNELS: [&str; 4] = ["bn", "gn", "ln", "prelu"];

/// What a layer objects to in its own arguments, put into the words of the call, which stands in `block`.
pub(super) fn in_words_of_call(
    error: Diagnostic,
    definition: &Definition,
    call: &Call,
    scope: &Scope,
    block: Option<&str>,
) -> Diagnostic {
    let wrong = error.primary.span;
    let is_positional = call.arguments.iter().any(|given| given.key.is_none() && given.value.span == wrong);
    let numbers_failed = error.code == Code::MissingArgument || error.code == Code::InvalidArgument && is_positional;
    if let Some(error) = word_for_number(definition, call, scope).filter(|_| numbers_failed) {
        return error;
    }
    let listed = call.arguments.iter().find(|given| given.value.span == wrong).and_then(|given| {
        let Term::Expr(expr) = &given.value.value else { return None };
        matches!(call::term(&given.value, scope), Ok(Some(Value::List(_)))).then(|| written(&expr.value)).flatten()
    });
    let is_valid = call.arguments.iter().any(|given| {
        let is_word = matches!(&given.value.value, Term::Word(word) | Term::NameOrWord(word) if word == "valid");
        given.value.span == wrong && is_word
    });
    if is_valid && error.help.is_empty() {
        return error.help("`valid` (Keras, TensorFlow) is no padding: leave it out");
    }
    match listed {
        Some(list) if error.code == Code::InvalidArgument => error.help(match block {
            Some(block) => format!("index the list: `{{{list}[0]}}`, or with `[0]` where `{block}` is called"),
            None => format!("index the list: `{{{list}[0]}}`"),
        }),
        _ => with_arithmetic(error, call, scope),
    }
}

/// An expression without a key whose value is a word. Words that are written as such are flags.
fn word_for_number(definition: &Definition, call: &Call, scope: &Scope) -> Option<Diagnostic> {
    call.arguments.iter().filter(|given| given.key.is_none()).find_map(|given| {
        let Term::Expr(expr) = &given.value.value else { return None };
        let Ok(Some(Value::Word(word))) = call::term(&given.value, scope) else { return None };
        let what = written(&expr.value).map_or("this".to_string(), |text| format!("`{{{text}}}`"));
        let message = format!("{what} is `{word}`, where `{}` needs a number", definition.name);
        Some(Diagnostic::error(Code::InvalidArgument, given.value.span, message))
    })
}

/// A name, or an entry of a list that has one, as it is written.
fn written(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.clone()),
        Expr::Int(value) => Some(value.to_string()),
        Expr::Index(list, index) => Some(format!("{}[{}]", written(&list.value)?, written(&index.value)?)),
        _ => None,
    }
}

/// What is wrong in a call besides that an argument is missing. Under the names that they have here the arguments may
/// all be there: then what they mean together can be read too.
pub(super) fn mistakes_besides(definition: &Definition, given: &Arguments) -> Vec<Diagnostic> {
    let mut errors = given.clone().mistakes(definition.parameters);
    let mut renamed = given.clone().renamed(definition.parameters);
    let error = (definition.parse)(&mut renamed).err().filter(|_| renamed.missing().is_none());
    let is_new = |error: &Diagnostic| errors.iter().all(|known| known.primary.span != error.primary.span);
    let error = error.filter(is_new);
    errors.extend(error);
    errors
}

impl Walk<'_> {
    /// Whether the call at this place has arguments that nobody asked for, which another round of a repeat need not
    /// find again.
    pub(super) fn has_surplus(&self, call: Span) -> bool {
        self.is_reported(Code::UnknownArgument, call)
    }

    /// Reports what nobody asked for in a call, which reads a value of so many channels or features, if that is known.
    /// Layers among the arguments are one mistake.
    pub(super) fn report_surplus(
        &mut self,
        mut errors: Vec<Diagnostic>,
        call: &Call,
        given: &Arguments,
        arriving: Option<usize>,
    ) {
        self.reported.insert((Code::UnknownArgument, call.span));
        errors.retain(|error| !self.is_reported(error.code, error.primary.span));
        if errors.is_empty() {
            return;
        }
        let is_surplus = |argument: &Argument| {
            let place = argument.key.as_ref().map_or(argument.value.span, |key| key.span);
            errors.iter().any(|error| error.code == Code::UnknownArgument && error.primary.span == place)
        };
        let layers = call.arguments.iter().filter_map(|given| match &given.value.value {
            Term::Word(word) | Term::NameOrWord(word) if is_surplus(given) && self.is_callable(word) => {
                Some((given, word.as_str()))
            }
            _ => None,
        });
        let layers: Vec<(&Argument, &str)> = layers.collect();
        let places: Vec<Span> = layers.iter().map(|(argument, _)| argument.value.span).collect();
        let keys: Vec<Span> = layers.iter().filter_map(|(given, _)| Some(given.key.as_ref()?.span)).collect();
        let mut advice = chain(call, given, &layers);
        let is_chain = advice.is_some();
        for mut error in errors {
            let place = error.primary.span;
            if is_chain && (places.contains(&place) || keys.contains(&place)) {
                let Some(help) = advice.take() else { continue };
                error.help.clear();
                error = advised(error, help);
            } else if let Some(help) =
                not_needed(call, place).or_else(|| self.number_too_many(call, given, arriving, place))
            {
                error.help.clear();
                error = advised(error, help);
            }
            self.report(error);
        }
    }
}

impl Walk<'_> {
    /// What is meant by one number more than a layer takes: `conv 3 16 3x3` says what arrives, `conv 16 3 3` writes a
    /// kernel with a blank, `maxpool 3 2` a stride. What is advised can be read.
    fn number_too_many(&self, call: &Call, given: &Arguments, arriving: Option<usize>, place: Span) -> Option<Help> {
        let definition = self.layers.find(&call.name.value).filter(|_| call.room.is_some())?;
        let is_read =
            |mut arguments: Arguments| (definition.parse)(&mut arguments).is_ok_and(|_| arguments.finish().is_ok());
        let number = |argument: &Argument| match &argument.value.value {
            Term::Expr(Spanned { value: Expr::Int(number), .. }) if argument.key.is_none() => Some(*number),
            _ => None,
        };
        // Without a shape, the first number may be the channels.
        let arriving = arriving? as i64;
        let first = call.arguments.first()?;
        if number(first) == Some(arriving)
            // Other frameworks want to know how much arrives, too.
            && definition.takes("out")
            && is_read(given.clone().without(&[first.value.span]))
        {
            let edit = Some(Edit { span: Span { start: call.name.span.end, ..first.span }, text: String::new() });
            return Some(Help::likely(format!("what arrives is worked out: leave out `{arriving}`"), edit));
        }
        let index = call.arguments.iter().position(|argument| argument.value.span == place)?;
        let before = call.arguments.get(index.checked_sub(1)?)?;
        let (kernel, more) = (number(before)?, number(&call.arguments[index])?);
        let (changed, span, text, what) = match kernel == more {
            true => {
                let joined =
                    given.clone().without(&[place, before.value.span]).with("kernel", Value::Size(kernel, more));
                (joined, before.span.to(place), format!("{kernel}x{more}"), "a size is one word")
            }
            false => {
                let strided = given.clone().without(&[place]).with("stride", Value::Int(more));
                (strided, place, format!("s{more}"), "a stride has its letter")
            }
        };
        let edit = Some(Edit { span, text: text.clone() });
        is_read(changed).then(|| Help::likely(format!("{what}: write `{text}`"), edit))
    }
}

fn advised(error: Diagnostic, Help { text, edit, .. }: Help) -> Diagnostic {
    match edit {
        Some(Edit { span, text: replacement }) => error.fix(text, span, replacement),
        None => error.help(text),
    }
}

/// `` `bn` and `relu` are layers: write `conv 16 3x3 -> bn -> relu` ``.
fn chain(call: &Call, given: &Arguments, layers: &[(&Argument, &str)]) -> Option<Help> {
    let (first, _) = layers.first().filter(|_| layers.len() <= LONGEST_CHAIN)?;
    let places: Vec<Span> = layers.iter().map(|(argument, _)| argument.value.span).collect();
    let quoted: Vec<String> = layers.iter().map(|(_, word)| format!("`{word}`")).collect();
    let behind: String = layers.iter().map(|(_, word)| format!(" -> {word}")).collect();
    let text = format!(
        "{} {}: write `{}{behind}`",
        listed(&quoted, "and"),
        if layers.len() == 1 { "is a layer" } else { "are layers" },
        given.clone().without(&places).notation(),
    );
    let last = call.arguments.len().checked_sub(layers.len())?;
    let at_end = call.arguments[last..].iter().zip(layers).all(|(argument, (layer, _))| argument.span == layer.span);
    let span = call.arguments.iter().fold(first.span, |span, argument| span.to(argument.span));
    let edit = (at_end && call.room.is_some())
        .then(|| Edit { span: Span { start: first.span.start, ..span }, text: behind.trim_start().to_string() });
    Some(Help::likely(text, edit))
}

/// `` the channels are worked out: leave out `64` ``.
fn not_needed(call: &Call, place: Span) -> Option<Help> {
    let index = call.arguments.iter().position(|given| given.key.is_none() && given.value.span == place)?;
    let Term::Expr(expr) = &call.arguments[index].value.value else { return None };
    let Expr::Int(number) = expr.value else { return None };
    OF_CHANNELS.contains(&call.name.value.as_str()).then(|| {
        let before = index.checked_sub(1).map_or(call.name.span, |before| call.arguments[before].span);
        let edit = call.room.map(|_| Edit { span: Span { start: before.end, ..place }, text: String::new() });
        Help::likely(format!("the channels are worked out: leave out `{number}`"), edit)
    })
}
