/* tests/unit/test_stop.c - stop strings and characters, whatever the tokens' boundaries.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "engine/sample/stop.h"

enum { MAX_STOPS = 3 };

static const struct {
    const char *name;
    const char *stops[MAX_STOPS];
    const char *text;
    const char *want;    /* all that comes out, without include_stop */
    const char *stopped; /* by which string, NULL: by none */
    int thoughts;        /* 1: the strings sleep in thoughts; 2: which the prompt has opened */
} cases[] = {
    {"none", {NULL}, "plain text", "plain text", NULL, 0},
    {"in the middle", {"STOP"}, "abcSTOPdef", "abc", "STOP", 0},
    {"at once", {"a"}, "abc", "", "a", 0},
    {"never completed", {"STOP"}, "abcSTO", "abcSTO", NULL, 0},
    {"begins twice", {"aab"}, "aaab", "a", "aab", 0},
    {"overlaps itself", {"abab"}, "aabacabab", "aabac", "abab", 0},
    {"falls back", {"ababc"}, "abababcx", "ab", "ababc", 0},
    {"the first to end counts", {"bcde", "cd"}, "abcdef", "ab", "cd", 0},
    {"of those that end together the longest", {"d", "bcd", "cd"}, "abcdef", "a", "bcd", 0},
    {"newlines", {"\n\n"}, "one\ntwo\n\nthree", "one\ntwo", "\n\n", 0},
    {"two bytes a character", {"\xc3\xa9t"}, "\xc3\xa0\xc3\xa9t\xc3\xa9", "\xc3\xa0", "\xc3\xa9t", 0},
    {"shares a first byte", {"\xc3\xa9"}, "\xc3\xa0\xc3\xa8!", "\xc3\xa0\xc3\xa8!", NULL, 0},
    {"four bytes",
     {"\xf0\x9f\x98\x80"},
     "x\xf0\x9f\x98\x81\xf0\x9f\x98\x80y",
     "x\xf0\x9f\x98\x81",
     "\xf0\x9f\x98\x80", 0},
    {"not UTF-8", {"b"}, "a\xff\x80 \xc3(b", "a\xff\x80 \xc3(", "b", 0},
    {"cut inside a character", {"q"}, "abc\xe2\x82", "abc\xe2\x82", NULL, 0},
    {"in thoughts", {"x"}, "<t>a x</t>b x c", "<t>a x</t>b ", "x", 1},
    {"in opened thoughts", {"x"}, "a x</t>b x c", "a x</t>b ", "x", 2},
    {"no thoughts", {"x"}, "a x", "a ", "x", 1},
    {"blanks before thoughts", {"\n"}, "\n <t>\n</t>\n\na\nb", "\n <t>\n</t>\n\na", "\n", 1},
    {"blanks before none", {"\n"}, " \na", " ", "\n", 1},
    {"almost a tag", {"<t "}, "<t a>", "", "<t ", 1},
    {"almost a tag, and on", {"a"}, " <ta", " <t", "a", 1},
    {"thoughts that do not end", {"x"}, "<t>a x", "<t>a x", NULL, 1},
    {"a closing tag that begins twice", {"x"}, "x<</t</t>x", "x<</t</t>", "x", 2},
    {"the tag in the answer", {"x"}, "a<t>x", "a<t>", "x", 1},
    {"across the tag", {">b"}, "<t></t>bb>b", "<t></t>bb", ">b", 1},
};

struct run {
    struct stop_set *set;
    struct stop_text text;
    struct buffer out;
    int found;
    bool whole; /* every piece given out before the end was whole characters */
};

static int count(const char *const stops[MAX_STOPS])
{
    int n = 0;
    while (n < MAX_STOPS && stops[n] != NULL) {
        n++;
    }
    return n;
}

static void run_init(struct run *r, const char *const stops[MAX_STOPS], bool include, int thoughts)
{
    *r = (struct run){.found = -1, .whole = true};
    r->set = stop_set_new(stops, count(stops), NULL);
    assert_non_null(r->set);
    assert_true(stop_text_init(&r->text, r->set, include, NULL));
    buffer_init(&r->out, 1000);
    if (thoughts > 0) stop_text_sleep(&r->text, span_str("<t>"), span_str("</t>"), thoughts == 2);
}

static void run_clear(struct run *r)
{
    stop_text_clear(&r->text);
    stop_set_free(r->set);
    buffer_clear(&r->out);
}

static void take(struct run *r, bool last)
{
    size_t n = stop_text_ready(&r->text, last);
    struct span piece = span_of(r->text.held.p, n);
    if (!last && utf8_incomplete_tail(piece) > 0) r->whole = false;
    buffer_add_span(&r->out, piece);
    buffer_drop(&r->text.held, n);
}

static void push(struct run *r, const char *p, size_t n)
{
    if (r->found >= 0) return;
    r->found = stop_text_feed(&r->text, span_of(p, n), true);
    take(r, r->found >= 0);
}

static void check(struct run *r, size_t i, const char *want, const char *how)
{
    const char *stopped = r->found < 0 ? NULL : cases[i].stops[r->found];
    if (r->found < 0) take(r, true);
    if (!span_is(buffer_span(&r->out), want) || stopped != cases[i].stopped || !r->whole) {
        fail_msg("%s, %s: \"%.*s\" stopped by %s", cases[i].name, how, (int)r->out.n,
                 r->out.p == NULL ? "" : r->out.p, stopped == NULL ? "none" : stopped);
    }
}

/* The text in pieces cut wherever bit j of `cuts` is set. */
static void run_pieces(size_t i, unsigned cuts, bool include, const char *want)
{
    struct run r;
    const char *t = cases[i].text;
    size_t n = strlen(t), from = 0;
    run_init(&r, cases[i].stops, include, cases[i].thoughts);
    for (size_t j = 1; j <= n; j++) {
        if (j < n && (cuts >> (j - 1) & 1) == 0) continue;
        push(&r, t + from, j - from);
        from = j;
    }
    check(&r, i, want, include ? "stop included" : "stop left out");
    run_clear(&r);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char with_stop[100];
        const char *stop = cases[i].stopped == NULL ? "" : cases[i].stopped;
        snprintf(with_stop, sizeof(with_stop), "%s%s", cases[i].want, stop);
        unsigned all = 1u << (strlen(cases[i].text) - 1);
        for (unsigned cuts = 0; cuts < all; cuts++) {
            run_pieces(i, cuts, false, cases[i].want);
            run_pieces(i, cuts, true, with_stop);
        }
    }
}

/* Nothing is held back longer than needed. */
static void test_prompt_release(void **state)
{
    (void)state;
    static const char *const stops[MAX_STOPS] = {"abc"};
    static const struct {
        char byte;
        size_t out;
    } steps[] = {{'x', 1}, {'a', 1},    {'b', 1},    {'a', 3},   {'b', 3},
                 {'d', 6}, {'\xe2', 6}, {'\x82', 6}, {'\xac', 9}};
    struct run r;
    run_init(&r, stops, false, 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        push(&r, &steps[i].byte, 1);
        if (r.out.n != steps[i].out) fail_msg("byte %zu: %zu given out", i, r.out.n);
    }
    run_clear(&r);
}

static void test_unwatched(void **state)
{
    (void)state;
    static const char *const stops[MAX_STOPS] = {"ab"};
    struct run r;
    run_init(&r, stops, false, 0);
    assert_int_equal(stop_text_feed(&r.text, span_str("xaba"), false), -1);
    assert_int_equal(stop_text_feed(&r.text, span_str("bab"), true), 0);
    assert_true(span_is(buffer_span(&r.text.held), "xabab"));
    run_clear(&r);
}

static void test_refusals(void **state)
{
    (void)state;
    struct error err = {0};
    const char *many[STOP_MAX_STRINGS + 1], *empty[] = {"a", ""};
    char *large = malloc(STOP_MAX_BYTES + 2);
    for (int i = 0; i <= STOP_MAX_STRINGS; i++) {
        many[i] = "x";
    }
    memset(large, 'x', STOP_MAX_BYTES + 1);
    large[STOP_MAX_BYTES + 1] = '\0';
    const char *one_large[] = {large};
    assert_null(stop_set_new(empty, 2, &err));
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
    assert_string_equal(err.param, "stop");
    assert_null(stop_set_new(many, STOP_MAX_STRINGS + 1, &err));
    assert_null(stop_set_new(one_large, 1, &err));
    large[STOP_MAX_BYTES] = '\0';
    struct stop_set *set = stop_set_new(one_large, 1, &err);
    assert_non_null(set);
    assert_int_equal(stop_set_longest(set), STOP_MAX_BYTES);
    stop_set_free(set);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_prompt_release),
        cmocka_unit_test(test_unwatched),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
