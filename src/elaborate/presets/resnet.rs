//! ResNet (He et al. 2016) from block counts. Names are torchvision's.
//!
//! ```yaml
//! resnet:
//!   block: bottleneck            # or basic
//!   counts: [3, 4, 6, 3]         # blocks in each stage; widths are 64, 128, 256, …
//!   stem: imagenet               # 7×7/2 and a 3×3/2 max pool, this unless given; or cifar: 3×3/1, no pool
//!   shortcut: auto               # identity or a projection, this unless given; none makes the plain network
//!   width: 64                    # of the first stage, this unless given
//! ```

use super::{generated, level};
use crate::arguments::Positive;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::settings::Settings;
use crate::syntax::ast::{Item, ItemBody, Shortcut};

/// More stages than this would halve any input to nothing.
const MOST_STAGES: usize = 16;

/// More blocks in a stage than any network has.
const MOST_BLOCKS: usize = 1_000;

pub(super) fn expand(settings: &mut Settings, classes: usize) -> Vec<Item> {
    settings.required("block");
    let bottleneck = choice(settings, "block", &["basic", "bottleneck"]) == Some("bottleneck");
    let imagenet = choice(settings, "stem", &["imagenet", "cifar"]) != Some("cifar");
    let plain = choice(settings, "shortcut", &["auto", "none"]) == Some("none");
    let width = settings.optional::<Positive>("width").map_or(64, |width| width.value.0);
    let span = settings.span();

    let stem = if imagenet {
        format!(
            "conv {width} 7x7 s2 p3 bias=false as conv1 -> bn as bn1 -> relu as relu -> maxpool 3x3 s2 p1 as maxpool"
        )
    } else {
        format!("conv {width} 3x3 p1 bias=false as conv1 -> bn as bn1 -> relu as relu")
    };
    let mut items = generated(&stem, span);
    let shortcut = if plain { Shortcut::None } else { Shortcut::Auto };
    for (stage, count) in stages(settings).into_iter().enumerate() {
        let width = width << stage;
        let residual = |stride| {
            let body = if bottleneck { bottleneck_body(width, stride) } else { basic_body(width, stride) };
            let body = ItemBody::Residual {
                body: generated(&body, count.span),
                shortcut: Spanned::new(shortcut.clone(), count.span),
                after: generated("relu", count.span),
            };
            Item { name: None, body, span: count.span }
        };
        let (first, other) = (residual(if stage > 0 { 2 } else { 1 }), residual(1));
        let block = |index: usize| {
            let residual = if index == 0 { &first } else { &other };
            level(index.to_string(), vec![residual.clone()], count.span)
        };
        items.push(level(format!("layer{}", stage + 1), (0..count.value).map(block).collect(), count.span));
    }
    items.extend(generated(&format!("adaptive_avgpool 1 as avgpool -> flatten -> linear {classes} as fc"), span));
    items
}

/// Two 3×3 convolutions.
fn basic_body(width: usize, stride: usize) -> String {
    format!(
        "conv {width} 3x3 s{stride} p1 bias=false as conv1 -> bn as bn1 -> relu -> conv {width} 3x3 p1 bias=false as conv2 -> bn as bn2"
    )
}

/// 1×1, 3×3 with the stride (as torchvision has it, not the paper), 1×1 to four times the width.
fn bottleneck_body(width: usize, stride: usize) -> String {
    format!(
        "conv {width} 1x1 bias=false as conv1 -> bn as bn1 -> relu -> conv {width} 3x3 s{stride} p1 bias=false as conv2 -> bn as bn2 -> relu \
         -> conv {} 1x1 bias=false as conv3 -> bn as bn3",
        4 * width
    )
}

/// `counts`, one entry a stage.
fn stages(settings: &mut Settings) -> Vec<Spanned<usize>> {
    let Some(counts) = settings.required("counts") else { return Vec::new() };
    let Some(entries) = settings.list("counts", counts) else { return Vec::new() };
    if !(1..=MOST_STAGES).contains(&entries.len()) {
        let error =
            Diagnostic::error(Code::InvalidArgument, counts.span, format!("`counts` needs 1 to {MOST_STAGES} entries"));
        settings.report(error.label(format!("found {}", entries.len())));
        return Vec::new();
    }
    let mut stages = Vec::new();
    for entry in entries {
        match settings.convert::<Positive>(entry, "counts") {
            Some(Spanned { value: Positive(count), span }) if count > MOST_BLOCKS => settings.report(
                Diagnostic::error(Code::Limit, span, format!("a stage has at most {MOST_BLOCKS} blocks"))
                    .label(format!("found `{count}`")),
            ),
            Some(count) => stages.push(Spanned::new(count.value.0, count.span)),
            None => {}
        }
    }
    stages
}

/// One of `choices` under `key`; `None` if it is not given, or wrong, which is reported.
fn choice(settings: &mut Settings, key: &'static str, choices: &[&'static str]) -> Option<&'static str> {
    let written: Spanned<String> = settings.optional(key)?;
    let chosen = choices.iter().copied().find(|choice| *choice == written.value);
    if chosen.is_none() {
        let error = unknown_choice(key, &written.value, written.span, choices);
        settings.report(error);
    }
    chosen
}

fn unknown_choice(key: &str, written: &str, span: Span, choices: &[&str]) -> Diagnostic {
    let list: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let error = Diagnostic::error(Code::InvalidArgument, span, format!("`{key}` must be {}", list.join(" or ")))
        .label(format!("found `{written}`"));
    error.did_you_mean(written, choices.iter().copied(), String::new)
}
