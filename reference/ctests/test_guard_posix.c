/* test_guard_posix.c: the guard of POSIX: what it takes, and that everything
   else goes where it would go without it.

   Each test runs in a process of its own, for handlers are the process's. */

#define _GNU_SOURCE

#include "../src/_mmap/guard_few.h"

#include "harness.h"
#include "touching.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t page;

/* A page that may not be touched: SIGSEGV. */
static unsigned char *
forbidden_page(void)
{
    void *data = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    return data == MAP_FAILED ? NULL : data;
}

/* A page whose file has gone: SIGBUS. */
static unsigned char *
lost_page(void)
{
    FILE *file = tmpfile();
    int fd = fileno(file);
    if (ftruncate(fd, (off_t)page) != 0) {
        return NULL;
    }
    void *data = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ftruncate(fd, 0) != 0 || data == MAP_FAILED) {
        return NULL;
    }
    (void)fclose(file);
    return data;
}

/* The touch that is to end this process; status 1 if it should not come to
   that. */
static void
die_of(unsigned char *address)
{
    if (checks_failed_here == 0) {
        touch(address);
    }
    (void)fflush(stdout);
    _exit(1);
}

/* The handlers of the tests: what they saw, and how they let the touch go
   on. */
static volatile sig_atomic_t calls;
static void *volatile seen_address;
static unsigned char *forbidden;
static sigset_t seen_mask;

static void
allow(int number)
{
    (void)number;
    calls++;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &seen_mask);
    (void)mprotect(forbidden, page, PROT_READ | PROT_WRITE);
}

static void
allow_with_address(int number, siginfo_t *info, void *context)
{
    seen_address = context != NULL ? info->si_addr : NULL;
    allow(number);
}

static void
count(int number)
{
    (void)number;
    calls++;
}

static void
handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(number, &action, NULL) == 0);
}

/* A handler like faulthandler's: it remembers what it replaces, puts that
   back when it is called, and raises the signal again. */
static struct sigaction before_reporter[65];

static void
report(int number)
{
    calls++;
    (void)sigaction(number, &before_reporter[number], NULL);
    (void)raise(number);
}

static void
enable_reporter(int number)
{
    struct sigaction action = {.sa_handler = report,
                               .sa_flags = SA_NODEFER | SA_ONSTACK};
    CHECK(sigaction(number, &action, &before_reporter[number]) == 0);
}

static void
disable_reporter(int number)
{
    CHECK(sigaction(number, &before_reporter[number], NULL) == 0);
}

/* Runs `test` in a child; its status as of wait(2). */
static int
status_of(void (*test)(void))
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        test();
        (void)fflush(stdout);
        _exit(checks_failed_here > 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

/* RUN the test in a child of its own. */
#define RUN_ALONE(test) \
    do { \
        alone = test; \
        run_test(#test, run_alone); \
    } while (0)

static void (*alone)(void);

static void
run_alone(void)
{
    CHECK(status_of(alone) == 0);
}

static bool
dies_by(int number, void (*test)(void))
{
    int status = status_of(test);
    return WIFSIGNALED(status) && WTERMSIG(status) == number;
}

/* -- what a guard takes --------------------------------------------------- */

static void
faults_are_errors(void)
{
    unsigned char *lost = lost_page();
    unsigned char *const pages[] = {forbidden_page(), lost, lost + page - 1};

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    check_faults(pages, 3);
}

static void
first_range_counts_too(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    check_first_range(lost_page(), page);
}

static void
guards_nest(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    check_nesting(lost_page(), forbidden_page());
}

static void
mask_stays(void)
{
    sigset_t wanted;
    sigset_t now;

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGUSR1);
    CHECK(sigprocmask(SIG_SETMASK, &wanted, NULL) == 0);
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
    CHECK(touch_own(forbidden_page()) == GUARD_ERROR);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    for (int number = 1; number < 32; number++) {
        CHECK(sigismember(&now, number) == sigismember(&wanted, number));
    }
}

static void
float_modes_stay(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(fesetround(FE_UPWARD) == 0);
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
    CHECK(fegetround() == FE_UPWARD);
    volatile double one = 1.0;
    volatile double tiny = 1e-30;
    CHECK(one + tiny > 1.0);
}

static void
alternate_stack_is_left(void)
{
    stack_t stack = {.ss_size = 65536};
    stack_t now;
    unsigned char *lost = lost_page();

    stack.ss_sp = malloc(stack.ss_size);
    CHECK(sigaltstack(&stack, NULL) == 0);
    handle(SIGBUS, count, SA_ONSTACK);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    for (int i = 0; i < 1000; i++) {
        CHECK(touch_own(lost) == GUARD_ERROR);
    }
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK(now.ss_flags == 0 && now.ss_sp == stack.ss_sp);
    CHECK(calls == 0);
}

static void *
fault_often(void *data)
{
    size_t failed = 0;
    for (int i = 0; i < 2000; i++) {
        failed += touch_own(data) == GUARD_ERROR;
    }
    return (void *)failed;
}

static void
threads_fault_at_once(void)
{
    pthread_t threads[4];
    unsigned char *pages[] = {lost_page(), forbidden_page()};

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, fault_often, pages[i % 2])
              == 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        CHECK(pthread_join(threads[i], &failed) == 0);
        CHECK((size_t)failed == 2000);
    }
}

static void *
install_often(void *unused)
{
    size_t failed = 0;
    for (int i = 0; i < 1000; i++) {
        failed += guard_install(OS_MAY_BE_FORBIDDEN) != 0;
    }
    return unused == NULL ? (void *)failed : unused;
}

static void
threads_install_at_once(void)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, install_often, NULL) == 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        CHECK(pthread_join(threads[i], &failed) == 0);
        CHECK(failed == NULL);
    }
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
}

static void
child_is_guarded(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(status_of(faults_are_errors) == 0);
}

/* -- few bytes ------------------------------------------------------------ */

static int
settled(int unsettled)
{
    return unsettled == 0 ? 0 : guard_settle(unsettled);
}

static void
few_bytes_are_copied(void)
{
    unsigned char source[3 * GUARD_COPY_MOST];
    unsigned char target[GUARD_COPY_MOST + 2];

    for (size_t i = 0; i < sizeof(source); i++) {
        source[i] = (unsigned char)(i + 1);
    }
    for (size_t n = 1; n <= GUARD_COPY_MOST; n++) {
        memset(target, 0, sizeof(target));
        CHECK(guard_copy_few(target + 1, source + 5, n) == 0);
        CHECK(memcmp(target + 1, source + 5, n) == 0);
        CHECK(target[0] == 0 && target[n + 1] == 0);
    }
    unsigned char value = 0;
    CHECK(settled(guard_get(source + 7, &value)) == 0 && value == 8);
    CHECK(settled(guard_put(source + 7, 200)) == 0 && source[7] == 200);
}

static void
few_bytes_may_overlap(void)
{
    unsigned char is[3 * GUARD_COPY_MOST];
    unsigned char expected[3 * GUARD_COPY_MOST];

    for (size_t n = 1; n <= GUARD_COPY_MOST; n++) {
        for (size_t to = 0; to <= 2 * GUARD_COPY_MOST; to++) {
            for (size_t i = 0; i < sizeof(is); i++) {
                is[i] = expected[i] = (unsigned char)i;
            }
            memmove(expected + to, expected + GUARD_COPY_MOST, n);
            CHECK(guard_copy_few(is + to, is + GUARD_COPY_MOST, n) == 0);
            CHECK(memcmp(is, expected, sizeof(is)) == 0);
        }
    }
}

static void
few_bytes_are_matched(void)
{
    unsigned char source[GUARD_FEW];

    for (size_t i = 0; i < GUARD_FEW; i++) {
        uint64_t matches = 1;
        memset(source, 'x', sizeof(source));
        source[i] = '\n';
        source[GUARD_FEW - 1 - i] = '\n';
        CHECK(settled(guard_match_few(source, '\n', &matches)) == 0);
        CHECK(matches == 0 || matches == (UINT64_C(1) << i
                                          | UINT64_C(1) << (63 - i)));
#if GUARD_HAS_MATCH
        CHECK(matches != 0);
        CHECK(settled(guard_match_few(source, '\r', &matches)) == 0);
        CHECK(matches == 0);
#endif
    }
}

/* Two pages, of which only the first is there. */
static unsigned char *
half_lost_pages(void)
{
    unsigned char *both = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(both != MAP_FAILED);
    CHECK(mprotect(both + page, page, PROT_NONE) == 0);
    return both;
}

static void
few_lost_bytes_are_errors(void)
{
    unsigned char *pages[] = {forbidden_page(), lost_page(),
                              half_lost_pages() + page};
    unsigned char good[GUARD_COPY_MOST] = {0};

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK(settled(guard_get(pages[i], good)) == GUARD_ERROR);
        CHECK(settled(guard_put(pages[i], 1)) == GUARD_ERROR);
        for (size_t n = 1; n <= GUARD_COPY_MOST; n++) {
            CHECK(guard_copy_few(good, pages[i], n) == GUARD_ERROR);
            CHECK(guard_copy_few(pages[i], good, n) == GUARD_ERROR);
            CHECK(guard_copy_few(good, good, n) == 0);
        }
    }
#if GUARD_HAS_MATCH
    uint64_t matches;
    CHECK(settled(guard_match_few(pages[2] - GUARD_FEW, 1, &matches)) == 0);
    CHECK(settled(guard_match_few(pages[2] - 1, 1, &matches))
          == GUARD_ERROR);
#endif
    /* Up to the last byte that is there, and over it. */
    unsigned char *edge = pages[2];
    for (size_t n = 1; n <= GUARD_COPY_MOST; n++) {
        CHECK(guard_copy_few(good, edge - n, n) == 0);
        CHECK(guard_copy_few(edge - n, good, n) == 0);
        CHECK(guard_copy_few(good, edge - n + 1, n) == GUARD_ERROR);
        CHECK(guard_copy_few(edge - n + 1, good, n) == GUARD_ERROR);
    }
    CHECK(guard_innermost == NULL);
}

static void
few_bytes_leave_the_mask(void)
{
    sigset_t now;
    unsigned char value;

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(settled(guard_get(lost_page(), &value)) == GUARD_ERROR);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    CHECK(sigismember(&now, SIGBUS) == 0);
    CHECK(fesetround(FE_UPWARD) == 0);
    CHECK(settled(guard_get(lost_page(), &value)) == GUARD_ERROR);
    CHECK(fegetround() == FE_UPWARD);
}

static void
few_bytes_with_a_reporter_above(void)
{
    unsigned char *lost = lost_page();
    unsigned char value;

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    enable_reporter(SIGBUS);
    CHECK(settled(guard_get(lost, &value)) == GUARD_ERROR);
    CHECK(calls == 1);
    CHECK(settled(guard_get(lost, &value)) == GUARD_ERROR);
    CHECK(calls == 1);
}

static void
touch_after_few_bytes(void)
{
    unsigned char *lost = lost_page();
    unsigned char value;

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(settled(guard_get(lost, &value)) == GUARD_ERROR);
    die_of(lost);
}

static void
faults_after_few_bytes_end_the_process(void)
{
    CHECK(dies_by(SIGBUS, touch_after_few_bytes));
}

#if GUARD_HAS_FIXUPS
static void
signals_wait_for_the_end_of_few_bytes(void)
{
    handle(SIGBUS, count, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    guard_few_begin();
    (void)raise(SIGBUS);
    CHECK(calls == 0);
    CHECK(settled(guard_few_end()) == 0);
    CHECK(calls == 1);
    (void)raise(SIGBUS);
    CHECK(calls == 2);
}
#endif

/* -- what belongs to others ----------------------------------------------- */

static void
touch_lost_page(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    die_of(lost_page());
}

static void
touch_forbidden_page(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    die_of(forbidden_page());
}

static void
touch_beside_the_guard(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    (void)touch_guarded(forbidden_page(), lost_page(), page);
}

static void
touch_after_the_guard(void)
{
    unsigned char *lost = lost_page();
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(touch_own(lost) == GUARD_ERROR);
    die_of(lost);
}

static void
send_bus(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    (void)kill(getpid(), SIGBUS);
}

static void
raise_segv(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    (void)raise(SIGSEGV);
}

static void
touch_while_ignored(void)
{
    (void)signal(SIGSEGV, SIG_IGN);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    (void)raise(SIGSEGV);
    (void)kill(getpid(), SIGSEGV);
    die_of(forbidden_page());
}

static void
foreign_faults_end_the_process(void)
{
    CHECK(dies_by(SIGBUS, touch_lost_page));
    CHECK(dies_by(SIGSEGV, touch_forbidden_page));
    CHECK(dies_by(SIGSEGV, touch_beside_the_guard));
    CHECK(dies_by(SIGBUS, touch_after_the_guard));
    CHECK(dies_by(SIGBUS, send_bus));
    CHECK(dies_by(SIGSEGV, raise_segv));
    CHECK(dies_by(SIGSEGV, touch_while_ignored));
}

static void
ignored_signals_are_ignored(void)
{
    (void)signal(SIGBUS, SIG_IGN);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(raise(SIGBUS) == 0);
    CHECK(kill(getpid(), SIGBUS) == 0);
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
}

static void
plain_handler_is_called(void)
{
    forbidden = forbidden_page();
    handle(SIGSEGV, allow, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    touch(forbidden);
    CHECK(calls == 1 && *forbidden == 1);
    CHECK(sigismember(&seen_mask, SIGUSR2) == 1);
    CHECK(sigismember(&seen_mask, SIGSEGV) == 1);

    sigset_t now;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    CHECK(sigismember(&now, SIGUSR2) == 0);
    CHECK(sigismember(&now, SIGSEGV) == 0);
}

static void
handler_with_information_is_called(void)
{
    struct sigaction action = {.sa_sigaction = allow_with_address,
                               .sa_flags = SA_SIGINFO | SA_NODEFER};

    forbidden = forbidden_page();
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(touch_guarded(forbidden + 5, lost_page(), page) == 0);
    CHECK(calls == 1 && seen_address == forbidden + 5);
    CHECK(sigismember(&seen_mask, SIGSEGV) == 0);
}

static void
handler_is_called_once_only(void)
{
    forbidden = forbidden_page();
    handle(SIGSEGV, allow, SA_RESETHAND);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    touch(forbidden);
    CHECK(calls == 1);
    CHECK(mprotect(forbidden, page, PROT_NONE) == 0);
    CHECK(touch_own(forbidden) == GUARD_ERROR);
    die_of(forbidden);
}

static void
handler_that_resets_itself(void)
{
    CHECK(dies_by(SIGSEGV, handler_is_called_once_only));
}

static sigjmp_buf escape;

static void
jump_out(int number)
{
    calls++;
    siglongjmp(escape, number);
}

static void
handler_may_jump(void)
{
    unsigned char *protected = forbidden_page();

    handle(SIGSEGV, jump_out, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(escape, 1) == 0) {
            touch(protected);
        }
        CHECK(touch_own(protected) == GUARD_ERROR);
    }
    CHECK(calls == 3);
}

static void
sent_signals_reach_the_handler(void)
{
    handle(SIGBUS, count, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(raise(SIGBUS) == 0 && kill(getpid(), SIGBUS) == 0);
    CHECK(calls == 2);
}

static void
sent_signals_wait_for_the_end_of_the_touch(void)
{
    struct guard guard;
    unsigned char good = 0;

    handle(SIGBUS, count, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    guard_enter(&guard, &good, 1, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        (void)raise(SIGBUS);
        CHECK(calls == 0);
        touch(&good);
    }
    CHECK(guard_leave(&guard) == 0);
    CHECK(calls == 1 && good == 1);
}

static void *
touch_for_others(void *address)
{
    touch(address);
    return NULL;
}

static void
other_threads_are_others(void)
{
    struct guard guard;
    pthread_t thread;

    forbidden = forbidden_page();
    handle(SIGSEGV, allow, 0);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    guard_enter(&guard, forbidden, page, NULL, 0);
    if (GUARD_HOLDS(&guard)) {
        CHECK(pthread_create(&thread, NULL, touch_for_others, forbidden)
              == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    CHECK(guard_leave(&guard) == 0);
    CHECK(calls == 1);
}

/* -- others who install handlers after us --------------------------------- */

static void
reporter_above(void)
{
    unsigned char *lost = lost_page();

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    enable_reporter(SIGBUS);
    CHECK(touch_own(lost) == GUARD_ERROR);
    CHECK(calls == 1);
    CHECK(touch_own(lost) == GUARD_ERROR);
    CHECK(calls == 1);      /* it has given way to us */
}

static void
reporter_between(void)
{
    unsigned char *lost = lost_page();

    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    enable_reporter(SIGBUS);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(touch_own(lost) == GUARD_ERROR);
    CHECK(calls == 0);
    disable_reporter(SIGBUS);
    CHECK(touch_own(lost) == GUARD_ERROR);
    CHECK(calls == 0);
}

static void
foreign_fault_with_reporter_between(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    enable_reporter(SIGBUS);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    die_of(lost_page());
}

static void
foreign_fault_without_reporter_again(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    enable_reporter(SIGBUS);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    disable_reporter(SIGBUS);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    die_of(lost_page());
}

static void
foreign_fault_with_many_reporters(void)
{
    for (int i = 0; i < 100; i++) {
        CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
        enable_reporter(SIGBUS);
        CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
        CHECK(touch_own(lost_page()) == GUARD_ERROR);
        disable_reporter(SIGBUS);
    }
    CHECK(calls == 0);
    enable_reporter(SIGBUS);
    die_of(lost_page());
}

static void
chain_comes_to_its_end(void)
{
    CHECK(dies_by(SIGBUS, foreign_fault_with_reporter_between));
    CHECK(dies_by(SIGBUS, foreign_fault_without_reporter_again));
    CHECK(dies_by(SIGBUS, foreign_fault_with_many_reporters));
}

static void
replaced_by_the_default(void)
{
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    for (int i = 0; i < 100; i++) {
        (void)signal(SIGBUS, i % 2 ? SIG_DFL : count);
        (void)signal(SIGSEGV, i % 2 ? SIG_DFL : count);
        CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
        CHECK(touch_own(lost_page()) == GUARD_ERROR);
        CHECK(touch_own(forbidden_page()) == GUARD_ERROR);
    }
    CHECK(calls == 0);
    (void)signal(SIGBUS, count);
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(raise(SIGBUS) == 0);
    CHECK(calls == 1);
}

static bool
is_handled_by(int number, void (*handler)(int))
{
    struct sigaction there;
    CHECK(sigaction(number, NULL, &there) == 0);
    return !(there.sa_flags & SA_SIGINFO) && there.sa_handler == handler;
}

static void
first_map_installs_everything(void)
{
    CHECK(guard_install(OS_NO_RISK) == 0);
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
    CHECK(touch_own(forbidden_page()) == GUARD_ERROR);
}

static void
replaced_is_what_the_risk_makes_count(void)
{
    CHECK(guard_install(OS_NO_RISK) == 0);
    handle(SIGSEGV, count, 0);
    CHECK(guard_install(OS_NO_RISK) == 0);
    CHECK(guard_install(OS_MAY_BE_LOST) == 0);
    CHECK(is_handled_by(SIGSEGV, count));
    CHECK(guard_install(OS_MAY_BE_FORBIDDEN) == 0);
    CHECK(!is_handled_by(SIGSEGV, count));

    handle(SIGBUS, count, 0);
    handle(SIGSEGV, count, 0);
    CHECK(guard_install(OS_NO_RISK) == 0);
    CHECK(is_handled_by(SIGBUS, count));
    CHECK(guard_install(OS_MAY_BE_LOST) == 0);
    CHECK(touch_own(lost_page()) == GUARD_ERROR);
    CHECK(touch_own(forbidden_page()) == GUARD_ERROR);
    CHECK(calls == 0);
}

int
main(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);

    RUN_ALONE(faults_are_errors);
    RUN_ALONE(first_range_counts_too);
    RUN_ALONE(guards_nest);
    RUN_ALONE(mask_stays);
    RUN_ALONE(float_modes_stay);
    RUN_ALONE(alternate_stack_is_left);
    RUN_ALONE(threads_fault_at_once);
    RUN_ALONE(threads_install_at_once);
    RUN_ALONE(child_is_guarded);
    RUN_ALONE(few_bytes_are_copied);
    RUN_ALONE(few_bytes_may_overlap);
    RUN_ALONE(few_bytes_are_matched);
    RUN_ALONE(few_lost_bytes_are_errors);
    RUN_ALONE(few_bytes_leave_the_mask);
    RUN_ALONE(few_bytes_with_a_reporter_above);
    RUN_ALONE(faults_after_few_bytes_end_the_process);
#if GUARD_HAS_FIXUPS
    RUN_ALONE(signals_wait_for_the_end_of_few_bytes);
#endif
    RUN_ALONE(foreign_faults_end_the_process);
    RUN_ALONE(ignored_signals_are_ignored);
    RUN_ALONE(plain_handler_is_called);
    RUN_ALONE(handler_with_information_is_called);
    RUN_ALONE(handler_that_resets_itself);
    RUN_ALONE(handler_may_jump);
    RUN_ALONE(sent_signals_reach_the_handler);
    RUN_ALONE(sent_signals_wait_for_the_end_of_the_touch);
    RUN_ALONE(other_threads_are_others);
    RUN_ALONE(reporter_above);
    RUN_ALONE(reporter_between);
    RUN_ALONE(chain_comes_to_its_end);
    RUN_ALONE(replaced_by_the_default);
    RUN_ALONE(first_map_installs_everything);
    RUN_ALONE(replaced_is_what_the_risk_makes_count);
    return finish();
}
