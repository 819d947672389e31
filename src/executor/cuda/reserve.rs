//! The memory that a batch runs in.

use super::{CudaExecutor, Machine};
use crate::cuda::memory::ALIGNMENT;
use crate::cuda::{Gpu, Memory, Result};
use crate::executor::schedule::Schedule;
use crate::ir::ValueId;
use crate::kernels::Mode;
use crate::program::memory::Kept;
use crate::quantity;

impl CudaExecutor {
    /// Makes room for a batch; nothing is allocated if there was a larger one before.
    ///
    /// # Errors
    /// If memory is short, with how much it takes and what would fit.
    pub(crate) fn reserve(&mut self, mode: Mode, batch: usize) -> Result<()> {
        let schedule = match mode {
            Mode::Train => &self.training,
            Mode::Eval => &self.evaluation,
        };
        let (program, machine) = (&self.program, &mut self.machine);
        let width = machine.width();
        let mut wanted: Vec<usize> = schedule.plan.buffers.iter().map(|elements| elements * batch * width).collect();
        wanted.resize(machine.buffers.len(), 0);
        let transposed = match machine.takes_images(program) {
            true => 0,
            false => program.shape(ValueId::INPUT).elements() * batch * width,
        };
        let staged = match mode {
            Mode::Train => 0,
            Mode::Eval => program.shape(program.output).elements() * batch * size_of::<f32>(),
        };
        let saved = machine.place_saved(schedule, batch);
        let needed = wanted.iter().sum::<usize>() + saved + transposed + staged;
        let all = machine.buffers.iter_mut().zip(wanted);
        let others =
            [(&mut machine.saved, saved), (&mut machine.transposed, transposed), (&mut machine.staged, staged)];
        grow(&machine.gpu, all.chain(others)).or_else(|error| {
            let error = error.during(format!("a batch of {batch}"));
            Err(error.followed_by(&fitting(machine.room()?, batch, needed)))
        })
    }
}

impl Machine {
    /// Bytes that batches could have: those that they have, and those that are free.
    fn room(&self) -> Result<usize> {
        let held = self.buffers.iter().chain([&self.saved, &self.transposed, &self.staged]).map(Memory::bytes);
        Ok(held.sum::<usize>() + self.gpu.context().mem_get_info()?.0)
    }

    /// Lays out what the steps of a schedule keep, and says how large it is together.
    fn place_saved(&mut self, schedule: &Schedule, batch: usize) -> usize {
        let mut end = 0;
        for &index in &schedule.plan.steps {
            let step = &schedule.program.steps[index];
            let Kept { reals, indices, bytes } =
                step.op.kept(schedule.mode, batch, schedule.program.shape(step.output));
            let sizes = [reals * size_of::<f32>(), indices * size_of::<u32>(), bytes];
            self.parts[schedule.mode as usize][index] = sizes.map(|bytes| {
                let start = end;
                end = (end + bytes).next_multiple_of(ALIGNMENT);
                (start, bytes)
            });
        }
        end
    }
}

/// Allocates anew what is smaller than it should be.
fn grow<'a>(gpu: &Gpu, wanted: impl Iterator<Item = (&'a mut Memory, usize)>) -> Result<()> {
    for (memory, bytes) in wanted.filter(|(memory, bytes)| memory.bytes() < *bytes) {
        // First the old one goes, when nobody works in it any more.
        *memory = gpu.allocate(0)?;
        *memory = gpu.allocate(bytes)?;
    }
    Ok(())
}

/// Which batch fits into so many bytes, if this one needs more.
fn fitting(room: usize, batch: usize, needed: usize) -> String {
    match (room as u128 * batch as u128 / needed.max(1) as u128) as usize {
        0 => "not even a batch of 1 fits".to_owned(),
        fits => format!("it needs {}; one of about {fits} fits", quantity::bytes(needed as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_fits_is_named() {
        for (room, batch, needed, expected) in [
            (6 << 30, 512, 8 << 30, "it needs 8.00 GiB; one of about 384 fits"),
            (usize::MAX / 2, 1 << 20, usize::MAX, "one of about 524287 fits"),
            (1, 2, 100, "not even a batch of 1 fits"),
        ] {
            let found = fitting(room, batch, needed);
            assert!(found.ends_with(expected), "{found}");
        }
    }
}
