// What takes all numbers of a row together: layer norm, softmax and cross-entropy. A row is an example, or the channels
// at one position.
//
// Rows whose numbers lie side by side belong to a team of threads each, a few warps wide. Channels that lie apart, with
// the channels first, belong to a block of 32 neighbouring positions times 8 threads that take the channels in turn.
// Numbers are read again where they are needed again, from the caches.

struct Rows {
    u64 rows;
    u32 length;
    // With the channels first: positions of an example; else 0.
    u32 positions;
};

// The sum over the 8 threads of a position, in each of them. All threads of the block must come.
__device__ inline float stack_sum(float x) {
    __shared__ float parts[THREADS / WARP][WARP];
    __syncthreads();
    parts[threadIdx.y][threadIdx.x] = x;
    __syncthreads();
    x = 0.0f;
    for (u32 part = 0; part < THREADS / WARP; part++) x += parts[part][threadIdx.x];
    return x;
}

// A row's first number, the distance to the next one, and this thread's part of it: `start`, then every `stride`-th. A
// row that is none has length 0.
struct Row {
    u64 at, index, distance;
    u32 start, stride, length;
};

template <bool APART> __device__ inline float row_sum(float x) { return APART ? stack_sum(x) : team_sum(x); }

// Calls `each` for every row; all threads of a block go along, also where there is no row left.
template <bool APART, class F> __device__ inline void over_rows(const Rows &rows, F each) {
    if (APART) {
        u64 images = rows.rows / rows.positions;
        u32 blocks = (rows.positions + WARP - 1) / WARP;
        for (u64 block = blockIdx.x; block < images * blocks; block += gridDim.x) {
            u64 image = block / blocks;
            u32 position = (u32)(block - image * blocks) * WARP + threadIdx.x;
            bool inside = position < rows.positions;
            each(Row{image * rows.length * rows.positions + position, image * rows.positions + position, rows.positions,
                     threadIdx.y, blockDim.y, inside ? rows.length : 0});
        }
    } else {
        for (u64 first = (u64)blockIdx.x * blockDim.y; first < rows.rows; first += (u64)gridDim.x * blockDim.y) {
            u64 row = first + threadIdx.y;
            each(Row{row * rows.length, row, 1, threadIdx.x, blockDim.x, row < rows.rows ? rows.length : 0});
        }
    }
}

struct LayerNorm {
    Rows rows;
    const Number *x;
    // Backward.
    const Number *g;
    Number *y;
    float *means, *inverses;
    // Null if there are none.
    const float *gamma, *beta;
    double eps;
    // Of maps whose channels lie last: where a number's weight lies with the channels first. 0 channels: where the
    // number does.
    u32 channels, positions;
    Divisor by_channels;
};

__device__ inline u64 weight_of(const LayerNorm &call, u32 index) {
    if (!call.channels) return index;
    u32 position = quotient(index, call.by_channels);
    return (u64)(index - position * call.channels) * call.positions + position;
}

// Keeps every row's mean and 1/√(variance + eps).
template <bool APART> __device__ void layer_norm_forward(const LayerNorm &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float sum = 0.0f, squares = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) sum += single(call.x[row.at + k * row.distance]);
        float mean = row_sum<APART>(sum) / call.rows.length;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float difference = single(call.x[row.at + k * row.distance]) - mean;
            squares += difference * difference;
        }
        double variance = (double)row_sum<APART>(squares) / call.rows.length;
        float inverse = (float)(1.0 / sqrt(variance + call.eps));
        if (row.length && row.start == 0) {
            call.means[row.index] = mean;
            call.inverses[row.index] = inverse;
        }
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float y = (single(call.x[row.at + k * row.distance]) - mean) * inverse;
            if (call.gamma) {
                u64 weight = weight_of(call, k);
                y = y * call.gamma[weight] + call.beta[weight];
            }
            put(call.y[row.at + k * row.distance], y);
        }
    });
}

// dx ← (h − mean(h) − x̂·mean(h·x̂))/√(variance + eps), with h = γ·g.
template <bool APART> __device__ void layer_norm_backward(const LayerNorm &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float mean = row.length ? call.means[row.index] : 0.0f, inverse = row.length ? call.inverses[row.index] : 0.0f;
        float sum = 0.0f, sum_x = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            u64 at = row.at + k * row.distance;
            float h = single(call.g[at]) * (call.gamma ? call.gamma[weight_of(call, k)] : 1.0f);
            sum += h;
            sum_x += h * ((single(call.x[at]) - mean) * inverse);
        }
        float mean_h = row_sum<APART>(sum) / call.rows.length, mean_hx = row_sum<APART>(sum_x) / call.rows.length;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            u64 at = row.at + k * row.distance;
            float h = single(call.g[at]) * (call.gamma ? call.gamma[weight_of(call, k)] : 1.0f);
            put(call.y[at], inverse * (h - mean_h - (single(call.x[at]) - mean) * inverse * mean_hx));
        }
    });
}

KERNEL(layer_norm_forward, LayerNorm) { layer_norm_forward<false>(call); }
KERNEL(layer_norm_forward_apart, LayerNorm) { layer_norm_forward<true>(call); }
KERNEL(layer_norm_backward, LayerNorm) { layer_norm_backward<false>(call); }
KERNEL(layer_norm_backward_apart, LayerNorm) { layer_norm_backward<true>(call); }

// The largest of a row, in each of its threads; NaN is passed over.
template <bool APART> __device__ inline float row_largest(float x) {
    __shared__ float parts[THREADS / WARP][WARP];
    __syncthreads();
    u32 thread = threadIdx.y * blockDim.x + threadIdx.x;
    parts[thread / WARP][thread % WARP] = x;
    __syncthreads();
    if (APART) {
        for (u32 part = 0; part < THREADS / WARP; part++) x = fmaxf(x, parts[part][threadIdx.x]);
    } else {
        u32 first = threadIdx.y * blockDim.x / WARP;
        for (u32 part = first; part < first + blockDim.x / WARP; part++) x = fmaxf(x, parts[part][threadIdx.x % WARP]);
#pragma unroll
        for (u32 step = WARP / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, step));
    }
    return x;
}

struct Softmax {
    Rows rows;
    // Forward x, backward y.
    const Number *x;
    const Number *g;
    Number *y;
};

// y ← exp(x)/Σ exp(x), the maximum taken out first, so that nothing overflows.
template <bool APART> __device__ void softmax_forward(const Softmax &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float largest = -infinity(), total = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float x = single(call.x[row.at + k * row.distance]);
            largest = x > largest ? x : largest;
        }
        largest = row_largest<APART>(largest);
        for (u32 k = row.start; k < row.length; k += row.stride) {
            total += expf(single(call.x[row.at + k * row.distance]) - largest);
        }
        total = row_sum<APART>(total);
        for (u32 k = row.start; k < row.length; k += row.stride) {
            put(call.y[row.at + k * row.distance], expf(single(call.x[row.at + k * row.distance]) - largest) / total);
        }
    });
}

// dx ← y·(g − Σ g·y)
template <bool APART> __device__ void softmax_backward(const Softmax &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float sum = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            u64 at = row.at + k * row.distance;
            sum += single(call.g[at]) * single(call.x[at]);
        }
        sum = row_sum<APART>(sum);
        for (u32 k = row.start; k < row.length; k += row.stride) {
            u64 at = row.at + k * row.distance;
            put(call.y[at], single(call.x[at]) * (single(call.g[at]) - sum));
        }
    });
}

KERNEL(softmax_forward, Softmax) { softmax_forward<false>(call); }
KERNEL(softmax_forward_apart, Softmax) { softmax_forward<true>(call); }
KERNEL(softmax_backward, Softmax) { softmax_backward<false>(call); }
KERNEL(softmax_backward_apart, Softmax) { softmax_backward<true>(call); }

struct ChannelPool {
    Rows rows;
    // All channels; backward too.
    const Number *x;
    // One number a row: the result, and backward its gradient.
    Number *y;
    const Number *g;
    // Backward.
    Number *dx;
};

// y ← the mean of a row.
template <bool APART> __device__ void mean_forward(const ChannelPool &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float sum = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) sum += single(call.x[row.at + k * row.distance]);
        sum = row_sum<APART>(sum);
        if (row.length && row.start == 0) put(call.y[row.index], sum / row.length);
    });
}

// y ← the largest of a row, NaN if there is one.
template <bool APART> __device__ void max_forward(const ChannelPool &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float largest = -infinity(), none = 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float x = single(call.x[row.at + k * row.distance]);
            largest = x > largest ? x : largest;
            if (x != x) none = x;
        }
        largest = row_largest<APART>(largest);
        none = row_sum<APART>(none);
        if (row.length && row.start == 0) put(call.y[row.index], largest + none);
    });
}

template <bool APART> __device__ void mean_backward(const ChannelPool &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        for (u32 k = row.start; k < row.length; k += row.stride) {
            put(call.dx[row.at + k * row.distance], single(call.g[row.index]) / row.length);
        }
    });
}

// Those that are the largest share its gradient.
template <bool APART> __device__ void max_backward(const ChannelPool &call) {
    over_rows<APART>(call.rows, [&](const Row &row) {
        float count = 0.0f, largest = row.length ? single(call.y[row.index]) : 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            if (single(call.x[row.at + k * row.distance]) == largest) count += 1.0f;
        }
        count = row_sum<APART>(count);
        for (u32 k = row.start; k < row.length; k += row.stride) {
            u64 at = row.at + k * row.distance;
            put(call.dx[at], single(call.x[at]) == largest ? single(call.g[row.index]) / count : 0.0f);
        }
    });
}

KERNEL(mean_forward, ChannelPool) { mean_forward<false>(call); }
KERNEL(mean_forward_apart, ChannelPool) { mean_forward<true>(call); }
KERNEL(mean_backward, ChannelPool) { mean_backward<false>(call); }
KERNEL(mean_backward_apart, ChannelPool) { mean_backward<true>(call); }
KERNEL(max_forward, ChannelPool) { max_forward<false>(call); }
KERNEL(max_forward_apart, ChannelPool) { max_forward<true>(call); }
KERNEL(max_backward, ChannelPool) { max_backward<false>(call); }
KERNEL(max_backward_apart, ChannelPool) { max_backward<true>(call); }

struct CrossEntropy {
    Rows rows;
    const Number *logits;
    const u32 *labels;
    // One for each class; null if they are 1.
    const float *class_weights;
    // Null if nobody needs it.
    Number *gradient;
    // Of each example: its part of the loss, then whether its largest logit is its label's.
    double *losses;
    // Loss, number correct, and whether a loss was not finite.
    double *result;
    // The part of a target that is the example's own label, and what is spread over all classes: of each, before class
    // weights.
    double mixed, labelled, even;
    // Σ of all class weights, and 1/total weight.
    double all_weights, share;
};

// The loss Σ u[c]·(log Σ exp(x) − x[c]) and its gradient Σu·softmax(x) − u, of which u are the targets times the class
// weights. In double precision, as on the CPU: there are few logits.
KERNEL(cross_entropy, CrossEntropy) {
    over_rows<false>(call.rows, [&](const Row &row) {
        const Number *logits = call.logits + row.at;
        float largest = -infinity();
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float x = single(logits[k]);
            largest = x > largest ? x : largest;
        }
        largest = row_largest<false>(largest);
        double total = 0.0, loss = 0.0;
        for (u32 k = row.start; k < row.length; k += row.stride) total += exp((double)single(logits[k]) - largest);
        double log_total = largest + log(team_sum(total));
        u32 labels[2] = {0, 0};
        double parts[2] = {call.labelled * call.mixed, call.labelled * (1.0 - call.mixed)};
        for (int part = 0; row.length && part < 2; part++) {
            labels[part] = call.labels[part == 0 ? row.index : call.rows.rows - 1 - row.index];
            if (call.class_weights) parts[part] *= call.class_weights[labels[part]];
        }
        double sum = call.even * call.all_weights + parts[0] + parts[1];
        // Right, if the label's logit is the first of the largest. What is no number is neither right nor larger.
        u32 label = call.mixed >= 0.5 ? labels[0] : labels[1];
        float own = row.length ? single(logits[label]) : 0.0f;
        float ahead = own != own ? 1.0f : 0.0f;
        for (u32 k = row.start; k < row.length; k += row.stride) {
            float logit = single(logits[k]);
            if (logit > own || (logit == own && k < label)) ahead += 1.0f;
            double target = call.even * (call.class_weights ? (double)call.class_weights[k] : 1.0);
            if (k == labels[0]) target += parts[0];
            if (k == labels[1]) target += parts[1];
            if (target != 0.0) loss += target * (log_total - logit);
            if (call.gradient) {
                put(call.gradient[row.at + k], (float)((sum * exp(logit - log_total) - target) * call.share));
            }
        }
        loss = team_sum(loss);
        ahead = team_sum(ahead);
        if (row.length && row.start == 0) {
            call.losses[row.index] = loss;
            call.losses[call.rows.rows + row.index] = ahead == 0.0f ? 1.0 : 0.0;
        }
    });
}

// The mean loss and the number correct, in the order of the examples.
KERNEL(cross_entropy_result, CrossEntropy) {
    __shared__ double losses[THREADS], correct[THREADS];
    double loss = 0.0, hits = 0.0;
    for (u64 row = threadIdx.x; row < call.rows.rows; row += THREADS) {
        loss += call.losses[row];
        hits += call.losses[call.rows.rows + row];
    }
    losses[threadIdx.x] = loss;
    correct[threadIdx.x] = hits;
    for (u32 step = THREADS / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.x < step) {
            losses[threadIdx.x] += losses[threadIdx.x + step];
            correct[threadIdx.x] += correct[threadIdx.x + step];
        }
    }
    if (threadIdx.x == 0) {
        double mean = losses[0] * call.share;
        call.result[0] = mean;
        call.result[1] = correct[0];
        // Not finite: its difference from itself is not 0.
        if (mean - mean != 0.0) call.result[2] = 1.0;
    }
}
