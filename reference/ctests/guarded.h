/* guarded.h: bytes between two pages that nobody may touch, so that reading
   over either end kills the test. */

#ifndef GUARDED_H
#define GUARDED_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/mman.h>
#endif

#define GUARDED_SIZE ((size_t)1 << 16)      /* a multiple of every page */

/* GUARDED_SIZE bytes, for good; the process ends if there are none. */
static unsigned char *
guarded_bytes(void)
{
    size_t total = 3 * GUARDED_SIZE;
#ifdef _WIN32
    DWORD before;
    unsigned char *all = VirtualAlloc(NULL, total, MEM_RESERVE | MEM_COMMIT,
                                      PAGE_NOACCESS);
    int made = all != NULL
        && VirtualProtect(all + GUARDED_SIZE, GUARDED_SIZE, PAGE_READWRITE,
                          &before);
#else
    unsigned char *all = mmap(NULL, total, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int made = all != MAP_FAILED
        && mprotect(all + GUARDED_SIZE, GUARDED_SIZE,
                    PROT_READ | PROT_WRITE) == 0;
#endif
    if (!made) {
        printf("no memory between guard pages\n");
        exit(2);
    }
    return all + GUARDED_SIZE;
}

/* Where n bytes lie that end, or start, at a guard page. */
static unsigned char *
guarded_place(unsigned char *bytes, size_t n, int at_end)
{
    return at_end ? bytes + GUARDED_SIZE - n : bytes;
}

#endif
