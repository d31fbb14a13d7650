/* constants.c: the table of constants, each where the C header has it.

   The names are those of CPython 3.15's documentation.  MAP_FIXED and other
   flags that could damage memory in use have no name on purpose. */

#include "constants.h"

#include "errors.h"
#include "mmap_object.h"

#ifndef _WIN32
#include <sys/mman.h>
#endif

struct constant {
    const char *name;
    long value;
};

#define ROW(name) {#name, name}

static const struct constant table[] = {
    ROW(ACCESS_DEFAULT),
    ROW(ACCESS_READ),
    ROW(ACCESS_WRITE),
    ROW(ACCESS_COPY),
#ifdef PROT_READ
    ROW(PROT_READ),
#endif
#ifdef PROT_WRITE
    ROW(PROT_WRITE),
#endif
#ifdef PROT_EXEC
    ROW(PROT_EXEC),
#endif
#ifdef MAP_SHARED
    ROW(MAP_SHARED),
#endif
#ifdef MAP_PRIVATE
    ROW(MAP_PRIVATE),
#endif
#ifdef MAP_ANON
    ROW(MAP_ANON),
#endif
#ifdef MAP_ANONYMOUS
    ROW(MAP_ANONYMOUS),
#endif
#ifdef MAP_DENYWRITE
    ROW(MAP_DENYWRITE),
#endif
#ifdef MAP_EXECUTABLE
    ROW(MAP_EXECUTABLE),
#endif
#ifdef MAP_POPULATE
    ROW(MAP_POPULATE),
#endif
#ifdef MAP_STACK
    ROW(MAP_STACK),
#endif
#ifdef MAP_ALIGNED_SUPER
    ROW(MAP_ALIGNED_SUPER),
#endif
#ifdef MAP_CONCEAL
    ROW(MAP_CONCEAL),
#endif
#ifdef MAP_NORESERVE
    ROW(MAP_NORESERVE),
#endif
#ifdef MAP_NOEXTEND
    ROW(MAP_NOEXTEND),
#endif
#ifdef MAP_HASSEMAPHORE
    ROW(MAP_HASSEMAPHORE),
#endif
#ifdef MAP_NOCACHE
    ROW(MAP_NOCACHE),
#endif
#ifdef MAP_JIT
    ROW(MAP_JIT),
#endif
#ifdef MAP_RESILIENT_CODESIGN
    ROW(MAP_RESILIENT_CODESIGN),
#endif
#ifdef MAP_RESILIENT_MEDIA
    ROW(MAP_RESILIENT_MEDIA),
#endif
#ifdef MAP_32BIT
    ROW(MAP_32BIT),
#endif
#ifdef MAP_TRANSLATED_ALLOW_EXECUTE
    ROW(MAP_TRANSLATED_ALLOW_EXECUTE),
#endif
#ifdef MAP_UNIX03
    ROW(MAP_UNIX03),
#endif
#ifdef MAP_TPRO
    ROW(MAP_TPRO),
#endif
#ifdef MADV_NORMAL
    ROW(MADV_NORMAL),
#endif
#ifdef MADV_RANDOM
    ROW(MADV_RANDOM),
#endif
#ifdef MADV_SEQUENTIAL
    ROW(MADV_SEQUENTIAL),
#endif
#ifdef MADV_WILLNEED
    ROW(MADV_WILLNEED),
#endif
#ifdef MADV_DONTNEED
    ROW(MADV_DONTNEED),
#endif
#ifdef MADV_REMOVE
    ROW(MADV_REMOVE),
#endif
#ifdef MADV_DONTFORK
    ROW(MADV_DONTFORK),
#endif
#ifdef MADV_DOFORK
    ROW(MADV_DOFORK),
#endif
#ifdef MADV_HWPOISON
    ROW(MADV_HWPOISON),
#endif
#ifdef MADV_MERGEABLE
    ROW(MADV_MERGEABLE),
#endif
#ifdef MADV_UNMERGEABLE
    ROW(MADV_UNMERGEABLE),
#endif
#ifdef MADV_SOFT_OFFLINE
    ROW(MADV_SOFT_OFFLINE),
#endif
#ifdef MADV_HUGEPAGE
    ROW(MADV_HUGEPAGE),
#endif
#ifdef MADV_NOHUGEPAGE
    ROW(MADV_NOHUGEPAGE),
#endif
#ifdef MADV_DONTDUMP
    ROW(MADV_DONTDUMP),
#endif
#ifdef MADV_DODUMP
    ROW(MADV_DODUMP),
#endif
#ifdef MADV_FREE
    ROW(MADV_FREE),
#endif
#ifdef MADV_NOSYNC
    ROW(MADV_NOSYNC),
#endif
#ifdef MADV_AUTOSYNC
    ROW(MADV_AUTOSYNC),
#endif
#ifdef MADV_NOCORE
    ROW(MADV_NOCORE),
#endif
#ifdef MADV_CORE
    ROW(MADV_CORE),
#endif
#ifdef MADV_PROTECT
    ROW(MADV_PROTECT),
#endif
#ifdef MADV_FREE_REUSABLE
    ROW(MADV_FREE_REUSABLE),
#endif
#ifdef MADV_FREE_REUSE
    ROW(MADV_FREE_REUSE),
#endif
#ifdef MS_SYNC
    ROW(MS_SYNC),
#endif
#ifdef MS_ASYNC
    ROW(MS_ASYNC),
#endif
#ifdef MS_INVALIDATE
    ROW(MS_INVALIDATE),
#endif
};

static int
add_sizes(PyObject *module)
{
    size_t page;
    size_t granularity;
    int error = os_granularity(&page, &granularity);
    if (error != 0) {
        (void)raise_os(error);
        return -1;
    }
    if (PyModule_AddIntConstant(module, "PAGESIZE", (long)page) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "ALLOCATIONGRANULARITY",
                                   (long)granularity);
}

int
constants_add(PyObject *module)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (PyModule_AddIntConstant(module, table[i].name,
                                    table[i].value) < 0) {
            return -1;
        }
    }
    return add_sizes(module);
}
