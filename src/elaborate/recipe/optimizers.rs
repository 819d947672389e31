//! The optimizers of the language.

use super::named::Registry;
use super::ranges::{above_zero, at_least_zero, below_one};
use crate::aliases;
use crate::arguments::Arguments;
use crate::diagnostic::Diagnostic;
use crate::recipe::{Betas, Decayed, Optimizer, Rule};

/// Every optimizer.
pub const OPTIMIZERS: Registry<Optimizer> = Registry {
    what: "optimizer",
    example: "sgd lr=0.1 momentum=0.9",
    tables: &[&[("sgd", sgd), ("adam", adam), ("adamw", adamw), ("rmsprop", rmsprop), ("lion", lion)]],
    aliases: aliases::OPTIMIZERS,
};

fn sgd(arguments: &mut Arguments) -> Result<Optimizer, Diagnostic> {
    let lr = arguments.required("lr")?;
    at_least_zero(arguments, "lr", lr)?;
    let momentum = arguments.optional("momentum")?.unwrap_or(0.0);
    below_one(arguments, "momentum", momentum)?;
    let dampening = arguments.optional("dampening")?.unwrap_or(0.0);
    below_one(arguments, "dampening", dampening)?;
    let nesterov = arguments.flag("nesterov")?;
    for key in ["nesterov", "dampening"].into_iter().filter(|_| momentum == 0.0) {
        if (key == "nesterov" && nesterov) || (key == "dampening" && dampening != 0.0) {
            let error = arguments.invalid(key, format!("`{key}` needs a momentum above 0"));
            return Err(error.help("add `momentum=0.9`"));
        }
    }
    if nesterov && dampening != 0.0 {
        let error = arguments.invalid("dampening", "`nesterov` excludes dampening");
        return Err(error.label(format!("found `{dampening}`")).help("leave one of them out"));
    }
    decaying(arguments, Optimizer::new(Rule::Sgd { momentum, dampening, nesterov }, lr))
}

fn adam(arguments: &mut Arguments) -> Result<Optimizer, Diagnostic> {
    let lr = rate(arguments, 1e-3)?;
    let rule = Rule::Adam(betas(arguments)?);
    decaying(arguments, Optimizer::new(rule, lr))
}

/// PyTorch's decay for AdamW is 0.01.
fn adamw(arguments: &mut Arguments) -> Result<Optimizer, Diagnostic> {
    let lr = rate(arguments, 1e-3)?;
    let rule = Rule::AdamW(betas(arguments)?);
    decaying(arguments, Optimizer { weight_decay: 0.01, ..Optimizer::new(rule, lr) })
}

/// Source of the defaults: <https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html>.
fn rmsprop(arguments: &mut Arguments) -> Result<Optimizer, Diagnostic> {
    let lr = rate(arguments, 0.01)?;
    let alpha = arguments.optional("alpha")?.unwrap_or(0.99);
    below_one(arguments, "alpha", alpha)?;
    let eps = arguments.optional("eps")?.unwrap_or(1e-8);
    at_least_zero(arguments, "eps", eps)?;
    let momentum = arguments.optional("momentum")?.unwrap_or(0.0);
    below_one(arguments, "momentum", momentum)?;
    let centered = arguments.flag("centered")?;
    if centered {
        // Gradients that are all equal deviate by nothing, by which nothing can be divided.
        above_zero(arguments, "eps", eps)?;
    }
    decaying(arguments, Optimizer::new(Rule::RmsProp { alpha, eps, momentum, centered }, lr))
}

/// Source of the defaults: the authors' program, <https://github.com/google/automl/tree/master/lion>.
fn lion(arguments: &mut Arguments) -> Result<Optimizer, Diagnostic> {
    let lr = rate(arguments, 1e-4)?;
    let beta1 = arguments.optional("beta1")?.unwrap_or(0.9);
    below_one(arguments, "beta1", beta1)?;
    let beta2 = arguments.optional("beta2")?.unwrap_or(0.99);
    below_one(arguments, "beta2", beta2)?;
    decaying(arguments, Optimizer::new(Rule::Lion { beta1, beta2 }, lr))
}

fn rate(arguments: &mut Arguments, default: f64) -> Result<f64, Diagnostic> {
    let lr = arguments.positional("lr")?.unwrap_or(default);
    at_least_zero(arguments, "lr", lr)
}

fn betas(arguments: &mut Arguments) -> Result<Betas, Diagnostic> {
    let default = Betas::default();
    let betas = Betas {
        beta1: arguments.optional("beta1")?.unwrap_or(default.beta1),
        beta2: arguments.optional("beta2")?.unwrap_or(default.beta2),
        eps: arguments.optional("eps")?.unwrap_or(default.eps),
    };
    below_one(arguments, "beta1", betas.beta1)?;
    below_one(arguments, "beta2", betas.beta2)?;
    at_least_zero(arguments, "eps", betas.eps)?;
    Ok(betas)
}

/// What every optimizer takes: how much and what decays.
fn decaying(arguments: &mut Arguments, optimizer: Optimizer) -> Result<Optimizer, Diagnostic> {
    let weight_decay = arguments.optional("weight_decay")?.unwrap_or(optimizer.weight_decay);
    at_least_zero(arguments, "weight_decay", weight_decay)?;
    let decayed = if arguments.flag("no_bias_decay")? { Decayed::NoBias } else { Decayed::All };
    if decayed == Decayed::NoBias && weight_decay == 0.0 {
        let error = arguments.invalid("no_bias_decay", "`no_bias_decay` needs a weight decay above 0");
        return Err(error.help("add `weight_decay=5e-4`"));
    }
    Ok(Optimizer { weight_decay, decayed, ..optimizer })
}
