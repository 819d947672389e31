// The functions of CUDA's driver that archc calls, with the processor for a device: libcuda.so.1 for tests without a
// GPU.
//
// Memory is the processor's; it begins full of NaN, and nothing may be written around an allocation. Whatever is queued
// is done at once.

#include <dlfcn.h>
#include <elf.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <string>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500 };

// Bytes on both sides of an allocation that nobody writes.
static const size_t GUARD = 4096;

static const size_t TOTAL = (size_t)8 << 30;

static std::mutex one_at_a_time;
static std::map<CUdeviceptr, size_t> allocations;
static size_t in_use;
static bool descending;

static void check_guard(const unsigned char *guard, const char *where) {
    for (size_t index = 0; index < GUARD; index++) {
        if (guard[index] != 0xff) {
            fprintf(stderr, "emulated device: something was written %s an allocation\n", where);
            abort();
        }
    }
}

// Whether all of some memory lies in one allocation.
static void check_inside(CUdeviceptr pointer, size_t bytes) {
    auto next = allocations.upper_bound(pointer);
    if (bytes == 0) return;
    if (next == allocations.begin() || pointer + bytes > std::prev(next)->first + std::prev(next)->second) {
        fprintf(stderr, "emulated device: %zu bytes at %llx lie outside all allocations\n", bytes, pointer);
        abort();
    }
}

struct Module {
    void *library;
};

typedef void (*Kernel)(struct Size, struct Size, bool, const void *);

struct Size {
    unsigned x, y, z;
};

extern "C" {

// From now on threads and blocks run in this order.
void emulator_order(bool is_descending) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    descending = is_descending;
}

CUresult cuInit(unsigned) { return OK; }
CUresult cuDriverGetVersion(int *version) { return *version = 13000, OK; }
CUresult cuDeviceGetCount(int *count) { return *count = 1, OK; }
CUresult cuDeviceGet(int *device, int number) { return *device = number, OK; }
CUresult cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "emulated GPU"), OK; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = TOTAL, OK; }

CUresult cuDeviceGetAttribute(int *value, int attribute, int) {
    enum { PROCESSORS = 16, MAJOR = 75, MINOR = 76 };
    *value = attribute == PROCESSORS ? 4 : attribute == MAJOR ? 9 : 0;
    return OK;
}

CUresult cuDevicePrimaryCtxRetain(void **context, int) { return *context = (void *)1, OK; }
CUresult cuDevicePrimaryCtxRelease_v2(int) { return OK; }
CUresult cuCtxSetCurrent(void *) { return OK; }
CUresult cuCtxGetCurrent(void **context) { return *context = (void *)1, OK; }
CUresult cuCtxSynchronize() { return OK; }

CUresult cuGetErrorName(CUresult error, const char **name) {
    *name = error == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : error == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_INVALID_VALUE";
    return OK;
}
CUresult cuGetErrorString(CUresult, const char **text) { return *text = "emulated", OK; }

CUresult cuStreamCreate(void **stream, unsigned) { return *stream = (void *)2, OK; }
CUresult cuStreamDestroy_v2(void *) { return OK; }
CUresult cuStreamSynchronize(void *) { return OK; }
CUresult cuStreamWaitEvent(void *, void *, unsigned) { return OK; }
CUresult cuStreamQuery(void *) { return OK; }

CUresult cuEventCreate(void **event, unsigned) { return *event = calloc(1, sizeof(timespec)), OK; }
CUresult cuEventDestroy_v2(void *event) { return free(event), OK; }
CUresult cuEventRecord(void *event, void *) { return clock_gettime(CLOCK_MONOTONIC, (timespec *)event), OK; }
CUresult cuEventSynchronize(void *) { return OK; }
CUresult cuEventQuery(void *) { return OK; }
CUresult cuEventElapsedTime_v2(float *milliseconds, void *begin, void *end) {
    timespec *a = (timespec *)begin, *b = (timespec *)end;
    *milliseconds = (b->tv_sec - a->tv_sec) * 1e3f + (b->tv_nsec - a->tv_nsec) / 1e6f;
    return OK;
}
CUresult cuEventElapsedTime(float *milliseconds, void *begin, void *end) {
    return cuEventElapsedTime_v2(milliseconds, begin, end);
}

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    return *free = TOTAL - in_use, *total = TOTAL, OK;
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    if (bytes > TOTAL - in_use) return OUT_OF_MEMORY;
    unsigned char *memory = (unsigned char *)aligned_alloc(256, (bytes + 2 * GUARD + 255) / 256 * 256);
    if (!memory) return OUT_OF_MEMORY;
    memset(memory, 0xff, bytes + 2 * GUARD);
    *pointer = (CUdeviceptr)(memory + GUARD);
    allocations[*pointer] = bytes;
    in_use += bytes;
    return OK;
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    auto found = allocations.find(pointer);
    if (found == allocations.end()) return INVALID_VALUE;
    unsigned char *memory = (unsigned char *)pointer;
    check_guard(memory - GUARD, "before");
    check_guard(memory + found->second, "after");
    in_use -= found->second;
    allocations.erase(found);
    return free(memory - GUARD), OK;
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
    return (*pointer = malloc(bytes ? bytes : 1)) ? OK : OUT_OF_MEMORY;
}
CUresult cuMemFreeHost(void *pointer) { return free(pointer), OK; }

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, void *) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    check_inside(to, bytes);
    return memcpy((void *)to, from, bytes), OK;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, void *) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    check_inside(from, bytes);
    return memcpy(to, (void *)from, bytes), OK;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void *) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    check_inside(to, bytes);
    check_inside(from, bytes);
    return memmove((void *)to, (void *)from, bytes), OK;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, void *) {
    std::lock_guard<std::mutex> lock(one_at_a_time);
    check_inside(to, bytes);
    return memset((void *)to, value, bytes), OK;
}

// A module is a shared library; its table of sections ends it.
CUresult cuModuleLoadData(void **module, const void *image) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
    size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    int file = memfd_create("module", 0);
    if (file < 0 || write(file, image, bytes) != (ssize_t)bytes) return INVALID_VALUE;
    std::string path = "/proc/self/fd/" + std::to_string(file);
    // The file stays open: the next one would have its number, and libraries of one path are one library.
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return fprintf(stderr, "emulated device: %s\n", dlerror()), INVALID_VALUE;
    return *module = new Module{library}, OK;
}

CUresult cuModuleUnload(void *module) { return delete (Module *)module, OK; }

CUresult cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = dlsym(((Module *)module)->library, (std::string("emulated_") + name).c_str());
    return *function ? OK : NOT_FOUND;
}

CUresult cuFuncSetAttribute(void *, int, int) { return OK; }

CUresult cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned, void *, void **arguments, void **) {
    const unsigned long long most = 0x7fffffff;
    if (!gx || !gy || gx > most || gy > 65535 || gz != 1 || bz != 1 || bx * by > 256) return INVALID_VALUE;
    std::lock_guard<std::mutex> lock(one_at_a_time);
    ((Kernel)function)({gx, gy, gz}, {bx, by, bz}, descending, arguments[0]);
    return OK;
}
}
