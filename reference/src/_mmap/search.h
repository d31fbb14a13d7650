/* search.h: find a needle in a haystack, both plain bytes.

   No Python.h.  memory.c calls it and answers for the haystack being
   readable. */

#ifndef MMAP_SEARCH_H
#define MMAP_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#define SEARCH_ABSENT SIZE_MAX

/* Offset of the first occurrence, or SEARCH_ABSENT; 0 for an empty needle.
   Time grows linearly with n + m. */
size_t search_forward(const unsigned char *haystack, size_t n,
                      const unsigned char *needle, size_t m);

/* Offset of the last occurrence, or SEARCH_ABSENT; n for an empty needle.
   Time grows linearly with n + m. */
size_t search_backward(const unsigned char *haystack, size_t n,
                       const unsigned char *needle, size_t m);

#endif
