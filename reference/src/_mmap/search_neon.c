/* search_neon.c: the kernel for NEON, which every 64-bit ARM has: 16 bytes. */

#include "search_kernel.h"

#if SEARCH_NEON

#include <arm_neon.h>

#define VEC_TARGET
#define VEC_WIDTH 16
#define VEC_NARROW search_portable
#define MATCH_SPREAD 4

typedef uint8x16_t vec;
typedef uint8x16_t vec_match;

#define vec_load(p) vld1q_u8(p)
#define vec_splat(c) vdupq_n_u8(c)
#define vec_equal(a, b) vceqq_u8(a, b)
#define match_and(a, b) vandq_u8(a, b)
#define match_or(a, b) vorrq_u8(a, b)
#define match_any(a) (narrowed(a) != 0)

/* Half of each byte: NEON cannot collect the top bits of all of them, but
   it can shift pairs and keep the low halves of the results. */
static inline uint64_t
narrowed(uint8x16_t match)
{
    uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(match), 4);
    return vget_lane_u64(vreinterpret_u64_u8(halves), 0);
}

#define match_bits(a) (narrowed(a) & UINT64_C(0x1111111111111111))

#include "search_vector.h"

static bool
runs_here(void)
{
    return true;
}

const struct search_kernel search_neon = {
    "neon", runs_here, vec_next, vec_last,
};

#else

typedef int search_neon_is_absent;      /* C wants one declaration a file */

#endif
