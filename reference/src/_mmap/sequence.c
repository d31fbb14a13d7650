/* sequence.c: len, m[i], m[a:b:c], their assignment, and iteration.

   m[i] is an int; the old sequence protocol, by which maps are iterated,
   yields bytes of length 1. */

#include "mmap_object.h"

#include "args.h"
#include "byte_objects.h"
#include "errors.h"
#include "memory.h"
#include "quick.h"
#include "touch.h"

/* The length where it cannot be had at once. */
QUICK_RARE static Py_ssize_t
await_length(MmapObject *self)
{
    mmap_wait(self, HOLD_KEEP);
    if (is_closed(self)) {
        (void)raise_closed();
        return -1;
    }
    return length_of(self);
}

Py_ssize_t
mmap_length(PyObject *op)
{
    MmapObject *self = (MmapObject *)op;
    Py_ssize_t result;

    MMAP_LOCK(self);
    result = hold_is_free(&self->hold) && !is_closed(self)
        ? length_of(self) : await_length(self);
    MMAP_UNLOCK();
    return result;
}

/* Negative indices count from the end. */
static inline Py_ssize_t
wrapped(const MmapObject *self, Py_ssize_t index)
{
    return index < 0 ? index + length_of(self) : index;
}

/* Is there such a byte?  There is none in a closed map. */
static inline bool
has_index(const MmapObject *self, Py_ssize_t index)
{
    return index >= 0 && index < length_of(self);
}

QUICK_RARE static PyObject *
refuse_index(MmapObject *self)
{
    return is_closed(self) ? raise_closed() : raise_index_range();
}

static PyObject *
item_lock_held(MmapObject *self, Py_ssize_t index)
{
    if (!has_index(self, index)) {
        return refuse_index(self);
    }

    unsigned char byte;
    int unsettled = mem_get(self->map.data + index, &byte);
    return unsettled == 0
        ? byte_as_bytes(byte)
        : quick_settle(self, unsettled, item_lock_held, index);
}

PyObject *
mmap_item(PyObject *op, Py_ssize_t index)
{
    return quick_do(op, HOLD_READ, item_lock_held, index);
}

/* 0, or -1 with the exception for an error number. */
static inline int
done(int error)
{
    if (error != 0) {
        (void)raise_os(error);
        return -1;
    }
    return 0;
}

QUICK_RARE static int
settle_put(int unsettled)
{
    return done(mem_settle(unsettled));
}

static int
put_lock_held(MmapObject *self, Py_ssize_t index, bool wrap,
              unsigned char byte)
{
    if (wrap) {
        index = wrapped(self, index);
    }
    if (!has_index(self, index)) {
        (void)refuse_index(self);
        return -1;
    }

    int unsettled = mem_put(self->map.data + index, byte);
    return unsettled == 0 ? 0 : settle_put(unsettled);
}

static int
put(MmapObject *self, Py_ssize_t index, bool wrap, unsigned char byte)
{
    int result;

    MMAP_LOCK_FOR(self, HOLD_CHANGE);
    result = put_lock_held(self, index, wrap, byte);
    MMAP_UNLOCK();
    return result;
}

int
mmap_ass_item(PyObject *op, Py_ssize_t index, PyObject *value)
{
    MmapObject *self = (MmapObject *)op;

    if (is_readonly(self)) {
        (void)raise_readonly();
        return -1;
    }
    if (value == NULL) {
        (void)raise_item_deletion();
        return -1;
    }
    if (!PyBytes_Check(value) || PyBytes_GET_SIZE(value) != 1) {
        (void)raise_slice_size();
        return -1;
    }
    return put(self, index, false,
               (unsigned char)PyBytes_AS_STRING(value)[0]);
}

static PyObject *
get_lock_held(MmapObject *self, Py_ssize_t index)
{
    index = wrapped(self, index);
    if (!has_index(self, index)) {
        return refuse_index(self);
    }

    unsigned char byte;
    int unsettled = mem_get(self->map.data + index, &byte);
    return unsettled == 0
        ? byte_as_int(byte)
        : quick_settle(self, unsettled, get_lock_held, index);
}

static PyObject *
get(MmapObject *self, Py_ssize_t index)
{
    return quick_do((PyObject *)self, HOLD_READ, get_lock_held, index);
}

static PyObject *
get_index(MmapObject *self, PyObject *key)
{
    Py_ssize_t index;

    return arg_index(key, &index) < 0 ? NULL : get(self, index);
}

/* A slice before its bounds are known. */
struct range {
    Py_ssize_t start;
    Py_ssize_t stop;
    Py_ssize_t step;
};

/* A bound of a slice that needs no conversion. */
static inline bool
small_bound(PyObject *bound, Py_ssize_t by_default, Py_ssize_t *result)
{
    *result = by_default;
    return bound == Py_None || small_int(bound, result);
}

/* Most slices have a step of 1 and plain small ints: no Python code is run
   for those.  Other functions take such a start and stop as arguments of
   their own: a struct goes by way of memory, and to read it as one, right
   after it was written in pieces, takes longer than all the rest. */
static inline bool
small_slice(PyObject *slice, Py_ssize_t *start, Py_ssize_t *stop)
{
    const PySliceObject *bounds = (PySliceObject *)slice;

    return bounds->step == Py_None
        && small_bound(bounds->start, 0, start)
        && small_bound(bounds->stop, PY_SSIZE_T_MAX, stop);
}

static inline int
arg_range(PyObject *slice, struct range *range)
{
    range->step = 1;
    if (small_slice(slice, &range->start, &range->stop)) {
        return 0;
    }
    return PySlice_Unpack(slice, &range->start, &range->stop, &range->step);
}

static inline Py_ssize_t
clip(Py_ssize_t bound, Py_ssize_t length)
{
    if (bound < 0) {
        bound += length;
        return bound < 0 ? 0 : bound;
    }
    return bound > length ? length : bound;
}

/* Fit a slice of step 1 to the state as it is now; the number of bytes it
   has. */
static inline Py_ssize_t
fit_part_lock_held(MmapObject *self, Py_ssize_t *start, Py_ssize_t stop)
{
    *start = clip(*start, length_of(self));
    stop = clip(stop, length_of(self));
    return stop > *start ? stop - *start : 0;
}

static PyObject *
get_part_lock_held(MmapObject *self, Py_ssize_t start, Py_ssize_t stop)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t count = fit_part_lock_held(self, &start, stop);
    return mmap_bytes_lock_held(self, start, count);
}

/* m[start:stop] */
static PyObject *
get_part(MmapObject *self, Py_ssize_t start, Py_ssize_t stop)
{
    PyObject *result;

    MMAP_LOCK_FOR(self, HOLD_READ);
    result = get_part_lock_held(self, start, stop);
    MMAP_UNLOCK();
    return result;
}

static PyObject *
get_steps_lock_held(MmapObject *self, struct range *range)
{
    if (is_closed(self)) {
        return raise_closed();
    }
    Py_ssize_t count = PySlice_AdjustIndices(length_of(self), &range->start,
                                             &range->stop, range->step);
    if (count <= 1) {
        return mmap_bytes_lock_held(self, range->start, count);
    }

    PyObject *result = PyBytes_FromStringAndSize(NULL, count);
    if (result == NULL) {
        return NULL;
    }
    int error = touch_gather(self,
                             (unsigned char *)PyBytes_AS_STRING(result),
                             self->map.data + range->start, range->step,
                             (size_t)count);
    if (error != 0) {
        Py_DECREF(result);
        return raise_os(error);
    }
    return result;
}

/* m[start:stop:step] */
static PyObject *
get_steps(MmapObject *self, struct range *range)
{
    PyObject *result;

    MMAP_LOCK_FOR(self, HOLD_READ);
    result = get_steps_lock_held(self, range);
    MMAP_UNLOCK();
    return result;
}

static PyObject *
get_slice(MmapObject *self, PyObject *slice)
{
    struct range range;

    if (arg_range(slice, &range) < 0) {
        return NULL;
    }
    return range.step == 1 ? get_part(self, range.start, range.stop)
                           : get_steps(self, &range);
}

PyObject *
mmap_subscript(PyObject *op, PyObject *key)
{
    MmapObject *self = (MmapObject *)op;
    Py_ssize_t index;
    Py_ssize_t stop;

    if (small_int(key, &index)) {
        return get(self, index);
    }
    if (PySlice_Check(key) && small_slice(key, &index, &stop)) {
        return get_part(self, index, stop);
    }
    if (mmap_check_open(self) < 0) {
        return NULL;
    }
    if (PySlice_Check(key)) {
        return get_slice(self, key);
    }
    if (PyIndex_Check(key)) {
        return get_index(self, key);
    }
    return raise_key_type();
}

static int
assign_index(MmapObject *self, PyObject *key, PyObject *value)
{
    Py_ssize_t index;
    unsigned char byte;

    if (arg_index(key, &index) < 0) {
        return -1;
    }
    if (value == NULL) {
        (void)raise_item_deletion();
        return -1;
    }
    if (arg_item(value, &byte) < 0) {
        return -1;
    }
    return put(self, index, true, byte);
}

/* Do n bytes from `source` share memory with the map? */
static bool
overlaps(const MmapObject *self, const unsigned char *source, size_t n)
{
    uintptr_t begin = (uintptr_t)self->map.data;
    uintptr_t other = (uintptr_t)source;
    return other < begin + self->map.size && begin < other + n;
}

/* Spread bytes that may lie in the map themselves: by way of a copy. */
static int
scatter_alias(unsigned char *target, Py_ssize_t step,
              const unsigned char *source, size_t n)
{
    unsigned char *copy = PyMem_Malloc(n);
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int error = mem_copy(copy, source, n);
    if (error == 0) {
        error = mem_scatter(target, step, copy, n);
    }
    PyMem_Free(copy);
    return done(error);
}

static int
put_part_lock_held(MmapObject *self, Py_ssize_t start, Py_ssize_t stop,
                   const struct arg_bytes *source)
{
    if (is_closed(self)) {
        (void)raise_closed();
        return -1;
    }
    Py_ssize_t count = fit_part_lock_held(self, &start, stop);
    if (count != source->size) {
        (void)raise_slice_size();
        return -1;
    }

    return done(touch_copy(self, HOLD_CHANGE, self->map.data + start,
                           source->bytes, (size_t)count));
}

static int
put_steps_lock_held(MmapObject *self, struct range *range,
                    const struct arg_bytes *source)
{
    if (is_closed(self)) {
        (void)raise_closed();
        return -1;
    }
    Py_ssize_t count = PySlice_AdjustIndices(length_of(self), &range->start,
                                             &range->stop, range->step);
    if (count != source->size) {
        (void)raise_slice_size();
        return -1;
    }
    if (count == 0) {
        return 0;
    }

    unsigned char *target = self->map.data + range->start;
    size_t n = (size_t)count;
    return overlaps(self, source->bytes, n)
        ? scatter_alias(target, range->step, source->bytes, n)
        : done(touch_scatter(self, target, range->step, source->bytes, n));
}

static int
put_slice(MmapObject *self, struct range *range,
          const struct arg_bytes *source)
{
    int result;

    MMAP_LOCK_FOR(self, HOLD_CHANGE);
    result = range->step == 1
        ? put_part_lock_held(self, range->start, range->stop, source)
        : put_steps_lock_held(self, range, source);
    MMAP_UNLOCK();
    return result;
}

static int
assign_slice(MmapObject *self, PyObject *slice, PyObject *value)
{
    struct range range;
    struct arg_bytes source;

    if (arg_range(slice, &range) < 0) {
        return -1;
    }
    if (value == NULL) {
        (void)raise_slice_deletion();
        return -1;
    }
    if (arg_buffer(value, &source) < 0) {
        return -1;
    }
    int result = put_slice(self, &range, &source);
    arg_buffer_release(&source);
    return result;
}

int
mmap_ass_subscript(PyObject *op, PyObject *key, PyObject *value)
{
    MmapObject *self = (MmapObject *)op;

    if (is_readonly(self)) {
        (void)raise_readonly();
        return -1;
    }
    if (PySlice_Check(key)) {
        return assign_slice(self, key, value);
    }
    if (PyIndex_Check(key)) {
        return assign_index(self, key, value);
    }
    (void)raise_key_type();
    return -1;
}
