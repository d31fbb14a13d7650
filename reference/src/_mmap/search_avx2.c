/* search_avx2.c: the kernel for AVX2: 32 bytes. */

#include "search_kernel.h"

#if SEARCH_X86

#include <immintrin.h>

#define VEC_TARGET __attribute__((target("avx2")))
#define VEC_WIDTH 32
#define VEC_NARROW search_sse2
#define MATCH_SPREAD 1

typedef __m256i vec;
typedef __m256i vec_match;

#define vec_load(p) _mm256_loadu_si256((const __m256i *)(p))
#define vec_splat(c) _mm256_set1_epi8((char)(c))
#define vec_equal(a, b) _mm256_cmpeq_epi8(a, b)
#define match_and(a, b) _mm256_and_si256(a, b)
#define match_or(a, b) _mm256_or_si256(a, b)
#define match_any(a) (_mm256_movemask_epi8(a) != 0)
#define match_bits(a) ((uint64_t)(uint32_t)_mm256_movemask_epi8(a))

#include "search_vector.h"

static bool
runs_here(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

const struct search_kernel search_avx2 = {
    "avx2", runs_here, vec_next, vec_last,
};

#else

typedef int search_avx2_is_absent;    /* C wants one declaration a file */

#endif
