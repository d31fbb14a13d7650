/* args.h: convert arguments; any of these may run Python code.

   Each returns 0, or -1 with an exception set. */

#ifndef MMAP_ARGS_H
#define MMAP_ARGS_H

#include "pycompat.h"

#include "errors.h"

#include <limits.h>
#include <stdint.h>

/* Check the number of positional arguments. */
static inline int
arg_count(const char *method, Py_ssize_t given, Py_ssize_t least,
          Py_ssize_t most)
{
    if (given < least || given > most) {
        (void)raise_count(method, least, most, given);
        return -1;
    }
    return 0;
}

/* The long way: most integers are small, and most buffers bytes objects, for
   which there is no call. */
int arg_ssize_any(PyObject *value, Py_ssize_t *result);
int arg_index_any(PyObject *value, Py_ssize_t *result);
int arg_item_any(PyObject *value, unsigned char *result);

/* An integer, by __index__; OverflowError where it does not fit. */
static inline int
arg_ssize(PyObject *value, Py_ssize_t *result)
{
    return small_int(value, result) ? 0 : arg_ssize_any(value, result);
}

int arg_int(PyObject *value, int *result);
int arg_int64(PyObject *value, int64_t *result);

/* A plain int of 0 to 255.  False means: ask the long way. */
static inline bool
small_byte(PyObject *value, Py_ssize_t *result)
{
    return small_int(value, result) && *result >= 0 && *result <= UCHAR_MAX;
}

/* 0 to 255, by __index__; else OverflowError. */
int arg_byte(PyObject *value, unsigned char *result);

/* An index; IndexError where it does not fit. */
static inline int
arg_index(PyObject *value, Py_ssize_t *result)
{
    return small_int(value, result) ? 0 : arg_index_any(value, result);
}

/* What m[i] takes: 0 to 255, by __index__; else ValueError or TypeError. */
static inline int
arg_item(PyObject *value, unsigned char *result)
{
    Py_ssize_t small;
    if (small_byte(value, &small)) {
        *result = (unsigned char)small;
        return 0;
    }
    return arg_item_any(value, result);
}

/* An integer, or None, which leaves the default in *result. */
static inline int
arg_optional_ssize(PyObject *value, Py_ssize_t *result)
{
    return value == Py_None ? 0 : arg_ssize(value, result);
}

/* The contiguous bytes of any object that has some; give them back. */
struct arg_bytes {
    const unsigned char *bytes;
    Py_ssize_t size;
    Py_buffer view;         /* .obj is NULL if `bytes` are of a bytes object,
                               which the caller keeps alive */
};

int arg_buffer_any(PyObject *value, struct arg_bytes *result);

static inline int
arg_buffer(PyObject *value, struct arg_bytes *result)
{
    if (PyBytes_CheckExact(value)) {
        result->bytes = (const unsigned char *)PyBytes_AS_STRING(value);
        result->size = PyBytes_GET_SIZE(value);
        result->view.obj = NULL;
        return 0;
    }
    return arg_buffer_any(value, result);
}

static inline void
arg_buffer_release(struct arg_bytes *result)
{
    if (result->view.obj != NULL) {
        PyBuffer_Release(&result->view);
    }
}

/* The one keyword that a method has; NULL in *value if not given.  `args`
   and `nargs` are those of METH_FASTCALL. */
int arg_keyword(const char *method, const char *name, PyObject *const *args,
                Py_ssize_t nargs, PyObject *kwnames, PyObject **value);

#endif
