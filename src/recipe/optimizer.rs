//! The rule that changes the weights.

use std::fmt;

/// An update rule with the settings that all rules share; formulas in REFERENCE §3's notation at [`crate::train`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// Learning rate, before any schedule.
    pub lr: f64,
    /// λ
    pub weight_decay: f64,
    /// What λ acts on.
    pub decayed: Decayed,
}

/// How a gradient becomes a step. Source: <https://docs.pytorch.org/docs/stable/optim.html>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// `sgd lr=0.1 momentum=0.9 weight_decay=5e-4 nesterov`
    Sgd {
        /// μ
        momentum: f64,
        /// τ, the part of a gradient that does not reach the momentum.
        dampening: f64,
        /// Looks ahead along the momentum.
        nesterov: bool,
    },
    /// `adam lr=1e-3 beta1=0.9 beta2=0.999 eps=1e-8 weight_decay=0`
    Adam(Betas),
    /// As Adam, but the decay shrinks the weights directly; `weight_decay` is 0.01 by default.
    AdamW(Betas),
    /// `rmsprop lr=0.01 alpha=0.99 eps=1e-8 momentum=0 centered`
    RmsProp {
        /// Decay of the mean of squared gradients.
        alpha: f64,
        /// Added to the root.
        eps: f64,
        /// μ
        momentum: f64,
        /// Divides by the standard deviation of gradients in place of their root mean square.
        centered: bool,
    },
    /// `lion lr=1e-4 beta1=0.9 beta2=0.99 weight_decay=0`: every weight moves by the learning rate, up or down. The
    /// decay shrinks the weights directly. Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).
    Lion {
        /// The momentum's part in a step, the rest being the gradient's.
        beta1: f64,
        /// Decay of the momentum.
        beta2: f64,
    },
}

/// Settings that Adam and AdamW share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Betas {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root.
    pub eps: f64,
}

/// Which weights decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decayed {
    /// All of them, as PyTorch's optimizers have it.
    All,
    /// `no_bias_decay`: those of convolutions and linear layers. Biases, and all of norms and PReLUs, are left alone.
    /// Source: He et al., "Bag of Tricks for Image Classification with Convolutional Neural Networks" (2019), §3.1.
    NoBias,
}

impl Optimizer {
    /// A rule without weight decay.
    pub const fn new(rule: Rule, lr: f64) -> Optimizer {
        Optimizer { rule, lr, weight_decay: 0.0, decayed: Decayed::All }
    }

    /// SGD with momentum, without weight decay.
    pub const fn sgd(lr: f64, momentum: f64) -> Optimizer {
        Optimizer::new(Rule::Sgd { momentum, dampening: 0.0, nesterov: false }, lr)
    }

    /// How many numbers the rule remembers for each weight.
    pub fn moments(&self) -> usize {
        self.kept().into_iter().filter(|kept| *kept).count()
    }

    /// Which numbers those are: v or m, u, and a.
    pub fn kept(&self) -> [bool; 3] {
        match self.rule {
            Rule::Sgd { momentum, .. } => [momentum != 0.0, false, false],
            Rule::Adam(_) | Rule::AdamW(_) => [true, true, false],
            Rule::Lion { .. } => [true, false, false],
            Rule::RmsProp { momentum, centered, .. } => [momentum != 0.0, true, centered],
        }
    }
}

/// PyTorch's. Source: <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>.
impl Default for Betas {
    fn default() -> Betas {
        Betas { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

/// As the notation writes it, with nothing left to a default.
impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Optimizer { rule, lr, weight_decay, decayed } = self;
        match rule {
            Rule::Sgd { momentum, dampening, nesterov } => {
                write!(f, "sgd lr={lr:?} momentum={momentum:?}")?;
                if *dampening != 0.0 {
                    write!(f, " dampening={dampening:?}")?;
                }
                f.write_str(if *nesterov { " nesterov" } else { "" })?;
            }
            Rule::Adam(betas) => write!(f, "adam lr={lr:?} {betas}")?,
            Rule::AdamW(betas) => write!(f, "adamw lr={lr:?} {betas}")?,
            Rule::RmsProp { alpha, eps, momentum, centered } => {
                write!(f, "rmsprop lr={lr:?} alpha={alpha:?} eps={eps:?} momentum={momentum:?}")?;
                f.write_str(if *centered { " centered" } else { "" })?;
            }
            Rule::Lion { beta1, beta2 } => write!(f, "lion lr={lr:?} beta1={beta1:?} beta2={beta2:?}")?,
        }
        write!(f, " weight_decay={weight_decay:?}")?;
        match decayed {
            Decayed::All => Ok(()),
            Decayed::NoBias => f.write_str(" no_bias_decay"),
        }
    }
}

impl fmt::Display for Betas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Betas { beta1, beta2, eps } = self;
        write!(f, "beta1={beta1:?} beta2={beta2:?} eps={eps:?}")
    }
}
