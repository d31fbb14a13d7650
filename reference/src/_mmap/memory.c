/* memory.c: the touches of mapped memory that are more than one byte. */

#include "memory.h"

#include "search.h"

#include <string.h>

int
mem_copy(void *target, const void *source, size_t n)
{
    memmove(target, source, n);
    return 0;
}

int
mem_gather(unsigned char *target, const unsigned char *source,
           ptrdiff_t step, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        target[i] = source[(ptrdiff_t)i * step];
    }
    return 0;
}

int
mem_scatter(unsigned char *target, ptrdiff_t step,
            const unsigned char *source, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        target[(ptrdiff_t)i * step] = source[i];
    }
    return 0;
}

int
mem_find_byte(const unsigned char *haystack, size_t n, unsigned char value,
              size_t *found)
{
    const unsigned char *hit = memchr(haystack, value, n);
    *found = hit == NULL ? SEARCH_ABSENT : (size_t)(hit - haystack);
    return 0;
}

int
mem_find(const unsigned char *haystack, size_t n,
         const unsigned char *needle, size_t m, size_t *found)
{
    *found = search_forward(haystack, n, needle, m);
    return 0;
}

int
mem_rfind(const unsigned char *haystack, size_t n,
          const unsigned char *needle, size_t m, size_t *found)
{
    *found = search_backward(haystack, n, needle, m);
    return 0;
}
