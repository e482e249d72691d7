/* tests/unit/test_rx.c - regular languages: patterns and their algebra, judged from outside.
 *
 * PCRE2 is the judge of random patterns; unions, intersections, complements, sequences and
 * repetitions of random languages are judged string by string.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcre2.h>

#include "engine/sample/form/pattern.h"

enum { NODES = 200000, ROUNDS = 400, DERIVATIVES = 20000 };

static struct rx_pool *new_pool(void)
{
    struct rx_pool *p = rx_pool_new(NODES);
    assert_non_null(p);
    return p;
}

static bool has(struct rx_pool *p, rx a, const char *text, int n)
{
    for (int i = 0; i < n; i++) {
        a = rx_derive(p, a, (uint8_t)text[i]);
    }
    return rx_nullable(p, a);
}

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* The string after s[0, n) of those over a, b, c of at most `most` letters; its length, -1: none. */
static int next_string(char *s, int n, int most)
{
    int i = n - 1;
    while (i >= 0 && s[i] == 'c') {
        s[i--] = 'a';
    }
    if (i >= 0) {
        s[i]++;
        return n;
    }
    if (n == most) return -1;
    memset(s, 'a', (size_t)n + 1);
    return n + 1;
}

/* ---- patterns ---- */

static void random_pattern(char *out, size_t room, int depth)
{
    static const char *const leaves[] = {"a", "b", "c", "[ab]", "[^a]", ".", "(?:)", "ab"};
    static const char *const quantifiers[] = {"*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"};
    char x[512] = "", y[512] = "";
    uint32_t what = depth == 0 ? 0 : random_below(4);
    if (what == 0) {
        snprintf(out, room, "%s", leaves[random_below(8)]);
        return;
    }
    random_pattern(x, sizeof(x) / 4, depth - 1);
    random_pattern(y, sizeof(y) / 4, depth - 1);
    if (what == 1) snprintf(out, room, "%s%s", x, y);
    if (what == 2) snprintf(out, room, "(?:%s|%s)", x, y);
    if (what == 3) snprintf(out, room, "(?:%s)%s", x, quantifiers[random_below(7)]);
}

/* Every string of at most 5 letters, as a whole and as a text in which the pattern is found. */
static void judge(const char *pattern, enum pattern_place place)
{
    struct error err = {0};
    struct rx_pool *p = new_pool();
    uint32_t options = place == PATTERN_WHOLE ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
    char text[8] = "";
    int code, judged = 0;
    size_t offset;
    rx ours;
    if (!pattern_rx(p, span_str(pattern), place, CHARS_PLAIN, &ours, &err)) {
        fail_msg("/%s/: %s", pattern, err.message);
    }
    pcre2_code *theirs =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &offset, NULL);
    assert_non_null(theirs);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(theirs, NULL);
    for (int n = 0; n >= 0; n = next_string(text, n, 5), judged++) {
        bool want = pcre2_match(theirs, (PCRE2_SPTR)text, (size_t)n, 0, options, data, NULL) >= 0;
        if (has(p, ours, text, n) != want) {
            fail_msg("/%s/ and \"%.*s\": %d expected", pattern, n, text, (int)want);
        }
    }
    assert_int_equal(judged, 1 + 3 + 9 + 27 + 81 + 243);
    pcre2_match_data_free(data);
    pcre2_code_free(theirs);
    rx_pool_free(p);
}

static void test_random_patterns_as_pcre2(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char pattern[1024];
        random_pattern(pattern, sizeof(pattern), 4);
        judge(pattern, PATTERN_WHOLE);
        judge(pattern, PATTERN_ANYWHERE);
    }
}

/* ---- algebra ---- */

static rx random_language(struct rx_pool *p, int depth)
{
    uint32_t what = depth == 0 ? random_below(2) : random_below(7);
    rx a, b;
    switch (what) {
    case 0:
        return rx_byte_range(p, 'a', 'a' + (int)random_below(3));
    case 1:
        if (random_below(4) == 0) return (rx)random_below(3);
        return rx_text(p, span_of("abc", 1 + random_below(3)));
    case 2:
        return rx_not(p, random_language(p, depth - 1));
    case 3:
        a = random_language(p, depth - 1);
        return rx_repeat(p, a, (int)random_below(2), random_below(2) == 0 ? RX_UNBOUNDED : 2);
    default:
        a = random_language(p, depth - 1);
        b = random_language(p, depth - 1);
        return what == 4 ? rx_or(p, a, b) : what == 5 ? rx_and(p, a, b) : rx_cat(p, a, b);
    }
}

/* The laws hold for every string; a union is the same whatever order it is made in. */
static void test_algebra(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct rx_pool *p = new_pool();
        rx a = random_language(p, 4), b = random_language(p, 4);
        rx either = rx_or(p, a, b), both = rx_and(p, a, b), not_a = rx_not(p, a);
        rx then = rx_cat(p, a, b), twice = rx_repeat(p, a, 2, 2);
        char text[8] = "";
        for (int n = 0; n >= 0; n = next_string(text, n, 4)) {
            bool in_a = has(p, a, text, n), in_b = has(p, b, text, n), split = false, same = false;
            for (int k = 0; k <= n; k++) {
                bool left = has(p, a, text, k);
                split |= left && has(p, b, text + k, n - k);
                same |= left && has(p, a, text + k, n - k);
            }
            assert_true(has(p, either, text, n) == (in_a || in_b));
            assert_true(has(p, both, text, n) == (in_a && in_b));
            assert_true(has(p, not_a, text, n) == !in_a);
            assert_true(has(p, then, text, n) == split);
            assert_true(has(p, twice, text, n) == same);
        }
        assert_int_equal(rx_or(p, b, a), either);
        assert_int_equal(rx_and(p, b, a), both);
        assert_false(rx_failed(p));
        rx_pool_free(p);
    }
}

/* What is said to be dead has no string; what is alive has one, found by going where it lives. */
static void test_life(void **state)
{
    int alive = 0, dead = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct rx_pool *p = new_pool();
        rx a = rx_and(p, random_language(p, 4), random_language(p, 4));
        enum rx_life life = rx_life(p, a, DERIVATIVES);
        char text[8] = "";
        bool any = false;
        assert_int_not_equal(life, RX_TOO_HARD);
        for (int n = 0; n >= 0; n = next_string(text, n, 5)) {
            any |= has(p, a, text, n);
        }
        assert_true(!any || life == RX_ALIVE);
        *(life == RX_ALIVE ? &alive : &dead) += 1;
        for (int steps = 0; life == RX_ALIVE && !rx_nullable(p, a) && steps < 100; steps++) {
            rx next = RX_NONE;
            for (int byte = 0; byte < 256 && next == RX_NONE; byte++) {
                next = rx_derive(p, a, (uint8_t)byte);
                if (rx_life(p, next, DERIVATIVES) == RX_DEAD) next = RX_NONE;
            }
            assert_int_not_equal(next, RX_NONE);
            a = next;
        }
        rx_pool_free(p);
    }
    assert_true(alive > 100 && dead > 20);
}

/* Bytes in the same heads lead to the same. */
static void test_heads(void **state)
{
    int alike = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct rx_pool *p = new_pool();
        rx a = random_language(p, 4);
        struct rx_heads h = {.n = 0};
        assert_true(rx_add_heads(p, a, &h));
        for (uint8_t x = 'a'; x <= 'd'; x++) {
            for (uint8_t y = 'a'; y < x; y++) {
                if (rx_heads_of(p, &h, x) != rx_heads_of(p, &h, y)) continue;
                assert_int_equal(rx_derive(p, a, x), rx_derive(p, a, y));
                alike++;
            }
        }
        rx_pool_free(p);
    }
    assert_true(alike > 100);
}

/* After texts of a loop something goes on. */
static void test_loop(void **state)
{
    int loops = 0;
    (void)state;
    for (int round = 0; round < 4 * ROUNDS; round++) {
        struct rx_pool *p = new_pool();
        int most = random_below(2) == 0 ? RX_UNBOUNDED : 3, times;
        rx body = rx_repeat(p, random_language(p, 1), (int)random_below(2), most);
        rx a = rx_and(p, body, rx_not(p, random_language(p, 2)));
        if (random_below(2) == 0) a = rx_cat(p, a, rx_text(p, span_str("c")));
        rx loop = rx_loop(p, a, &times), all = rx_repeat(p, loop, 0, times);
        char text[8] = "";
        for (int n = 0; loop != RX_NONE && n >= 0; n = next_string(text, n, 4)) {
            rx left = a;
            if (!has(p, all, text, n)) continue;
            for (int i = 0; i < n; i++) {
                left = rx_derive(p, left, (uint8_t)text[i]);
            }
            assert_int_equal(rx_life(p, left, DERIVATIVES), RX_ALIVE);
        }
        loops += loop != RX_NONE;
        rx_pool_free(p);
    }
    assert_true(loops > 100);
}

/* A text is matched by walking it: nothing else may be taken for it. */
static void test_matches(void **state)
{
    (void)state;
    struct rx_pool *p = new_pool();
    rx names, texts = RX_NONE;
    assert_true(pattern_rx(p, span_str("^(a|bc)+$"), PATTERN_WHOLE, CHARS_PLAIN, &names, NULL));
    assert_true(rx_matches(p, names, rx_text(p, span_str("abca"))));
    assert_false(rx_matches(p, names, rx_text(p, span_str("ab"))));
    assert_false(rx_matches(p, names, RX_EMPTY));
    assert_true(rx_matches(p, RX_ALL, RX_EMPTY));
    assert_false(rx_matches(p, RX_ALL, texts)); /* a text that can't be written */
    rx_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_patterns_as_pcre2),
                                       cmocka_unit_test(test_algebra),
                                       cmocka_unit_test(test_life),
                                       cmocka_unit_test(test_heads),
                                       cmocka_unit_test(test_loop),
                                       cmocka_unit_test(test_matches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
