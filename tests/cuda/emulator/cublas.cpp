// The product of cuBLAS by its definition: libcublas for tests without a GPU.

#include <stdint.h>
#include <string.h>

#include <vector>

enum { F32 = 0, BF16 = 14, NOT_SUPPORTED = 15 };

static float number(const void *values, int kind, size_t index) {
    if (kind == F32) return ((const float *)values)[index];
    uint32_t bits = (uint32_t)((const uint16_t *)values)[index] << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void put(void *values, int kind, size_t index, float x) {
    if (kind == F32) {
        ((float *)values)[index] = x;
        return;
    }
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    ((uint16_t *)values)[index] = x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

extern "C" {

int cublasCreate_v2(void **handle) { return *handle = (void *)1, 0; }
int cublasDestroy_v2(void *) { return 0; }
int cublasSetStream_v2(void *, void *) { return 0; }
int cublasSetWorkspace_v2(void *, void *, size_t) { return 0; }

// Column-major: C = α·op(A)·op(B) + β·C.
int cublasGemmEx(void *, int of_a, int of_b, int m, int n, int k, const float *alpha, const void *a, int kind_a, int lda, const void *b,
                 int kind_b, int ldb, const float *beta, void *c, int kind_c, int ldc, int, int) {
    for (int kind : {kind_a, kind_b, kind_c}) {
        if (kind != F32 && kind != BF16) return NOT_SUPPORTED;
    }
    if (kind_a != kind_b) return NOT_SUPPORTED;
    std::vector<float> row(k);
    for (int i = 0; i < m; i++) {
        for (int p = 0; p < k; p++) row[p] = number(a, kind_a, of_a ? (size_t)i * lda + p : (size_t)p * lda + i);
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int p = 0; p < k; p++) sum += (double)row[p] * number(b, kind_b, of_b ? (size_t)p * ldb + j : (size_t)j * ldb + p);
            size_t at = (size_t)j * ldc + i;
            put(c, kind_c, at, *alpha * (float)sum + (*beta ? *beta * number(c, kind_c, at) : 0.0f));
        }
    }
    return 0;
}
}
