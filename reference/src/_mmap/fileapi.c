/* fileapi.c: what makes a map look like a file: position, reading, writing,
   searching, and moving bytes about. */

#include "mmap_object.h"

#include "args.h"
#include "byte_objects.h"
#include "errors.h"
#include "memory.h"
#include "quick.h"
#include "search.h"
#include "touch.h"

#include <stdio.h>

static PyObject *
read_lock_held(MmapObject *self, Py_ssize_t count)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t left = remaining(self);
    if (count < 0 || count > left) {
        count = left;
    }
    return mmap_take_lock_held(self, count);
}

PyObject *
mmap_read(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t count = -1;
    PyObject *result;

    if (arg_count("read", nargs, 0, 1) < 0) {
        return NULL;
    }
    if (nargs > 0 && arg_optional_ssize(args[0], &count) < 0) {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_READ);
    result = read_lock_held((MmapObject *)op, count);
    MMAP_UNLOCK();
    return result;
}

static PyObject *
read_byte_lock_held(MmapObject *self, Py_ssize_t Py_UNUSED(unused))
{
    if (remaining(self) == 0) {
        return is_closed(self) ? raise_closed()
                               : raise_value("read byte out of range");
    }

    unsigned char byte;
    int unsettled = mem_get(self->map.data + self->pos, &byte);
    if (unsettled != 0) {
        return quick_settle(self, unsettled, read_byte_lock_held, 0);
    }
    self->pos++;
    return byte_as_int(byte);
}

PyObject *
mmap_read_byte(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return quick_do(op, HOLD_READ, read_byte_lock_held, 0);
}

/* The bytes of the next line; -1 if it does not end among the first `reach`
   of those that are left. */
static int
line_size_lock_held(MmapObject *self, Py_ssize_t reach, Py_ssize_t *size)
{
    if (is_closed(self)) {
        (void)raise_closed();
        return -1;
    }
    Py_ssize_t left = remaining(self);
    *size = left;
    if (left == 0) {
        return 0;
    }

    size_t found;
    int error = mem_find_byte(self->map.data + self->pos,
                              (size_t)(left < reach ? left : reach), '\n',
                              &found);
    if (error != 0) {
        (void)raise_os(error);
        return -1;
    }
    if (found != SEARCH_ABSENT) {
        *size = (Py_ssize_t)found + 1;
    }
    else if (left > reach) {
        *size = -1;
    }
    return 0;
}

/* A line whose first bytes, as many as a short touch has, hold no end: others
   run while it is looked for, and then while it is copied.  NULL without an
   exception where they have made another line of it in between. */
static PyObject *
long_line_lock_held(MmapObject *self)
{
    static const unsigned char line_end = '\n';
    Py_ssize_t size = remaining(self);
    size_t found;

    int error = touch_find(self, self->map.data + self->pos + TOUCH_LONG,
                           (size_t)size - TOUCH_LONG, &line_end, 1, &found);
    if (error != 0) {
        return raise_os(error);
    }
    if (found != SEARCH_ABSENT) {
        size = (Py_ssize_t)(TOUCH_LONG + found + 1);
    }
    PyObject *line = PyBytes_FromStringAndSize(NULL, size);
    if (line == NULL) {
        return NULL;
    }
    mmap_wait(self, HOLD_CHANGE);
    bool taken = false;
    if (!is_closed(self) && size <= remaining(self)) {
        error = touch_take_line(self,
                                (unsigned char *)PyBytes_AS_STRING(line),
                                (size_t)size, &taken);
    }
    if (!taken) {
        Py_DECREF(line);
        return error != 0 ? raise_os(error) : NULL;
    }
    return line;
}

/* The end is further away than a short touch reaches. */
QUICK_RARE static PyObject *
readline_far(MmapObject *self)
{
    Py_ssize_t size;
    PyObject *line = long_line_lock_held(self);

    if (line != NULL || PyErr_Occurred()) {
        return line;
    }
    mmap_wait(self, HOLD_CHANGE);
    return line_size_lock_held(self, PY_SSIZE_T_MAX, &size) < 0
        ? NULL : mmap_take_lock_held(self, size);
}

static PyObject *
readline_lock_held(MmapObject *self, Py_ssize_t Py_UNUSED(unused))
{
    Py_ssize_t size;

    if (line_size_lock_held(self, (Py_ssize_t)TOUCH_LONG, &size) < 0) {
        return NULL;
    }
    return size >= 0 ? mmap_take_lock_held(self, size) : readline_far(self);
}

PyObject *
mmap_readline(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return quick_do(op, HOLD_READ, readline_lock_held, 0);
}

static PyObject *
write_lock_held(MmapObject *self, const struct arg_bytes *source)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (is_readonly(self)) {
        return raise_readonly();
    }
    if (self->pos > length_of(self) || source->size > remaining(self)) {
        return raise_value("data out of range");
    }
    PyObject *result = PyLong_FromSsize_t(source->size);
    if (result == NULL || source->size == 0) {
        return result;
    }

    int error = touch_copy_on(self, self->map.data + self->pos,
                              source->bytes, (size_t)source->size);
    if (error != 0) {
        Py_DECREF(result);
        return raise_os(error);
    }
    return result;
}

PyObject *
mmap_write(PyObject *op, PyObject *source)
{
    struct arg_bytes view;
    PyObject *result;

    if (arg_buffer(source, &view) < 0) {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_CHANGE);
    result = write_lock_held((MmapObject *)op, &view);
    MMAP_UNLOCK();

    arg_buffer_release(&view);
    return result;
}

static PyObject *
byte_written(MmapObject *self)
{
    self->pos++;
    Py_RETURN_NONE;
}

QUICK_RARE static PyObject *
settle_write_byte(MmapObject *self, int unsettled)
{
    int error = mem_settle(unsettled);
    return error != 0 ? raise_os(error) : byte_written(self);
}

QUICK_RARE static PyObject *
refuse_write_byte(MmapObject *self)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    return is_readonly(self) ? raise_readonly()
                             : raise_value("write byte out of range");
}

static PyObject *
write_byte_lock_held(MmapObject *self, Py_ssize_t byte)
{
    if (is_readonly(self) || remaining(self) == 0) {
        return refuse_write_byte(self);
    }

    int unsettled = mem_put(self->map.data + self->pos, (unsigned char)byte);
    return unsettled == 0 ? byte_written(self)
                          : settle_write_byte(self, unsettled);
}

QUICK_RARE static PyObject *
write_any_byte(PyObject *op, PyObject *value)
{
    unsigned char byte;

    if (arg_byte(value, &byte) < 0) {
        return NULL;
    }
    return quick_do(op, HOLD_CHANGE, write_byte_lock_held, byte);
}

PyObject *
mmap_write_byte(PyObject *op, PyObject *value)
{
    Py_ssize_t byte;

    return small_byte(value, &byte)
        ? quick_do(op, HOLD_CHANGE, write_byte_lock_held, byte)
        : write_any_byte(op, value);
}

/* Where `whence` counts from; -1 with an exception. */
static Py_ssize_t
origin_lock_held(MmapObject *self, int whence)
{
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return self->pos;
    case SEEK_END:
        return length_of(self);
    default:
        (void)raise_value("unknown seek type");
        return -1;
    }
}

static PyObject *
seek_lock_held(MmapObject *self, Py_ssize_t distance, int whence)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t origin = origin_lock_held(self, whence);
    if (origin < 0) {
        return NULL;
    }
    /* The origin may be behind the end, and the sum must not overflow. */
    if (distance > PY_SSIZE_T_MAX - origin
        || origin + distance < 0
        || origin + distance > length_of(self))
    {
        return raise_value("seek out of range");
    }
    PyObject *result = PyLong_FromSsize_t(origin + distance);
    if (result != NULL) {
        self->pos = origin + distance;
    }
    return result;
}

PyObject *
mmap_seek(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t distance;
    int whence = SEEK_SET;
    PyObject *result;

    if (arg_count("seek", nargs, 1, 2) < 0
        || arg_ssize(args[0], &distance) < 0
        || (nargs > 1 && arg_int(args[1], &whence) < 0))
    {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_READ);
    result = seek_lock_held((MmapObject *)op, distance, whence);
    MMAP_UNLOCK();
    return result;
}

PyObject *
mmap_seekable(PyObject *Py_UNUSED(op), PyObject *Py_UNUSED(ignored))
{
    Py_RETURN_TRUE;
}

static PyObject *
tell_lock_held(MmapObject *self, Py_ssize_t Py_UNUSED(unused))
{
    return is_closed(self) ? raise_closed() : PyLong_FromSsize_t(self->pos);
}

PyObject *
mmap_tell(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return quick_do(op, HOLD_READ, tell_lock_held, 0);
}

/* Fit a bound of a search to the length: negative ones count from the end,
   and nothing is before the start. */
static Py_ssize_t
clip_low(Py_ssize_t bound, Py_ssize_t length)
{
    if (bound >= 0) {
        return bound;
    }
    bound += length;
    return bound < 0 ? 0 : bound;
}

static PyObject *
find_lock_held(MmapObject *self, const struct arg_bytes *needle,
               Py_ssize_t start, Py_ssize_t end, bool backward)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t length = length_of(self);
    start = clip_low(start, length);
    end = clip_low(end, length);
    if (end > length) {
        end = length;
    }
    if (start > end) {
        return PyLong_FromLong(-1);
    }

    size_t found;
    const unsigned char *haystack = self->map.data + start;
    size_t n = (size_t)(end - start);
    size_t m = (size_t)needle->size;
    int error = backward
        ? touch_rfind(self, haystack, n, needle->bytes, m, &found)
        : touch_find(self, haystack, n, needle->bytes, m, &found);
    if (error != 0) {
        return raise_os(error);
    }
    return found == SEARCH_ABSENT
        ? PyLong_FromLong(-1)
        : PyLong_FromSsize_t(start + (Py_ssize_t)found);
}

/* The range that is searched by default: from the position to the end. */
static inline void
default_range(MmapObject *self, Py_ssize_t *start, Py_ssize_t *end)
{
    MMAP_LOCK_FOR(self, HOLD_READ);
    *start = self->pos;
    *end = length_of(self);
    MMAP_UNLOCK();
}

static inline bool
is_given(PyObject *const *args, Py_ssize_t nargs, Py_ssize_t place)
{
    return place < nargs && args[place] != Py_None;
}

/* Can it be converted without calling Python code? */
static inline bool
is_plain_bound(PyObject *const *args, Py_ssize_t nargs, Py_ssize_t place)
{
    return !is_given(args, nargs, place) || PyLong_CheckExact(args[place]);
}

/* `needle` is what args[0] holds. */
static PyObject *
find_needle(MmapObject *self, const struct arg_bytes *needle,
            PyObject *const *args, Py_ssize_t nargs, bool backward)
{
    Py_ssize_t start = 0;
    Py_ssize_t end = 0;
    PyObject *result;

    /* The defaults are those from before a bound's __index__ is called.
       Where none is, they are those of the moment of the search. */
    bool at_once = is_plain_bound(args, nargs, 1)
        && is_plain_bound(args, nargs, 2);
    if (!at_once) {
        default_range(self, &start, &end);
    }
    if ((nargs > 1 && arg_optional_ssize(args[1], &start) < 0)
        || (nargs > 2 && arg_optional_ssize(args[2], &end) < 0))
    {
        return NULL;
    }

    MMAP_LOCK_FOR(self, HOLD_READ);
    if (at_once && !is_given(args, nargs, 1)) {
        start = self->pos;
    }
    if (at_once && !is_given(args, nargs, 2)) {
        end = length_of(self);
    }
    result = find_lock_held(self, needle, start, end, backward);
    MMAP_UNLOCK();
    return result;
}

PyObject *
mmap_find(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    struct arg_bytes needle;

    if (arg_count("find", nargs, 1, 3) < 0
        || arg_buffer(args[0], &needle) < 0)
    {
        return NULL;
    }
    PyObject *result = find_needle((MmapObject *)op, &needle, args, nargs,
                                   false);
    arg_buffer_release(&needle);
    return result;
}

PyObject *
mmap_rfind(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    struct arg_bytes needle;

    if (arg_count("rfind", nargs, 1, 3) < 0
        || arg_buffer(args[0], &needle) < 0)
    {
        return NULL;
    }
    PyObject *result = find_needle((MmapObject *)op, &needle, args, nargs,
                                   true);
    arg_buffer_release(&needle);
    return result;
}

static PyObject *
move_lock_held(MmapObject *self, Py_ssize_t dest, Py_ssize_t src,
               Py_ssize_t count)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    if (is_readonly(self)) {
        return raise_readonly();
    }
    Py_ssize_t length = length_of(self);
    if (dest < 0 || src < 0 || count < 0 || count > length
        || dest > length - count || src > length - count)
    {
        return raise_value("source, destination, or count out of range");
    }

    int error = touch_copy(self, HOLD_CHANGE, self->map.data + dest,
                           self->map.data + src, (size_t)count);
    if (error != 0) {
        return raise_os(error);
    }
    Py_RETURN_NONE;
}

PyObject *
mmap_move(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t dest;
    Py_ssize_t src;
    Py_ssize_t count;
    PyObject *result;

    if (arg_count("move", nargs, 3, 3) < 0
        || arg_ssize(args[0], &dest) < 0
        || arg_ssize(args[1], &src) < 0
        || arg_ssize(args[2], &count) < 0)
    {
        return NULL;
    }

    MMAP_LOCK_FOR(op, HOLD_CHANGE);
    result = move_lock_held((MmapObject *)op, dest, src, count);
    MMAP_UNLOCK();
    return result;
}
