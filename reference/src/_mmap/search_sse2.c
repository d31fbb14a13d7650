/* search_sse2.c: the kernel for SSE2, which every x86-64 has: 16 bytes. */

#include "search_kernel.h"

#if SEARCH_X86

#include <immintrin.h>

#define VEC_TARGET __attribute__((target("sse2")))
#define VEC_WIDTH 16
#define VEC_NARROW search_portable
#define MATCH_SPREAD 1

typedef __m128i vec;
typedef __m128i vec_match;

#define vec_load(p) _mm_loadu_si128((const __m128i *)(p))
#define vec_splat(c) _mm_set1_epi8((char)(c))
#define vec_equal(a, b) _mm_cmpeq_epi8(a, b)
#define match_and(a, b) _mm_and_si128(a, b)
#define match_or(a, b) _mm_or_si128(a, b)
#define match_any(a) (_mm_movemask_epi8(a) != 0)
#define match_bits(a) ((uint64_t)(uint32_t)_mm_movemask_epi8(a))

#include "search_vector.h"

static bool
runs_here(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse2") != 0;
}

const struct search_kernel search_sse2 = {
    "sse2", runs_here, vec_next, vec_last,
};

#else

typedef int search_sse2_is_absent;    /* C wants one declaration a file */

#endif
