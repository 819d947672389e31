// What happens to all weights after a backward pass: the rules of the optimizers, the average of the weights, sums of
// gradients over several batches, their norm, and the search for numbers that are not finite.
//
// All weights lie in one array, so that each of these is one kernel. Bound by memory: 12 to 40 bytes a weight.

enum Rule { DESCENT, MOMENTUM, ADAM, RMSPROP, LION };

// With everything that is the same for every element.
struct Update {
    float *weights;
    const float *gradients;
    // v or m, u and a; null where the rule has none.
    float *first, *second, *third;
    // The weights in bfloat16, or null.
    Bf16 *stored;
    // Σ g² if the norm of all gradients is bounded, or null.
    const double *square_sum;
    // The loss's: nothing changes if the third number is not 0. Null if there is none.
    const double *result;
    // λ acts on those before `decayed`; those before `learning` change.
    u64 decayed, learning;
    // Gradients are multiplied by `factor`, then cut to ±`bound`, or shortened to a length of `most`.
    double factor, most;
    float bound, decay;
    u32 rule, nesterov;
    float lr, momentum, rest;
    // lr/(1−β₁ᵗ), √(1−β₂ᵗ), and 1 − lr·λ where λ acts directly.
    float size, correction, kept;
    float beta1, rest1, beta2, rest2;
    float eps;
};

struct Element {
    float p, g, first, second, third;
};

__device__ inline void change(const Update &call, Element &e, float kept) {
    if (call.rule == DESCENT) {
        e.p = e.p - call.lr * e.g;
    } else if (call.rule == MOMENTUM) {
        e.first = call.momentum * e.first + call.rest * e.g;
        e.p = e.p - call.lr * (call.nesterov ? e.g + call.momentum * e.first : e.first);
    } else if (call.rule == ADAM) {
        e.first = call.beta1 * e.first + call.rest1 * e.g;
        e.second = call.beta2 * e.second + call.rest2 * e.g * e.g;
        e.p = kept * e.p - call.size * e.first / (sqrtf(e.second) / call.correction + call.eps);
    } else if (call.rule == LION) {
        float direction = call.beta1 * e.first + call.rest1 * e.g;
        // What is no number stays none.
        float sign = direction > 0.0f ? 1.0f : direction < 0.0f ? -1.0f : direction;
        e.p = kept * e.p - call.lr * sign;
        e.first = call.beta2 * e.first + call.rest2 * e.g;
    } else {
        e.second = call.beta2 * e.second + call.rest2 * e.g * e.g;
        float variance = e.second;
        if (call.third) {
            e.third = call.beta2 * e.third + call.rest2 * e.g;
            variance -= e.third * e.third;
            // Rounding may leave less than nothing.
            variance = variance < 0.0f ? 0.0f : variance;
        }
        float direction = e.g / (sqrtf(variance) + call.eps);
        if (call.first) {
            e.first = call.momentum * e.first + direction;
            direction = e.first;
        }
        e.p = e.p - call.lr * direction;
    }
}

template <int V> __device__ inline void change_some(const Update &call, u64 at, float factor) {
    Floats<V> none = {};
    auto p = load<V>(call.weights + at), g = load<V>(call.gradients + at);
    auto first = call.first ? load<V>(call.first + at) : none, second = call.second ? load<V>(call.second + at) : none;
    auto third = call.third ? load<V>(call.third + at) : none;
#pragma unroll
    for (int k = 0; k < V; k++) {
        bool decays = at + k < call.decayed;
        float gradient = factor * g.at[k];
        gradient = gradient > call.bound ? call.bound : gradient;
        gradient = gradient < -call.bound ? -call.bound : gradient;
        Element e = {p.at[k], gradient + (decays ? call.decay : 0.0f) * p.at[k], first.at[k], second.at[k], third.at[k]};
        change(call, e, decays ? call.kept : 1.0f);
        p.at[k] = e.p;
        first.at[k] = e.first;
        second.at[k] = e.second;
        third.at[k] = e.third;
    }
    store(call.weights + at, p);
    if (call.first) store(call.first + at, first);
    if (call.second) store(call.second + at, second);
    if (call.third) store(call.third + at, third);
    if (call.stored) store(call.stored + at, p);
}

// One step of a rule.
KERNEL(update, Update) {
    if (call.result && call.result[2] != 0.0) return;
    double factor = call.factor;
    if (call.square_sum) {
        double shorter = call.most / (factor * sqrt(*call.square_sum) + 1e-6);
        factor *= shorter < 1.0 ? shorter : 1.0;
    }
    for (u64 at = place(); at < call.learning / 4; at += places()) change_some<4>(call, at * 4, (float)factor);
    u64 rest = call.learning / 4 * 4 + place();
    if (rest < call.learning) change_some<1>(call, rest, (float)factor);
}

struct Blend {
    float *values;
    const float *others;
    // As above.
    const double *result;
    u64 count;
    float part;
    // Whether there was nothing before.
    u32 first;
};

// values ← values + part·(others − values), at first others
KERNEL(average, Blend) {
    if (call.result && call.result[2] != 0.0) return;
    for (u64 at = place(); at < call.count; at += places()) {
        float value = call.values[at], other = call.others[at];
        call.values[at] = call.first ? other : value + call.part * (other - value);
    }
}

// values ← values + part·others, at first part·others
KERNEL(accumulate, Blend) {
    for (u64 at = place(); at < call.count; at += places()) {
        float added = call.part * call.others[at];
        call.values[at] = call.first ? added : call.values[at] + added;
    }
}

struct Norm {
    const float *values;
    u64 count;
    // Numbers of a block.
    u64 each;
    double *parts;
    u64 blocks;
    double *result;
};

__device__ inline void block_sum(double sum, double *to) {
    __shared__ double sums[THREADS];
    sums[threadIdx.x] = sum;
    for (u32 step = THREADS / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.x < step) sums[threadIdx.x] += sums[threadIdx.x + step];
    }
    if (threadIdx.x == 0) *to = sums[0];
}

// Σ x² of each block's numbers.
KERNEL(square_sums, Norm) {
    u64 start = blockIdx.x * call.each, end = start + call.each < call.count ? start + call.each : call.count;
    double sum = 0.0;
    for (u64 at = start + threadIdx.x; at < end; at += THREADS) {
        double value = call.values[at];
        sum += value * value;
    }
    block_sum(sum, call.parts + blockIdx.x);
}

// Their sum, by one block.
KERNEL(square_sum, Norm) {
    double sum = 0.0;
    for (u64 at = threadIdx.x; at < call.blocks; at += THREADS) sum += call.parts[at];
    block_sum(sum, call.result);
}

struct Finite {
    const void *values;
    u64 count;
    u32 *result;
    // Whether they are bfloat16.
    u32 narrow;
};

// Sets the result if a number is not finite: then its difference from itself is not 0. Whoever comes first writes the
// same.
KERNEL(not_finite, Finite) {
    for (u64 at = place(); at < call.count; at += places()) {
        float x = call.narrow ? single(((const Bf16 *)call.values)[at]) : ((const float *)call.values)[at];
        if (x - x != 0.0f) *call.result = 1;
    }
}
