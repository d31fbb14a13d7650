/* allocations.c: allocations by Python's allocators that can be made to
   fail, for checks/faults.py.

   One call of a Python object is watched: the allocations that it makes are
   counted, and the one of a number fails, with all that follow if wanted. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#define EXPORTED __attribute__((visibility("default")))

static const PyMemAllocatorDomain domains[] = {
    PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ,
};
enum { N_DOMAINS = sizeof(domains) / sizeof(domains[0]) };

static PyMemAllocatorEx originals[N_DOMAINS];
static bool watching;
static bool forever;
static long failing;
static long counted;

static bool
fails(void)
{
    if (!watching) {
        return false;
    }
    long number = counted++;
    return failing >= 0
        && (number == failing || (forever && number > failing));
}

static void *
faulty_malloc(void *original, size_t size)
{
    PyMemAllocatorEx *to = original;
    return fails() ? NULL : to->malloc(to->ctx, size);
}

static void *
faulty_calloc(void *original, size_t n, size_t size)
{
    PyMemAllocatorEx *to = original;
    return fails() ? NULL : to->calloc(to->ctx, n, size);
}

static void *
faulty_realloc(void *original, void *data, size_t size)
{
    PyMemAllocatorEx *to = original;
    return fails() ? NULL : to->realloc(to->ctx, data, size);
}

static void
plain_free(void *original, void *data)
{
    PyMemAllocatorEx *to = original;
    to->free(to->ctx, data);
}

/* Once a process. */
EXPORTED void
faults_hook_allocators(void)
{
    for (int i = 0; i < N_DOMAINS; i++) {
        PyMem_GetAllocator(domains[i], &originals[i]);
        PyMemAllocatorEx hooked = {
            .ctx = &originals[i],
            .malloc = faulty_malloc,
            .calloc = faulty_calloc,
            .realloc = faulty_realloc,
            .free = plain_free,
        };
        PyMem_SetAllocator(domains[i], &hooked);
    }
}

EXPORTED void
faults_arm_allocation(long number, int all_that_follow)
{
    failing = number;
    forever = all_that_follow != 0;
}

EXPORTED long
faults_allocations(void)
{
    return counted;
}

/* Call it with the watch on. */
EXPORTED PyObject *
faults_watch(PyObject *callable, PyObject *args, PyObject *kwargs)
{
    counted = 0;
    watching = true;
    PyObject *result = PyObject_Call(callable, args, kwargs);
    watching = false;
    if (result == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "no result and no exception");
    }
    return result;
}
