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

/* Give the length its final value, for a file that has a size; NULL, or what
   is wrong with it. */
static const char *
fit_to_file(struct construction *what, int64_t file_size)
{
    int64_t rest = file_size - what->offset;

    if (what->length > 0) {
        return rest < what->length && !OS_MAPPING_EXTENDS_FILE
            ? "mmap length is greater than file size" : NULL;
    }
    if (file_size == 0) {
        return "cannot mmap an empty file";
    }
    if (rest <= 0) {
        return "mmap offset is greater than file size";
    }
    if (rest > PY_SSIZE_T_MAX) {
        return "mmap length is too large";
    }
    what->length = (Py_ssize_t)rest;
    return NULL;
}

static const char *
check_file(struct construction *what)
{
    struct os_file_info info;

    if (OS_IS_NO_FILE(what->fileno)
        || os_inspect(what->fileno, &info) != 0 || !info.sized)
    {
        return NULL;    /* what is wrong with it, mapping it will tell */
    }
    return fit_to_file(what, info.size);
}

/* Map it.  What others did to our handler since it was installed is not asked
   here where all that can happen is that the memory is lost (`ask_later`):
   the system takes as long to answer as for four small reads, and whoever
   touches the memory asks. */
static int
map_guarded(const struct construction *what, struct os_mapping *map,
            bool *ask_later)
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
    enum os_risk risk = os_risk_of(&request);
    *ask_later = risk == OS_MAY_BE_LOST;
    int error = guard_install(*ask_later ? OS_NO_RISK : risk);
    return error != 0 ? error : os_map(&request, map);
}

/* The object takes over the mapping. */
static PyObject *
wrap(PyTypeObject *type, const struct construction *what,
     struct os_mapping *map, bool ask_later)
{
    MmapObject *self = (MmapObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        (void)os_unmap(map);
        return NULL;
    }
    self->map = *map;
    hold_init(&self->hold, ask_later);
    self->access = what->access;
    self->anonymous = OS_IS_NO_FILE(what->fileno);
    self->track_file = what->track_file;
    return (PyObject *)self;
}

static PyObject *
construct(PyTypeObject *type, struct construction *what)
{
    struct os_mapping map;
    bool ask_later;
    const char *problem;
    int error = 0;

    /* Once for all of it: each time costs, and files may be far away. */
    Py_BEGIN_ALLOW_THREADS
    problem = check_file(what);
    if (problem == NULL) {
        error = map_guarded(what, &map, &ask_later);
    }
    Py_END_ALLOW_THREADS
    if (problem != NULL) {
        return raise_value(problem);
    }
    return error != 0 ? raise_os(error) : wrap(type, what, &map, ask_later);
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
