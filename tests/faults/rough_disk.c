/* A disk that is full, read-only or slow, and a clock that jumps, for whoever is started with this in LD_PRELOAD.

   What fails is said in a file beside this library (its own path and ".control"), which tests map: see rough.py, whose
   Control has the fields of `struct control` in the same order. Only paths below `home` are touched. Children get the
   library, too, whatever environment they are started with. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DATABASE, OBJECTS, REGISTRY, SCRATCH, LOGS, UPLOADS, HOME, PLACES };

struct control {
    char home[512];
    char last[512];             /* what failed last, in words */
    int64_t error;              /* ENOSPC, EROFS; 0: nothing fails */
    int64_t places;             /* a bit for each place where it does */
    int64_t nth;                /* which call fails, counted from now on; 0: every one */
    int64_t seen, felt;         /* calls that might have failed, and those that did */
    int64_t delay_us, delayed;  /* how long each write and sync takes longer, and how many did */
    int64_t jump_s, asked;      /* how far the clock is off, and how many asked for the time meanwhile */
    int64_t grows[PLACES];      /* calls that need room */
    int64_t changes[PLACES];    /* those, and all others that a read-only disk refuses */
};

static struct control *control;
static char own[PATH_MAX];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ADD(field) __atomic_add_fetch(&control->field, 1, __ATOMIC_SEQ_CST)
#define GET(field) __atomic_load_n(&control->field, __ATOMIC_SEQ_CST)

__attribute__((constructor)) static void begin(void) {
    Dl_info found;
    char path[PATH_MAX + 16];
    if (!dladdr((void *)begin, &found) || !realpath(found.dli_fname, own)) return;
    snprintf(path, sizeof path, "%s.control", own);
    int file = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *map = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map != MAP_FAILED) control = map;
    close(file);
}

/* Where a path lies; -1 outside of the data home. */
static int place_of(const char *path) {
    static const char *const folders[] = {"/objects", "/registry", "/scratch", "/logs", "/uploads", "/leftovers"};
    static const int places[] = {OBJECTS, REGISTRY, SCRATCH, LOGS, UPLOADS, SCRATCH};
    if (!control) return -1;
    size_t length = strnlen(control->home, sizeof control->home);
    if (!length || strncmp(path, control->home, length) || (path[length] && path[length] != '/')) return -1;
    const char *inside = path + length;
    if (!strncmp(inside, "/jobs.sqlite3", 13)) return DATABASE;
    for (int i = 0; i < 6; i++) {
        size_t name = strlen(folders[i]);
        if (!strncmp(inside, folders[i], name) && (!inside[name] || inside[name] == '/')) return places[i];
    }
    return HOME;
}

/* The path of an open file. */
static const char *path_of(int file, char *into) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, into, PATH_MAX - 1);
    into[length > 0 ? length : 0] = 0;
    return into;
}

static const char *path_at(int folder, const char *path, char *into) {
    if (path[0] == '/') return path;
    char base[PATH_MAX];
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        path_of(folder, base);
    }
    snprintf(into, PATH_MAX, "%.2000s/%.2000s", base, path);
    return into;
}

/* Whether this call fails: then errno is set. */
static int fails(const char *what, const char *path, int grows) {
    int kept = errno, place = place_of(path);
    errno = kept;
    if (place < 0) return 0;
    ADD(changes[place]);
    if (grows) ADD(grows[place]);
    int64_t error = GET(error);
    if (!error || !(GET(places) >> place & 1) || (error == ENOSPC && !grows)) return 0;
    int64_t seen = ADD(seen), nth = GET(nth);
    if (nth && seen != nth) return 0;
    ADD(felt);
    snprintf(control->last, sizeof control->last, "%s %.400s", what, path + strnlen(control->home, sizeof control->home));
    errno = (int)error;
    return 1;
}

static int fails_at(const char *what, int folder, const char *path, int grows) {
    char whole[PATH_MAX];
    return control && path && fails(what, path_at(folder, path, whole), grows);
}

static int fails_file(const char *what, int file) {
    char path[PATH_MAX];
    if (!control) return 0;
    int kept = errno;
    path_of(file, path);
    errno = kept;
    int64_t delay = GET(delay_us);
    if (delay && place_of(path) >= 0) {
        struct timespec pause = {delay / 1000000, delay % 1000000 * 1000};
        ADD(delayed);
        nanosleep(&pause, 0);
    }
    return fails(what, path, 1);
}

/* Files: a full disk makes no new ones; a read-only one opens none for writing. */
static int fails_open(int folder, const char *path, int flags) {
    if (!control || !path || !(flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))) return 0;
    char whole[PATH_MAX];
    const char *name = path_at(folder, path, whole);
    struct stat found;
    int kept = errno;
    int is_new = (flags & O_TMPFILE) == O_TMPFILE || ((flags & O_CREAT) && lstat(name, &found) != 0);
    errno = kept;
    return fails("open", name, is_new);
}

#define MODE(last)                                                                  \
    mode_t mode = 0;                                                                \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {                    \
        va_list given;                                                              \
        va_start(given, last);                                                      \
        mode = (mode_t)va_arg(given, int);                                          \
        va_end(given);                                                              \
    }
#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        MODE(flags)                                                                 \
        return fails_open(AT_FDCWD, path, flags) ? -1 : REAL(name)(path, flags, mode); \
    }
#define OPEN_AT(name)                                                               \
    int name(int folder, const char *path, int flags, ...) {                        \
        MODE(flags)                                                                 \
        return fails_open(folder, path, flags) ? -1 : REAL(name)(folder, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

#define ON_FILE(result, name, given, passed)                                        \
    result name given { return fails_file(#name, file) ? -1 : REAL(name) passed; }
ON_FILE(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
ON_FILE(ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))
ON_FILE(int, fallocate, (int file, int mode, off_t at, off_t size), (file, mode, at, size))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(ssize_t, sendfile, (int file, int from, off_t *at, size_t count), (file, from, at, count))
ON_FILE(ssize_t, sendfile64, (int file, int from, off64_t *at, size_t count), (file, from, at, count))

/* This one gives its error back instead of setting errno. */
int posix_fallocate(int file, off_t at, off_t size) {
    return fails_file("posix_fallocate", file) ? errno : REAL(posix_fallocate)(file, at, size);
}
int posix_fallocate64(int file, off64_t at, off64_t size) {
    return fails_file("posix_fallocate", file) ? errno : REAL(posix_fallocate64)(file, at, size);
}

#define ON_PATH(name, folder, path, grows, given, passed)                           \
    int name given { return fails_at(#name, folder, path, grows) ? -1 : REAL(name) passed; }
ON_PATH(rename, AT_FDCWD, to, 1, (const char *from, const char *to), (from, to))
ON_PATH(renameat, there, to, 1, (int here, const char *from, int there, const char *to), (here, from, there, to))
ON_PATH(link, AT_FDCWD, to, 1, (const char *from, const char *to), (from, to))
ON_PATH(truncate, AT_FDCWD, path, 1, (const char *path, off_t size), (path, size))
ON_PATH(truncate64, AT_FDCWD, path, 1, (const char *path, off64_t size), (path, size))
ON_PATH(unlink, AT_FDCWD, path, 0, (const char *path), (path))
ON_PATH(unlinkat, folder, path, 0, (int folder, const char *path, int flags), (folder, path, flags))
ON_PATH(rmdir, AT_FDCWD, path, 0, (const char *path), (path))
ON_PATH(chmod, AT_FDCWD, path, 0, (const char *path, mode_t mode), (path, mode))
ON_PATH(fchmodat, folder, path, 0, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags))
ON_PATH(utimensat, folder, path, 0, (int folder, const char *path, const struct timespec at[2], int flags), (folder, path, at, flags))

/* A folder that is there is there, on a full disk, too. */
int mkdirat(int folder, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    struct stat found;
    int there = control && lstat(path_at(folder, path, whole), &found) == 0;
    return !there && fails_at("mkdir", folder, path, 1) ? -1 : REAL(mkdirat)(folder, path, mode);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* The clock of the wall; the monotonic one goes on as it went. */
static int64_t jumped(void) {
    int64_t seconds = control ? GET(jump_s) : 0;
    if (seconds) ADD(asked);
    return seconds;
}
int clock_gettime(clockid_t clock, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int done = real(clock, at);
    if (!done && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += jumped();
    return done;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    int done = REAL(gettimeofday)(at, zone);
    if (!done) at->tv_sec += jumped();
    return done;
}
time_t time(time_t *at) {
    struct timespec present;
    clock_gettime(CLOCK_REALTIME, &present);
    if (at) *at = present.tv_sec;
    return present.tv_sec;
}

/* A child that is given an environment of its own gets this library all the same. */
int execve(const char *path, char *const arguments[], char *const environment[]) {
    static char preload[PATH_MAX + 16];
    int count = 0, named = 0;
    for (; environment && environment[count]; count++) named |= !strncmp(environment[count], "LD_PRELOAD=", 11);
    if (!control || named) return REAL(execve)(path, arguments, environment);
    char *wider[count + 2];
    memcpy(wider, environment, (size_t)count * sizeof *wider);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", own);
    wider[count] = preload;
    wider[count + 1] = 0;
    return REAL(execve)(path, arguments, wider);
}
