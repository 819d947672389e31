/* Lets one of a program's calls on files go wrong: preloaded, it stands between the program and the C library.
 *
 *     FAULTS_UNDER   only files below this folder count
 *     FAULTS_AT      which call of them, from 1
 *     FAULTS_DO      fail    it returns an error: a full disk where something is written, else a broken one
 *                    short   it reads or writes half of what it was asked for, at least a byte
 *                    kill    the process is killed before it
 *                    tear    half of it is written, then the process is killed
 *     FAULTS_LOG     a file for one line a call, which says what it was
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 65536

static atomic_long calls;
static atomic_bool ours[FILES];
static const char *under, *what, *logged;
static long at;

__attribute__((constructor)) static void begin(void) {
    under = getenv("FAULTS_UNDER");
    what = getenv("FAULTS_DO");
    logged = getenv("FAULTS_LOG");
    const char *number = getenv("FAULTS_AT");
    at = number ? atol(number) : 0;
}

#define NEXT(name, result, ...)                                                                                                  \
    static result (*next)(__VA_ARGS__);                                                                                          \
    if (!next) next = dlsym(RTLD_NEXT, name)

static int is_under(const char *path) {
    char whole[2 * PATH_MAX];
    if (!under || !path) return 0;
    if (path[0] != '/') {
        if (!getcwd(whole, PATH_MAX)) return 0;
        strcat(whole, "/");
        strncat(whole, path, PATH_MAX - 1);
        path = whole;
    }
    size_t length = strlen(under);
    return !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

static int is_ours(int file) { return file >= 0 && file < FILES && ours[file]; }

static void stop(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

enum fault { NONE, FAIL, SHORT, TEAR };

/* Counts a call, and says what is to become of it. */
static enum fault next_fault(const char *call, const char *on) {
    long number = ++calls;
    if (logged) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, on);
        int file = syscall(SYS_openat, AT_FDCWD, logged, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (file >= 0) {
            syscall(SYS_write, file, line, length < (int)sizeof line ? length : (int)sizeof line);
            syscall(SYS_close, file);
        }
    }
    if (number != at || !what) return NONE;
    if (!strcmp(what, "kill")) stop();
    if (!strcmp(what, "tear")) return TEAR;
    return !strcmp(what, "short") ? SHORT : FAIL;
}

static enum fault on_file(const char *call, int file) {
    char link[64], path[PATH_MAX] = "";
    if (!is_ours(file)) return NONE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return next_fault(call, path);
}

static int failed(int error) {
    errno = error;
    return -1;
}

static int opened(int file, const char *path) {
    if (file >= 0 && file < FILES) ours[file] = is_under(path);
    return file;
}

#define OPEN(name)                                                                                                               \
    int name(const char *path, int flags, ...) {                                                                                 \
        NEXT(#name, int, const char *, int, ...);                                                                                \
        va_list rest;                                                                                                            \
        va_start(rest, flags);                                                                                                   \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                                  \
        va_end(rest);                                                                                                            \
        enum fault fault = is_under(path) ? next_fault("open", path) : NONE;                                                     \
        if (fault == TEAR) stop();                                                                                               \
        if (fault == FAIL) return failed(flags & O_CREAT ? ENOSPC : EIO);                                                        \
        return opened(next(path, flags, mode), path);                                                                            \
    }
OPEN(open)
OPEN(open64)

int close(int file) {
    NEXT("close", int, int);
    if (file >= 0 && file < FILES) ours[file] = 0;
    return next(file);
}

#define HALF(count) ((count) > 1 ? (count) / 2 : (count))

ssize_t read(int file, void *bytes, size_t count) {
    NEXT("read", ssize_t, int, void *, size_t);
    enum fault fault = on_file("read", file);
    if (fault == TEAR) stop();
    if (fault == FAIL) return failed(EIO);
    return next(file, bytes, fault == SHORT ? HALF(count) : count);
}

#define PREAD(name, offset)                                                                                                      \
    ssize_t name(int file, void *bytes, size_t count, offset start) {                                                            \
        NEXT(#name, ssize_t, int, void *, size_t, offset);                                                                       \
        enum fault fault = on_file("pread", file);                                                                               \
        if (fault == TEAR) stop();                                                                                               \
        if (fault == FAIL) return failed(EIO);                                                                                   \
        return next(file, bytes, fault == SHORT ? HALF(count) : count, start);                                                   \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

ssize_t write(int file, const void *bytes, size_t count) {
    NEXT("write", ssize_t, int, const void *, size_t);
    enum fault fault = on_file("write", file);
    if (fault == FAIL) return failed(ENOSPC);
    ssize_t written = next(file, bytes, fault == NONE ? count : HALF(count));
    if (fault == TEAR) stop();
    return written;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    NEXT("writev", ssize_t, int, const struct iovec *, int);
    enum fault fault = on_file("writev", file);
    if (fault == FAIL) return failed(ENOSPC);
    ssize_t written = next(file, parts, fault == NONE ? count : HALF(count));
    if (fault == TEAR) stop();
    return written;
}

/* A call that is done as a whole: torn, it is done, and the process killed. */
#define WHOLE(name, counted, error, parameters, arguments)                                                                       \
    int name parameters {                                                                                                        \
        static int(*next) parameters;                                                                                            \
        if (!next) next = dlsym(RTLD_NEXT, #name);                                                                               \
        enum fault fault = counted;                                                                                              \
        if (fault == FAIL) return failed(error);                                                                                 \
        int result = next arguments;                                                                                             \
        if (fault == TEAR) stop();                                                                                               \
        return result;                                                                                                           \
    }
#define BY_FILE(name, error, parameters, arguments) WHOLE(name, on_file(#name, file), error, parameters, arguments)
#define BY_PATH(name, error, parameters, arguments)                                                                              \
    WHOLE(name, is_under(path) ? next_fault(#name, path) : NONE, error, parameters, arguments)

BY_FILE(fsync, EIO, (int file), (file))
BY_FILE(fdatasync, EIO, (int file), (file))
BY_FILE(ftruncate, ENOSPC, (int file, off_t length), (file, length))
BY_FILE(ftruncate64, ENOSPC, (int file, off64_t length), (file, length))
BY_FILE(flock, ENOLCK, (int file, int operation), (file, operation))
BY_PATH(rename, ENOSPC, (const char *path, const char *to), (path, to))
BY_PATH(link, ENOSPC, (const char *path, const char *to), (path, to))
BY_PATH(unlink, EIO, (const char *path), (path))
BY_PATH(mkdir, ENOSPC, (const char *path, mode_t mode), (path, mode))
BY_PATH(rmdir, EIO, (const char *path), (path))

#define MMAP(name, offset)                                                                                                       \
    void *name(void *address, size_t length, int protection, int flags, int file, offset start) {                                \
        NEXT(#name, void *, void *, size_t, int, int, int, offset);                                                              \
        enum fault fault = file < 0 ? NONE : on_file("mmap", file);                                                              \
        if (fault == TEAR) stop();                                                                                               \
        if (fault == FAIL) {                                                                                                     \
            errno = ENOMEM;                                                                                                      \
            return MAP_FAILED;                                                                                                   \
        }                                                                                                                        \
        return next(address, length, protection, flags, file, start);                                                            \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)
