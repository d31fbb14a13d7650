/* pycompat.h: what differs between CPython 3.9 and 3.15.  The only file,
   besides static_type.c, that looks at the version of Python. */

#ifndef MMAP_PYCOMPAT_H
#define MMAP_PYCOMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* Free-threaded builds serialise the operations on one object; elsewhere
   the GIL does.  The pair opens and closes a block: no return inside. */
#if PY_VERSION_HEX >= 0x030D0000
#define MMAP_LOCK(self) Py_BEGIN_CRITICAL_SECTION(self)
#define MMAP_UNLOCK() Py_END_CRITICAL_SECTION()
#else
#define MMAP_LOCK(self) {
#define MMAP_UNLOCK() }
#endif

/* The value of an int of one digit.  False means: ask the long way. */
static inline bool
small_int(PyObject *value, Py_ssize_t *result)
{
#if PY_VERSION_HEX >= 0x030C0000
    if (PyLong_CheckExact(value)
        && PyUnstable_Long_IsCompact((PyLongObject *)value))
    {
        *result = PyUnstable_Long_CompactValue((PyLongObject *)value);
        return true;
    }
#else
    (void)value;
    (void)result;
#endif
    return false;
}

/* Objects that are never freed, and that every interpreter may use. */
#if PY_VERSION_HEX >= 0x030E0000
#define MMAP_HAS_IMMORTALS 1
#define is_immortal(object) PyUnstable_IsImmortal(object)
#elif PY_VERSION_HEX >= 0x030C0000
#define MMAP_HAS_IMMORTALS 1
#define is_immortal(object) _Py_IsImmortal(object)
#else
#define MMAP_HAS_IMMORTALS 0
#endif

/* Member descriptors moved into Python.h. */
#if PY_VERSION_HEX >= 0x030C0000
#define MMAP_MEMBER_SSIZE Py_T_PYSSIZET
#define MMAP_MEMBER_READONLY Py_READONLY
#else
#include <structmember.h>
#define MMAP_MEMBER_SSIZE T_PYSSIZET
#define MMAP_MEMBER_READONLY READONLY
#endif

/* Heap types could not be made immutable before 3.10. */
#if PY_VERSION_HEX >= 0x030A0000
#define MMAP_HEAP_TYPE 1
#else
#define MMAP_HEAP_TYPE 0
#endif

#endif
