//! Channels mixed among groups (Zhang et al. 2018), as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html>.
//!
//! `channel_shuffle 2`

use super::{Definition, Layer};
use crate::arguments::{Parameter, Positive};
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const CHANNEL_SHUFFLE: Definition = Definition {
    name: "channel_shuffle",
    usage: "channel_shuffle GROUPS",
    inputs: Some(1),
    parameters: &[Parameter::positional::<Positive>("groups")],
    parse: |arguments| {
        let Positive(groups) = arguments.required("groups")?;
        Ok(Box::new(ChannelShuffle { groups }))
    },
};

#[derive(Debug)]
struct ChannelShuffle {
    groups: usize,
}

impl Layer for ChannelShuffle {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::check_groups(inputs[0].channels(), self.groups, "channels")?;
        Ok(inputs[0])
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::ChannelShuffle(op::ChannelShuffle { groups: self.groups })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn keeps_the_shape() {
        check(&[
            ("channel_shuffle 2", "116x28x28", "116×28×28"),
            ("channel_shuffle groups=3", "6", "6"),
            ("channel_shuffle 3", "116x28x28", "E025 116 channels do not split into 3 groups: 116 mod 3 = 2"),
            (
                "channel_shuffle",
                "6x2x2",
                "E012 `channel_shuffle` needs `groups`: `groups` (a whole number, one or more) is missing",
            ),
        ]);
    }
}
