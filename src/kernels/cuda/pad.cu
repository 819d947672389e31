// Rows and columns around a map, and channels before and after.
//
// A thread makes one output; backward one input's gradient, from all its copies. Bound by memory.

enum Fill { ZERO, REFLECT, REPLICATE };

struct Pad {
    const Number *x;
    Number *y;
    Sites sites;
    u32 fill, top, left, front;
};

// The input row or column that an output shows; `length` where it is a zero.
__device__ inline u32 source(u32 fill, u32 output, u32 start, u32 length) {
    if (output >= start && output - start < length) return output - start;
    if (fill == ZERO) return length;
    if (fill == REPLICATE) return output < start ? 0 : length - 1;
    return output < start ? start - output : 2 * (length - 1) - (output - start);
}

template <int V> __device__ void pad_forward(const Pad &call) {
    const Map &map = call.sites.input;
    Steps steps = steps_of(call.sites, map);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        u32 row = source(call.fill, of.row, call.top, map.rows);
        u32 column = source(call.fill, of.column, call.left, map.columns);
        u32 channel = of.channel - call.front;
        Floats<V> y = {};
        if (row < map.rows && column < map.columns && of.channel >= call.front && channel < map.channels) {
            y = load<V>(call.x + input + channel * steps.channel + row * steps.row + column * steps.column);
        }
        store(call.y + output + of.at, y);
    });
}

// Calls `each` with every output that shows this input, in one direction.
template <class F> __device__ inline void over_copies(u32 fill, u32 input, u32 start, u32 length, u32 outputs, F each) {
    if (fill == REPLICATE) {
        u32 first = input == 0 ? 0 : start + input, end = input == length - 1 ? outputs : start + input + 1;
        for (u32 output = first; output < end; output++) each(output);
        return;
    }
    if (fill == REFLECT && input >= 1 && input <= start) each(start - input);
    each(start + input);
    // Beyond the end the map goes back from its last but one.
    u32 beyond = start + 2 * (length - 1) - input;
    if (fill == REFLECT && input + 2 <= length && beyond < outputs) each(beyond);
}

// dx ← Σ g of its copies.
template <int V> __device__ void pad_backward(const Pad &call) {
    const Map &map = call.sites.output, &own = call.sites.input;
    Steps steps = steps_of(call.sites, map);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        const Number *g = call.x + output + (of.channel + call.front) * steps.channel;
        Floats<V> sum = {};
        over_copies(call.fill, of.row, call.top, own.rows, map.rows, [&](u32 row) {
            over_copies(call.fill, of.column, call.left, own.columns, map.columns, [&](u32 column) {
                auto some = load<V>(g + row * steps.row + column * steps.column);
#pragma unroll
                for (int k = 0; k < V; k++) sum.at[k] += some.at[k];
            });
        });
        store(call.y + input + of.at, sum);
    });
}

WIDTHS(pad_forward, pad_forward, Pad)
WIDTHS(pad_backward, pad_backward, Pad)
