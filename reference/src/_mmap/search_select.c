/* search_select.c: the table of kernels, and the choice at run time. */

#include "search_kernel.h"

#include <stdatomic.h>

const struct search_kernel *const search_kernels[] = {
    &search_portable,
#if SEARCH_X86
    &search_sse2,
    &search_avx2,
    &search_avx512,
#endif
#if SEARCH_NEON
    &search_neon,
#endif
    NULL,
};

/* NULL until the first search.  Threads that choose at the same time choose
   the same. */
static const struct search_kernel *_Atomic in_use;

static const struct search_kernel *
fastest(void)
{
    const struct search_kernel *best = search_kernels[0];

    for (int i = 1; search_kernels[i] != NULL; i++) {
        if (search_kernels[i]->runs_here()) {
            best = search_kernels[i];
        }
    }
    return best;
}

const struct search_kernel *
search_kernel_in_use(void)
{
    const struct search_kernel *kernel =
        atomic_load_explicit(&in_use, memory_order_relaxed);
    if (kernel == NULL) {
        kernel = fastest();
        atomic_store_explicit(&in_use, kernel, memory_order_relaxed);
    }
    return kernel;
}

void
search_force_kernel(const struct search_kernel *kernel)
{
    atomic_store_explicit(&in_use, kernel, memory_order_relaxed);
}
