/* stride.c: copies of bytes that lie at equal distances.

   Four at a time: where a short loop happens to lie in memory can double the
   time that it takes. */

#include "stride.h"

void
stride_gather(unsigned char *restrict target,
              const unsigned char *restrict source, ptrdiff_t step, size_t n)
{
    ptrdiff_t from = 0;
    size_t i = 0;

    for (; n - i >= 4; i += 4) {
        unsigned char a = source[from];
        unsigned char b = source[from + step];
        unsigned char c = source[from + 2 * step];
        unsigned char d = source[from + 3 * step];
        target[i] = a;
        target[i + 1] = b;
        target[i + 2] = c;
        target[i + 3] = d;
        from += 4 * step;
    }
    for (; i < n; i++) {
        target[i] = source[from];
        from += step;
    }
}

void
stride_scatter(unsigned char *restrict target, ptrdiff_t step,
               const unsigned char *restrict source, size_t n)
{
    ptrdiff_t to = 0;
    size_t i = 0;

    for (; n - i >= 4; i += 4) {
        target[to] = source[i];
        target[to + step] = source[i + 1];
        target[to + 2 * step] = source[i + 2];
        target[to + 3 * step] = source[i + 3];
        to += 4 * step;
    }
    for (; i < n; i++) {
        target[to] = source[i];
        to += step;
    }
}
