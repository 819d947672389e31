// Maps of another height and width.
//
// A thread makes one output, or V of neighbouring channels where those lie side by side; backward one input's gradient,
// from the outputs that lie next to it. Places are worked out in double precision, as on the CPU.

enum Resampling { NEAREST, BILINEAR, ALIGNED };

struct Upsample {
    const Number *x;
    Number *y;
    Sites sites;
    // Input pixels from one output pixel to the next, down and across.
    double steps[2];
    u32 resampling;
};

// The inputs before and behind an output, and how near it is to the second.
struct Between {
    u32 first, second;
    float nearness;
};

__device__ inline Between between(const Upsample &call, double step, u32 output, u32 inputs) {
    double at;
    if (call.resampling == NEAREST) {
        // PyTorch computes this in single precision.
        at = floorf((float)output * (float)step);
    } else if (call.resampling == BILINEAR) {
        at = (output + 0.5) * step - 0.5;
        at = at < 0.0 ? 0.0 : at;
    } else {
        at = output * step;
    }
    u32 first = (u32)at < inputs - 1 ? (u32)at : inputs - 1;
    double nearness = at - first;
    nearness = nearness > 1.0 || call.resampling == NEAREST ? 0.0 : nearness;
    return {first, first + 1 < inputs ? first + 1 : first, (float)nearness};
}

template <int V> __device__ void upsample_forward(const Upsample &call) {
    const Map &map = call.sites.input;
    Steps steps = steps_of(call.sites, map);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Between down = between(call, call.steps[0], of.row, map.rows);
        Between across = between(call, call.steps[1], of.column, map.columns);
        const Number *x = call.x + input + of.channel * steps.channel;
        auto pixel = [&](u32 row, u32 column) { return load<V>(x + row * steps.row + column * steps.column); };
        auto y = pixel(down.first, across.first);
        if (call.resampling != NEAREST) {
            auto right = pixel(down.first, across.second);
            auto below = pixel(down.second, across.first), opposite = pixel(down.second, across.second);
            float top = 1.0f - down.nearness, left = 1.0f - across.nearness;
#pragma unroll
            for (int k = 0; k < V; k++) {
                y.at[k] = top * left * y.at[k] + top * across.nearness * right.at[k] +
                          down.nearness * left * below.at[k] + down.nearness * across.nearness * opposite.at[k];
            }
        }
        store(call.y + output + of.at, y);
    });
}

// An output from which on all lie behind the input before this one, and not far before it.
__device__ inline u32 first_reader(double step, u32 input) {
    if (step <= 0.0) return 0;
    double first = ((double)input - 1.0) / step - 2.0;
    return first > 0.0 ? (u32)first : 0;
}

// What an output takes of an input.
__device__ inline float share_of(const Between &between, u32 input) {
    float share = between.first == input ? 1.0f - between.nearness : 0.0f;
    return between.second == input ? share + between.nearness : share;
}

// dx ← every output's gradient that lies next to it, in the shares of the forward pass.
template <int V> __device__ void upsample_backward(const Upsample &call) {
    const Map &map = call.sites.output;
    Steps steps = steps_of(call.sites, map);
    over_sites<V>(call.sites, [&](const Site &of, u64 input, u64 output) {
        Floats<V> sum = {};
        for (u32 row = first_reader(call.steps[0], of.row); row < map.rows; row++) {
            Between down = between(call, call.steps[0], row, call.sites.input.rows);
            if (down.first > of.row) break;
            float share = share_of(down, of.row);
            if (share == 0.0f) continue;
            for (u32 column = first_reader(call.steps[1], of.column); column < map.columns; column++) {
                Between across = between(call, call.steps[1], column, call.sites.input.columns);
                if (across.first > of.column) break;
                float part = share * share_of(across, of.column);
                if (part == 0.0f) continue;
                auto g = load<V>(call.x + output + of.channel * steps.channel + row * steps.row + column * steps.column);
#pragma unroll
                for (int k = 0; k < V; k++) sum.at[k] += part * g.at[k];
            }
        }
        store(call.y + input + of.at, sum);
    });
}

WIDTHS(upsample_forward, upsample_forward, Upsample)
WIDTHS(upsample_backward, upsample_backward, Upsample)
