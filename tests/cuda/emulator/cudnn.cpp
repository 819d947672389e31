// Convolutions of cuDNN's graphs by their definition: libcudnn for tests without a GPU. A graph has one operation.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <map>
#include <vector>

// Numbers are those of cudnn_graph.h, version 9.
enum Kind { FORWARD = 10, FILTER = 11, DATA = 12 };

enum Attribute {
    DILATIONS = 102,
    FILTER_STRIDES = 103,
    PADDINGS = 105,
    HEURISTICS_GRAPH = 201,
    HEURISTICS_RESULTS = 202,
    CONFIG_ENGINE = 300,
    PLAN_CONFIG = 401,
    PLAN_WORKSPACE = 402,
    GRAPH_OPERATIONS = 801,
    TENSOR_TYPE = 901,
    TENSOR_SIZES = 902,
    TENSOR_STRIDES = 903,
    TENSOR_NAME = 906,
    PACK_NAMES = 1000,
    PACK_POINTERS = 1001,
    ENGINE_GRAPH = 1300,
    ENGINE_NOTES = 1303,
};

// What an attribute consists of, and how many bytes that has.
enum Type { INT64 = 3, POINTER = 6, DESCRIPTOR = 15, HANDLE = 0 };

enum { SUCCESS = 0, BAD_PARAMETER = 2000, NOT_SUPPORTED = 3000, F32 = 0, BF16 = 9 };

struct Descriptor {
    int kind;
    // All attributes as words; descriptors, pointers and numbers alike.
    std::map<int, std::vector<int64_t>> attributes;

    const std::vector<int64_t> &list(int name) { return attributes[name]; }
    Descriptor *part(int name) { return (Descriptor *)attributes[name].at(0); }
};

struct Tensor {
    int type;
    std::vector<int64_t> sizes, strides;
    void *values;

    size_t at(int64_t n, int64_t c, int64_t h, int64_t w) const {
        return n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3];
    }

    float get(size_t index) const {
        if (type == F32) return ((const float *)values)[index];
        uint32_t bits = (uint32_t)((const uint16_t *)values)[index] << 16;
        float x;
        memcpy(&x, &bits, sizeof x);
        return x;
    }

    void put(size_t index, float x) const {
        if (type == F32) {
            ((float *)values)[index] = x;
            return;
        }
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        ((uint16_t *)values)[index] = x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    }
};

// Calls `each` with every product's places in x, w and y.
template <class F> static void over_products(const Tensor &x, const Tensor &w, const Tensor &y, Descriptor *window, F each) {
    auto &stride = window->list(FILTER_STRIDES), &padding = window->list(PADDINGS), &dilation = window->list(DILATIONS);
    int64_t groups = x.sizes[1] / w.sizes[1], outputs = y.sizes[1] / groups;
    for (int64_t n = 0; n < y.sizes[0]; n++)
        for (int64_t k = 0; k < y.sizes[1]; k++)
            for (int64_t i = 0; i < y.sizes[2]; i++)
                for (int64_t j = 0; j < y.sizes[3]; j++)
                    for (int64_t r = 0; r < w.sizes[2]; r++) {
                        int64_t h = i * stride[0] + r * dilation[0] - padding[0];
                        if (h < 0 || h >= x.sizes[2]) continue;
                        for (int64_t s = 0; s < w.sizes[3]; s++) {
                            int64_t v = j * stride[1] + s * dilation[1] - padding[1];
                            if (v < 0 || v >= x.sizes[3]) continue;
                            for (int64_t c = 0; c < w.sizes[1]; c++) {
                                each(x.at(n, k / outputs * w.sizes[1] + c, h, v), w.at(k, c, r, s), y.at(n, k, i, j));
                            }
                        }
                    }
}

static size_t elements(const Tensor &tensor) {
    size_t count = 1;
    for (int64_t size : tensor.sizes) count *= size;
    return count;
}

static void convolve(Descriptor *operation, Descriptor *pack) {
    // Where an operation names its convolution, x, w and y.
    static const std::map<int, std::vector<int>> names = {
        {FORWARD, {702, 704, 703, 705}}, {DATA, {708, 710, 709, 711}}, {FILTER, {714, 716, 715, 717}}};
    const std::vector<int> &name = names.at(operation->kind);
    auto tensor = [&](int which) {
        Descriptor *descriptor = operation->part(name[which]);
        Tensor found{(int)descriptor->list(TENSOR_TYPE)[0], descriptor->list(TENSOR_SIZES), descriptor->list(TENSOR_STRIDES), nullptr};
        auto &all = pack->list(PACK_NAMES);
        for (size_t index = 0; index < all.size(); index++) {
            if (all[index] == descriptor->list(TENSOR_NAME)[0]) found.values = (void *)pack->list(PACK_POINTERS)[index];
        }
        return found;
    };
    Tensor x = tensor(1), w = tensor(2), y = tensor(3);
    const Tensor &target = operation->kind == FORWARD ? y : operation->kind == DATA ? x : w;
    // All three fill their memory without gaps.
    std::vector<double> sums(elements(target), 0.0);
    over_products(x, w, y, operation->part(name[0]), [&](size_t in_x, size_t in_w, size_t in_y) {
        if (operation->kind == FORWARD) sums[in_y] += (double)x.get(in_x) * w.get(in_w);
        if (operation->kind == DATA) sums[in_x] += (double)y.get(in_y) * w.get(in_w);
        if (operation->kind == FILTER) sums[in_w] += (double)x.get(in_x) * y.get(in_y);
    });
    for (size_t index = 0; index < sums.size(); index++) target.put(index, (float)sums[index]);
}

extern "C" {

size_t cudnnGetVersion() { return 91300; }
int cudnnCreate(void **handle) { return *handle = (void *)1, SUCCESS; }
int cudnnDestroy(void *) { return SUCCESS; }
int cudnnSetStream(void *, void *) { return SUCCESS; }
const char *cudnnGetErrorString(int) { return "emulated"; }
void cudnnGetLastErrorString(char *message, size_t) { message[0] = 0; }

int cudnnBackendCreateDescriptor(int kind, Descriptor **descriptor) { return *descriptor = new Descriptor{kind, {}}, SUCCESS; }
int cudnnBackendDestroyDescriptor(Descriptor *descriptor) { return delete descriptor, SUCCESS; }

// Copies are kept of everything, since a graph's descriptors may be destroyed before its plan.
int cudnnBackendSetAttribute(Descriptor *descriptor, int name, int type, int64_t count, const void *values) {
    std::vector<int64_t> words(count);
    for (int64_t index = 0; index < count; index++) {
        if (type == DESCRIPTOR) {
            words[index] = (int64_t) new Descriptor(*((Descriptor *const *)values)[index]);
        } else if (type == INT64 || type == POINTER || type == HANDLE) {
            words[index] = ((const int64_t *)values)[index];
        } else {
            words[index] = ((const int32_t *)values)[index];
        }
    }
    descriptor->attributes[name] = words;
    return SUCCESS;
}

int cudnnBackendFinalize(Descriptor *) { return SUCCESS; }

// One engine with one configuration, without notes and without a workspace.
int cudnnBackendGetAttribute(Descriptor *descriptor, int name, int, int64_t room, int64_t *count, void *values) {
    if (name == HEURISTICS_RESULTS || name == CONFIG_ENGINE) {
        *count = 1;
        if (room > 0) {
            Descriptor *result = ((Descriptor **)values)[0];
            int from = name == HEURISTICS_RESULTS ? HEURISTICS_GRAPH : ENGINE_GRAPH;
            result->attributes[ENGINE_GRAPH] = descriptor->list(from);
        }
        return SUCCESS;
    }
    if (name == ENGINE_NOTES) return *count = 0, SUCCESS;
    if (name == PLAN_WORKSPACE) return *count = 1, *(int64_t *)values = 0, SUCCESS;
    return NOT_SUPPORTED;
}

int cudnnBackendExecute(void *, Descriptor *plan, Descriptor *pack) {
    convolve(plan->part(PLAN_CONFIG)->part(ENGINE_GRAPH)->part(GRAPH_OPERATIONS), pack);
    return SUCCESS;
}
}
