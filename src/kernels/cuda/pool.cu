// Maxima and means under windows, and over bins.
//
// A thread makes one output, or V of neighbouring channels where those lie side by side; backward it makes one input's
// gradient from all windows over it, so that nothing is added by two. Bound by memory: windows that overlap are read
// from the caches.

// Which inputs each output sees, in one direction.
struct Window {
    u32 input, output;
    u32 kernel, stride, padding, dilation;
};

struct Pool {
    const Number *x;
    // Backward the output's gradient.
    const Number *g;
    Number *y;
    // Where a maximum was found: one of the two.
    u8 *bytes;
    u32 *words;
    Sites sites;
    Window down, across;
    // Bins from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉ in the place of windows; whether a mean counts the padding.
    u32 adaptive, count_padding;
    Bounds bounds;
};

struct Range {
    u32 first, end;
};

__device__ inline u32 floor_share(u32 index, u32 n, u32 m) {
    u64 product = (u64)index * n;
    return product >> 32 ? (u32)(product / m) : (u32)product / m;
}

__device__ inline u32 ceiling_share(u32 index, u32 n, u32 m) {
    u64 product = (u64)index * n + m - 1;
    return product >> 32 ? (u32)(product / m) : (u32)product / m;
}

// The inputs of an output's bin, or under its window without dilation.
__device__ inline Range inputs_of(const Pool &call, const Window &window, u32 output) {
    if (call.adaptive) {
        return {floor_share(output, window.input, window.output), ceiling_share(output + 1, window.input, window.output)};
    }
    u32 start = output * window.stride, end = start + window.kernel;
    u32 first = start > window.padding ? start - window.padding : 0;
    u32 last = end > window.padding ? end - window.padding : 0;
    last = last < window.input ? last : window.input;
    return {first, last > first ? last : first};
}

// The outputs whose bin, or window from the first tap to the last, an input lies in.
__device__ inline Range readers_of(const Pool &call, const Window &window, u32 input) {
    if (call.adaptive) {
        return {floor_share(input, window.output, window.input), ceiling_share(input + 1, window.output, window.input)};
    }
    u32 padded = input + window.padding, reach = (window.kernel - 1) * window.dilation;
    u32 first = padded > reach ? (padded - reach + window.stride - 1) / window.stride : 0;
    u32 end = padded / window.stride + 1;
    return {first, end < window.output ? end : window.output};
}

// The taps of an output's window that lie inside the input.
__device__ inline Range taps_of(const Window &window, u32 output) {
    u32 start = output * window.stride;
    u32 first = window.padding > start ? (window.padding - start + window.dilation - 1) / window.dilation : 0;
    u32 reach = window.input + window.padding;
    u32 end = reach > start ? (reach - start + window.dilation - 1) / window.dilation : 0;
    end = end < window.kernel ? end : window.kernel;
    return {first, end > first ? end : first};
}

// How many positions an output's mean counts.
__device__ inline u32 count_of(const Pool &call, const Window &window, u32 output) {
    if (call.adaptive || !call.count_padding) {
        Range inputs = inputs_of(call, window, output);
        return inputs.end - inputs.first;
    }
    u32 start = output * window.stride, end = start + window.kernel, most = window.input + 2 * window.padding;
    end = end < most ? end : most;
    return end > start ? end - start : 0;
}

// Calls `take` for each position of some rows and columns, with the place of the numbers there, of a channel that
// begins at `from`.
template <class F> __device__ inline void over(Range down, Range across, u64 from, const Steps &steps, F take) {
    for (u32 row = down.first; row < down.end; row++) {
        for (u32 column = across.first; column < across.end; column++) {
            take(from + row * steps.row + column * steps.column, row, column);
        }
    }
}

// A mean over nothing is 0.
__device__ inline float share_of(u32 count) { return count == 0 ? 0.0f : 1.0f / count; }

// The largest number under each window, and which tap it was. Of equal ones the first, NaN above all; −∞ where there is
// none.
template <int V> __device__ void max_pool_forward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.input);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = taps_of(call.down, of.row), across = taps_of(call.across, of.column);
        bool nothing = down.first == down.end || across.first == across.end;
        Floats<V> best;
        u32 taps[V];
#pragma unroll
        for (int k = 0; k < V; k++) {
            best.at[k] = -infinity();
            taps[k] = nothing ? 0xffffffff : down.first * call.across.kernel + across.first;
        }
        for (u32 i = down.first; i < down.end; i++) {
            u32 row = of.row * call.down.stride + i * call.down.dilation - call.down.padding;
            for (u32 j = across.first; j < across.end; j++) {
                u32 column = of.column * call.across.stride + j * call.across.dilation - call.across.padding;
                auto x = load<V>(call.x + input + of.channel * steps.channel + row * steps.row + column * steps.column);
#pragma unroll
                for (int k = 0; k < V; k++) {
                    bool wins = x.at[k] > best.at[k] || x.at[k] != x.at[k];
                    best.at[k] = wins ? x.at[k] : best.at[k];
                    taps[k] = wins ? i * call.across.kernel + j : taps[k];
                }
            }
        }
#pragma unroll
        for (int k = 0; k < V; k++) best.at[k] = cut(call.bounds, best.at[k]);
        store(call.y + output + of.at, best);
        if (call.bytes) {
            Pack<u8, V> pack;
#pragma unroll
            for (int k = 0; k < V; k++) pack.values[k] = (u8)taps[k];
            *reinterpret_cast<Pack<u8, V> *>(call.bytes + output + of.at) = pack;
        } else {
#pragma unroll
            for (int k = 0; k < V; k++) call.words[output + of.at + k] = taps[k];
        }
    });
}

// Where an output under whose window an input lies has it; the kernel's size where the input lies between two taps.
__device__ inline u32 tap_of(const Window &window, u32 input, u32 output) {
    u32 offset = input + window.padding - output * window.stride;
    if (window.dilation == 1) return offset;
    return offset % window.dilation == 0 ? offset / window.dilation : window.kernel;
}

// dx ← Σ g of the windows whose maximum it is.
template <int V> __device__ void max_pool_backward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.output);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = readers_of(call, call.down, of.row), across = readers_of(call, call.across, of.column);
        Floats<V> sum = {};
        for (u32 row = down.first; row < down.end; row++) {
            u32 i = tap_of(call.down, of.row, row);
            if (i == call.down.kernel) continue;
            for (u32 column = across.first; column < across.end; column++) {
                u32 j = tap_of(call.across, of.column, column);
                if (j == call.across.kernel) continue;
                u64 at = output + of.channel * steps.channel + row * steps.row + column * steps.column;
                u32 tap = i * call.across.kernel + j;
                auto g = load<V>(call.g + at);
                if (call.bytes) {
                    auto taps = *reinterpret_cast<const Pack<u8, V> *>(call.bytes + at);
#pragma unroll
                    for (int k = 0; k < V; k++) sum.at[k] += taps.values[k] == tap ? g.at[k] : 0.0f;
                } else {
#pragma unroll
                    for (int k = 0; k < V; k++) sum.at[k] += call.words[at + k] == tap ? g.at[k] : 0.0f;
                }
            }
        }
        store(call.y + input + of.at, sum);
    });
}

// The largest number of each bin, and where in the map it was. NaN above all, of equal ones the first.
template <int V> __device__ void adaptive_max_forward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.input);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = inputs_of(call, call.down, of.row), across = inputs_of(call, call.across, of.column);
        Floats<V> best;
        u32 places[V];
        bool first = true;
        over(down, across, input + of.channel * steps.channel, steps, [&](u64 at, u32 row, u32 column) {
            auto x = load<V>(call.x + at);
#pragma unroll
            for (int k = 0; k < V; k++) {
                bool wins = first || x.at[k] > best.at[k] || x.at[k] != x.at[k];
                best.at[k] = wins ? x.at[k] : best.at[k];
                places[k] = wins ? row * call.across.input + column : places[k];
            }
            first = false;
        });
        store(call.y + output + of.at, best);
#pragma unroll
        for (int k = 0; k < V; k++) call.words[output + of.at + k] = places[k];
    });
}

template <int V> __device__ void adaptive_max_backward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.output);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = readers_of(call, call.down, of.row), across = readers_of(call, call.across, of.column);
        u32 own = of.row * call.across.input + of.column;
        Floats<V> sum = {};
        over(down, across, output + of.channel * steps.channel, steps, [&](u64 at, u32, u32) {
            auto g = load<V>(call.g + at);
#pragma unroll
            for (int k = 0; k < V; k++) sum.at[k] += call.words[at + k] == own ? g.at[k] : 0.0f;
        });
        store(call.y + input + of.at, sum);
    });
}

// y ← the means.
template <int V> __device__ void means_forward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.input);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = inputs_of(call, call.down, of.row), across = inputs_of(call, call.across, of.column);
        Floats<V> sum = {};
        over(down, across, input + of.channel * steps.channel, steps, [&](u64 at, u32, u32) {
            auto x = load<V>(call.x + at);
#pragma unroll
            for (int k = 0; k < V; k++) sum.at[k] += x.at[k];
        });
        float share = share_of(count_of(call, call.down, of.row) * count_of(call, call.across, of.column));
#pragma unroll
        for (int k = 0; k < V; k++) sum.at[k] *= share;
        store(call.y + output + of.at, sum);
    });
}

// dx ← each output's gradient, divided among its bin.
template <int V> __device__ void means_backward(const Pool &call) {
    Steps steps = steps_of(call.sites, call.sites.output);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Range down = readers_of(call, call.down, of.row), across = readers_of(call, call.across, of.column);
        Floats<V> sum = {};
        over(down, across, output + of.channel * steps.channel, steps, [&](u64 at, u32 row, u32 column) {
            float share = share_of(count_of(call, call.down, row) * count_of(call, call.across, column));
            auto g = load<V>(call.g + at);
#pragma unroll
            for (int k = 0; k < V; k++) sum.at[k] += g.at[k] * share;
        });
        store(call.y + input + of.at, sum);
    });
}

WIDTHS(max_pool_forward, max_pool_forward, Pool)
WIDTHS(max_pool_backward, max_pool_backward, Pool)
WIDTHS(adaptive_max_forward, adaptive_max_forward, Pool)
WIDTHS(adaptive_max_backward, adaptive_max_backward, Pool)
WIDTHS(means_forward, means_forward, Pool)
WIDTHS(means_backward, means_backward, Pool)
