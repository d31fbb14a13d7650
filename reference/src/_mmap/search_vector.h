/* search_vector.h: the body of a kernel for vector instructions.

   Included once by each search_<instructions>.c, which first defines, for
   vectors of VEC_WIDTH bytes,

       VEC_TARGET                   the attribute of every function
       VEC_NARROW                   the kernel for ranges below VEC_WIDTH
       vec, vec_match               bytes; for each byte, is it equal?
       vec_load(p), vec_splat(c)    p need not be aligned
       vec_equal(a, b)
       match_and(a, b), match_or(a, b), match_any(a)
       match_bits(a)                one bit of 64 for each byte, lowest first
       MATCH_SPREAD                 the distance of these bits

   and then takes vec_next and vec_last for its table.  No load reaches over
   the bytes that the filter asks for: the last vector of a range overlaps
   the one before. */

#define VEC_INLINE static inline __attribute__((always_inline)) VEC_TARGET

/* What is tested at once: the first bytes of a filter, as vectors. */
struct vec_probe {
    const unsigned char *at[FILTER_AT_ONCE];
    vec value[FILTER_AT_ONCE];
};

VEC_INLINE struct vec_probe
vec_probe_of(const unsigned char *haystack,
             const struct search_filter *filter, int at_once)
{
    struct vec_probe probe;
    for (int k = 0; k < FILTER_AT_ONCE; k++) {
        int from = k < at_once ? k : 0;
        probe.at[k] = haystack + filter->offset[from];
        probe.value[k] = vec_splat(filter->value[from]);
    }
    return probe;
}

/* Which of the VEC_WIDTH starts from `start` pass the test?  `at_once` is a
   constant, here and below. */
VEC_INLINE vec_match
vec_test(const struct vec_probe *probe, size_t start, int at_once)
{
    vec_match match = vec_equal(vec_load(probe->at[0] + start),
                                probe->value[0]);
    if (at_once > 1) {
        match = match_and(match, vec_equal(vec_load(probe->at[1] + start),
                                           probe->value[1]));
    }
    if (at_once > 2) {
        match = match_and(match, vec_equal(vec_load(probe->at[2] + start),
                                           probe->value[2]));
    }
    return match;
}

/* Any of four vectors in a row? */
VEC_INLINE bool
vec_test_four(const struct vec_probe *probe, size_t start, int at_once)
{
    vec_match a = vec_test(probe, start, at_once);
    vec_match b = vec_test(probe, start + VEC_WIDTH, at_once);
    vec_match c = vec_test(probe, start + 2 * VEC_WIDTH, at_once);
    vec_match d = vec_test(probe, start + 3 * VEC_WIDTH, at_once);
    return match_any(match_or(match_or(a, b), match_or(c, d)));
}

/* The starts that the whole filter lets pass, as bits. */
VEC_INLINE uint64_t
vec_hits(const unsigned char *haystack, const struct vec_probe *probe,
         size_t start, const struct search_filter *filter, int at_once)
{
    uint64_t bits = match_bits(vec_test(probe, start, at_once));
    for (int k = at_once; bits != 0 && k < filter->count; k++) {
        vec found = vec_load(haystack + start + filter->offset[k]);
        bits &= match_bits(vec_equal(found, vec_splat(filter->value[k])));
    }
    return bits;
}

static inline size_t
vec_lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / MATCH_SPREAD;
}

static inline size_t
vec_highest(uint64_t bits)
{
    return (size_t)(63 - __builtin_clzll(bits)) / MATCH_SPREAD;
}

/* At least VEC_WIDTH starts.  Aligned for the first byte of the filter. */
VEC_INLINE size_t
vec_scan_up(const unsigned char *haystack, size_t from, size_t to,
            const struct search_filter *filter, int at_once)
{
    struct vec_probe probe = vec_probe_of(haystack, filter, at_once);
    uint64_t bits = vec_hits(haystack, &probe, from, filter, at_once);
    if (bits != 0) {
        return from + vec_lowest(bits);
    }
    from += VEC_WIDTH - (uintptr_t)(probe.at[0] + from) % VEC_WIDTH;
    while (from < to) {
        if (to - from >= 4 * VEC_WIDTH
            && !vec_test_four(&probe, from, at_once))
        {
            from += 4 * VEC_WIDTH;
            continue;
        }
        size_t block = to - from >= 4 * VEC_WIDTH ? from + 4 * VEC_WIDTH
                                                  : to;
        for (; from < block; from += VEC_WIDTH) {
            if (to - from < VEC_WIDTH) {
                from = to - VEC_WIDTH;
            }
            bits = vec_hits(haystack, &probe, from, filter, at_once);
            if (bits != 0) {
                return from + vec_lowest(bits);
            }
        }
    }
    return SEARCH_ABSENT;
}

/* At least VEC_WIDTH starts. */
VEC_INLINE size_t
vec_scan_down(const unsigned char *haystack, size_t from, size_t to,
              const struct search_filter *filter, int at_once)
{
    struct vec_probe probe = vec_probe_of(haystack, filter, at_once);
    uint64_t bits = vec_hits(haystack, &probe, to - VEC_WIDTH, filter,
                             at_once);
    if (bits != 0) {
        return to - VEC_WIDTH + vec_highest(bits);
    }
    to -= (uintptr_t)(probe.at[0] + to - 1) % VEC_WIDTH + 1;
    while (from < to) {
        if (to - from >= 4 * VEC_WIDTH
            && !vec_test_four(&probe, to - 4 * VEC_WIDTH, at_once))
        {
            to -= 4 * VEC_WIDTH;
            continue;
        }
        size_t block = to - from >= 4 * VEC_WIDTH ? to - 4 * VEC_WIDTH
                                                  : from;
        for (; to > block; to -= VEC_WIDTH) {
            if (to - from < VEC_WIDTH) {
                to = from + VEC_WIDTH;
            }
            bits = vec_hits(haystack, &probe, to - VEC_WIDTH, filter, at_once);
            if (bits != 0) {
                return to - VEC_WIDTH + vec_highest(bits);
            }
        }
    }
    return SEARCH_ABSENT;
}

static VEC_TARGET size_t
vec_next(const unsigned char *haystack, size_t from, size_t to,
         const struct search_filter *filter)
{
    if (from >= to || to - from < VEC_WIDTH) {
        return VEC_NARROW.next(haystack, from, to, filter);
    }
    switch (filter->at_once) {
    case 1:
        return vec_scan_up(haystack, from, to, filter, 1);
    case 2:
        return vec_scan_up(haystack, from, to, filter, 2);
    default:
        return vec_scan_up(haystack, from, to, filter, 3);
    }
}

static VEC_TARGET size_t
vec_last(const unsigned char *haystack, size_t from, size_t to,
         const struct search_filter *filter)
{
    if (from >= to || to - from < VEC_WIDTH) {
        return VEC_NARROW.last(haystack, from, to, filter);
    }
    switch (filter->at_once) {
    case 1:
        return vec_scan_down(haystack, from, to, filter, 1);
    case 2:
        return vec_scan_down(haystack, from, to, filter, 2);
    default:
        return vec_scan_down(haystack, from, to, filter, 3);
    }
}
