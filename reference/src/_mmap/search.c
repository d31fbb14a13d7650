/* search.c: the portable search, forward and backward.

   Candidates are found by the needle's first byte (last, when searching
   backward) and compared as a whole.  Where that costs more than the bytes
   passed over justify, as in periodic text, the two-way algorithm takes
   over: linear time, constant space (M. Crochemore, D. Perrin: Two-way
   string-matching, J. ACM 38, 1991).  A backward search is a forward search
   for the mirrored needle in the mirrored haystack. */

#include "search.h"

#include <stdbool.h>
#include <string.h>

/* A string read in either direction. */
struct text {
    const unsigned char *bytes;
    size_t length;
    bool mirrored;
};

static inline unsigned char
at(struct text text, size_t i)
{
    return text.bytes[text.mirrored ? text.length - 1 - i : i];
}

static inline struct text
rest_of(struct text text, size_t skipped)
{
    text.bytes += text.mirrored ? 0 : skipped;
    text.length -= skipped;
    return text;
}

static size_t
last_byte(const unsigned char *bytes, size_t n, unsigned char value)
{
    while (n > 0) {
        n--;
        if (bytes[n] == value) {
            return n;
        }
    }
    return SEARCH_ABSENT;
}

/* Where the byte is first met, in the direction of reading. */
static size_t
byte_in(struct text text, unsigned char value)
{
    if (text.mirrored) {
        size_t i = last_byte(text.bytes, text.length, value);
        return i == SEARCH_ABSENT ? i : text.length - 1 - i;
    }
    const unsigned char *hit = memchr(text.bytes, value, text.length);
    return hit == NULL ? SEARCH_ABSENT : (size_t)(hit - text.bytes);
}

static bool
starts_with(struct text text, struct text prefix)
{
    const unsigned char *start = text.bytes;
    if (text.mirrored) {
        start += text.length - prefix.length;
    }
    return memcmp(start, prefix.bytes, prefix.length) == 0;
}

/* Where the largest suffix of the needle starts, by the order of bytes or
   by its inverse, and the period of that suffix. */
static size_t
maximal_suffix(struct text needle, bool inverse, size_t *period)
{
    size_t start = 0;
    size_t other = 1;
    size_t k = 0;

    *period = 1;
    while (other + k < needle.length) {
        unsigned char a = at(needle, other + k);
        unsigned char b = at(needle, start + k);
        if (a == b) {
            k++;
            if (k == *period) {
                other += k;
                k = 0;
            }
        }
        else if ((a < b) != inverse) {
            other += k + 1;
            k = 0;
            *period = other - start;
        }
        else {
            start = other;
            other++;
            k = 0;
            *period = 1;
        }
    }
    return start;
}

/* Where to cut the needle so that the period there is that of the whole. */
static size_t
critical_cut(struct text needle, size_t *period)
{
    size_t inverse_period;
    size_t cut = maximal_suffix(needle, false, period);
    size_t inverse_cut = maximal_suffix(needle, true, &inverse_period);
    if (inverse_cut > cut) {
        *period = inverse_period;
        return inverse_cut;
    }
    return cut;
}

static bool
has_period(struct text needle, size_t length, size_t period)
{
    for (size_t i = 0; i < length; i++) {
        if (at(needle, i) != at(needle, i + period)) {
            return false;
        }
    }
    return true;
}

static inline size_t
two_way(struct text haystack, struct text needle)
{
    size_t period;
    size_t cut = critical_cut(needle, &period);
    size_t m = needle.length;
    bool periodic = has_period(needle, cut, period);
    size_t known = 0;       /* bytes that match thanks to the last shift */

    if (!periodic) {
        period = (cut > m - cut ? cut : m - cut) + 1;
    }
    for (size_t pos = 0; pos <= haystack.length - m;) {
        size_t i = cut > known ? cut : known;
        while (i < m && at(needle, i) == at(haystack, pos + i)) {
            i++;
        }
        if (i < m) {
            pos += i - cut + 1;
            known = 0;
            continue;
        }
        i = cut;
        while (i > known && at(needle, i - 1) == at(haystack, pos + i - 1)) {
            i--;
        }
        if (i <= known) {
            return pos;
        }
        pos += period;
        known = periodic ? m - period : 0;
    }
    return SEARCH_ABSENT;
}

/* What a candidate costs besides its comparison, in bytes passed over. */
#define CANDIDATE_COST 16

/* Look at candidates while they are worth it; `resume` is where it ends. */
static inline size_t
by_candidates(struct text haystack, struct text needle, size_t *resume)
{
    unsigned char first = at(needle, 0);
    size_t ends = haystack.length - needle.length + 1;
    size_t spent = 0;
    size_t pos = 0;

    while (pos < ends && spent <= 4 * (pos + needle.length)) {
        struct text rest = rest_of(haystack, pos);
        /* Only the starts that leave room for the needle. */
        struct text starts = rest;
        starts.length = ends - pos;
        if (rest.mirrored) {
            starts.bytes += rest.length - starts.length;
        }
        size_t step = byte_in(starts, first);
        if (step == SEARCH_ABSENT) {
            *resume = ends;
            return SEARCH_ABSENT;
        }
        pos += step;
        if (starts_with(rest_of(haystack, pos), needle)) {
            return pos;
        }
        spent += needle.length + CANDIDATE_COST;
        pos++;
    }
    *resume = pos;
    return SEARCH_ABSENT;
}

/* The needle has 1 byte or more and fits into the haystack. */
static inline size_t
search(struct text haystack, struct text needle)
{
    size_t resume = 0;
    size_t pos;

    if (needle.length == 1) {
        return byte_in(haystack, needle.bytes[0]);
    }
    pos = by_candidates(haystack, needle, &resume);
    if (pos != SEARCH_ABSENT || haystack.length - resume < needle.length) {
        return pos;
    }
    pos = two_way(rest_of(haystack, resume), needle);
    return pos == SEARCH_ABSENT ? pos : resume + pos;
}

size_t
search_forward(const unsigned char *haystack, size_t n,
               const unsigned char *needle, size_t m)
{
    if (m > n) {
        return SEARCH_ABSENT;
    }
    if (m == 0) {
        return 0;
    }
    return search((struct text){haystack, n, false},
                  (struct text){needle, m, false});
}

size_t
search_backward(const unsigned char *haystack, size_t n,
                const unsigned char *needle, size_t m)
{
    if (m > n) {
        return SEARCH_ABSENT;
    }
    if (m == 0) {
        return n;
    }
    size_t pos = search((struct text){haystack, n, true},
                        (struct text){needle, m, true});
    return pos == SEARCH_ABSENT ? pos : n - m - pos;
}
