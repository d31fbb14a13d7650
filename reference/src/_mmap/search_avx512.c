/* search_avx512.c: the kernel for AVX-512 with operations on
   bytes (BW): 64 bytes. */

#include "search_kernel.h"

#if SEARCH_X86

#include <immintrin.h>

#define VEC_TARGET __attribute__((target("avx512bw")))
#define VEC_WIDTH 64
#define VEC_NARROW search_avx2
#define MATCH_SPREAD 1

/* A match is a byte of 0 in the difference: comparing for equality would
   need the one port that writes masks for each vector, not for four. */
typedef __m512i vec;
typedef __m512i vec_match;

#define vec_load(p) _mm512_loadu_si512((const void *)(p))
#define vec_splat(c) _mm512_set1_epi8((char)(c))
#define vec_equal(a, b) _mm512_xor_si512(a, b)
#define match_and(a, b) _mm512_or_si512(a, b)
#define match_or(a, b) _mm512_min_epu8(a, b)
#define match_any(a) (match_bits(a) != 0)
#define match_bits(a) ((uint64_t)_mm512_testn_epi8_mask(a, a))

#include "search_vector.h"

static bool
runs_here(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bw") != 0;
}

const struct search_kernel search_avx512 = {
    "avx512", runs_here, vec_next, vec_last,
};

#else

typedef int search_avx512_is_absent;    /* C wants one declaration a file */

#endif
