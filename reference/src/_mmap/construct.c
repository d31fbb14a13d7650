/* construct.c: mmap.__new__, from the checked arguments to the object.

   The memory is mapped before the object is made, so that a failure leaves
   neither a descriptor nor a half-made object with a __del__ behind. */

#include "construct.h"

#include "errors.h"
#include "guard.h"

int
construction_check_range(const struct construction *what)
{
    if (what->length < 0) {
        (void)raise_overflow("memory mapped length must be positive");
        return -1;
    }
    if (what->offset < 0) {
        (void)raise_overflow("memory mapped offset must be positive");
        return -1;
    }
    return 0;
}

/* `access` is a number as it was given. */
int
construction_set_access(struct construction *what, int access)
{
    if (access < ACCESS_DEFAULT || access > ACCESS_COPY) {
        (void)raise_value("mmap invalid access parameter.");
        return -1;
    }
    what->access = (enum access_mode)access;
    return 0;
}

/* `trackfd` as it was given, or NULL. */
int
construction_set_track(struct construction *what, PyObject *trackfd)
{
    int track = trackfd == NULL ? 1 : PyObject_IsTrue(trackfd);
    what->track_file = track > 0;
    return track < 0 ? -1 : 0;
}

int
construction_audit(const struct construction *what, int access)
{
    return PySys_Audit("mmap.__new__", "iniL", what->fileno, what->length,
                       access, (long long)what->offset);
}

/* Give the length its final value, for a file that has a size. */
static int
fit_to_file(struct construction *what, int64_t file_size)
{
    int64_t rest = file_size - what->offset;

    if (what->length > 0) {
        if (rest < what->length && !OS_MAPPING_EXTENDS_FILE) {
            (void)raise_value("mmap length is greater than file size");
            return -1;
        }
        return 0;
    }
    if (file_size == 0) {
        (void)raise_value("cannot mmap an empty file");
        return -1;
    }
    if (rest <= 0) {
        (void)raise_value("mmap offset is greater than file size");
        return -1;
    }
    if (rest > PY_SSIZE_T_MAX) {
        (void)raise_value("mmap length is too large");
        return -1;
    }
    what->length = (Py_ssize_t)rest;
    return 0;
}

static int
check_file(struct construction *what)
{
    struct os_file_info info;
    int error;

    if (OS_IS_NO_FILE(what->fileno)) {
        return 0;
    }
    Py_BEGIN_ALLOW_THREADS
    error = os_inspect(what->fileno, &info);
    Py_END_ALLOW_THREADS
    /* What is wrong with the descriptor, mapping it will tell. */
    if (error != 0 || !info.sized) {
        return 0;
    }
    return fit_to_file(what, info.size);
}

/* Nobody gets a map whose memory is not guarded. */
static int
guard_memory(void)
{
    int error = guard_install();
    if (error != 0) {
        (void)raise_os(error);
        return -1;
    }
    return 0;
}

static int
map_memory(const struct construction *what, struct os_mapping *map)
{
    struct os_request request = {
        .fd = OS_IS_NO_FILE(what->fileno) ? OS_NO_FILE : what->fileno,
        .length = (size_t)what->length,
        .offset = what->offset,
        .flags = what->flags,
        .prot = what->prot,
        .keep_file = what->track_file,
        .tag = what->tag,
    };
    int error;

    Py_BEGIN_ALLOW_THREADS
    error = os_map(&request, map);
    Py_END_ALLOW_THREADS
    if (error != 0) {
        (void)raise_os(error);
        return -1;
    }
    return 0;
}

/* The object takes over the mapping. */
static PyObject *
wrap(PyTypeObject *type, const struct construction *what,
     struct os_mapping *map)
{
    MmapObject *self = (MmapObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        (void)os_unmap(map);
        return NULL;
    }
    self->map = *map;
    hold_init(&self->hold);
    self->access = what->access;
    self->anonymous = OS_IS_NO_FILE(what->fileno);
    self->track_file = what->track_file;
    return (PyObject *)self;
}

static PyObject *
construct(PyTypeObject *type, struct construction *what)
{
    struct os_mapping map;

    if (check_file(what) < 0 || guard_memory() < 0
        || map_memory(what, &map) < 0)
    {
        return NULL;
    }
    return wrap(type, what, &map);
}

PyObject *
mmap_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct construction what;
    PyObject *result = NULL;

    if (signature_parse(args, kwargs, &what) == 0) {
        result = construct(type, &what);
    }
    PyMem_Free(what.tag);
    return result;
}
