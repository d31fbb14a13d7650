/* search_two_way.h: the search that search.c resorts to. */

#ifndef MMAP_SEARCH_TWO_WAY_H
#define MMAP_SEARCH_TWO_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "search.h"

/* Offset of the first or last occurrence, or SEARCH_ABSENT; the needle has
   1 byte or more and is not longer than the haystack. */
size_t search_two_way_forward(const unsigned char *haystack, size_t n,
                              const unsigned char *needle, size_t m);
size_t search_two_way_backward(const unsigned char *haystack, size_t n,
                               const unsigned char *needle, size_t m);

#endif
