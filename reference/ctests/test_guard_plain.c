/* test_guard_plain.c: the tests of test_guard_posix.c without fixups: what
   runs on processors and systems of which guard_fixups.h knows nothing. */

#define GUARD_HAS_FIXUPS 0

#include "../src/_mmap/guard_posix.c"
#include "../src/_mmap/guard_few.c"

#include "test_guard_posix.c"
