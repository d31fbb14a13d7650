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

#include "os.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#include "guard_windows.h"
#else
#include "guard_posix.h"
#endif

/* A range of addresses. */
struct guard_range {
    uintptr_t begin;
    size_t size;
};

/* One guarded touch; lives on the stack of the thread that touches. */
struct guard {
    guard_jump resume;          /* where a fault continues */
    struct guard **innermost;   /* &guard_innermost: found once, for where
                                   the compiler has to call a function */
    struct guard *outer;        /* the guard that was there before */
    struct guard_range ranges[2];
    volatile int error;         /* 0, or GUARD_ERROR or the device's */
    volatile int postponed;     /* a signal to send when the touch is over */
};

/* The innermost guard of this thread, or NULL. */
extern GUARD_THREAD_LOCAL struct guard *guard_innermost;

/* Faults are reported by the page, and vector code reads whole blocks, which
   never leave a page: a page is the unit here, the smallest that there is. */
#define GUARD_PAGE_MASK ((uintptr_t)4095)

static inline int
guard_in_range(const struct guard_range *range, uintptr_t address)
{
    if (range->size == 0) {
        return 0;
    }
    uintptr_t first = range->begin & ~GUARD_PAGE_MASK;
    uintptr_t last = (range->begin + (range->size - 1)) | GUARD_PAGE_MASK;
    return first <= address && address <= last;
}

/* The innermost guard of this thread that answers for an address, or NULL;
   for handlers. */
static inline struct guard *
guard_of(uintptr_t address)
{
    struct guard *guard = guard_innermost;
    while (guard != NULL
           && !guard_in_range(&guard->ranges[0], address)
           && !guard_in_range(&guard->ranges[1], address))
    {
        guard = guard->outer;
    }
    return guard;
}

/* Make this process ready to guard memory with that risk.  Cheap to call
   again, and worth it: it repairs what others did to our handler since,
   where the risk makes it count.  0 or an error number. */
int guard_install(enum os_risk risk);

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
    guard->innermost = &guard_innermost;
    guard->outer = *guard->innermost;
}

/* True at first; false when the touch has failed. */
#define GUARD_HOLDS(guard) \
    (GUARD_MARK((guard)->resume) == 0 && guard_publish(guard))

/* The compiler must not move a touch across the two stores below. */
static inline int
guard_publish(struct guard *guard)
{
    *guard->innermost = guard;
    atomic_signal_fence(memory_order_seq_cst);
    return 1;
}

/* End of the guarded touch: 0 or the error number. */
static inline int
guard_leave(struct guard *guard)
{
    atomic_signal_fence(memory_order_seq_cst);
    *guard->innermost = guard->outer;
    if (guard->postponed != 0) {
        guard_send_postponed(guard->postponed);
    }
    return guard->error;
}

#endif
