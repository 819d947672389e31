//! Calls of blocks.

use super::call;
use super::expression::evaluate;
use super::level::{Level, Wire};
use super::meet::listed;
use super::scope::{Binding, Scope};
use super::walk::Walk;
use crate::arguments::{Value, long_form};
use crate::diagnostic::{Code, Diagnostic, Frame, Span, Spanned};
use crate::syntax::ast::{Argument, Block, Call, Expr, Parameter, Term};

/// How deep blocks may call blocks.
const DEEPEST_CALL: usize = 64;

/// So many arguments that a call does not take are reported.
const MOST_SURPLUS: usize = 100;

/// The body of `block`, wired where it is called, in a level of its own.
pub(super) fn expand<'d>(
    walk: &mut Walk<'d>,
    block: &'d Block,
    call: &Call,
    name: &str,
    scope: &Scope,
    input: Wire,
) -> Wire {
    if walk.calling.contains(&block.name.value.as_str()) {
        let error =
            Diagnostic::error(Code::Recursion, call.name.span, format!("block `{}` calls itself", block.name.value));
        walk.report(error.other(block.name.span, "defined here"));
        return walk.lost();
    }
    if walk.calling.len() == DEEPEST_CALL {
        walk.report(Diagnostic::error(
            Code::Limit,
            call.name.span,
            format!("blocks call each other more than {DEEPEST_CALL} deep"),
        ));
        return walk.lost();
    }
    let Some(parameters) = &block.parameters else { return walk.lost() };
    if walk.has_surplus(call.span) {
        return walk.lost();
    }
    let home = block.home.map_or(walk.scope, |home| walk.homes[home]);
    let (names, input) = match bind(walk, block, parameters, call, scope) {
        Some(mut names) => {
            add_defaults(walk, parameters, &home, &mut names);
            (names, input)
        }
        // With nothing known, only what is wrong with the block itself is found.
        None => (parameters.iter().map(|(name, _)| Binding::new(&name.value, None)).collect(), walk.lost()),
    };
    let outside = walk.trace.clone();
    let name_of_block = block.name.value.as_str();
    let what =
        walk.frames.entry(name_of_block).or_insert_with(|| format!("in block `{name_of_block}`, called here").into());
    let frame = Frame { what: what.clone(), span: call.span };
    walk.trace = outside.iter().cloned().chain([frame]).collect();
    walk.calling.push(&block.name.value);
    let output = walk.enclosed(&block.body, &home.inside(&names), &mut Level::named(name), input);
    walk.calling.pop();
    walk.trace = outside;
    output
}

/// The arguments of the call, by parameter, with unknown values for those that cannot be worked out; `None`, after a
/// report, if the call does not fit the block.
fn bind<'p>(
    walk: &mut Walk,
    block: &Block,
    parameters: &'p [Parameter],
    call: &Call,
    scope: &Scope,
) -> Option<Vec<Binding<'p>>> {
    let mut names: Vec<Binding> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    let mut positional = parameters.iter();
    let mut surplus_found = Vec::new();
    let mut fits = true;
    for argument in &call.arguments {
        let target = target(argument, parameters, &mut positional);
        let Some((Spanned { value: parameter, .. }, default)) = target else {
            if surplus_found.len() == MOST_SURPLUS {
                continue;
            }
            surplus_found.push(surplus(block, parameters, argument.key.as_ref(), argument.value.span));
            continue;
        };
        if let Some(earlier) = names.iter().position(|binding| binding.name == *parameter) {
            let message = format!("`{parameter}` of `{}` is given twice", block.name.value);
            let error = Diagnostic::error(Code::Duplicate, argument.span, message).other(places[earlier], "first here");
            walk.report(error.help(format!("leave one of them out; {}", usage(block, parameters))));
            fits = false;
            continue;
        }
        let value = match (flag(argument, parameters).is_some(), default) {
            (false, _) => call::term(&argument.value, scope),
            (true, Some(Spanned { value: Expr::Bool(_), .. })) => Ok(Some(Value::Bool(true))),
            (true, _) => {
                fits = false;
                let message = format!("`{parameter}` of `{}` needs a value", block.name.value);
                let error = Diagnostic::error(Code::InvalidArgument, argument.span, message);
                Err(error.help(format!("write `{parameter}=…`")))
            }
        };
        let value = walk.checked(value).flatten();
        names.push(Binding::new(parameter, value));
        places.push(argument.span);
    }
    let missing: Vec<&Parameter> = parameters
        .iter()
        .filter(|(name, default)| default.is_none() && names.iter().all(|binding| binding.name != name.value))
        .collect();
    // What was given under a wrong name may be meant.
    if let Some((first, _)) = missing.first().filter(|_| surplus_found.is_empty()) {
        let quoted: Vec<String> = missing.iter().map(|(name, _)| format!("`{}`", name.value)).collect();
        let message = format!("`{}` needs {}", block.name.value, listed(&quoted, "and"));
        let error = Diagnostic::error(Code::MissingArgument, call.span, message);
        walk.report(error.other(first.span, "it has no default").help(usage(block, parameters)));
    }
    let fits = fits && missing.is_empty() && surplus_found.is_empty();
    if let (false, Ok(Some(given))) = (surplus_found.is_empty(), call::arguments(call, scope)) {
        walk.report_surplus(surplus_found, call, &given, None);
    }
    fits.then_some(names)
}

/// `` usage: `bottleneck WIDTH [stride=1 se=false]` ``.
fn usage(block: &Block, parameters: &[Parameter]) -> String {
    let default = |(name, default): &Parameter| {
        default.as_ref().map(|default| match &default.value {
            Expr::Int(value) => format!("{}={value}", name.value),
            Expr::Float(value) => format!("{}={value:?}", name.value),
            Expr::Bool(value) => format!("{}={value}", name.value),
            Expr::Name(value) => format!("{}={value}", name.value),
            _ => format!("{}=…", name.value),
        })
    };
    let required = parameters.iter().filter(|(_, default)| default.is_none());
    let required: String = required.map(|(name, _)| format!(" {}", name.value.to_uppercase())).collect();
    let optional: Vec<String> = parameters.iter().filter_map(default).collect();
    match optional.as_slice() {
        [] => format!("usage: `{}{required}`", block.name.value),
        optional => format!("usage: `{}{required} [{}]`", block.name.value, optional.join(" ")),
    }
}

/// The parameter that an argument is for; `positional` are those that have not been given by position.
pub(super) fn target<'d>(
    argument: &Argument,
    parameters: &'d [Parameter],
    positional: &mut impl Iterator<Item = &'d Parameter>,
) -> Option<&'d Parameter> {
    match (&argument.key, flag(argument, parameters)) {
        (_, Some(flag)) => Some(flag),
        (None, None) => positional.next(),
        (Some(key), None) => {
            // A parameter's own `s` was taken for the shorthand.
            let named = |form: fn(&str) -> &str| parameters.iter().find(|(name, _)| form(&name.value) == key.value);
            named(|name| name).or_else(|| named(long_form))
        }
    }
}

/// The parameter that a bare word switches on: `bottleneck 64 se` is `bottleneck 64 se=true`.
fn flag<'d>(argument: &Argument, parameters: &'d [Parameter]) -> Option<&'d Parameter> {
    match (&argument.key, &argument.value.value) {
        (None, Term::Word(word)) => parameters.iter().find(|(name, _)| name.value == *word),
        _ => None,
    }
}

fn surplus(block: &Block, parameters: &[Parameter], key: Option<&Spanned<String>>, span: Span) -> Diagnostic {
    let name = &block.name.value;
    let parameters: Vec<&str> = parameters.iter().map(|(name, _)| name.value.as_str()).collect();
    let list = match parameters.as_slice() {
        [] => format!("`{name}` has no parameters"),
        parameters => format!("the parameters of `{name}` are {}", parameters.join(", ")),
    };
    let Some(key) = key else {
        let message = match parameters.len() {
            0 => format!("`{name}` takes no arguments"),
            1 => format!("`{name}` takes one argument"),
            count => format!("`{name}` takes at most {count} arguments"),
        };
        return Diagnostic::error(Code::UnknownArgument, span, message).help(list);
    };
    let error =
        Diagnostic::error(Code::UnknownArgument, key.span, format!("`{name}` has no parameter `{}`", key.value));
    error.did_you_mean(&key.value, parameters, || list)
}

/// Defaults may use the parameters before them.
fn add_defaults<'p>(walk: &mut Walk, parameters: &'p [Parameter], home: &Scope, names: &mut Vec<Binding<'p>>) {
    for (parameter, default) in parameters {
        let Some(default) = default else { continue };
        if names.iter().any(|binding| binding.name == parameter.value) {
            continue;
        }
        let value = match &default.value {
            // The name of a layer or block, to be called as `{act}`.
            Expr::Name(name) if home.inside(names).get(name).is_none() && walk.is_callable(name) => {
                Some(Value::Word(name.clone()))
            }
            _ => walk.checked(evaluate(default, &home.inside(names))).flatten(),
        };
        names.push(Binding::new(&parameter.value, value));
    }
}
