/* args.h: convert arguments; any of these may run Python code.

   Each returns 0, or -1 with an exception set. */

#ifndef MMAP_ARGS_H
#define MMAP_ARGS_H

#include "pycompat.h"

#include <stdint.h>

/* Check the number of positional arguments. */
int arg_count(const char *method, Py_ssize_t given, Py_ssize_t least,
              Py_ssize_t most);

/* An integer, by __index__; OverflowError where it does not fit. */
int arg_ssize(PyObject *value, Py_ssize_t *result);
int arg_int(PyObject *value, int *result);
int arg_int64(PyObject *value, int64_t *result);

/* 0 to 255, by __index__; else OverflowError. */
int arg_byte(PyObject *value, unsigned char *result);

/* An index; IndexError where it does not fit. */
int arg_index(PyObject *value, Py_ssize_t *result);

/* What m[i] takes: 0 to 255, by __index__; else ValueError or TypeError. */
int arg_item(PyObject *value, unsigned char *result);

/* An integer, or None, which leaves the default in *result. */
int arg_optional_ssize(PyObject *value, Py_ssize_t *result);

/* The contiguous bytes of any object that has some. */
int arg_buffer(PyObject *value, Py_buffer *view);

/* The one keyword that a method has; NULL in *value if not given.  `args`
   and `nargs` are those of METH_FASTCALL. */
int arg_keyword(const char *method, const char *name, PyObject *const *args,
                Py_ssize_t nargs, PyObject *kwnames, PyObject **value);

#endif
