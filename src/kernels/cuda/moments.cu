// Mean and variance of each channel over all examples and positions: as sums.cu sums up.

// Mean and squares around it of `count` numbers.
struct Moments {
    float count, mean, squares;
};

// Both together (Chan, Golub and LeVeque 1979).
__device__ inline Moments join(const Moments &a, const Moments &b) {
    float count = a.count + b.count;
    if (b.count == 0.0f) return a;
    if (a.count == 0.0f) return b;
    float share = b.count / count, difference = b.mean - a.mean;
    return {count, a.mean + difference * share, a.squares + b.squares + difference * difference * a.count * share};
}

// Those of some numbers. The first `used` of `numbers` are there.
template <int MOST> __device__ inline Moments moments_of(const float (&numbers)[MOST], int used) {
    float sum = 0.0f, squares = 0.0f;
#pragma unroll
    for (int k = 0; k < MOST; k++) sum += k < used ? numbers[k] : 0.0f;
    float mean = sum / used;
#pragma unroll
    for (int k = 0; k < MOST; k++) squares += k < used ? (numbers[k] - mean) * (numbers[k] - mean) : 0.0f;
    return {(float)used, mean, squares};
}

struct MomentsCall {
    Slices slices;
    const Number *x;
};

// Channels first: a block sums up one channel of a slice, whose numbers it takes one after the other.
template <int V> __device__ void moments_first(const MomentsCall &call) {
    __shared__ Moments parts[THREADS];
    const Slices &slices = call.slices;
    const Table &table = slices.table;
    Share own = share_of(slices);
    u32 channel = own.block, in_run = table.columns / table.channels, packs = (u32)own.rows * in_run;
    Moments all = {0.0f, 0.0f, 0.0f};
    for (u32 start = threadIdx.x; start < packs; start += blockDim.x * AHEAD) {
        float numbers[AHEAD * V];
        int used = 0;
#pragma unroll
        for (int ahead = 0; ahead < AHEAD; ahead++) {
            u32 pack = start + ahead * blockDim.x;
            if (pack < packs) {
                u32 row = quotient(pack, table.by_run);
                u64 at = (own.first + row) * table.columns + (u64)channel * in_run + (pack - row * in_run);
                auto some = load<V>(call.x + at * V);
#pragma unroll
                for (int k = 0; k < V; k++) numbers[ahead * V + k] = some.at[k];
                used += V;
            }
        }
        all = join(all, moments_of(numbers, used));
    }
    parts[threadIdx.x] = all;
    for (u32 step = blockDim.x / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.x < step) parts[threadIdx.x] = join(parts[threadIdx.x], parts[threadIdx.x + step]);
    }
    if (threadIdx.x == 0) {
        float *sums = slices.parts + own.slice * 2 * table.channels;
        sums[channel] = parts[0].mean;
        sums[table.channels + channel] = parts[0].squares;
    }
}

// Channels last: a block has some channels side by side, its threads one below the other take the rows in turn.
template <int V> __device__ void moments_last(const MomentsCall &call) {
    __shared__ float means[THREADS * V], squares[THREADS * V], counts[THREADS];
    const Slices &slices = call.slices;
    const Table &table = slices.table;
    Share own = share_of(slices);
    u32 column = own.block * blockDim.x + threadIdx.x, rows = (u32)own.rows;
    Moments all[V];
#pragma unroll
    for (int k = 0; k < V; k++) all[k] = {0.0f, 0.0f, 0.0f};
    for (u32 start = threadIdx.y; column < table.columns && start < rows; start += blockDim.y * AHEAD) {
        float numbers[V][AHEAD];
        int used = 0;
#pragma unroll
        for (int ahead = 0; ahead < AHEAD; ahead++) {
            u32 row = start + ahead * blockDim.y;
            if (row < rows) {
                auto some = load<V>(call.x + ((own.first + row) * table.columns + column) * V);
#pragma unroll
                for (int k = 0; k < V; k++) numbers[k][ahead] = some.at[k];
                used += 1;
            }
        }
#pragma unroll
        for (int k = 0; k < V; k++) all[k] = join(all[k], moments_of(numbers[k], used));
    }
    u32 thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
    for (int k = 0; k < V; k++) {
        means[k * THREADS + thread] = all[k].mean;
        squares[k * THREADS + thread] = all[k].squares;
    }
    counts[thread] = all[0].count;
    for (u32 step = blockDim.y / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.y < step) {
            u32 other = thread + step * blockDim.x;
#pragma unroll
            for (int k = 0; k < V; k++) {
                u32 a = k * THREADS + thread, b = k * THREADS + other;
                Moments joined = join({counts[thread], means[a], squares[a]}, {counts[other], means[b], squares[b]});
                means[a] = joined.mean;
                squares[a] = joined.squares;
            }
            counts[thread] += counts[other];
        }
    }
    if (threadIdx.y == 0 && column < table.columns) {
        float *sums = slices.parts + own.slice * 2 * table.channels;
#pragma unroll
        for (int k = 0; k < V; k++) {
            sums[column * V + k] = means[k * THREADS + thread];
            sums[table.channels + column * V + k] = squares[k * THREADS + thread];
        }
    }
}

WIDTHS(moments_first, moments_first, MomentsCall)
WIDTHS(moments_last, moments_last, MomentsCall)

struct FinishMoments {
    const float *parts;
    u64 rows, rows_each;
    u32 channels, run;
    u32 slices;
    float *means, *inverses, *running_means, *running_variances;
    double eps, momentum;
};

// Moments in double precision.
struct Precise {
    double count, mean, squares;
};

__device__ inline Precise join(const Precise &a, const Precise &b) {
    double count = a.count + b.count;
    if (b.count == 0.0) return a;
    double share = b.count / count, difference = b.mean - a.mean;
    return {count, a.mean + difference * share, a.squares + b.squares + difference * difference * a.count * share};
}

// Mean and 1/√(variance + eps) of each channel; running statistics follow, the variance unbiased.
KERNEL(finish_moments, FinishMoments) {
    __shared__ Precise shared[LANES][CHANNELS];
    u32 channel = blockIdx.x * CHANNELS + threadIdx.x;
    Precise all = {0.0, 0.0, 0.0};
    if (channel < call.channels) {
        for (u32 slice = threadIdx.y; slice < call.slices; slice += LANES) {
            u64 first = slice * call.rows_each;
            u64 left = call.rows - first, rows = left < call.rows_each ? left : call.rows_each;
            double count = (double)(rows * call.run);
            const float *part = call.parts + (u64)slice * 2 * call.channels + channel;
            all = join(all, {count, part[0], part[call.channels]});
        }
    }
    shared[threadIdx.y][threadIdx.x] = all;
    for (u32 step = LANES / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.y < step) {
            all = join(all, shared[threadIdx.y + step][threadIdx.x]);
            shared[threadIdx.y][threadIdx.x] = all;
        }
    }
    if (threadIdx.y == 0 && channel < call.channels) {
        double variance = all.squares / all.count, unbiased = all.squares / (all.count - 1.0);
        float &mean = call.running_means[channel], &running = call.running_variances[channel];
        mean = (float)((1.0 - call.momentum) * mean + call.momentum * all.mean);
        running = (float)((1.0 - call.momentum) * running + call.momentum * unbiased);
        call.means[channel] = (float)all.mean;
        call.inverses[channel] = (float)(1.0 / sqrt(variance + call.eps));
    }
}

struct RunningStatistics {
    const float *means, *variances;
    float *to_means, *to_inverses;
    double eps;
    u32 channels;
};

// What a batch norm in evaluation normalises by.
KERNEL(running_statistics, RunningStatistics) {
    for (u64 channel = place(); channel < call.channels; channel += places()) {
        call.to_means[channel] = call.means[channel];
        call.to_inverses[channel] = (float)(1.0 / sqrt((double)call.variances[channel] + call.eps));
    }
}
