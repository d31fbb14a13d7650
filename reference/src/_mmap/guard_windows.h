/* guard_windows.h: what guard.h needs to know of Windows. */

#ifndef MMAP_GUARD_WINDOWS_H
#define MMAP_GUARD_WINDOWS_H

#include <setjmp.h>

/* ERROR_NOACCESS, as windows.h calls it: "invalid access to memory". */
#define GUARD_ERROR 998

/* longjmp() of Windows unwinds the stack, which is not for us: nothing that
   a guard encloses has to be cleaned up.  GCC's own jump does not, and is
   faster; that of Microsoft's library does not if it knows no frame (see
   guard_windows.c). */
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
typedef void *guard_jump[5];
#define GUARD_MARK(jump) __builtin_setjmp(jump)
#define GUARD_RESUME(jump) __builtin_longjmp(jump, 1)
#else
typedef jmp_buf guard_jump;
#define GUARD_MARK(jump) setjmp(jump)
#define GUARD_RESUME(jump) longjmp(jump, 1)
#endif

#ifdef _MSC_VER
#define GUARD_THREAD_LOCAL __declspec(thread)
#else
#define GUARD_THREAD_LOCAL _Thread_local
#endif

#endif
