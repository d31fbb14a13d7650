/* search_byte.c: the search for one byte.

   Where the C library is known to be as fast as memory is, it is asked: its
   vectors fit the processor, too, and it has been tuned for longer. */

#define _GNU_SOURCE     /* memrchr */

#include "search_byte.h"

#include "search.h"
#include "search_filter.h"
#include "search_kernel.h"

#include <string.h>

#if defined(__GLIBC__)

static size_t
offset_of(const unsigned char *bytes, const unsigned char *found)
{
    return found == NULL ? SEARCH_ABSENT : (size_t)(found - bytes);
}

size_t
search_byte_forward(const unsigned char *bytes, size_t n, unsigned char value)
{
    return offset_of(bytes, memchr(bytes, value, n));
}

size_t
search_byte_backward(const unsigned char *bytes, size_t n,
                     unsigned char value)
{
    return offset_of(bytes, memrchr(bytes, value, n));
}

#else

size_t
search_byte_forward(const unsigned char *bytes, size_t n, unsigned char value)
{
    struct search_filter filter;

    search_filter_byte(&filter, value);
    return search_kernel_in_use()->next(bytes, 0, n, &filter);
}

size_t
search_byte_backward(const unsigned char *bytes, size_t n,
                     unsigned char value)
{
    struct search_filter filter;

    search_filter_byte(&filter, value);
    return search_kernel_in_use()->last(bytes, 0, n, &filter);
}

#endif
