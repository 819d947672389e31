//! Training takes the memory that was estimated, and no more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use archc::executor::Executor;
use archc::kernels::MaskKey;
use archc::lower::lower;
use archc::network::Network;
use archc::random::initial_weights;
use archc::recipe::Optimizer;
use archc::train::OptimizerState;
use rayon::ThreadPoolBuilder;

/// The system's allocator, with the bytes that are in use and the most that were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(in_use, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const THREADS: usize = 2;

/// The most bytes that are in use in training steps.
fn measure(network: &Network, batch: usize) -> usize {
    // The threads' own memory is gone once they are joined.
    let mut threads = Vec::new();
    let pool = ThreadPoolBuilder::new().num_threads(THREADS).spawn_handler(|thread| {
        threads.push(std::thread::spawn(|| thread.run()));
        Ok(())
    });
    let pool = pool.build().expect("threads can be started");
    let before = IN_USE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    pool.install(|| {
        let program = lower(network);
        let mut optimizer = OptimizerState::new(Optimizer::sgd(0.01, 0.9), &program);
        let weights = initial_weights::<f32>(&program, 1);
        let mut executor = Executor::new(program, weights);
        let images = vec![0.5; batch * network.graph.input.elements()];
        let labels = vec![0u32; batch];
        for step in 0..3 {
            executor.step_gradients(&images, &labels, MaskKey { seed: 1, step, place: 0 });
            executor.update(|weights, gradients| optimizer.update(0.01, weights, gradients));
        }
    });
    let most = MOST.load(Ordering::Relaxed) - before;
    drop(pool);
    threads.into_iter().for_each(|thread| thread.join().expect("a thread ends well"));
    most
}

/// Estimate and measurement of each network differ by at most 15 %. How much the threads keep of what they worked in
/// depends on who took which task, by up to a megabyte: so batches are not the smallest.
#[test]
fn training_takes_what_was_estimated() {
    let file = |name: &str| fs::read_to_string(format!("architectures/{name}.yaml")).expect("a file");
    let layers = |input: &str, layers: &str| format!("input: [{input}]\nlayers: [{layers} -> flatten -> linear 10]");
    let cases = [
        (file("convnet"), 100),
        (file("convnet"), 32),
        (file("vgg16_cifar100"), 4),
        (file("resnet18_cifar100"), 4),
        (file("alexnet"), 2),
        (layers("3, 32, 32", "conv 64 3x3 p1"), 16),
        (layers("64, 16, 16", "conv 64 3x3 p1 -> conv 64 3x3 p1"), 32),
        (layers("128, 8, 8", "conv 128 3x3 p1 bias=false"), 64),
        (layers("256, 4, 4", "conv 256 3x3 p1"), 8),
        (layers("512, 2, 2", "conv 512 3x3 p1"), 16),
        (layers("64, 17, 13", "conv 96 5x5 p2 s2 -> relu"), 9),
        (layers("3, 64, 64", "conv 64 7x7 p3 s2"), 16),
        (layers("16, 32, 32", "conv 32 1x1 -> conv 16 1x1 s2"), 24),
        (layers("64, 16, 16", "conv 64 3x3 p1 g32 -> conv 64 3x3 p1 g4"), 16),
        (layers("96, 16, 16", "depthwise 3x3 p1 -> depthwise 5x5 p2 s2"), 16),
        (layers("32, 9, 9", "conv 32 3x3 p2 d2"), 64),
        (layers("32, 8, 8", "conv_transpose 16 2x2 s2 -> conv_transpose 16 3x3 p1"), 96),
        (layers("3, 16, 16", "conv 32 1x1 -> lrn 5 -> maxpool 2"), 48),
        (layers("32, 16, 16", "bn -> gn 4 -> ln channels -> prelu -> drop_path 0.1 -> avgpool 2"), 16),
        ("input: [4096]\nlayers: [linear 512 -> relu -> dropout 0.5 -> linear 10]".to_owned(), 64),
        ("input: [512]\nlayers: [linear 4096 -> relu -> dropout 0.5 -> linear 10]".to_owned(), 3),
    ];
    let mut wrong = String::new();
    for (text, batch) in cases {
        let network = archc::compile(&text).expect("a sound network");
        let estimated = network.footprint(THREADS).training(batch).total() as f64;
        let measured = measure(&network, batch) as f64;
        if (estimated / measured - 1.0).abs() > 0.15 {
            wrong += &format!("{estimated:.2e} instead of {measured:.2e} bytes with batch {batch}:\n{text}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
