//! Where images come from, as far as it says how large they are.

use super::fields::Fields;
use super::reading::Reading;
use super::text::Message;
use super::types::Layer;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::ir::Shape;

impl Reading<'_> {
    /// `input: "data"` of a network, and its sizes.
    pub fn inputs(&mut self, network: &Fields<'_>) {
        let names = network.texts("input");
        let dims = network.wholes("input_dim");
        let shapes = network.messages("input_shape");
        for (index, name) in names.iter().enumerate() {
            let sizes = match shapes.get(index) {
                Some(shape) => self.dims(network, shape),
                None => dims.get(4 * index..4 * index + 4).unwrap_or_default().to_vec(),
            };
            let shape = self.shape(&sizes);
            let place = name.span;
            self.reads(name, shape, || {
                let error = Diagnostic::error(Code::MissingKey, place, "the input has no sizes");
                error.help("such as `input_shape { dim: 1 dim: 3 dim: 224 dim: 224 }`")
            });
        }
    }

    fn dims(&self, fields: &Fields<'_>, shape: &Message) -> Vec<Spanned<i64>> {
        let fields = fields.inside("a shape", shape);
        let dims = fields.wholes("dim");
        fields.finish();
        dims
    }

    /// N×C×H×W or N×F; the first is the batch.
    fn shape(&self, dims: &[Spanned<i64>]) -> Option<Spanned<Shape>> {
        let [batch, sizes @ ..] = dims else { return None };
        let wrong = sizes.iter().find(|size| !(1..=1 << 31).contains(&size.value));
        if let Some(wrong) = wrong {
            let error = Diagnostic::error(Code::InvalidArgument, wrong.span, "a size of the input must be at least 1");
            self.report(error.label(format!("found `{}`", wrong.value)));
            return None;
        }
        let value = |size: &Spanned<i64>| size.value as usize;
        let shape = match sizes {
            [features] => Shape::Vector(value(features)),
            [channels, height, width] => Shape::map(value(channels), value(height), value(width)),
            _ => {
                let message = format!("an input of {} dimensions is none that archc has", dims.len());
                let error = Diagnostic::error(Code::InvalidArgument, batch.span, message);
                self.report(error.label("it has four, N×C×H×W, or two, N×F"));
                return None;
            }
        };
        Some(Spanned::new(shape, sizes[0].span.to(sizes.last().map_or(batch.span, |size| size.span))))
    }

    /// A layer that makes images, and perhaps labels.
    pub fn data(&mut self, layer: &Layer<'_>, fields: &Fields<'_>) {
        fields.ignore(&["param"]);
        let transform = fields.message("transform_param").map(|message| fields.inside("`transform_param`", message));
        let window =
            transform.as_ref().and_then(|transform| transform.whole("crop_size")).filter(|size| size.value > 0);
        let dims = match layer.r#type {
            "Input" => self.input_param(fields),
            "DummyData" | "DUMMY_DATA" => self.dummy_data(fields),
            "MemoryData" | "MEMORY_DATA" => self.memory_data(fields),
            "ImageData" | "IMAGE_DATA" => self.image_data(fields),
            _ => Vec::new(),
        };
        let mut source = None;
        for key in ["data_param", "image_data_param", "hdf5_data_param", "window_data_param", "memory_data_param"] {
            let Some(message) = fields.message(key) else { continue };
            let own = fields.inside(key, message);
            source = own.text("source").cloned().or(source);
            self.batch = own.whole("batch_size").or(self.batch.take());
        }
        let dims = cropped(dims, window.as_ref());
        let shape = self.shape(&dims);
        let Some((images, others)) = layer.tops.split_first() else {
            self.report(Diagnostic::error(Code::MissingKey, layer.span, "a layer of data needs a `top`"));
            return;
        };
        let missing = || missing(layer.span, window.as_ref(), source.as_ref());
        self.reads(images, shape, missing);
        for labels in others {
            self.labels(&labels.value);
        }
    }

    fn input_param(&self, fields: &Fields<'_>) -> Vec<Spanned<i64>> {
        let Some(message) = fields.message("input_param") else { return Vec::new() };
        let own = fields.inside("`input_param`", message);
        let first = own.messages("shape").into_iter().next();
        own.finish();
        first.map(|shape| self.dims(fields, shape)).unwrap_or_default()
    }

    fn dummy_data(&self, fields: &Fields<'_>) -> Vec<Spanned<i64>> {
        let Some(message) = fields.message("dummy_data_param") else { return Vec::new() };
        let own = fields.inside("`dummy_data_param`", message);
        own.ignore(&["data_filler"]);
        let shape = own.messages("shape").into_iter().next();
        let sizes = ["num", "channels", "height", "width"].map(|key| own.wholes(key).into_iter().next());
        own.finish();
        match (shape, sizes) {
            (Some(shape), _) => self.dims(fields, shape),
            (None, [Some(num), Some(channels), Some(height), Some(width)]) => vec![num, channels, height, width],
            _ => Vec::new(),
        }
    }

    fn memory_data(&self, fields: &Fields<'_>) -> Vec<Spanned<i64>> {
        let Some(message) = fields.message("memory_data_param") else { return Vec::new() };
        let own = fields.inside("`memory_data_param`", message);
        match ["batch_size", "channels", "height", "width"].map(|key| own.whole(key)) {
            [Some(batch), Some(channels), Some(height), Some(width)] => vec![batch, channels, height, width],
            _ => Vec::new(),
        }
    }

    fn image_data(&self, fields: &Fields<'_>) -> Vec<Spanned<i64>> {
        let Some(message) = fields.message("image_data_param") else { return Vec::new() };
        let own = fields.inside("`image_data_param`", message);
        let channels = if own.truth("is_color", true) { 3 } else { 1 };
        let sides = ["new_height", "new_width"].map(|key| own.whole(key).filter(|size| size.value > 0));
        match sides {
            [Some(height), Some(width)] => {
                vec![Spanned::new(1, height.span), Spanned::new(channels, height.span), height, width]
            }
            _ => Vec::new(),
        }
    }
}

/// Sizes of images of which a window is taken.
fn cropped(mut dims: Vec<Spanned<i64>>, window: Option<&Spanned<i64>>) -> Vec<Spanned<i64>> {
    if let (Some(window), [_, _, height, width]) = (window, dims.as_mut_slice()) {
        *height = window.clone();
        *width = window.clone();
    }
    dims
}

/// That the file does not say how large its images are.
fn missing(span: Span, window: Option<&Spanned<i64>>, source: Option<&Spanned<String>>) -> Diagnostic {
    let (what, example) = match window {
        Some(size) => ("how many channels the images have", format!("--input 3x{0}x{0}", size.value)),
        None => ("how large the images are", "--input 3x32x32".to_string()),
    };
    let error = Diagnostic::error(Code::MissingKey, span, format!("the file does not say {what}"));
    let error = match source {
        Some(source) => error.other(source.span, "that is in here"),
        None => error,
    };
    error.help(format!("say it on the command line: `{example}` for images of three channels"))
}
