//! Running statistics that wait: where several processes share a step, each has them follow the batches of all, in
//! order.

use std::mem;

use super::Executor;
use crate::kernels::Real;
use crate::program::Op;

impl<T: Real> Executor<T> {
    /// From now on, running statistics do not follow a batch before [`Executor::follow`].
    pub fn hold_statistics(&mut self) {
        self.memory.observed = Some(Vec::new());
    }

    /// What running statistics are to follow of the batches since this was called last: means and variances, channel by
    /// channel, in the order of the steps.
    pub fn take_observed(&mut self) -> Vec<f64> {
        self.memory.observed.as_mut().map_or(Vec::new(), mem::take)
    }

    /// Lets running statistics follow a batch, to the same bytes as if they had at once. False if the batch was of
    /// another network.
    pub fn follow(&mut self, observed: &[f64]) -> bool {
        let (mut own, rest) = observed.as_chunks::<2>();
        let schedule = &self.training;
        for index in &schedule.plan.steps {
            let statistics = &schedule.used[*index].statistics;
            let (Op::BatchNorm(norm), [mean, variance]) = (&schedule.program.steps[*index].op, statistics.as_slice())
            else {
                continue;
            };
            let Ok([means, variances]) = self.memory.weights.get_disjoint_mut([*mean, *variance]) else { continue };
            let Some((batch, others)) = own.split_at_checked(means.len()) else { return false };
            for ((mean, variance), batch) in means.iter_mut().zip(variances).zip(batch) {
                norm.follow([mean, variance], *batch);
            }
            own = others;
        }
        own.is_empty() && rest.is_empty()
    }
}
