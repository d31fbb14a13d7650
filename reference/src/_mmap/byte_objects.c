/* byte_objects.c: the tables of byte_objects.h, filled on demand. */

#include "byte_objects.h"

#if MMAP_HAS_IMMORTALS

_Atomic(PyObject *) byte_ints[UCHAR_MAX + 1];
_Atomic(PyObject *) byte_bytes[UCHAR_MAX + 1];

static PyObject *
keep(_Atomic(PyObject *) *place, PyObject *object)
{
    if (object != NULL && is_immortal(object)) {
        atomic_store_explicit(place, object, memory_order_relaxed);
    }
    return object;
}

#else

#define keep(place, object) (object)

#endif

PyObject *
byte_as_int_anew(unsigned char byte)
{
    return keep(&byte_ints[byte], PyLong_FromLong(byte));
}

PyObject *
byte_as_bytes_anew(unsigned char byte)
{
    return keep(&byte_bytes[byte],
                PyBytes_FromStringAndSize((const char *)&byte, 1));
}
