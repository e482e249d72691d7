/* tests/unit/test_base.c - spans, arenas, buffers, errors, UTF-8 and JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"

static void spans_are_searched(void **state)
{
    (void)state;
    struct span s = span_str("abcabc");
    assert_int_equal(span_find(s, span_str("bc"), 0), 1);
    assert_int_equal(span_find(s, span_str("bc"), 2), 4);
    assert_int_equal(span_find_last(s, span_str("abc")), 3);
    assert_true(span_find(s, span_str("x"), 0) == SPAN_NONE);
    assert_true(span_find(s, span_str("abc"), 7) == SPAN_NONE);
    assert_true(span_is(span_trim(span_str(" \t a b\n")), "a b"));
    assert_true(span_is(span_slice(s, 2, 99), "cabc"));
    assert_int_equal(span_slice(s, 9, 2).n, 0);
}

/* The n low bits of `bits` as letters a and b. */
static struct span word(char *p, unsigned bits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (bits >> i & 1) != 0 ? 'b' : 'a';
    }
    return span_of(p, n);
}

static size_t last_by_trying(struct span s, struct span what)
{
    for (size_t at = s.n - what.n + 1; at-- > 0;) {
        if (span_starts(span_slice(s, at, s.n), what)) return at;
    }
    return SPAN_NONE;
}

/* Every word of two letters in every other: all kinds of periods and overlaps. */
static void the_last_occurrence_is_found(void **state)
{
    (void)state;
    enum { LONGEST = 11, LONGEST_WHAT = 7 };
    char text[LONGEST], part[LONGEST];
    for (size_t m = 1; m <= LONGEST_WHAT; m++) {
        for (unsigned i = 0; i < 1u << m; i++) {
            struct span what = word(part, i, m);
            for (unsigned k = 0; k < 1u << LONGEST; k++) {
                struct span s = word(text, k, LONGEST);
                assert_int_equal(span_find_last(s, what), last_by_trying(s, what));
            }
        }
    }
    assert_int_equal(span_find_last(span_str("ab"), span_str("")), 2);
    assert_true(span_find_last(span_str("ab"), span_str("abc")) == SPAN_NONE);
}

static void arena_keeps_to_its_limit(void **state)
{
    (void)state;
    struct arena *a = arena_new(10000);
    assert_non_null(arena_alloc(a, 100, 90));
    assert_null(arena_alloc(a, 1001, 1));
    assert_null(arena_alloc(a, SIZE_MAX, 2));
    assert_int_equal(arena_used(a), 9000);
    arena_reset(a);
    const char *z = arena_alloc(a, 1, 9999);
    assert_non_null(z);
    assert_int_equal((uintptr_t)z % 16, 0);
    for (int i = 0; i < 9999; i++) {
        assert_int_equal(z[i], 0);
    }
    arena_free(a);
}

static void buffer_remembers_its_failure(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 8);
    buffer_addf(&b, "%d-%s", 12, "ab");
    assert_string_equal(b.p, "12-ab");
    buffer_drop(&b, 3);
    assert_string_equal(b.p, "ab");
    buffer_add_str(&b, "1234567");
    assert_true(b.failed);
    buffer_add_str(&b, "x");
    assert_int_equal(b.n, 2);
    assert_null(buffer_take(&b));
    buffer_clear(&b);
    buffer_add_str(&b, "ok");
    char *s = buffer_take(&b);
    assert_string_equal(s, "ok");
    free(s);
}

static void error_paths_are_joined(void **state)
{
    (void)state;
    struct error e = {0};
    assert_false(error_set(&e, ERROR_INVALID_VALUE, "name", "n is %d", 7));
    error_in(&e, "rewards[%d]", 0);
    assert_string_equal(e.param, "rewards[0].name");
    error_in(&e, "items");
    assert_string_equal(e.param, "items.rewards[0].name");
    assert_int_equal(error_status(e.code), 400);
    error_set(&e, ERROR_BAD_FILE, NULL, "architecture \"a\n\x1b[31m\"");
    assert_string_equal(e.message, "architecture \"a  [31m\"");
    error_set(&e, ERROR_QUEUE_FULL, "[3].id", "x");
    error_in(&e, "items");
    assert_string_equal(e.param, "items[3].id");
    assert_string_equal(error_type(e.code), "rate_limit_error");
}

static void files_of_clients_are_their_fault(void **state)
{
    (void)state;
    struct error e = {0};
    error_set(&e, ERROR_BAD_FILE, NULL, "x");
    assert_false(error_blame_field(&e, "path"));
    assert_int_equal(e.code, ERROR_INVALID_VALUE);
    assert_string_equal(e.param, "path");
    assert_false(error_blame_field(&e, "base")); /* it has a name */
    assert_string_equal(e.param, "path");
    error_set(&e, ERROR_NO_MEMORY, NULL, "x"); /* no fault of theirs */
    error_blame_field(&e, "path");
    assert_int_equal(e.code, ERROR_NO_MEMORY);
    assert_string_equal(e.param, "");
    assert_false(error_blame_field(NULL, "path"));
}

static void utf8_follows_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t valid, tail;
    } cases[] = {
        {"ascii", "abc", 3, 0},
        {"two bytes", "\xC3\xA9", 2, 0},
        {"overlong slash", "\xC0\xAF", 0, 0},
        {"overlong three", "\xE0\x80\xAF", 0, 0},
        {"surrogate", "\xED\xA0\x80", 0, 0},
        {"above U+10FFFF", "\xF4\x90\x80\x80", 0, 0},
        {"cut emoji", "a\xF0\x9F\x98", 1, 3},
        {"cut after one", "a\xE2", 1, 1},
        {"lone continuation", "a\x80", 1, 0},
        {"whole emoji", "\xF0\x9F\x98\x80", 4, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span s = span_str(cases[i].text);
        if (utf8_valid_prefix(s) != cases[i].valid || utf8_incomplete_tail(s) != cases[i].tail) {
            fail_msg("%s: valid %zu, tail %zu", cases[i].name, utf8_valid_prefix(s),
                     utf8_incomplete_tail(s));
        }
    }
}

static void utf8_characters_are_counted(void **state)
{
    (void)state;
    assert_int_equal(utf8_count(span_str("")), 0);
    assert_int_equal(utf8_count(span_str("a\xC3\xA9\xF0\x9F\x98\x80")), 3);
}

static void utf8_round_trips_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char p[4];
        uint32_t back = 0;
        size_t n = utf8_encode(c, p);
        if (c >= 0xD800 && c <= 0xDFFF) {
            assert_int_equal(n, 0);
        } else {
            assert_int_equal(utf8_decode(span_of(p, n), &back), n);
            assert_int_equal(back, c);
        }
    }
    char p[4];
    assert_int_equal(utf8_encode(0x110000, p), 0);
}

static void base64_follows_rfc_4648(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    static const char *const wrong[] = {"Z", "Zg=a", "Zm9v!", "Zm9vY", "=Zg"};
    struct buffer out;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        buffer_init(&out, 100);
        base64_encode(span_str(pairs[i][0]), &out);
        assert_true(span_is(buffer_span(&out), pairs[i][1]));
        buffer_clear(&out);
        assert_true(base64_decode(span_str(pairs[i][1]), &out));
        assert_true(span_is(buffer_span(&out), pairs[i][0]));
        buffer_clear(&out);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        buffer_init(&out, 100);
        if (base64_decode(span_str(wrong[i]), &out)) fail_msg("\"%s\" was read", wrong[i]);
        buffer_clear(&out);
    }
    buffer_init(&out, 100);
    assert_true(base64_decode(span_str(" Zm9v\n Yg"), &out) && span_is(buffer_span(&out), "foob"));
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_searched),
        cmocka_unit_test(the_last_occurrence_is_found),
        cmocka_unit_test(arena_keeps_to_its_limit),
        cmocka_unit_test(buffer_remembers_its_failure),
        cmocka_unit_test(error_paths_are_joined),
        cmocka_unit_test(files_of_clients_are_their_fault),
        cmocka_unit_test(utf8_follows_rfc_3629),
        cmocka_unit_test(utf8_characters_are_counted),
        cmocka_unit_test(utf8_round_trips_every_code_point),
        cmocka_unit_test(base64_follows_rfc_4648),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
