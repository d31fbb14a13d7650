/* guard_fixups.h: instructions that may fault, known by their address.

   Linux does the same for its own touches of a process's memory, and calls
   it the exception table.  Each GUARD_FIXUP notes down, in a section of the
   library, where a few instructions begin and end.  If one of them faults,
   the handler of guard_posix.c finds its address there, says so in
   guard_few_state, and goes on behind them.  What does not fault costs
   nothing but the two stores of guard_few_state.

   Only guard_few.h includes this file. */

#ifndef MMAP_GUARD_FIXUPS_H
#define MMAP_GUARD_FIXUPS_H

#include "guard.h"

/* Both are distances from themselves, so that the linker need not know where
   the library will be loaded. */
struct guard_fixup {
    int32_t begin;
    int32_t end;
};

/* The table.  For a section of this name the linker defines both symbols. */
extern const struct guard_fixup __start_guard_fixups[]
    __attribute__((visibility("hidden")));
extern const struct guard_fixup __stop_guard_fixups[]
    __attribute__((visibility("hidden")));

/* What this thread is at: 0, or one of these, or the number of a signal that
   came meanwhile and is to be sent when the touch is over. */
extern GUARD_THREAD_LOCAL volatile int guard_few_state;
#define GUARD_TOUCHING (-1)
#define GUARD_FAILED (-2)

/* The end of a touch in which something happened, as guard_few.h has it. */
int guard_settle(int unsettled);

/* The relocation does nothing but tell the linker that who needs the
   instructions needs their entry in the table. */
#if defined(__x86_64__)
#define GUARD_NO_RELOCATION "R_X86_64_NONE"
#else
#define GUARD_NO_RELOCATION "R_AARCH64_NONE"
#endif

#define GUARD_FIXUP(instructions) \
    "1:\n\t" instructions "2:\n\t" \
    ".pushsection guard_fixups, \"a\"\n\t" \
    ".balign 4\n\t" \
    "3:\n\t" \
    ".long 1b - .\n\t" \
    ".long 2b - .\n\t" \
    ".popsection\n\t" \
    ".reloc 1b, " GUARD_NO_RELOCATION ", 3b"

/* By width in bytes: load the value x from the address p, or store it there;
   NEXT is 16 bytes further on. */
#if defined(__x86_64__)
#define GUARD_VECTOR_REGISTER "x"
#define GUARD_LOAD_1(x, p) "movzbl (%[" p "]), %k[" x "]\n\t"
#define GUARD_LOAD_2(x, p) "movzwl (%[" p "]), %k[" x "]\n\t"
#define GUARD_LOAD_4(x, p) "movl (%[" p "]), %k[" x "]\n\t"
#define GUARD_LOAD_8(x, p) "movq (%[" p "]), %q[" x "]\n\t"
#define GUARD_LOAD_16(x, p) "movdqu (%[" p "]), %[" x "]\n\t"
#define GUARD_STORE_1(x, p) "movb %b[" x "], (%[" p "])\n\t"
#define GUARD_STORE_2(x, p) "movw %w[" x "], (%[" p "])\n\t"
#define GUARD_STORE_4(x, p) "movl %k[" x "], (%[" p "])\n\t"
#define GUARD_STORE_8(x, p) "movq %q[" x "], (%[" p "])\n\t"
#define GUARD_STORE_16(x, p) "movdqu %[" x "], (%[" p "])\n\t"
#define GUARD_LOAD_NEXT_16(x, p) "movdqu 16(%[" p "]), %[" x "]\n\t"
#define GUARD_STORE_NEXT_16(x, p) "movdqu %[" x "], 16(%[" p "])\n\t"
#else
#define GUARD_VECTOR_REGISTER "w"
#define GUARD_LOAD_1(x, p) "ldrb %w[" x "], [%[" p "]]\n\t"
#define GUARD_LOAD_2(x, p) "ldrh %w[" x "], [%[" p "]]\n\t"
#define GUARD_LOAD_4(x, p) "ldr %w[" x "], [%[" p "]]\n\t"
#define GUARD_LOAD_8(x, p) "ldr %x[" x "], [%[" p "]]\n\t"
#define GUARD_LOAD_16(x, p) "ldr %q[" x "], [%[" p "]]\n\t"
#define GUARD_STORE_1(x, p) "strb %w[" x "], [%[" p "]]\n\t"
#define GUARD_STORE_2(x, p) "strh %w[" x "], [%[" p "]]\n\t"
#define GUARD_STORE_4(x, p) "str %w[" x "], [%[" p "]]\n\t"
#define GUARD_STORE_8(x, p) "str %x[" x "], [%[" p "]]\n\t"
#define GUARD_STORE_16(x, p) "str %q[" x "], [%[" p "]]\n\t"
#define GUARD_LOAD_NEXT_16(x, p) "ldr %q[" x "], [%[" p "], 16]\n\t"
#define GUARD_STORE_NEXT_16(x, p) "str %q[" x "], [%[" p "], 16]\n\t"
#endif
typedef long long guard_vector __attribute__((vector_size(16)));

static inline void
guard_few_begin(void)
{
    guard_few_state = GUARD_TOUCHING;
}

/* 0, or what guard_settle() wants. */
static inline int
guard_few_end(void)
{
    int state = guard_few_state;
    guard_few_state = 0;
    return state - GUARD_TOUCHING;
}

/* One byte. */
static inline int
guard_get(const unsigned char *source, unsigned char *value)
{
    unsigned int byte;

    guard_few_begin();
    __asm__ volatile(GUARD_FIXUP(GUARD_LOAD_1("byte", "source"))
                     : [byte] "=r"(byte)
                     : [source] "r"(source)
                     : "memory");
    *value = (unsigned char)byte;
    return guard_few_end();
}

static inline int
guard_put(unsigned char *target, unsigned char value)
{
    unsigned int byte = value;

    guard_few_begin();
    __asm__ volatile(GUARD_FIXUP(GUARD_STORE_1("byte", "target"))
                     :
                     : [byte] "r"(byte), [target] "r"(target)
                     : "memory");
    return guard_few_end();
}

#if defined(__x86_64__)

#define GUARD_HAS_MATCH 1
typedef char guard_bytes __attribute__((vector_size(16)));

/* Bit i: is byte i the one of `wanted`? */
static inline uint64_t
guard_matches_in(guard_bytes part, guard_bytes wanted)
{
    return (uint64_t)__builtin_ia32_pmovmskb128(
        (guard_bytes)(part == wanted));
}

static inline int
guard_match_few(const unsigned char *source, unsigned char value,
                uint64_t *matches)
{
    guard_bytes wanted = (guard_bytes){0} + (char)value;
    guard_bytes a;
    guard_bytes b;
    guard_bytes c;
    guard_bytes d;

    guard_few_begin();
    __asm__ volatile(GUARD_FIXUP(GUARD_LOAD_16("a", "source")
                                 GUARD_LOAD_NEXT_16("b", "source")
                                 GUARD_LOAD_16("c", "middle")
                                 GUARD_LOAD_NEXT_16("d", "middle"))
                     : [a] "=&" GUARD_VECTOR_REGISTER(a),
                       [b] "=&" GUARD_VECTOR_REGISTER(b),
                       [c] "=&" GUARD_VECTOR_REGISTER(c),
                       [d] "=&" GUARD_VECTOR_REGISTER(d)
                     : [source] "r"(source), [middle] "r"(source + 32)
                     : "memory");
    int unsettled = guard_few_end();
    *matches = guard_matches_in(a, wanted)
        | guard_matches_in(b, wanted) << 16
        | guard_matches_in(c, wanted) << 32
        | guard_matches_in(d, wanted) << 48;
    return unsettled;
}

static inline size_t
guard_lowest(uint64_t matches)
{
    return (size_t)__builtin_ctzll(matches);
}

static inline size_t
guard_highest(uint64_t matches)
{
    return (size_t)(63 - __builtin_clzll(matches));
}

#endif

/* Copy the `width` bytes at either end of n, which may overlap: `width` to
   two times `width` bytes.  All are read before the first is written. */
#define GUARD_COPY_ENDS(width, type, constraint) \
    static inline void \
    guard_copy_ends_##width(unsigned char *target, \
                            const unsigned char *source, size_t n) \
    { \
        type first; \
        type last; \
        __asm__ volatile(GUARD_FIXUP( \
                             GUARD_LOAD_##width("first", "source") \
                             GUARD_LOAD_##width("last", "source_end") \
                             GUARD_STORE_##width("first", "target") \
                             GUARD_STORE_##width("last", "target_end")) \
                         : [first] "=&" constraint(first), \
                           [last] "=&" constraint(last) \
                         : [source] "r"(source), \
                           [source_end] "r"(source + (n - width)), \
                           [target] "r"(target), \
                           [target_end] "r"(target + (n - width)) \
                         : "memory"); \
    }

GUARD_COPY_ENDS(1, unsigned int, "r")
GUARD_COPY_ENDS(2, unsigned int, "r")
GUARD_COPY_ENDS(4, unsigned int, "r")
GUARD_COPY_ENDS(8, uint64_t, "r")

/* Copy 16 to 64 bytes, as four times 16 which may overlap: lengths that come
   at random make the processor guess wrong at each branch. */
static inline void
guard_copy_vectors(unsigned char *target, const unsigned char *source,
                   size_t n)
{
    size_t last = n - 16;
    size_t second = last < 16 ? last : 16;
    size_t third = last - second;
    guard_vector a;
    guard_vector b;
    guard_vector c;
    guard_vector d;

    __asm__ volatile(GUARD_FIXUP(GUARD_LOAD_16("a", "source")
                                 GUARD_LOAD_16("b", "source_second")
                                 GUARD_LOAD_16("c", "source_third")
                                 GUARD_LOAD_16("d", "source_last")
                                 GUARD_STORE_16("a", "target")
                                 GUARD_STORE_16("b", "target_second")
                                 GUARD_STORE_16("c", "target_third")
                                 GUARD_STORE_16("d", "target_last"))
                     : [a] "=&" GUARD_VECTOR_REGISTER(a),
                       [b] "=&" GUARD_VECTOR_REGISTER(b),
                       [c] "=&" GUARD_VECTOR_REGISTER(c),
                       [d] "=&" GUARD_VECTOR_REGISTER(d)
                     : [source] "r"(source),
                       [source_second] "r"(source + second),
                       [source_third] "r"(source + third),
                       [source_last] "r"(source + last),
                       [target] "r"(target),
                       [target_second] "r"(target + second),
                       [target_third] "r"(target + third),
                       [target_last] "r"(target + last)
                     : "memory");
}

/* Copy 64 bytes at either end of n, which may overlap: 64 to 128 bytes. */
static inline void
guard_copy_ends_64(unsigned char *target, const unsigned char *source,
                   size_t n)
{
    guard_vector a;
    guard_vector b;
    guard_vector c;
    guard_vector d;
    guard_vector e;
    guard_vector f;
    guard_vector g;
    guard_vector h;

    __asm__ volatile(GUARD_FIXUP(GUARD_LOAD_16("a", "source")
                                 GUARD_LOAD_NEXT_16("b", "source")
                                 GUARD_LOAD_16("c", "source_middle")
                                 GUARD_LOAD_NEXT_16("d", "source_middle")
                                 GUARD_LOAD_16("e", "source_end")
                                 GUARD_LOAD_NEXT_16("f", "source_end")
                                 GUARD_LOAD_16("g", "source_last")
                                 GUARD_LOAD_NEXT_16("h", "source_last")
                                 GUARD_STORE_16("a", "target")
                                 GUARD_STORE_NEXT_16("b", "target")
                                 GUARD_STORE_16("c", "target_middle")
                                 GUARD_STORE_NEXT_16("d", "target_middle")
                                 GUARD_STORE_16("e", "target_end")
                                 GUARD_STORE_NEXT_16("f", "target_end")
                                 GUARD_STORE_16("g", "target_last")
                                 GUARD_STORE_NEXT_16("h", "target_last"))
                     : [a] "=&" GUARD_VECTOR_REGISTER(a),
                       [b] "=&" GUARD_VECTOR_REGISTER(b),
                       [c] "=&" GUARD_VECTOR_REGISTER(c),
                       [d] "=&" GUARD_VECTOR_REGISTER(d),
                       [e] "=&" GUARD_VECTOR_REGISTER(e),
                       [f] "=&" GUARD_VECTOR_REGISTER(f),
                       [g] "=&" GUARD_VECTOR_REGISTER(g),
                       [h] "=&" GUARD_VECTOR_REGISTER(h)
                     : [source] "r"(source),
                       [source_middle] "r"(source + 32),
                       [source_end] "r"(source + (n - 64)),
                       [source_last] "r"(source + (n - 32)),
                       [target] "r"(target),
                       [target_middle] "r"(target + 32),
                       [target_end] "r"(target + (n - 64)),
                       [target_last] "r"(target + (n - 32))
                     : "memory");
}

/* Copy n bytes, 1 to GUARD_COPY_MOST; either side may not be there, and they
   may overlap.  0 or GUARD_ERROR. */
static inline int
guard_copy_few(unsigned char *target, const unsigned char *source, size_t n)
{
    guard_few_begin();
    if (n > 64) {
        guard_copy_ends_64(target, source, n);
    }
    else if (n >= 16) {
        guard_copy_vectors(target, source, n);
    }
    else if (n >= 8) {
        guard_copy_ends_8(target, source, n);
    }
    else if (n >= 4) {
        guard_copy_ends_4(target, source, n);
    }
    else if (n >= 2) {
        guard_copy_ends_2(target, source, n);
    }
    else {
        guard_copy_ends_1(target, source, n);
    }
    int unsettled = guard_few_end();
    return unsettled == 0 ? 0 : guard_settle(unsettled);
}

#endif
