//! The names in torchvision's published DenseNets: `denselayer1.norm.1` for what is `denselayer1.norm1` in its
//! networks.

use std::borrow::Cow;

use super::Translated;

pub fn first(names: &[Cow<str>], _own: &[&str]) -> Translated {
    let joined = |name: &Cow<str>| {
        let (before, rest) = name.split_once(".denselayer")?;
        let words: Vec<&str> = rest.split('.').collect();
        match words.as_slice() {
            [number, kind @ ("norm" | "conv"), place @ ("1" | "2"), part] => {
                Some(format!("{before}.denselayer{number}.{kind}{place}.{part}"))
            }
            _ => None,
        }
    };
    let translated: Vec<Option<String>> = names.iter().map(joined).collect();
    translated.iter().any(Option::is_some).then(|| {
        let kept = |(new, old): (Option<String>, &Cow<str>)| Some(new.unwrap_or_else(|| old.to_string()));
        translated.into_iter().zip(names).map(kept).collect()
    })
}
