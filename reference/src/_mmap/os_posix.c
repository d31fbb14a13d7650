/* os_posix.c: os.h on Linux, macOS, the BSDs and other POSIX systems.

   No Python.h, no touch of mapped memory. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* mremap, MAP_ANONYMOUS */
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64    /* files above 2 GiB on 32-bit systems */
#endif
#ifdef __APPLE__
#define _DARWIN_C_SOURCE        /* F_FULLFSYNC, MAP_ANON, madvise */
#endif
#ifdef __NetBSD__
#define _NETBSD_SOURCE          /* mremap, MAP_ANON, madvise */
#endif

#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#ifndef PR_SET_VMA              /* C libraries older than Linux 5.17 */
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_VMA_ANON_NAME
#define PR_SET_VMA_ANON_NAME 0
#endif
#endif

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

int
os_granularity(size_t *page, size_t *granularity)
{
    errno = 0;
    long size = sysconf(_SC_PAGESIZE);
    if (size <= 0) {
        return errno != 0 ? errno : EINVAL;
    }
    *page = (size_t)size;
    *granularity = (size_t)size;
    return 0;
}

int
os_inspect(int fd, struct os_file_info *info)
{
    struct stat status;

#ifdef F_FULLFSYNC
    /* Without it, holes of a sparse file do not read as 0 on macOS
       (bpo-11277).  Pipes and the like refuse, which does not matter. */
    (void)fcntl(fd, F_FULLFSYNC);
#endif
    if (fstat(fd, &status) != 0) {
        return errno;
    }
    info->sized = S_ISREG(status.st_mode);
    info->size = info->sized ? (int64_t)status.st_size : 0;
    return 0;
}

/* MAP_SHARED_VALIDATE of Linux is MAP_SHARED | MAP_PRIVATE, and shares. */
static enum os_backing
backing_of(int flags)
{
    bool private = (flags & MAP_PRIVATE) && !(flags & MAP_SHARED);
    if (flags & MAP_ANONYMOUS) {
        return private ? OS_MEMORY_PRIVATE : OS_MEMORY_SHARED;
    }
    return private ? OS_FILE_PRIVATE : OS_FILE_SHARED;
}

static int
duplicate(int fd, int *copy)
{
    *copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return *copy < 0 ? errno : 0;
}

static void
drop(int fd)
{
    if (fd != OS_NO_FILE) {
        /* A duplicate: what close(2) could report concerns the original. */
        (void)close(fd);
    }
}

enum os_risk
os_risk_of(const struct os_request *request)
{
#ifdef __linux__
    const int usual_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
    const int usual_flags = MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS;
    if ((request->prot & PROT_READ) && !(request->prot & ~usual_prot)) {
        return request->fd == OS_NO_FILE && !(request->flags & ~usual_flags)
            ? OS_NO_RISK : OS_MAY_BE_LOST;
    }
#else
    (void)request;      /* which signal means what differs by system */
#endif
    return OS_MAY_BE_FORBIDDEN;
}

int
os_map(const struct os_request *request, struct os_mapping *map)
{
    int flags = request->flags;
    int fd = OS_NO_FILE;

    if (request->fd == OS_NO_FILE) {
        flags |= MAP_ANONYMOUS;
    }
    else if (request->keep_file) {
        int error = duplicate(request->fd, &fd);
        if (error != 0) {
            return error;
        }
    }
    void *data = mmap(NULL, request->length, request->prot, flags,
                      request->fd, (off_t)request->offset);
    if (data == MAP_FAILED) {
        int error = errno;
        drop(fd);
        return error;
    }
    *map = (struct os_mapping){
        .data = data,
        .size = request->length,
        .reserved = request->length,
        .offset = request->offset,
        .fd = fd,
        .prot = request->prot,
        .backing = backing_of(flags),
    };
    return 0;
}

int
os_unmap(struct os_mapping *map)
{
    if (map->data == NULL) {
        return 0;
    }
    if (munmap(map->data, map->reserved) != 0) {
        return errno;
    }
    drop(map->fd);
    map->data = NULL;
    map->size = 0;
    map->reserved = 0;
    map->fd = OS_NO_FILE;
    return 0;
}

int
os_file_size(const struct os_mapping *map, int64_t *size)
{
    struct stat status;
    if (fstat(map->fd, &status) != 0) {
        return errno;
    }
    *size = (int64_t)status.st_size;
    return 0;
}

int
os_flush(const struct os_mapping *map, size_t start, size_t length,
         int flags)
{
    if (msync(map->data + start, length, flags != 0 ? flags : MS_SYNC) != 0) {
        return errno;
    }
    return 0;
}

#if OS_HAS_RESIZE

static void *
remap(const struct os_mapping *map, size_t size)
{
#ifdef __NetBSD__
    return mremap(map->data, map->reserved, NULL, size, 0);
#else
    return mremap(map->data, map->reserved, size, MREMAP_MAYMOVE);
#endif
}

/* Change the address space in use, and nothing that the caller can see. */
static int
reserve(struct os_mapping *map, size_t size)
{
    void *data = remap(map, size);
    if (data == MAP_FAILED) {
        return errno;
    }
    map->data = data;
    map->reserved = size;
    return 0;
}

static int
set_file_size(const struct os_mapping *map, size_t size)
{
    if (map->backing != OS_FILE_SHARED) {
        return 0;
    }
    return ftruncate(map->fd, (off_t)(map->offset + (int64_t)size)) != 0
        ? errno : 0;
}

/* Address space first: that step can be taken back, and a mapping that is
   longer than its file harms nobody who does not touch the end. */
static int
grow(struct os_mapping *map, size_t size)
{
    size_t before = map->reserved;
    if (size > before) {
        int error = reserve(map, size);
        if (error != 0) {
            return error;
        }
    }
    int error = set_file_size(map, size);
    if (error != 0) {
        /* Should this fail too, then more is reserved than is used. */
        (void)reserve(map, before);
        return error;
    }
    map->size = size;
    return 0;
}

/* The file first: once its end is gone there is no way back, but keeping
   address space that nobody uses is no failure. */
static int
shrink(struct os_mapping *map, size_t size)
{
    int error = set_file_size(map, size);
    if (error != 0) {
        return error;
    }
    error = reserve(map, size);
    if (error != 0 && map->backing != OS_FILE_SHARED) {
        return error;
    }
    map->size = size;
    return 0;
}

#endif

int
os_resize(struct os_mapping *map, size_t size)
{
#if OS_HAS_RESIZE
    if (size == 0) {
        return EINVAL;
    }
    return size > map->size ? grow(map, size) : shrink(map, size);
#else
    (void)map;
    (void)size;
    return ENOSYS;
#endif
}

int
os_map_memory(const struct os_mapping *like, size_t size,
              struct os_mapping *fresh)
{
    struct os_request request = {
        .fd = OS_NO_FILE,
        .length = size,
        .flags = MAP_PRIVATE,
        .prot = like->prot,
    };
    int error = os_map(&request, fresh);
    if (error == 0) {
        fresh->offset = like->offset;
    }
    return error;
}

int
os_replace(struct os_mapping *map, const struct os_mapping *fresh)
{
    int fd = map->fd;
    if (munmap(map->data, map->reserved) != 0) {
        return errno;
    }
    *map = *fresh;
    map->fd = fd;
    return 0;
}

/* Who keeps forks out reads; who forks writes. */
static pthread_rwlock_t forks = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t forks_are_asked = PTHREAD_ONCE_INIT;
static int forks_error;

/* fork()s on the way from the first process that asked to this one. */
static long generation;

static void
before_fork(void)
{
    (void)pthread_rwlock_wrlock(&forks);
}

static void
after_fork_in_parent(void)
{
    (void)pthread_rwlock_unlock(&forks);
}

static void
after_fork_in_child(void)
{
    /* The thread that has the lock goes by another number here. */
    static const pthread_rwlock_t fresh = PTHREAD_RWLOCK_INITIALIZER;
    forks = fresh;
    generation++;
}

static void
ask_forks(void)
{
    forks_error = pthread_atfork(before_fork, after_fork_in_parent,
                                 after_fork_in_child);
}

static int
watch_forks(void)
{
    int error = pthread_once(&forks_are_asked, ask_forks);
    return error != 0 ? error : forks_error;
}

/* To ask the system takes longer than all else in a call of close(). */
long
os_process(void)
{
    return watch_forks() == 0 ? generation : (long)getpid();
}

int
os_keep_forks_out(void)
{
    int error = watch_forks();
    return error != 0 ? error : pthread_rwlock_rdlock(&forks);
}

void
os_let_forks_in(void)
{
    (void)pthread_rwlock_unlock(&forks);
}

/* From 100 on, Linux's advice breaks pages, for tests, or guards them. */
#define FIRST_ADVICE_THAT_BREAKS 100

enum os_risk
os_risk_of_advice(int advice)
{
    return advice < FIRST_ADVICE_THAT_BREAKS ? OS_NO_RISK
                                             : OS_MAY_BE_FORBIDDEN;
}

int
os_advise(const struct os_mapping *map, size_t start, size_t length,
          int advice)
{
    return madvise(map->data + start, length, advice) != 0 ? errno : 0;
}

int
os_annotate(const struct os_mapping *map, const char *name)
{
#if OS_HAS_ANNOTATE
    if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, (unsigned long)map->data,
              (unsigned long)map->size, (unsigned long)name) != 0) {
        return errno;
    }
    return 0;
#else
    (void)map;
    (void)name;
    return ENOSYS;
#endif
}
