/* test_search.c: the search against the obvious one, forward and backward,
   in texts that are hard for clever algorithms. */

#include "../src/_mmap/search.h"

#include "harness.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static bool
agrees(const unsigned char *text, size_t n, const unsigned char *needle,
       size_t m)
{
    return search_forward(text, n, needle, m)
            == obvious(text, n, needle, m, false)
        && search_backward(text, n, needle, m)
            == obvious(text, n, needle, m, true);
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

/* Needles cut from periodic texts with a few bytes changed: the candidates
   are many, so that the two-way algorithm has to take over. */
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

int
main(void)
{
    RUN(edges);
    RUN(all_short_texts);
    RUN(periodic_texts);
    return finish();
}
