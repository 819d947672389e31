//! What can follow within a line of notation.

use super::candidates::{Candidate, What, called};
use crate::arguments::{Arguments, Asked, Form, Given};
use crate::elaborate::language::{self, Callable, FUNCTIONS};
use crate::layers::Layers;
use crate::lsp::names::{Item, Names};

/// What can be called here.
pub enum Calls<'a> {
    /// Layers and blocks, in the block of this name.
    Layers { layers: &'a Layers, names: &'a Names, block: Option<&'a str> },
    /// Something of a recipe.
    Recipe { calls: &'a [Callable], names: &'a Names },
}

impl Calls<'_> {
    fn names(&self) -> &Names {
        match self {
            Calls::Layers { names, .. } | Calls::Recipe { names, .. } => names,
        }
    }

    fn block(&self) -> Option<&str> {
        match self {
            Calls::Layers { block, .. } => *block,
            Calls::Recipe { .. } => None,
        }
    }

    fn callable(&self) -> Vec<Candidate> {
        match self {
            Calls::Recipe { calls, .. } => calls.iter().map(|call| called(call, What::Layer)).collect(),
            Calls::Layers { layers, names, .. } => {
                let blocks = names.blocks.iter().map(|(name, parameters, _)| {
                    Candidate::new(name, What::Block).detail(format!("{name}({})", parameters.join(", ")))
                });
                blocks.chain(language::layers(layers).iter().map(|call| called(call, What::Layer))).collect()
            }
        }
    }

    /// What `callee` takes, unless it is a block.
    fn asked(&self, callee: &str) -> Vec<Asked> {
        match self {
            Calls::Recipe { calls, .. } => {
                calls.iter().filter(|call| call.name == callee).flat_map(|call| call.parameters.clone()).collect()
            }
            Calls::Layers { layers, .. } => match layers.find(callee) {
                Some(definition) => Arguments::asked_by(callee, definition.parse),
                None => Vec::new(),
            },
        }
    }

    fn own(&self, callee: &str) -> &[String] {
        let block = self.names().blocks.iter().find(|(name, ..)| name == callee);
        match self {
            Calls::Layers { .. } => block.map_or(&[], |(_, parameters, _)| parameters),
            Calls::Recipe { .. } => &[],
        }
    }

    /// The names of what `callee` takes, each with what it can be.
    pub fn parameters(&self, callee: &str) -> Vec<(String, Option<String>)> {
        let own = self.own(callee).iter().map(|name| (name.clone(), None));
        let asked = self.asked(callee).into_iter();
        own.chain(asked.map(|asked| (asked.name.to_string(), Some(asked.form.expected.to_string())))).collect()
    }
}

/// What can follow what is `written` of a chain.
pub fn chain(written: &str, calls: &Calls<'_>) -> Vec<Candidate> {
    if is_arithmetic(written) {
        return expression(calls.names(), calls.block());
    }
    let call = written.rsplit("->").next().unwrap_or_default();
    let call = call.trim_start_matches([' ', '(']);
    let Some((callee, arguments)) = call.split_once(' ') else { return calls.callable() };
    let word = arguments.rsplit(' ').next().unwrap_or_default();
    let given: Vec<&str> = arguments.split_whitespace().collect();
    // Behind `as` stands a name of one's own, behind `x` a number.
    if matches!(given.as_slice(), [.., "as" | "x"])
        || matches!(given.as_slice(), [.., "as" | "x", last] if *last == word)
    {
        return Vec::new();
    }
    let (asked, own) = (calls.asked(callee), calls.own(callee));
    if let Some((key, _)) = word.split_once('=') {
        let form = asked.iter().find(|parameter| parameter.name == key).map(|parameter| &parameter.form);
        return match form {
            Some(_) if key == "like" => calls.names().items.iter().filter(|item| item.is_plain).map(item).collect(),
            Some(form) => words(form),
            None if own.iter().any(|name| name == key) => calls.callable(),
            None => Vec::new(),
        };
    }
    // Those at the start are given without their names.
    let is_named = |word: &&&str| word.contains('=');
    let mut unnamed = given.iter().filter(|given| !is_named(given) && **given != word).count();
    let mut found = Vec::new();
    for Asked { name, form, given: how } in &asked {
        let is_given = given.iter().any(|given| given.split('=').next() == Some(name) && *given != word);
        let is_positional = matches!(how, Given::Always | Given::Anyhow) && form.is_number();
        let is_first = is_positional && unnamed > 0 && !is_given;
        unnamed -= usize::from(is_first);
        if is_given || is_first {
            continue;
        }
        match how {
            Given::Flag => found.push(Candidate::new(*name, What::Argument).detail("a flag")),
            _ => found.push(Candidate::new(format!("{name}="), What::Argument).detail(form.expected)),
        }
        if *how == Given::Anyhow {
            found.extend(words(form));
        }
    }
    for name in own.iter().filter(|name| !given.iter().any(|given| given.split('=').next() == Some(name))) {
        found.push(Candidate::new(name, What::Argument).detail("a flag of the block"));
        found.push(Candidate::new(format!("{name}="), What::Argument).detail("a parameter of the block"));
    }
    if let Calls::Layers { .. } = calls {
        found.push(Candidate::new("as", What::Word).detail("a name"));
    }
    found
}

/// What is named in the network.
fn item(item: &Item) -> Candidate {
    Candidate::new(&item.name, What::Item)
}

/// Whether braces are open, so that arithmetic is being written.
fn is_arithmetic(written: &str) -> bool {
    written.rfind('{').is_some_and(|at| !written[at..].contains('}'))
}

fn words(form: &Form) -> Vec<Candidate> {
    let truths = ["true", "false"].into_iter().filter(|_| form.truth);
    form.words.iter().map(String::as_str).chain(truths).map(|word| Candidate::new(word, What::Word)).collect()
}

/// What can stand in arithmetic, in the block of this name.
pub fn expression(names: &Names, block: Option<&str>) -> Vec<Candidate> {
    let parameters = names.blocks.iter().filter(|(name, ..)| Some(name.as_str()) == block);
    let parameters = parameters.flat_map(|(_, parameters, _)| parameters);
    let named = |what: &'static str| move |name: &String| Candidate::new(name, What::Name).detail(what);
    let builtins = [
        ("classes", "the file's"),
        ("channels", "that arrive here"),
        ("height", "of the map that arrives here"),
        ("width", "of the map that arrives here"),
        ("in", "channels that enter the block or branch around it"),
        ("i", "the round of the repeat around it"),
    ];
    let builtins = builtins.map(|(name, what)| Candidate::new(name, What::Name).detail(what));
    let functions = FUNCTIONS.iter().map(|(name, usage)| Candidate::new(*name, What::Layer).detail(*usage));
    let own = parameters.map(named("a parameter")).chain(names.lets.iter().map(named("under `let`")));
    own.chain(builtins).chain(functions).collect()
}
