/* touch.c: which touches of a map's memory let other threads run. */

#include "touch.h"

#include "memory.h"
#include "search.h"

/* Bytes from which on others may run.  Below, a touch is over before another
   thread has started; and who asks for the GIL back may wait long for it. */
#define LONG_TOUCH ((size_t)256 << 10)

static bool
begin(MmapObject *self, enum hold_mode mode, size_t n)
{
    return n >= LONG_TOUCH && hold_begin(&self->hold, mode);
}

int
touch_copy(MmapObject *self, enum hold_mode mode, void *target,
           const void *source, size_t n)
{
    int error;

    if (!begin(self, mode, n)) {
        return mem_copy(target, source, n);
    }
    Py_BEGIN_ALLOW_THREADS
    error = mem_copy(target, source, n);
    hold_end(&self->hold, mode);
    Py_END_ALLOW_THREADS
    return error;
}

/* The position changes while the memory is held, or others would find the
   old one as soon as it is not. */
static int
copy_on(MmapObject *self, void *target, const void *source, size_t n)
{
    int error = mem_copy(target, source, n);
    if (error == 0) {
        self->pos += (Py_ssize_t)n;
    }
    return error;
}

int
touch_copy_on(MmapObject *self, void *target, const void *source, size_t n)
{
    int error;

    if (!begin(self, HOLD_CHANGE, n)) {
        return copy_on(self, target, source, n);
    }
    Py_BEGIN_ALLOW_THREADS
    error = copy_on(self, target, source, n);
    hold_end(&self->hold, HOLD_CHANGE);
    Py_END_ALLOW_THREADS
    return error;
}

int
touch_gather(MmapObject *self, unsigned char *target,
             const unsigned char *source, ptrdiff_t step, size_t n)
{
    int error;

    if (!begin(self, HOLD_READ, n)) {
        return mem_gather(target, source, step, n);
    }
    Py_BEGIN_ALLOW_THREADS
    error = mem_gather(target, source, step, n);
    hold_end(&self->hold, HOLD_READ);
    Py_END_ALLOW_THREADS
    return error;
}

int
touch_scatter(MmapObject *self, unsigned char *target, ptrdiff_t step,
              const unsigned char *source, size_t n)
{
    int error;

    if (!begin(self, HOLD_CHANGE, n)) {
        return mem_scatter(target, step, source, n);
    }
    Py_BEGIN_ALLOW_THREADS
    error = mem_scatter(target, step, source, n);
    hold_end(&self->hold, HOLD_CHANGE);
    Py_END_ALLOW_THREADS
    return error;
}

typedef int (*search_function)(const unsigned char *haystack, size_t n,
                               const unsigned char *needle, size_t m,
                               size_t *found);

static int
search_long(MmapObject *self, search_function search,
            const unsigned char *haystack, size_t n,
            const unsigned char *needle, size_t m, size_t *found)
{
    int error;

    if (!begin(self, HOLD_READ, n)) {
        return search(haystack, n, needle, m, found);
    }
    Py_BEGIN_ALLOW_THREADS
    error = search(haystack, n, needle, m, found);
    hold_end(&self->hold, HOLD_READ);
    Py_END_ALLOW_THREADS
    return error;
}

/* Is the first part of a search, of as many starts as a touch may be long
   without others running, worth a call of its own?  Most searches end in
   it, and are spared the way to other threads and back. */
static bool
has_first_part(size_t n, size_t m)
{
    return n > 2 * LONG_TOUCH && m > 0 && m < LONG_TOUCH;
}

int
touch_find(MmapObject *self, const unsigned char *haystack, size_t n,
           const unsigned char *needle, size_t m, size_t *found)
{
    if (!has_first_part(n, m)) {
        return search_long(self, mem_find, haystack, n, needle, m, found);
    }
    int error = mem_find(haystack, LONG_TOUCH + m - 1, needle, m, found);
    if (error != 0 || *found != SEARCH_ABSENT) {
        return error;
    }
    error = search_long(self, mem_find, haystack + LONG_TOUCH,
                        n - LONG_TOUCH, needle, m, found);
    if (error == 0 && *found != SEARCH_ABSENT) {
        *found += LONG_TOUCH;
    }
    return error;
}

int
touch_rfind(MmapObject *self, const unsigned char *haystack, size_t n,
            const unsigned char *needle, size_t m, size_t *found)
{
    if (!has_first_part(n, m)) {
        return search_long(self, mem_rfind, haystack, n, needle, m, found);
    }
    size_t part = LONG_TOUCH + m - 1;
    int error = mem_rfind(haystack + (n - part), part, needle, m, found);
    if (error != 0) {
        return error;
    }
    if (*found != SEARCH_ABSENT) {
        *found += n - part;
        return 0;
    }
    return search_long(self, mem_rfind, haystack, n - LONG_TOUCH, needle, m,
                       found);
}
