/* search_byte.h: where a byte is among others.  No Python.h. */

#ifndef MMAP_SEARCH_BYTE_H
#define MMAP_SEARCH_BYTE_H

#include <stddef.h>

/* Offset of the first byte of this value, or SEARCH_ABSENT. */
size_t search_byte_forward(const unsigned char *bytes, size_t n,
                           unsigned char value);

/* Offset of the last byte of this value, or SEARCH_ABSENT. */
size_t search_byte_backward(const unsigned char *bytes, size_t n,
                            unsigned char value);

#endif
