/* touch.h: touch the memory of a map: memory.h for methods.

   A touch that takes long lets other threads run meanwhile, and holds the
   memory: see hold.h.  The caller has the lock of the object and has checked
   the bounds.  The lock is let go and taken again in the middle: nothing that
   was known of the object before is known after it.  0 or an error number. */

#ifndef MMAP_TOUCH_H
#define MMAP_TOUCH_H

#include "mmap_object.h"

/* Copy n bytes from the map (HOLD_READ) or into it (HOLD_CHANGE). */
int touch_copy(MmapObject *self, enum hold_mode mode, void *target,
               const void *source, size_t n);

/* The same with HOLD_CHANGE, and advance the position by n. */
int touch_copy_on(MmapObject *self, void *target, const void *source,
                  size_t n);

/* As mem_gather, from the map. */
int touch_gather(MmapObject *self, unsigned char *target,
                 const unsigned char *source, ptrdiff_t step, size_t n);

/* As mem_scatter, into the map. */
int touch_scatter(MmapObject *self, unsigned char *target, ptrdiff_t step,
                  const unsigned char *source, size_t n);

/* As mem_find and mem_rfind, in the map. */
int touch_find(MmapObject *self, const unsigned char *haystack, size_t n,
               const unsigned char *needle, size_t m, size_t *found);
int touch_rfind(MmapObject *self, const unsigned char *haystack, size_t n,
                const unsigned char *needle, size_t m, size_t *found);

#endif
