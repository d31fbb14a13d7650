/* harness.h: the least that a test in C needs.

   A test is a function; CHECK reports what is false and goes on; main calls
   RUN for each test and ends with finish(). */

#ifndef HARNESS_H
#define HARNESS_H

#include <stdio.h>

static int checks_failed_here;
static int tests_failed;
static int tests_run;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("  %s:%d: false: %s\n", __FILE__, __LINE__, #condition); \
            checks_failed_here++; \
        } \
    } while (0)

#define RUN(test) run_test(#test, test)

static void
run_test(const char *name, void (*test)(void))
{
    checks_failed_here = 0;
    test();
    tests_run++;
    tests_failed += checks_failed_here > 0;
    printf("%s %s\n", checks_failed_here > 0 ? "FAILED" : "ok", name);
}

static int
finish(void)
{
    printf("%d passed, %d failed\n", tests_run - tests_failed, tests_failed);
    return tests_failed > 0 || tests_run == 0;
}

#endif
