/* memory.h: every touch of mapped memory goes through these functions.

   No Python.h.  Each returns 0, or GUARD_ERROR when the memory could not be
   touched, on either side; then the contents of the out-parameters and of
   the target are unspecified.  The caller keeps the memory mapped and has
   checked the bounds; `source` and `target` may overlap unless it says
   otherwise. */

#ifndef MMAP_MEMORY_H
#define MMAP_MEMORY_H

#include "guard_few.h"

#include <stddef.h>

/* One byte.  These two may also return what mem_settle() makes 0 or an error:
   leave that to a function that is called last, and rarely (quick.h). */
static inline int
mem_get(const unsigned char *source, unsigned char *value)
{
    return guard_get(source, value);
}

static inline int
mem_put(unsigned char *target, unsigned char value)
{
    return guard_put(target, value);
}

static inline int
mem_settle(int unsettled)
{
    return guard_settle(unsettled);
}

/* Copy n bytes; either side may be mapped. */
int mem_copy(void *target, const void *source, size_t n);

/* Collect n bytes that lie `step` apart, step may be negative. */
int mem_gather(unsigned char *target, const unsigned char *source,
               ptrdiff_t step, size_t n);

/* Spread n bytes `step` apart.  The sides must not overlap. */
int mem_scatter(unsigned char *target, ptrdiff_t step,
                const unsigned char *source, size_t n);

/* Offset of a byte, or SEARCH_ABSENT. */
int mem_find_byte(const unsigned char *haystack, size_t n,
                  unsigned char value, size_t *found);

/* Offset of the first or last occurrence of a needle, or SEARCH_ABSENT. */
int mem_find(const unsigned char *haystack, size_t n,
             const unsigned char *needle, size_t m, size_t *found);
int mem_rfind(const unsigned char *haystack, size_t n,
              const unsigned char *needle, size_t m, size_t *found);

#endif
