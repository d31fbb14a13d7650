/* faulty.c: os_posix.c and guard_posix.c with system calls that can be made
   to fail, and the handles that checks/faults.py turns by ctypes.

   It takes the place of both in a build with MMAP_REFERENCE_FAULTS=1. */

#include "../ctests/faults.h"

#include "../src/_mmap/guard_posix.c"
#include "../src/_mmap/os_posix.c"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void
faults_arm_call(long number, int error, int forever)
{
    arm_number(number, error, forever != 0);
}

EXPORTED long
faults_calls(void)
{
    return calls_counted;
}

EXPORTED const char *
faults_call_name(long number)
{
    return calls_made[number];
}
