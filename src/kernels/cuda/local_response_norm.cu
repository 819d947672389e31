// Local response normalisation across channels (Krizhevsky et al. 2012): y = x·s^−β, s = k + α/n · Σ x² over n
// channels.
//
// A thread makes one number from its n neighbours, which the caches hold.

struct ResponseNorm {
    Table table;
    const Number *x;
    // Backward.
    const Number *out, *g;
    Number *y;
    // s
    float *denominators;
    // Channels of a window before and after its centre.
    u32 before, after;
    // α/n, k and β.
    float share, k, beta;
};

__device__ inline float power(float beta, float s) {
    if (beta != 0.75f) return powf(s, -beta);
    float root = sqrtf(s);
    return 1.0f / (root * sqrtf(root));
}

struct Neighbours {
    u32 first, last;
};

// Those of a channel that there are.
__device__ inline Neighbours neighbours(u32 channels, u32 channel, u32 before, u32 after) {
    return {channel > before ? channel - before : 0, after < channels - 1 - channel ? channel + after : channels - 1};
}

KERNEL(response_norm_forward, ResponseNorm) {
    over_table<1>(call.table, [&](u32 channel) {
        Neighbours near = neighbours(call.table.channels, channel, call.before, call.after);
        u64 run = call.table.run;
        return [&call, channel, near, run](u64 at) {
            const Number *x = call.x + at - channel * run;
            float squares = 0.0f;
            for (u32 other = near.first; other <= near.last; other++) {
                float value = single(x[other * run]);
                squares += value * value;
            }
            float s = call.k + call.share * squares;
            call.denominators[at] = s;
            put(call.y[at], single(call.x[at]) * power(call.beta, s));
        };
    });
}

// dxᵢ = gᵢ·sᵢ^−β − 2αβ/n · xᵢ · Σⱼ gⱼ·yⱼ/sⱼ over all j whose window holds i.
KERNEL(response_norm_backward, ResponseNorm) {
    over_table<1>(call.table, [&](u32 channel) {
        // The window mirrored.
        Neighbours near = neighbours(call.table.channels, channel, call.after, call.before);
        u64 run = call.table.run;
        return [&call, channel, near, run](u64 at) {
            u64 start = at - channel * run;
            float sum = 0.0f;
            for (u32 other = near.first; other <= near.last; other++) {
                u64 there = start + other * run;
                sum += single(call.g[there]) * single(call.out[there]) / call.denominators[there];
            }
            float own = single(call.g[at]) * power(call.beta, call.denominators[at]);
            put(call.y[at], own - 2.0f * call.share * call.beta * single(call.x[at]) * sum);
        };
    });
}
