// Maps in the other order, and numbers of another type: images as they come, outputs as they go, and maps that become
// vectors.
//
// Bound by memory. A tile of a matrix is transposed in shared memory, so that both sides are touched in whole lines;
// matrices with few rows or columns, images of three channels above all, are transposed without.

struct Transpose {
    const void *x;
    void *y;
    // Matrices, one after the other, of so many rows and columns.
    u64 batch;
    u32 rows, columns;
    Divisor by_rows;
};

// A tile is as wide as a warp; a block has 8 rows of threads.
constexpr u32 TILE = 32;

template <class From, class To> __device__ void transpose_tiles(const Transpose &call) {
    // One column more, so that no two rows of a column lie in one bank.
    __shared__ float tile[TILE][TILE + 1];
    u64 elements = (u64)call.rows * call.columns;
    u32 across = (call.columns + TILE - 1) / TILE;
    u32 row = blockIdx.x / across * TILE, column = blockIdx.x % across * TILE;
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        const From *x = (const From *)call.x + image * elements;
        To *y = (To *)call.y + image * elements;
        for (u32 step = threadIdx.y; step < TILE; step += blockDim.y) {
            if (row + step < call.rows && column + threadIdx.x < call.columns) {
                tile[step][threadIdx.x] = single(x[(u64)(row + step) * call.columns + column + threadIdx.x]);
            }
        }
        __syncthreads();
        for (u32 step = threadIdx.y; step < TILE; step += blockDim.y) {
            if (column + step < call.columns && row + threadIdx.x < call.rows) {
                put(y[(u64)(column + step) * call.rows + row + threadIdx.x], tile[threadIdx.x][step]);
            }
        }
        __syncthreads();
    }
}

template <class From, class To> __device__ void transpose_few(const Transpose &call) {
    u64 elements = (u64)call.rows * call.columns;
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        const From *x = (const From *)call.x + image * elements;
        To *y = (To *)call.y + image * elements;
        for (u64 to = place(); to < elements; to += places()) {
            u32 column = quotient((u32)to, call.by_rows), row = (u32)to - column * call.rows;
            put(y[to], single(x[(u64)row * call.columns + column]));
        }
    }
}

#define TRANSPOSES(name, From, To)                                     \
    KERNEL(name##_tiles, Transpose) { transpose_tiles<From, To>(call); } \
    KERNEL(name##_few, Transpose) { transpose_few<From, To>(call); }

TRANSPOSES(transpose, Number, Number)
TRANSPOSES(transpose_in, float, Number)
TRANSPOSES(transpose_out, Number, float)

struct Convert {
    const void *x;
    void *y;
    u64 count;
};

template <class From, class To, int V> __device__ void convert(const Convert &call) {
    const From *x = (const From *)call.x;
    To *y = (To *)call.y;
    for (u64 at = place(); at < call.count / V; at += places()) store(y + at * V, load<V>(x + at * V));
    u64 rest = call.count / V * V;
    if (rest + place() < call.count) store(y + rest + place(), load<1>(x + rest + place()));
}

KERNEL(convert_in, Convert) { convert<float, Number, WIDE>(call); }
KERNEL(convert_out, Convert) { convert<Number, float, WIDE>(call); }
