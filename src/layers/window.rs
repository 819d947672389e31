//! How windows are written, and what is said where one does not fit.

use super::{Culprit, Mismatch};
use crate::arguments::{Arguments, FromValue, PositivePair, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Pair, Window};

/// What people write for a padding.
enum Padding {
    Zeros(Pair),
    /// As much as keeps the size, in other frameworks.
    Same,
}

impl FromValue for Padding {
    const EXPECTED: &'static str = Pair::EXPECTED;
    fn from_value(value: &Value) -> Option<Padding> {
        match value {
            Value::Word(word) if word == "same" => Some(Padding::Same),
            other => Pair::from_value(other).map(Padding::Zeros),
        }
    }
}

fn padding(arguments: &mut Arguments, kernel: Pair) -> Result<Pair, Diagnostic> {
    match arguments.optional("padding")? {
        None => Ok(Pair::square(0)),
        Some(Padding::Zeros(padding)) => Ok(padding),
        Some(Padding::Same) => {
            let message = format!("`padding` of `{}` must be {}", arguments.callee().value, Padding::EXPECTED);
            let error = arguments.invalid("padding", message).label("found `same`");
            let half = if kernel.height == kernel.width {
                (kernel.height / 2).to_string()
            } else {
                format!("{}x{}", kernel.height / 2, kernel.width / 2)
            };
            let advice = format!("with stride 1, `p{half}` keeps the size under a kernel of {kernel}");
            let place = arguments.place("padding");
            Err(match kernel.height % 2 + kernel.width % 2 {
                2 => error.fix(advice, place, half),
                _ => error.help("an even kernel cannot keep the size with as many zeros on all sides"),
            })
        }
    }
}

impl Window {
    /// Takes the arguments of a convolution: `kernel`, `stride` (1 unless given), `padding` and `dilation`.
    pub fn parse_conv(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        let PositivePair(kernel) = arguments.required("kernel")?;
        Ok(Window {
            kernel,
            stride: positive(arguments, "stride", Pair::square(1))?,
            padding: padding(arguments, kernel)?,
            dilation: positive(arguments, "dilation", Pair::square(1))?,
            ceil: false,
        })
    }

    /// Takes the arguments of average pooling: `kernel`, `stride` (the kernel unless given), `padding` and `ceil`.
    pub fn parse_avg_pool(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        Window::parse_pool(arguments, |_| Ok(Pair::square(1)))
    }

    /// Takes the arguments of max pooling: those of average pooling, and `dilation`.
    pub fn parse_max_pool(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        Window::parse_pool(arguments, |arguments| positive(arguments, "dilation", Pair::square(1)))
    }

    fn parse_pool(
        arguments: &mut Arguments,
        dilation: impl FnOnce(&mut Arguments) -> Result<Pair, Diagnostic>,
    ) -> Result<Window, Diagnostic> {
        let PositivePair(kernel) = arguments.required("kernel")?;
        let window = Window {
            kernel,
            stride: positive(arguments, "stride", kernel)?,
            padding: arguments.optional("padding")?.unwrap_or(Pair::square(0)),
            dilation: dilation(arguments)?,
            ceil: arguments.flag("ceil")?,
        };
        match window.axes().into_iter().find(|axis| axis.padding > axis.kernel / 2) {
            None => Ok(window),
            Some(axis) => {
                let message = format!("the padding of `{}` is at most half its kernel", arguments.callee().value);
                let error = arguments.invalid("padding", message);
                Err(error.label(format!("{} > {}/2", axis.padding, axis.kernel)))
            }
        }
    }

    /// Output height and width over a map of `height`×`width`, or why the window does not fit. `what` is `kernel` or `window`.
    pub fn output(&self, height: usize, width: usize, what: &str) -> Result<(usize, usize), Mismatch> {
        let [down, across] = self.axes();
        match (down.count(height), across.count(width)) {
            (Some(down), Some(across)) => Ok((down, across)),
            (down_fits, _) => {
                let (axis, size) = if down_fits.is_none() { (down, height) } else { (across, width) };
                let dilated = if self.dilation == Pair::square(1) {
                    String::new()
                } else {
                    format!(", dilated by {}", self.dilation)
                };
                let padded = if self.padding == Pair::square(0) {
                    String::new()
                } else {
                    format!(", padded by {}", self.padding)
                };
                Err(Mismatch {
                    code: Code::WindowDoesNotFit,
                    at: Culprit::Argument("kernel"),
                    message: format!("{what} {}{dilated} does not fit the {height}×{width} input{padded}", self.kernel),
                    arithmetic: format!("{} < 1", axis.formula(size)),
                    help: None,
                })
            }
        }
    }
}

/// An argument that is a number or a size, one or more.
fn positive(arguments: &mut Arguments, key: &'static str, default: Pair) -> Result<Pair, Diagnostic> {
    Ok(arguments.optional(key)?.map_or(default, |PositivePair(pair)| pair))
}
