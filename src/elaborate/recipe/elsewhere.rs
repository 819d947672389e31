//! What PyTorch, torchvision and Keras call the things that recipes name.

/// Their names, in lower case without underscores, and ours. These are suggestions, not second names.
const NAMES: &[(&str, &str)] = &[
    ("momentum", "sgd"),
    ("nesterov", "sgd"),
    ("categoricalcrossentropy", "cross_entropy"),
    ("crossentropyloss", "cross_entropy"),
    ("nllloss", "cross_entropy"),
    ("sparsecategoricalcrossentropy", "cross_entropy"),
    ("constantlr", "constant"),
    ("cosineannealing", "cosine"),
    ("cosineannealinglr", "cosine"),
    ("cosineannealingwarmrestarts", "cosine"),
    ("cosinedecay", "cosine"),
    ("exponentialdecay", "exponential"),
    ("exponentiallr", "exponential"),
    ("multisteplr", "multistep"),
    ("onecyclelr", "onecycle"),
    ("polynomialdecay", "polynomial"),
    ("polynomiallr", "polynomial"),
    ("reducelronplateau", "plateau"),
    ("steplr", "step"),
    ("centercrop", "center_crop"),
    ("cutout", "erase"),
    ("fliplr", "hflip"),
    ("flipud", "vflip"),
    ("randomaffine", "affine"),
    ("randomcrop", "crop"),
    ("randomerasing", "erase"),
    ("randomflip", "hflip"),
    ("randomgrayscale", "grayscale"),
    ("randomhorizontalflip", "hflip"),
    ("randomresizedcrop", "resized_crop"),
    ("randomrotation", "rotate"),
    ("randomverticalflip", "vflip"),
    ("rotation", "rotate"),
    ("trivialaugmentwide", "trivial_augment"),
    ("zeropadding", "pad"),
];

/// The one of `known` that goes by this name elsewhere.
pub fn ours(name: &str, mut known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let plain = name.to_lowercase().replace('_', "");
    let (_, ours) = NAMES.iter().find(|(theirs, _)| *theirs == plain)?;
    known.find(|name| name == ours)
}

#[cfg(test)]
mod tests {
    use super::super::{
        losses::LOSSES, named::Kind, optimizers::OPTIMIZERS, schedules::SCHEDULES, transforms::TRANSFORMS,
    };
    use super::NAMES;

    fn has<T>(kind: &Kind<T>, name: &str) -> bool {
        kind.table.iter().any(|(known, _)| *known == name)
    }

    #[test]
    fn names_are_plain_and_lead_somewhere() {
        for (theirs, ours) in NAMES {
            assert!(theirs.bytes().all(|byte| byte.is_ascii_lowercase()), "{theirs}");
            let found = [has(&LOSSES, ours), has(&OPTIMIZERS, ours), has(&SCHEDULES, ours), has(&TRANSFORMS, ours)];
            assert!(found.contains(&true), "{ours}");
        }
    }
}
