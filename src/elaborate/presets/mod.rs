//! Families of networks that a few numbers describe. A preset writes the same items that a user could write by hand.

mod resnet;
mod vgg;

use super::language::Key;
use super::scope::Scope;
use super::settings::Settings;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::ast::{Item, ItemBody, Section, Template, TemplatePart};
use crate::syntax::notation;
use crate::syntax::text::Text;

type Expand = fn(&mut Settings, classes: usize) -> Vec<Item>;

/// Every preset: its key in a document, and what it stands for.
const PRESETS: [(&str, Expand); 2] = [("vgg", vgg::expand), ("resnet", resnet::expand)];

/// The keys of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The settings of each preset.
pub fn keys() -> Vec<(&'static str, Vec<Key>)> {
    let keys = |name: &str, expand: Expand| Settings::taken_by(name, |settings| drop(expand(settings, 1)));
    PRESETS.iter().map(|(name, expand)| (*name, keys(name, *expand))).collect()
}

/// The items that preset `name` stands for with these settings.
pub fn expand(
    name: &Spanned<String>,
    section: &Section,
    classes: Option<usize>,
    scope: &Scope,
) -> Result<Vec<Item>, Vec<Diagnostic>> {
    let (_, expand) =
        PRESETS.iter().find(|(known, _)| *known == name.value).expect("the document's reader takes only known presets");
    let mut settings = Settings::new(&name.value, section, scope);
    if scope.get("classes").is_none() {
        let error = Diagnostic::error(Code::MissingKey, name.span, format!("preset `{}` needs `classes`", name.value));
        settings.report(error.help("add for example `classes: 10` at the top of the file"));
    }
    // With `classes` wrong, which has been reported, everything else is still checked.
    let items = expand(&mut settings, classes.unwrap_or(1));
    settings.finish().map(|()| items)
}

/// Items written by a preset, all of them placed at `span`, the user's words that ask for them.
pub fn generated(chain: &str, span: Span) -> Vec<Item> {
    match notation::chain(&Text::generated(chain, span)) {
        Ok(items) => items,
        Err(error) => unreachable!("a preset writes valid notation: {} in {chain}", error.message),
    }
}

/// A level called `name` with these items in it.
fn level(name: impl Into<String>, items: Vec<Item>, span: Span) -> Item {
    let name = Template(vec![TemplatePart::Text(name.into())]);
    Item { name: Some(Spanned::new(name, span)), body: ItemBody::Sequence(items), span }
}
