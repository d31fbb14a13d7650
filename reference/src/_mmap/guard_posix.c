/* guard_posix.c: guard.h by means of a handler for SIGBUS and SIGSEGV.

   The handler takes what a guard of the thread answers for.  All else it
   passes on, as if it were not there: to the handler that it replaced, with
   that one's flags and mask, or to the default action.

   Others replace our handler: faulthandler.enable() remembers it and comes
   back to it, signal.signal() does neither.  guard_install then installs
   anew, on a further *level*: each level is a function of its own that
   remembers what was there before it.  So a handler that was installed
   between two levels comes back to the lower one, and never round in a
   circle.

   No Python.h.  What a handler calls is async-signal-safe. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* the registers in ucontext.h */
#endif
#ifdef __APPLE__
#define _DARWIN_C_SOURCE        /* siginfo_t */
#endif

#include "guard_few.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#ifdef __linux__
#include <ucontext.h>
#endif
#include <unistd.h>

GUARD_THREAD_LOCAL struct guard *guard_innermost;

/* What a guard can turn into an error, in the order of enum os_risk. */
static const int signals[] = {SIGBUS, SIGSEGV};

enum {
    N_SIGNALS = sizeof(signals) / sizeof(signals[0]),
    N_LEVELS = 8,
};

/* What each level replaced. */
static struct sigaction replaced[N_LEVELS][N_SIGNALS];

static size_t
index_of(int number)
{
    return number == signals[0] ? 0 : 1;
}

#if GUARD_HAS_FIXUPS

GUARD_THREAD_LOCAL volatile int guard_few_state;

#if defined(__x86_64__)
#define PROGRAM_COUNTER(context) ((context)->uc_mcontext.gregs[REG_RIP])
#else
#define PROGRAM_COUNTER(context) ((context)->uc_mcontext.pc)
#endif

/* The end of the fixup that an instruction belongs to, or 0. */
static uintptr_t
end_of_fixup(uintptr_t instruction)
{
    const struct guard_fixup *fixup = __start_guard_fixups;
    for (; fixup < __stop_guard_fixups; fixup++) {
        uintptr_t begin = (uintptr_t)&fixup->begin + (uintptr_t)fixup->begin;
        uintptr_t end = (uintptr_t)&fixup->end + (uintptr_t)fixup->end;
        if (begin <= instruction && instruction < end) {
            return end;
        }
    }
    return 0;
}

/* Make the thread go on behind the touch that failed; false if it was none
   of ours. */
static bool
fix_up(void *context)
{
    ucontext_t *interrupted = context;
    uintptr_t end = end_of_fixup((uintptr_t)PROGRAM_COUNTER(interrupted));
    if (end == 0) {
        return false;
    }
    guard_few_state = GUARD_FAILED;
    PROGRAM_COUNTER(interrupted) = end;
    return true;
}

/* Keep a signal for the end of the touch that is under way; false if there
   is none. */
static bool
postpone_few(int number)
{
    if (guard_few_state == 0) {
        return false;
    }
    guard_few_state = number;
    return true;
}

int
guard_settle(int unsettled)
{
    int state = unsettled + GUARD_TOUCHING;
    if (state > 0) {
        guard_send_postponed(state);
    }
    return state == GUARD_FAILED ? GUARD_ERROR : 0;
}

#else

static bool
fix_up(void *context)
{
    (void)context;
    return false;
}

static bool
postpone_few(int number)
{
    (void)number;
    return false;
}

#endif

/* Did somebody send the signal, as opposed to a touch that failed? */
static bool
was_sent(const siginfo_t *info)
{
#ifdef __linux__
    return info->si_code <= 0;
#else
    return info->si_code == SI_USER || info->si_code == SI_QUEUE;
#endif
}

#if defined(__linux__) && defined(__i386__)
/* What Linux keeps on the stack of a handler (asm/sigcontext.h), of which the
   C library declares only the beginning; the upper half of its last field
   is 0 where the rest follows. */
struct i386_float_state {
    struct _libc_fpstate plain;
    unsigned int environment[6];
    unsigned int mxcsr;
};
#endif

/* Linux enters a handler with the floating-point modes of a new process, and
   only a return from the handler gives the thread its own ones back. */
static void
restore_float_modes(const void *context)
{
#if defined(__linux__) && defined(__x86_64__)
    const ucontext_t *interrupted = context;
    if (interrupted->uc_mcontext.fpregs != NULL) {
        unsigned int mxcsr = interrupted->uc_mcontext.fpregs->mxcsr;
        unsigned short control = interrupted->uc_mcontext.fpregs->cwd;
        __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
        __asm__ volatile("fldcw %0" : : "m"(control));
    }
#elif defined(__linux__) && defined(__i386__)
    const ucontext_t *interrupted = context;
    if (interrupted->uc_mcontext.fpregs != NULL) {
        const struct i386_float_state *state =
            (const void *)interrupted->uc_mcontext.fpregs;
        unsigned short control = (unsigned short)state->plain.cw;
        __asm__ volatile("fldcw %0" : : "m"(control));
        if (state->plain.status >> 16 == 0
            && __builtin_cpu_supports("sse")) {
            __asm__ volatile("ldmxcsr %0" : : "m"(state->mxcsr));
        }
    }
#else
    (void)context;
#endif
}

/* The default action is the system's: a touch that failed is repeated on
   return and ends the process there, a signal that was sent is sent again. */
static void
act_by_default(int number, bool sent)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    (void)sigaction(number, &action, NULL);
    if (sent) {
        (void)raise(number);
    }
}

/* Call a handler with the signals blocked that it wants to be blocked, until
   our own handler returns. */
static void
call_handler(const struct sigaction *action, int number, siginfo_t *info,
             void *context)
{
    sigset_t blocked = action->sa_mask;

    if (!(action->sa_flags & SA_NODEFER)) {
        (void)sigaddset(&blocked, number);
    }
    (void)pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(number, info, context);
    }
    else {
        action->sa_handler(number);
    }
}

/* Do what would have been done without this level. */
static void
pass_on(int level, int number, siginfo_t *info, void *context)
{
    struct sigaction *before = &replaced[level][index_of(number)];
    struct sigaction action = *before;
    bool sent = was_sent(info);
    bool simple = !(action.sa_flags & SA_SIGINFO);

    if (simple && action.sa_handler == SIG_IGN && sent) {
        return;
    }
    if (simple
        && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN))
    {
        act_by_default(number, sent);
        return;
    }
    if (action.sa_flags & SA_RESETHAND) {
        *before = (struct sigaction){.sa_handler = SIG_DFL};
    }
    call_handler(&action, number, info, context);
}

/* A handler above us may have got the fault first, and tells us by raise(),
   without the address.  Let the touch be repeated: a fault comes back with
   its address.  If none does, the signal was really sent, and is postponed
   to the end of the touch. */
static bool
postpone_echo(int number, const siginfo_t *info)
{
    if (!was_sent(info) || info->si_pid != getpid()) {
        return false;
    }
    if (postpone_few(number)) {
        return true;
    }
    if (guard_innermost == NULL) {
        return false;
    }
    guard_innermost->postponed = number;
    return true;
}

/* Turn a fault that a guard answers for into an error; returns if none
   does, and true if the thread is to go on when the handler returns. */
static bool
take_fault(const siginfo_t *info, void *context)
{
    if (was_sent(info)) {
        return false;
    }
    if (fix_up(context)) {
        return true;
    }
    struct guard *guard = guard_of((uintptr_t)info->si_addr);
    if (guard != NULL) {
        guard->error = GUARD_ERROR;
        guard->postponed = 0;
        restore_float_modes(context);
        GUARD_RESUME(guard->resume);
    }
    return false;
}

static void
on_signal(int level, int number, siginfo_t *info, void *context)
{
    int error = errno;

    if (!take_fault(info, context) && !postpone_echo(number, info)) {
        pass_on(level, number, info, context);
    }
    errno = error;
}

void
guard_send_postponed(int number)
{
    (void)raise(number);
}

#define LEVEL(n) \
    static void \
    on_signal_##n(int number, siginfo_t *info, void *context) \
    { \
        on_signal(n, number, info, context); \
    }

LEVEL(0)
LEVEL(1)
LEVEL(2)
LEVEL(3)
LEVEL(4)
LEVEL(5)
LEVEL(6)
LEVEL(7)

typedef void (*signal_handler)(int number, siginfo_t *info, void *context);

static const signal_handler handlers[N_LEVELS] = {
    on_signal_0, on_signal_1, on_signal_2, on_signal_3,
    on_signal_4, on_signal_5, on_signal_6, on_signal_7,
};

static bool
is_ours(const struct sigaction *action)
{
    if (!(action->sa_flags & SA_SIGINFO)) {
        return false;
    }
    for (int level = 0; level < N_LEVELS; level++) {
        if (action->sa_sigaction == handlers[level]) {
            return true;
        }
    }
    return false;
}

static bool
same_handler(const struct sigaction *a, const struct sigaction *b)
{
    if ((a->sa_flags & SA_SIGINFO) != (b->sa_flags & SA_SIGINFO)) {
        return false;
    }
    return a->sa_flags & SA_SIGINFO ? a->sa_sigaction == b->sa_sigaction
                                    : a->sa_handler == b->sa_handler;
}

/* Levels in use, by signal.  Written under the lock below. */
static int levels_used[N_SIGNALS];

/* The level on which to replace an action, or N_LEVELS. */
static int
level_for(size_t which, const struct sigaction *action)
{
    if (!(action->sa_flags & SA_SIGINFO)
        && (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN))
    {
        return 0;       /* nobody is left who could come back to a level */
    }
    for (int level = 0; level < levels_used[which]; level++) {
        if (same_handler(action, &replaced[level][which])) {
            return level;
        }
    }
    return levels_used[which];
}

/* Put our handler on top of what is there. */
static int
install(size_t which, const struct sigaction *there)
{
    int level = level_for(which, there);
    if (level == N_LEVELS) {
        return 0;       /* somebody insists: leave the last word to him */
    }
    /* Nothing is blocked in our handler, for it does not return to where
       the mask would be restored.  The rest is as the one below wants it. */
    struct sigaction action = {
        .sa_sigaction = handlers[level],
        .sa_flags = (SA_SIGINFO | SA_NODEFER
                     | (there->sa_flags & (SA_ONSTACK | SA_RESTART))),
    };
    (void)sigemptyset(&action.sa_mask);
    replaced[level][which] = *there;
    levels_used[which] = level + 1;
    return sigaction(signals[which], &action, NULL) != 0 ? errno : 0;
}

/* The process that is installing, or 0.  A child that was forked in the
   middle of it takes the lock over. */
static _Atomic(pid_t) installer;

static void
lock(void)
{
    pid_t self = getpid();
    pid_t owner = 0;
    while (!atomic_compare_exchange_weak(&installer, &owner, self)) {
        if (owner == self) {
            owner = 0;
        }
    }
}

static void
unlock(void)
{
    atomic_store(&installer, 0);
}

static int
install_where_needed(size_t which)
{
    struct sigaction there;

    if (sigaction(signals[which], NULL, &there) != 0) {
        return errno;
    }
    return is_ours(&there) ? 0 : install(which, &there);
}

/* Are the first `count` signals ours? */
static bool
is_installed(size_t count)
{
    for (size_t which = 0; which < count; which++) {
        struct sigaction there;
        if (sigaction(signals[which], NULL, &there) != 0
            || !is_ours(&there))
        {
            return false;
        }
    }
    return true;
}

/* How many signals memory with that risk can raise. */
static size_t
signals_of(enum os_risk risk)
{
    return risk == OS_NO_RISK ? 0 : risk == OS_MAY_BE_LOST ? 1 : N_SIGNALS;
}

/* Was everything installed once?  From then on the system is asked about no
   more than what counts. */
static atomic_bool was_installed;

int
guard_install(enum os_risk risk)
{
    int error = 0;

    if (atomic_load(&was_installed) && is_installed(signals_of(risk))) {
        return 0;
    }
    lock();
    for (size_t which = 0; which < N_SIGNALS && error == 0; which++) {
        error = install_where_needed(which);
    }
    atomic_store(&was_installed, error == 0);
    unlock();
    return error;
}
