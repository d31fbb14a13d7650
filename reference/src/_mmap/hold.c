/* hold.c: which operations on one map wait for which. */

#include "hold.h"

#include "os.h"

void
hold_init(struct hold *hold, bool shut)
{
    atomic_init(&hold->users, shut ? HOLD_SHUT : 0);
    atomic_init(&hold->readers, 0);
    atomic_init(&hold->changing, false);
    atomic_init(&hold->replacing, false);
    hold->gate = NULL;
    hold->waiting = 0;
    hold->process = 0;
}

bool
hold_is_shut(struct hold *hold)
{
    return atomic_load(&hold->users) == HOLD_SHUT;
}

void
hold_open(struct hold *hold)
{
    if (hold_is_shut(hold)) {
        atomic_store(&hold->users, 0);
    }
}

void
hold_fini(struct hold *hold)
{
    if (hold->gate != NULL) {
        PyThread_free_lock(hold->gate);
    }
}

/* The threads that used the memory when this process was forked off, or were
   about to take the gate, do not exist here. */
static void
forget_if_forked(struct hold *hold)
{
    if (hold->gate != NULL && hold->process != os_process()) {
        hold_init(hold, false); /* the old gate is locked for ever, maybe */
    }
}

static bool
make_gate(struct hold *hold)
{
    if (hold->gate == NULL) {
        hold->gate = PyThread_allocate_lock();
        hold->process = os_process();
    }
    return hold->gate != NULL;
}

/* Does it not go together with what is under way? */
static bool
must_wait(struct hold *hold, enum hold_mode mode)
{
    switch (mode) {
    case HOLD_KEEP:
        return atomic_load(&hold->replacing);
    case HOLD_READ:
        return atomic_load(&hold->replacing) || atomic_load(&hold->changing);
    case HOLD_CHANGE:
        return atomic_load(&hold->replacing) || atomic_load(&hold->changing)
            || atomic_load(&hold->readers) > 0;
    default:
        return atomic_load(&hold->users) > 0;
    }
}

bool
hold_begin(struct hold *hold, enum hold_mode mode)
{
    forget_if_forked(hold);
    /* Who waits to change would wait for ever if others came and went. */
    if (hold->waiting > 0 || must_wait(hold, mode) || !make_gate(hold)) {
        return false;
    }
    if (mode == HOLD_READ) {
        atomic_fetch_add(&hold->readers, 1);
    }
    if (mode == HOLD_CHANGE) {
        atomic_store(&hold->changing, true);
    }
    if (mode == HOLD_REPLACE) {
        atomic_store(&hold->replacing, true);
    }
    if (atomic_fetch_add(&hold->users, 1) == 0) {
        /* Free, or just being freed by somebody who needs nothing more. */
        PyThread_acquire_lock(hold->gate, WAIT_LOCK);
    }
    return true;
}

void
hold_end(struct hold *hold, enum hold_mode mode)
{
    PyThread_type_lock gate = hold->gate;

    if (mode == HOLD_READ) {
        atomic_fetch_sub(&hold->readers, 1);
    }
    if (mode == HOLD_CHANGE) {
        atomic_store(&hold->changing, false);
    }
    if (mode == HOLD_REPLACE) {
        atomic_store(&hold->replacing, false);
    }
    if (atomic_fetch_sub(&hold->users, 1) == 1) {
        PyThread_release_lock(gate);
    }
}

/* Until the users of this moment are done. */
static void
pass_gate(PyThread_type_lock gate)
{
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(gate, WAIT_LOCK);
    PyThread_release_lock(gate);
    Py_END_ALLOW_THREADS
}

void
hold_wait_for_others(struct hold *hold, enum hold_mode mode)
{
    int announced = mode == HOLD_CHANGE || mode == HOLD_REPLACE;

    forget_if_forked(hold);
    hold->waiting += announced;
    while (must_wait(hold, mode)) {
        pass_gate(hold->gate);
    }
    hold->waiting -= announced;
}
