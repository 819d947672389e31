// Functions of each number: activations and their gradients, sums, copies, and gradients of what was cut.
//
// Bound by memory: 8 bytes an element for f(x) in single precision, 12 for a gradient.

struct Activate {
    // x forward; backward x, or f(x) where the derivative follows from it.
    const Number *x;
    // Backward.
    const Number *g;
    Number *y;
    u64 count;
    // Slope, α, factor, β and threshold, or exponent, scale and shift.
    float first, second, third;
};

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// min(max(x, 0), 6)
__device__ inline float hard(float x) { return x <= 0.0f ? 0.0f : x >= 6.0f ? 6.0f : x; }

// Φ and its derivative.
__device__ inline float normal_cdf(float x) { return 0.5f * (1.0f + erff(x * 0.70710678118654752f)); }

__device__ inline float normal_density(float x) { return 0.39894228040143268f * expf(-0.5f * x * x); }

#define ACTIVATION(Name, value, derivative)                                                                    \
    struct Name {                                                                                              \
        __device__ static float of(float x, const Activate &call) { return value; }                            \
        __device__ static float back(float x, float g, const Activate &call) { return derivative; }            \
    };

// NaN stays NaN. Derivatives of ReLU, sigmoid and tanh take f(x) for x.
ACTIVATION(Relu, x <= 0.0f ? 0.0f : x, x <= 0.0f ? 0.0f : g)
ACTIVATION(LeakyRelu, x > 0.0f ? x : call.first * x, x > 0.0f ? g : call.first * g)
ACTIVATION(Sigmoid, sigmoid(x), g * x * (1.0f - x))
ACTIVATION(Tanh, tanhf(x), g *(1.0f - x * x))
ACTIVATION(Gelu, x *normal_cdf(x), g *(normal_cdf(x) + x * normal_density(x)))
ACTIVATION(Silu, x / (1.0f + expf(-x)), g *sigmoid(x) * (1.0f + x * (1.0f - sigmoid(x))))
ACTIVATION(Relu6, hard(x), x <= 0.0f || x >= 6.0f ? 0.0f : g)
ACTIVATION(HardSigmoid, hard(x + 3.0f) / 6.0f, x > -3.0f && x < 3.0f ? g / 6.0f : 0.0f)
ACTIVATION(HardSwish, x *hard(x + 3.0f) / 6.0f, x <= -3.0f ? 0.0f : x < 3.0f ? g * (x / 3.0f + 0.5f) : g)
ACTIVATION(Elu, x > 0.0f ? x : call.first * expm1f(x), x <= 0.0f ? g * call.first * expf(x) : g)
ACTIVATION(Softplus, call.first *x > call.second ? x : log1pf(expf(call.first * x)) / call.first,
           call.first *x > call.second ? g : g * sigmoid(call.first * x))

ACTIVATION(Multiple, call.first *x, call.first *g)

// x^exponent; what is no power costs none.
__device__ inline float power(float x, float exponent) {
    return exponent == 1.0f ? x : exponent == 0.0f ? 1.0f : powf(x, exponent);
}

ACTIVATION(Power, power(call.third + call.second * x, call.first),
           call.first == 0.0f
               ? 0.0f
               : g * call.first * call.second * power(call.third + call.second * x, call.first - 1.0f))

struct Mish {
    __device__ static float of(float x, const Activate &) { return x * tanhf(log1pf(expf(x))); }
    __device__ static float back(float x, float g, const Activate &) {
        float t = tanhf(log1pf(expf(x)));
        return g * (t + x * sigmoid(x) * (1.0f - t * t));
    }
};

// F at every V numbers; those at the end that do not fill V are taken one by one.
template <class F, int V, class Call> __device__ inline void over_all(const Call &call) {
    for (u64 at = place(); at < call.count / V; at += places()) F::template of<V>(call, at * V);
    u64 rest = call.count / V * V + place();
    if (rest < call.count) F::template of<1>(call, rest);
}

template <class F> struct Value {
    template <int V> __device__ static void of(const Activate &call, u64 at) {
        auto x = load<V>(call.x + at);
#pragma unroll
        for (int k = 0; k < V; k++) x.at[k] = F::of(x.at[k], call);
        store(call.y + at, x);
    }
};

template <class F> struct Derivative {
    template <int V> __device__ static void of(const Activate &call, u64 at) {
        auto x = load<V>(call.x + at), g = load<V>(call.g + at);
#pragma unroll
        for (int k = 0; k < V; k++) x.at[k] = F::back(x.at[k], g.at[k], call);
        store(call.y + at, x);
    }
};

// A function as two kernels: for one number at a time, and for as many as fit.
#define EACH(name, F, Call)                                       \
    KERNEL(name, Call) { over_all<F, 1>(call); }                  \
    KERNEL(name##_wide, Call) { over_all<F, WIDE>(call); }

#define BOTH(name, Name)                            \
    EACH(name##_forward, Value<Name>, Activate)     \
    EACH(name##_backward, Derivative<Name>, Activate)

BOTH(relu, Relu)
BOTH(leaky_relu, LeakyRelu)
BOTH(sigmoid, Sigmoid)
BOTH(tanh, Tanh)
BOTH(gelu, Gelu)
BOTH(silu, Silu)
BOTH(relu6, Relu6)
BOTH(hard_sigmoid, HardSigmoid)
BOTH(hard_swish, HardSwish)
BOTH(elu, Elu)
BOTH(softplus, Softplus)
BOTH(mish, Mish)
BOTH(multiple, Multiple)
BOTH(power, Power)

// The most inputs that are taken at once.
constexpr u32 INPUTS = 8;

struct Combine {
    const Number *inputs[INPUTS];
    Number *y;
    u64 count;
    u32 used;
    Bounds bounds;
};

// y ← cut(Σ inputs); y may be an input.
struct Add {
    template <int V> __device__ static void of(const Combine &call, u64 at) {
        auto sum = load<V>(call.inputs[0] + at);
        for (u32 input = 1; input < call.used; input++) {
            auto x = load<V>(call.inputs[input] + at);
#pragma unroll
            for (int k = 0; k < V; k++) sum.at[k] += x.at[k];
        }
#pragma unroll
        for (int k = 0; k < V; k++) sum.at[k] = cut(call.bounds, sum.at[k]);
        store(call.y + at, sum);
    }
};

// y ← Π inputs of one size; y may be an input.
struct Multiply {
    template <int V> __device__ static void of(const Combine &call, u64 at) {
        auto product = load<V>(call.inputs[0] + at);
        for (u32 input = 1; input < call.used; input++) {
            auto x = load<V>(call.inputs[input] + at);
#pragma unroll
            for (int k = 0; k < V; k++) product.at[k] *= x.at[k];
        }
        store(call.y + at, product);
    }
};

// y ← max(inputs), NaN if one of them is.
struct Maximum {
    template <int V> __device__ static void of(const Combine &call, u64 at) {
        auto a = load<V>(call.inputs[0] + at), b = load<V>(call.inputs[1] + at);
#pragma unroll
        for (int k = 0; k < V; k++) a.at[k] = a.at[k] > b.at[k] || a.at[k] != a.at[k] ? a.at[k] : b.at[k];
        store(call.y + at, a);
    }
};

// y ← the gradient, the third input, where the first one is not below the second; half of it where they are equal.
struct MaximumGradient {
    template <int V> __device__ static void of(const Combine &call, u64 at) {
        auto own = load<V>(call.inputs[0] + at), other = load<V>(call.inputs[1] + at);
        auto g = load<V>(call.inputs[2] + at);
#pragma unroll
        for (int k = 0; k < V; k++) {
            float share = own.at[k] == other.at[k] ? 0.5f * g.at[k] : g.at[k];
            g.at[k] = own.at[k] < other.at[k] ? 0.0f : share;
        }
        store(call.y + at, g);
    }
};

// y, a gradient, ← 0 where the output, the only input, was cut.
struct CutGradient {
    template <int V> __device__ static void of(const Combine &call, u64 at) {
        auto g = load<V>(call.y + at), y = load<V>(call.inputs[0] + at);
#pragma unroll
        for (int k = 0; k < V; k++) g.at[k] = passed(call.bounds, g.at[k], y.at[k]);
        store(call.y + at, g);
    }
};

EACH(add, Add, Combine)
EACH(multiply, Multiply, Combine)
EACH(maximum, Maximum, Combine)
EACH(maximum_gradient, MaximumGradient, Combine)
EACH(clamp_gradient, CutGradient, Combine)
