//! What happens to images, in torchvision's words.

use crate::export::source::number;
use crate::ir::{Pair, Shape};
use crate::recipe::{Edges, Filter, Padding, Resize, Transform};

/// The function that makes the transforms, if torchvision has all of them. `network` is the class that reads the
/// result.
pub fn function(transforms: &[Transform], input: Shape, network: &str) -> Option<String> {
    let mode = match input {
        Shape::Map { channels: 1, .. } => "L",
        Shape::Map { channels: 3, .. } => "RGB",
        Shape::Map { .. } | Shape::Vector(_) => return None,
    };
    let channels = input.channels();
    let calls: Vec<String> = transforms.iter().map(|transform| call(transform, channels)).collect::<Option<_>>()?;
    let steps: String = calls.iter().map(|call| format!("            {call},\n")).collect();
    Some(format!(
        "def transforms():\n    \"\"\"What an image goes through before the network reads it, made of torchvision's transforms.\n\n    \
         {network}()(transforms()(PIL.Image.open(PATH).convert(\"{mode}\")).unsqueeze(0))\n    \"\"\"\n    \
         from torchvision.transforms import v2\n\n    return v2.Compose(\n        [\n            v2.ToImage(),\n            \
         v2.ToDtype(torch.float32, scale=True),\n{steps}        ]\n    )\n"
    ))
}

/// One of them; `None` if it draws random numbers, or ones that nobody knows yet.
fn call(transform: &Transform, channels: usize) -> Option<String> {
    Some(match transform {
        Transform::Pad(Padding { pixels, edges }) => {
            let sides = format!("[{}, {}]", pixels.width, pixels.height);
            match edges {
                Edges::Fill(fill) => format!("v2.Pad({sides}, fill={})", list(fill)),
                Edges::Edge => format!("v2.Pad({sides}, padding_mode=\"edge\")"),
                Edges::Reflect => format!("v2.Pad({sides}, padding_mode=\"reflect\")"),
                Edges::Symmetric => format!("v2.Pad({sides}, padding_mode=\"symmetric\")"),
            }
        }
        Transform::CenterCrop { size } => format!("v2.CenterCrop({})", both(*size)),
        Transform::Resize { target, filter } => {
            let size = match target {
                Resize::Shorter(side) => side.to_string(),
                Resize::Exact(size) => both(*size),
            };
            match filter {
                Filter::Bilinear => format!("v2.Resize({size})"),
                Filter::Bicubic => format!("v2.Resize({size}, interpolation=v2.InterpolationMode.BICUBIC)"),
            }
        }
        Transform::Grayscale { probability } if *probability >= 1.0 => {
            format!("v2.Grayscale(num_output_channels={channels})")
        }
        Transform::GaussianBlur { kernel, sigma } if sigma.low >= sigma.high => {
            format!("v2.GaussianBlur([{}, {}], sigma={})", kernel.width, kernel.height, number(sigma.low))
        }
        Transform::Normalize { mean, std } => format!("v2.Normalize(mean={}, std={})", list(mean), list(std)),
        Transform::NormalizeMeasured
        | Transform::RandomCrop { .. }
        | Transform::ResizedCrop { .. }
        | Transform::HorizontalFlip { .. }
        | Transform::VerticalFlip { .. }
        | Transform::Rotate { .. }
        | Transform::Affine(_)
        | Transform::ColorJitter { .. }
        | Transform::Lighting { .. }
        | Transform::Grayscale { .. }
        | Transform::GaussianBlur { .. }
        | Transform::Erase { .. }
        | Transform::TrivialAugment { .. } => return None,
    })
}

fn both(Pair { height, width }: Pair) -> String {
    format!("[{height}, {width}]")
}

fn list(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| number(*value)).collect();
    format!("[{}]", values.join(", "))
}
