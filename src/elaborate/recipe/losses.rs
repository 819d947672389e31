//! What the language says about the loss, and about mixing what it is taken of.

use super::named::{self, Registry};
use super::ranges::{above_zero, at_least_zero, below_one, in_range};
use super::transforms::Channels;
use crate::aliases;
use crate::arguments::{Arguments, FromValue, Value};
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::scope::Scope;
use crate::recipe::{Asymmetric, BinaryCrossEntropy, ClassWeights, CrossEntropy, Dice, Loss, Mix, MixKind, Regression};
use crate::syntax::ast::Setting;

/// Every loss.
pub const LOSSES: Registry<Loss> = Registry {
    what: "loss",
    example: "cross_entropy label_smoothing=0.1",
    tables: &[&[
        ("cross_entropy", cross_entropy),
        ("binary_cross_entropy", binary_cross_entropy),
        ("asymmetric", asymmetric),
        ("l1", |_| Ok(Loss::Regression(Regression::L1))),
        ("mse", |_| Ok(Loss::Regression(Regression::Mse))),
        ("huber", huber),
        ("dice", dice),
        ("dice_ce", dice_ce),
    ]],
    aliases: aliases::LOSSES,
};

const MIXES: Registry<Mix> = Registry {
    what: "way to mix images",
    example: "mixup 0.2",
    tables: &[&[("mixup", mixup), ("cutmix", cutmix)]],
    aliases: &[],
};

fn cross_entropy(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    options(arguments).map(Loss::CrossEntropy)
}

fn options(arguments: &mut Arguments) -> Result<CrossEntropy, Diagnostic> {
    let label_smoothing = label_smoothing(arguments)?;
    let class_weights = weights(arguments, "class_weights", "class")?;
    Ok(CrossEntropy { label_smoothing, class_weights })
}

fn dice(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    Ok(Loss::Dice(Dice { smooth: smooth(arguments)?, cross_entropy: None }))
}

fn dice_ce(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    let smooth = smooth(arguments)?;
    Ok(Loss::Dice(Dice { smooth, cross_entropy: Some(options(arguments)?) }))
}

fn smooth(arguments: &mut Arguments) -> Result<f64, Diagnostic> {
    let smooth = arguments.optional("smooth")?.unwrap_or(0.0);
    at_least_zero(arguments, "smooth", smooth)
}

fn binary_cross_entropy(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    let label_smoothing = label_smoothing(arguments)?;
    let pos_weight = weights(arguments, "pos_weight", "label")?;
    Ok(Loss::Binary(BinaryCrossEntropy { label_smoothing, pos_weight }))
}

fn asymmetric(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    let usual = Asymmetric::default();
    let gamma_neg = arguments.optional("gamma_neg")?.unwrap_or(usual.gamma_neg);
    at_least_zero(arguments, "gamma_neg", gamma_neg)?;
    let gamma_pos = arguments.optional("gamma_pos")?.unwrap_or(usual.gamma_pos);
    at_least_zero(arguments, "gamma_pos", gamma_pos)?;
    let clip = arguments.optional("clip")?.unwrap_or(usual.clip);
    below_one(arguments, "clip", clip)?;
    Ok(Loss::Asymmetric(Asymmetric { gamma_neg, gamma_pos, clip }))
}

fn huber(arguments: &mut Arguments) -> Result<Loss, Diagnostic> {
    let delta = arguments.optional("delta")?.unwrap_or(1.0);
    above_zero(arguments, "delta", delta)?;
    Ok(Loss::Regression(Regression::Huber { delta }))
}

fn label_smoothing(arguments: &mut Arguments) -> Result<f64, Diagnostic> {
    let label_smoothing = arguments.optional("label_smoothing")?.unwrap_or(0.0);
    below_one(arguments, "label_smoothing", label_smoothing)
}

/// A weight for each class or label.
fn weights(arguments: &mut Arguments, key: &'static str, of: &str) -> Result<ClassWeights, Diagnostic> {
    let weights = arguments.optional(key)?.unwrap_or_default();
    if let ClassWeights::Given(weights) = &weights
        && let Some((class, weight)) = weights.iter().enumerate().find(|(_, weight)| **weight <= 0.0)
    {
        let error = arguments.invalid(key, format!("the weight of a {of} must be above 0"));
        return Err(error.label(format!("{of} {class} has `{weight}`")));
    }
    Ok(weights)
}

impl FromValue for ClassWeights {
    const EXPECTED: &'static str = "a list with a number for each class, or `auto`";
    fn from_value(value: &Value) -> Option<ClassWeights> {
        match value {
            Value::Word(word) if word == "auto" => Some(ClassWeights::Auto),
            other => Channels::from_value(other).map(|Channels(weights)| ClassWeights::Given(weights)),
        }
    }
}

/// Whether each class has one of the weights of `what`, where it is known how many there are.
pub fn check_classes(
    what: &str,
    weights: &[f64],
    setting: &Spanned<Setting>,
    classes: Option<usize>,
    problems: &mut Vec<Diagnostic>,
) {
    let given = weights.len();
    if let Some(classes) = classes.filter(|classes| given != *classes) {
        let message = format!("`{what}` has {given} weights, but the network tells {classes} classes apart");
        problems.push(Diagnostic::error(Code::InvalidArgument, setting.span, message).help("write one for each class"));
    }
}

/// What [`mixes`] takes.
pub fn takes_mixes() -> Takes {
    Takes::OneOrMore(Box::new(MIXES.takes()))
}

/// One way to mix, or a list of them.
pub fn mixes(setting: &Spanned<Setting>, scope: &Scope, problems: &mut Vec<Diagnostic>) -> Vec<Mix> {
    let settings = match &setting.value {
        Setting::List(list) => list.as_slice(),
        _ => std::slice::from_ref(setting),
    };
    settings.iter().filter_map(|setting| named::read(setting, &MIXES, scope, problems)).collect()
}

fn mixup(arguments: &mut Arguments) -> Result<Mix, Diagnostic> {
    mix(arguments, MixKind::Mixup)
}

fn cutmix(arguments: &mut Arguments) -> Result<Mix, Diagnostic> {
    mix(arguments, MixKind::CutMix)
}

fn mix(arguments: &mut Arguments, kind: MixKind) -> Result<Mix, Diagnostic> {
    let alpha = arguments.positional("alpha")?.unwrap_or(1.0);
    above_zero(arguments, "alpha", alpha)?;
    let probability = arguments.optional("probability")?.unwrap_or(1.0);
    in_range(arguments, "probability", probability, (0.0..=1.0).contains(&probability), "between 0 and 1")?;
    Ok(Mix { kind, alpha, probability })
}
