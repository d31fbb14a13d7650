/* memory.c: the touches of mapped memory, each under a guard. */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L     /* sigsetjmp */
#endif

#include "memory.h"

#include "guard.h"
#include "search.h"
#include "stride.h"

#include <string.h>

int
mem_copy(void *target, const void *source, size_t n)
{
    struct guard guard;

    if (n <= GUARD_FEW) {
        return n == 0 ? 0 : guard_copy_few(target, source, n);
    }
    guard_enter(&guard, target, n, source, n);
    if (GUARD_HOLDS(&guard)) {
        memmove(target, source, n);
    }
    return guard_leave(&guard);
}

/* Where n bytes that lie `step` apart begin, seen from the first of them,
   and how many bytes they span; n is above 0. */
static const unsigned char *
span(const unsigned char *first, ptrdiff_t step, size_t n, size_t *size)
{
    ptrdiff_t last = (ptrdiff_t)(n - 1) * step;
    *size = (size_t)(last < 0 ? -last : last) + 1;
    return last < 0 ? first + last : first;
}

int
mem_gather(unsigned char *target, const unsigned char *source,
           ptrdiff_t step, size_t n)
{
    struct guard guard;
    size_t size;
    const unsigned char *begin = span(source, step, n, &size);

    guard_enter(&guard, target, n, begin, size);
    if (GUARD_HOLDS(&guard)) {
        stride_gather(target, source, step, n);
    }
    return guard_leave(&guard);
}

int
mem_scatter(unsigned char *target, ptrdiff_t step,
            const unsigned char *source, size_t n)
{
    struct guard guard;
    size_t size;
    const unsigned char *begin = span(target, step, n, &size);

    guard_enter(&guard, begin, size, source, n);
    if (GUARD_HOLDS(&guard)) {
        stride_scatter(target, step, source, n);
    }
    return guard_leave(&guard);
}

int
mem_find_byte(const unsigned char *haystack, size_t n, unsigned char value,
              size_t *found)
{
    struct guard guard;

    guard_enter(&guard, haystack, n, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        const unsigned char *hit = memchr(haystack, value, n);
        *found = hit == NULL ? SEARCH_ABSENT : (size_t)(hit - haystack);
    }
    return guard_leave(&guard);
}

int
mem_find(const unsigned char *haystack, size_t n,
         const unsigned char *needle, size_t m, size_t *found)
{
    struct guard guard;

    guard_enter(&guard, haystack, n, needle, m);
    if (GUARD_HOLDS(&guard)) {
        *found = search_forward(haystack, n, needle, m);
    }
    return guard_leave(&guard);
}

int
mem_rfind(const unsigned char *haystack, size_t n,
          const unsigned char *needle, size_t m, size_t *found)
{
    struct guard guard;

    guard_enter(&guard, haystack, n, needle, m);
    if (GUARD_HOLDS(&guard)) {
        *found = search_backward(haystack, n, needle, m);
    }
    return guard_leave(&guard);
}
