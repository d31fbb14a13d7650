/* guard_posix.h: what guard.h needs to know of POSIX. */

#ifndef MMAP_GUARD_POSIX_H
#define MMAP_GUARD_POSIX_H

#include <errno.h>
#include <setjmp.h>

/* The error number of a touch that failed: "bad address". */
#define GUARD_ERROR EFAULT

/* The signal mask is not saved: that would be a system call for each touch,
   and the handler changes none; ThreadSanitizer's does.  Where the compiler
   can mark a place by itself, that takes a third of the time. */
#if defined(__SANITIZE_THREAD__)
typedef sigjmp_buf guard_jump;
#define GUARD_MARK(jump) sigsetjmp(jump, 1)
#define GUARD_RESUME(jump) siglongjmp(jump, 1)
#elif defined(__GNUC__) \
    && (defined(__x86_64__) || defined(__aarch64__) && !defined(__clang__))
typedef void *guard_jump[5];
#define GUARD_MARK(jump) __builtin_setjmp(jump)
#define GUARD_RESUME(jump) __builtin_longjmp(jump, 1)
#else
typedef sigjmp_buf guard_jump;
#define GUARD_MARK(jump) sigsetjmp(jump, 0)
#define GUARD_RESUME(jump) siglongjmp(jump, 1)
#endif

/* A handler must be able to read it even in a thread that never touched a
   map.  In the initial-exec model that allocates nothing, and is fast; the
   C library of GNU keeps room for it in libraries that are loaded late. */
#ifdef __GLIBC__
#define GUARD_THREAD_LOCAL \
    _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define GUARD_THREAD_LOCAL _Thread_local
#endif

#endif
