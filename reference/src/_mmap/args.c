/* args.c: convert arguments.  Nothing here knows the object. */

#include "args.h"

#include <limits.h>
#include <string.h>

/* PyLong_AsSsize_t and its like want an int, not an __index__. */
static PyObject *
as_int_object(PyObject *value)
{
    if (PyLong_CheckExact(value)) {
        Py_INCREF(value);
        return value;
    }
    return PyNumber_Index(value);
}

int
arg_ssize_any(PyObject *value, Py_ssize_t *result)
{
    PyObject *number = as_int_object(value);
    if (number == NULL) {
        return -1;
    }
    Py_ssize_t converted = PyLong_AsSsize_t(number);
    Py_DECREF(number);
    if (converted == -1 && PyErr_Occurred()) {
        return -1;
    }
    *result = converted;
    return 0;
}

int
arg_int64(PyObject *value, int64_t *result)
{
    PyObject *number = as_int_object(value);
    if (number == NULL) {
        return -1;
    }
    long long converted = PyLong_AsLongLong(number);
    Py_DECREF(number);
    if (converted == -1 && PyErr_Occurred()) {
        return -1;
    }
    *result = converted;
    return 0;
}

int
arg_int(PyObject *value, int *result)
{
    PyObject *number = as_int_object(value);
    if (number == NULL) {
        return -1;
    }
    int overflow;
    long converted = PyLong_AsLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (converted == -1 && overflow == 0 && PyErr_Occurred()) {
        return -1;
    }
    if (overflow != 0 || converted > INT_MAX || converted < INT_MIN) {
        (void)raise_overflow("Python int too large to convert to C int");
        return -1;
    }
    *result = (int)converted;
    return 0;
}

int
arg_byte(PyObject *value, unsigned char *result)
{
    int converted;
    if (arg_int(value, &converted) < 0) {
        return -1;
    }
    if (converted < 0) {
        (void)raise_overflow("unsigned byte integer is less than minimum");
        return -1;
    }
    if (converted > UCHAR_MAX) {
        (void)raise_overflow(
            "unsigned byte integer is greater than maximum");
        return -1;
    }
    *result = (unsigned char)converted;
    return 0;
}

int
arg_index_any(PyObject *value, Py_ssize_t *result)
{
    *result = PyNumber_AsSsize_t(value, PyExc_IndexError);
    return *result == -1 && PyErr_Occurred() ? -1 : 0;
}

int
arg_item_any(PyObject *value, unsigned char *result)
{
    if (!PyIndex_Check(value)) {
        (void)raise_type("mmap item value must be an int");
        return -1;
    }
    Py_ssize_t converted = PyNumber_AsSsize_t(value, PyExc_TypeError);
    if (converted == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (converted < 0 || converted > UCHAR_MAX) {
        (void)raise_value("mmap item value must be in range(0, 256)");
        return -1;
    }
    *result = (unsigned char)converted;
    return 0;
}

int
arg_buffer_any(PyObject *value, struct arg_bytes *result)
{
    if (PyObject_GetBuffer(value, &result->view, PyBUF_SIMPLE) < 0) {
        return -1;
    }
    result->bytes = result->view.buf;
    result->size = result->view.len;
    return 0;
}

int
arg_keyword(const char *method, const char *name, PyObject *const *args,
            Py_ssize_t nargs, PyObject *kwnames, PyObject **value)
{
    Py_ssize_t given = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);

    *value = NULL;
    for (Py_ssize_t i = 0; i < given; i++) {
        PyObject *keyword = PyTuple_GET_ITEM(kwnames, i);
        if (PyUnicode_CompareWithASCIIString(keyword, name) != 0) {
            (void)raise_keyword(method, keyword);
            return -1;
        }
        *value = args[nargs + i];
    }
    return 0;
}
