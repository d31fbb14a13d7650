/* mmap_object.h: the object, and what its methods share. */

#ifndef MMAP_OBJECT_H
#define MMAP_OBJECT_H

#include "pycompat.h"

#include "hold.h"
#include "os.h"

/* Values of the constructor's `access`, and of the ACCESS_* constants. */
enum access_mode {
    ACCESS_DEFAULT,
    ACCESS_READ,
    ACCESS_WRITE,
    ACCESS_COPY,
};

typedef struct {
    PyObject_HEAD
    struct os_mapping map;      /* .data is NULL: closed */
    Py_ssize_t pos;             /* may be behind the end after a shrink */
    Py_ssize_t exports;         /* buffers handed out and not yet released */
    enum access_mode access;    /* never changes */
    bool anonymous;             /* was made without a file; never changes */
    bool track_file;            /* trackfd; never changes */
    struct hold hold;           /* what other threads do without the lock */
    PyObject *weakrefs;
} MmapObject;

/* The lock step of a method that does not go together with every operation
   under way.  Ends with MMAP_UNLOCK(). */
#define MMAP_LOCK_FOR(self, mode) \
    MMAP_LOCK(self); \
    mmap_wait((MmapObject *)(self), mode)

/* In object.c. */

/* What mmap_wait does where the memory is not free: wait for others, or,
   before the first operation on a map, see to it that it is guarded. */
void mmap_wait_rarely(MmapObject *self, enum hold_mode mode);

/* Both may let go of the lock: check everything afterwards. */
static inline void
mmap_wait(MmapObject *self, enum hold_mode mode)
{
    if (!hold_is_free(&self->hold)) {
        mmap_wait_rarely(self, mode);
    }
}

/* Make the type for a module; a new reference, or NULL. */
PyTypeObject *mmap_make_type(PyObject *module);

/* The state that only the holder of the lock may ask for. */
static inline bool
is_closed(const MmapObject *self)
{
    return self->map.data == NULL;
}

static inline bool
is_readonly(const MmapObject *self)
{
    return self->access == ACCESS_READ;
}

static inline Py_ssize_t
length_of(const MmapObject *self)
{
    return (Py_ssize_t)self->map.size;
}

/* Bytes from the position to the end; 0 when the position is behind it. */
static inline Py_ssize_t
remaining(const MmapObject *self)
{
    Py_ssize_t length = length_of(self);
    return self->pos < length ? length - self->pos : 0;
}

/* Fails on a closed map; takes the lock itself. */
int mmap_check_open(MmapObject *self);

/* Copy `count` bytes out, as bytes. */
PyObject *mmap_bytes_lock_held(MmapObject *self, Py_ssize_t start,
                               Py_ssize_t count);

/* The same from the position, and advance it. */
PyObject *mmap_take_lock_held(MmapObject *self, Py_ssize_t count);

/* Slots of the type, by file. */

/* construct.c */
PyObject *mmap_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/* signature_posix.c, signature_windows.c */
extern const char mmap_doc[];

/* object.c */
void mmap_dealloc(PyObject *op);
int mmap_traverse(PyObject *op, visitproc visit, void *arg);
PyObject *mmap_repr(PyObject *op);
int mmap_getbuffer(PyObject *op, Py_buffer *view, int flags);
void mmap_releasebuffer(PyObject *op, Py_buffer *view);
extern PyMethodDef mmap_methods[];
extern PyGetSetDef mmap_getset[];
extern PyMemberDef mmap_members[];

/* sequence.c */
Py_ssize_t mmap_length(PyObject *op);
PyObject *mmap_item(PyObject *op, Py_ssize_t index);
int mmap_ass_item(PyObject *op, Py_ssize_t index, PyObject *value);
PyObject *mmap_subscript(PyObject *op, PyObject *key);
int mmap_ass_subscript(PyObject *op, PyObject *key, PyObject *value);

/* fileapi.c */
PyObject *mmap_read(PyObject *op, PyObject *const *args, Py_ssize_t nargs);
PyObject *mmap_read_byte(PyObject *op, PyObject *ignored);
PyObject *mmap_readline(PyObject *op, PyObject *ignored);
PyObject *mmap_write(PyObject *op, PyObject *source);
PyObject *mmap_write_byte(PyObject *op, PyObject *value);
PyObject *mmap_seek(PyObject *op, PyObject *const *args, Py_ssize_t nargs);
PyObject *mmap_seekable(PyObject *op, PyObject *ignored);
PyObject *mmap_tell(PyObject *op, PyObject *ignored);
PyObject *mmap_find(PyObject *op, PyObject *const *args, Py_ssize_t nargs);
PyObject *mmap_rfind(PyObject *op, PyObject *const *args, Py_ssize_t nargs);
PyObject *mmap_move(PyObject *op, PyObject *const *args, Py_ssize_t nargs);

/* control.c */
PyObject *mmap_close(PyObject *op, PyObject *ignored);
PyObject *mmap_enter(PyObject *op, PyObject *ignored);
PyObject *mmap_exit(PyObject *op, PyObject *const *args, Py_ssize_t nargs);
PyObject *mmap_size(PyObject *op, PyObject *ignored);
PyObject *mmap_flush(PyObject *op, PyObject *const *args, Py_ssize_t nargs,
                     PyObject *kwnames);
PyObject *mmap_madvise(PyObject *op, PyObject *const *args,
                       Py_ssize_t nargs);
PyObject *mmap_resize(PyObject *op, PyObject *newsize);
PyObject *mmap_set_name(PyObject *op, PyObject *name);

#endif
