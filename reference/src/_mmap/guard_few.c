/* guard_few.c: touches of few bytes, where there are no fixups. */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L     /* sigsetjmp */
#endif

#include "guard_few.h"

#if !GUARD_HAS_FIXUPS

#include <string.h>

int
guard_get(const unsigned char *source, unsigned char *value)
{
    struct guard guard;

    guard_enter(&guard, source, 1, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        *value = *(const volatile unsigned char *)source;
    }
    return guard_leave(&guard);
}

int
guard_put(unsigned char *target, unsigned char value)
{
    struct guard guard;

    guard_enter(&guard, target, 1, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        *(volatile unsigned char *)target = value;
    }
    return guard_leave(&guard);
}

int
guard_copy_few(unsigned char *target, const unsigned char *source, size_t n)
{
    struct guard guard;

    guard_enter(&guard, target, n, source, n);
    if (GUARD_HOLDS(&guard)) {
        memmove(target, source, n);
    }
    return guard_leave(&guard);
}

#endif
