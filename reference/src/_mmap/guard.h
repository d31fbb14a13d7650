/* guard.h: touch memory that may not be there, and live.

   A file can be truncated under its map, a disk can fail or be full, a page
   can be protected.  To touch such memory is a signal on POSIX and a
   structured exception on Windows; a guard makes it an error number:

       struct guard guard;

       guard_enter(&guard, target, n, source, m);
       if (GUARD_HOLDS(&guard)) {
           ... touch the n and m bytes, and nothing else that can fail ...
       }
       return guard_leave(&guard);

   Between GUARD_HOLDS and guard_leave there is no call into Python, no
   allocation, no lock, and no return: a fault jumps out of there.  Faults at
   any other address, in any other thread, are somebody else's, and go where
   they would go without us.  Guards nest.  No Python.h; memory.c is the only
   caller but for guard_install. */

#ifndef MMAP_GUARD_H
#define MMAP_GUARD_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#include "guard_windows.h"
#else
#include "guard_posix.h"
#endif

/* The error number of a touch that failed. */
#define GUARD_ERROR EFAULT

/* A range of addresses. */
struct guard_range {
    uintptr_t begin;
    size_t size;
};

/* One guarded touch; lives on the stack of the thread that touches. */
struct guard {
    guard_jump resume;          /* where a fault continues */
    struct guard *outer;        /* the guard that was there before */
    struct guard_range ranges[2];
    volatile int error;         /* 0, or GUARD_ERROR */
    volatile int postponed;     /* a signal to send when the touch is over */
};

/* The innermost guard of this thread, or NULL. */
extern GUARD_THREAD_LOCAL struct guard *guard_innermost;

/* Make this process ready to guard; cheap to call again, and worth it: it
   repairs what others did to our handler since.  0 or an error number. */
int guard_install(void);

/* Send the signal that came while the guard was in force. */
void guard_send_postponed(int number);

/* Guard a touch of `n` bytes at `a` and `m` bytes at `b`. */
static inline void
guard_enter(struct guard *guard, const void *a, size_t n,
            const void *b, size_t m)
{
    guard->ranges[0] = (struct guard_range){(uintptr_t)a, n};
    guard->ranges[1] = (struct guard_range){(uintptr_t)b, m};
    guard->error = 0;
    guard->postponed = 0;
    guard->outer = guard_innermost;
}

/* True at first; false when the touch has failed. */
#define GUARD_HOLDS(guard) \
    (GUARD_MARK((guard)->resume) == 0 && guard_publish(guard))

/* The compiler must not move a touch across the two stores below. */
static inline int
guard_publish(struct guard *guard)
{
    guard_innermost = guard;
    atomic_signal_fence(memory_order_seq_cst);
    return 1;
}

/* End of the guarded touch: 0 or the error number. */
static inline int
guard_leave(struct guard *guard)
{
    atomic_signal_fence(memory_order_seq_cst);
    guard_innermost = guard->outer;
    if (guard->postponed != 0) {
        guard_send_postponed(guard->postponed);
    }
    return guard->error;
}

#endif
