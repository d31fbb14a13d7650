/* object.c: the type: what its slots are, its life from the moment that the
   memory is mapped, and the buffers that it hands out. */

#include "mmap_object.h"

#include "byte_objects.h"
#include "errors.h"
#include "guard.h"
#include "memory.h"
#include "touch.h"

void
mmap_wait_rarely(MmapObject *self, enum hold_mode mode)
{
    if (hold_is_shut(&self->hold)) {
        /* Somebody may have replaced our handler since it was installed; to
           put it back cannot fail. */
        (void)guard_install(OS_MAY_BE_LOST);
        hold_open(&self->hold);
    }
    hold_wait_for_others(&self->hold, mode);
}

int
mmap_check_open(MmapObject *self)
{
    bool closed;

    MMAP_LOCK_FOR(self, HOLD_KEEP);
    closed = is_closed(self);
    MMAP_UNLOCK();

    if (closed) {
        (void)raise_closed();
        return -1;
    }
    return 0;
}

static PyObject *
one_byte_lock_held(const unsigned char *source)
{
    unsigned char byte;
    int unsettled = mem_get(source, &byte);
    int error = unsettled == 0 ? 0 : mem_settle(unsettled);
    return error != 0 ? raise_os(error) : byte_as_bytes(byte);
}

/* What a copy into `bytes`, which it takes over, has come to. */
static PyObject *
copied(PyObject *bytes, int error)
{
    if (error != 0) {
        Py_DECREF(bytes);
        return raise_os(error);
    }
    return bytes;
}

PyObject *
mmap_bytes_lock_held(MmapObject *self, Py_ssize_t start, Py_ssize_t count)
{
    if (count == 1) {
        return one_byte_lock_held(self->map.data + start);
    }
    PyObject *result = PyBytes_FromStringAndSize(NULL, count);
    if (result == NULL || count == 0) {
        return result;
    }
    return copied(result,
                  touch_copy(self, HOLD_READ, PyBytes_AS_STRING(result),
                             self->map.data + start, (size_t)count));
}

PyObject *
mmap_take_lock_held(MmapObject *self, Py_ssize_t count)
{
    if (count == 1) {
        PyObject *result = one_byte_lock_held(self->map.data + self->pos);
        self->pos += result != NULL;
        return result;
    }
    PyObject *result = PyBytes_FromStringAndSize(NULL, count);
    if (result == NULL || count == 0) {
        return result;
    }
    return copied(result,
                  touch_copy_on(self, PyBytes_AS_STRING(result),
                                self->map.data + self->pos, (size_t)count));
}

void
mmap_dealloc(PyObject *op)
{
    MmapObject *self = (MmapObject *)op;
    PyTypeObject *type = Py_TYPE(op);

    PyObject_GC_UnTrack(op);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    if (!is_closed(self)) {
        Py_BEGIN_ALLOW_THREADS
        /* Nobody is left to be told of a failure. */
        (void)os_unmap(&self->map);
        Py_END_ALLOW_THREADS
    }
    hold_fini(&self->hold);
    type->tp_free(op);
#if MMAP_HEAP_TYPE
    Py_DECREF(type);
#endif
}

int
mmap_traverse(PyObject *op, visitproc visit, void *arg)
{
#if MMAP_HEAP_TYPE
    Py_VISIT(Py_TYPE(op));
#else
    (void)op;
    (void)visit;
    (void)arg;
#endif
    return 0;
}

static const char *const access_names[] = {
    [ACCESS_DEFAULT] = "ACCESS_DEFAULT",
    [ACCESS_READ] = "ACCESS_READ",
    [ACCESS_WRITE] = "ACCESS_WRITE",
    [ACCESS_COPY] = "ACCESS_COPY",
};

static PyObject *
repr_lock_held(MmapObject *self)
{
    const char *name = Py_TYPE(self)->tp_name;

    if (is_closed(self)) {
        return PyUnicode_FromFormat("<%s closed=True>", name);
    }
    return PyUnicode_FromFormat(
        "<%s closed=False, access=%s, length=%zd, pos=%zd, offset=%lld>",
        name, access_names[self->access], length_of(self), self->pos,
        (long long)self->map.offset);
}

PyObject *
mmap_repr(PyObject *op)
{
    PyObject *result;

    MMAP_LOCK_FOR(op, HOLD_READ);
    result = repr_lock_held((MmapObject *)op);
    MMAP_UNLOCK();
    return result;
}

#if OS_HAS_TAGS

static PyObject *
sizeof_lock_held(MmapObject *self)
{
    Py_ssize_t size = Py_TYPE(self)->tp_basicsize;
    if (self->map.tag != NULL) {
        size += (Py_ssize_t)((wcslen(self->map.tag) + 1) * sizeof(wchar_t));
    }
    return PyLong_FromSsize_t(size);
}

static PyObject *
mmap_sizeof(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *result;

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = sizeof_lock_held((MmapObject *)op);
    MMAP_UNLOCK();
    return result;
}

#endif

static int
getbuffer_lock_held(MmapObject *self, Py_buffer *view, int flags)
{
    if (is_closed(self)) {
        (void)raise_closed();
        return -1;
    }
    if (self->exports == PY_SSIZE_T_MAX) {
        (void)raise_exported("too many buffers exported");
        return -1;
    }
    if (PyBuffer_FillInfo(view, (PyObject *)self, self->map.data,
                          length_of(self), is_readonly(self), flags) < 0) {
        return -1;
    }
    self->exports++;
    return 0;
}

int
mmap_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    int result;

    view->obj = NULL;
    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = getbuffer_lock_held((MmapObject *)op, view, flags);
    MMAP_UNLOCK();
    return result;
}

void
mmap_releasebuffer(PyObject *op, Py_buffer *Py_UNUSED(view))
{
    MMAP_LOCK_FOR(op, HOLD_KEEP);
    ((MmapObject *)op)->exports--;
    MMAP_UNLOCK();
}

static PyObject *
closed_get(PyObject *op, void *Py_UNUSED(closure))
{
    bool closed;

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    closed = is_closed((MmapObject *)op);
    MMAP_UNLOCK();
    return PyBool_FromLong(closed);
}

PyGetSetDef mmap_getset[] = {
    {"closed", closed_get, NULL,
     PyDoc_STR("True once the map is closed."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyMemberDef mmap_members[] = {
#if MMAP_HEAP_TYPE
    {"__weaklistoffset__", MMAP_MEMBER_SSIZE,
     offsetof(MmapObject, weakrefs), MMAP_MEMBER_READONLY, NULL},
#endif
    {NULL, 0, 0, 0, NULL},
};

/* Types of functions are converted by way of one that nobody calls. */
#define FAST(function) (PyCFunction)(void (*)(void))(function)

PyMethodDef mmap_methods[] = {
    {"close", mmap_close, METH_NOARGS, PyDoc_STR(
        "close($self, /)\n--\n\n"
        "Give the memory and the descriptor back; repeatable.")},
    {"find", FAST(mmap_find), METH_FASTCALL, PyDoc_STR(
        "find($self, view, start=None, end=None, /)\n--\n\n"
        "Return where view first occurs in [start, end), or -1.\n\n"
        "The default range runs from the position to the end.")},
    {"rfind", FAST(mmap_rfind), METH_FASTCALL, PyDoc_STR(
        "rfind($self, view, start=None, end=None, /)\n--\n\n"
        "Return where view last occurs in [start, end), or -1.\n\n"
        "The default range runs from the position to the end.")},
    {"flush", FAST(mmap_flush), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR(
        "flush($self, offset=0, size=-1, /, *, flags=0)\n--\n\n"
        "Write size bytes from offset back to the file.\n\n"
        "A size of -1 means up to the end; flags are MS_* constants.")},
#if OS_HAS_MADVISE
    {"madvise", FAST(mmap_madvise), METH_FASTCALL, PyDoc_STR(
        "madvise($self, option, start=0, length=None, /)\n--\n\n"
        "Tell the system how a part of the map will be used.\n\n"
        "The option is one of the MADV_* constants.")},
#endif
    {"move", FAST(mmap_move), METH_FASTCALL, PyDoc_STR(
        "move($self, dest, src, count, /)\n--\n\n"
        "Copy count bytes from src to dest; the ranges may overlap.")},
    {"read", FAST(mmap_read), METH_FASTCALL, PyDoc_STR(
        "read($self, n=None, /)\n--\n\n"
        "Return up to n bytes from the position, and advance it.\n\n"
        "None or a negative n means all that are left.")},
    {"read_byte", mmap_read_byte, METH_NOARGS, PyDoc_STR(
        "read_byte($self, /)\n--\n\n"
        "Return the byte at the position as an int, and advance by 1.")},
    {"readline", mmap_readline, METH_NOARGS, PyDoc_STR(
        "readline($self, /)\n--\n\n"
        "Return the bytes up to and with the next b'\\n'.")},
#if OS_HAS_RESIZE
    {"resize", mmap_resize, METH_O, PyDoc_STR(
        "resize($self, newsize, /)\n--\n\n"
        "Change the length of the map, and of the file if it is shared.")},
#endif
    {"seek", FAST(mmap_seek), METH_FASTCALL, PyDoc_STR(
        "seek($self, pos, whence=0, /)\n--\n\n"
        "Set the position and return it.\n\n"
        "whence: 0 from the start, 1 from the position, 2 from the end.")},
    {"seekable", mmap_seekable, METH_NOARGS, PyDoc_STR(
        "seekable($self, /)\n--\n\n"
        "Return True.")},
#if OS_HAS_ANNOTATE
    {"set_name", mmap_set_name, METH_O, PyDoc_STR(
        "set_name($self, name, /)\n--\n\n"
        "Name an anonymous map in /proc/self/maps.\n\n"
        "Has an effect in Python's development mode only.")},
#endif
    {"size", mmap_size, METH_NOARGS, PyDoc_STR(
        "size($self, /)\n--\n\n"
        "Return the size of the file now; of an anonymous map, its length.")},
    {"tell", mmap_tell, METH_NOARGS, PyDoc_STR(
        "tell($self, /)\n--\n\n"
        "Return the position.")},
    {"write", mmap_write, METH_O, PyDoc_STR(
        "write($self, bytes, /)\n--\n\n"
        "Write at the position, advance it, return the number of bytes.")},
    {"write_byte", mmap_write_byte, METH_O, PyDoc_STR(
        "write_byte($self, byte, /)\n--\n\n"
        "Write one byte, an int, at the position, and advance by 1.")},
#if OS_HAS_TAGS
    {"__sizeof__", mmap_sizeof, METH_NOARGS, PyDoc_STR(
        "__sizeof__($self, /)\n--\n\n"
        "Return the size of the object and its tagname, in bytes.")},
#endif
    {"__enter__", mmap_enter, METH_NOARGS, PyDoc_STR(
        "__enter__($self, /)\n--\n\n")},
    {"__exit__", FAST(mmap_exit), METH_FASTCALL, PyDoc_STR(
        "__exit__($self, exc_type, exc_value, traceback, /)\n--\n\n")},
    {NULL, NULL, 0, NULL},
};

#if MMAP_HEAP_TYPE

static PyType_Slot slots[] = {
    {Py_tp_new, mmap_new},
    {Py_tp_dealloc, mmap_dealloc},
    {Py_tp_traverse, mmap_traverse},
    {Py_tp_repr, mmap_repr},
    {Py_tp_doc, (void *)mmap_doc},
    {Py_tp_methods, mmap_methods},
    {Py_tp_getset, mmap_getset},
    {Py_tp_members, mmap_members},
    {Py_bf_getbuffer, mmap_getbuffer},
    {Py_bf_releasebuffer, mmap_releasebuffer},
    {Py_sq_length, mmap_length},
    {Py_sq_item, mmap_item},
    {Py_sq_ass_item, mmap_ass_item},
    {Py_mp_length, mmap_length},
    {Py_mp_subscript, mmap_subscript},
    {Py_mp_ass_subscript, mmap_ass_subscript},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "mmap_reference.mmap",
    .basicsize = sizeof(MmapObject),
    .flags = (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC
              | Py_TPFLAGS_IMMUTABLETYPE),
    .slots = slots,
};

PyTypeObject *
mmap_make_type(PyObject *module)
{
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}

#endif
