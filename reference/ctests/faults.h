/* faults.h: system calls that can be made to fail.

   Include it before os_posix.c, which then calls the functions below.  A
   call fails once, with the error armed for it, and does nothing then. */

#ifndef FAULTS_H
#define FAULTS_H

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static const char *armed_call;
static int armed_error;

static void
arm(const char *call, int error)
{
    armed_call = call;
    armed_error = error;
}

/* Was the armed call made? */
static bool
fired(void)
{
    return armed_call == NULL;
}

static bool
fails(const char *call)
{
    if (armed_call == NULL || strcmp(armed_call, call) != 0) {
        return false;
    }
    armed_call = NULL;
    errno = armed_error;
    return true;
}

static long
faulty_sysconf(int name)
{
    return fails("sysconf") ? -1 : sysconf(name);
}

static int
faulty_fstat(int fd, struct stat *status)
{
    return fails("fstat") ? -1 : fstat(fd, status);
}

static int
faulty_dup(int fd, int command, int least)
{
    return fails("fcntl") ? -1 : fcntl(fd, command, least);
}

static void *
faulty_mmap(void *hint, size_t size, int prot, int flags, int fd, off_t at)
{
    return fails("mmap") ? MAP_FAILED
                         : mmap(hint, size, prot, flags, fd, at);
}

static int
faulty_munmap(void *data, size_t size)
{
    return fails("munmap") ? -1 : munmap(data, size);
}

static int
faulty_msync(void *data, size_t size, int flags)
{
    return fails("msync") ? -1 : msync(data, size, flags);
}

static int
faulty_ftruncate(int fd, off_t size)
{
    return fails("ftruncate") ? -1 : ftruncate(fd, size);
}

static int
faulty_madvise(void *data, size_t size, int advice)
{
    return fails("madvise") ? -1 : madvise(data, size, advice);
}

#define sysconf faulty_sysconf
#define fstat faulty_fstat
#define fcntl faulty_dup
#define mmap faulty_mmap
#define munmap faulty_munmap
#define msync faulty_msync
#define ftruncate faulty_ftruncate
#define madvise faulty_madvise

#ifdef __linux__
static void *
faulty_mremap(void *data, size_t old_size, size_t size, int flags)
{
    return fails("mremap") ? MAP_FAILED
                           : mremap(data, old_size, size, flags);
}

static unsigned long annotated[4];      /* the last call's arguments */

/* Not passed on: few kernels know the call. */
static int
faulty_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
             unsigned long d)
{
    annotated[0] = (unsigned long)option;
    annotated[1] = a;
    annotated[2] = b;
    annotated[3] = c;
    return fails("prctl") || d == 0 ? -1 : 0;
}

#define mremap faulty_mremap
#define prctl faulty_prctl
#endif

#endif
