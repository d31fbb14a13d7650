/* floor.c: an object whose methods do nothing at all: what is left of a call
   is the interpreter's way to the method and back.  Built by floor.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define LENGTH 65536            /* items, as in the file `page` */

static PyObject *
nothing(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(argument))
{
    Py_RETURN_NONE;
}

static PyObject *
nothing_fast(PyObject *Py_UNUSED(self), PyObject *const *Py_UNUSED(args),
             Py_ssize_t Py_UNUSED(nargs))
{
    Py_RETURN_NONE;
}

static Py_ssize_t
length(PyObject *Py_UNUSED(self))
{
    return LENGTH;
}

static PyObject *
item(PyObject *Py_UNUSED(self), Py_ssize_t index)
{
    if (index >= LENGTH) {
        PyErr_SetNone(PyExc_IndexError);
        return NULL;
    }
    Py_RETURN_NONE;
}

static int
store(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(key),
      PyObject *Py_UNUSED(value))
{
    return 0;
}

static PyMethodDef methods[] = {
    {"read_byte", nothing, METH_NOARGS, NULL},
    {"write_byte", nothing, METH_O, NULL},
    {"tell", nothing, METH_NOARGS, NULL},
    {"seekable", nothing, METH_NOARGS, NULL},
    {"seek", (PyCFunction)(void (*)(void))nothing_fast, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_methods, methods},
    {Py_sq_length, length},
    {Py_sq_item, item},
    {Py_mp_length, length},
    {Py_mp_subscript, nothing},
    {Py_mp_ass_subscript, store},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "floor.Floor",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "floor",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit_floor(void)
{
    PyObject *module = PyModule_Create(&definition);
    PyObject *type = PyType_FromSpec(&spec);
    if (module == NULL || type == NULL
        || PyModule_AddObject(module, "Floor", type) < 0) {
        return NULL;
    }
    return module;
}
