//! Changes of colour, for values from 0 to 1.
//!
//! Source: torchvision's `functional` on float tensors.

use crate::train::data::image::Image;

/// Times `factor`.
pub fn brightness(image: &mut Image, factor: f32) {
    image.pixels.iter_mut().for_each(|value| *value = blend(*value, 0.0, factor));
}

/// Away from the mean of the grey image, or towards it.
pub fn contrast(image: &mut Image, factor: f32) {
    let count = (image.size.height * image.size.width) as f64;
    let sum: f64 = match image.channels {
        1 => image.pixels.iter().map(|value| f64::from(*value)).sum(),
        _ => colours(image).into_iter().flatten().map(|[red, green, blue]| f64::from(grey(*red, *green, *blue))).sum(),
    };
    let mean = (sum / count) as f32;
    image.pixels.iter_mut().for_each(|value| *value = blend(*value, mean, factor));
}

/// Away from grey, or towards it.
pub fn saturation(image: &mut Image, factor: f32) {
    for [red, green, blue] in colours(image).into_iter().flatten() {
        let grey = grey(*red, *green, *blue);
        [red, green, blue].into_iter().for_each(|value| *value = blend(*value, grey, factor));
    }
}

/// All channels become the brightness.
pub fn grayscale(image: &mut Image) {
    for [red, green, blue] in colours(image).into_iter().flatten() {
        let grey = grey(*red, *green, *blue);
        [*red, *green, *blue] = [grey; 3];
    }
}

/// Turns the circle of hues by `turn`, of which 1 is the full circle.
pub fn hue(image: &mut Image, turn: f32) {
    for [red, green, blue] in colours(image).into_iter().flatten() {
        let [hue, saturation, value] = to_hsv([*red, *green, *blue]);
        [*red, *green, *blue] = to_rgb([(hue + turn).rem_euclid(1.0), saturation, value]);
    }
}

/// Adds to red, green and blue the principal components of ImageNet's colours, each times its own factor.
///
/// Eigenvalues and eigenvectors as in Facebook's fb.resnet.torch, for values from 0 to 1:
/// <https://github.com/facebookarchive/fb.resnet.torch/blob/master/datasets/imagenet.lua>.
pub fn lighting(image: &mut Image, factors: [f64; 3]) {
    const VALUES: [f64; 3] = [0.2175, 0.0188, 0.0045];
    const VECTORS: [[f64; 3]; 3] = [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]];
    let plane = image.size.height * image.size.width;
    for (plane, vector) in image.pixels.chunks_exact_mut(plane).zip(VECTORS) {
        let shift: f64 = vector.iter().zip(VALUES).zip(factors).map(|((v, value), factor)| v * value * factor).sum();
        plane.iter_mut().for_each(|pixel| *pixel += shift as f32);
    }
}

/// `factor` parts of `value` and the rest of `other`, within \[0, 1\].
pub fn blend(value: f32, other: f32, factor: f32) -> f32 {
    (factor * value + (1.0 - factor) * other).clamp(0.0, 1.0)
}

/// The pixels of an image that has red, green and blue.
fn colours(image: &mut Image) -> Option<impl Iterator<Item = [&mut f32; 3]>> {
    if image.channels != 3 {
        return None;
    }
    let plane = image.size.height * image.size.width;
    let (red, rest) = image.pixels.split_at_mut(plane);
    let (green, blue) = rest.split_at_mut(plane);
    Some(red.iter_mut().zip(green).zip(blue).map(|((red, green), blue)| [red, green, blue]))
}

fn grey(red: f32, green: f32, blue: f32) -> f32 {
    0.2989 * red + 0.587 * green + 0.114 * blue
}

/// Hue, saturation and value (Smith 1978), each from 0 to 1.
fn to_hsv([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let most = red.max(green).max(blue);
    let range = most - red.min(green).min(blue);
    if range == 0.0 {
        return [0.0, 0.0, most];
    }
    let [from_red, from_green, from_blue] = [red, green, blue].map(|colour| (most - colour) / range);
    let sixths = if most == red {
        from_blue - from_green
    } else if most == green {
        2.0 + from_red - from_blue
    } else {
        4.0 + from_green - from_red
    };
    [(sixths / 6.0 + 1.0) % 1.0, range / most, most]
}

fn to_rgb([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let sector = (hue * 6.0).floor();
    let within = hue * 6.0 - sector;
    let low = value * (1.0 - saturation);
    let falling = value * (1.0 - saturation * within);
    let rising = value * (1.0 - saturation * (1.0 - within));
    let [low, falling, rising] = [low, falling, rising].map(|value| value.clamp(0.0, 1.0));
    match sector as u8 % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}
