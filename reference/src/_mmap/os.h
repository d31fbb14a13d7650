/* os.h: everything the module asks of the operating system.

   Plain C types, no Python.h.  Every function returns 0 or the native error
   number; results come back through out-parameters.  A function that fails
   leaves its arguments, the mapping, the file and the table of descriptors
   as they were.  The backends define the same functions in this order.
   What a system cannot do is data: the OS_HAS_* constants, used where the
   method table is assembled, and the other constants in capitals.  Nothing
   here touches memory that may not be there. */

#ifndef MMAP_OS_H
#define MMAP_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define OS_HAS_MADVISE 0
#else
#define OS_HAS_MADVISE 1
#endif

/* On POSIX, only mremap(2) can change a mapping's size while keeping its
   contents, private copies included. */
#if defined(_WIN32) || defined(__linux__) || defined(__NetBSD__)
#define OS_HAS_RESIZE 1
#else
#define OS_HAS_RESIZE 0
#endif

#if defined(__linux__)
#define OS_HAS_ANNOTATE 1
#else
#define OS_HAS_ANNOTATE 0
#endif

#ifdef _WIN32
#define OS_HAS_TAGS 1
#else
#define OS_HAS_TAGS 0
#endif

/* To map more than a file has extends the file.  Shared memory can grow. */
#ifdef _WIN32
#define OS_MAPPING_EXTENDS_FILE true
#define OS_SHARED_MEMORY_GROWS true
#else
#define OS_MAPPING_EXTENDS_FILE false
#define OS_SHARED_MEMORY_GROWS false
#endif

/* The descriptor that stands for "no file"; for callers on Windows, 0 does,
   too. */
#define OS_NO_FILE (-1)
#ifdef _WIN32
#define OS_IS_NO_FILE(fd) ((fd) == OS_NO_FILE || (fd) == 0)
#else
#define OS_IS_NO_FILE(fd) ((fd) == OS_NO_FILE)
#endif

/* What stores the bytes of a mapping, and who sees a change. */
enum os_backing {
    OS_FILE_SHARED,
    OS_FILE_PRIVATE,
    OS_MEMORY_SHARED,
    OS_MEMORY_PRIVATE,
};

/* What to map. */
struct os_request {
    int fd;             /* of the caller; OS_NO_FILE: anonymous memory */
    size_t length;      /* bytes */
    int64_t offset;     /* bytes into the file, not negative */
    int flags;          /* native MAP_* bits; none on Windows */
    int prot;           /* native PROT_* bits; PAGE_* on Windows */
    bool keep_file;     /* keep a descriptor of our own */
    const wchar_t *tag; /* Windows' name of the memory, or NULL */
};

/* What can make a touch of mapped memory fail. */
enum os_risk {
    OS_NO_RISK,             /* nothing: it is the process's own */
    OS_MAY_BE_LOST,         /* its file can be cut, its device can fail */
    OS_MAY_BE_FORBIDDEN,    /* the same, and its protection */
};

/* A mapping.  The backend writes it, others read it, but that they may make
   the size of a private one smaller. */
struct os_mapping {
    unsigned char *data;        /* NULL: there is no mapping */
    size_t size;                /* bytes that may be touched, above 0; 0 if
                                   there is no mapping */
    size_t reserved;            /* bytes of address space, at least size */
    int64_t offset;             /* of data[0] in the file */
    int fd;                     /* our own, or OS_NO_FILE */
    int prot;
    enum os_backing backing;
#ifdef _WIN32                   /* fd is OS_NO_FILE */
    void *file;                 /* HANDLE of our own, or NULL */
    void *section;              /* HANDLE of what was mapped */
    wchar_t *tag;               /* our own copy, or NULL */
#endif
};

/* A file before it is mapped. */
struct os_file_info {
    bool sized;         /* a regular file, whose size is a limit */
    int64_t size;       /* bytes; 0 unless sized */
};

/* Bytes of a page, and the unit in which offsets count. */
int os_granularity(size_t *page, size_t *granularity);

/* Say what there is to map behind a descriptor of the caller's. */
int os_inspect(int fd, struct os_file_info *info);

/* What can happen to what is requested, once it is mapped. */
enum os_risk os_risk_of(const struct os_request *request);

/* Map what is requested. */
int os_map(const struct os_request *request, struct os_mapping *map);

/* Give back the memory and the descriptor; does nothing without a mapping. */
int os_unmap(struct os_mapping *map);

/* Bytes of the file behind a mapping that has a descriptor. */
int os_file_size(const struct os_mapping *map, int64_t *size);

/* Write `length` bytes from `start` back to the file.  No flags: wait. */
int os_flush(const struct os_mapping *map, size_t start, size_t length,
             int flags);

/* Change the size, and that of the file where the mapping shares it.  The
   mapping may move.  New bytes are 0, or the file's where it has them.
   Windows has to give the old mapping back first: if a failure is followed
   by another one, there is none any more. */
int os_resize(struct os_mapping *map, size_t size);

/* Map private memory of `size` bytes, all 0, with the protection and the
   offset of an existing mapping, and without a descriptor. */
int os_map_memory(const struct os_mapping *like, size_t size,
                  struct os_mapping *fresh);

/* Put `fresh` in the place of a mapping: it takes over the descriptor, and
   the memory that was there is given back. */
int os_replace(struct os_mapping *map, const struct os_mapping *fresh);

/* A number that no process has from which this one was forked off. */
long os_process(void);

/* Make the fork() of other threads wait, and let it go on.  Several threads
   may do so at once; none may fork meanwhile. */
int os_keep_forks_out(void);
void os_let_forks_in(void);

/* What an advice can do to the memory that it is given for. */
enum os_risk os_risk_of_advice(int advice);

/* Tell the system how `length` bytes from `start` will be used. */
int os_advise(const struct os_mapping *map, size_t start, size_t length,
              int advice);

/* Name anonymous memory in the system's own listing. */
int os_annotate(const struct os_mapping *map, const char *name);

#endif
