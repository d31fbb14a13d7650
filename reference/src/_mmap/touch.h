/* touch.h: touch the memory of a map: memory.h for methods.

   A touch that takes long lets other threads run meanwhile, and holds the
   memory: see hold.h.  The caller has the lock of the object and has checked
   the bounds.  The lock is let go and taken again in the middle: nothing that
   was known of the object before is known after it.  0 or an error number. */

#ifndef MMAP_TOUCH_H
#define MMAP_TOUCH_H

#include "mmap_object.h"

#include "memory.h"

/* Bytes from which on others may run.  Below, a touch is over before another
   thread has started; and who asks for the GIL back may wait long for it. */
#define TOUCH_LONG ((size_t)256 << 10)

/* What the functions below do from so many bytes on. */
int touch_copy_long(MmapObject *self, enum hold_mode mode, void *target,
                    const void *source, size_t n);
int touch_copy_on_long(MmapObject *self, void *target, const void *source,
                       size_t n);
int touch_find_long(MmapObject *self, const unsigned char *haystack, size_t n,
                    const unsigned char *needle, size_t m, size_t *found);
int touch_rfind_long(MmapObject *self, const unsigned char *haystack,
                     size_t n, const unsigned char *needle, size_t m,
                     size_t *found);

/* Copy n bytes from the map (HOLD_READ) or into it (HOLD_CHANGE). */
static inline int
touch_copy(MmapObject *self, enum hold_mode mode, void *target,
           const void *source, size_t n)
{
    return n < TOUCH_LONG ? mem_copy(target, source, n)
                          : touch_copy_long(self, mode, target, source, n);
}

/* The position changes while the memory is held, or others would find the
   old one as soon as it is not. */
static inline int
touch_copy_and_advance(MmapObject *self, void *target, const void *source,
                       size_t n)
{
    int error = mem_copy(target, source, n);
    if (error == 0) {
        self->pos += (Py_ssize_t)n;
    }
    return error;
}

/* As touch_copy with HOLD_CHANGE, and advance the position by n. */
static inline int
touch_copy_on(MmapObject *self, void *target, const void *source, size_t n)
{
    return n < TOUCH_LONG
        ? touch_copy_and_advance(self, target, source, n)
        : touch_copy_on_long(self, target, source, n);
}

/* Copy n bytes from the position on, at least one, and advance it, if they
   are a line: the last of them is the only line end, or there is none and the
   map ends with them.  If not, then nothing is `taken`. */
int touch_take_line(MmapObject *self, unsigned char *target, size_t n,
                    bool *taken);

/* As mem_gather, from the map. */
int touch_gather(MmapObject *self, unsigned char *target,
                 const unsigned char *source, ptrdiff_t step, size_t n);

/* As mem_scatter, into the map. */
int touch_scatter(MmapObject *self, unsigned char *target, ptrdiff_t step,
                  const unsigned char *source, size_t n);

/* As mem_find and mem_rfind, in the map. */
static inline int
touch_find(MmapObject *self, const unsigned char *haystack, size_t n,
           const unsigned char *needle, size_t m, size_t *found)
{
    return n < TOUCH_LONG
        ? mem_find(haystack, n, needle, m, found)
        : touch_find_long(self, haystack, n, needle, m, found);
}

static inline int
touch_rfind(MmapObject *self, const unsigned char *haystack, size_t n,
            const unsigned char *needle, size_t m, size_t *found)
{
    return n < TOUCH_LONG
        ? mem_rfind(haystack, n, needle, m, found)
        : touch_rfind_long(self, haystack, n, needle, m, found);
}

#endif
