/* touching.h: touches under a guard, and what is tested of it in the same way
   on every system.  Include guard.h and harness.h before. */

#ifndef TOUCHING_H
#define TOUCHING_H

#include <stdbool.h>

static void
touch(unsigned char *address)
{
    *(volatile unsigned char *)address = 1;
}

/* Touch an address while `size` bytes at `range` are guarded. */
static int
touch_guarded(unsigned char *address, unsigned char *range, size_t size)
{
    struct guard guard;

    guard_enter(&guard, NULL, 0, range, size);
    if (GUARD_HOLDS(&guard)) {
        touch(address);
    }
    return guard_leave(&guard);
}

static int
touch_own(unsigned char *address)
{
    return touch_guarded(address, address, 1);
}

/* Each of the addresses is an error, again and again, and nothing else is. */
static void
check_faults(unsigned char *const *lost, size_t n)
{
    unsigned char good = 0;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++) {
            CHECK(touch_own(lost[i]) == GUARD_ERROR);
        }
        CHECK(touch_own(&good) == 0);
    }
    CHECK(good == 1);
    CHECK(guard_innermost == NULL);
}

/* A guard answers for its first range, too: `lost` are `size` bytes that are
   not there. */
static void
check_first_range(unsigned char *lost, size_t size)
{
    struct guard guard;
    unsigned char good = 0;

    guard_enter(&guard, lost, size, &good, 1);
    if (GUARD_HOLDS(&guard)) {
        touch(&good);
        touch(lost + 100);
    }
    CHECK(guard_leave(&guard) == GUARD_ERROR);
    CHECK(good == 1);
}

/* The guard that answers is the innermost one that has the address: of two
   that are not there, the second has one of its own. */
static void
check_nesting(unsigned char *first, unsigned char *second)
{
    struct guard outer;
    volatile bool inner_done = false;

    guard_enter(&outer, first, 1, NULL, 0);
    if (GUARD_HOLDS(&outer)) {
        CHECK(touch_own(second) == GUARD_ERROR);
        CHECK(guard_innermost == &outer);
        inner_done = true;
        (void)touch_guarded(first, second, 1);
        CHECK(false);
    }
    CHECK(guard_leave(&outer) == GUARD_ERROR);
    CHECK(inner_done);
    CHECK(guard_innermost == NULL);
}

#endif
