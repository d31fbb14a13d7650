/* module.c: the module mmap_reference._mmap, its state and its start.

   Multi-phase initialisation (PEP 489): every interpreter that imports the
   module has one of its own, and no state is shared. */

#include "constants.h"
#include "mmap_object.h"

struct module_state {
    PyTypeObject *mmap_type;
};

static struct module_state *
state_of(PyObject *module)
{
    return (struct module_state *)PyModule_GetState(module);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(state_of(module)->mmap_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(state_of(module)->mmap_type);
    return 0;
}

static void
module_free(void *module)
{
    (void)module_clear((PyObject *)module);
}

static int
module_exec(PyObject *module)
{
    struct module_state *state = state_of(module);

    state->mmap_type = mmap_make_type(module);
    if (state->mmap_type == NULL
        || PyModule_AddType(module, state->mmap_type) < 0)
    {
        return -1;
    }
    Py_INCREF(PyExc_OSError);
    if (PyModule_AddObject(module, "error", PyExc_OSError) < 0) {
        Py_DECREF(PyExc_OSError);
        return -1;
    }
    return constants_add(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "mmap_reference._mmap",
    .m_doc = PyDoc_STR("Memory-mapped files; use mmap_reference."),
    .m_size = sizeof(struct module_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__mmap(void)
{
    return PyModuleDef_Init(&module_definition);
}
