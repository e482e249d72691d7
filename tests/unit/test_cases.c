/* tests/unit/test_cases.c - the tests of an item read, from every shape, and what is said of
 * malformed ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "reward/code/cases.h"

/* ---- what is read ------------------------------------------------------------------------------------- */

struct reading {
    const char *name, *item;
    size_t n;
    enum case_kind kind;         /* of the first */
    const char *body, *expected; /* of the first: input or body; NULL: not looked at */
};

/* clang-format off */
static const struct reading readings[] = {
    {"pairs", "{\"tests\":[{\"stdin\":\"1\",\"stdout\":\"2\"},{\"stdin\":\"3\",\"stdout\":\"4\"}]}", 2, CASE_STDIO, "1", "2"},
    {"no stdin", "{\"tests\":[{\"stdout\":\"2\"}]}", 1, CASE_STDIO, "", "2"},
    {"numbers for texts", "{\"tests\":[{\"stdin\":1,\"stdout\":2.5}]}", 1, CASE_STDIO, "1", "2.5"},
    {"lines for texts", "{\"tests\":[{\"stdin\":[\"a\",\"b\"],\"stdout\":[]}]}", 1, CASE_STDIO, "a\nb", ""},
    {"a call", "{\"tests\":[{\"call\":\"f\",\"args\":[1,\"x\"],\"result\":null}]}", 1, CASE_CALL, "[1,\"x\"]", "null"},
    {"a result that is a text", "{\"tests\":[{\"call\":\"f\",\"args\":[],\"result\":\"3\"}]}", 1, CASE_CALL, "[]", "\"3\""},
    {"assertions", "{\"tests\":[{\"assert\":\"assert f() == 1\"},\"assert f() == 2\"]}", 2, CASE_ASSERT, "assert f() == 1", NULL},
    {"text of a list", "{\"tests\":\"[{\\\"input\\\":\\\"1\\\",\\\"output\\\":\\\"2\\\"}]\"}", 1, CASE_STDIO, "1", "2"},
    {"APPS", "{\"input_output\":\"{\\\"inputs\\\":[\\\"1\\\",\\\"2\\\"],\\\"outputs\\\":[\\\"1\\\",\\\"2\\\"]}\"}", 2, CASE_STDIO, "1", "1"},
    {"APPS, a function", "{\"tests\":{\"fn_name\":\"f\",\"inputs\":[[1,2]],\"outputs\":[3]}}", 1, CASE_CALL, "[1,2]", "3"},
    {"verl, assertions", "{\"tests\":{\"assert_case\":[\"assert f(1)\"],\"inputs\":null,\"outputs\":null}}", 1, CASE_ASSERT, "assert f(1)", NULL},
    {"LiveCodeBench, a function", "{\"public_test_cases\":\"[{\\\"input\\\":\\\"[1]\\\\n2\\\",\\\"output\\\":\\\"3\\\",\\\"testtype\\\":\\\"functional\\\"}]\",\"metadata\":\"{\\\"func_name\\\":\\\"f\\\"}\"}", 1, CASE_CALL, "[[1],2]", "3"},
    {"LiveCodeBench, standard input", "{\"public_test_cases\":[{\"input\":\"1\",\"output\":\"3\",\"testtype\":\"stdin\"}],\"metadata\":{\"func_name\":\"f\"}}", 1, CASE_STDIO, "1", "3"},
    {"verification_info", "{\"verification_info\":{\"test_cases\":[{\"input\":\"1\",\"output\":\"3\",\"fn_name\":null}]}}", 1, CASE_STDIO, "1", "3"},
    {"Codeforces", "{\"official_tests\":[{\"input\":\"1\",\"output\":\"3\"}],\"time_limit\":1.5}", 1, CASE_STDIO, "1", "3"},
    {"HumanEval", "{\"entry_point\":\"f\",\"test\":\"def check(candidate):\\n    pass\\n\"}", 1, CASE_ASSERT, NULL, NULL},
    {"HumanEval, check by another way", "{\"entry_point\":\"f\",\"test\":\"check = run\\n\"}", 1, CASE_ASSERT, NULL, NULL},
    {"KodCode, functions and classes of its own", "{\"test\":\"class Point:\\n    def test(self):\\n        pass\\ndef helper(x):\\n    def test_x():\\n        pass\\ndef test_a( ) -> None:\\n    assert f(1) == 2\\nif __name__ == '__main__':\\n    test_a()\\n\"}", 1, CASE_ASSERT, NULL, NULL},
    {"MBPP", "{\"test_list\":[\"assert f() == 1\",\"assert f() == 2\"]}", 2, CASE_ASSERT, "assert f() == 1", NULL},
    {"IOI", "{\"tests\":{\"id\":\"x\",\"grader_files\":[],\"test_cases\":[[\"1\",\"2\"]]}}", 1, CASE_STDIO, "1", "2"},
    {"IOI, by name", "{\"tests\":{\"grader_files\":[],\"test_names\":[\"b\"],\"test_cases\":{\"a\":[\"1\",\"2\"],\"b\":[\"3\",\"4\"]}}}", 1, CASE_STDIO, "3", "4"},
    {"at most three", "{\"tests\":[{\"stdout\":\"1\"},{\"stdout\":\"2\"},{\"stdout\":\"3\"},{\"stdout\":\"4\"}]}", 3, CASE_STDIO, "", "1"},
};

/* param and a part of the message */
static const struct {
    const char *item, *param, *message;
} errors[] = {
    {"{}", "tests", "missing"},
    {"{\"tests\":[]}", "tests", "empty"},
    {"{\"tests\":[{\"stdout\":\"1\",\"files\":{\"../x\":\"\"}}]}", "tests[0].files", "\"../x\""},
    {"{\"tests\":[{\"stdout\":\"1\"},{\"stdout\":\"1\",\"files\":{\"a\":\"\",\"/x\":\"\"}}]}", "tests[1].files", "\"/x\""},
    {"{\"tests\":[{\"stdout\":\"1\",\"files\":{\"a\":5}}]}", "tests[0].files", "an object of texts, not a number"},
    {"{\"tests\":[{\"stdout\":\"1\",\"files\":[]}]}", "tests[0].files", "an object, not an array"},
    {"{\"tests\":[{\"stdout\":\"1\",\"output_file\":\"a/../../x\"}]}", "tests[0].output_file", "a/../../x"},
    {"{\"tests\":[{\"stdout\":\"1\",\"output_file\":5}]}", "tests[0].output_file", "a string, not a number"},
    {"{\"tests\":5}", "tests", "a list, an object or JSON text, not a number"},
    {"{\"tests\":\"{\"}", "tests", "no JSON"},
    {"{\"tests\":[3]}", "tests[0]", "not a number"},
    {"{\"tests\":[{\"stdin\":\"1\"}]}", "tests[0].stdout", "needs stdin and stdout"},
    {"{\"tests\":[{\"stdin\":{},\"stdout\":\"1\"}]}", "tests[0].input", "not an object"},
    {"{\"tests\":[{\"stdin\":[[1]],\"stdout\":\"1\"}]}", "tests[0].input", "list of strings"},
    {"{\"tests\":[{\"stdout\":\"1\"},{\"call\":\"f\"}]}", "tests[1].args", "a list, not nothing"},
    {"{\"tests\":[{\"call\":\"f\",\"args\":[]}]}", "tests[0].result", "missing"},
    {"{\"tests\":[{\"call\":5,\"args\":[]}]}", "tests[0].call", "a string"},
    {"{\"tests\":[{\"assert\":5}]}", "tests[0].assert", "a string"},
    {"{\"tests\":[{\"stdout\":\"1\",\"files\":[]}]}", "tests[0].files", "an object"},
    {"{\"tests\":{\"inputs\":[1],\"outputs\":[]}}", "tests.outputs", "1 inputs but 0 outputs"},
    {"{\"tests\":{\"inputs\":[1]}}", "tests.outputs", "a list"},
    {"{\"tests\":{\"grader_files\":{},\"test_cases\":[]}}", "tests.grader_files", "a list"},
    {"{\"tests\":{\"grader_files\":[[\"../x\",\"\"]],\"test_cases\":[]}}", "tests.grader_files[0]", "relative path"},
    {"{\"tests\":{\"grader_files\":[],\"test_cases\":[[\"1\"]]}}", "tests.test_cases[0]", "an input and an output"},
    {"{\"tests\":{\"grader_files\":[],\"id\":\"../x\",\"test_cases\":[]}}", "tests.id", "no name for a file"},
    {"{\"test\":\"\"}", "test", "no function test_"},
    {"{\"test\":\"# test_later\\n\"}", "test", "no function test_"},
    {"{\"test\":\"def check(candidate):\\n    assert candidate(1) == 2\\n\"}", "test", "wants entry_point"},
    {"{\"test\":\"class MyTest:\\n    def test_a(self):\\n        assert f(1) == 2\\n\"}", "test", "no function test_"},
    {"{\"test\":\"import unittest\\nclass X(unittest.TestCase):\\n    def test_a(self):\\n        assert f(1) == 2\\n\"}", "test", "only plain functions"},
    {"{\"test\":\"class TestX:\\n    def test_a(self):\\n        assert f(1) == 2\\n\"}", "test", "only plain functions"},
    {"{\"test\":\"async def test_a():\\n    assert f(1) == 2\\n\"}", "test", "only plain functions"},
    {"{\"test\":\"def test_b():\\n    assert f(1) == 2\\nif True:\\n    def test_a():\\n        assert f(1) == 2\\n\"}", "test", "only plain functions"},
    {"{\"test\":\"def test_a(x):\\n    assert f(x) == 2\\n\"}", "test", "only plain functions"},
    {"{\"entry_point\":\"f\",\"test\":\"\"}", "test", "no check()"},
    {"{\"entry_point\":\"f\",\"test\":\"class TestCases:\\n    pass\\n\"}", "test", "no check()"},
    {"{\"entry_point\":\"\",\"test\":\"def check(c):\\n    assert c(1) == 2\\n\"}", "entry_point", "empty"},
    {"{\"tests\":[\"\",\"# nothing\\n  \\n\"]}", "tests", "empty"},
    {"{\"tests\":\"\\\"\\\\\\\"\\\\\\\\\\\\\\\"\\\\\\\\\\\\\\\"\\\\\\\"\\\"\"}", "tests", ""},
};
/* clang-format on */

static struct span body_of(const struct code_case *c)
{
    return c->kind == CASE_STDIO ? c->input : c->body;
}

static bool is_as_said(const struct reading *r, const struct code_tests *t)
{
    const struct code_case *c = &t->cases[0];
    return t->n == r->n && c->kind == r->kind &&
           (r->body == NULL || span_is(body_of(c), r->body)) &&
           (r->expected == NULL || span_is(c->expected, r->expected));
}

static void shapes_are_read(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        const struct reading *r = &readings[i];
        struct error err = {0};
        struct code_tests t;
        struct arena *a = arena_new(1 << 20);
        cJSON *item = json_parse(span_str(r->item), &err);
        if (!code_tests_read(item, 3, a, &t, &err) || !is_as_said(r, &t)) {
            print_message("%s: %zu tests, %s %s\n", r->name, t.n, err.param, err.message);
            failed++;
        }
        cJSON_Delete(item);
        arena_free(a);
    }
    assert_int_equal(failed, 0);
}

static void errors_name_the_field(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct error err = {0};
        struct code_tests t;
        struct arena *a = arena_new(1 << 20);
        cJSON *item = json_parse(span_str(errors[i].item), &err);
        if (item == NULL) fail_msg("%s: %s", errors[i].item, err.message);
        bool read = code_tests_read(item, 0, a, &t, &err);
        if (read || strcmp(err.param, errors[i].param) != 0 ||
            strstr(err.message, errors[i].message) == NULL) {
            print_message("%s: %d, %s: %s\n", errors[i].item, read, err.param, err.message);
            failed++;
        }
        cJSON_Delete(item);
        arena_free(a);
    }
    assert_int_equal(failed, 0);
}

/* 40,000 tests by name: time by the square of that would be seconds. */
static void many_names_are_found(void **state)
{
    (void)state;
    struct buffer text;
    struct error err = {0};
    struct code_tests t;
    struct arena *a = arena_new(1 << 24);
    buffer_init(&text, 1 << 24);
    buffer_add_str(&text, "{\"tests\":{\"grader_files\":[],\"test_names\":[\"0\"");
    for (int i = 39999; i > 0; i--) {
        buffer_addf(&text, ",\"%d\"", i);
    }
    buffer_add_str(&text, "],\"test_cases\":{\"0\":[\"\",\"\"]");
    for (int i = 1; i < 40000; i++) {
        buffer_addf(&text, ",\"%d\":[\"%d\",\"\"]", i, i);
    }
    buffer_add_str(&text, "}}}");
    cJSON *item = json_parse(buffer_span(&text), &err);
    assert_non_null(item);
    assert_true(code_tests_read(item, 3, a, &t, &err));
    assert_int_equal(t.n, 3);
    assert_true(span_is(t.cases[2].input, "39998"));
    cJSON_Delete(item);
    buffer_clear(&text);
    arena_free(a);
}

static void limits_come_from_the_data_set(void **state)
{
    (void)state;
    struct error err = {0};
    struct code_tests t;
    struct arena *a = arena_new(1 << 20);
    cJSON *item =
        json_parse(span_str("{\"tests\":{\"official_tests\":[{\"input\":\"1\",\"output\":\"2\"}],"
                            "\"time_limit\":1.5,"
                            "\"memory_limit\":256,\"language\":\"cpp\",\"input_mode\":\"file\","
                            "\"generated_checker\":\"print(1)\"}}"),
                   &err);
    assert_true(code_tests_read(item, 0, a, &t, &err));
    assert_true(t.time_s > 1.4 && t.time_s < 1.6 && t.memory_mb > 255 && t.memory_mb < 257);
    assert_string_equal(t.language->name, "cpp");
    assert_string_equal(t.cases[0].output_file, "output.txt");
    assert_true(span_is(t.checker, "print(1)"));
    cJSON_Delete(item);
    item = json_parse(
        span_str("{\"tests\":{\"id\":\"Nile\",\"score\":40,\"score_precision\":1,\"memory_limit\":"
                 "2147483648,\"grader_files\":[[\"checker/checker.cpp\",\"x\"],[\"graders/"
                 "grader.cpp\",null]],\"test_cases\":[[\"1\",\"2\"]]}}"),
        &err);
    assert_true(code_tests_read(item, 0, a, &t, &err));
    assert_true(t.memory_mb > 2047 && t.memory_mb < 2049);
    assert_string_equal(t.ioi->main, "graders/nile.cpp");
    assert_string_equal(t.ioi->checker, "checker/checker.cpp");
    assert_int_equal(t.ioi->n_files, 2);
    assert_int_equal(t.ioi->precision, 1);
    cJSON_Delete(item);
    arena_free(a);
}

static void json_becomes_python(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"[1, \"a\\/b\"]", "[1, \"a/b\"]"},
        {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
        {"\"\\u00e9\\n\\\\\"", "\"\\u00e9\\n\\\\\""},
        {"\"\\\"\\/\"", "\"\\\"/\""},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct span got = code_python_text(span_str(texts[i][0]), a);
        if (!span_is(got, texts[i][1])) fail_msg("%s: %.*s", texts[i][0], (int)got.n, got.p);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_read),      cmocka_unit_test(errors_name_the_field),
        cmocka_unit_test(many_names_are_found), cmocka_unit_test(limits_come_from_the_data_set),
        cmocka_unit_test(json_becomes_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
