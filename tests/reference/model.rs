//! The Candle module, differentiated by Candle: logits, loss and gradients in both modes, and running statistics.

use archc::model::Model;
use candle_core::{Device, Tensor};
use candle_nn::{ModuleT, loss::cross_entropy};

use crate::fixture::{Fixture, NETWORKS, Precision};

fn model<T: Precision>(fixture: &Fixture) -> Model {
    let weights: Vec<Tensor> = fixture
        .weights::<T>("weights")
        .into_iter()
        .zip(&fixture.program.weights)
        .map(|(values, weight)| Tensor::from_vec(values, weight.shape.as_slice(), &Device::Cpu).expect("shapes agree"))
        .collect();
    Model::new(fixture.program.clone(), &weights, 0).expect("the weights are the network's")
}

fn check<T: Precision>() -> candle_core::Result<()> {
    for fixture in NETWORKS.map(Fixture::load) {
        let images = fixture.tensor("images").to_dtype(T::DTYPE)?;
        let labels = fixture.tensor("labels");
        for (mode, train) in [("train", true), ("eval", false)] {
            let model = model::<T>(&fixture);
            let logits = model.forward_t(&images, train)?;
            let loss = cross_entropy(&logits, labels)?;
            let gradients = loss.backward()?;
            fixture.check::<T>(&format!("{mode}/logits"), &values(&logits)?);
            fixture.check::<T>(&format!("{mode}/loss"), &values(&loss)?);
            let of_weight = |var| gradients.get(var).map_or(Ok(Vec::new()), values);
            let gradients =
                model.weights().map(|(_, var)| of_weight(var)).collect::<candle_core::Result<Vec<Vec<T>>>>()?;
            fixture.check_weights(&format!("{mode}/gradients"), &gradients);
            if train {
                let weights =
                    model.weights().map(|(_, var)| values(var)).collect::<candle_core::Result<Vec<Vec<T>>>>()?;
                fixture.check_weights("train/buffers", &weights);
            }
        }
    }
    Ok(())
}

fn values<T: Precision>(tensor: &Tensor) -> candle_core::Result<Vec<T>> {
    tensor.flatten_all()?.to_vec1()
}

#[test]
fn in_f64() -> candle_core::Result<()> {
    check::<f64>()
}

#[test]
fn in_f32() -> candle_core::Result<()> {
    check::<f32>()
}
