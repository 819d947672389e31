//! ResNet (He et al. 2016) from block counts. Names are torchvision's.
//!
//! ```yaml
//! resnet:
//!   block: bottleneck            # or basic
//!   counts: [3, 4, 6, 3]         # blocks in each stage; widths are 64, 128, 256, …
//!   stem: imagenet               # 7×7/2 and a 3×3/2 max pool, the default; or cifar: 3×3/1, no pool
//!   shortcut: auto               # identity or a projection, the default; pad adds channels of zeros (option A) where
//!                                # auto projects, none makes the plain network
//!   width: 64                    # of the first stage; default: 64
//!   groups: 32                   # of a bottleneck's 3×3 convolutions (ResNeXt, Xie et al. 2017); default: 1
//!   width_per_group: 4           # their channels in a group for each 64 of the stage's width; default: 64
//! ```

use super::{generated, level};
use crate::arguments::{Form, Positive};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::Settings;
use crate::syntax::ast::{Item, ItemBody, Shortcut};

/// More stages than this would halve any input to nothing.
const MOST_STAGES: usize = 16;

/// More blocks in a stage than any network has.
const MOST_BLOCKS: usize = 1_000;

pub(super) fn expand(settings: &mut Settings, classes: usize) -> Vec<Item> {
    settings.required("block", || Takes::Words(BLOCKS.to_vec()));
    let block = block(settings);
    let imagenet = choice(settings, "stem", &["imagenet", "cifar"]) != Some("cifar");
    let shortcut = choice(settings, "shortcut", &["auto", "pad", "none"]).unwrap_or("auto");
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
    for (stage, count) in stages(settings).into_iter().enumerate() {
        let entering = if stage > 0 { block.out(width << (stage - 1)) } else { width };
        let width = width << stage;
        let residual = |stride, first| {
            let shortcut = match shortcut {
                "none" => Shortcut::None,
                "pad" if first && block.out(width) != entering => padded(block.out(width), stride, count.span),
                _ => Shortcut::Auto,
            };
            let body = ItemBody::Residual {
                body: generated(&block.body(width, stride), count.span),
                shortcut: Spanned::new(shortcut, count.span),
                after: generated("relu", count.span),
            };
            Item { name: None, body, span: count.span }
        };
        let (first, other) = (residual(if stage > 0 { 2 } else { 1 }, true), residual(1, false));
        let numbered = |index: usize| {
            let residual = if index == 0 { &first } else { &other };
            level(index.to_string(), vec![residual.clone()], count.span)
        };
        items.push(level(format!("layer{}", stage + 1), (0..count.value).map(numbered).collect(), count.span));
    }
    items.extend(generated(&format!("adaptive_avgpool 1 as avgpool -> flatten -> linear {classes} as fc"), span));
    items
}

/// Values of `block`.
const BLOCKS: [&str; 2] = ["basic", "bottleneck"];

/// What is repeated.
#[derive(Debug, Clone, Copy)]
enum Block {
    Basic,
    Bottleneck { groups: usize, width_per_group: usize },
}

/// `block`, `groups` and `width_per_group`.
fn block(settings: &mut Settings) -> Block {
    let bottleneck = choice(settings, "block", &BLOCKS) == Some("bottleneck");
    let [groups, width_per_group] = ["groups", "width_per_group"].map(|key| (key, settings.optional::<Positive>(key)));
    if bottleneck {
        let value = |given: Option<Spanned<Positive>>, default| given.map_or(default, |given| given.value.0);
        return Block::Bottleneck { groups: value(groups.1, 1), width_per_group: value(width_per_group.1, 64) };
    }
    for (key, given) in [groups, width_per_group] {
        if let Some(given) = given {
            let error =
                Diagnostic::error(Code::InvalidArgument, given.span, format!("`{key}` is for bottleneck blocks"));
            settings.report(error.help("write `block: bottleneck`"));
        }
    }
    Block::Basic
}

impl Block {
    /// Channels that leave it.
    fn out(self, width: usize) -> usize {
        match self {
            Block::Basic => width,
            Block::Bottleneck { .. } => 4 * width,
        }
    }

    fn body(self, width: usize, stride: usize) -> String {
        match self {
            // Two 3×3 convolutions.
            Block::Basic => format!(
                "conv {width} 3x3 s{stride} p1 bias=false as conv1 -> bn as bn1 -> relu -> conv {width} 3x3 p1 bias=false as conv2 -> bn as bn2"
            ),
            // 1×1, 3×3 with the stride (as torchvision has it, not the paper), 1×1 to four times the width.
            Block::Bottleneck { groups, width_per_group } => {
                let inner = (width as u128 * width_per_group as u128 / 64) * groups as u128;
                // What no convolution can have is reported by the convolution.
                let inner = inner.min(1 << 40);
                let groups = if groups == 1 { String::new() } else { format!(" g{groups}") };
                format!(
                    "conv {inner} 1x1 bias=false as conv1 -> bn as bn1 -> relu -> conv {inner} 3x3 s{stride} p1{groups} bias=false as conv2 -> bn as bn2 -> relu \
                     -> conv {} 1x1 bias=false as conv3 -> bn as bn3",
                    4 * width
                )
            }
        }
    }
}

/// Option A of He et al. 2016: every other pixel, and as many channels of zeros as are missing.
fn padded(out: usize, stride: usize, span: Span) -> Shortcut {
    Shortcut::Items(generated(&format!("avgpool 1x1 s{stride} -> pad channels={{({out} - in) // 2}}"), span))
}

fn takes_counts() -> Takes {
    Takes::List(Box::new(Takes::Value(Form::of::<Positive>())))
}

/// `counts`, one entry a stage.
fn stages(settings: &mut Settings) -> Vec<Spanned<usize>> {
    let Some(counts) = settings.required("counts", takes_counts) else { return Vec::new() };
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
    let setting = settings.take_as(key, || Takes::Words(choices.to_vec()))?;
    let written: Spanned<String> = settings.convert(setting, key)?;
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
