/* search.c: the search for a needle, forward and backward.

   A kernel stops where a few bytes of the needle are in their places; here
   the whole needle is compared.  Where that is in vain too often, as in
   periodic bytes, the byte that differed joins those that the kernel looks
   for.  Where even that costs more than the bytes passed over justify, the
   two-way algorithm takes over, so that the time stays linear. */

#include "search.h"

#include "search_byte.h"
#include "search_filter.h"
#include "search_kernel.h"
#include "search_two_way.h"

#include <string.h>

/* Below so many starts, choosing rare bytes costs more than it saves. */
#define FEW_STARTS 128

/* From so many on, it pays to look for the rarest byte alone first: where it
   is nowhere in its place, nothing else has to be read. */
#define MANY_STARTS (1 << 18)

/* Two stops in vain that are so close together are too many. */
#define CLOSE 256

/* What a stop costs, and what a byte that is passed over may cost, in the
   time that the two-way algorithm takes for a byte. */
#define STOP_COST 16
#define PATIENCE (1 << 11)

/* A search under way. */
struct hunt {
    const unsigned char *needle;
    size_t m;
    struct search_filter filter;
    size_t previous;        /* where it last stopped in vain */
    size_t spent;           /* the cost of all stops so far */
};

static void
start_hunt(struct hunt *hunt, const unsigned char *needle, size_t m,
           size_t starts)
{
    hunt->needle = needle;
    hunt->m = m;
    hunt->previous = (size_t)0 - CLOSE;     /* none */
    hunt->spent = 0;
    if (starts <= FEW_STARTS) {
        search_filter_ends(&hunt->filter, needle, m);
    }
    else {
        search_filter_rare(&hunt->filter, needle, m);
    }
}

/* How many bytes are equal, from the start. */
static size_t
agreement(const unsigned char *bytes, const unsigned char *needle, size_t m)
{
    size_t i = 0;

    while (m - i >= 16 && memcmp(bytes + i, needle + i, 16) == 0) {
        i += 16;
    }
    while (i < m && bytes[i] == needle[i]) {
        i++;
    }
    return i;
}

/* After a stop in vain: does it pay to go on like this?  `passed` are the
   starts passed over so far, `equal` the bytes that were compared. */
static bool
goes_on(struct hunt *hunt, size_t passed, size_t equal)
{
    hunt->spent += STOP_COST + equal / 8;
    if (passed - hunt->previous < CLOSE) {
        search_filter_learn(&hunt->filter, hunt->needle, equal);
    }
    hunt->previous = passed;
    return hunt->spent < passed + PATIENCE;
}

size_t
search_forward(const unsigned char *haystack, size_t n,
               const unsigned char *needle, size_t m)
{
    if (m == 0 || m > n) {
        return m == 0 ? 0 : SEARCH_ABSENT;
    }
    if (m == 1) {
        return search_byte_forward(haystack, n, needle[0]);
    }
    const struct search_kernel *kernel = search_kernel_in_use();
    size_t starts = n - m + 1;
    struct hunt hunt;

    start_hunt(&hunt, needle, m, starts);
    size_t first = starts < MANY_STARTS
        ? 0 : search_byte_forward(haystack + hunt.filter.offset[0], starts,
                                  hunt.filter.value[0]);
    for (size_t from = first; from < starts; from++) {
        from = kernel->next(haystack, from, starts, &hunt.filter);
        if (from == SEARCH_ABSENT) {
            return SEARCH_ABSENT;
        }
        size_t equal = agreement(haystack + from, needle, m);
        if (equal == m) {
            return from;
        }
        if (!goes_on(&hunt, from, equal) && from + 1 < starts) {
            size_t pos = search_two_way_forward(haystack + from + 1,
                                                n - from - 1, needle, m);
            return pos == SEARCH_ABSENT ? pos : from + 1 + pos;
        }
    }
    return SEARCH_ABSENT;
}

size_t
search_backward(const unsigned char *haystack, size_t n,
                const unsigned char *needle, size_t m)
{
    if (m == 0 || m > n) {
        return m == 0 ? n : SEARCH_ABSENT;
    }
    if (m == 1) {
        return search_byte_backward(haystack, n, needle[0]);
    }
    const struct search_kernel *kernel = search_kernel_in_use();
    size_t starts = n - m + 1;
    struct hunt hunt;

    start_hunt(&hunt, needle, m, starts);
    size_t behind = starts < MANY_STARTS     /* SEARCH_ABSENT + 1 is 0 */
        ? starts : search_byte_backward(haystack + hunt.filter.offset[0],
                                        starts, hunt.filter.value[0]) + 1;
    for (size_t to = behind; to > 0;) {
        to = kernel->last(haystack, 0, to, &hunt.filter);
        if (to == SEARCH_ABSENT) {
            return SEARCH_ABSENT;
        }
        size_t equal = agreement(haystack + to, needle, m);
        if (equal == m) {
            return to;
        }
        if (!goes_on(&hunt, starts - to, equal) && to > 0) {
            return search_two_way_backward(haystack, to + m - 1, needle, m);
        }
    }
    return SEARCH_ABSENT;
}
