/* tests/unit/test_checker.c - outputs compared by each checker, and JSON by value.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "reward/code/checker.h"

static const struct tolerance near = {1e-6, 1e-6};

/* ---- checkers ------------------------------------------------------------------------------------------ */

struct comparison {
    const char *name, *expected, *actual;
    bool accepts[CHECKERS]; /* tokens, exact, trim, floats, lines_unordered, json */
};

/* clang-format off */
static const struct comparison comparisons[] = {
    {"the same",                    "3\n",          "3\n",          {1, 1, 1, 1, 1, 1}},
    {"no line break at the end",    "3\n",          "3",            {1, 0, 1, 1, 1, 1}},
    {"another number",              "3\n",          "4\n",          {0, 0, 0, 0, 0, 0}},
    {"nothing",                     "3\n",          "",             {0, 0, 0, 0, 0, 0}},
    {"nothing expected",            "",             "3",            {0, 0, 0, 0, 0, 0}},
    {"nothing and white space",     "",             " \n\n",        {1, 0, 1, 1, 1, 0}},
    {"a prefix",                    "3\n5\n7\n",    "3\n",          {0, 0, 0, 0, 0, 0}},
    {"a line more",                 "3",            "3\n4",         {0, 0, 0, 0, 0, 0}},
    {"spaces between",              "1 2\n3",       "1  2 3",       {1, 0, 0, 1, 0, 0}},
    {"spaces at line ends",         "1 2\n3\n",     "1 2  \n3 \n\n", {1, 0, 1, 1, 1, 0}},
    {"spaces at line starts",       " 1",           "1",            {1, 0, 0, 1, 0, 1}},
    {"carriage returns",            "1\n2\n",       "1\r\n2\r\n",   {1, 0, 1, 1, 1, 0}},
    {"a blank line within",         "1\n2",         "1\n\n2",       {1, 0, 0, 1, 0, 0}},
    {"other order",                 "1\n2\n2",      "2\n1\n2",      {0, 0, 0, 0, 1, 0}},
    {"other order, other counts",   "1\n2\n2",      "2\n1\n1",      {0, 0, 0, 0, 0, 0}},
    {"a float",                     "0.3",          "0.30000000000000004", {0, 0, 0, 1, 0, 0}},
    {"a float far off",             "0.3",          "0.31",         {0, 0, 0, 0, 0, 0}},
    {"relative tolerance",          "1000000",      "1000000.5",    {0, 0, 0, 1, 0, 0}},
    {"1.0 for 1",                   "1",            "1.0",          {0, 0, 0, 1, 0, 1}},
    {"exponents",                   "1e3",          "1000",         {0, 0, 0, 1, 0, 1}},
    {"nan is a word",               "nan",          "NaN",          {0, 0, 0, 0, 0, 0}},
    {"hexadecimal is a word",       "16",           "0x10",         {0, 0, 0, 0, 0, 0}},
    {"letters count",               "YES",          "Yes",          {0, 0, 0, 0, 0, 0}},
    {"words and numbers",           "x 0.5",        "x .5",         {0, 0, 0, 1, 0, 0}},
    {"JSON",                        "[1, {\"a\": 2}]", "[1,{\"a\":2}]", {0, 0, 0, 0, 0, 1}},
    {"no number",                   "1e999",        "1e999 ",       {1, 0, 1, 1, 1, 1}},
};
/* clang-format on */

static void checkers_compare(void **state)
{
    (void)state;
    int failed = 0;
    struct arena *a = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
        const struct comparison *c = &comparisons[i];
        for (int k = 0; k < CHECKERS; k++) {
            bool got = checker_accepts((enum checker)k, span_str(c->expected), span_str(c->actual),
                                       &near, a);
            if (got == c->accepts[k]) continue;
            print_message("%s: %s said %d\n", c->name, checker_names[k], got);
            failed++;
        }
        arena_reset(a);
    }
    arena_free(a);
    assert_int_equal(failed, 0);
}

static void bytes_are_bytes(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct span zero = span_of("1\0"
                               "2",
                               3),
                other = span_of("1\0"
                                "3",
                                3);
    assert_true(checker_accepts(CHECKER_TOKENS, zero, zero, NULL, a));
    assert_false(checker_accepts(CHECKER_TOKENS, zero, other, NULL, a));
    assert_false(checker_accepts(CHECKER_EXACT, zero, other, NULL, a));
    arena_free(a);
}

/* Scratch that is used up is no verdict in anyone's favour. */
static void little_memory_refuses(void **state)
{
    (void)state;
    enum { N = 10000 };
    char *lines = malloc(2 * N);
    for (int i = 0; i < N; i++) {
        memcpy(lines + 2 * i, "x\n", 2);
    }
    struct arena *a = arena_new(1000);
    struct span text = span_of(lines, 2 * N);
    assert_false(checker_accepts(CHECKER_LINES_UNORDERED, text, text, NULL, a));
    arena_free(a);
    free(lines);
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *x, *y;
    bool same, near; /* exactly; with a tolerance */
} pairs[] = {
    {"1", "1", 1, 1},
    {"1", "1.0", 1, 1},
    {"1", "true", 0, 0},
    {"0", "false", 0, 0},
    {"null", "null", 1, 1},
    {"null", "0", 0, 0},
    {"0", "-0", 1, 1},
    {"0.0", "-0.0", 1, 1},
    {"9007199254740992", "9007199254740993", 0, 0},
    {"123456789012345678901234567890", "123456789012345678901234567890", 1, 1},
    {"123456789012345678901234567890", "123456789012345678901234567891", 0, 0},
    {"0.1", "0.10000001", 0, 1},
    {"0.1", "0.2", 0, 0},
    {"3", "3.0000001", 0, 1},
    {"NaN", "NaN", 0, 0},
    {"Infinity", "Infinity", 1, 1},
    {"Infinity", "-Infinity", 0, 0},
    {"\"a\"", "\"a\"", 1, 1},
    {"\"a\"", "\"\\u0061\"", 1, 1},
    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"", 1, 1},
    {"\"\\ud83d\"", "\"\\ud83d\"", 1, 1},
    {"\"a\"", "\"b\"", 0, 0},
    {"\"1\"", "1", 0, 0},
    {"\"\"", "null", 0, 0},
    {"[]", "[]", 1, 1},
    {"[]", "{}", 0, 0},
    {"[1, 2]", "[1,2]", 1, 1},
    {"[1,2]", "[2,1]", 0, 0},
    {"[1,2]", "[1]", 0, 0},
    {"[[1],[2]]", "[[1],[2.0]]", 1, 1},
    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", 1, 1},
    {"{\"a\":1}", "{\"a\":2}", 0, 0},
    {"{\"a\":1}", "{\"b\":1}", 0, 0},
    {"{\"a\":1}", "{\"a\":1,\"b\":2}", 0, 0},
    {" [ 1 ] ", "[1]", 1, 1},
    {"[1", "[1", 0, 0},
    {"[1,]", "[1,]", 0, 0},
    {"1 2", "1 2", 0, 0},
    {"", "", 0, 0},
    {"nul", "nul", 0, 0},
    {"\"open", "\"open", 0, 0},
    {"\"\\q\"", "\"\\q\"", 0, 0},
    {"--1", "--1", 0, 0},
};
/* clang-format on */

static void json_is_compared_by_value(void **state)
{
    (void)state;
    int failed = 0;
    struct arena *a = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct span x = span_str(pairs[i].x), y = span_str(pairs[i].y);
        bool same = json_same(x, y, NULL, a), back = json_same(y, x, NULL, a);
        bool close = json_same(x, y, &near, a);
        if (same != pairs[i].same || back != same || close != pairs[i].near) {
            print_message("%s and %s: %d, the other way %d, near %d\n", pairs[i].x, pairs[i].y,
                          same, back, close);
            failed++;
        }
        arena_reset(a);
    }
    arena_free(a);
    assert_int_equal(failed, 0);
}

static void deep_json_is_refused(void **state)
{
    (void)state;
    enum { DEEP = 5000 };
    char *text = malloc(2 * DEEP);
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    struct arena *a = arena_new(64 << 20);
    assert_false(json_same(span_of(text, 2 * DEEP), span_of(text, 2 * DEEP), NULL, a));
    assert_true(json_same(span_of(text + DEEP - 50, 100), span_of(text + DEEP - 50, 100), NULL, a));
    arena_free(a);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkers_compare),      cmocka_unit_test(bytes_are_bytes),
        cmocka_unit_test(little_memory_refuses), cmocka_unit_test(json_is_compared_by_value),
        cmocka_unit_test(deep_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
