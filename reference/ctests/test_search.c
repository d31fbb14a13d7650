/* test_search.c: the search against the obvious one, forward and backward,
   in texts that are hard for clever algorithms.

       test_search --kernels    name the kernels, and say which run here
       test_search KERNEL       test with that one */

#define _DEFAULT_SOURCE     /* MAP_ANONYMOUS */

#include "../src/_mmap/search.h"
#include "../src/_mmap/search_filter.h"
#include "../src/_mmap/search_kernel.h"
#include "../src/_mmap/search_two_way.h"

#include "guarded.h"
#include "harness.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct search_kernel *kernel;

static size_t
obvious(const unsigned char *text, size_t n, const unsigned char *needle,
        size_t m, bool backward)
{
    if (m > n) {
        return SEARCH_ABSENT;
    }
    for (size_t k = 0; k <= n - m; k++) {
        size_t i = backward ? n - m - k : k;
        if (memcmp(text + i, needle, m) == 0) {
            return i;
        }
    }
    return SEARCH_ABSENT;
}

/* Say once what differs. */
static bool
same(const char *what, size_t found, size_t expected, size_t n, size_t m)
{
    if (found != expected) {
        printf("  %s: %zd, not %zd; %zu bytes in %zu\n", what,
               (ptrdiff_t)found, (ptrdiff_t)expected, m, n);
    }
    return found == expected;
}

static bool
agrees(const unsigned char *text, size_t n, const unsigned char *needle,
       size_t m)
{
    size_t first = obvious(text, n, needle, m, false);
    size_t last = obvious(text, n, needle, m, true);
    bool good = same("first", search_forward(text, n, needle, m), first, n, m)
        && same("last", search_backward(text, n, needle, m), last, n, m);
    if (m == 0 || m > n) {
        return good;
    }
    return good
        && same("first, two-way",
                search_two_way_forward(text, n, needle, m), first, n, m)
        && same("last, two-way",
                search_two_way_backward(text, n, needle, m), last, n, m);
}

static uint32_t
draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* Every text of up to 11 letters over {a, b}, every needle of up to 5. */
static void
all_short_texts(void)
{
    for (size_t n = 0; n <= 11; n++) {
        for (uint32_t bits = 0; bits < 1u << n; bits++) {
            unsigned char text[16];
            for (size_t i = 0; i < n; i++) {
                text[i] = (unsigned char)('a' + (bits >> i & 1));
            }
            for (size_t m = 0; m <= 5; m++) {
                for (uint32_t other = 0; other < 1u << m; other++) {
                    unsigned char needle[8];
                    for (size_t i = 0; i < m; i++) {
                        needle[i] = (unsigned char)('a' + (other >> i & 1));
                    }
                    if (!agrees(text, n, needle, m)) {
                        CHECK(!"agrees with the obvious search");
                        return;
                    }
                }
            }
        }
    }
}

/* Needles cut from periodic texts with a few bytes changed: the kernel stops
   often and in vain, so that the filter has to learn. */
static void
periodic_texts(void)
{
    uint32_t state = 1;
    unsigned char text[3000];

    for (int round = 0; round < 3000; round++) {
        size_t n = 1 + draw(&state, sizeof(text));
        uint32_t period = 1 + draw(&state, 12);
        uint32_t letters = 1 + draw(&state, 3);
        for (size_t i = 0; i < n; i++) {
            text[i] = i < period ? (unsigned char)draw(&state, letters)
                                 : text[i - period];
        }
        for (uint32_t k = draw(&state, 4); k > 0; k--) {
            text[draw(&state, (uint32_t)n)] = (unsigned char)draw(&state, 3);
        }
        size_t m = 1 + draw(&state, n < 300 ? (uint32_t)n : 300);
        unsigned char needle[300];
        memcpy(needle, text + draw(&state, (uint32_t)(n - m + 1)), m);
        if (draw(&state, 2) != 0) {
            needle[draw(&state, (uint32_t)m)] ^= 1;
        }
        if (!agrees(text, n, needle, m)) {
            CHECK(!"agrees with the obvious search");
            return;
        }
    }
}

/* A run of one letter, in a text whose runs are all shorter but perhaps one:
   nearly every start is a stop in vain, whatever the filter learns, so that
   the two-way algorithm takes over in the middle. */
static void
hopeless_texts(void)
{
    enum { LENGTH = 60000 };
    static unsigned char text[LENGTH];
    unsigned char needle[400];
    uint32_t state = 7;

    memset(needle, 'a', sizeof(needle));
    for (int round = 0; round < 60; round++) {
        size_t m = 40 + draw(&state, sizeof(needle) - 40);
        memset(text, 'a', LENGTH);
        for (size_t i = 0; i < LENGTH; i += 1 + draw(&state, (uint32_t)m)) {
            text[i] = 'b';
        }
        text[LENGTH - 1] = 'b';
        if (round % 3 > 0) {
            size_t place = draw(&state, LENGTH - (uint32_t)m);
            memset(text + place, 'a', m);
        }
        needle[m / 2] = round % 2 == 0 ? 'a' : 'b';
        if (!agrees(text, LENGTH, needle, m)) {
            CHECK(!"agrees with the obvious search");
            return;
        }
        needle[m / 2] = 'a';
    }
}

/* The one long run at each place, so also right where the two-way algorithm
   takes over. */
static void
takeover(void)
{
    enum { LENGTH = 3000, RUN_LENGTH = 100 };
    unsigned char text[LENGTH];
    unsigned char needle[RUN_LENGTH];

    memset(needle, 'a', RUN_LENGTH);
    for (size_t place = 1; place + RUN_LENGTH < LENGTH; place++) {
        for (size_t i = 0; i < LENGTH; i++) {
            text[i] = i % RUN_LENGTH == 0 ? 'b' : 'a';
        }
        memset(text + place, 'a', RUN_LENGTH);
        text[place - 1] = 'b';
        text[place + RUN_LENGTH] = 'b';
        size_t first = search_forward(text, LENGTH, needle, RUN_LENGTH);
        size_t last = search_backward(text, LENGTH, needle, RUN_LENGTH);
        if (!same("first", first, place, LENGTH, RUN_LENGTH)
            || !same("last", last, place, LENGTH, RUN_LENGTH))
        {
            CHECK(!"finds the run");
            return;
        }
    }
}

/* A rare letter of the needle first, in the middle and last; nowhere in a long
   text, in places where the rest differs, and where the needle is. */
static void
long_texts(void)
{
    enum { LENGTH = (1 << 18) + 100, SIZE = 5, NEVER = LENGTH };
    static unsigned char text[LENGTH];
    static const size_t ends[] = {0, 1, 2, LENGTH / 2, LENGTH - SIZE - 1,
                                  LENGTH - SIZE, NEVER};

    for (size_t rare = 0; rare < SIZE; rare += SIZE / 2) {
        unsigned char needle[] = "eeeee";
        needle[rare] = 'Z';
        for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
            memset(text, 'e', LENGTH);
            if (i % 2 != 0) {
                memcpy(text + LENGTH / 4, "-Z-", 3);
                memcpy(text + LENGTH / 4 * 3, "-Z-", 3);
            }
            if (ends[i / 2] != NEVER) {
                memcpy(text + ends[i / 2], needle, SIZE);
            }
            CHECK(agrees(text, LENGTH, needle, SIZE));
        }
    }
}

/* A needle at each place of a text, or missing by a byte at its end. */
static bool
agrees_at_all_places(unsigned char *text, size_t n, unsigned char *needle,
                     size_t m)
{
    for (size_t i = 0; i < m; i++) {
        needle[i] = (unsigned char)('A' + i % 3);
    }
    for (size_t place = 0; place + m <= n; place++) {
        memset(text, 'A', n);
        memcpy(text + place, needle, m);
        if (!agrees(text, n, needle, m)) {
            return false;
        }
        text[place + m - 1] = '-';
        if (!agrees(text, n, needle, m)) {
            return false;
        }
    }
    return true;
}

static void
guard_pages(void)
{
    static const size_t lengths[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33,
                                     63, 64, 65, 100, 191, 192, 257, 300};
    static const size_t sizes[] = {1, 2, 3, 4, 7, 16, 17, 33, 65};
    unsigned char *texts = guarded_bytes();
    unsigned char *needles = guarded_bytes();

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            for (int ends = 0; ends < 4; ends++) {
                size_t n = lengths[i];
                size_t m = sizes[k];
                unsigned char *text = guarded_place(texts, n, ends & 1);
                unsigned char *needle = guarded_place(needles, m, ends & 2);
                CHECK(agrees_at_all_places(text, n, needle, m));
            }
        }
    }
}

/* The kernel alone: any filter, any part of a text that ends at a guard. */
static bool
kernel_agrees(const unsigned char *text, size_t from, size_t to,
              const struct search_filter *filter)
{
    size_t first = SEARCH_ABSENT;
    size_t last = SEARCH_ABSENT;
    for (size_t i = from; i < to; i++) {
        if (search_passes(text + i, filter)) {
            first = first == SEARCH_ABSENT ? i : first;
            last = i;
        }
    }
    return same("next", kernel->next(text, from, to, filter), first, to, 0)
        && same("last", kernel->last(text, from, to, filter), last, to, 0);
}

static void
kernel_alone(void)
{
    unsigned char *bytes = guarded_bytes();
    uint32_t state = 3;

    for (int round = 0; round < 40000; round++) {
        struct search_filter filter;
        size_t m = 1 + draw(&state, 70);
        size_t to = draw(&state, 500);
        size_t from = draw(&state, (uint32_t)to + 2);
        unsigned char *text = guarded_place(bytes, to + m - 1,
                                            (int)draw(&state, 2));
        uint32_t one_in = 1 + draw(&state, 30);
        for (size_t i = 0; i < to + m - 1; i++) {
            text[i] = (unsigned char)(draw(&state, one_in) == 0 ? 'x' : '.');
        }
        filter.count = 1 + (int)draw(&state, FILTER_MOST);
        filter.at_once = 1 + (int)draw(&state, (uint32_t)filter.count);
        if (filter.at_once > FILTER_AT_ONCE) {
            filter.at_once = FILTER_AT_ONCE;
        }
        for (int k = 0; k < filter.count; k++) {
            filter.offset[k] = draw(&state, (uint32_t)m);
            filter.value[k] = draw(&state, 2) == 0 ? 'x' : '.';
        }
        if (!kernel_agrees(text, from, to, &filter)) {
            CHECK(!"agrees with looking at each start");
            return;
        }
    }
}

static void
edges(void)
{
    const unsigned char *text = (const unsigned char *)"abcabc";
    CHECK(search_forward(text, 6, text, 0) == 0);
    CHECK(search_backward(text, 6, text, 0) == 6);
    CHECK(search_forward(text, 0, text, 0) == 0);
    CHECK(search_backward(text, 0, text, 0) == 0);
    CHECK(search_forward(text, 2, text, 3) == SEARCH_ABSENT);
    CHECK(search_backward(text, 2, text, 3) == SEARCH_ABSENT);
    CHECK(search_forward(text, 6, text, 3) == 0);
    CHECK(search_backward(text, 6, text, 3) == 3);
    CHECK(search_forward(text, 6, text + 2, 1) == 2);
    CHECK(search_backward(text, 6, text + 2, 1) == 5);
}

/* Without force, the choice is one of those that run here. */
static void
choice(void)
{
    CHECK(search_kernel_in_use() == kernel);
    search_force_kernel(NULL);
    CHECK(search_kernel_in_use()->runs_here());
    search_force_kernel(kernel);
}

static int
list_kernels(void)
{
    for (int i = 0; search_kernels[i] != NULL; i++) {
        printf("%s %s\n", search_kernels[i]->name,
               search_kernels[i]->runs_here() ? "runs" : "cannot");
    }
    return 0;
}

static const struct search_kernel *
kernel_named(const char *name)
{
    for (int i = 0; search_kernels[i] != NULL; i++) {
        if (strcmp(search_kernels[i]->name, name) == 0) {
            return search_kernels[i];
        }
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--kernels") == 0) {
        return list_kernels();
    }
    kernel = argc == 2 ? kernel_named(argv[1]) : NULL;
    if (kernel == NULL || !kernel->runs_here()) {
        printf("usage: test_search --kernels | KERNEL (one that runs)\n");
        return 2;
    }
    search_force_kernel(kernel);
    RUN(choice);
    RUN(edges);
    RUN(all_short_texts);
    RUN(periodic_texts);
    RUN(hopeless_texts);
    RUN(takeover);
    RUN(long_texts);
    RUN(guard_pages);
    RUN(kernel_alone);
    return finish();
}
