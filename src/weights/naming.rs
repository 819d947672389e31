//! What the names in a file may mean: wrappers around the network, and the names that other packages have for the same
//! layers.

mod convnext;
mod densenet;
mod hugging_face;
mod timm;

use std::borrow::Cow;
use std::collections::BTreeSet;

/// What models are called inside other modules: before every name of the network, any number of them.
const WRAPPERS: [&str; 6] = ["module", "_orig_mod", "model", "net", "backbone", "timm_model"];

/// Wrappers that may also stand in the middle of a name: `features.module.0.weight`.
const INNER: [&str; 4] = ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// The most prefixes that are tried.
const MOST_PREFIXES: usize = 16;

/// No package has a network of so many arrays.
const MOST_TRANSLATED: usize = 50_000;

/// One way to understand the names in a file.
pub struct Naming<'a> {
    /// Whose names they are, where it is another package.
    pub whose: Option<&'static str>,
    /// The network's name for each; `None` for what lies outside the network.
    pub names: Vec<Option<Cow<'a, str>>>,
}

/// What names are in torchvision, where they are of a package at all; `None` for what lies outside of the network.
type Translated = Option<Vec<Option<String>>>;

/// Another package's names: what they are in torchvision, for the weights of a network that has the names `own`.
struct Family {
    whose: &'static str,
    translate: fn(&[Cow<str>], own: &[&str]) -> Translated,
}

const FAMILIES: [Family; 11] = [
    Family { whose: "torchvision's first DenseNets", translate: densenet::first },
    Family { whose: "timm", translate: timm::vgg },
    Family { whose: "timm", translate: timm::mobilenet_v2 },
    Family { whose: "timm", translate: timm::mobilenet_v3 },
    Family { whose: "timm", translate: timm::efficientnet },
    Family { whose: "timm", translate: timm::regnet },
    Family { whose: "timm", translate: convnext::timm },
    Family { whose: "Hugging Face", translate: convnext::hugging_face },
    Family { whose: "Hugging Face", translate: hugging_face::resnet_or_regnet },
    Family { whose: "Hugging Face", translate: hugging_face::mobilenet_v2 },
    Family { whose: "Hugging Face", translate: hugging_face::efficientnet },
];

/// Tries the ways to understand `names`, the simplest first, until `fits` says that one does.
pub fn try_all<'a>(names: &'a [Cow<'a, str>], own: &[&str], mut fits: impl FnMut(&Naming<'a>) -> bool) {
    for prefix in prefixes(names) {
        let stripped = |name: &'a Cow<'a, str>| name.strip_prefix(prefix).map(Cow::Borrowed);
        if fits(&Naming { whose: None, names: names.iter().map(stripped).collect() }) {
            return;
        }
    }
    let bare: Vec<Cow<'a, str>> = names.iter().map(|name| without_wrappers(name)).collect();
    if bare != names && fits(&Naming { whose: None, names: bare.iter().cloned().map(Some).collect() }) {
        return;
    }
    if bare.len() > MOST_TRANSLATED {
        return;
    }
    for Family { whose, translate } in FAMILIES {
        if let Some(translated) = translate(&bare, own) {
            let names = translated.into_iter().map(|name| name.map(Cow::Owned)).collect();
            if fits(&Naming { whose: Some(whose), names }) {
                return;
            }
        }
    }
}

/// Whatever wrappers the names begin with, from none at all.
fn prefixes<'a>(names: &'a [Cow<'a, str>]) -> impl Iterator<Item = &'a str> {
    let mut found = BTreeSet::from([(0, "")]);
    for name in names {
        let mut end = 0;
        while let Some((word, _)) = name[end..].split_once('.')
            && WRAPPERS.contains(&word)
            && found.len() < MOST_PREFIXES
        {
            end += word.len() + 1;
            found.insert((end, &name[..end]));
        }
    }
    found.into_iter().map(|(_, prefix)| prefix)
}

/// A name without the wrappers before it and those within it.
fn without_wrappers<'a>(name: &'a str) -> Cow<'a, str> {
    let mut rest = name;
    while let Some((word, behind)) = rest.split_once('.')
        && (WRAPPERS.contains(&word) || INNER.contains(&word))
    {
        rest = behind;
    }
    match rest.rsplit_once('.') {
        Some((layer, part)) if layer.split('.').any(|word| INNER.contains(&word)) => {
            let words = layer.split('.').filter(|word| !INNER.contains(word)).chain([part]);
            Cow::Owned(words.collect::<Vec<_>>().join("."))
        }
        _ => Cow::Borrowed(rest),
    }
}

/// The words of a name but for its last, and the last: of `conv1.weight`, `conv1` and `weight`.
fn parted(name: &str) -> Option<(Vec<&str>, &str)> {
    let (owner, part) = name.rsplit_once('.')?;
    Some((owner.split('.').collect(), part))
}

/// The names of all weights by way of the names of their layers.
fn by_layer(names: &[Cow<str>], layer: impl Fn(&[&str]) -> Option<String>) -> Vec<Option<String>> {
    let one = |name: &Cow<str>| {
        let (owner, part) = parted(name)?;
        Some(format!("{}.{part}", layer(&owner)?))
    };
    names.iter().map(one).collect()
}

/// A number that counts layers.
fn number(word: &str) -> Option<usize> {
    word.parse().ok().filter(|number| *number < 10_000)
}

/// `0` behind a convolution, `1` behind the norm that follows it.
fn place_in_pair(word: &str) -> Option<usize> {
    match word {
        "convolution" | "conv" => Some(0),
        "normalization" | "bn" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_found_wherever_they_stand() {
        let names = ["module.model.conv.weight", "module.head.bias", "loss.weight"].map(Cow::from);
        assert_eq!(prefixes(&names).collect::<Vec<_>>(), ["", "module.", "module.model."]);
        for (name, expected) in [
            ("module._orig_mod.net.conv.weight", "conv.weight"),
            ("features.module.0.weight", "features.0.weight"),
            ("layer1._orig_mod.0._fsdp_wrapped_module.conv1.weight", "layer1.0.conv1.weight"),
            ("features.model.weight", "features.model.weight"),
            ("module", "module"),
        ] {
            assert_eq!(without_wrappers(name), expected);
        }
    }
}
