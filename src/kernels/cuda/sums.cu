// Sums over all examples and positions, for each channel: gradients of weights that every position shares, and what the
// gradients of norms need.
//
// First every slice of the batch is summed up, by one block for some channels; then the slices, in their order. How a
// batch is cut follows from its sizes alone, so a sum is the same in every run. Bound by memory: every number is read
// once.

struct SumsCall {
    Slices slices;
    const Number *x, *g;
    // Of each channel, group or row.
    const float *means, *inverses;
    const float *gamma, *beta;
    Bounds bounds;
    // Channels of a group, and how many groups.
    Divisor by_group;
    u32 groups;
};

// What a term is made of for one channel, and the terms of one number.

// Σ x
struct Plain {
    static constexpr int K = 1;
    struct Channel {};
    __device__ static Channel channel(const SumsCall &, u64, u32) { return {}; }
    template <int V, int S> __device__ static void add(const SumsCall &call, const Channel *, u64 at, u64, float (*sums)[V]) {
        auto x = load<V>(call.x + at);
#pragma unroll
        for (int k = 0; k < V; k++) sums[0][k] += x.at[k];
    }
};

// Σ g·x
struct OfProducts {
    static constexpr int K = 1;
    struct Channel {};
    __device__ static Channel channel(const SumsCall &, u64, u32) { return {}; }
    template <int V, int S> __device__ static void add(const SumsCall &call, const Channel *, u64 at, u64, float (*sums)[V]) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) sums[0][k] += g.at[k] * x.at[k];
    }
};

// Σ g·x of what is not above zero.
struct Below {
    static constexpr int K = 1;
    struct Channel {};
    __device__ static Channel channel(const SumsCall &, u64, u32) { return {}; }
    template <int V, int S> __device__ static void add(const SumsCall &call, const Channel *, u64 at, u64, float (*sums)[V]) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) sums[0][k] += x.at[k] > 0.0f ? 0.0f : g.at[k] * x.at[k];
    }
};

// Σ h and Σ h·(x − mean) of a batch norm.
struct OfBatch {
    static constexpr int K = 2;
    struct Channel {
        float mean, scale, shift;
    };
    __device__ static Channel channel(const SumsCall &call, u64, u32 channel) {
        return {call.means[channel], call.gamma[channel] * call.inverses[channel], call.beta[channel]};
    }
    template <int V, int S> __device__ static void add(const SumsCall &call, const Channel *of, u64 at, u64, float (*sums)[V]) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) {
            const Channel &c = of[k * S];
            float from_mean = x.at[k] - c.mean, h = passed(call.bounds, g.at[k], from_mean * c.scale + c.shift);
            sums[0][k] += h;
            sums[1][k] += h * from_mean;
        }
    }
};

// Σ g and Σ g·x̂ of a group norm, where a slice is an example.
struct OfGroup {
    static constexpr int K = 2;
    struct Channel {
        float mean, inverse;
    };
    __device__ static Channel channel(const SumsCall &call, u64 slice, u32 channel) {
        u64 group = slice * call.groups + quotient(channel, call.by_group);
        return {call.means[group], call.inverses[group]};
    }
    template <int V, int S> __device__ static void add(const SumsCall &call, const Channel *of, u64 at, u64, float (*sums)[V]) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) {
            sums[0][k] += g.at[k];
            sums[1][k] += g.at[k] * ((x.at[k] - of[k * S].mean) * of[k * S].inverse);
        }
    }
};

// Σ g and Σ g·x̂ of a layer norm, of which each position has its own mean.
struct OfLayer {
    static constexpr int K = 2;
    struct Channel {};
    __device__ static Channel channel(const SumsCall &, u64, u32) { return {}; }
    template <int V, int S>
    __device__ static void add(const SumsCall &call, const Channel *, u64 at, u64 position, float (*sums)[V]) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) {
            // With the channels first, the numbers are those of neighbouring positions.
            u64 own = position + (S == 0 ? k : 0);
            sums[0][k] += g.at[k];
            sums[1][k] += g.at[k] * ((x.at[k] - call.means[own]) * call.inverses[own]);
        }
    }
};

// As moments_first.
template <class F, int V> __device__ void sums_first(const SumsCall &call) {
    __shared__ float shared[F::K][THREADS / WARP];
    const Slices &slices = call.slices;
    const Table &table = slices.table;
    Share own = share_of(slices);
    u32 channel = own.block, in_run = table.columns / table.channels, packs = (u32)own.rows * in_run;
    auto of = F::channel(call, own.slice, channel);
    float sums[F::K][V] = {};
#pragma unroll 4
    for (u32 pack = threadIdx.x; pack < packs; pack += blockDim.x) {
        u32 row = quotient(pack, table.by_run), position = pack - row * in_run;
        u64 at = (own.first + row) * table.columns + (u64)channel * in_run + position;
        F::template add<V, 0>(call, &of, at * V, ((own.first + row) * in_run + position) * V, sums);
    }
#pragma unroll
    for (int sum = 0; sum < F::K; sum++) {
        float total = 0.0f;
#pragma unroll
        for (int k = 0; k < V; k++) total += sums[sum][k];
        total = warp_sum(total);
        if (threadIdx.x % WARP == 0) shared[sum][threadIdx.x / WARP] = total;
    }
    __syncthreads();
    if (threadIdx.x < F::K) {
        float total = 0.0f;
        for (u32 warp = 0; warp < blockDim.x / WARP; warp++) total += shared[threadIdx.x][warp];
        slices.parts[(own.slice * F::K + threadIdx.x) * table.channels + channel] = total;
    }
}

// As moments_last.
template <class F, int V> __device__ void sums_last(const SumsCall &call) {
    __shared__ float shared[F::K * V][THREADS];
    const Slices &slices = call.slices;
    const Table &table = slices.table;
    Share own = share_of(slices);
    u32 column = own.block * blockDim.x + threadIdx.x;
    float sums[F::K][V] = {};
    if (column < table.columns) {
        typename F::Channel of[V];
#pragma unroll
        for (int k = 0; k < V; k++) of[k] = F::channel(call, own.slice, column * V + k);
#pragma unroll 4
        for (u64 row = own.first + threadIdx.y; row < own.first + own.rows; row += blockDim.y) {
            F::template add<V, 1>(call, of, (row * table.columns + column) * V, row, sums);
        }
    }
    u32 thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
    for (int sum = 0; sum < F::K * V; sum++) shared[sum][thread] = sums[sum / V][sum % V];
    for (u32 step = blockDim.y / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.y < step) {
#pragma unroll
            for (int sum = 0; sum < F::K * V; sum++) shared[sum][thread] += shared[sum][thread + step * blockDim.x];
        }
    }
    if (threadIdx.y == 0 && column < table.columns) {
#pragma unroll
        for (int sum = 0; sum < F::K * V; sum++) {
            u64 part = own.slice * F::K + sum / V;
            slices.parts[part * table.channels + column * V + sum % V] = shared[sum][thread];
        }
    }
}

#define SUMS(name, F)                                     \
    WIDTHS_OF(name##_first, sums_first, F, SumsCall)      \
    WIDTHS_OF(name##_last, sums_last, F, SumsCall)

SUMS(sums, Plain)
SUMS(sums_of_products, OfProducts)
SUMS(sums_below, Below)
SUMS(sums_of_batch, OfBatch)
SUMS(sums_of_group, OfGroup)
SUMS(sums_of_layer, OfLayer)

struct FinishSums {
    const float *parts;
    u32 channels, slices;
    // Sums of a slice, of which the first two are put together.
    u32 kinds;
    // Where they go; null if nobody needs them. The second one is multiplied by the channel's inverse, if there are
    // any.
    float *first, *second;
    const float *inverses;
    // For a batch norm: what is taken from each gradient, and what for each x − mean.
    float *constants, *slopes;
    const float *gamma;
    // 1/count; 0 if the statistics do not depend on the batch.
    double share;
    // Channels are numbers of examples with the channels last: where they lie with the channels first. 0 channels of
    // maps: there.
    u32 of_maps, positions;
    Divisor by_channels;
};

// Σ over the slices of each sum of each channel.
KERNEL(finish_sums, FinishSums) {
    __shared__ double shared[2][LANES][CHANNELS];
    u32 channel = blockIdx.x * CHANNELS + threadIdx.x;
    double sums[2] = {0.0, 0.0};
    if (channel < call.channels) {
        for (u32 slice = threadIdx.y; slice < call.slices; slice += LANES) {
            const float *part = call.parts + (u64)slice * call.kinds * call.channels + channel;
            sums[0] += part[0];
            if (call.kinds > 1) sums[1] += part[call.channels];
        }
    }
    for (int sum = 0; sum < 2; sum++) shared[sum][threadIdx.y][threadIdx.x] = sums[sum];
    for (u32 step = LANES / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.y < step) {
            for (int sum = 0; sum < 2; sum++) {
                shared[sum][threadIdx.y][threadIdx.x] += shared[sum][threadIdx.y + step][threadIdx.x];
            }
        }
    }
    if (threadIdx.y > 0 || channel >= call.channels) return;
    double first = shared[0][0][threadIdx.x], second = shared[1][0][threadIdx.x];
    double inverse = call.inverses ? (double)call.inverses[channel] : 1.0;
    second *= inverse;
    if (call.constants) {
        float scale = call.gamma[channel] * call.inverses[channel];
        call.constants[channel] = scale * (float)(first * call.share);
        call.slopes[channel] = scale * (float)(second * call.share * inverse);
    }
    u64 to = channel;
    if (call.of_maps) {
        u32 position = quotient(channel, call.by_channels);
        to = (u64)(channel - position * call.of_maps) * call.positions + position;
    }
    if (call.first) call.first[to] = (float)first;
    if (call.second) call.second[to] = (float)second;
}

struct Shares {
    const float *sums;
    Number *y;
    u64 count;
    float factor;
};

// y ← factor·sums
KERNEL(shares, Shares) {
    for (u64 at = place(); at < call.count; at += places()) put(call.y[at], call.factor * call.sums[at]);
}
