//! A training step, with all that a recipe can add to it, allocates nothing once the first ones have made their
//! buffers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use archc::executor::Executor;
use archc::ir::Shape;
use archc::kernels::{MaskKey, Objective};
use archc::lower::lower;
use archc::random::initial_weights;
use archc::recipe::{Clip, Mix, MixKind, Optimizer};
use archc::train::OptimizerState;
use archc::train::accumulate::Accumulated;
use archc::train::average::Average;
use archc::train::clip::{NormParts, shrink};
use archc::train::mix::{BatchKey, mix};
use rayon::ThreadPoolBuilder;

/// The system's allocator, and how often it was asked for memory.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const NETWORK: &str = "
input: [3, 16, 16]
classes: 10
blocks:
  basic(width, stride=1):
    - residual:
        - conv {width} 3x3 s{stride} p1 bias=false -> bn -> relu
        - conv {width} 3x3 p1 bias=false -> bn
      after: relu
layers:
  - conv 16 5x5 p2 -> lrn 5 -> relu -> maxpool 2x2
  - basic 16 x 2
  - basic 32 stride=2
  - branches: [conv 8 1x1, conv 8 3x3 p1 g8 -> sigmoid]
    merge: concat
  - avgpool 2 -> flatten -> linear 32 -> relu -> dropout 0.5 -> linear {classes}
";

/// On one thread, since a thread that takes up a task for the first time makes its own buffers then, whenever that is.
#[test]
fn a_step_allocates_nothing_after_the_first() {
    let pool = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    let (first, later) = pool.install(|| {
        let program = lower(&archc::compile(NETWORK).expect("a sound network"));
        let rule = Optimizer { weight_decay: 1e-4, ..Optimizer::sgd(0.1, 0.9) };
        let mut optimizer = OptimizerState::new(rule, &program);
        let weights = initial_weights::<f32>(&program, 1);
        let mut executor = Executor::new(program, weights);
        let mut images: Vec<f32> = (0..5 * 3 * 16 * 16).map(|index| (index as f32).sin()).collect();
        let labels = [0, 1, 2, 3, 4];
        let ways = [MixKind::Mixup, MixKind::CutMix].map(|kind| Mix { kind, alpha: 0.2, probability: 0.9 });
        let mut accumulated = Accumulated::new(executor.gradients(), 0);
        let mut average = Average::new(0.9, executor.weights());
        let mut norm = NormParts::default();
        let mut count = |steps: std::ops::Range<u64>| {
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            for step in steps {
                for batch in 0..2 {
                    let mixed =
                        mix(&ways, &mut images, &mut [], Shape::map(3, 16, 16), BatchKey { seed: 1, epoch: 0, batch });
                    let objective = Objective { mixed, label_smoothing: 0.1, ..Objective::from(&labels) };
                    let loss = executor.step_gradients(&images, objective, MaskKey { seed: 1, step, place: 0 });
                    accumulated.add(executor.gradients(), loss.weight);
                }
                executor.update(|weights, _| {
                    let (gradients, factor) = accumulated.total();
                    let shrink = shrink(Some(Clip::Norm(1.0)), factor, gradients.iter(), &mut norm);
                    optimizer.update_shrunk(0.1, shrink, weights, gradients);
                    average.update(weights, step);
                });
                accumulated.clear();
            }
            ALLOCATIONS.load(Ordering::Relaxed) - before
        };
        (count(0..2), count(2..12))
    });
    assert!(first > 0, "the first step makes buffers");
    assert_eq!(later, 0, "allocations in ten later steps");
}
