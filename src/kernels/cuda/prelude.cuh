// What every kernel is built on; it stands before each source.
//
// A kernel takes one structure, the same as its launch code in Rust writes, and is found by its name. Activations and
// their gradients are of type Number: single precision or, with STORAGE_BF16, bfloat16. All arithmetic is in single
// precision, and so are weights of norms, statistics and gradients of weights. No header is included: NVRTC knows
// CUDA's own names, and others may not be installed. HOST is defined where a C++ compiler makes a library of it, for
// tests without a GPU.
//
// Blocks have 256 threads. Nothing depends on the order in which they run: there are no atomic additions.

#ifndef HOST
// Not every source uses all of this.
#pragma nv_diag_suppress 177
#endif

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

constexpr u32 THREADS = 256;
constexpr u32 WARP = 32;

// Seven bits of mantissa under the exponent of single precision.
struct Bf16 {
    unsigned short bits;
};

#if STORAGE_BF16
typedef Bf16 Number;
#else
typedef float Number;
#endif

// Numbers that are read and written at once: 16 bytes.
constexpr int WIDE = 16 / sizeof(Number);

#ifndef HOST
#define KERNEL(name, Call) extern "C" __global__ void __launch_bounds__(THREADS) name(const Call call)
#endif

// Two kernels from a function template over the numbers that a thread takes at once: NAME for one, NAME_wide for as
// many as fit.
#define WIDTHS(name, function, Call)                 \
    KERNEL(name, Call) { function<1>(call); }        \
    KERNEL(name##_wide, Call) { function<WIDE>(call); }

// The same with more arguments of the template before the width.
#define WIDTHS_OF(name, function, of, Call)              \
    KERNEL(name, Call) { function<of, 1>(call); }        \
    KERNEL(name##_wide, Call) { function<of, WIDE>(call); }

__device__ inline float single(float x) { return x; }

__device__ inline float single(Bf16 x) { return __uint_as_float((u32)x.bits << 16); }

__device__ inline void put(float &target, float x) { target = x; }

// To the nearest, of two the even one.
__device__ inline void put(Bf16 &target, float x) {
#ifdef HOST
    u32 bits = __float_as_uint(x);
    bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
    target.bits = is_nan ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
#else
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(target.bits) : "f"(x));
#endif
}

template <class T, int V> struct alignas(sizeof(T) * V < 16 ? sizeof(T) * V : 16) Pack {
    T values[V];
};

// V numbers to compute with.
template <int V> struct Floats {
    float at[V];
};

template <int V, class T> __device__ inline Floats<V> load(const T *from) {
    Pack<T, V> pack = *reinterpret_cast<const Pack<T, V> *>(from);
    Floats<V> floats;
#pragma unroll
    for (int k = 0; k < V; k++) floats.at[k] = single(pack.values[k]);
    return floats;
}

template <int V, class T> __device__ inline void store(T *to, const Floats<V> &floats) {
    Pack<T, V> pack;
#pragma unroll
    for (int k = 0; k < V; k++) put(pack.values[k], floats.at[k]);
    *reinterpret_cast<Pack<T, V> *>(to) = pack;
}

// Bounds that numbers are cut to; NaN stays NaN. No bounds at all are NaN, which nothing is compared with.
struct Bounds {
    float low, high;
};

__device__ inline float cut(Bounds bounds, float y) {
    y = y <= bounds.low ? bounds.low : y;
    return y >= bounds.high ? bounds.high : y;
}

// The gradient for what was cut to y, or is about to be.
__device__ inline float passed(Bounds bounds, float g, float y) {
    return y <= bounds.low || y >= bounds.high ? 0.0f : g;
}

__device__ inline float not_a_number() { return __uint_as_float(0x7fc00000); }

__device__ inline float infinity() { return __uint_as_float(0x7f800000); }

// Divides numbers below 2³¹ by a product and a shift (Granlund and Montgomery 1994).
struct Divisor {
    u32 divisor, factor, shift;
};

__device__ inline u32 quotient(u32 n, const Divisor &by) { return (__umulhi(n, by.factor) + n) >> by.shift; }

// This thread among all of a grid in one direction, and how many there are.
__device__ inline u64 place() { return (u64)blockIdx.x * THREADS + threadIdx.x; }

__device__ inline u64 places() { return (u64)gridDim.x * THREADS; }

// A batch as a table: `rows` of `channels` times `run` numbers. With the channels first, a row is an example and `run`
// its positions; with the channels last, a row is a position and `run` is 1. A block has a few rows of a few columns, a
// column V numbers: of one channel, or of V channels.
struct Table {
    u64 rows;
    u32 channels, run;
    // Columns of V numbers.
    u32 columns;
    // By the columns of a channel.
    Divisor by_run;
};

__device__ inline u32 channel_of(const Table &table, u32 column, int v) {
    return table.run == 1 ? column * v : quotient(column, table.by_run);
}

// V numbers of a list with one for each channel.
template <int V> __device__ inline Floats<V> of_channels(const Table &table, const float *list, u32 channel) {
    Floats<V> floats;
#pragma unroll
    for (int k = 0; k < V; k++) floats.at[k] = list[table.run == 1 ? channel + k : channel];
    return floats;
}

// Calls `column(channel)` once for each column of this thread, and what that returns for each of its numbers, with
// their place in memory.
template <int V, class F> __device__ inline void over_table(const Table &table, F column) {
    u64 length = (u64)table.columns * V;
    for (u32 at = blockIdx.y * blockDim.x + threadIdx.x; at < table.columns; at += gridDim.y * blockDim.x) {
        auto each = column(channel_of(table, at, V));
        u64 step = (u64)gridDim.x * blockDim.y;
        for (u64 row = (u64)blockIdx.x * blockDim.y + threadIdx.y; row < table.rows; row += step) {
            each(row * length + (u64)at * V);
        }
    }
}

// One example of a map.
struct Map {
    u32 channels, rows, columns;
};

// The numbers that an operation on maps writes, output or input's gradient, each made by one thread.
struct Sites {
    u64 batch;
    Map input, output;
    u32 channels_last;
    // Of what is written: sites of an example, in V; the innermost size of them, and the one around that.
    u32 units;
    Divisor by_inner, by_middle;
};

// What a thread makes: its place in an example, and its channel, row and column.
struct Site {
    u32 at, channel, row, column;
};

template <int V> __device__ inline Site site(const Sites &sites, u32 unit) {
    u32 around = quotient(unit, sites.by_inner), inner = unit - around * sites.by_inner.divisor;
    u32 outer = quotient(around, sites.by_middle), middle = around - outer * sites.by_middle.divisor;
    if (sites.channels_last) return {unit * V, inner * V, outer, middle};
    return {unit * V, outer, middle, inner};
}

// From one number of a map to the next.
struct Steps {
    u32 channel, row, column;
};

__device__ inline Steps steps_of(const Sites &sites, const Map &map) {
    if (sites.channels_last) return {1, map.columns * map.channels, map.channels};
    return {map.rows * map.columns, map.columns, 1};
}

// Calls `make` for each site of each example, with the places where its example begins in input and output.
template <int V, class F> __device__ inline void over_sites(const Sites &sites, F make) {
    u64 input = (u64)sites.input.channels * sites.input.rows * sites.input.columns;
    u64 output = (u64)sites.output.channels * sites.output.rows * sites.output.columns;
    for (u32 unit = place(); unit < sites.units; unit += places()) {
        Site of = site<V>(sites, unit);
        for (u64 image = blockIdx.y; image < sites.batch; image += gridDim.y) make(of, image * input, image * output);
    }
}

// The sum over a warp, in every lane.
template <class T> __device__ inline T warp_sum(T x) {
#pragma unroll
    for (u32 step = WARP / 2; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffff, x, step);
    return x;
}

// The sum over the threads of a row of the block, in each of them: whole warps. All threads of the block must come.
template <class T> __device__ inline T team_sum(T x) {
    __shared__ T parts[THREADS / WARP];
    x = warp_sum(x);
    if (blockDim.x == WARP) return x;
    u32 warps = blockDim.x / WARP, first = threadIdx.y * warps;
    __syncthreads();
    if (threadIdx.x % WARP == 0) parts[first + threadIdx.x / WARP] = x;
    __syncthreads();
    x = 0;
    for (u32 warp = 0; warp < warps; warp++) x += parts[first + warp];
    return x;
}

// How a batch is cut: see Table. A slice has some whole rows.
struct Slices {
    Table table;
    u64 rows_each;
    // Sums of each slice, K times channels.
    float *parts;
    // Blocks that a slice takes: one for each channel, or for some that lie side by side.
    u32 blocks;
};

// What a block has to do.
struct Share {
    u64 slice, first, rows;
    u32 block;
};

__device__ inline Share share_of(const Slices &slices) {
    u32 slice = blockIdx.x / slices.blocks;
    u64 first = slice * slices.rows_each, left = slices.table.rows - first;
    return {slice, first, left < slices.rows_each ? left : slices.rows_each, blockIdx.x - slice * slices.blocks};
}

// Rows that a thread has in flight.
constexpr int AHEAD = 4;

// A block of the kernels that put slices together has some channels and several threads for each.
constexpr u32 CHANNELS = 8;
constexpr u32 LANES = THREADS / CHANNELS;
