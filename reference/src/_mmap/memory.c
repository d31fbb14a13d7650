/* memory.c: the touches of mapped memory, each under a guard. */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L     /* sigsetjmp */
#endif

#include "memory.h"

#include "guard.h"
#include "search.h"
#include "search_byte.h"
#include "stride.h"

#include <stdbool.h>
#include <string.h>

/* What marks a place to return to saves every register: where few bytes are
   touched in another way, that is a function apart. */
static int
copy_many(void *target, const void *source, size_t n)
{
    struct guard guard;

    guard_enter(&guard, target, n, source, n);
    if (GUARD_HOLDS(&guard)) {
        memmove(target, source, n);
    }
    return guard_leave(&guard);
}

int
mem_copy(void *target, const void *source, size_t n)
{
    if (n > GUARD_COPY_MOST) {
        return copy_many(target, source, n);
    }
    return n == 0 ? 0 : guard_copy_few(target, source, n);
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

/* Most lines end among so many bytes. */
#define FIND_BYTE_NEAR (2 * GUARD_FEW)

/* What came of looking at the first few bytes does not matter: those that are
   not asked for need not be there. */
static int
find_byte_far(const unsigned char *haystack, size_t n, unsigned char value,
              size_t *found, int unsettled)
{
    struct guard guard;

    if (unsettled != 0) {
        (void)guard_settle(unsettled);
    }
    guard_enter(&guard, haystack, n, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        *found = search_byte_forward(haystack, n, value);
    }
    return guard_leave(&guard);
}

int
mem_find_byte(const unsigned char *haystack, size_t n, unsigned char value,
              size_t *found)
{
    uint64_t matches = 0;
    int unsettled = 0;
    size_t passed = 0;

    while (n - passed >= GUARD_FEW && passed < FIND_BYTE_NEAR) {
        unsettled = guard_match_few(haystack + passed, value, &matches);
        if (unsettled != 0 || matches != 0) {
            break;
        }
        passed += GUARD_FEW;
    }
    if (unsettled != 0 || matches == 0) {
        return find_byte_far(haystack, n, value, found, unsettled);
    }
    *found = passed + guard_lowest(matches);
    return 0;
}

/* Of a search among few bytes: where the first byte of the needle is, as bits
   like those of guard_match_few.  False where that cannot be said at once, or
   where more than a page would be looked at. */
static inline bool
find_starts(const unsigned char *haystack, size_t n,
            const unsigned char *needle, size_t m, uint64_t *starts)
{
    size_t in_page = (uintptr_t)haystack & GUARD_PAGE_MASK;
    unsigned char first;

    if (!GUARD_HAS_MATCH || n > GUARD_FEW || m == 0 || m > n
        || in_page + GUARD_FEW > GUARD_PAGE_MASK + 1)
    {
        return false;
    }
    int unsettled = guard_get(needle, &first);
    if (unsettled == 0) {
        unsettled = guard_match_few(haystack, first, starts);
    }
    if (unsettled != 0) {
        (void)guard_settle(unsettled);
        return false;
    }
    *starts &= UINT64_MAX >> (GUARD_FEW - (n - m + 1));
    return true;
}

/* Is the search over with that?  `place` tells which start is wanted. */
static inline bool
finds_at_once(const unsigned char *haystack, size_t n,
              const unsigned char *needle, size_t m,
              size_t (*place)(uint64_t matches), size_t *found)
{
    uint64_t starts;

    if (!find_starts(haystack, n, needle, m, &starts)
        || (starts != 0 && m > 1))
    {
        return false;
    }
    *found = starts == 0 ? SEARCH_ABSENT : place(starts);
    return true;
}

static int
find_anywhere(const unsigned char *haystack, size_t n,
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
mem_find(const unsigned char *haystack, size_t n,
         const unsigned char *needle, size_t m, size_t *found)
{
    return finds_at_once(haystack, n, needle, m, guard_lowest, found)
        ? 0 : find_anywhere(haystack, n, needle, m, found);
}

static int
rfind_anywhere(const unsigned char *haystack, size_t n,
               const unsigned char *needle, size_t m, size_t *found)
{
    struct guard guard;

    guard_enter(&guard, haystack, n, needle, m);
    if (GUARD_HOLDS(&guard)) {
        *found = search_backward(haystack, n, needle, m);
    }
    return guard_leave(&guard);
}

int
mem_rfind(const unsigned char *haystack, size_t n,
          const unsigned char *needle, size_t m, size_t *found)
{
    return finds_at_once(haystack, n, needle, m, guard_highest, found)
        ? 0 : rfind_anywhere(haystack, n, needle, m, found);
}
