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

/// Whose padding `same` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlidingKind {
    /// Slides over the map.
    Window,
    /// As [`SlidingKind::Window`], and is padded by no more than half its kernel.
    Pool,
    /// Enlarges the map, as many times as its stride says.
    Transposed,
}

/// The padding of a window that is without padding otherwise.
fn padding(
    arguments: &Arguments,
    given: Option<Padding>,
    window: Window,
    kind: SlidingKind,
) -> Result<Pair, Diagnostic> {
    match given {
        None => Ok(Pair::square(0)),
        Some(Padding::Zeros(padding)) => Ok(padding),
        Some(Padding::Same) => {
            let message = format!("`padding` of `{}` must be {}", arguments.callee().value, Padding::EXPECTED);
            let error = arguments.invalid("padding", message).label("found `same`");
            Err(match window.same(kind) {
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

/// A larger padding makes maps larger than any can be.
const LARGEST_PADDING: usize = 1 << 20;

impl Window {
    /// What other frameworks call `same`: the padding, and what it does; or why there is none.
    fn same(self, kind: SlidingKind) -> Result<(Pair, String), String> {
        let Pair { height: down, width: across } = self.reach().span;
        let Window { kernel, stride, .. } = self;
        let spans = match self.dilation == Pair::square(1) {
            true => format!("a kernel of {kernel}"),
            false => format!("a kernel of {kernel} that spans {down}×{across}"),
        };
        if kind == SlidingKind::Transposed {
            let half = |span: usize, stride: usize| {
                let rest = span.checked_sub(stride)?;
                rest.is_multiple_of(2).then_some(rest / 2)
            };
            // One row more at the end makes up for what cannot be halved.
            let is_odd_more = |span: usize, stride: usize| stride > 1 && span > stride && (span - stride) % 2 == 1;
            return match (half(down, stride.height), half(across, stride.width)) {
                (Some(height), Some(width)) => Ok((
                    Pair { height, width },
                    format!("makes the map {} times as large under {spans}", stride.written()),
                )),
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
            };
        }
        let padding = Pair { height: (down - 1) / 2, width: (across - 1) / 2 };
        if down.is_multiple_of(2) || across.is_multiple_of(2) {
            let rest = |span: usize| (span - 1) - (span - 1) / 2;
            let sides =
                [("top", padding.height), ("bottom", rest(down)), ("left", padding.width), ("right", rest(across))];
            let sides: Vec<String> = sides
                .iter()
                .filter(|(_, pixels)| *pixels > 0)
                .map(|(side, pixels)| format!("{side}={pixels}"))
                .collect();
            let fill = if kind == SlidingKind::Pool { " replicate" } else { "" };
            return Err(format!(
                "{spans} cannot keep the size with the same padding on all sides: put `pad {}{fill}` before it, and leave `padding` out",
                sides.join(" ")
            ));
        }
        if kind == SlidingKind::Pool && (padding.height > kernel.height / 2 || padding.width > kernel.width / 2) {
            return Err(format!(
                "{spans} keeps the size only with a padding of more than half the kernel, which a pool does not have"
            ));
        }
        if padding.height.max(padding.width) > LARGEST_PADDING {
            return Err(format!("{spans} reaches beyond every map: use a smaller kernel or dilation"));
        }
        let effect = match stride == Pair::square(1) {
            true => format!("keeps the size under {spans}"),
            false => format!("makes one output of {} pixels, rounded up, under {spans}", stride.written()),
        };
        Ok((padding, effect))
    }
}

impl Window {
    /// Takes the arguments of a convolution: `kernel`, `stride` (1 by default), `padding` and `dilation`.
    pub fn parse_conv(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        Window::parse_padded(arguments, SlidingKind::Window)
    }

    /// Takes those of a transposed convolution, which are the same.
    pub fn parse_transposed(arguments: &mut Arguments) -> Result<Window, Diagnostic> {
        Window::parse_padded(arguments, SlidingKind::Transposed)
    }

    fn parse_padded(arguments: &mut Arguments, kind: SlidingKind) -> Result<Window, Diagnostic> {
        let PositivePair(kernel) = arguments.required("kernel")?;
        let stride = positive(arguments, "stride", Pair::square(1))?;
        let given = arguments.optional("padding")?;
        let dilation = positive(arguments, "dilation", Pair::square(1))?;
        let window = Window { kernel, stride, padding: Pair::square(0), dilation, ceil: false };
        Ok(Window { padding: padding(arguments, given, window, kind)?, ..window })
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
        let given = arguments.optional("padding")?;
        let dilation = dilation(arguments)?;
        let ceil = arguments.flag("ceil")?;
        let window = Window { kernel, stride, padding: Pair::square(0), dilation, ceil };
        let window = Window { padding: padding(arguments, given, window, SlidingKind::Pool)?, ..window };
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
