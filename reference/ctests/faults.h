/* faults.h: system calls that can be made to fail.

   Include it before os_posix.c and guard_posix.c, which then call the
   functions below.  A call that fails does nothing, but for close(2), which
   closes; calls are counted and noted down by name. */

#ifndef FAULTS_H
#define FAULTS_H

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Which call fails: the next one of a name, or one by its number. */
static const char *armed_call;
static long armed_number = -1;
static bool armed_forever;
static int armed_error;

static const char *calls_made[64];
static long calls_counted;

/* The next call of this name fails. */
static void
arm(const char *call, int error)
{
    armed_call = call;
    armed_number = -1;
    armed_forever = false;
    armed_error = error;
}

/* Was the armed call made? */
static inline bool
fired(void)
{
    return armed_call == NULL && armed_number < 0;
}

/* Count from 0 again; the call of this number fails, and all that follow it
   if `forever`.  A negative number: none does. */
static inline void
arm_number(long number, int error, bool forever)
{
    arm(NULL, error);
    armed_number = number;
    armed_forever = forever;
    calls_counted = 0;
}

static void
note(const char *call)
{
    size_t room = sizeof(calls_made) / sizeof(calls_made[0]);
    if ((size_t)calls_counted < room) {
        calls_made[calls_counted] = call;
    }
    calls_counted++;
}

/* Is it this call's turn to fail? */
static bool
is_armed(const char *call)
{
    if (armed_call != NULL) {
        return strcmp(armed_call, call) == 0;
    }
    long number = calls_counted - 1;
    return armed_number >= 0
        && (number == armed_number
            || (armed_forever && number > armed_number));
}

static bool
fails(const char *call)
{
    note(call);
    if (!is_armed(call)) {
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

static int
faulty_close(int fd)
{
    int result = close(fd);
    return fails("close") ? -1 : result;
}

static inline int
faulty_sigaction(int number, const struct sigaction *action,
                 struct sigaction *before)
{
    return fails("sigaction") ? -1 : sigaction(number, action, before);
}

#define sysconf faulty_sysconf
#define fstat faulty_fstat
#define fcntl faulty_dup
#define mmap faulty_mmap
#define munmap faulty_munmap
#define msync faulty_msync
#define ftruncate faulty_ftruncate
#define madvise faulty_madvise
#define close faulty_close
/* Not the structure of that name. */
#define sigaction(number, action, before) \
    faulty_sigaction(number, action, before)

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
