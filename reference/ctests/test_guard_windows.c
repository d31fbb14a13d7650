/* test_guard_windows.c: the guard of Windows: what it takes, and that
   everything else goes where it would go without it. */

#define WIN32_LEAN_AND_MEAN

#include "../src/_mmap/guard.h"

#include "harness.h"
#include "touching.h"

#include <windows.h>

#include <fenv.h>
#include <stdbool.h>
#include <stdlib.h>

#define PAGE ((size_t)4096)

static unsigned char *
page_with(DWORD protection)
{
    unsigned char *data = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT,
                                       protection);
    if (data == NULL) {
        printf("no memory\n");
        exit(2);
    }
    return data;
}

/* The handler that Windows asks last: it lets the touch go on. */
static volatile LONG calls;
static unsigned char *forbidden;

static LONG CALLBACK
allow(EXCEPTION_POINTERS *exception)
{
    DWORD before;
    if (exception->ExceptionRecord->ExceptionCode
        != EXCEPTION_ACCESS_VIOLATION)
    {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    InterlockedIncrement(&calls);
    return VirtualProtect(forbidden, PAGE, PAGE_READWRITE, &before)
        ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static void
expect_foreign_fault(void)
{
    forbidden = page_with(PAGE_NOACCESS);
    calls = 0;
}

static void
faults_are_errors(void)
{
    unsigned char *none = page_with(PAGE_NOACCESS);
    unsigned char *const pages[] = {none, none + PAGE - 1,
                                    page_with(PAGE_READONLY)};

    check_faults(pages, 3);
}

static void
first_range_counts_too(void)
{
    check_first_range(page_with(PAGE_NOACCESS), PAGE);
}

static void
guards_nest(void)
{
    check_nesting(page_with(PAGE_NOACCESS), page_with(PAGE_NOACCESS));
}

/* What a device says when a page cannot be read. */
static int
fail_to_page_in(DWORD status)
{
    struct guard guard;
    unsigned char good = 0;

    guard_enter(&guard, &good, 1, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        ULONG_PTR details[] = {0, (ULONG_PTR)&good, status};
        RaiseException(EXCEPTION_IN_PAGE_ERROR, 0, 3, details);
        CHECK(false);
    }
    return guard_leave(&guard);
}

static void
errors_of_devices_are_told_apart(void)
{
    CHECK(fail_to_page_in(0xC000003F) == ERROR_CRC);
    CHECK(fail_to_page_in(0xC000007F) == ERROR_DISK_FULL);
    CHECK(fail_to_page_in(0xC000020C) == ERROR_NETNAME_DELETED);
}

static void
float_modes_stay(void)
{
    CHECK(fesetround(FE_UPWARD) == 0);
    CHECK(touch_own(page_with(PAGE_NOACCESS)) == GUARD_ERROR);
    CHECK(fegetround() == FE_UPWARD);
    CHECK(fesetround(FE_TONEAREST) == 0);
}

/* More numbers than there are registers that a call may change. */
static double
sum_around_a_fault(double x, unsigned char *none)
{
    double a = x * 1.5, b = x * 2.5, c = x * 3.5, d = x * 4.5, e = x * 5.5;
    double f = x * 6.5, g = x * 7.5, h = x * 8.5, i = x * 9.5, j = x * 0.5;

    CHECK(touch_own(none) == GUARD_ERROR);
    return a - b + c - d + e - f + g - h + i - j;
}

static void
registers_stay(void)
{
    volatile double x = 2.0;
    unsigned char *none = page_with(PAGE_NOACCESS);
    CHECK(sum_around_a_fault(x, none) == 2.0 * (1.5 - 2.5 + 3.5 - 4.5 + 5.5
                                                - 6.5 + 7.5 - 8.5 + 9.5
                                                - 0.5));
}

static DWORD WINAPI
fault_often(void *data)
{
    DWORD failed = 0;
    for (int i = 0; i < 2000; i++) {
        failed += touch_own(data) == GUARD_ERROR;
    }
    return failed;
}

static void
threads_fault_at_once(void)
{
    HANDLE threads[4];
    unsigned char *none = page_with(PAGE_NOACCESS);

    for (int i = 0; i < 4; i++) {
        threads[i] = CreateThread(NULL, 0, fault_often, none, 0, NULL);
        CHECK(threads[i] != NULL);
    }
    for (int i = 0; i < 4; i++) {
        DWORD failed = 0;
        CHECK(WaitForSingleObject(threads[i], 60000) == WAIT_OBJECT_0);
        CHECK(GetExitCodeThread(threads[i], &failed) && failed == 2000);
        CloseHandle(threads[i]);
    }
}

static void
faults_elsewhere_are_others(void)
{
    unsigned char guarded = 0;

    expect_foreign_fault();
    touch(forbidden);
    CHECK(calls == 1 && *forbidden == 1);

    expect_foreign_fault();
    CHECK(touch_guarded(forbidden, &guarded, 1) == 0);
    CHECK(calls == 1 && *forbidden == 1);

    expect_foreign_fault();
    CHECK(touch_own(forbidden) == GUARD_ERROR && calls == 0);
    touch(forbidden);
    CHECK(calls == 1);
}

static DWORD WINAPI
touch_for_others(void *address)
{
    touch(address);
    return 0;
}

static void
other_threads_are_others(void)
{
    struct guard guard;

    expect_foreign_fault();
    guard_enter(&guard, forbidden, PAGE, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        HANDLE thread = CreateThread(NULL, 0, touch_for_others, forbidden, 0,
                                     NULL);
        CHECK(WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0);
        CloseHandle(thread);
    }
    CHECK(guard_leave(&guard) == 0);
    CHECK(calls == 1);
}

static void
other_exceptions_are_others(void)
{
    struct guard guard;
    unsigned char good = 0;

    expect_foreign_fault();
    guard_enter(&guard, &good, 1, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        ULONG_PTR details[] = {0, (ULONG_PTR)forbidden};
        RaiseException(EXCEPTION_ACCESS_VIOLATION, 0, 2, details);
        touch(&good);
    }
    CHECK(guard_leave(&guard) == 0);
    CHECK(calls == 1 && good == 1);
}

int
main(void)
{
    CHECK(AddVectoredExceptionHandler(0, allow) != NULL);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(guard_install(OS_NO_RISK) == 0);
    RUN(faults_are_errors);
    RUN(first_range_counts_too);
    RUN(guards_nest);
    RUN(errors_of_devices_are_told_apart);
    RUN(float_modes_stay);
    RUN(registers_stay);
    RUN(threads_fault_at_once);
    RUN(faults_elsewhere_are_others);
    RUN(other_threads_are_others);
    RUN(other_exceptions_are_others);
    return finish();
}
