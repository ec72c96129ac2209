/* A disk that loses what was not synced: loaded before the C library into a process, it writes down what the process changes below
 * POWER_STORE and what it syncs, in the order in which that happens, into POWER_JOURNAL. Whoever kills the process then takes back, with
 * the journal, what a power cut might have taken: see power.rs. Nothing is really synced, for nothing else will happen to this machine.
 *
 * A record: kind, number of fields (u32), then for each field its length (u64) and bytes; all in the machine's order.
 *   W inode, offset, size before, bytes before     written, or cut off
 *   S inode                                        a file synced
 *   C folder, path                                 a name made, also of a folder
 *   R folder of the new name, old path, new path, inode, what keeps the file that had the new name
 *   U folder, path, what keeps the file
 *   D folder                                       a folder synced
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char store[PATH_MAX], kept[PATH_MAX - 64];
static unsigned long n_kept;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void fail(const char *what) {
    dprintf(2, "the journal of the power cut: %s: %s\n", what, strerror(errno));
    abort();
}

static ssize_t real_write(int fd, const void *bytes, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, bytes, n);
}

static int real_open(const char *path, int flags, mode_t mode) {
    REAL(int, "open64", const char *, int, ...);
    return real(path, flags, mode);
}

/* Returns whether there is something to write down, with the lock taken. */
static int begin(void) {
    static int is_off;
    if (is_off) return 0;
    pthread_mutex_lock(&lock);
    if (journal < 0) {
        const char *root = getenv("POWER_STORE"), *path = getenv("POWER_JOURNAL"), *keep = getenv("POWER_KEPT");
        if (!root || !path || !keep) {
            is_off = 1;
            pthread_mutex_unlock(&lock);
            return 0;
        }
        snprintf(store, sizeof store, "%s", root);
        snprintf(kept, sizeof kept, "%s", keep);
        journal = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (journal < 0) fail(path);
    }
    return 1;
}

static void end(void) {
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
}

struct field { const void *bytes; uint64_t len; };

static void record(char kind, uint32_t n, const struct field *fields) {
    size_t len = 5;
    for (uint32_t i = 0; i < n; i++) len += 8 + fields[i].len;
    char *bytes = malloc(len), *at = bytes;
    *at++ = kind;
    memcpy(at, &n, 4), at += 4;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(at, &fields[i].len, 8), at += 8;
        if (fields[i].len) memcpy(at, fields[i].bytes, fields[i].len), at += fields[i].len;
    }
    if (real_write(journal, bytes, len) != (ssize_t)len) fail("writing");
    free(bytes);
}

#define TEXT(text) {text, strlen(text)}
#define NUMBER(number) {&(number), sizeof(number)}

static int is_below(const char *path) {
    size_t len = strlen(store);
    return !strncmp(path, store, len) && (path[len] == '/' || !path[len]);
}

/* Makes a path absolute. Returns whether it is in the store. */
static int in_store(const char *path, char *absolute) {
    if (path[0] == '/') snprintf(absolute, PATH_MAX, "%s", path);
    else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here) || snprintf(absolute, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return 0;
    }
    return is_below(absolute);
}

static int fd_in_store(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return is_below(path);
}

static void folder_of(const char *path, char *folder) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(folder, PATH_MAX, "%s", dirname(copy));
}

/* Keeps a file that is about to lose its name; returns its other name, empty if there is no file. */
static void keep(const char *path, char *other) {
    other[0] = 0;
    struct stat stat;
    if (lstat(path, &stat) || !S_ISREG(stat.st_mode)) return;
    snprintf(other, PATH_MAX, "%s/%d-%lu", kept, getpid(), n_kept++);
    REAL(int, "link", const char *, const char *);
    if (real(path, other)) fail(other);
}

/* Writes down what is about to be overwritten or cut off, from `offset` to `end`. */
static void before(int fd, off_t offset, off_t end) {
    struct stat stat;
    if (fstat(fd, &stat)) fail("looking");
    uint64_t inode = stat.st_ino, at = offset, size = stat.st_size;
    size_t n = offset < stat.st_size ? (end < stat.st_size ? end : stat.st_size) - offset : 0;
    char *bytes = malloc(n + 1);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int reader = n ? real_open(link, O_RDONLY | O_CLOEXEC, 0) : -1;
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(reader, bytes + done, n - done, offset + done);
        if (got <= 0) fail("reading");
        done += got;
    }
    if (reader >= 0) close(reader);
    struct field fields[] = {NUMBER(inode), NUMBER(at), NUMBER(size), {bytes, n}};
    record('W', 4, fields);
    free(bytes);
}

/* A write that returns when it is durable loses nothing. */
static int is_synced(int fd) { return fcntl(fd, F_GETFL) & O_DSYNC; }

static int opened(const char *path, int flags, mode_t mode) {
    char absolute[PATH_MAX], folder[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !begin()) return real_open(path, flags, mode);
    if (in_store(path, absolute)) {
        struct stat found;
        if (stat(absolute, &found)) {
            folder_of(absolute, folder);
            struct field fields[] = {TEXT(folder), TEXT(absolute)};
            record('C', 2, fields);
        } else if (flags & O_TRUNC && !(flags & O_EXCL)) {
            int fd = real_open(absolute, O_RDONLY | O_CLOEXEC, 0);
            if (fd >= 0) before(fd, 0, found.st_size), close(fd);
        }
    }
    int fd = real_open(path, flags, mode);
    end();
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return opened(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define WRITTEN(n, at, call) \
    char path[PATH_MAX]; \
    if (!begin()) return call; \
    if (fd != journal && fd_in_store(fd, path) && !is_synced(fd)) { \
        off_t from = at; \
        before(fd, from, from + (off_t)(n)); \
    } \
    ssize_t result = call; \
    end(); \
    return result

static off_t cursor(int fd) {
    struct stat stat;
    if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &stat) ? 0 : stat.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

static size_t sum(const struct iovec *parts, int n) {
    size_t bytes = 0;
    for (int i = 0; i < n; i++) bytes += parts[i].iov_len;
    return bytes;
}

ssize_t write(int fd, const void *bytes, size_t n) { WRITTEN(n, cursor(fd), real_write(fd, bytes, n)); }

ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    WRITTEN(sum(parts, n), cursor(fd), real(fd, parts, n));
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *bytes, size_t n, off_t offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, off_t); \
        WRITTEN(n, offset, real(fd, bytes, n, offset)); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name) \
    int name(int fd, off_t size) { \
        REAL(int, #name, int, off_t); \
        struct stat now; \
        WRITTEN(fstat(fd, &now) || now.st_size < size ? 0 : now.st_size - size, size, real(fd, size)); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned flags) {
    char path[PATH_MAX];
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    if (fd_in_store(out, path)) {
        errno = ENOSYS;
        return -1;
    }
    return real(in, from, out, to, n, flags);
}

static int synced(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    struct stat stat;
    if (!begin()) return real(fd);
    int result = 0;
    if (!fd_in_store(fd, path) || fstat(fd, &stat)) result = real(fd);
    else if (S_ISDIR(stat.st_mode)) {
        struct field fields[] = {TEXT(path)};
        record('D', 1, fields);
    } else {
        uint64_t inode = stat.st_ino;
        struct field fields[] = {NUMBER(inode)};
        record('S', 1, fields);
    }
    end();
    return result;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    return synced(fd, real);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return synced(fd, real);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    char old[PATH_MAX], new[PATH_MAX], folder[PATH_MAX], other[PATH_MAX];
    struct stat stat;
    if (!begin()) return real(from, to);
    if (in_store(from, old) && in_store(to, new) && !lstat(old, &stat)) {
        uint64_t inode = stat.st_ino;
        keep(new, other);
        folder_of(new, folder);
        struct field fields[] = {TEXT(folder), TEXT(old), TEXT(new), NUMBER(inode), TEXT(other)};
        record('R', 5, fields);
    }
    int result = real(from, to);
    end();
    return result;
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    char absolute[PATH_MAX], folder[PATH_MAX], other[PATH_MAX];
    if (!begin()) return real(path);
    if (in_store(path, absolute)) {
        keep(absolute, other);
        folder_of(absolute, folder);
        struct field fields[] = {TEXT(folder), TEXT(absolute), TEXT(other)};
        if (other[0]) record('U', 3, fields);
    }
    int result = real(path);
    end();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    char absolute[PATH_MAX], folder[PATH_MAX];
    struct stat stat;
    if (!begin()) return real(path, mode);
    if (in_store(path, absolute) && lstat(absolute, &stat)) {
        folder_of(absolute, folder);
        struct field fields[] = {TEXT(folder), TEXT(absolute)};
        record('C', 2, fields);
    }
    int result = real(path, mode);
    end();
    return result;
}
