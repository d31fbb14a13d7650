/* quick.h: the way of methods that are over in nanoseconds.

   Where a function may have to wait, or to clear up, in the middle, the
   compiler saves registers at its start, each time.  Here, what is rare is a
   function of its own, and the last thing that its caller does. */

#ifndef MMAP_QUICK_H
#define MMAP_QUICK_H

#include "mmap_object.h"

/* For functions that are called rarely, and stay out of their callers. */
#if defined(__GNUC__)
#define QUICK_RARE __attribute__((cold, noinline))
#else
#define QUICK_RARE
#endif

/* A method, from when it has the lock; `argument` is what was converted. */
typedef PyObject *(*quick_operation)(MmapObject *self, Py_ssize_t argument);

/* Wait as mmap_wait does, then do it. */
PyObject *quick_after_wait(MmapObject *self, enum hold_mode mode,
                           quick_operation operation, Py_ssize_t argument);

/* Lock, and do it, as soon as it goes together with what is under way. */
static inline PyObject *
quick_do(PyObject *op, enum hold_mode mode, quick_operation operation,
         Py_ssize_t argument)
{
    MmapObject *self = (MmapObject *)op;
    PyObject *result;

    MMAP_LOCK(op);
    result = hold_is_free(&self->hold)
        ? operation(self, argument)
        : quick_after_wait(self, mode, operation, argument);
    MMAP_UNLOCK();
    return result;
}

/* What to do when mem_get has not returned 0, and nothing has changed yet:
   raise, or do the operation again. */
PyObject *quick_settle(MmapObject *self, int unsettled,
                       quick_operation operation, Py_ssize_t argument);

#endif
