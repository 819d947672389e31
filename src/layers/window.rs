//! How windows are written, and what is said where one does not fit.

use super::{Culprit, Mismatch};
use crate::arguments::{Arguments, FromValue, Parameter, PositivePair, ResolvedCall, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Pair, Window};

/// The arguments that windows are written with.
pub(super) const KERNEL: Parameter = Parameter::positional::<PositivePair>("kernel");
pub(super) const STRIDE: Parameter = Parameter::named::<PositivePair>("stride");
pub(super) const PADDING: Parameter = Parameter::named::<Padding>("padding");
pub(super) const DILATION: Parameter = Parameter::named::<PositivePair>("dilation");
pub(super) const CEIL: Parameter = Parameter::flag("ceil");

/// A padding of a window that slides over a map.
enum Padding {
    Zeros(Pair),
    /// As much as makes an output for each step of the stride. What that is over a map is worked out where the map is
    /// known, before the layer reads it.
    Same,
}

impl FromValue for Padding {
    const EXPECTED: &'static str = "a whole number, a size such as `3x5`, or `same`";
    fn from_value(value: &Value) -> Option<Padding> {
        match value {
            Value::Word(word) if word == "same" => Some(Padding::Same),
            other => Pair::from_value(other).map(Padding::Zeros),
        }
    }
}

fn padding(arguments: &mut Arguments) -> Result<Pair, Diagnostic> {
    match arguments.optional("padding")? {
        None => Ok(Pair::square(0)),
        Some(Padding::Zeros(padding)) => Ok(padding),
        Some(Padding::Same) => {
            let message = "`same` is worked out from the size of a map, and none is known here";
            Err(arguments.invalid("padding", message))
        }
    }
}

/// A padding of a transposed window, of which other frameworks have a `same` too.
struct Transposed(Padding);

impl FromValue for Transposed {
    const EXPECTED: &'static str = Pair::EXPECTED;
    fn from_value(value: &Value) -> Option<Transposed> {
        Padding::from_value(value).map(Transposed)
    }
}

/// The padding of a transposed window that is without padding otherwise.
fn transposed_padding(arguments: &Arguments, given: Option<Transposed>, window: Window) -> Result<Pair, Diagnostic> {
    match given {
        None => Ok(Pair::square(0)),
        Some(Transposed(Padding::Zeros(padding))) => Ok(padding),
        Some(Transposed(Padding::Same)) => {
            let message = format!("`padding` of `{}` must be {}", arguments.callee().value, Transposed::EXPECTED);
            let error = arguments.invalid("padding", message).label("found `same`");
            Err(match window.same_transposed() {
                Ok((padding, effect)) => {
                    let written = padding.written();
                    arguments.instead(error, "padding", &written, format!("`p{written}` {effect}"))
                }
                Err(advice) => error.help(advice),
            })
        }
    }
}

/// The call with another kernel and another padding.
pub(crate) fn with_kernel(call: &ResolvedCall, kernel: Pair, padding: Pair) -> ResolvedCall {
    let call = call.clone().with("kernel", Value::Size(kernel.height as i64, kernel.width as i64));
    if padding == Pair::square(0) { call.without("padding") } else { call.with("padding", padding.into()) }
}

impl Window {
    /// What other frameworks call `same` of a transposed window: the padding, and what it does; or why there is none.
    fn same_transposed(self) -> Result<(Pair, String), String> {
        let Pair { height: down, width: across } = self.reach().span;
        let Window { kernel, stride, .. } = self;
        let spans = match self.dilation == Pair::square(1) {
            true => format!("a kernel of {kernel}"),
            false => format!("a kernel of {kernel} that spans {down}×{across}"),
        };
        let half = |span: usize, stride: usize| {
            let rest = span.checked_sub(stride)?;
            rest.is_multiple_of(2).then_some(rest / 2)
        };
        // One row more at the end makes up for what cannot be halved.
        let is_odd_more = |span: usize, stride: usize| stride > 1 && span > stride && (span - stride) % 2 == 1;
        match (half(down, stride.height), half(across, stride.width)) {
            (Some(height), Some(width)) => {
                Ok((Pair { height, width }, format!("makes the map {} times as large under {spans}", stride.written())))
            }
            _ if is_odd_more(down, stride.height) && is_odd_more(across, stride.width) => {
                let padding =
                    Pair { height: (down - stride.height).div_ceil(2), width: (across - stride.width).div_ceil(2) };
                Err(format!(
                    "write `p{} output_padding=1`: the map is {} times as large then",
                    padding.written(),
                    stride.written()
                ))
            }
            _ => Err(format!("with {spans}, no padding makes the map {} times as large", stride.written())),
        }
    }
}

impl Window {
    /// Takes the arguments of a convolution: `kernel`, `stride` (1 by default), `padding` and `dilation`.
    pub fn parse_conv(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        let PositivePair(kernel) = arguments.required("kernel")?;
        let stride = positive(arguments, "stride", Pair::square(1))?;
        let padding = padding(arguments)?;
        let dilation = positive(arguments, "dilation", Pair::square(1))?;
        Ok(Window { kernel, stride, padding, dilation, ceil: false })
    }

    /// Takes those of a transposed convolution, which are the same.
    pub fn parse_transposed(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        let PositivePair(kernel) = arguments.required("kernel")?;
        let stride = positive(arguments, "stride", Pair::square(1))?;
        let given = arguments.optional("padding")?;
        let dilation = positive(arguments, "dilation", Pair::square(1))?;
        let window = Window { kernel, stride, padding: Pair::square(0), dilation, ceil: false };
        Ok(Window { padding: transposed_padding(arguments, given, window)?, ..window })
    }

    /// Takes the arguments of average pooling: `kernel`, `stride` (by default the kernel), `padding` and `ceil`.
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
        let stride = positive(arguments, "stride", kernel)?;
        let padding = padding(arguments)?;
        let dilation = dilation(arguments)?;
        let ceil = arguments.flag("ceil")?;
        let window = Window { kernel, stride, padding, dilation, ceil };
        match window.axes().into_iter().find(|axis| axis.padding > axis.kernel / 2) {
            None => Ok(window),
            Some(axis) => {
                let message = format!("the padding of `{}` is at most half its kernel", arguments.callee().value);
                let error = arguments.invalid("padding", message);
                Err(error.label(format!("{} > {}/2", axis.padding, axis.kernel)))
            }
        }
    }

    /// Output height and width over a map of `height`×`width`, or why the window does not fit. `what` is `kernel` or
    /// `window`.
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
