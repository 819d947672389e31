//! The sections that are layers of one input.

use super::Reading;
use super::kinds::{KNOWN, OWN, activation, refused};
use super::options::Options;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};
use crate::import::net::{Array, Call, Order, Stored, Value};
use crate::ir::Shape;

/// Added to a variance before its root.
const EPS: f64 = 1e-6;

/// The part of a new variance in the running one.
const MOMENTUM: f64 = 0.01;

/// Options of layers that say how a layer is trained or shown, and nothing about what it is.
const OTHERS: [&str; 8] =
    ["learning_rate", "stopbackward", "onlyforward", "clip", "noloss", "temperature_spatial", "nosoftmax", "spatial"];

impl Reading {
    /// What a section makes; `None` after a mistake.
    pub(super) fn section(&mut self, options: &Options<'_>) -> Option<Value> {
        let output = self.built(options);
        if output.is_none() {
            // What stands in it may be right all the same.
            options.ignore_all();
        }
        output
    }

    fn built(&mut self, options: &Options<'_>) -> Option<Value> {
        let header = options.header();
        match header.value.as_str() {
            "convolutional" | "conv" => self.convolutional(options),
            "deconvolutional" | "deconv" => self.deconvolutional(options),
            "connected" | "conn" => self.connected(options),
            "batchnorm" => self.batch_norm_alone(options),
            "maxpool" | "max" => self.max_pool(options),
            "avgpool" | "avg" => self.plain(options, "avgpool", Call::new("global_avgpool", header.span)),
            "dropout" => self.dropout(options),
            "activation" => {
                let (name, current) = (self.name("activation", header.span), self.current());
                self.activated(options, &name.value, current, "linear")
            }
            "crop" if self.index() == 0 => self.crop(options),
            "softmax" | "soft" => self.softmax(options),
            "cost" => self.cost(options),
            "upsample" => self.upsample(options),
            "reorg" | "reorg_old" => self.reorg(options),
            "reorg3d" => self.reorg_by_pixel(options),
            "route" => self.route(options),
            "shortcut" => self.shortcut(options),
            "scale_channels" | "sam" => self.product(options),
            other => {
                options.refuse(refused(other, header.span));
                None
            }
        }
    }

    /// A layer that reads what the section before makes.
    fn plain(&mut self, options: &Options<'_>, name: &str, call: Call) -> Option<Value> {
        let current = self.current();
        let name = self.name(name, options.span());
        Some(self.net.layer(&name, call, vec![current]))
    }

    fn convolutional(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let filters = options.positive("filters", 1);
        let kernel = options.positive("size", 1);
        let stride = options.whole("stride", 1);
        let stride = ["stride_y", "stride_x"].map(|key| {
            let own = options.whole(key, stride.value);
            if own.value < 1 {
                stride.clone()
            } else if own.span == span {
                Spanned::new(own.value, stride.span)
            } else {
                own
            }
        });
        let padding = self.padding(options, &kernel);
        let groups = options.positive("groups", 1);
        let dilation = if kernel.value == 1 { Spanned::new(1, span) } else { options.positive("dilation", 1) };
        options.ignore(&["dilation", "share_layer"]);
        for (key, what) in [
            ("binary", "rounds weights to two values"),
            ("xnor", "rounds weights and inputs to two values"),
            ("antialiasing", "blurs what the layer makes"),
            ("assisted_excitation", "mixes in the truth"),
            ("deform", "bends kernels"),
            ("rotate", "turns kernels"),
            ("sway", "turns kernels"),
            ("stretch", "stretches kernels"),
            ("stretch_sway", "stretches kernels"),
        ] {
            options.lacking(key, 0, what);
        }
        if dilation.value > 1 && 2 * padding.value != kernel.value - 1 {
            let message = format!(
                "with `dilation={}` Darknet pads by `padding` times as much, and counts the output without it",
                dilation.value
            );
            let error = Diagnostic::error(Code::InvalidArgument, dilation.span, message);
            options.refuse(error.label(format!("2·{} ≠ {} − 1", padding.value, kernel.value)));
        }
        let is_normal = options.is_set("batch_normalize");
        let order = if options.is_set("flipped") { Order::Transposed } else { Order::Same };
        let square = |side: &Spanned<i64>| [side.clone(), side.clone()];
        let padding = Spanned::new(padding.value.saturating_mul(dilation.value), padding.span);
        let call = Call::new("conv", span)
            .at(Argument::Int(filters.value), filters.span)
            .window(square(&kernel))
            .size(1, "stride", stride)
            .size(0, "padding", square(&padding))
            .size(1, "dilation", square(&dilation))
            .unless(1, "groups", groups);
        let call = if is_normal { call.plus("bias", Argument::Bool(false)) } else { call };
        self.weighted(options, "conv", call, is_normal, order)
    }

    /// `pad=1` pads by half the kernel; `padding` by as much as it says.
    fn padding(&self, options: &Options<'_>, kernel: &Spanned<i64>) -> Spanned<i64> {
        let given = options.not_negative("padding", 0);
        match options.whole_if_given("pad") {
            Some(pad) if pad.value != 0 => Spanned::new(kernel.value / 2, pad.span),
            _ => given,
        }
    }

    fn deconvolutional(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let filters = options.positive("filters", 1);
        let (kernel, stride) = (options.positive("size", 1), options.positive("stride", 1));
        let padding = self.padding(options, &kernel);
        let is_normal = options.is_set("batch_normalize");
        let square = |side: &Spanned<i64>| [side.clone(), side.clone()];
        let call = Call::new("conv_transpose", span)
            .at(Argument::Int(filters.value), filters.span)
            .window(square(&kernel))
            .size(1, "stride", square(&stride))
            .size(0, "padding", square(&padding));
        let call = if is_normal { call.plus("bias", Argument::Bool(false)) } else { call };
        self.weighted(options, "deconv", call, is_normal, Order::Same)
    }

    fn connected(&mut self, options: &Options<'_>) -> Option<Value> {
        let output = options.positive("output", 1);
        let is_normal = options.is_set("batch_normalize");
        let call = Call::new("linear", options.span()).at(Argument::Int(output.value), output.span);
        let call = if is_normal { call.plus("bias", Argument::Bool(false)) } else { call };
        self.weighted(options, "connected", call, is_normal, Order::ByHeader)
    }

    /// A convolution or a linear layer, with the batch norm and the activation that belong to it.
    fn weighted(
        &mut self,
        options: &Options<'_>,
        what: &str,
        call: Call,
        is_normal: bool,
        order: Order,
    ) -> Option<Value> {
        options.ignore(&OTHERS);
        let span = options.span();
        let name = self.name(what, span);
        let is_linear = order == Order::ByHeader;
        let current = match is_linear {
            true => {
                let current = self.current();
                self.net.flat(&name, current)
            }
            false => self.current(),
        };
        let mut output = self.net.layer(&name, call, vec![current]);
        let weight = Array { name: format!("{}.weight", self.net.name(output)?), order };
        let mut arrays = Vec::new();
        let mut statistics = Vec::new();
        if is_normal {
            let name = self.name("bn", span);
            output = self.net.layer(&name, batch_norm(span), vec![output]);
            let norm = self.net.name(output)?;
            let array = |part: &str| Array { name: format!("{norm}.{part}"), order: Order::Same };
            arrays.push(array("bias"));
            statistics = ["weight", "running_mean", "running_var"].map(array).into();
        } else {
            arrays.push(Array { name: format!("{}.bias", self.net.name(output)?), order: Order::Same });
        }
        // Of a convolution the weights come last; of a connected layer, before the statistics.
        match is_linear {
            true => arrays.extend(std::iter::once(weight).chain(statistics)),
            false => arrays.extend(statistics.into_iter().chain([weight])),
        }
        self.stored.push(Stored { layer: format!("{} `[{}]`", self.index(), options.header().value), arrays });
        self.activated(options, what, output, "logistic")
    }

    fn batch_norm_alone(&mut self, options: &Options<'_>) -> Option<Value> {
        let output = self.plain(options, "bn", batch_norm(options.span()))?;
        let norm = self.net.name(output)?;
        let parts = ["bias", "weight", "running_mean", "running_var"];
        let arrays = parts.map(|part| Array { name: format!("{norm}.{part}"), order: Order::Same });
        self.stored.push(Stored { layer: format!("{} `[batchnorm]`", self.index()), arrays: arrays.into() });
        Some(output)
    }

    /// `value` behind the activation that the section names.
    pub(super) fn activated(&mut self, options: &Options<'_>, what: &str, value: Value, usual: &str) -> Option<Value> {
        let written = options.text("activation");
        let (name, span) = written.map_or((usual, options.span()), |name| (name.value.as_str(), name.span));
        let Some(calls) = activation(name, span) else {
            let message = format!("archc has no activation that is Darknet's `{name}`");
            let error = Diagnostic::error(Code::UnknownName, span, message);
            let near = nearest(name, KNOWN).filter(|_| !OWN.contains(&name));
            options.refuse(match near {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("there are {}", KNOWN.join(", "))),
            });
            return None;
        };
        let label = if what.starts_with("activation") { what.to_string() } else { format!("{name}{}", self.index()) };
        let label = Spanned::new(label, span);
        Some(calls.into_iter().fold(value, |value, call| self.net.layer(&label, call, vec![value])))
    }

    /// Darknet pads by `padding` pixels in all, `size − 1` unless given, the smaller half of them before.
    fn max_pool(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let stride = options.positive("stride", 1);
        let kernel = options.positive("size", stride.value);
        let strides = ["stride_y", "stride_x"].map(|key| options.positive(key, stride.value));
        let padding = options.not_negative("padding", kernel.value - 1);
        options.lacking("maxpool_depth", 0, "pools across channels");
        options.lacking("antialiasing", 0, "blurs what the layer makes");
        options.ignore(&["out_channels"]);
        if padding.value >= 2 * kernel.value {
            let message = "a window would lie in the padding alone";
            let error = Diagnostic::error(Code::InvalidArgument, padding.span, message);
            options.refuse(error.label(format!("`padding={}`, and `size={}`", padding.value, kernel.value)));
            return None;
        }
        let (before, after) = (padding.value / 2, padding.value - padding.value / 2);
        let square = |side: &Spanned<i64>| [side.clone(), side.clone()];
        let window = Call::new("maxpool", span).window(square(&kernel)).size(kernel.value, "stride", strides.clone());
        let [down, across] = strides.map(|stride| stride.value);
        if before == after && before <= kernel.value / 2 {
            return self.plain(
                options,
                "maxpool",
                window.size(0, "padding", square(&Spanned::new(before, padding.span))),
            );
        }
        // Room for one window more, which is not whole: what rounding up gives, for a map of any size.
        if before == 0 && after == down - 1 && down == across && down <= kernel.value {
            return self.plain(options, "maxpool", window.flag("ceil", true));
        }
        // Repeated pixels are never larger than those under the same window that they repeat.
        let mut pad = Call::new("pad", span);
        for (key, pixels) in [("top", before), ("bottom", after), ("left", before), ("right", after)] {
            if pixels > 0 {
                pad = pad.with(key, Argument::Int(pixels), padding.span);
            }
        }
        if before >= kernel.value || after >= kernel.value {
            let message = "a window would lie in the padding alone";
            options.refuse(Diagnostic::error(Code::InvalidArgument, padding.span, message));
            return None;
        }
        let current = self.current();
        let name = self.name("pad", span);
        let padded = self.net.layer(&name, pad.flag("replicate", true), vec![current]);
        let name = self.name("maxpool", span);
        Some(self.net.layer(&name, window, vec![padded]))
    }

    fn dropout(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let p = options.number("probability", 0.5);
        options.lacking("dropblock", 0, "drops whole parts of a map");
        options.ignore(&["dropblock_size_rel", "dropblock_size_abs"]);
        self.plain(options, "dropout", Call::new("dropout", span).at(Argument::Float(p.value), p.span))
    }

    /// A window of each image, before the first layer: what a network of archc reads is the window.
    fn crop(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let sides = ["crop_height", "crop_width"].map(|key| options.positive(key, 1));
        options.ignore(&["flip", "angle", "saturation", "exposure", "shift"]);
        let scale = if options.is_set("noadjust") { "" } else { " -> normalize mean=0.5 std=0.5" };
        let message = "a window of each image is what the network reads";
        let [height, width] = &sides;
        let warning = Diagnostic::warning(Code::Unused, span, message);
        options.refuse(warning.label("that images are cut is no part of the network").help(format!(
            "under `data:` it is `center_crop {}x{}{scale}`, and in training a random `crop`",
            height.value, width.value
        )));
        let channels = self.net.shape(Value::INPUT)?.channels();
        let shape = Shape::map(channels, height.value.max(1) as usize, width.value.max(1) as usize);
        self.window = Some(Spanned::new(shape, height.span.to(width.span)));
        if !self.is_given {
            self.net.set_input(shape);
        }
        Some(self.current())
    }

    /// Whether only what computes the loss stands behind this section.
    fn is_last(&self) -> bool {
        self.index() + 1 >= self.sections - self.costs
    }

    /// The softmax at the end belongs to the loss, which takes scores.
    fn softmax(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        options.ignore(&OTHERS);
        options.lacking("groups", 1, "makes several distributions");
        let temperature = options.number("temperature", 1.0);
        if temperature.value == 0.0 {
            let message = "`temperature` must not be 0: scores are divided by it";
            options.refuse(Diagnostic::error(Code::InvalidArgument, temperature.span, message));
            return None;
        }
        if let Some(tree) = options.text("tree") {
            let message = "a softmax over a tree of classes is not one that archc has";
            options.refuse(Diagnostic::error(Code::InvalidArgument, tree.span, message));
        }
        let name = self.name("softmax", span);
        let current = self.current();
        let mut flat = self.net.flat(&name, current);
        if temperature.value != 1.0 {
            let call =
                Call::new("mul", temperature.span).at(Argument::Float(1.0 / temperature.value), temperature.span);
            flat = self.net.layer(&self.name("temperature", span), call, vec![flat]);
        }
        if self.is_last() {
            return Some(flat);
        }
        Some(self.net.layer(&name, Call::new("softmax", span), vec![flat]))
    }

    /// A sum of squares whose gradient goes past the softmax before it: the cross-entropy's.
    fn cost(&mut self, options: &Options<'_>) -> Option<Value> {
        let kind = options.text("type");
        options.ignore(&["scale", "ratio", "noobject_scale", "thresh", "hist"]);
        if let Some(kind) = kind.filter(|kind| kind.value != "sse") {
            let message = format!("archc trains with cross-entropy, not with the cost `{}`", kind.value);
            options.refuse(Diagnostic::error(Code::UnknownName, kind.span, message));
        }
        if !self.is_last() {
            let message = "`[cost]` is the end of a network, and sections stand behind it";
            options.refuse(Diagnostic::error(Code::InvalidArgument, options.span(), message));
        }
        Some(self.current())
    }

    fn upsample(&mut self, options: &Options<'_>) -> Option<Value> {
        let stride = options.positive("stride", 2);
        let scale = options.number("scale", 1.0);
        if scale.value != 1.0 {
            let message =
                format!("`scale={}` multiplies what the layer makes, which archc has no layer for", scale.value);
            options.refuse(Diagnostic::error(Code::InvalidArgument, scale.span, message));
        }
        let call = Call::new("upsample", options.span()).at(Argument::Int(stride.value), stride.span);
        self.plain(options, "upsample", call)
    }
}

fn batch_norm(span: Span) -> Call {
    Call::new("bn", span).plus("eps", Argument::Float(EPS)).plus("momentum", Argument::Float(MOMENTUM))
}
