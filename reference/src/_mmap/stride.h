/* stride.h: copies of bytes that lie at equal distances.

   No Python.h.  memory.c calls it, under a guard: a loop runs slowly in the
   very function to which a fault returns, since there the compiler may keep
   nothing in registers. */

#ifndef MMAP_STRIDE_H
#define MMAP_STRIDE_H

#include <stddef.h>

/* Collect n bytes that lie `step` apart, step may be negative. */
void stride_gather(unsigned char *target, const unsigned char *source,
                   ptrdiff_t step, size_t n);

/* Spread n bytes `step` apart.  The sides must not overlap. */
void stride_scatter(unsigned char *target, ptrdiff_t step,
                    const unsigned char *source, size_t n);

#endif
