/* construct.h: what the constructor's signature, which differs by platform,
   tells the part that does not. */

#ifndef MMAP_CONSTRUCT_H
#define MMAP_CONSTRUCT_H

#include "mmap_object.h"

/* The constructor's arguments, checked, and with `access` resolved. */
struct construction {
    int fileno;
    Py_ssize_t length;          /* 0: to the end of the file */
    int64_t offset;
    int flags;                  /* native */
    int prot;                   /* native */
    enum access_mode access;
    bool track_file;
};

/* In signature_posix.c.  0, or -1 with an exception set. */
int signature_parse(PyObject *args, PyObject *kwargs,
                    struct construction *what);

#endif
