/* Counts what a program asks of the system, for the regression guard: to be preloaded.

   The counts are in the file that the variable BENCHMARK_COUNTS names: 64-bit numbers in the order of
   `enum count` and of COUNTED in benchmarks/guard.py, which reads them while the program runs. What a
   program waits with (epoll_wait, futex) is not counted: how often depends on what else runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum count { ALLOCATIONS, RECEIVE, SEND, ACCEPT, WATCH, OPTION, CLOSE, FILE_READ, FILE_WRITE, SYNC, COUNTS };

static uint64_t nowhere[COUNTS];
static uint64_t *counts = nowhere;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCHMARK_COUNTS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        counts = mapped;
}

static void count(enum count which) { __atomic_fetch_add(&counts[which], 1, __ATOMIC_RELAXED); }

/* --- memory; by glibc's own names, for looking others up would allocate --- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size) {
    count(ALLOCATIONS);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(ALLOCATIONS);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(ALLOCATIONS);
    return __libc_realloc(old, size);
}

/* --- system calls --- */

#define COUNTED(which, type, name, parameters, arguments)                                         \
    type name parameters {                                                                         \
        static type(*next) parameters;                                                             \
        if (next == NULL)                                                                          \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        count(which);                                                                              \
        return next arguments;                                                                     \
    }

COUNTED(RECEIVE, ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
COUNTED(RECEIVE, ssize_t, readv, (int fd, const struct iovec *to, int number), (fd, to, number))
COUNTED(RECEIVE, ssize_t, recv, (int fd, void *to, size_t size, int flags), (fd, to, size, flags))
COUNTED(RECEIVE, ssize_t, recvmsg, (int fd, struct msghdr *to, int flags), (fd, to, flags))
COUNTED(SEND, ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
COUNTED(SEND, ssize_t, writev, (int fd, const struct iovec *from, int number), (fd, from, number))
COUNTED(SEND, ssize_t, send, (int fd, const void *from, size_t size, int flags),
        (fd, from, size, flags))
COUNTED(SEND, ssize_t, sendmsg, (int fd, const struct msghdr *from, int flags), (fd, from, flags))
COUNTED(ACCEPT, int, accept, (int fd, struct sockaddr *from, socklen_t *size), (fd, from, size))
COUNTED(ACCEPT, int, accept4, (int fd, struct sockaddr *from, socklen_t *size, int flags),
        (fd, from, size, flags))
COUNTED(WATCH, int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
        (epoll, operation, fd, event))
COUNTED(OPTION, int, setsockopt,
        (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size))
COUNTED(OPTION, int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
        (fd, level, name, value, size))
COUNTED(OPTION, int, getpeername, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size))
COUNTED(OPTION, int, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size))
COUNTED(CLOSE, int, close, (int fd), (fd))
COUNTED(FILE_READ, ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
COUNTED(FILE_READ, ssize_t, pread64, (int fd, void *to, size_t size, off64_t at),
        (fd, to, size, at))
COUNTED(FILE_WRITE, ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at),
        (fd, from, size, at))
COUNTED(FILE_WRITE, ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at),
        (fd, from, size, at))
COUNTED(SYNC, int, fsync, (int fd), (fd))
COUNTED(SYNC, int, fdatasync, (int fd), (fd))
