/* construct.h: what the constructor's signature, which differs by platform,
   tells the part that does not. */

#ifndef MMAP_CONSTRUCT_H
#define MMAP_CONSTRUCT_H

#include "mmap_object.h"

/* The constructor's arguments, checked and audited, and with `access`
   resolved. */
struct construction {
    int fileno;
    Py_ssize_t length;          /* 0: to the end of the file */
    int64_t offset;
    int flags;                  /* native */
    int prot;                   /* native */
    enum access_mode access;
    bool track_file;
    wchar_t *tag;               /* Windows; to be freed with PyMem_Free */
};

/* In signature_posix.c and signature_windows.c.  0, or -1 with an exception
   set; what is in the construction then has to be freed as well. */
int signature_parse(PyObject *args, PyObject *kwargs,
                    struct construction *what);

/* In construct.c, for these, which say in which order.  0, or -1 with an
   exception set. */
int construction_check_range(const struct construction *what);
int construction_set_access(struct construction *what, int access);
int construction_set_track(struct construction *what, PyObject *trackfd);
int construction_audit(const struct construction *what, int access);

#endif
