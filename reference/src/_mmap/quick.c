/* quick.c: what quick methods do rarely. */

#include "quick.h"

#include "errors.h"
#include "memory.h"

PyObject *
quick_after_wait(MmapObject *self, enum hold_mode mode,
                 quick_operation operation, Py_ssize_t argument)
{
    mmap_wait_rarely(self, mode);
    return operation(self, argument);
}

PyObject *
quick_settle(MmapObject *self, int unsettled, quick_operation operation,
             Py_ssize_t argument)
{
    int error = mem_settle(unsettled);
    return error != 0 ? raise_os(error) : operation(self, argument);
}
