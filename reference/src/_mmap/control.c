/* control.c: methods that act on the map as a whole, and ask the operating
   system to: closing, size, flush, madvise, resize, names. */

#include "mmap_object.h"

#include "args.h"
#include "errors.h"
#include "guard.h"
#include "memory.h"
#include "touch.h"

#include <string.h>

/* Something that puts another mapping, or none, in the place of one. */
typedef int (*replacement)(struct os_mapping *map, size_t size);

static int
unmap(struct os_mapping *map, size_t Py_UNUSED(size))
{
    return os_unmap(map);
}

/* A process that is forked off in the middle would have half of it only. */
static int
replace_unforked(struct os_mapping *map, replacement replace, size_t size)
{
    int error = os_keep_forks_out();
    if (error == 0) {
        error = replace(map, size);
        os_let_forks_in();
    }
    return error;
}

/* Little memory without a file is replaced before another thread has started,
   and holds nobody up. */
static bool
is_over_soon(const MmapObject *self, size_t size)
{
    return self->anonymous && size < TOUCH_LONG
        && self->map.size < TOUCH_LONG;
}

/* Let other threads run while the system gives memory back, cuts the file or
   extends it, if that takes time and the mapping can be held meanwhile. */
static int
replace_held(MmapObject *self, replacement replace, size_t size)
{
    int error;

    if (is_over_soon(self, size)
        || !hold_begin(&self->hold, HOLD_REPLACE))
    {
        return replace_unforked(&self->map, replace, size);
    }
    Py_BEGIN_ALLOW_THREADS
    error = replace_unforked(&self->map, replace, size);
    hold_end(&self->hold, HOLD_REPLACE);
    Py_END_ALLOW_THREADS
    return error;
}

static PyObject *
close_lock_held(MmapObject *self)
{
    if (self->exports > 0) {
        return raise_exported("cannot close exported pointers exist");
    }
    if (is_closed(self)) {
        Py_RETURN_NONE;
    }
    int error = replace_held(self, unmap, 0);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_close(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    MmapObject *self = (MmapObject *)op;
    PyObject *result;

    MMAP_LOCK(op);
    hold_open(&self->hold);     /* to close it, nothing need be guarded */
    mmap_wait(self, HOLD_REPLACE);
    result = close_lock_held(self);
    MMAP_UNLOCK();
    return result;
}

PyObject *
mmap_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    if (mmap_check_open((MmapObject *)op) < 0) {
        return NULL;
    }
    Py_INCREF(op);
    return op;
}

PyObject *
mmap_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t nargs)
{
    if (arg_count("__exit__", nargs, 3, 3) < 0) {
        return NULL;
    }
    return mmap_close(op, NULL);
}

static PyObject *
size_lock_held(MmapObject *self)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (!self->track_file) {
        return raise_value("can't get size with trackfd=False");
    }
    if (self->anonymous) {
        return PyLong_FromSsize_t(length_of(self));
    }

    int64_t size;
    int error = os_file_size(&self->map, &size);
    return error != 0 ? raise_os(error) : PyLong_FromLongLong(size);
}

PyObject *
mmap_size(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *result;

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = size_lock_held((MmapObject *)op);
    MMAP_UNLOCK();
    return result;
}

/* The size that stands for "up to the end". */
#define FLUSH_REST (-1)

/* Let other threads run while the system writes, if the memory can be held
   meanwhile. */
static int
flush_held(MmapObject *self, size_t offset, size_t size, int flags)
{
    const struct os_mapping map = self->map;
    int error;

    if (!hold_begin(&self->hold, HOLD_KEEP)) {
        return os_flush(&map, offset, size, flags);
    }
    Py_BEGIN_ALLOW_THREADS
    error = os_flush(&map, offset, size, flags);
    hold_end(&self->hold, HOLD_KEEP);
    Py_END_ALLOW_THREADS
    return error;
}

static PyObject *
flush_lock_held(MmapObject *self, Py_ssize_t offset, Py_ssize_t size,
                int flags)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t length = length_of(self);
    if (offset < 0 || offset > length) {
        return raise_value("flush values out of range");
    }
    if (size == FLUSH_REST) {
        size = length - offset;
    }
    if (size < 0 || size > length - offset) {
        return raise_value("flush values out of range");
    }

    if (self->access == ACCESS_READ || self->access == ACCESS_COPY) {
        Py_RETURN_NONE;     /* nothing to write back */
    }
    int error = flush_held(self, (size_t)offset, (size_t)size, flags);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_flush(PyObject *op, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    Py_ssize_t offset = 0;
    Py_ssize_t size = FLUSH_REST;
    int flags = 0;
    PyObject *given_flags;
    PyObject *result;

    if (arg_count("flush", nargs, 0, 2) < 0
        || arg_keyword("flush", "flags", args, nargs, kwnames,
                       &given_flags) < 0
        || (nargs > 0 && arg_ssize(args[0], &offset) < 0)
        || (nargs > 1 && arg_ssize(args[1], &size) < 0)
        || (given_flags != NULL && arg_int(given_flags, &flags) < 0))
    {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = flush_lock_held((MmapObject *)op, offset, size, flags);
    MMAP_UNLOCK();
    return result;
}

#if OS_HAS_MADVISE

/* The same for advice, which may read a file ahead. */
static int
advise_held(MmapObject *self, size_t start, size_t length, int option)
{
    const struct os_mapping map = self->map;
    int error = guard_install(os_risk_of_advice(option));

    if (error != 0) {
        return error;
    }
    if (!hold_begin(&self->hold, HOLD_KEEP)) {
        return os_advise(&map, start, length, option);
    }
    Py_BEGIN_ALLOW_THREADS
    error = os_advise(&map, start, length, option);
    hold_end(&self->hold, HOLD_KEEP);
    Py_END_ALLOW_THREADS
    return error;
}

/* A length below 0 is an error; `to_end` asks for all from the start on. */
static PyObject *
madvise_lock_held(MmapObject *self, int option, Py_ssize_t start,
                  Py_ssize_t length, bool to_end)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (start < 0 || start >= length_of(self)) {
        return raise_value("madvise start out of bounds");
    }
    Py_ssize_t rest = length_of(self) - start;
    if (to_end) {
        length = rest;
    }
    if (length < 0) {
        return raise_value("madvise length invalid");
    }
    if (length > PY_SSIZE_T_MAX - start) {
        return raise_overflow("madvise length too large");
    }
    if (length > rest) {
        length = rest;
    }

    int error = advise_held(self, (size_t)start, (size_t)length, option);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_madvise(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    int option;
    Py_ssize_t start = 0;
    Py_ssize_t length = 0;
    PyObject *result;

    if (arg_count("madvise", nargs, 1, 3) < 0
        || arg_int(args[0], &option) < 0
        || (nargs > 1 && arg_ssize(args[1], &start) < 0)
        || (nargs > 2 && arg_optional_ssize(args[2], &length) < 0))
    {
        return NULL;
    }
    bool to_end = nargs < 3 || args[2] == Py_None;

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = madvise_lock_held((MmapObject *)op, option, start, length,
                               to_end);
    MMAP_UNLOCK();
    return result;
}

#endif

#if OS_HAS_RESIZE

/* How many of `size` bytes of a map its file has. */
static int
file_part(const struct os_mapping *map, size_t size, size_t *part)
{
    int64_t file_size;
    int error = os_file_size(map, &file_size);
    if (error == 0) {
        int64_t rest = file_size - map->offset;
        *part = rest < 0 ? 0 : rest < (int64_t)size ? (size_t)rest : size;
    }
    return error;
}

/* Take the growth of a private map back. */
static void
shrink_private(struct os_mapping *map, size_t size)
{
    if (map->size > size && os_resize(map, size) != 0 && map->size > size) {
        /* Address space that nobody uses is kept; should the map grow into
           it, it shows the file's bytes, which nobody has touched. */
        map->size = size;
    }
}

/* Go over to `fresh` memory, with the same bytes, and those of the file
   behind them: `part` bytes in all. */
static int
move_to_memory(struct os_mapping *map, const struct os_mapping *fresh,
               size_t part)
{
    size_t before = map->size;
    int error = part > before ? os_resize(map, part) : 0;
    if (error != 0) {
        return error;
    }
    error = mem_copy(fresh->data, map->data, map->size);
    if (error == 0) {
        error = os_replace(map, fresh);
    }
    if (error != 0) {
        shrink_private(map, before);
    }
    return error;
}

/* Grow a private map of a file.  The file is not to be extended for its
   sake, and memory behind its end cannot be used: the map shows first what
   the file has, and then becomes memory. */
static int
grow_private(struct os_mapping *map, size_t size)
{
    struct os_mapping fresh;
    size_t part;
    int error = file_part(map, size, &part);
    if (error != 0) {
        return error;
    }
    if (part == size) {
        return os_resize(map, size);
    }
    error = os_map_memory(map, size, &fresh);
    if (error != 0) {
        return error;
    }
    error = move_to_memory(map, &fresh, part);
    if (error != 0) {
        (void)os_unmap(&fresh);
    }
    return error;
}

static int
change_size(struct os_mapping *map, size_t size)
{
    if (map->backing == OS_FILE_PRIVATE && size > map->size) {
        return grow_private(map, size);
    }
    return os_resize(map, size);
}

static PyObject *
resize_lock_held(MmapObject *self, Py_ssize_t size)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (self->exports > 0) {
        return raise_exported(
            "mmap can't resize with extant buffers exported.");
    }
    if (!self->track_file) {
        return raise_value("mmap can't resize with trackfd=False.");
    }
    if (self->access == ACCESS_READ || self->access == ACCESS_COPY) {
        return raise_not_resizable();
    }
    if (size < 0 || size > (int64_t)PY_SSIZE_T_MAX - self->map.offset) {
        return raise_value("new size out of range");
    }
    if (self->map.backing == OS_MEMORY_SHARED && !OS_SHARED_MEMORY_GROWS
        && size > length_of(self)) {
        /* The new pages would have no memory behind them. */
        return raise_value(
            "mmap: can't expand a shared anonymous mapping");
    }

    int error = replace_held(self, change_size, (size_t)size);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_resize(PyObject *op, PyObject *newsize)
{
    Py_ssize_t size;
    PyObject *result;

    if (arg_ssize(newsize, &size) < 0) {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_REPLACE);
    result = resize_lock_held((MmapObject *)op, size);
    MMAP_UNLOCK();
    return result;
}

#endif

#if OS_HAS_ANNOTATE

/* What Linux takes: 80 bytes with the prefix and the final 0. */
#define NAME_PREFIX "cpython:mmap:"
#define NAME_ROOM 80

/* A name, as the system is to see it. */
static int
arg_name(PyObject *value, char name[NAME_ROOM])
{
    Py_ssize_t length;

    if (!PyUnicode_Check(value)) {
        (void)raise_type("set_name() argument must be str");
        return -1;
    }
    const char *text = PyUnicode_AsUTF8AndSize(value, &length);
    if (text == NULL) {
        return -1;
    }
    if (strlen(text) != (size_t)length) {
        (void)raise_value("embedded null character");
        return -1;
    }
    if (sizeof(NAME_PREFIX) + (size_t)length > NAME_ROOM) {
        (void)raise_value("name is too long");
        return -1;
    }
    memcpy(name, NAME_PREFIX, sizeof(NAME_PREFIX) - 1);
    memcpy(name + sizeof(NAME_PREFIX) - 1, text, (size_t)length + 1);
    return 0;
}

/* CPython names its memory when developing only, and in a debug build always:
   1, 0, or -1. */
static int
is_dev_mode(void)
{
#ifdef Py_DEBUG
    return 1;
#else
    PyObject *flags = PySys_GetObject("flags");     /* borrowed */
    if (flags == NULL) {
        return 0;
    }
    PyObject *dev_mode = PyObject_GetAttrString(flags, "dev_mode");
    if (dev_mode == NULL) {
        return -1;
    }
    int result = PyObject_IsTrue(dev_mode);
    Py_DECREF(dev_mode);
    return result;
#endif
}

static PyObject *
set_name_lock_held(MmapObject *self, const char *name, bool annotate)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (self->map.backing != OS_MEMORY_SHARED
        && self->map.backing != OS_MEMORY_PRIVATE)
    {
        return raise_value(
            "Cannot set annotation on non-anonymous mappings");
    }
    if (!annotate) {
        Py_RETURN_NONE;
    }

    int error = os_annotate(&self->map, name);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_set_name(PyObject *op, PyObject *value)
{
    char name[NAME_ROOM];
    PyObject *result;

    if (arg_name(value, name) < 0) {
        return NULL;
    }
    int annotate = is_dev_mode();
    if (annotate < 0) {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_KEEP);
    result = set_name_lock_held((MmapObject *)op, name, annotate);
    MMAP_UNLOCK();
    return result;
}

#endif
