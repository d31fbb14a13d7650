/* search_select.c: the table of kernels, and the choice at run time. */

#include "search_kernel.h"

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

const struct search_kernel *_Atomic search_kernel_chosen;

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
search_choose_kernel(void)
{
    const struct search_kernel *kernel = fastest();

    search_force_kernel(kernel);
    return kernel;
}

void
search_force_kernel(const struct search_kernel *kernel)
{
    atomic_store_explicit(&search_kernel_chosen, kernel,
                          memory_order_relaxed);
}
