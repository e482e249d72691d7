/* tests/unit/test_constraint.c - what an output of a form may be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sample/sampling.h"

/* How far a text goes: all of it and whole, all of it but not whole, or up to the first wrong byte. */
enum { WHOLE = -1, PART = -2 };

static const struct row {
    const char *text;
    int end; /* WHOLE, PART, or the offset of the byte that is refused */
} json_rows[] = {
    {"{}", WHOLE},
    {" \n{ }", WHOLE},
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
    {"{\"\\u00e9\\n\\\"\\\\\":\"\"}", WHOLE},
    {"{\"\\ud83c\\udf89\":1}", WHOLE},
    {"{\"\\uD7ff\\ue000\":1}", WHOLE},
    {"{\"\\udc", 5},
    {"{\"\\ud83cx", 8},
    {"{\"\\ud83c\\n", 9},
    {"{\"\\ud83c\\u0", 10},
    {"{\"\\ud83c\\ud8", 11},
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

static int walk(struct constraint *k, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!constraint_feed(k, span_of(text + i, 1))) return (int)i;
    }
    return constraint_may_end(k) ? WHOLE : PART;
}

static void check(const struct engine_sampling *c, const struct row *row)
{
    struct constraint k;
    constraint_begin(&k, c->form, c->choices, c->n_choices, c->form_after);
    int end = walk(&k, row->text);
    if (end != row->end) print_error("\"%s\": %d, not %d\n", row->text, end, row->end);
    assert_int_equal(end, row->end);
}

static void test_json(void **state)
{
    const struct engine_sampling c = {.form = OUTPUT_JSON};
    (void)state;
    for (size_t i = 0; i < sizeof(json_rows) / sizeof(json_rows[0]); i++) {
        check(&c, &json_rows[i]);
    }
}

static void test_json_is_bounded(void **state)
{
    const struct engine_sampling c = {.form = OUTPUT_JSON};
    struct constraint k;
    int depth = 1, spaces = 0;
    (void)state;
    constraint_begin(&k, c.form, NULL, 0, NULL);
    while (constraint_feed(&k, span_str(" "))) {
        spaces++;
    }
    assert_int_equal(spaces, JSON_WALK_SPACES);
    constraint_begin(&k, c.form, NULL, 0, NULL);
    assert_true(constraint_feed(&k, span_str("{\"a\":")));
    while (constraint_feed(&k, span_str("["))) {
        depth++;
    }
    assert_int_equal(depth, JSON_WALK_DEPTH);
}

static void test_choice(void **state)
{
    const char *const choices[] = {"no", "yes", "yes, but", "日本"};
    const struct engine_sampling c = {.form = OUTPUT_CHOICE, .choices = choices, .n_choices = 4};
    static const struct row rows[] = {
        {"no", WHOLE}, {"yes", WHOLE}, {"yes, but", WHOLE},  {"日本", WHOLE},
        {"", PART},    {"ye", PART},   {"yes,", PART},       {"nope", 2},
        {"maybe", 0},  {"yes.", 3},    {"yes, but also", 8}, {" no", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&c, &rows[i]);
    }
}

static void test_after_the_thoughts(void **state)
{
    const char *const choices[] = {"no", "yes"};
    const struct engine_sampling c = {
        .form = OUTPUT_CHOICE, .choices = choices, .n_choices = 2, .form_after = "</think>"};
    static const struct row rows[] = {
        {"hm", WHOLE},           {"hm</think>", PART}, {"hm <</think>\n\nyes", WHOLE},
        {"hm</think>maybe", 10}, {"</think>no\n", 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&c, &rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_is_bounded),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_after_the_thoughts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
