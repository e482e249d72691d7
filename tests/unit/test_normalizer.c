/* tests/unit/test_normalizer.c - Unicode normal forms and the other normalizers.
 *
 * Forms are compared with utf8proc's own mapping of the whole text, which the code
 * under test does not use: it finds the regions that can change and orders their
 * marks itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "engine/tokenizer/normalizer.h"

static uint64_t seed = 7;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

/* Characters of the kinds that normalization moves. */
static uint32_t random_character(void)
{
    static const struct {
        uint32_t first, n;
    } kinds[] = {
        {'a', 26},       {0xC0, 0x190}, {0x300, 0x70}, {0x1100, 0x100}, {0xAC00, 11172},
        {0x3041, 0xBF},  {0x900, 0x80}, {0x1E00, 256}, {0x1F00, 256},   {0x2000, 0x200},
        {0xF900, 0x1FF}, {0x1D15E, 8},  {0x9BE, 0x1D}, {0x3099, 2},     {0x4E00, 2000},
        {0x11099, 0x20}, {0x345, 1},    {0x591, 0x30},
    };
    size_t kind = below(sizeof(kinds) / sizeof(kinds[0]));
    return kinds[kind].first + below(kinds[kind].n);
}

static struct span random_text(char *room, size_t characters)
{
    size_t n = 0;
    for (size_t i = 0; i < characters; i++) {
        char bytes[4];
        size_t len = utf8_encode(random_character(), bytes);
        memcpy(room + n, bytes, len);
        n += len;
    }
    return span_of(room, n);
}

struct scratch {
    struct buffer b[2];
};

static void scratch_init(struct scratch *s)
{
    buffer_init(&s->b[0], 64 << 20);
    buffer_init(&s->b[1], 64 << 20);
}

static void scratch_clear(struct scratch *s)
{
    buffer_clear(&s->b[0]);
    buffer_clear(&s->b[1]);
}

static const struct {
    enum normalize_kind kind;
    utf8proc_option_t options;
    const char *name;
} forms[] = {
    {NORMALIZE_NFC, UTF8PROC_STABLE | UTF8PROC_COMPOSE, "NFC"},
    {NORMALIZE_NFD, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, "NFD"},
    {NORMALIZE_NFKC, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, "NFKC"},
    {NORMALIZE_NFKD, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, "NFKD"},
};

static void forms_of_random_texts(void **state)
{
    (void)state;
    static char room[4 * 200];
    struct scratch s;
    scratch_init(&s);
    for (int i = 0; i < 8000; i++) {
        struct span text = random_text(room, 1 + below(i % 10 == 0 ? 200 : 12)), got;
        size_t f = (size_t)i % 4;
        const struct vocab_normalizer step = {.kind = forms[f].kind};
        assert_true(normalizer_apply(&step, 1, text, s.b, &got, NULL));
        utf8proc_uint8_t *want = NULL;
        utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p,
                                          (utf8proc_ssize_t)text.n, &want, forms[f].options);
        assert_true(n >= 0);
        bool same = span_eq(got, span_of(want, (size_t)n));
        free(want);
        if (!same) fail_msg("%s, text %d: \"%.*s\"", forms[f].name, i, (int)text.n, text.p);
    }
    scratch_clear(&s);
}

static void rows(void **state)
{
    static const struct {
        const char *name;
        struct vocab_normalizer steps[3];
        int n;
        const char *text, *want;
    } cases[] = {
        {"ASCII stays", {{.kind = NORMALIZE_NFC}}, 1, "plain", "plain"},
        {"e and acute", {{.kind = NORMALIZE_NFC}}, 1, "cafe\xCC\x81!", "caf\xC3\xA9!"},
        {"bad bytes pass",
         {{.kind = NORMALIZE_NFC}},
         1,
         "\xFF"
         "e\xCC\x81\xCC",
         "\xFF\xC3\xA9\xCC"},
        {"a mark after a bad byte stays",
         {{.kind = NORMALIZE_NFC}},
         1,
         "e\xFF\xCC\x81",
         "e\xFF\xCC\x81"},
        {"Hangul", {{.kind = NORMALIZE_NFC}}, 1, "\xEA\xB0\x80\xE1\x86\xA8", "\xEA\xB0\x81"},
        {"ligature", {{.kind = NORMALIZE_NFKC}}, 1, "\xEF\xAC\x81", "fi"},
        {"Llama's",
         {{NORMALIZE_PREPEND, {0}, {"_", 1}}, {NORMALIZE_REPLACE, {" ", 1}, {"_", 1}}},
         2,
         "a b  c",
         "_a_b__c"},
        {"nothing to prepend to", {{NORMALIZE_PREPEND, {0}, {"_", 1}}}, 1, "", ""},
        {"three in a row",
         {{NORMALIZE_REPLACE, {"a", 1}, {"bb", 2}},
          {NORMALIZE_REPLACE, {"bb", 2}, {"", 0}},
          {NORMALIZE_PREPEND, {0}, {">", 1}}},
         3,
         "xay",
         ">xy"},
    };
    (void)state;
    struct scratch s;
    scratch_init(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span got;
        assert_true(
            normalizer_apply(cases[i].steps, cases[i].n, span_str(cases[i].text), s.b, &got, NULL));
        if (!span_is(got, cases[i].want)) {
            fail_msg("%s: \"%.*s\"", cases[i].name, (int)got.n, got.p);
        }
    }
    scratch_clear(&s);
}

/* A million marks in the worst order: sorting them by swapping neighbours would take hours. */
static void a_long_run_of_marks(void **state)
{
    (void)state;
    enum { PAIRS = 1 << 19 };
    char *text = malloc(4 * PAIRS + 1);
    struct scratch s;
    struct span got;
    scratch_init(&s);
    text[0] = 'q';
    for (size_t i = 0; i < PAIRS; i++) {
        memcpy(text + 1 + 4 * i, "\xCC\x81\xCC\x96", 4); /* U+0301 (230), U+0316 (220) */
    }
    const struct vocab_normalizer step = {.kind = NORMALIZE_NFC};
    assert_true(normalizer_apply(&step, 1, span_of(text, 4 * PAIRS + 1), s.b, &got, NULL));
    assert_int_equal(got.n, 4 * PAIRS + 1);
    assert_memory_equal(got.p + 1, "\xCC\x96\xCC\x96", 4);
    assert_memory_equal(got.p + got.n - 4, "\xCC\x81\xCC\x81", 4);
    scratch_clear(&s);
    free(text);
}

static void past_the_limit(void **state)
{
    (void)state;
    struct buffer small[2];
    struct error err = {0};
    struct span got;
    buffer_init(&small[0], 8);
    buffer_init(&small[1], 8);
    const struct vocab_normalizer step = {NORMALIZE_REPLACE, {"a", 1}, {"aaaa", 4}};
    assert_false(normalizer_apply(&step, 1, span_str("aaaa"), small, &got, &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    assert_true(
        normalizer_apply(&step, 1, span_str("aa"), small, &got, &err)); /* and it is usable again */
    buffer_clear(&small[0]);
    buffer_clear(&small[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_random_texts),
        cmocka_unit_test(rows),
        cmocka_unit_test(a_long_run_of_marks),
        cmocka_unit_test(past_the_limit),
    };
    return cmocka_run_group_tests_name("normalizer", tests, NULL, NULL);
}
