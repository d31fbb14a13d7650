/* guard_windows.c: guard.h by means of a vectored exception handler.

   Windows asks the handlers of this kind before all others, in the thread
   that touched.  Ours takes what a guard of the thread answers for, and says
   of all else that it is not its business.  faulthandler's, which may be
   asked first, only reports.

   The handler does not jump out of itself, for Windows is not done then: it
   changes where the thread goes on.

   No Python.h. */

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif

#include "guard.h"

#include <windows.h>

#include <stdbool.h>

GUARD_THREAD_LOCAL struct guard *guard_innermost;

/* Go on where the guard that failed was set up. */
static void
resume(void)
{
    struct guard *guard = guard_innermost;
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
    /* Without a frame, longjmp() sets the registers and does no more. */
    ((_JUMP_BUFFER *)guard->resume)->Frame = 0;
#endif
    GUARD_RESUME(guard->resume);
}

/* Make a thread call resume() as soon as its exception is over.  What it had
   below its stack pointer is left alone: a function may store the arguments
   in registers above its return address, and wants the stack aligned. */
static void
redirect(CONTEXT *thread)
{
#if defined(_M_X64) || defined(__x86_64__)
    thread->Rsp = ((thread->Rsp - 64) & ~(DWORD64)15) - 8;
    thread->Rip = (DWORD64)(uintptr_t)resume;
#elif defined(_M_ARM64) || defined(__aarch64__)
    thread->Pc = (DWORD64)(uintptr_t)resume;
#elif defined(_M_IX86) || defined(__i386__)
    thread->Esp = ((thread->Esp - 64) & ~(DWORD)15) - 4;
    thread->Eip = (DWORD)(uintptr_t)resume;
#else
#error "guard_windows.c: which registers does this processor have?"
#endif
}

/* The number that Windows has for what the device said, in a structured
   exception as an NTSTATUS. */
static int
device_error(DWORD status)
{
    typedef ULONG (WINAPI *translator)(LONG status);
    HMODULE library = GetModuleHandleW(L"ntdll.dll");
    translator translate = NULL;

    if (library != NULL) {
        translate = (translator)(void (*)(void))GetProcAddress(
            library, "RtlNtStatusToDosError");
    }
    int error = translate == NULL ? 0 : (int)translate((LONG)status);
    return error != 0 ? error : GUARD_ERROR;
}

/* Is it a touch of memory that failed, and with which error? */
static bool
is_failed_touch(const EXCEPTION_RECORD *record, int *error)
{
    if (record->ExceptionCode == EXCEPTION_ACCESS_VIOLATION
        && record->NumberParameters >= 2)
    {
        *error = GUARD_ERROR;
        return true;
    }
    if (record->ExceptionCode == EXCEPTION_IN_PAGE_ERROR
        && record->NumberParameters >= 3)
    {
        *error = device_error((DWORD)record->ExceptionInformation[2]);
        return true;
    }
    return false;
}

static LONG CALLBACK
on_exception(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    int error;

    if (!is_failed_touch(record, &error)) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    struct guard *guard = guard_of(record->ExceptionInformation[1]);
    if (guard == NULL) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    guard->error = error;
    guard_innermost = guard;
    redirect(exception->ContextRecord);
    return EXCEPTION_CONTINUE_EXECUTION;
}

static INIT_ONCE installation = INIT_ONCE_STATIC_INIT;

static BOOL CALLBACK
install(INIT_ONCE *once, void *unused, void **result)
{
    (void)once;
    (void)unused;
    (void)result;
    return AddVectoredExceptionHandler(1, on_exception) != NULL;
}

int
guard_install(enum os_risk risk)
{
    (void)risk;     /* nobody can take the handler away */
    if (InitOnceExecuteOnce(&installation, install, NULL, NULL)) {
        return 0;
    }
    return ERROR_NOT_ENOUGH_MEMORY;
}

/* Windows has no signals that could come in between. */
void
guard_send_postponed(int number)
{
    (void)number;
}
