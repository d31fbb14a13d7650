/* hold.h: memory that an operation uses without the lock.

   A long operation lets other threads run, and holds the memory meanwhile;
   the others wait if theirs does not go together with it.  So operations on
   one map stay atomic, and nobody unmaps memory in use.

   What waits for what, where `keep` is what looks at no byte (flush, madvise,
   len, size, buffers handed out), `read` a search or a copy out, `change` a
   copy in or anything that moves the position, and `replace` closing and
   resizing:

                  keep    read    change   replace     are under way
       keep        -       -        -       waits
       read        -       -       waits    waits
       change      -      waits    waits    waits
       replace   waits    waits    waits    waits

   All but hold_end want the lock of the object: the GIL, or its critical
   section in a free-threaded build. */

#ifndef MMAP_HOLD_H
#define MMAP_HOLD_H

#include "pycompat.h"

#include <stdatomic.h>
#include <stdbool.h>

enum hold_mode {
    HOLD_KEEP,
    HOLD_READ,
    HOLD_CHANGE,
    HOLD_REPLACE,
};

/* In place of the number of users: not free, although nobody uses it. */
#define HOLD_SHUT (-1)

struct hold {
    /* Written without the lock when an operation ends. */
    atomic_int users;           /* operations under way, of any mode; or
                                   HOLD_SHUT */
    atomic_int readers;
    atomic_bool changing;
    atomic_bool replacing;
    PyThread_type_lock gate;    /* taken while there are users */
    int waiting;                /* threads that wait to change or replace */
    long process;               /* os_process() that made the gate */
};

/* Nobody uses the memory, and nobody ever did.  If `shut`, it is not free
   until hold_open(): so the first operation of all is noticed, and the others
   pay nothing for it. */
void hold_init(struct hold *hold, bool shut);
bool hold_is_shut(struct hold *hold);
void hold_open(struct hold *hold);

void hold_fini(struct hold *hold);

/* Hold the memory.  False where that is not possible at once: then keep the
   lock during the operation. */
bool hold_begin(struct hold *hold, enum hold_mode mode);

/* Needs neither the lock nor the GIL, so that it works when Python is at its
   end and gives neither. */
void hold_end(struct hold *hold, enum hold_mode mode);

/* Let go of the lock until the mode goes together with what is under way;
   check everything afterwards. */
void hold_wait_for_others(struct hold *hold, enum hold_mode mode);

/* Is nothing under way? */
static inline bool
hold_is_free(struct hold *hold)
{
    return atomic_load_explicit(&hold->users, memory_order_acquire) == 0;
}

#endif
