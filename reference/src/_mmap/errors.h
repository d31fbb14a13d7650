/* errors.h: every exception of the module's own, raised in one place.

   Each returns NULL, so that a method can `return raise_...()`. */

#ifndef MMAP_ERRORS_H
#define MMAP_ERRORS_H

#include "pycompat.h"

/* OSError, or the subclass that belongs to a native error number. */
PyObject *raise_os(int error);

/* ValueError: the map is closed. */
PyObject *raise_closed(void);

/* TypeError: the map is read-only. */
PyObject *raise_readonly(void);

/* TypeError: the map is read-only or copy-on-write. */
PyObject *raise_not_resizable(void);

/* BufferError: somebody holds a buffer. */
PyObject *raise_exported(const char *message);

/* IndexError: an index outside of the map. */
PyObject *raise_index_range(void);

/* TypeError: a key that is neither an index nor a slice. */
PyObject *raise_key_type(void);

/* IndexError: as many bytes must be assigned as are replaced. */
PyObject *raise_slice_size(void);

/* TypeError: nothing can be deleted from a map. */
PyObject *raise_item_deletion(void);
PyObject *raise_slice_deletion(void);

/* ValueError, TypeError, OverflowError with a text of the method's own. */
PyObject *raise_value(const char *message);
PyObject *raise_type(const char *message);
PyObject *raise_overflow(const char *message);

/* TypeError: how many positional arguments there must be. */
PyObject *raise_count(const char *method, Py_ssize_t least, Py_ssize_t most,
                      Py_ssize_t given);

/* TypeError: a keyword that the method does not have. */
PyObject *raise_keyword(const char *method, PyObject *keyword);

#endif
