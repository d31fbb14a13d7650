/* signature_windows.c: the constructor's arguments on Windows.

   mmap(fileno, length, tagname=None, access=ACCESS_DEFAULT, offset=0, *,
        trackfd=True) */

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif

#include "construct.h"

#include "args.h"
#include "errors.h"

#include <windows.h>

const char mmap_doc[] = PyDoc_STR(
    "mmap(fileno, length, tagname=None, access=ACCESS_DEFAULT, offset=0,\n"
    "     *, trackfd=True)\n\n"
    "Map length bytes of a file, from offset, into memory.\n\n"
    "A length of 0 maps the file to its end; a length beyond it extends the\n"
    "file.  A fileno of -1 maps anonymous memory.  Maps of one\n"
    "tagname are the same memory.  The offset is a multiple of\n"
    "ALLOCATIONGRANULARITY.  With trackfd=False no handle of the file is\n"
    "kept, and size() and resize() raise ValueError.");

/* The arguments as given; NULL where left out. */
struct given {
    PyObject *fileno;
    PyObject *length;
    PyObject *tagname;
    PyObject *access;
    PyObject *offset;
    PyObject *trackfd;
};

static int
unpack(PyObject *args, PyObject *kwargs, struct given *given)
{
    static char *names[] = {"fileno", "length", "tagname", "access",
                            "offset", "trackfd", NULL};

    *given = (struct given){.fileno = NULL};
    return PyArg_ParseTupleAndKeywords(
        args, kwargs, "OO|OOO$O:mmap", names, &given->fileno,
        &given->length, &given->tagname, &given->access, &given->offset,
        &given->trackfd) ? 0 : -1;
}

static int
convert_tag(PyObject *value, wchar_t **tag)
{
    if (value == NULL || value == Py_None) {
        return 0;
    }
    if (!PyUnicode_Check(value)) {
        (void)raise_type("mmap tagname must be str or None");
        return -1;
    }
    *tag = PyUnicode_AsWideCharString(value, NULL);
    return *tag == NULL ? -1 : 0;
}

static int
convert(const struct given *given, struct construction *what, int *access)
{
    if (arg_int(given->fileno, &what->fileno) < 0
        || arg_ssize(given->length, &what->length) < 0
        || convert_tag(given->tagname, &what->tag) < 0
        || (given->access && arg_int(given->access, access) < 0)
        || (given->offset && arg_int64(given->offset, &what->offset) < 0))
    {
        return -1;
    }
    return construction_set_track(what, given->trackfd);
}

/* Say `access` in terms of the memory's protection. */
static int
resolve_access(struct construction *what, int access)
{
    what->prot = access == ACCESS_READ ? PAGE_READONLY
        : access == ACCESS_COPY ? PAGE_WRITECOPY : PAGE_READWRITE;
    return construction_set_access(what, access);
}

int
signature_parse(PyObject *args, PyObject *kwargs, struct construction *what)
{
    struct given given;
    int access = ACCESS_DEFAULT;

    *what = (struct construction){.fileno = OS_NO_FILE};
    if (unpack(args, kwargs, &given) < 0
        || convert(&given, what, &access) < 0
        || construction_audit(what, access) < 0
        || resolve_access(what, access) < 0)
    {
        return -1;
    }
    return construction_check_range(what);
}
