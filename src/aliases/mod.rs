//! What other frameworks call the things that the language has, and which things of theirs it has not.
//!
//! These are for advice, and no second names. A name that stands for exactly the same leads to an edit; for one that is
//! written in another way, or that has no counterpart, there are only words: the name that happens to be spelt alike
//! would be another network.

mod arguments;
mod layers;
mod recipes;

use crate::diagnostic::Diagnostic;

pub use arguments::{ARGUMENTS, INITIALISERS};
pub use layers::{LAYERS, MERGES, is_layer, of_other_dimensions};
pub use recipes::{LOSSES, OPTIMIZERS, SCHEDULES, TRANSFORMS};

/// A name that others use.
#[derive(Debug)]
pub struct Name {
    /// In lower case, without what [`plain`] leaves out.
    theirs: &'static str,
    /// Who calls something so: `Keras, PyTorch`.
    of: &'static str,
    here: Here,
}

/// What a name of others comes to here.
#[derive(Debug)]
enum Here {
    /// The same under another name.
    Is(&'static str),
    /// The same, but it takes more than another name: how it is written, or what to do.
    Written(&'static str),
    /// Nothing; what there is to say about it.
    Lacking(&'static str),
}

const fn is(theirs: &'static str, of: &'static str, ours: &'static str) -> Name {
    Name { theirs, of, here: Here::Is(ours) }
}

const fn written(theirs: &'static str, of: &'static str, how: &'static str) -> Name {
    Name { theirs, of, here: Here::Written(how) }
}

const fn lacking(theirs: &'static str, of: &'static str, remark: &'static str) -> Name {
    Name { theirs, of, here: Here::Lacking(remark) }
}

impl Name {
    /// What it is called here, if it is exactly that.
    pub fn ours(&self) -> Option<&'static str> {
        match self.here {
            Here::Is(ours) => Some(ours),
            Here::Written(_) | Here::Lacking(_) => None,
        }
    }

    /// What there is to say about this name, which was `written` so.
    pub fn in_words(&self, written: &str) -> String {
        let of = self.of;
        match self.here {
            Here::Is(ours) => format!("`{written}` ({of}) is called `{ours}` here"),
            Here::Written(how) => format!("for `{written}` ({of}) {how}"),
            Here::Lacking("") => format!("`{written}` ({of}) has no counterpart here"),
            Here::Lacking(remark) => format!("`{written}` ({of}) has no counterpart here: {remark}"),
        }
    }

    /// Adds advice to the error about a name that was `written` so, and is underlined.
    pub fn advise(&self, error: Diagnostic, written: &str) -> Diagnostic {
        let (span, advice) = (error.primary.span, self.in_words(written));
        match self.here {
            Here::Is(ours) => error.certain(advice, span, ours),
            Here::Written(_) | Here::Lacking(_) => error.help(advice),
        }
    }
}

/// The entry for what somebody has `written`, which is no name here. Those that are the same as something here must be
/// among the `known` names.
pub fn find<'n>(
    written: &str,
    mut names: impl Iterator<Item = &'n Name>,
    known: impl Fn(&str) -> bool,
) -> Option<&'n Name> {
    let plain = plain(written)?;
    names.find(|name| name.theirs == plain && name.ours().is_none_or(&known))
}

/// How names are compared: `nn.Conv2d` and `conv_2d` are one. `None` for what is longer than any of them.
pub fn plain(written: &str) -> Option<String> {
    let own = written.rsplit('.').next().filter(|own| own.len() <= LONGEST)?;
    Some(own.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect())
}

/// Whether something that is `written` so is our own name but for case, underscores and what stands before a dot.
pub fn is_spelt_as(own: &str, written: &str) -> bool {
    plain(written).is_some_and(|written| plain(own) == Some(written))
}

/// Bytes of the longest name.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Everyone whose names are listed.
    const FRAMEWORKS: &str = "Keras, PyTorch, torchvision, timm, Ultralytics, Caffe, Darknet, TensorFlow, ONNX, Flax, \
                              MONAI, segmentation_models.pytorch";

    #[test]
    fn names_can_be_found_and_have_an_origin() {
        for names in [LAYERS, MERGES, ARGUMENTS, INITIALISERS, OPTIMIZERS, SCHEDULES, LOSSES, TRANSFORMS] {
            for (index, name) in names.iter().enumerate() {
                assert_eq!(plain(name.theirs).as_deref(), Some(name.theirs));
                for framework in name.of.split(", ") {
                    assert!(FRAMEWORKS.split(", ").any(|known| known == framework), "{name:?}");
                }
                // An entry behind another for the same would never be found, unless it is for another argument.
                let same = |other: &Name| other.theirs == name.theirs && other.ours() == name.ours();
                assert_eq!(names.iter().position(same), Some(index), "{name:?}");
            }
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for written in ["Conv2D", "conv_2d", "nn.Conv2d", "tf.keras.layers.Conv2D", "CONV-2D"] {
            let found = find(written, LAYERS.iter(), |name| name == "conv");
            assert_eq!(found.and_then(Name::ours), Some("conv"), "{written}");
        }
        assert!(find("Conv2D", LAYERS.iter(), |_| false).is_none());
        assert!(find(&"conv".repeat(1000), LAYERS.iter(), |_| true).is_none());
    }
}
