/* signature_posix.c: the constructor's arguments on POSIX systems.

   mmap(fileno, length, flags=MAP_SHARED, prot=PROT_WRITE|PROT_READ,
        access=ACCESS_DEFAULT, offset=0, *, trackfd=True) */

#include "construct.h"

#include "args.h"
#include "errors.h"

#include <sys/mman.h>

const char mmap_doc[] = PyDoc_STR(
    "mmap(fileno, length, flags=MAP_SHARED, prot=PROT_READ|PROT_WRITE,\n"
    "     access=ACCESS_DEFAULT, offset=0, *, trackfd=True)\n\n"
    "Map length bytes of a file, from offset, into memory.\n\n"
    "A length of 0 maps the file to its end.  A fileno of -1 maps anonymous\n"
    "memory.  flags and prot are those of mmap(2); access is a portable way\n"
    "to say the same, and excludes them.  The offset is a multiple of\n"
    "ALLOCATIONGRANULARITY.  With trackfd=False no descriptor is kept, and\n"
    "size() and resize() raise ValueError.");

#define DEFAULT_FLAGS MAP_SHARED
#define DEFAULT_PROT (PROT_READ | PROT_WRITE)

/* The arguments as given; NULL where left out. */
struct given {
    PyObject *fileno;
    PyObject *length;
    PyObject *flags;
    PyObject *prot;
    PyObject *access;
    PyObject *offset;
    PyObject *trackfd;
};

static int
unpack(PyObject *args, PyObject *kwargs, struct given *given)
{
    static char *names[] = {"fileno", "length", "flags", "prot", "access",
                            "offset", "trackfd", NULL};

    *given = (struct given){.fileno = NULL};
    if (kwargs == NULL && PyTuple_GET_SIZE(args) == 2) {
        given->fileno = PyTuple_GET_ITEM(args, 0);
        given->length = PyTuple_GET_ITEM(args, 1);
        return 0;       /* most calls; the rest takes longer than fstat(2) */
    }
    return PyArg_ParseTupleAndKeywords(
        args, kwargs, "OO|OOOO$O:mmap", names, &given->fileno,
        &given->length, &given->flags, &given->prot, &given->access,
        &given->offset, &given->trackfd) ? 0 : -1;
}

static int
convert(const struct given *given, struct construction *what, int *access)
{
    if (arg_int(given->fileno, &what->fileno) < 0
        || arg_ssize(given->length, &what->length) < 0
        || (given->flags && arg_int(given->flags, &what->flags) < 0)
        || (given->prot && arg_int(given->prot, &what->prot) < 0)
        || (given->access && arg_int(given->access, access) < 0)
        || (given->offset && arg_int64(given->offset, &what->offset) < 0))
    {
        return -1;
    }
    return construction_set_track(what, given->trackfd);
}

/* What a protection amounts to, where `access` was not given. */
static enum access_mode
access_of(int prot)
{
    if (!(prot & PROT_WRITE)) {
        return ACCESS_READ;
    }
    return prot & PROT_READ ? ACCESS_DEFAULT : ACCESS_WRITE;
}

/* Say `access` in terms of flags and prot, which it excludes. */
static int
resolve_access(struct construction *what, int access)
{
    if (access == ACCESS_DEFAULT) {
        what->access = access_of(what->prot);
        return 0;
    }
    if (what->flags != DEFAULT_FLAGS || what->prot != DEFAULT_PROT) {
        (void)raise_value("mmap can't specify both access and flags, prot.");
        return -1;
    }
    if (access == ACCESS_READ) {
        what->prot = PROT_READ;
    }
    else if (access == ACCESS_COPY) {
        what->flags = MAP_PRIVATE;
    }
    return construction_set_access(what, access);
}

int
signature_parse(PyObject *args, PyObject *kwargs, struct construction *what)
{
    struct given given;
    int access = ACCESS_DEFAULT;

    *what = (struct construction){
        .flags = DEFAULT_FLAGS,
        .prot = DEFAULT_PROT,
    };
    if (unpack(args, kwargs, &given) < 0
        || convert(&given, what, &access) < 0
        || construction_check_range(what) < 0)
    {
        return -1;
    }
    if (resolve_access(what, access) < 0) {
        return -1;
    }
    return construction_audit(what, (int)what->access);
}
