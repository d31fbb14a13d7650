/* touch.c: which touches of a map's memory let other threads run. */

#include "touch.h"

#include "search.h"

static bool
begin(MmapObject *self, enum hold_mode mode, size_t n)
{
    return n >= TOUCH_LONG && hold_begin(&self->hold, mode);
}

int
touch_copy_long(MmapObject *self, enum hold_mode mode, void *target,
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

int
touch_copy_on_long(MmapObject *self, void *target, const void *source,
                   size_t n)
{
    int error;

    if (!begin(self, HOLD_CHANGE, n)) {
        return touch_copy_and_advance(self, target, source, n);
    }
    Py_BEGIN_ALLOW_THREADS
    error = touch_copy_and_advance(self, target, source, n);
    hold_end(&self->hold, HOLD_CHANGE);
    Py_END_ALLOW_THREADS
    return error;
}

static int
take_line(MmapObject *self, unsigned char *target, size_t n, bool *taken)
{
    size_t found;
    int error = mem_copy(target, self->map.data + self->pos, n);
    if (error == 0) {
        error = mem_find_byte(target, n, '\n', &found);
    }
    if (error != 0) {
        return error;
    }
    *taken = found == n - 1
        || (found == SEARCH_ABSENT && n == (size_t)remaining(self));
    if (*taken) {
        self->pos += (Py_ssize_t)n;
    }
    return 0;
}

int
touch_take_line(MmapObject *self, unsigned char *target, size_t n,
                bool *taken)
{
    int error;

    *taken = false;
    if (!begin(self, HOLD_CHANGE, n)) {
        return take_line(self, target, n, taken);
    }
    Py_BEGIN_ALLOW_THREADS
    error = take_line(self, target, n, taken);
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
    return n > 2 * TOUCH_LONG && m > 0 && m < TOUCH_LONG;
}

int
touch_find_long(MmapObject *self, const unsigned char *haystack, size_t n,
                const unsigned char *needle, size_t m, size_t *found)
{
    if (!has_first_part(n, m)) {
        return search_long(self, mem_find, haystack, n, needle, m, found);
    }
    int error = mem_find(haystack, TOUCH_LONG + m - 1, needle, m, found);
    if (error != 0 || *found != SEARCH_ABSENT) {
        return error;
    }
    error = search_long(self, mem_find, haystack + TOUCH_LONG,
                        n - TOUCH_LONG, needle, m, found);
    if (error == 0 && *found != SEARCH_ABSENT) {
        *found += TOUCH_LONG;
    }
    return error;
}

int
touch_rfind_long(MmapObject *self, const unsigned char *haystack,
                 size_t n, const unsigned char *needle, size_t m,
                 size_t *found)
{
    if (!has_first_part(n, m)) {
        return search_long(self, mem_rfind, haystack, n, needle, m, found);
    }
    size_t part = TOUCH_LONG + m - 1;
    int error = mem_rfind(haystack + (n - part), part, needle, m, found);
    if (error != 0) {
        return error;
    }
    if (*found != SEARCH_ABSENT) {
        *found += n - part;
        return 0;
    }
    return search_long(self, mem_rfind, haystack, n - TOUCH_LONG, needle, m,
                       found);
}
