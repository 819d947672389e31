//! Images in, outputs out, in either order and type.

use super::{download, each_gpu, rounded, upload};
use crate::cuda::DType;
use crate::ir::Shape;
use crate::kernels::cuda::{convert, transpose};
use crate::kernels::layout;
use crate::program::call::Order;

#[test]
fn images_and_outputs_keep_their_numbers() {
    for gpu in each_gpu() {
        for (batch, shape) in [
            (3, Shape::map(3, 5, 7)),
            (2, Shape::map(40, 9, 11)),
            (3, Shape::map(16, 8, 8)),
            (2, Shape::map(70, 1, 9)),
            (4, Shape::map(1, 4, 5)),
            (5, Shape::Vector(21)),
        ] {
            // Exact in bf16.
            let images: Vec<f32> = (0..batch * shape.elements()).map(|index| (index % 251) as f32).collect();
            let width = gpu.settings().storage.width();
            let from = upload(&gpu, &images);
            let inside = gpu.allocate(images.len() * width).expect("tests are small");
            let to = gpu.allocate(from.bytes()).expect("tests are small");
            transpose::images(&gpu, batch, shape, from.view(), inside.view()).expect("a kernel");
            let mut expected = images.clone();
            if gpu.settings().order == Order::ChannelsLast {
                layout::channels_last(shape, &images, &mut expected);
            }
            convert::to_float(&gpu, inside.view(), to.view()).expect("a kernel");
            assert_eq!(download::<f32>(&gpu, &to), expected, "{batch}×{shape} with {:?}", gpu.settings());
            transpose::outputs(&gpu, batch, shape, inside.view(), to.view()).expect("a kernel");
            assert_eq!(download::<f32>(&gpu, &to), images, "{batch}×{shape} with {:?}", gpu.settings());
        }
    }
}

#[test]
fn numbers_are_rounded_to_the_nearest_even() {
    // Just below, at and above halves between two neighbours with 8 bits, and what has no neighbours.
    let values: Vec<f32> =
        [0x3f80_7fff, 0x3f80_8000, 0x3f80_8001, 0x3f81_8000, 0xbf81_8000, 0x7f7f_ffff, 1, 0x8000_0000]
            .map(f32::from_bits)
            .into_iter()
            .chain([0.0, f32::INFINITY, f32::NEG_INFINITY])
            .collect();
    for gpu in each_gpu().filter(|gpu| gpu.settings().storage == DType::Bf16) {
        let (from, inside) = (upload(&gpu, &values), gpu.allocate(2 * values.len()).expect("tests are small"));
        let to = gpu.allocate(from.bytes()).expect("tests are small");
        convert::to_real(&gpu, from.view(), inside.view()).expect("a kernel");
        convert::to_float(&gpu, inside.view(), to.view()).expect("a kernel");
        let expected: Vec<f32> = values.iter().map(|value| rounded(f64::from(*value)) as f32).collect();
        assert_eq!(download::<f32>(&gpu, &to), expected);
    }
}
