//! The compiler inside another program: compile a network, train it ten steps with Candle's own optimizer, predict.
//!
//! `cargo run --release --example embed`

use candle_core::{D, Device, Tensor};
use candle_nn::{AdamW, ModuleT, Optimizer, ParamsAdamW, loss};

const NETWORK: &str = "
input: [1, 8, 8]
classes: 2
layers:
  - conv 8 3x3 p1 -> bn -> relu -> maxpool 2x2
  - flatten -> linear {classes}
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let network = archc::compile(NETWORK)?;
    let totals = network.totals();
    println!("{} parameters, {} multiply-accumulates an image", totals.params, totals.macs);

    // 32 images: noise, and the odd ones with a bright lower half.
    let device = Device::Cpu;
    let noise = Tensor::rand(0f32, 1.0, (32, 1, 8, 8), &device)?;
    let bright = Tensor::from_vec((0..64).map(|i| if i < 32 { 0f32 } else { 1.0 }).collect(), (1, 1, 8, 8), &device)?;
    let labels: Vec<u32> = (0..32).map(|i| i % 2).collect();
    let odd = Tensor::from_iter(labels.iter().map(|label| *label as f32), &device)?.reshape((32, 1, 1, 1))?;
    let images = (noise + odd.broadcast_mul(&bright)?)?;
    let labels = Tensor::from_vec(labels, 32, &device)?;

    let model = network.build(&device, 42)?;
    let mut optimizer = AdamW::new(model.vars(), ParamsAdamW { lr: 0.02, ..Default::default() })?;
    for step in 1..=10 {
        let loss = loss::cross_entropy(&model.forward_t(&images, true)?, &labels)?;
        optimizer.backward_step(&loss)?;
        println!("step {step}: loss {:.4}", loss.to_scalar::<f32>()?);
    }

    let predicted = model.forward_t(&images, false)?.argmax(D::Minus1)?;
    let correct = predicted.eq(&labels)?.to_dtype(candle_core::DType::U32)?.sum_all()?.to_scalar::<u32>()?;
    println!("{correct} of 32 right");
    Ok(())
}
