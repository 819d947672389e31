//! A drawing as pixels.
//!
//! How much of a pixel a line covers is worked out from its distance to the line, so edges are smooth. Text is in a
//! font that is built in: a picture is the same on every machine.

use std::ops::Range;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};

use super::drawing::{Anchor, Colour, DASHES, DOT, Drawing, Mark, Point, Stroke, Style, is_small};

/// Pixels for each unit of a drawing: enough for print, and for the screens of telephones.
const SCALE: f64 = 2.0;

/// Letters of Latin, Greek and Cyrillic, and a few signs; its licence lies beside it. What it lacks becomes a box.
static FONT: LazyLock<FontRef> =
    LazyLock::new(|| FontRef::try_from_slice(include_bytes!("font/DejaVuSans.ttf")).expect("it is a font"));

/// Draws all of it.
pub fn pixels(drawing: &Drawing) -> RgbImage {
    let [width, height] = [drawing.width, drawing.height].map(|length| (SCALE * length).ceil() as u32);
    let mut image = RgbImage::from_pixel(width, height, rgb(Colour::Paper));
    for mark in &drawing.marks {
        match mark {
            Mark::Line { points, width, stroke, colour } => {
                let points: Vec<Point> = points.iter().map(|point| point.map(|x| SCALE * x)).collect();
                let radius = SCALE * width / 2.0;
                let mut draw = |from, to| segment(&mut image, from, to, radius, rgb(*colour));
                match stroke {
                    Stroke::Solid => points.windows(2).for_each(|ends| draw(ends[0], ends[1])),
                    Stroke::Dashed => dashes(&points, draw),
                }
            }
            Mark::Dot { at, colour, .. } => {
                let at = at.map(|x| SCALE * x);
                segment(&mut image, at, at, SCALE * DOT, rgb(*colour));
            }
            Mark::Area { corner, size, colour, opacity, .. } => {
                area(&mut image, *corner, *size, rgb(*colour), *opacity)
            }
            Mark::Text { at, anchor, size, style, colour, text } => {
                let line =
                    Line { at: at.map(|x| SCALE * x), anchor: *anchor, size: SCALE * size, colour: rgb(*colour) };
                write(&mut image, &line, *style, text);
            }
            Mark::Picture { corner, side, image: picture } => place(&mut image, *corner, *side, picture),
        }
    }
    image
}

fn rgb(colour: Colour) -> Rgb<u8> {
    let number = u32::from_str_radix(&colour.hex()[1..], 16).expect("colours are written in hexadecimal");
    let [_, red, green, blue] = number.to_be_bytes();
    Rgb([red, green, blue])
}

/// Lays a colour over a part of a pixel, if there is such a pixel.
fn blend(image: &mut RgbImage, x: i64, y: i64, colour: Rgb<u8>, part: f64) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    let Some(pixel) = image.get_pixel_mut_checked(x, y) else { return };
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        *below = (f64::from(*below) + part * (f64::from(above) - f64::from(*below))).round() as u8;
    }
}

/// The pixels from `low` to `high` across (0) or down (1), as far as there are any.
fn within(image: &RgbImage, axis: usize, low: f64, high: f64) -> Range<i64> {
    let length = [image.width(), image.height()][axis];
    (low.floor() as i64).max(0)..(high.ceil() as i64).min(i64::from(length))
}

/// All points within `radius` of a straight line.
fn segment(image: &mut RgbImage, from: Point, to: Point, radius: f64, colour: Rgb<u8>) {
    let reach = radius + 1.0;
    let [x, y] =
        [0, 1].map(|axis| within(image, axis, from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach));
    let along = [to[0] - from[0], to[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    for y in y {
        for x in x.clone() {
            let off = [x as f64 + 0.5 - from[0], y as f64 + 0.5 - from[1]];
            let part = (off[0] * along[0] + off[1] * along[1]) / square.max(f64::MIN_POSITIVE);
            let part = part.clamp(0.0, 1.0);
            let distance = (off[0] - part * along[0]).hypot(off[1] - part * along[1]);
            let covered = (radius + 0.5 - distance).clamp(0.0, 1.0);
            if covered > 0.0 {
                blend(image, x, y, colour, covered);
            }
        }
    }
}

/// No paper is as long; a line that is has no dashes.
const LONGEST: f64 = 1e6;

/// Goes along a line of many points, and lets `draw` draw its dashes.
fn dashes(points: &[Point], mut draw: impl FnMut(Point, Point)) {
    let (mut index, mut left) = (0, SCALE * DASHES[0]);
    for ends in points.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        loop {
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            if length > LONGEST {
                break;
            }
            let part = if length > left { left / length } else { 1.0 };
            let next = [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]));
            if index == 0 {
                draw(from, next);
            }
            from = next;
            if length <= left {
                left -= length;
                break;
            }
            (index, left) = (1 - index, SCALE * DASHES[1 - index]);
        }
    }
}

fn area(image: &mut RgbImage, corner: Point, size: Point, colour: Rgb<u8>, opacity: f64) {
    let [x, y] = [0, 1].map(|axis| (SCALE * corner[axis], SCALE * (corner[axis] + size[axis])));
    let covered = |(low, high): (f64, f64), at: i64| high.min(at as f64 + 1.0) - low.max(at as f64);
    for row in within(image, 1, y.0, y.1) {
        for column in within(image, 0, x.0, x.1) {
            blend(image, column, row, colour, opacity * covered(x, column) * covered(y, row));
        }
    }
}

fn place(image: &mut RgbImage, corner: Point, side: f64, picture: &RgbImage) {
    let side = SCALE * side;
    let factor = side / f64::from(picture.width().max(picture.height()).max(1));
    let [width, height] = [picture.width(), picture.height()].map(|length| (factor * f64::from(length)).round() as u32);
    let filter = if is_small(picture) { FilterType::Nearest } else { FilterType::Triangle };
    let scaled = resize(picture, width.max(1), height.max(1), filter);
    let [left, top] = [(0, width), (1, height)]
        .map(|(axis, length)| (SCALE * corner[axis] + (side - f64::from(length)) / 2.0).round() as i64);
    for (x, y, pixel) in scaled.enumerate_pixels() {
        blend(image, left + i64::from(x), top + i64::from(y), *pixel, 1.0);
    }
}

/// Pixels from one line of captions to the next, and the size that they are written in.
pub(crate) const CAPTION: usize = 14;
const CAPTION_SIZE: f64 = 11.0;

/// Writes as many letters as there is room for, from this corner on.
pub(crate) fn caption(image: &mut RgbImage, [left, top]: [usize; 2], room: usize, text: &str) {
    let font = FONT.as_scaled(scale(CAPTION_SIZE));
    let mut length = 0.0;
    let end = text.char_indices().find(|(_, character)| {
        length += font.h_advance(font.glyph_id(*character));
        length > room as f32
    });
    let text = &text[..end.map_or(text.len(), |(end, _)| end)];
    let at = [left as f64, top as f64 + f64::from(font.ascent())];
    let line = Line { at, anchor: Anchor::Start, size: CAPTION_SIZE, colour: Rgb([0; 3]) };
    write(image, &line, Style::Plain, text);
}

/// The font's own unit is the height of its lines, not the size that texts are given in.
fn scale(size: f64) -> PxScale {
    let lines = FONT.height_unscaled() / FONT.units_per_em().expect("every TrueType font has it");
    PxScale::from(size as f32 * lines)
}

/// Where text is written, in pixels.
struct Line {
    at: Point,
    anchor: Anchor,
    size: f64,
    colour: Rgb<u8>,
}

fn write(image: &mut RgbImage, line: &Line, style: Style, text: &str) {
    let scale = scale(line.size);
    let font = FONT.as_scaled(scale);
    let glyphs: Vec<GlyphId> = text.chars().map(|character| font.glyph_id(character)).collect();
    let length: f32 = glyphs.iter().map(|glyph| font.h_advance(*glyph)).sum();
    let mut pen = match line.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -length / 2.0,
        Anchor::End => -length,
    };
    let [left, base] = line.at.map(|x| x.round() as i64);
    // Bold is the letter twice, a pixel apart.
    let strokes: &[i64] = if style == Style::Bold { &[0, 1] } else { &[0] };
    for glyph in glyphs {
        if let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(scale, point(pen, 0.0))) {
            let corner = outline.px_bounds().min;
            let (right, down) = (corner.x as i64, corner.y as i64);
            outline.draw(|x, y, covered| {
                let (along, below) = (right + i64::from(x), down + i64::from(y));
                for shift in strokes {
                    let (x, y) = match style {
                        Style::Turned => (left + below, base - along - 1),
                        Style::Plain | Style::Bold => (left + along + shift, base + below),
                    };
                    blend(image, x, y, line.colour, f64::from(covered.min(1.0)));
                }
            });
        }
        pen += font.h_advance(glyph);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(mark: Mark) -> RgbImage {
        pixels(&Drawing { width: 40.0, height: 40.0, title: String::new(), marks: vec![mark] })
    }

    /// How much of the paper a black drawing covers, in pixels.
    fn ink(image: &RgbImage) -> f64 {
        image.pixels().map(|pixel| 1.0 - f64::from(pixel.0[0]) / 255.0).sum()
    }

    const BLACK: Colour = Colour::Other("#000000");

    fn line(points: &[Point], stroke: Stroke) -> RgbImage {
        drawn(Mark::Line { points: points.to_vec(), width: 2.0, stroke, colour: BLACK })
    }

    /// Areas are those of geometry, up to the smoothed edges.
    #[test]
    fn shapes_cover_what_they_should() {
        let area =
            |corner, size, opacity| drawn(Mark::Area { corner, size, colour: BLACK, opacity, hover: String::new() });
        let slope = [[10.0, 10.0], [30.0, 30.0]];
        let length = 2.0 * 20.0 * 2f64.sqrt();
        let caps = std::f64::consts::PI * 4.0;
        for (what, image, expected) in [
            ("a rectangle", area([1.0, 1.0], [10.0, 5.0], 1.0), 4.0 * 50.0),
            ("one between pixels", area([1.2, 1.3], [10.1, 5.2], 1.0), 4.0 * 10.1 * 5.2),
            ("one to see through", area([1.0, 1.0], [10.0, 5.0], 0.25), 50.0),
            ("one that leaves the paper", area([35.0, 35.0], [10.0, 10.0], 1.0), 100.0),
            ("one without end", area([35.0, 35.0], [1e300, f64::INFINITY], 1.0), 100.0),
            ("a line without end", line(&[[10.0, 20.0], [1e18, 20.0]], Stroke::Solid), 4.0 * 60.0 + caps / 2.0),
            ("dashes without end", line(&[[10.0, 20.0], [1e18, 20.0]], Stroke::Dashed), 0.0),
            ("a dot", drawn(Mark::Dot { at: [20.0; 2], colour: BLACK, hover: String::new() }), caps * DOT * DOT),
            ("a level line", line(&[[10.0, 20.0], [30.0, 20.0]], Stroke::Solid), 4.0 * 40.0 + caps),
            ("a slope", line(&slope, Stroke::Solid), 4.0 * length + caps),
            ("a line to nowhere", line(&[[10.0, 20.0], [-30.0, 20.0]], Stroke::Solid), 4.0 * 20.0 + caps / 2.0),
        ] {
            let found = ink(&image);
            assert!((found - expected).abs() <= 0.03 * expected, "{what}: {found}, not {expected}");
        }
    }

    /// However many points a line has.
    #[test]
    fn dashes_go_on_round_corners() {
        let mut whole = Vec::new();
        dashes(&[[0.0, 0.0], [64.0, 0.0]], |from, to| whole.push([from[0], to[0]].map(|x| x.round() as i64)));
        assert_eq!(whole, [[0, 10], [16, 26], [32, 42], [48, 58]]);
        let points: Vec<Point> = (0..=64).map(|x| [f64::from(x), 0.0]).collect();
        let mut length = 0.0;
        dashes(&points, |from, to| length += to[0] - from[0]);
        assert!((length - 40.0).abs() < 1e-9, "{length}");
        dashes(&[[1.0, 1.0], [1.0, 1.0]], |from, to| assert_eq!(from, to));
    }

    #[test]
    fn text_stands_where_it_should() {
        let text = |anchor, style, text: &str| {
            let text = text.to_owned();
            drawn(Mark::Text { at: [20.0, 20.0], anchor, size: 13.0, style, colour: BLACK, text })
        };
        // The parts of all ink that are right of the middle and below it.
        let parts = |image: &RgbImage| {
            let part = |is_there: fn(u32, u32) -> bool| {
                let there = image.enumerate_pixels().filter(|(x, y, _)| is_there(*x, *y));
                there.map(|(_, _, pixel)| 1.0 - f64::from(pixel.0[0]) / 255.0).sum::<f64>() / ink(image)
            };
            [part(|x, _| x >= 40), part(|_, y| y >= 40)]
        };
        for (anchor, style, expected) in [
            (Anchor::Start, Style::Plain, [1.0, 0.0]),
            (Anchor::End, Style::Plain, [0.0, 0.0]),
            (Anchor::Middle, Style::Plain, [0.5, 0.0]),
            (Anchor::Middle, Style::Bold, [0.5, 0.0]),
            (Anchor::Start, Style::Turned, [0.0, 0.0]),
            (Anchor::End, Style::Turned, [0.0, 1.0]),
        ] {
            let found = parts(&text(anchor, style, "HHH"));
            let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.12);
            assert!(near, "{anchor:?} {style:?}: {found:?}");
        }
        let [plain, bold] = [Style::Plain, Style::Bold].map(|style| ink(&text(Anchor::Start, style, "H")));
        assert!(bold > 1.2 * plain, "{bold} {plain}");
        assert!(ink(&text(Anchor::Start, Style::Plain, "수")) > 20.0, "a box stands for what the font lacks");
    }

    #[test]
    fn small_images_show_their_pixels() {
        let image = RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([0; 3]) } else { Rgb([200, 0, 0]) });
        let shown = drawn(Mark::Picture { corner: [10.0; 2], side: 20.0, image });
        // As wide as the square, half as high, and in the middle of it.
        for (x, y, expected) in [
            (20, 30, [0; 3]),
            (39, 49, [0; 3]),
            (40, 30, [200, 0, 0]),
            (59, 49, [200, 0, 0]),
            (30, 29, [255; 3]),
            (30, 50, [255; 3]),
        ] {
            assert_eq!(shown.get_pixel(x, y).0, expected, "{x} {y}");
        }
    }
}
