// Normalisation of each group of channels of each example (Wu and He 2018). Moments and sums of each channel of each
// example are made by sums.cu, whose slices are examples then; here they become those of groups, and the numbers are
// normalised by them.

struct Groups {
    // Of each channel of each example: mean and squares around it, or Σ g and Σ g·x̂.
    const float *parts;
    // Of each group of each example.
    float *means, *inverses;
    // 2 or 4 numbers for each channel of each example.
    float *table;
    // Null if there are none.
    const float *gamma;
    u64 batch;
    u32 channels, groups, each, positions;
    double eps;
};

// A warp makes a group's mean and 1/√(variance + eps), and for each of its channels mean and scale.
KERNEL(group_moments, Groups) {
    u64 all = call.batch * call.groups;
    for (u64 group = place() / WARP; group < all; group += places() / WARP) {
        u64 image = group / call.groups;
        u32 first = (u32)(group - image * call.groups) * call.each, lane = threadIdx.x % WARP;
        const float *means = call.parts + image * 2 * call.channels + first, *squares = means + call.channels;
        double sum = 0.0, total = 0.0;
        for (u32 channel = lane; channel < call.each; channel += WARP) sum += means[channel];
        double mean = warp_sum(sum) / call.each;
        for (u32 channel = lane; channel < call.each; channel += WARP) {
            double difference = means[channel] - mean;
            total += squares[channel] + difference * difference * call.positions;
        }
        double count = (double)call.each * call.positions;
        float inverse = (float)(1.0 / sqrt(warp_sum(total) / count + call.eps));
        if (lane == 0) {
            call.means[group] = (float)mean;
            call.inverses[group] = inverse;
        }
        float *table = call.table + image * 2 * call.channels + first;
        for (u32 channel = lane; channel < call.each; channel += WARP) {
            float gamma = call.gamma ? call.gamma[first + channel] : 1.0f;
            table[channel] = (float)mean;
            table[call.channels + channel] = inverse * gamma;
        }
    }
}

// With h = γ·g, a warp makes for each channel of a group the mean, the scale, and what is taken from scale·g:
// mean(h)/√(variance + eps) and, for each x − mean, mean(h·x̂)/(variance + eps).
KERNEL(group_means, Groups) {
    u64 all = call.batch * call.groups;
    for (u64 group = place() / WARP; group < all; group += places() / WARP) {
        u64 image = group / call.groups;
        u32 first = (u32)(group - image * call.groups) * call.each, lane = threadIdx.x % WARP;
        const float *sums = call.parts + image * 2 * call.channels + first, *sums_x = sums + call.channels;
        double h = 0.0, hx = 0.0;
        for (u32 channel = lane; channel < call.each; channel += WARP) {
            double gamma = call.gamma ? (double)call.gamma[first + channel] : 1.0;
            h += gamma * sums[channel];
            hx += gamma * sums_x[channel];
        }
        double count = (double)call.each * call.positions, inverse = call.inverses[group];
        float constant = (float)(warp_sum(h) / count * inverse), slope = (float)(warp_sum(hx) / count * inverse * inverse);
        float *table = call.table + image * 4 * call.channels + first;
        for (u32 channel = lane; channel < call.each; channel += WARP) {
            float gamma = call.gamma ? call.gamma[first + channel] : 1.0f;
            table[channel] = call.means[group];
            table[call.channels + channel] = call.inverses[group] * gamma;
            table[2 * call.channels + channel] = constant;
            table[3 * call.channels + channel] = slope;
        }
    }
}

struct NormaliseGroups {
    const Number *x;
    // Backward.
    const Number *g;
    Number *y;
    const float *table;
    const float *beta;
    u64 batch;
    // Of an example: packs of V, and channels; with the channels first, packs of a channel.
    u32 packs, channels;
    Divisor by_inner;
    u32 channels_last;
};

// y ← (x − mean)·scale + β; backward scale·g − constant − (x − mean)·slope.
template <bool BACK, int V> __device__ void normalise_groups(const NormaliseGroups &call) {
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        const float *table = call.table + image * (BACK ? 4 : 2) * call.channels;
        for (u32 pack = place(); pack < call.packs; pack += places()) {
            u64 at = (image * call.packs + pack) * V;
            u32 outer = quotient(pack, call.by_inner);
            u32 first = call.channels_last ? (pack - outer * call.by_inner.divisor) * V : outer;
            auto x = load<V>(call.x + at), g = BACK ? load<V>(call.g + at) : x;
#pragma unroll
            for (int k = 0; k < V; k++) {
                u32 channel = call.channels_last ? first + k : first;
                float from_mean = x.at[k] - table[channel], scale = table[call.channels + channel];
                if (BACK) {
                    float constant = table[2 * call.channels + channel], slope = table[3 * call.channels + channel];
                    x.at[k] = scale * g.at[k] - constant - from_mean * slope;
                } else {
                    x.at[k] = from_mean * scale + (call.beta ? call.beta[channel] : 0.0f);
                }
            }
            store(call.y + at, x);
        }
    }
}

WIDTHS_OF(normalise_groups, normalise_groups, false, NormaliseGroups)
WIDTHS_OF(normalise_groups_back, normalise_groups, true, NormaliseGroups)
