// Dropout and drop path. Whether a number survives depends on its word of the generator for (seed, step, node), and on
// nothing else: the words are those of ChaCha with 8 rounds (Bernstein 2008), as on the CPU, so that both drop the same
// numbers.
//
// 25 operations for a word, 8 bytes an element and a bit.

struct Draw {
    u32 key[8];
    u32 *mask;
    // Words of the mask.
    u64 words;
    // Numbers whose word is smaller are dropped; 2³² of them at most.
    u64 dropped;
};

__device__ inline u32 rotated(u32 x, u32 by) { return x << by | x >> (32 - by); }

__device__ inline void quarter(u32 &a, u32 &b, u32 &c, u32 &d) {
    a += b;
    d = rotated(d ^ a, 16);
    c += d;
    b = rotated(b ^ c, 12);
    a += b;
    d = rotated(d ^ a, 8);
    c += d;
    b = rotated(b ^ c, 7);
}

// The 16 words of a block of the stream.
__device__ inline void chacha(const u32 (&key)[8], u64 block, u32 (&out)[16]) {
    u32 start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1], key[2], key[3],
                     key[4],     key[5],     key[6],     key[7],     (u32)block, (u32)(block >> 32), 0, 0};
#pragma unroll
    for (int k = 0; k < 16; k++) out[k] = start[k];
#pragma unroll
    for (int round = 0; round < 4; round++) {
#pragma unroll
        for (int k = 0; k < 4; k++) quarter(out[k], out[4 + k], out[8 + k], out[12 + k]);
#pragma unroll
        for (int k = 0; k < 4; k++) quarter(out[k], out[4 + (k + 1) % 4], out[8 + (k + 2) % 4], out[12 + (k + 3) % 4]);
    }
#pragma unroll
    for (int k = 0; k < 16; k++) out[k] += start[k];
}

// A bit for each number.
KERNEL(draw_bits, Draw) {
    for (u64 word = place(); word < call.words; word += places()) {
        u32 bits = 0;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            u32 words[16];
            chacha(call.key, 2 * word + half, words);
#pragma unroll
            for (int k = 0; k < 16; k++) bits |= (u32)(words[k] >= call.dropped) << (16 * half + k);
        }
        call.mask[word] = bits;
    }
}

// 0 or 1 for each example.
KERNEL(draw_examples, Draw) {
    for (u64 block = place(); block < (call.words + 15) / 16; block += places()) {
        u32 words[16];
        chacha(call.key, block, words);
#pragma unroll
        for (int k = 0; k < 16; k++) {
            if (16 * block + k < call.words) call.mask[16 * block + k] = words[k] >= call.dropped;
        }
    }
}

struct Apply {
    const Number *x;
    const u32 *mask;
    Number *y;
    u64 batch;
    // Numbers of an example.
    u32 elements;
    // 1/(1 − p)
    float scale;
    // Of maps whose channels lie first: the mask counts them with the channels last. Else 0.
    u32 positions, channels;
    Divisor by_positions;
};

// y ← mask·x / (1 − p); a product, so that a NaN in the input is not hidden.
template <int V> __device__ void apply_bits(const Apply &call) {
    u64 count = call.batch * call.elements;
    for (u64 at = place(); at < count / V; at += places()) {
        u64 first = at * V;
        auto x = load<V>(call.x + first);
        u32 bits = call.mask[first / 32] >> (first % 32);
#pragma unroll
        for (int k = 0; k < V; k++) x.at[k] *= bits >> k & 1 ? call.scale : 0.0f;
        store(call.y + first, x);
    }
    u64 rest = count / V * V + place();
    if (rest < count) {
        auto x = load<1>(call.x + rest);
        x.at[0] *= call.mask[rest / 32] >> (rest % 32) & 1 ? call.scale : 0.0f;
        store(call.y + rest, x);
    }
}

WIDTHS(apply_bits, apply_bits, Apply)

// The same for maps whose channels lie first.
KERNEL(apply_bits_transposed, Apply) {
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        u64 start = image * call.elements;
        for (u32 at = place(); at < call.elements; at += places()) {
            u32 channel = quotient(at, call.by_positions);
            u64 bit = start + (u64)(at - channel * call.positions) * call.channels + channel;
            bool survives = call.mask[bit / 32] >> (bit % 32) & 1;
            put(call.y[start + at], single(call.x[start + at]) * (survives ? call.scale : 0.0f));
        }
    }
}

template <int V> __device__ void apply_examples(const Apply &call) {
    for (u64 image = blockIdx.y; image < call.batch; image += gridDim.y) {
        u64 start = image * call.elements;
        float factor = call.mask[image] ? call.scale : 0.0f;
        for (u32 at = place(); at < call.elements / V; at += places()) {
            auto x = load<V>(call.x + start + (u64)at * V);
#pragma unroll
            for (int k = 0; k < V; k++) x.at[k] *= factor;
            store(call.y + start + (u64)at * V, x);
        }
    }
}

WIDTHS(apply_examples, apply_examples, Apply)
