/* search_two_way.c: the search whose time is linear whatever the bytes are.

   Two-way string matching (M. Crochemore, D. Perrin, J. ACM 38, 1991):
   linear time, constant space.  A backward search is a forward search for
   the mirrored needle in the mirrored haystack. */

#include "search_two_way.h"

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

/* Eight bytes in the direction of reading, in any order. */
static inline uint64_t
eight(struct text text, size_t i)
{
    uint64_t word;
    const unsigned char *from = text.bytes
        + (text.mirrored ? text.length - i - sizeof(word) : i);
    memcpy(&word, from, sizeof(word));
    return word;
}

/* Where the needle at `pos` first differs, at or after i; else its length. */
static inline size_t
differs(struct text haystack, size_t pos, struct text needle, size_t i)
{
    while (i + 8 <= needle.length
           && eight(needle, i) == eight(haystack, pos + i)) {
        i += 8;
    }
    while (i < needle.length && at(needle, i) == at(haystack, pos + i)) {
        i++;
    }
    return i;
}

/* Which bytes does the needle have? */
static void
mark_bytes(struct text needle, bool present[256])
{
    memset(present, 0, 256);
    for (size_t i = 0; i < needle.length; i++) {
        present[needle.bytes[i]] = true;
    }
}

/* No start is possible up to and with a byte that the needle does not have:
   go on behind it while one lies under the needle's end. */
static inline size_t
skip_foreign(struct text haystack, size_t pos, size_t m,
             const bool present[256])
{
    while (haystack.length - pos >= m
           && !present[at(haystack, pos + m - 1)]) {
        pos += m;
    }
    return pos;
}

static inline size_t
two_way(struct text haystack, struct text needle)
{
    bool present[256];
    size_t period;
    size_t cut = critical_cut(needle, &period);
    size_t m = needle.length;
    bool periodic = has_period(needle, cut, period);
    size_t known = 0;       /* bytes that match thanks to the last shift */

    if (!periodic) {
        period = (cut > m - cut ? cut : m - cut) + 1;
    }
    mark_bytes(needle, present);
    for (size_t pos = 0; pos <= haystack.length - m;) {
        if (known == 0 && !present[at(haystack, pos + m - 1)]) {
            pos = skip_foreign(haystack, pos, m, present);
            continue;
        }
        size_t i = differs(haystack, pos, needle, cut > known ? cut : known);
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

size_t
search_two_way_forward(const unsigned char *haystack, size_t n,
                       const unsigned char *needle, size_t m)
{
    return two_way((struct text){haystack, n, false},
                   (struct text){needle, m, false});
}

size_t
search_two_way_backward(const unsigned char *haystack, size_t n,
                        const unsigned char *needle, size_t m)
{
    size_t pos = two_way((struct text){haystack, n, true},
                         (struct text){needle, m, true});
    return pos == SEARCH_ABSENT ? pos : n - m - pos;
}
