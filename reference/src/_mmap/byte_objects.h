/* byte_objects.h: one byte as an int, and as bytes of length 1.

   CPython keeps one object for each of these.  Where it never frees them,
   and every interpreter has the same ones, they are looked up in a table of
   our own: to ask CPython takes as long as to touch the byte. */

#ifndef MMAP_BYTE_OBJECTS_H
#define MMAP_BYTE_OBJECTS_H

#include "pycompat.h"

#include <limits.h>
#include <stdatomic.h>

/* Ask CPython, and note down the answer if it can be kept. */
PyObject *byte_as_int_anew(unsigned char byte);
PyObject *byte_as_bytes_anew(unsigned char byte);

#if MMAP_HAS_IMMORTALS

/* NULL: not asked yet, or not to be kept. */
extern _Atomic(PyObject *) byte_ints[UCHAR_MAX + 1];
extern _Atomic(PyObject *) byte_bytes[UCHAR_MAX + 1];

/* The objects are as old as the process: no order is needed. */
static inline PyObject *
byte_as_int(unsigned char byte)
{
    PyObject *kept = atomic_load_explicit(&byte_ints[byte],
                                          memory_order_relaxed);
    return kept != NULL ? kept : byte_as_int_anew(byte);
}

static inline PyObject *
byte_as_bytes(unsigned char byte)
{
    PyObject *kept = atomic_load_explicit(&byte_bytes[byte],
                                          memory_order_relaxed);
    return kept != NULL ? kept : byte_as_bytes_anew(byte);
}

#else

#define byte_as_int byte_as_int_anew
#define byte_as_bytes byte_as_bytes_anew

#endif
#endif
