/* search_portable.c: the kernel in plain C.  Forward it leans on memchr,
   which libraries do well; backward it reads a word at a time. */

#include "search_kernel.h"

#include <string.h>

static size_t
next(const unsigned char *haystack, size_t from, size_t to,
     const struct search_filter *filter)
{
    const unsigned char *rare = haystack + filter->offset[0];

    while (from < to) {
        const unsigned char *hit = memchr(rare + from, filter->value[0],
                                          to - from);
        if (hit == NULL) {
            return SEARCH_ABSENT;
        }
        from = (size_t)(hit - rare);
        if (search_passes(haystack + from, filter)) {
            return from;
        }
        from++;
    }
    return SEARCH_ABSENT;
}

typedef uint64_t word;

#define EACH_BYTE(value) ((word)(value) * 0x0101010101010101u)

static inline word
load_word(const unsigned char *from)
{
    word loaded;
    memcpy(&loaded, from, sizeof(loaded));
    return loaded;
}

/* Is one of the bytes 0?  A byte of 0 alone borrows from its top bit while
   that bit was not set. */
static inline bool
has_zero_byte(word bytes)
{
    return ((bytes - EACH_BYTE(0x01)) & ~bytes & EACH_BYTE(0x80)) != 0;
}

/* Pass over whole words without the byte; the start below which to look. */
static size_t
skip_back(const unsigned char *bytes, size_t from, size_t to,
          unsigned char value)
{
    word wanted = EACH_BYTE(value);

    while (to - from >= 2 * sizeof(word)) {
        const unsigned char *end = bytes + to;
        if (has_zero_byte(load_word(end - sizeof(word)) ^ wanted)
            || has_zero_byte(load_word(end - 2 * sizeof(word)) ^ wanted))
        {
            break;
        }
        to -= 2 * sizeof(word);
    }
    return to;
}

static size_t
last(const unsigned char *haystack, size_t from, size_t to,
     const struct search_filter *filter)
{
    const unsigned char *rare = haystack + filter->offset[0];

    while (from < to) {
        to = skip_back(rare, from, to, filter->value[0]);
        size_t stop = to - from > 2 * sizeof(word)
            ? to - 2 * sizeof(word) : from;
        while (to > stop) {
            to--;
            if (search_passes(haystack + to, filter)) {
                return to;
            }
        }
    }
    return SEARCH_ABSENT;
}

static bool
runs_here(void)
{
    return true;
}

const struct search_kernel search_portable = {
    "portable", runs_here, next, last,
};
