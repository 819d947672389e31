//! `[net]`: what the network reads, and the recipe.

use super::options::Options;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::Given;
use crate::import::recipe::{Pace, Section};
use crate::ir::Shape;
use crate::syntax::ast::Setting;

/// Options that change images, how a run is watched, or what the network is called.
const OTHERS: [&str; 44] = [
    "angle",
    "aspect",
    "saturation",
    "exposure",
    "hue",
    "max_crop",
    "min_crop",
    "max_ratio",
    "min_ratio",
    "center",
    "random",
    "flip",
    "blur",
    "mixup",
    "cutmix",
    "mosaic",
    "mosaic_bound",
    "gaussian_noise",
    "letter_box",
    "contrastive",
    "contrastive_jit_flip",
    "contrastive_color",
    "unsupervised",
    "label_smooth_eps",
    "dynamic_minibatch",
    "time_steps",
    "track",
    "augment_speed",
    "sequential_subdivisions",
    "try_fix_nan",
    "loss_scale",
    "optimized_memory",
    "workspace_size_limit_MB",
    "num_sigmas_reject_badlabels",
    "weights_reject_freq",
    "equidistant_point",
    "badlabels_rejection_percentage",
    "badlabels_reject_threshold",
    "resize_step",
    "max_chart_loss",
    "notruth",
    "cutout",
    "adversarial_lr",
    "attention",
];

/// What the network reads; `None` after a mistake, or if the command line says it.
pub fn input(options: &Options<'_>, given: &Given) -> Option<Spanned<Shape>> {
    options.ignore(&OTHERS);
    let sides = ["channels", "height", "width"].map(|key| options.whole(key, 0));
    let features = options.whole_if_given("inputs");
    if given.input.is_some() {
        return None;
    }
    let [channels, height, width] = &sides;
    match features {
        Some(features) if sides.iter().all(|side| side.value == 0) && features.value > 0 => {
            return Some(Spanned::new(Shape::Vector(features.value as usize), features.span));
        }
        _ => {}
    }
    for (key, side) in ["channels", "height", "width"].into_iter().zip(&sides) {
        if side.value < 1 {
            let message = format!("`[net]` needs `{key}`, at least 1");
            let error = Diagnostic::error(Code::MissingKey, side.span, message);
            options.refuse(error.help("for images of 3×224×224 write `channels=3`, `height=224`, `width=224`"));
            return None;
        }
    }
    let shape = Shape::map(channels.value as usize, height.value as usize, width.value as usize);
    Some(Spanned::new(shape, channels.span.to(height.span).to(width.span)))
}

/// The recipe as a `train:` section; `None` if it counts steps and nobody has said how many images there are, or if
/// archc cannot follow it, of which there is a warning.
pub fn recipe(options: &Options<'_>, given: &Given) -> Option<Spanned<Setting>> {
    let batch = options.positive("batch", 1);
    let parts = options.positive("subdivisions", 1);
    let steps = options.whole_if_given("max_batches");
    let optimizer = optimizer(options);
    let policy = policy(options);
    let (images, steps, policy) = (given.images?, steps.filter(|steps| steps.value > 0)?, policy?);
    let pace = Pace::new(images, batch.value.max(1) as u64);
    let mut section = Section::new(options.span());
    section.whole("epochs", pace.whole_epochs(steps.value as f64), steps.span);
    section.whole("batch", (batch.value / parts.value.max(1)).max(1), batch.span);
    if parts.value > 1 {
        section.whole("accumulate", parts.value, parts.span);
    }
    section.call("optimizer", &optimizer.value, optimizer.span);
    section.call("schedule", &policy.value.schedule(pace), policy.span);
    Some(section.finish())
}

/// Darknet adds the decay to the gradient of weights, and leaves biases and scales alone.
fn optimizer(options: &Options<'_>) -> Spanned<String> {
    let rate = options.number("learning_rate", 0.001);
    let (momentum, decay) = (options.number("momentum", 0.9).value, options.number("decay", 0.0001).value);
    let betas = [options.number("B1", 0.9).value, options.number("B2", 0.999).value];
    let eps = options.number("eps", 1e-7).value;
    let rule = match options.is_set("adam") {
        true => format!("adam lr={:?} beta1={:?} beta2={:?} eps={eps:?}", rate.value, betas[0], betas[1]),
        false => format!("sgd lr={:?} momentum={momentum:?}", rate.value),
    };
    Spanned::new(format!("{rule} weight_decay={decay:?} no_bias_decay"), rate.span)
}

/// How the learning rate changes, in steps.
struct Policy {
    curve: Curve,
    burn_in: f64,
    power: f64,
}

enum Curve {
    Constant,
    Step { every: f64, gamma: f64 },
    MultiStep { steps: Vec<f64>, gamma: f64 },
    Exponential { gamma: f64 },
    Polynomial { power: f64 },
}

impl Policy {
    fn schedule(&self, pace: Pace) -> String {
        let epochs = |steps: f64| format!("{}", pace.epochs(steps));
        // The warm-up of a schedule comes before it; that of Darknet, within it.
        let curve = match &self.curve {
            Curve::Constant => "constant".to_string(),
            Curve::Step { every, gamma } => format!("step {} gamma={gamma:?}", epochs(*every)),
            Curve::MultiStep { steps, gamma } => {
                let steps: Vec<String> = steps.iter().map(|step| epochs(step - self.burn_in)).collect();
                format!("multistep {} gamma={gamma:?}", steps.join(" "))
            }
            Curve::Exponential { gamma } => format!("exponential {:?}", pace.factor(*gamma)),
            Curve::Polynomial { power } => format!("polynomial power={power:?}"),
        };
        match self.burn_in {
            0.0 => format!("{curve} per=step"),
            steps => {
                let power = if self.power == 1.0 { String::new() } else { format!(" warmup_power={:?}", self.power) };
                format!("{curve} per=step warmup={} warmup_from=0{power}", epochs(steps))
            }
        }
    }
}

fn policy(options: &Options<'_>) -> Option<Spanned<Policy>> {
    let name = options.text("policy");
    let span = name.map_or(options.span(), |name| name.span);
    let burn_in = options.not_negative("burn_in", 0);
    let power = options.number("power", 4.0).value;
    let gamma = options.number("gamma", 1.0).value;
    let step = options.positive("step", 1);
    let (steps, scales) = (options.wholes("steps"), options.numbers("scales"));
    let scale = options.number("scale", 1.0).value;
    let cannot = |message: String| {
        let warning = Diagnostic::warning(Code::Unused, span, message);
        options.refuse(warning.label("the recipe is left out").help(
            "archc checks the network without it; to train, give a recipe with `--set train.epochs=10` and so on",
        ));
        None
    };
    let curve = match name.map_or("constant", |name| name.value.as_str()) {
        "constant" => Curve::Constant,
        "step" => Curve::Step { every: step.value as f64, gamma: scale },
        "steps" => {
            let (Some(steps), Some(scales)) = (steps, scales) else {
                let message = "`policy=steps` needs `steps` and `scales`";
                options.refuse(
                    Diagnostic::error(Code::MissingKey, span, message)
                        .help("such as `steps=400000,450000` and `scales=.1,.1`"),
                );
                return None;
            };
            let (steps, scales) = (steps.value, scales.value);
            if steps.len() != scales.len() {
                let message = format!("{} `steps` and {} `scales`", steps.len(), scales.len());
                options
                    .refuse(Diagnostic::error(Code::InvalidArgument, span, message).label("each step has its scale"));
                return None;
            }
            let ascend = steps.windows(2).all(|pair| pair[0] < pair[1]);
            let first = scales[0];
            match scales.iter().all(|scale| *scale == first) && ascend && steps[0] > burn_in.value {
                true => Curve::MultiStep { steps: steps.iter().map(|step| *step as f64).collect(), gamma: first },
                false => {
                    return cannot("`steps` of archc ascend, come after the warm-up, and have one factor".to_string());
                }
            }
        }
        "exp" => Curve::Exponential { gamma },
        "poly" | "polynomial" => Curve::Polynomial { power },
        other => return cannot(format!("archc has no learning rate of the policy `{other}`")),
    };
    Some(Spanned::new(Policy { curve, burn_in: burn_in.value as f64, power }, span))
}
