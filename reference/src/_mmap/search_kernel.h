/* search_kernel.h: the inner loops of the search, one set for each family of
   instructions, and which of them is in use.

   No Python.h.  A kernel walks over the starts at which a needle could be
   found, and stops where a few bytes of it (the filter) are in their places.
   search.c looks at the whole needle there. */

#ifndef MMAP_SEARCH_KERNEL_H
#define MMAP_SEARCH_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "search.h"

/* What the compiler can translate; the processor is asked at run time. */
#if defined(__x86_64__) && defined(__GNUC__)
#define SEARCH_X86 1
#else
#define SEARCH_X86 0
#endif
#if defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__) \
    && !defined(__AARCH64EB__)
#define SEARCH_NEON 1
#else
#define SEARCH_NEON 0
#endif

#define FILTER_MOST 10
#define FILTER_AT_ONCE 3

/* Bytes of the needle and where in it they are; the rarest come first. */
struct search_filter {
    size_t offset[FILTER_MOST];
    unsigned char value[FILTER_MOST];
    int count;
    int at_once;    /* of the first ones, how many a vector kernel always
                       tests: 1 to FILTER_AT_ONCE, not above the count */
};

/* The first, or the last, start from `from` up to and without `to` that the
   filter lets pass; else SEARCH_ABSENT.  Reads nothing but what the filter
   asks for: for each of these starts, the bytes at start + offset. */
typedef size_t (*search_scan)(const unsigned char *haystack, size_t from,
                              size_t to, const struct search_filter *filter);

struct search_kernel {
    const char *name;
    bool (*runs_here)(void);
    search_scan next;
    search_scan last;
};

/* Slowest first, NULL at the end.  The first one runs everywhere. */
extern const struct search_kernel *const search_kernels[];

/* NULL until the first search.  Threads that choose at the same time choose
   the same. */
extern const struct search_kernel *_Atomic search_kernel_chosen;

/* Choose the fastest one that this processor can run. */
const struct search_kernel *search_choose_kernel(void);

/* The one that was chosen, unless another is forced. */
static inline const struct search_kernel *
search_kernel_in_use(void)
{
    const struct search_kernel *kernel =
        atomic_load_explicit(&search_kernel_chosen, memory_order_relaxed);
    return kernel != NULL ? kernel : search_choose_kernel();
}

/* For tests: use this one from now on; NULL gives the choice back. */
void search_force_kernel(const struct search_kernel *kernel);

/* One start, without vectors. */
static inline bool
search_passes(const unsigned char *start, const struct search_filter *filter)
{
    for (int k = 0; k < filter->count; k++) {
        if (start[filter->offset[k]] != filter->value[k]) {
            return false;
        }
    }
    return true;
}

extern const struct search_kernel search_portable;
#if SEARCH_X86
extern const struct search_kernel search_sse2;
extern const struct search_kernel search_avx2;
extern const struct search_kernel search_avx512;
#endif
#if SEARCH_NEON
extern const struct search_kernel search_neon;
#endif

#endif
