//! The mean and the largest of all channels at each position, as CBAM's spatial attention has them (Woo et al. 2018):
//! `channel_mean`, `channel_max`. Where several channels are the largest, they share the gradient, as in `torch.amax`

use super::{Definition, Layer, map_input};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{ChannelPool, Op};

pub(super) const CHANNEL_MEAN: Definition = definition("channel_mean", |_| Ok(Box::new(ChannelPool::Mean)));
pub(super) const CHANNEL_MAX: Definition = definition("channel_max", |_| Ok(Box::new(ChannelPool::Max)));

const fn definition(name: &'static str, parse: super::Parse) -> Definition {
    Definition { name, usage: name, inputs: Some(1), parameters: &[], parse }
}

impl Layer for ChannelPool {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let kind = match self {
            ChannelPool::Mean => "channel_mean",
            ChannelPool::Max => "channel_max",
        };
        let (_, height, width) = map_input(kind, inputs[0])?;
        Ok(Shape::map(1, height, width))
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::ChannelPool(*self)
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn leaves_one_channel() {
        check(&[
            ("channel_mean", "64x7x8", "1×7×8"),
            ("channel_max", "64x7x8", "1×7×8"),
            (
                "channel_max",
                "64",
                "E020 `channel_max` needs a feature map C×H×W, but a vector of 64 arrives; put `channel_max` before `flatten`",
            ),
        ]);
    }
}
