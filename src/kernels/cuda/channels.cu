// Functions of each number and its channel: biases, what a batch norm makes of its statistics, PReLU, scales, products
// with one number a channel; and channels in other places.
//
// Bound by memory. A thread stays with its channels, whose numbers it reads once.

struct Finish {
    Table table;
    Number *y;
    // Null if there are none.
    const float *bias;
    const float *gamma, *beta, *means, *variances;
    double eps;
    Bounds bounds;
};

// y ← cut((y + bias − mean)·γ/√(variance + eps) + β), the norm only if there is one.
template <int V> __device__ void finish(const Finish &call) {
    over_table<V>(call.table, [&](u32 channel) {
        Floats<V> bias, scale, shift;
#pragma unroll
        for (int k = 0; k < V; k++) {
            u32 own = call.table.run == 1 ? channel + k : channel;
            bias.at[k] = call.bias ? call.bias[own] : 0.0f;
            scale.at[k] = 1.0f;
            shift.at[k] = 0.0f;
            if (call.gamma) {
                bias.at[k] -= call.means[own];
                scale.at[k] = (float)(call.gamma[own] / sqrt((double)call.variances[own] + call.eps));
                shift.at[k] = call.beta[own];
            }
        }
        return [&call, bias, scale, shift](u64 at) {
            auto y = load<V>(call.y + at);
#pragma unroll
            for (int k = 0; k < V; k++) y.at[k] = cut(call.bounds, (y.at[k] + bias.at[k]) * scale.at[k] + shift.at[k]);
            store(call.y + at, y);
        };
    });
}

WIDTHS(finish, finish, Finish)

struct Normalise {
    Table table;
    const Number *x;
    // Added, if there is one.
    const Number *residual;
    Number *y;
    const float *means, *inverses, *gamma, *beta;
    Bounds bounds;
};

// y ← cut((x − mean)·γ/√(variance + eps) + β + residual)
template <int V> __device__ void normalise(const Normalise &call) {
    over_table<V>(call.table, [&](u32 channel) {
        auto mean = of_channels<V>(call.table, call.means, channel);
        auto scale = of_channels<V>(call.table, call.gamma, channel);
        auto inverse = of_channels<V>(call.table, call.inverses, channel);
        auto shift = of_channels<V>(call.table, call.beta, channel);
#pragma unroll
        for (int k = 0; k < V; k++) scale.at[k] *= inverse.at[k];
        return [&call, mean, scale, shift](u64 at) {
            auto y = load<V>(call.x + at);
#pragma unroll
            for (int k = 0; k < V; k++) y.at[k] = (y.at[k] - mean.at[k]) * scale.at[k] + shift.at[k];
            if (call.residual) {
                auto residual = load<V>(call.residual + at);
#pragma unroll
                for (int k = 0; k < V; k++) y.at[k] += residual.at[k];
            }
#pragma unroll
            for (int k = 0; k < V; k++) y.at[k] = cut(call.bounds, y.at[k]);
            store(call.y + at, y);
        };
    });
}

WIDTHS(normalise, normalise, Normalise)

struct NormaliseBack {
    Table table;
    const Number *x, *g;
    Number *dx;
    const float *means, *inverses, *gamma, *beta;
    // What is taken from scale·h, and what for each x − mean.
    const float *constants, *slopes;
    Bounds bounds;
};

// dx ← scale·h − constant − (x − mean)·slope, of which h is what of g passed the bounds.
template <int V> __device__ void normalise_back(const NormaliseBack &call) {
    over_table<V>(call.table, [&](u32 channel) {
        auto mean = of_channels<V>(call.table, call.means, channel);
        auto scale = of_channels<V>(call.table, call.gamma, channel);
        auto inverse = of_channels<V>(call.table, call.inverses, channel);
        auto shift = of_channels<V>(call.table, call.beta, channel);
        auto constant = of_channels<V>(call.table, call.constants, channel);
        auto slope = of_channels<V>(call.table, call.slopes, channel);
#pragma unroll
        for (int k = 0; k < V; k++) scale.at[k] *= inverse.at[k];
        return [&call, mean, scale, shift, constant, slope](u64 at) {
            auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
            for (int k = 0; k < V; k++) {
                float from_mean = x.at[k] - mean.at[k];
                float h = passed(call.bounds, g.at[k], from_mean * scale.at[k] + shift.at[k]);
                x.at[k] = scale.at[k] * h - constant.at[k] - from_mean * slope.at[k];
            }
            store(call.dx + at, x);
        };
    });
}

WIDTHS(normalise_back, normalise_back, NormaliseBack)

struct Prelu {
    Table table;
    const Number *x;
    // Backward.
    const Number *g;
    Number *y;
    const float *slopes;
    // Whether there is one slope for all.
    u32 shared;
};

// y ← x, or g; times the slope where x is not above zero.
template <int V> __device__ void prelu(const Prelu &call) {
    over_table<V>(call.table, [&](u32 channel) {
        Floats<V> slope;
        if (call.shared) {
#pragma unroll
            for (int k = 0; k < V; k++) slope.at[k] = call.slopes[0];
        } else {
            slope = of_channels<V>(call.table, call.slopes, channel);
        }
        return [&call, slope](u64 at) {
            auto x = load<V>(call.x + at);
            auto y = call.g ? load<V>(call.g + at) : x;
#pragma unroll
            for (int k = 0; k < V; k++) y.at[k] = x.at[k] > 0.0f ? y.at[k] : slope.at[k] * y.at[k];
            store(call.y + at, y);
        };
    });
}

WIDTHS(prelu, prelu, Prelu)

struct Affine {
    Table table;
    const Number *x;
    Number *y;
    const float *weight;
    // Null if there is none.
    const float *bias;
};

// y ← weight·x + bias
template <int V> __device__ void affine(const Affine &call) {
    over_table<V>(call.table, [&](u32 channel) {
        auto weight = of_channels<V>(call.table, call.weight, channel);
        Floats<V> bias = {};
        if (call.bias) bias = of_channels<V>(call.table, call.bias, channel);
        return [&call, weight, bias](u64 at) {
            auto y = load<V>(call.x + at);
#pragma unroll
            for (int k = 0; k < V; k++) y.at[k] = weight.at[k] * y.at[k] + bias.at[k];
            store(call.y + at, y);
        };
    });
}

WIDTHS(affine, affine, Affine)

struct Stretch {
    const Number *x;
    // One number for each channel of each example.
    const Number *factors;
    Number *y;
    u64 batch;
    u32 channels;
    // Packs of an example.
    u32 columns;
    u32 channels_last;
    // Packs of all channels that lie side by side, or of a channel's run.
    Divisor by_inner;
};

// y ← x·factor
template <int V> __device__ void stretch(const Stretch &call) {
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        const Number *factors = call.factors + image * call.channels;
        for (u32 column = place(); column < call.columns; column += places()) {
            u64 at = (image * call.columns + column) * V;
            auto y = load<V>(call.x + at);
            u32 outer = quotient(column, call.by_inner);
            if (call.channels_last) {
                auto factor = load<V>(factors + (column - outer * call.by_inner.divisor) * V);
#pragma unroll
                for (int k = 0; k < V; k++) y.at[k] *= factor.at[k];
            } else {
                float factor = single(factors[outer]);
#pragma unroll
                for (int k = 0; k < V; k++) y.at[k] *= factor;
            }
            store(call.y + at, y);
        }
    }
}

WIDTHS(stretch, stretch, Stretch)

struct Broadcast {
    // Null for ones; of `fold` what is summed up.
    const Number *x;
    const Number *factors;
    Number *y;
    u64 batch;
    // Sizes of an example as they lie, the outermost first: of the larger map, and of the smaller one, 1 where it is
    // stretched.
    u32 large[3], small[3];
    Divisor by_inner, by_middle;
};

// y ← x·factors, which are stretched.
KERNEL(broadcast, Broadcast) {
    u32 count = call.large[0] * call.large[1] * call.large[2];
    u32 factors = call.small[0] * call.small[1] * call.small[2];
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        for (u32 at = place(); at < count; at += places()) {
            u32 rest = quotient(at, call.by_inner), outer = quotient(rest, call.by_middle);
            u32 inner = at - rest * call.large[2], middle = rest - outer * call.large[1];
            u32 from = call.small[0] == 1 ? 0 : outer;
            from = from * call.small[1] + (call.small[1] == 1 ? 0 : middle);
            from = from * call.small[2] + (call.small[2] == 1 ? 0 : inner);
            auto y = load<1>(call.factors + image * factors + from);
            if (call.x) y.at[0] *= single(call.x[image * count + at]);
            store(call.y + image * count + at, y);
        }
    }
}

// y ← Σ x over what it was stretched over, some by some, so that an addend is not lost beside a long sum.
KERNEL(fold, Broadcast) {
    u32 count = call.small[0] * call.small[1] * call.small[2];
    u32 ends[3];
    for (int axis = 0; axis < 3; axis++) ends[axis] = call.small[axis] == 1 ? call.large[axis] : 1;
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        const Number *x = call.x + image * call.large[0] * call.large[1] * call.large[2];
        for (u32 at = place(); at < count; at += places()) {
            u32 rest = at / call.small[2], inner = at - rest * call.small[2];
            u32 outer = rest / call.small[1], middle = rest - outer * call.small[1];
            float sum = 0.0f, part = 0.0f;
            u32 taken = 0;
            for (u32 a = 0; a < ends[0]; a++) {
                for (u32 b = 0; b < ends[1]; b++) {
                    const Number *line = x + ((outer + a) * call.large[1] + middle + b) * call.large[2] + inner;
                    for (u32 c = 0; c < ends[2]; c++) {
                        part += single(line[c]);
                        if (++taken % 64 == 0) {
                            sum += part;
                            part = 0.0f;
                        }
                    }
                }
            }
            Floats<1> total;
            total.at[0] = sum + part;
            store(call.y + image * count + at, total);
        }
    }
}

struct Shuffle {
    const Number *x;
    Number *y;
    u64 rows;
    u32 channels, run;
    u32 groups, each;
    Divisor by_run, by_groups;
};

// Channel i of group g, of `each`, becomes channel i·groups + g.
KERNEL(shuffle, Shuffle) {
    u32 length = call.channels * call.run;
    for (u32 to = blockIdx.y * blockDim.x + threadIdx.x; to < length; to += gridDim.y * blockDim.x) {
        u32 channel = call.run == 1 ? to : quotient(to, call.by_run);
        u32 index = quotient(channel, call.by_groups), group = channel - index * call.groups;
        u32 from = (group * call.each + index) * call.run + (to - channel * call.run);
        u64 step = (u64)gridDim.x * blockDim.y;
        for (u64 row = (u64)blockIdx.x * blockDim.y + threadIdx.y; row < call.rows; row += step) {
            call.y[row * length + to] = call.x[row * length + from];
        }
    }
}

struct Strip {
    const Number *x;
    Number *y;
    u64 rows;
    // Numbers from one row to the next.
    u64 from_step, to_step;
    // Numbers of a row of y that are written, and those of them, from `start` on, that x has; the others are zero.
    u32 length, start, taken;
};

// Rows, or parts of rows, in the place of rows or parts of rows. All sizes are multiples of V.
template <int V> __device__ void strips(const Strip &call) {
    for (u32 column = blockIdx.y * blockDim.x + threadIdx.x; column < call.length / V; column += gridDim.y * blockDim.x) {
        u32 at = column * V;
        bool inside = at >= call.start && at - call.start < call.taken;
        u64 step = (u64)gridDim.x * blockDim.y;
        for (u64 row = (u64)blockIdx.x * blockDim.y + threadIdx.y; row < call.rows; row += step) {
            Floats<V> some = {};
            if (inside) some = load<V>(call.x + row * call.from_step + (at - call.start));
            store(call.y + row * call.to_step + at, some);
        }
    }
}

WIDTHS(strips, strips, Strip)
