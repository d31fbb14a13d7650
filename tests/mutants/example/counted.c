/* counted.c: the length of a map, by way of C. */

#include <Python.h>

static Py_ssize_t
fitted(Py_ssize_t length, Py_ssize_t most)
{
    if (length > most) {
        return 7;       /* no test goes as far */
    }
    return length > 0 ? length : 0;
}

static PyObject *
fit(PyObject *Py_UNUSED(module), PyObject *length)
{
    Py_ssize_t given = PyLong_AsSsize_t(length);
    return PyLong_FromSsize_t(fitted(given, PY_SSIZE_T_MAX - 1));
}

static PyMethodDef methods[] = {
    {"fit", fit, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "counted._counted",
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__counted(void)
{
    return PyModule_Create(&definition);
}
