/* tests/unit/test_form_long.c - outputs of a form that are long, wide or deep: each token of them is in its mask.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "engine/sample/form/vocabulary.h"

/* Tokens: every ASCII character, every three digits, every two small letters, names and an end. */
enum { CHARS = 128, DIGITS = 1000, PAIRS = 26 * 26, NAMES = 60 };
enum { FIRST_DIGITS = CHARS, FIRST_PAIR = FIRST_DIGITS + DIGITS, FIRST_NAME = FIRST_PAIR + PAIRS };
enum { END = FIRST_NAME + NAMES, N_VOCAB, TEXT = 12, LONG = 60000 };

struct bench {
    char texts[N_VOCAB][TEXT];
    struct form_vocabulary *vocabulary;
    struct form_work work;
};

static struct span text_of(const void *arg, int id, bool skip_special)
{
    const struct bench *b = arg;
    (void)skip_special;
    return id == 0 || id == END ? span_of(NULL, 0) : span_str(b->texts[id]);
}

static void set_up(struct bench *b)
{
    static const int end = END;
    for (int i = 0; i < CHARS; i++) {
        b->texts[i][0] = (char)i;
    }
    for (int i = 0; i < DIGITS; i++) {
        snprintf(b->texts[FIRST_DIGITS + i], TEXT, "%03d", i);
    }
    for (int i = 0; i < PAIRS; i++) {
        snprintf(b->texts[FIRST_PAIR + i], TEXT, "%c%c", 'a' + i / 26, 'a' + i % 26);
    }
    for (int i = 0; i < NAMES; i++) {
        snprintf(b->texts[FIRST_NAME + i], TEXT, "name_%d", i);
    }
    b->vocabulary = form_vocabulary_new(N_VOCAB, &end, 1, text_of, b, NULL);
    assert_non_null(b->vocabulary);
    assert_true(form_work_init(&b->work, b->vocabulary, NULL));
}

static void clear(struct bench *b)
{
    form_work_clear(&b->work);
    form_vocabulary_free(b->vocabulary);
}

static struct form *compile(struct span schema)
{
    const struct form_source source = {.type = FORM_SCHEMA, .text = schema};
    struct error err = {0};
    struct form *f = form_new(&source, &err);
    if (f == NULL) fail_msg("refused: %s %s", err.param, err.message);
    return f;
}

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The token that stands at a place of a text that ends with a NUL; a name's or a pair's before a letter's. */
static int token_at(const struct bench *b, const char *p)
{
    if (is_digit(p[0]) && is_digit(p[1]) && is_digit(p[2]))
        return FIRST_DIGITS + 100 * (p[0] - '0') + 10 * (p[1] - '0') + p[2] - '0';
    for (int i = NAMES - 1; p[0] == 'n' && i >= 0; i--) {
        const char *name = b->texts[FIRST_NAME + i];
        if (strncmp(p, name, strlen(name)) == 0) return FIRST_NAME + i;
    }
    if (is_small(p[0]) && is_small(p[1])) return FIRST_PAIR + 26 * (p[0] - 'a') + p[1] - 'a';
    return p[0];
}

/* The mask is what every token's own try says. */
static void check_all(struct bench *b, const struct form_cursor *c)
{
    for (int id = 0; id < N_VOCAB; id++) {
        struct form_cursor copy = *c;
        bool may = form_accept(b->vocabulary, &copy, id, true);
        if (may != form_mask_has(&b->work, id)) fail_msg("token %d: accepted %d", id, may);
    }
}

/* Read a document token by token; the whole mask is looked at now and then. */
static void read_all(struct bench *b, struct form *f, struct span text)
{
    struct form_cursor c;
    form_cursor_begin(&c, f);
    for (size_t at = 0, n = 0; at < text.n; n++) {
        int id = token_at(b, text.p + at);
        assert_true(form_mask(b->vocabulary, &c, true, &b->work));
        if (n % 997 == 0) check_all(b, &c);
        if (!form_mask_has(&b->work, id)) fail_msg("byte %zu: \"%s\"", at, b->texts[id]);
        if (!form_accept(b->vocabulary, &c, id, true)) fail_msg("byte %zu: refused", at);
        at += strlen(b->texts[id]);
    }
    assert_true(form_cursor_may_end(&c));
    assert_false(form_has_failed(f));
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Objects of many names, each with numbers of its own bounds, and names besides. */
static void add_wide_schema(struct buffer *out)
{
    buffer_add_str(out, "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{");
    for (int i = 0; i < NAMES; i++) {
        buffer_addf(out,
                    "%s\"name_%d\":{\"type\":\"number\",\"minimum\":-%d,\"maximum\":%d,"
                    "\"multipleOf\":0.01}",
                    i == 0 ? "" : ",", i, 100000 + 7919 * i, 99999999 - i);
    }
    buffer_add_str(out, "},\"additionalProperties\":{\"type\":\"string\",\"maxLength\":50}}}");
}

static void add_wide_document(struct buffer *out)
{
    uint32_t seed = 1;
    buffer_add_str(out, "[");
    while (out->n < LONG) {
        buffer_add_str(out, out->n == 1 ? "{" : ",{");
        for (int i = 0, n = 0; i < NAMES; i++) {
            if (next_random(&seed) % 3 == 0) continue;
            buffer_addf(out, "%s\"name_%d\":%d.%02d", n++ == 0 ? "" : ",", i,
                        (int)(next_random(&seed) % 100000), (int)(next_random(&seed) % 100));
        }
        buffer_addf(out, ",\"other%u\":\"%u\"}", next_random(&seed) % 1000, next_random(&seed));
    }
    buffer_add_str(out, "]");
}

static void add_deep_document(struct buffer *out)
{
    enum { DEPTH = 2000 };
    buffer_add_str(out, "[");
    while (out->n < LONG / 2) {
        for (int i = 0; i < 2 * DEPTH; i++) {
            buffer_add_str(out, i < DEPTH ? "{\"name_1\":[" : "]}");
        }
        buffer_add_str(out, ",");
    }
    buffer_add_str(out, "[]]");
}

static void add_long_document(struct buffer *out)
{
    uint32_t seed = 1;
    buffer_add_str(out, "\"");
    while (out->n < LONG) {
        buffer_addf(out, "%c%u ", 'a' + (int)(next_random(&seed) % 26), next_random(&seed));
    }
    buffer_add_str(out, "\"");
}

static void test_long_outputs(void **state)
{
    static const struct {
        const char *schema; /* NULL: the wide one */
        void (*document)(struct buffer *out);
    } rows[] = {
        {NULL, add_wide_document},
        {"{}", add_wide_document},
        {"{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}},{\"type\":\"object\","
         "\"additionalProperties\":{\"$ref\":\"#\"}}]}",
         add_deep_document},
        {"{\"type\":\"string\",\"maxLength\":150000,\"pattern\":\"^([a-z][0-9]+ )+$\"}",
         add_long_document},
        {"{\"type\":\"string\",\"minLength\":50000}", add_long_document},
    };
    static struct bench b;
    (void)state;
    set_up(&b);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer schema, text;
        buffer_init(&schema, 1 << 20);
        buffer_init(&text, 1 << 20);
        rows[i].document(&text);
        if (rows[i].schema == NULL) add_wide_schema(&schema);
        if (rows[i].schema != NULL) buffer_add_str(&schema, rows[i].schema);
        struct form *f = compile(buffer_span(&schema));
        buffer_add(&text, "", 1); /* a NUL */
        read_all(&b, f, span_of(text.p, text.n - 1));
        form_free(f);
        buffer_clear(&schema);
        buffer_clear(&text);
    }
    clear(&b);
}

/* Deeper and deeper, until what is kept for a form is full: then no token may come, and none does. */
static void test_what_is_too_deep(void **state)
{
    static struct bench b;
    struct form_cursor c, before;
    (void)state;
    set_up(&b);
    struct form *f = compile(span_str("{}"));
    form_cursor_begin(&c, f);
    int depth = 0;
    for (; depth < 1000000 && !form_has_failed(f); depth++) {
        before = c;
        bool found = depth % 1000 != 0 || form_mask(b.vocabulary, &c, true, &b.work);
        assert_true(depth % 1000 != 0 || form_mask_has(&b.work, '[') == found);
        if (!form_accept(b.vocabulary, &c, '[', true)) break;
    }
    assert_in_range(depth, 20000, 999999);
    assert_true(form_has_failed(f));
    assert_false(form_mask(b.vocabulary, &before, true, &b.work));
    for (int id = 0; id < N_VOCAB; id++) {
        assert_false(form_mask_has(&b.work, id));
    }
    assert_false(form_accept(b.vocabulary, &before, ']', true));
    form_free(f);
    clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_outputs),
        cmocka_unit_test(test_what_is_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
