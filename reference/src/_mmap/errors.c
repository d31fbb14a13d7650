/* errors.c: every exception of the module's own, raised in one place. */

#include "errors.h"

#include <errno.h>

PyObject *
raise_os(int error)
{
#ifdef MS_WINDOWS
    return PyErr_SetFromWindowsErr(error);
#else
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
#endif
}

PyObject *
raise_value(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return NULL;
}

PyObject *
raise_type(const char *message)
{
    PyErr_SetString(PyExc_TypeError, message);
    return NULL;
}

PyObject *
raise_overflow(const char *message)
{
    PyErr_SetString(PyExc_OverflowError, message);
    return NULL;
}

PyObject *
raise_closed(void)
{
    return raise_value("mmap closed or invalid");
}

PyObject *
raise_readonly(void)
{
    return raise_type("mmap can't modify a readonly memory map.");
}

PyObject *
raise_not_resizable(void)
{
    return raise_type(
        "mmap can't resize a readonly or copy-on-write memory map.");
}

PyObject *
raise_exported(const char *message)
{
    PyErr_SetString(PyExc_BufferError, message);
    return NULL;
}

PyObject *
raise_index_range(void)
{
    PyErr_SetString(PyExc_IndexError, "mmap index out of range");
    return NULL;
}

PyObject *
raise_key_type(void)
{
    return raise_type("mmap indices must be integers or slices");
}

PyObject *
raise_slice_size(void)
{
    PyErr_SetString(PyExc_IndexError, "mmap slice assignment is wrong size");
    return NULL;
}

PyObject *
raise_item_deletion(void)
{
    return raise_type("mmap doesn't support item deletion");
}

PyObject *
raise_slice_deletion(void)
{
    return raise_type("mmap object doesn't support slice deletion");
}

PyObject *
raise_count(const char *method, Py_ssize_t least, Py_ssize_t most,
            Py_ssize_t given)
{
    if (least == most) {
        return PyErr_Format(PyExc_TypeError,
                            "%s() takes exactly %zd arguments (%zd given)",
                            method, least, given);
    }
    return PyErr_Format(PyExc_TypeError,
                        "%s() takes from %zd to %zd positional arguments "
                        "(%zd given)",
                        method, least, most, given);
}

PyObject *
raise_keyword(const char *method, PyObject *keyword)
{
    return PyErr_Format(PyExc_TypeError,
                        "%s() got an unexpected keyword argument '%U'",
                        method, keyword);
}
