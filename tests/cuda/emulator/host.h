// CUDA's device language for a C++ compiler: kernels run on the processor, one thread after the other.
//
// The threads of a block are fibers. One runs until it waits for others: at a barrier of its block, or at an exchange
// within its warp. When all of those have come, they go on. A block that waits for a thread which has ended, or which
// waits for something else, is reported. Blocks and threads run in ascending or in descending order: a kernel whose
// result depends on that is wrong.

#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <vector>

#define __device__
#define __shared__ static

struct dim3 {
    unsigned x, y, z;
};

static dim3 threadIdx, blockIdx, blockDim, gridDim;

inline float __uint_as_float(unsigned bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

inline unsigned __float_as_uint(float x) {
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }

namespace emulated {

enum State { READY, AT_BARRIER, IN_EXCHANGE, DONE };

constexpr unsigned WARP_SIZE = 32, MOST = 1024;
constexpr size_t STACK = 1 << 17;

// A fiber, and the thread that it runs: the next one, when that has ended.
struct Worker {
    ucontext_t context;
    char *stack = nullptr;
};

static ucontext_t scheduler;
static std::vector<Worker *> workers, idle;
static State states[MOST];
static Worker *bound[MOST];
static unsigned long long slots[MOST];
static unsigned count, started, current;
static bool reversed;
static void (*body)(const void *);
static const void *argument;

inline void fail(const char *what) {
    fprintf(stderr, "emulated kernel: %s (thread %u of block %u, %u)\n", what, current, blockIdx.x, blockIdx.y);
    abort();
}

inline void enter(unsigned thread) {
    current = thread;
    unsigned place = reversed ? count - 1 - thread : thread;
    threadIdx = {place % blockDim.x, place / blockDim.x, 0};
}

// What a fiber does: thread after thread, as long as none waits.
inline void work() {
    for (;;) {
        body(argument);
        states[current] = DONE;
        if (started == count) break;
        Worker *own = bound[current];
        bound[started] = own;
        states[started] = READY;
        enter(started++);
    }
    Worker *own = bound[current];
    idle.push_back(own);
    swapcontext(&own->context, &scheduler);
}

inline void wait(State state) {
    unsigned thread = current;
    states[thread] = state;
    swapcontext(&bound[thread]->context, &scheduler);
    enter(thread);
}

inline void start(unsigned thread) {
    if (idle.empty()) {
        Worker *worker = new Worker;
        worker->stack = (char *)malloc(STACK);
        idle.push_back(worker);
    }
    Worker *worker = idle.back();
    idle.pop_back();
    bound[thread] = worker;
    states[thread] = READY;
    getcontext(&worker->context);
    worker->context.uc_stack.ss_sp = worker->stack;
    worker->context.uc_stack.ss_size = STACK;
    worker->context.uc_link = nullptr;
    makecontext(&worker->context, work, 0);
    enter(thread);
    swapcontext(&scheduler, &worker->context);
}

inline void resume(unsigned thread) {
    states[thread] = READY;
    enter(thread);
    swapcontext(&scheduler, &bound[thread]->context);
}

// Lets those go on for whom everybody is there. Whether there were any.
inline bool release() {
    bool some = false, all = true;
    for (unsigned thread = 0; thread < count; thread++) all &= states[thread] == AT_BARRIER;
    if (all) {
        for (unsigned thread = 0; thread < count; thread++) states[thread] = READY;
        return true;
    }
    for (unsigned first = 0; first < count; first += WARP_SIZE) {
        unsigned end = first + WARP_SIZE < count ? first + WARP_SIZE : count;
        bool here = true;
        for (unsigned thread = first; thread < end; thread++) here &= states[thread] == IN_EXCHANGE;
        for (unsigned thread = first; here && thread < end; thread++) states[thread] = READY;
        some |= here;
    }
    return some;
}

inline void run_block() {
    started = 0;
    while (started < count) start(started++);
    for (;;) {
        bool done = true;
        for (unsigned thread = 0; thread < count; thread++) done &= states[thread] == DONE;
        if (done) return;
        if (!release()) fail("threads wait for others that do not come");
        for (unsigned thread = 0; thread < count; thread++) {
            if (states[thread] == READY) resume(thread);
        }
    }
}

inline void run(dim3 grid, dim3 block, bool descending, void (*kernel)(const void *), const void *call) {
    gridDim = grid;
    blockDim = block;
    count = block.x * block.y * block.z;
    reversed = descending;
    body = kernel;
    argument = call;
    if (count > MOST || count % WARP_SIZE != 0) fail("a block is not of whole warps");
    unsigned long long blocks = (unsigned long long)grid.x * grid.y;
    for (unsigned long long index = 0; index < blocks; index++) {
        unsigned long long place = descending ? blocks - 1 - index : index;
        blockIdx = {(unsigned)(place % grid.x), (unsigned)(place / grid.x), 0};
        run_block();
    }
}

}  // namespace emulated

inline void __syncthreads() { emulated::wait(emulated::AT_BARRIER); }

template <class T> inline T __shfl_xor_sync(unsigned, T x, unsigned mask) {
    using namespace emulated;
    // Threads by their place in the block, whatever the order is in which they run.
    unsigned own = threadIdx.y * blockDim.x + threadIdx.x;
    memcpy(&slots[own], &x, sizeof x);
    wait(IN_EXCHANGE);
    T y;
    memcpy(&y, &slots[own ^ mask], sizeof y);
    wait(IN_EXCHANGE);
    return y;
}

// What the emulated driver calls: grid, block and the kernel's only argument.
#define KERNEL(name, Call)                                                                                       \
    static void kernel_##name(const Call call);                                                                  \
    static void call_##name(const void *call) { kernel_##name(*(const Call *)call); }                            \
    extern "C" void emulated_##name(dim3 grid, dim3 block, bool descending, const void *call) {                  \
        emulated::run(grid, block, descending, call_##name, call);                                               \
    }                                                                                                            \
    static void kernel_##name(const Call call)
