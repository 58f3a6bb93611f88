/* A disk that fails: loaded before the C library, it counts what is written to files named "journal".

   arm(at, how, lasting): the at-th write, sync or truncation fails. how: an errno, or 0 to end the process
   there, or -1 to end it half way through the write. fired(): how many have failed. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long at, count, failed;
static int how, lasting;

void arm(long number, int what, int last) { count = failed = 0; at = number; how = what; lasting = last; }
long fired(void) { return failed; }

static int ours(int fd) {
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "journal.db") != NULL && strstr(path, ".lock") == NULL;
}

static int due(int fd) {
    if (!at || !ours(fd)) return 0;
    count++;
    if (count != at && !(lasting && count > at)) return 0;
    failed++;
    if (how == 0) _exit(9);
    return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
    REAL(pwrite64);
    if (!due(fd)) return real(fd, data, size, place);
    if (how < 0) { real(fd, data, size / 2, place); _exit(9); }
    errno = how;
    return -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place) { return pwrite64(fd, data, size, place); }

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (!due(fd)) return real(fd, data, size);
    if (how < 0) { real(fd, data, size / 2); _exit(9); }
    errno = how;
    return -1;
}

#define PLAIN(name, arguments, ...) int name arguments { REAL(name); if (!due(fd)) return real(__VA_ARGS__); \
    if (how < 0) _exit(9); errno = how; return -1; }
PLAIN(fdatasync, (int fd), fd)
PLAIN(fsync, (int fd), fd)
PLAIN(ftruncate64, (int fd, off64_t size), fd, size)
PLAIN(ftruncate, (int fd, off_t size), fd, size)
