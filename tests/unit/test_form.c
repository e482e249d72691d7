/* tests/unit/test_form.c - what an output of a form may be, and which tokens may come next.
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
#include <pthread.h>

#include "engine/sample/form/form_store.h"
#include "engine/sample/form/vocabulary.h"

/* How far a text goes: all of it and whole, all of it but not whole, or up to the first wrong byte. */
enum { WHOLE = -1, PART = -2 };
enum { MOST_INDENT = 40 };

static const struct row {
    const char *text;
    int end; /* WHOLE, PART, or the offset of the byte that is refused */
} json_rows[] = {
    {"{}", WHOLE},
    {"{ }", WHOLE},
    {"{\n  \t}", WHOLE},
    {" {}", 0},
    {"\n{}", 0},
    {"{ \n}", 2},
    {"{\"a\":  1", 6},
    {"{\"a\":\n\n1", 6},
    {"{\"a\":\r1", 5},
    {"{\"a\":\t1", 5},
    {"{\"a\":1\n \t}", WHOLE},
    {"{}\n", 2},
    {"", PART},
    {"[", 0},
    {"1", 0},
    {"{\"a\":1}", WHOLE},
    {"{\"a\" : -0.5e+10 , \"b\":[ ]}", WHOLE},
    {"{\"a\":[1,2,{\"b\":null}],\"c\":true,\"d\":false}", WHOLE},
    {"{\"a\":[1,2}", 9},
    {"{\"a\":{}]", 7},
    {"{,", 1},
    {"{\"a\",", 4},
    {"{\"a\":,", 5},
    {"{\"a\":1,}", 7},
    {"{\"a\":[1,]", 8},
    {"{\"a\":01", 6},
    {"{\"a\":-}", 6},
    {"{\"a\":1.}", 7},
    {"{\"a\":1.5.", 8},
    {"{\"a\":1e}", 7},
    {"{\"a\":1e+}", 8},
    {"{\"a\":1e5}", WHOLE},
    {"{\"a\":0}", WHOLE},
    {"{\"a\":0 }", WHOLE},
    {"{\"a\":.5", 5},
    {"{\"a\":+1", 5},
    {"{\"a\":NaN", 5},
    {"{\"a\":nul}", 8},
    {"{\"a\":truex", 9},
    {"{\"\\n\\\"\\\\\\u001f\":\"\"}", WHOLE},
    {"{\"\\u00e9", 6},
    {"{\"\\ud83c", 4},
    {"{\"\\u000a", 7},
    {"{\"\\/", 3},
    {"{\"\\x", 3},
    {"{\"\\u00g", 6},
    {"{\"a\nb", 3},
    {"{\"a\tb", 3},
    {"{\"naïve 日本 🎉\":1}", WHOLE},
    {"{\"\x80", 2},
    {"{\"\xC0\xAF", 2},
    {"{\"\xE0\x80", 3},
    {"{\"\xED\xA0", 3},
    {"{\"\xF4\x90", 3},
    {"{\"\xF5", 2},
    {"{\"\xC3\"", 3},
    {"{a", 1},
    {"{'a'", 1},
    {"{\"a\":1}{", 7},
};

static int walk(struct form_cursor *c, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!form_cursor_feed(c, span_of(text + i, 1))) return (int)i;
    }
    return form_cursor_may_end(c) ? WHOLE : PART;
}

static struct form *compile(const struct form_source *source)
{
    struct error err = {0};
    struct form *f = form_new(source, &err);
    if (f == NULL) fail_msg("refused: %s %s", err.param, err.message);
    return f;
}

static void check(const struct form_source *source, const struct row *row)
{
    struct form *f = compile(source);
    struct form_cursor c;
    form_cursor_begin(&c, f);
    int end = walk(&c, row->text);
    if (end != row->end) print_error("\"%s\": %d, not %d\n", row->text, end, row->end);
    assert_int_equal(end, row->end);
    form_free(f);
}

static const struct form_source json = {.type = FORM_JSON_OBJECT};
static const char *const words[] = {"yes", "no", "日本", "yes, but"};

static struct form_source choice_of(const char *const *choices, int n, enum form_thoughts thoughts)
{
    return (struct form_source){.type = FORM_CHOICE,
                                .choices = choices,
                                .n_choices = n,
                                .thoughts = thoughts,
                                .think_open = "<think>",
                                .think_close = "</think>"};
}

static void test_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(json_rows) / sizeof(json_rows[0]); i++) {
        check(&json, &json_rows[i]);
    }
}

static int count(struct form_cursor *c, const char *text)
{
    int n = 0;
    while (n < 1000 && form_cursor_feed(c, span_str(text))) {
        n++;
    }
    return n;
}

static void test_json_is_bounded(void **state)
{
    struct form *f = compile(&json);
    struct form_cursor c, copy;
    (void)state;
    form_cursor_begin(&c, f);
    assert_true(form_cursor_feed(&c, span_str("{")));
    copy = c;
    assert_int_equal(count(&copy, " "), 1);
    copy = c;
    assert_int_equal(count(&copy, "\n"), 1);
    assert_true(form_cursor_feed(&c, span_str("\n")));
    copy = c;
    assert_int_equal(count(&copy, " "), MOST_INDENT);
    copy = c;
    assert_int_equal(count(&copy, "\t"), MOST_INDENT);
    form_free(f);
}

/* Whatever came before, equal places (behind a first member) have equal bytes: masks are found by
 * them. */
static void test_equal_states(void **state)
{
    static const char *const rows[][2] = {
        {"{\"a\":1,", "{\"\\u001f日\":[[true], null, {\"b\":-0.5e+7}],"},
        {"{\"z\":0,\"a\":\"", "{\n  \"x\" : \"\\n\\u0001\", \"y\": \""},
        {"{\"z\":0,\"a\":[", "{\"a\":{\"b\":[]},\"c\":["},
    };
    struct form *f = compile(&json);
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct form_cursor c[2];
        for (int k = 0; k < 2; k++) {
            form_cursor_begin(&c[k], f);
            assert_true(form_cursor_feed(&c[k], span_str(rows[i][k])));
        }
        assert_memory_equal(&c[0], &c[1], sizeof(c[0]));
    }
    form_free(f);
}

static void test_choice(void **state)
{
    const struct form_source source = choice_of(words, 4, FORM_HOLDS);
    static const struct row rows[] = {
        {"no", WHOLE}, {"yes", WHOLE}, {"yes, but", WHOLE},  {"日本", WHOLE},
        {"", PART},    {"ye", PART},   {"yes,", PART},       {"nope", 2},
        {"maybe", 0},  {"yes.", 3},    {"yes, but also", 8}, {" no", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&source, &rows[i]);
    }
}

static void test_thoughts_that_the_prompt_opened(void **state)
{
    const struct form_source source = choice_of(words, 4, FORM_THINKS);
    static const struct row rows[] = {
        {"hm", PART},
        {"hm</think>", PART},
        {"hm <</think>\n\nyes", WHOLE},
        {"hm</think>maybe", 10},
        {"</think>no\n", 10},
        {"</think>\n\n\n", 10},
        {"yes", PART},
        {"</think></think>", 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&source, &rows[i]);
    }
}

static void test_thoughts_that_the_output_opens(void **state)
{
    const struct form_source source = choice_of(words, 4, FORM_MAY_THINK);
    const struct form_source object = {.type = FORM_JSON_OBJECT,
                                       .thoughts = FORM_MAY_THINK,
                                       .think_open = "<think>",
                                       .think_close = "</think>"};
    static const struct row rows[] = {
        {"yes", WHOLE},
        {"<think>hm", PART},
        {"<think>\n{</think>yes", WHOLE},
        {"\n\n<think></think>\nno", WHOLE},
        {"\n\n\n", 2},
        {"\nyes", 1},
        {"<thin", PART},
        {"<thing", 5},
        {"yes<think>", 3},
        {"<think></think><think>", 15},
    };
    static const struct row objects[] = {
        {"{}", WHOLE},
        {"\n{}", 1},
        {"\n<think>a</think>\n\n{}", WHOLE},
        {"\n<think>a</think>\n\n\n{}", 19},
        {" <think></think>{\"<think>\":1}", WHOLE},
        {"\n <think>{</think>{", PART},
        {"\n\n{", 2},
        {"{<think>", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&source, &rows[i]);
    }
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        check(&object, &objects[i]);
    }
}

static void refused(const struct form_source *source, enum error_code code, const char *param)
{
    struct error err = {0};
    assert_null(form_new(source, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.param, param);
}

static void test_what_cannot_be_compiled(void **state)
{
    static const char *const empty[] = {"a", "b", ""};
    static const char *many[CHOICES_MAX_STRINGS + 1];
    (void)state;
    char *longest = malloc(CHOICES_MAX_BYTES + 2);
    assert_non_null(longest);
    memset(longest, 'x', CHOICES_MAX_BYTES + 1);
    longest[CHOICES_MAX_BYTES + 1] = '\0';
    const char *const too_long[] = {longest};
    for (int i = 0; i <= CHOICES_MAX_STRINGS; i++) {
        many[i] = "x";
    }
    struct form_source source = choice_of(empty, 3, FORM_HOLDS);
    refused(&source, ERROR_INVALID_TYPE, "[2]");
    source = choice_of(empty, 0, FORM_HOLDS);
    refused(&source, ERROR_INVALID_TYPE, "");
    source = choice_of(many, CHOICES_MAX_STRINGS + 1, FORM_HOLDS);
    refused(&source, ERROR_TOO_LARGE, "");
    source = choice_of(too_long, 1, FORM_HOLDS);
    refused(&source, ERROR_TOO_LARGE, "");
    source = choice_of(words, 4, FORM_THINKS);
    source.think_close = "<0123456789012345678901234567890123456789012345678901234567890123>";
    refused(&source, ERROR_UNSUPPORTED, "");
    free(longest);
}

/* ---- masks ---- */

static const char *const tokens[] = {
    "{",
    "}",
    "\"",
    "a",
    "\": ",
    "1",
    "tr",
    "ue",
    "true}",
    "\n",
    "\n ",
    "},",
    " ",
    "  ",
    "日",
    "\xe6",
    "\x97\xa5",
    "[[",
    "]]",
    "{\"a\":",
    "a\"",
    "<think>",
    "</think>",
    "</",
    "k>{",
    "yes",
    "y",
    "es",
    "no",
    ", but",
    "a",
    "a\"", /* twins */
    "aaaaa",
    "aaaa bbbb",
    "日日日日",
    "naïve naïve naïve",
    "\xe2\x80\xa8",
    "\xc2\x85",
    "a\\n",
    "\\",
    "1e5",
    "b",
    "bb",
    "bc",
    "caaaaaaaaaaaaaaaaaaaaaaaaaa",
};
enum { N_TOKENS = sizeof(tokens) / sizeof(tokens[0]), SPECIAL = N_TOKENS, END, OTHER_END, N_VOCAB };

static struct span text_of(const void *arg, int id, bool skip_special)
{
    (void)arg;
    if (id < N_TOKENS) return span_str(tokens[id]);
    return id != SPECIAL || skip_special ? span_of(NULL, 0) : span_str("no");
}

static struct form_vocabulary *new_vocabulary(void)
{
    static const int ends[] = {END, OTHER_END};
    struct form_vocabulary *v = form_vocabulary_new(N_VOCAB, ends, 2, text_of, NULL, NULL);
    assert_non_null(v);
    return v;
}

/* A token is in the mask just when a copy of the cursor goes on by it. */
static int check_mask(struct form_vocabulary *v, const struct form_cursor *c, struct form_work *w)
{
    int allowed = 0;
    for (int skip = 0; skip < 2; skip++) {
        form_mask(v, c, skip == 1, w);
        for (int id = 0; id < N_VOCAB; id++) {
            struct form_cursor copy = *c;
            bool may = form_accept(v, &copy, id, skip == 1);
            if (id < N_TOKENS) {
                copy = *c;
                assert_true(may == form_cursor_feed(&copy, span_str(tokens[id])));
            } else if (id > SPECIAL) {
                assert_true(may == form_cursor_may_end(c));
            }
            assert_true(form_mask_has(w, id) == may);
            allowed += may;
        }
    }
    return allowed;
}

/* Random walks by allowed tokens; the second half finds its masks in the cache. */
static void test_masks(void **state)
{
    const struct form_source sources[] = {
        json,
        choice_of(words, 4, FORM_HOLDS),
        choice_of(words, 4, FORM_THINKS),
        choice_of(words, 4, FORM_MAY_THINK),
        {.type = FORM_SCHEMA, .text = span_str("{\"type\":\"string\",\"maxLength\":30}")},
        {.type = FORM_SCHEMA, .text = span_str("{\"type\":\"string\",\"maxLength\":11}")},
        {.type = FORM_SCHEMA, .text = span_str("{\"type\":\"string\",\"pattern\":\"^.*$\"}")},
        {.type = FORM_SCHEMA, .text = span_str("{\"enum\":[\"a\",\"aaaaaa\",\"bbc\",1e5]}")},
        {.type = FORM_SCHEMA,
         .text = span_str("{\"properties\":{\"aaaa\":{},\"a\":{\"type\":"
                          "\"integer\"}},\"type\":\"object\"}")},
        {.type = FORM_REGEX, .text = span_str("[a-c]+|(ab|[^a]){0,9}")},
        {.type = FORM_REGEX, .text = span_str("([a ]{5})*(\\p{L}|[ a]){2,19}")},
    };
    enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };
    struct form_vocabulary *v = new_vocabulary();
    struct form_work w;
    uint32_t seed = 1;
    uint64_t found, asked;
    (void)state;
    assert_true(form_work_init(&w, v, NULL));
    for (int walk_no = 0; walk_no < 100 * SOURCES; walk_no++) {
        struct form *f = compile(&sources[walk_no % SOURCES]);
        struct form_cursor c;
        form_cursor_begin(&c, f);
        for (int step = 0; step < 30 && check_mask(v, &c, &w) > 0; step++) {
            int id;
            do {
                seed = seed * 1664525u + 1013904223u;
                id = (int)(seed >> 16) % N_VOCAB;
            } while (!form_mask_has(&w, id) && check_mask(v, &c, &w) > 0);
            if (id > SPECIAL) break;
            assert_true(form_accept(v, &c, id, true));
        }
        form_free(f);
    }
    form_vocabulary_counts(v, &found, &asked);
    assert_true(asked > 1000 && found < asked);
    form_work_clear(&w);
    form_vocabulary_free(v);
}

/* Where there is one way on, its tokens; never past a place where there are two, or an end. */
static void test_forced(void **state)
{
    static const char *const one[] = {"yes, but"}, *const two[] = {"yes, but", "yes, bb"},
                             *const longer[] = {"no", "nobb"};
    static const struct {
        const char *const *choices;
        int n, n_forced;
        const char *text; /* of the forced tokens */
    } rows[] = {{one, 1, 2, "yes, but"}, {two, 2, 1, "yes"}, {longer, 2, 0, ""}};
    struct form_vocabulary *v = new_vocabulary();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct form_source source = choice_of(rows[i].choices, rows[i].n, FORM_HOLDS);
        struct form *f = compile(&source);
        struct form_cursor c;
        int ids[8];
        char text[64] = "";
        form_cursor_begin(&c, f);
        assert_int_equal(form_forced(v, &c, ids, 8), rows[i].n_forced);
        for (int k = 0; k < rows[i].n_forced; k++) {
            strcat(text, tokens[ids[k]]);
            assert_true(form_accept(v, &c, ids[k], true));
        }
        assert_string_equal(text, rows[i].text);
        form_cursor_begin(&c, f);
        assert_int_equal(form_forced(v, &c, ids, 1), rows[i].n_forced > 0);
        assert_int_equal(form_forced(v, &c, ids, 0), 0);
        form_free(f);
    }
    form_vocabulary_free(v);
}

/* A form's cursor is copied for a draft, goes on by the draft's tokens, and is thrown away. */
static void test_a_draft_leaves_no_trace(void **state)
{
    struct form_vocabulary *v = new_vocabulary();
    struct form *f = compile(&json);
    struct form_cursor c, before;
    (void)state;
    form_cursor_begin(&c, f);
    assert_true(form_accept(v, &c, 0, true) && form_accept(v, &c, 2, true));
    before = c;
    static const int drafts[][3] = {{3, 4, 5}, {20, 4, 8}, {14, 15, 16}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
        struct form_cursor draft = c;
        for (int k = 0; k < 3 && form_accept(v, &draft, drafts[i][k], true); k++) {
        }
        if (i == 0) assert_memory_not_equal(&draft, &before, sizeof(draft));
        assert_memory_equal(&c, &before, sizeof(c));
    }
    form_free(f);
    form_vocabulary_free(v);
}

/* Most states come again; the cache gives what the walk gave, and forgets no owner's form. */
static void test_masks_are_remembered(void **state)
{
    struct form_vocabulary *v = new_vocabulary();
    struct form_work w;
    uint64_t found, asked;
    (void)state;
    assert_true(form_work_init(&w, v, NULL));
    for (int i = 0; i < 2000; i++) {
        struct form *f = compile(&json); /* each has a number of its own */
        struct form_cursor c;
        form_cursor_begin(&c, f);
        form_mask(v, &c, true, &w);
        assert_true(form_mask_has(&w, 0) && !form_mask_has(&w, 1));
        assert_true(form_accept(v, &c, 0, true));
        form_mask(v, &c, true, &w);
        assert_true(!form_mask_has(&w, 0) && form_mask_has(&w, 1));
        form_mask(v, &c, true, &w);
        assert_true(!form_mask_has(&w, 0) && form_mask_has(&w, 1));
        form_free(f);
    }
    form_vocabulary_counts(v, &found, &asked);
    assert_int_equal(asked, 6000);
    assert_int_equal(found, 2000);
    form_work_clear(&w);
    form_vocabulary_free(v);
}

/* ---- sharing ---- */

enum { AT_ONCE = 8, TIMES = 40 };

struct asking {
    struct form_store *store;
    pthread_barrier_t *begin;
    struct form *got[TIMES];
};

static void *ask_for_forms(void *arg)
{
    struct asking *a = arg;
    for (int i = 0; i < TIMES; i++) {
        char text[16];
        const char *const one[] = {text};
        snprintf(text, sizeof(text), "%d", i);
        struct form_source source = choice_of(one, 1, FORM_HOLDS);
        pthread_barrier_wait(a->begin);
        a->got[i] = form_store_get(a->store, &source, NULL);
    }
    return NULL;
}

/* Whoever compiles what another one has compiled meanwhile takes that one. */
static void test_forms_of_threads_are_one(void **state)
{
    struct asking all[AT_ONCE];
    pthread_t threads[AT_ONCE];
    pthread_barrier_t begin;
    struct form_store *s = form_store_new(NULL);
    (void)state;
    pthread_barrier_init(&begin, NULL, AT_ONCE);
    for (int t = 0; t < AT_ONCE; t++) {
        all[t] = (struct asking){.store = s, .begin = &begin};
        assert_int_equal(pthread_create(&threads[t], NULL, ask_for_forms, &all[t]), 0);
    }
    for (int t = 0; t < AT_ONCE; t++) {
        pthread_join(threads[t], NULL);
    }
    for (int t = 0; t < AT_ONCE; t++) {
        for (int i = 0; i < TIMES; i++) {
            assert_non_null(all[t].got[i]);
            assert_int_equal(form_uid(all[t].got[i]), form_uid(all[0].got[i]));
        }
    }
    for (int t = 0; t < AT_ONCE; t++) {
        for (int i = 0; i < TIMES; i++) {
            form_free(all[t].got[i]);
        }
    }
    pthread_barrier_destroy(&begin);
    form_store_free(s);
}

static void test_equal_forms_are_one(void **state)
{
    struct form_store *s = form_store_new(NULL);
    struct form_source a = choice_of(words, 4, FORM_HOLDS), b = choice_of(words, 3, FORM_HOLDS);
    struct form *f[5];
    (void)state;
    f[0] = form_store_get(s, &a, NULL);
    f[1] = form_store_get(s, &a, NULL);
    f[2] = form_store_get(s, &b, NULL);
    f[3] = form_store_get(s, &json, NULL);
    a.thoughts = FORM_THINKS;
    f[4] = form_store_get(s, &a, NULL);
    assert_ptr_equal(f[0], f[1]);
    for (int i = 1; i < 5; i++) {
        for (int k = i + 1; k < 5; k++) {
            assert_true(form_uid(f[i]) != form_uid(f[k]));
        }
    }
    uint64_t uid = form_uid(f[0]);
    for (int i = 0; i < FORM_STORE; i++) { /* push all out */
        char text[16];
        const char *const one[] = {text};
        snprintf(text, sizeof(text), "%d", i);
        struct form_source other = choice_of(one, 1, FORM_HOLDS);
        form_free(form_store_get(s, &other, NULL));
    }
    a.thoughts = FORM_HOLDS;
    struct form *again = form_store_get(s, &a, NULL);
    assert_true(form_uid(again) != uid && form_uid(f[0]) == uid);
    form_store_free(s);
    form_free(again);
    for (int i = 0; i < 5; i++) {
        struct form_cursor c;
        form_cursor_begin(&c, f[i]); /* owners outlive the store */
        form_free(f[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_is_bounded),
        cmocka_unit_test(test_equal_states),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_thoughts_that_the_prompt_opened),
        cmocka_unit_test(test_thoughts_that_the_output_opens),
        cmocka_unit_test(test_what_cannot_be_compiled),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_a_draft_leaves_no_trace),
        cmocka_unit_test(test_forced),
        cmocka_unit_test(test_masks_are_remembered),
        cmocka_unit_test(test_forms_of_threads_are_one),
        cmocka_unit_test(test_equal_forms_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
