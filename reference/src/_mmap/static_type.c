/* static_type.c: the type on CPython 3.9, which has no immutable heap types.

   Its sub-interpreters share the GIL, so that they can share the type. */

#include "mmap_object.h"

#if !MMAP_HEAP_TYPE

static PySequenceMethods as_sequence = {
    .sq_length = mmap_length,
    .sq_item = mmap_item,
    .sq_ass_item = mmap_ass_item,
};

static PyMappingMethods as_mapping = {
    .mp_length = mmap_length,
    .mp_subscript = mmap_subscript,
    .mp_ass_subscript = mmap_ass_subscript,
};

static PyBufferProcs as_buffer = {
    .bf_getbuffer = mmap_getbuffer,
    .bf_releasebuffer = mmap_releasebuffer,
};

static PyTypeObject type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "mmap_reference.mmap",
    .tp_basicsize = sizeof(MmapObject),
    .tp_dealloc = mmap_dealloc,
    .tp_repr = mmap_repr,
    .tp_as_sequence = &as_sequence,
    .tp_as_mapping = &as_mapping,
    .tp_as_buffer = &as_buffer,
    .tp_flags = (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
                 | Py_TPFLAGS_HAVE_GC),
    .tp_doc = mmap_doc,
    .tp_traverse = mmap_traverse,
    .tp_weaklistoffset = offsetof(MmapObject, weakrefs),
    .tp_methods = mmap_methods,
    .tp_members = mmap_members,
    .tp_getset = mmap_getset,
    .tp_new = mmap_new,
};

PyTypeObject *
mmap_make_type(PyObject *Py_UNUSED(module))
{
    if (PyType_Ready(&type) < 0) {
        return NULL;
    }
    Py_INCREF(&type);
    return &type;
}

#else

typedef int static_type_is_unused;      /* C wants one declaration a file */

#endif
