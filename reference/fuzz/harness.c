/* harness.c: hands the bytes of libFuzzer to program.py.

   fuzz.py links it with the sources of the module and with Python; the
   environment variable MMAP_FUZZ_FOLDER says where program.py is.  An
   exception that program.py lets out is a finding, as is every crash. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

PyMODINIT_FUNC PyInit__mmap(void);

static PyObject *run;

static void
give_up(const char *what)
{
    if (PyErr_Occurred()) {
        PyErr_Print();
    }
    (void)fprintf(stderr, "harness: %s\n", what);
    abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *folder = getenv("MMAP_FUZZ_FOLDER");

    (void)argc;
    (void)argv;
    if (folder == NULL || PyImport_AppendInittab("_mmap", PyInit__mmap) < 0) {
        give_up("start it by fuzz.py");
    }
    Py_InitializeEx(0);
    PyObject *path = PySys_GetObject("path");
    PyObject *entry = PyUnicode_DecodeFSDefault(folder);
    if (path == NULL || entry == NULL || PyList_Insert(path, 0, entry) < 0) {
        give_up("no sys.path");
    }
    Py_DECREF(entry);
    PyObject *program = PyImport_ImportModule("program");
    run = program == NULL ? NULL : PyObject_GetAttrString(program, "run");
    if (run == NULL) {
        give_up("program.py cannot be imported");
    }
    Py_DECREF(program);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PyObject *result = PyObject_CallFunction(run, "y#", (const char *)data,
                                             (Py_ssize_t)size);
    if (result == NULL) {
        give_up("program.py failed");
    }
    Py_DECREF(result);
    return 0;
}
