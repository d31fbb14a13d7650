/* guard_few.h: touch a few bytes that may not be there, at no cost.

   A guard of guard.h marks a place to return to, which takes longer than to
   touch a byte.  Where the compiler and the system allow it, these functions
   mark nothing: the instructions that may fault are known by their address
   (guard_fixups.h).  Elsewhere they have an ordinary guard (guard_few.c).

   No Python.h; memory.c and memory.h are the only callers. */

#ifndef MMAP_GUARD_FEW_H
#define MMAP_GUARD_FEW_H

#include "guard.h"

/* Bytes that are looked at in one go, and the most that are copied in one. */
#define GUARD_FEW ((size_t)64)
#define GUARD_COPY_MOST ((size_t)128)

/* A sanitizer does not see what assembly touches, and ThreadSanitizer has
   ways of its own with signals. */
#ifndef GUARD_HAS_FIXUPS
#if defined(__linux__) && defined(__GNUC__) \
    && (defined(__x86_64__) && defined(__LP64__) || defined(__aarch64__)) \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define GUARD_HAS_FIXUPS 1
#else
#define GUARD_HAS_FIXUPS 0
#endif
#endif

#if GUARD_HAS_FIXUPS
#include "guard_fixups.h"
#endif

/* Which of GUARD_FEW bytes are of that value: bit i of *matches is for
   source[i].  All are touched, and 0 or what guard_settle() wants comes back.
   guard_lowest and guard_highest: the first and the last i, if there are any.
   GUARD_HAS_MATCH is 0 where it would not pay, and there never are. */
#ifndef GUARD_HAS_MATCH
#define GUARD_HAS_MATCH 0
static inline int
guard_match_few(const unsigned char *source, unsigned char value,
                uint64_t *matches)
{
    (void)source;
    (void)value;
    *matches = 0;
    return 0;
}

static inline size_t
guard_lowest(uint64_t matches)
{
    return (size_t)matches;
}

static inline size_t
guard_highest(uint64_t matches)
{
    return (size_t)matches;
}
#endif

#if !GUARD_HAS_FIXUPS

/* One byte.  0, or what guard_settle() wants, last thing in the caller: so
   that it is not he who has to save what is in registers. */
int guard_get(const unsigned char *source, unsigned char *value);
int guard_put(unsigned char *target, unsigned char value);

/* What became of a touch for which there was not 0: 0 or GUARD_ERROR. */
static inline int
guard_settle(int unsettled)
{
    return unsettled;
}

/* Copy n bytes, 1 to GUARD_COPY_MOST; either side may not be there, and they
   may overlap.  0 or GUARD_ERROR. */
int guard_copy_few(unsigned char *target, const unsigned char *source,
                   size_t n);

#endif
#endif
