//! What weights know of the network that they are for, and its own text does not say.

use super::checkpoint::About;
use crate::compile::compile;
use crate::network::Network;
use crate::recipe::Transform;

impl About {
    /// Puts the numbers that were measured when the weights learned in the place of `normalize measured`, if they are
    /// known.
    pub fn complete(&self, network: &mut Network) {
        let Some(data) = network.data.as_mut().filter(|data| data.eval.contains(&Transform::NormalizeMeasured)) else {
            return;
        };
        let known = self.text.as_deref().and_then(|text| compile(text).ok()?.data);
        let Some(known) = known else { return };
        for (transform, known) in data.eval.iter_mut().zip(known.eval) {
            if *transform == Transform::NormalizeMeasured && matches!(known, Transform::Normalize { .. }) {
                *transform = known;
            }
        }
    }
}
