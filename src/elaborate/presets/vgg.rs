//! VGG (Simonyan and Zisserman 2015): 3×3 convolutions and pools from a list, then linear layers. Names are
//! torchvision's.
//!
//! ```yaml
//! vgg:
//!   cfg: [64, M, 128, M, "conv 256 1x1 -> relu"]    # a width is a 3×3 convolution, M a 2×2 pool
//!   batch_norm: true                                # false unless asked for
//!   avgpool: 7                                      # an adaptive pool before the head; none unless asked for
//!   head: [4096, 4096]                              # hidden linear layers; this is the default
//!   dropout: 0.5                                    # after each of them; this is the default
//! ```

use super::{generated, level};
use crate::arguments::{Form, Positive, PositivePair};
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::Settings;
use crate::syntax::ast::{Item, Setting};
use crate::syntax::notation;

pub(super) fn expand(settings: &mut Settings, classes: usize) -> Vec<Item> {
    let norm = if settings.optional("batch_norm").is_some_and(|norm| norm.value) { " -> bn" } else { "" };
    let mut items = Vec::new();
    if let Some(cfg) = settings.required("cfg", takes_cfg) {
        let entries = settings.list("cfg", cfg).unwrap_or_default();
        let features = entries.iter().flat_map(|entry| feature(settings, entry, norm)).collect();
        items.push(level("features", features, cfg.span));
    }
    if let Some(avgpool) = settings.optional::<PositivePair>("avgpool") {
        let PositivePair(size) = avgpool.value;
        items.extend(generated(&format!("adaptive_avgpool {}x{} as avgpool", size.height, size.width), avgpool.span));
    }
    items.extend(generated("flatten", settings.span()));
    items.push(classifier(settings, classes));
    items
}

fn takes_cfg() -> Takes {
    Takes::List(Box::new(Takes::Either(vec![Takes::Value(Form::of::<Positive>()), Takes::Text])))
}

/// One entry of `cfg`.
fn feature(settings: &mut Settings, entry: &Spanned<Setting>, norm: &str) -> Vec<Item> {
    match &entry.value {
        Setting::Text(text) if text.text == "M" => generated("maxpool 2x2 s2", entry.span),
        // What is no chain of layers but can be worked out is a width: `width`, `2*width`.
        Setting::Text(text) if !settings.is_width(text) => notation::chain(text).unwrap_or_else(|error| {
            settings.report(
                error.help("an entry of `cfg` is a width, M for a pool, or layers such as \"conv 256 1x1 -> relu\""),
            );
            Vec::new()
        }),
        _ => match settings.convert::<Positive>(entry, "cfg") {
            Some(width) => generated(&format!("conv {} 3x3 p1{norm} -> relu", width.value.0), entry.span),
            None => Vec::new(),
        },
    }
}

/// The hidden linear layers and the last one.
fn classifier(settings: &mut Settings, classes: usize) -> Item {
    let mut widths = Vec::new();
    let written = settings.take_as("head", || Takes::List(Box::new(Takes::Value(Form::of::<Positive>()))));
    let span = written.map_or(settings.span(), |head| head.span);
    match written {
        Some(head) => {
            for entry in settings.list("head", head).unwrap_or_default() {
                widths.extend(settings.convert::<Positive>(entry, "head"));
            }
        }
        None => widths.extend([4096, 4096].map(|width| Spanned::new(Positive(width), span))),
    }
    let dropout = settings.optional::<f64>("dropout");
    let p = dropout.as_ref().map_or(0.5, |p| p.value);
    if let Some(dropout) = dropout.filter(|p| !(0.0..=1.0).contains(&p.value)) {
        let error = Diagnostic::error(Code::InvalidArgument, dropout.span, "`dropout` must be between 0 and 1");
        settings.report(error.label(format!("found `{}`", dropout.value)));
    }
    let hidden = widths.iter().flat_map(|width| {
        // Also with p = 0, as in torchvision: the numbers of the layers behind it must not depend on p.
        generated(&format!("linear {} -> relu -> dropout {p:?}", width.value.0), width.span)
    });
    let last = generated(&format!("linear {classes}"), span);
    level("classifier", hidden.chain(last).collect(), span)
}
