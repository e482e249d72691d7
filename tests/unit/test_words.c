/* tests/unit/test_words.c - answers in words: the values of the peers' functions (tests/data/words.jsonl,
 * written by tests/bench/words_agreement.py), and our own rules about golds, JSON and what is too
 * large.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <math.h>
#include <stdio.h>

#include "reward/rules/normalise.h"
#include "reward/words/alignment.h"
#include "reward/row/json_answer.h"

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"words\"}]");
}

/* ---- recorded values ------------------------------------------------------------------------------- */

static void add_member(struct buffer *b, const char *name, const cJSON *row, const char *from)
{
    buffer_addf(b, "\"%s\":", name);
    json_print(json_get(row, from), b);
    buffer_add_char(b, ',');
}

/* The reward of a row's response; NAN: none. */
static double value_of(const cJSON *row)
{
    struct buffer request;
    buffer_init(&request, 1 << 20);
    buffer_add_char(&request, '{');
    add_member(&request, "completion", row, "response");
    add_member(&request, "answer", row, "golds");
    buffer_add_str(&request, "\"rewards\":[{\"name\":\"words\",");
    add_member(&request, "measure", row, "measure");
    add_member(&request, "normalise", row, "normalise");
    buffer_add_str(&request, "\"scope\":\"all\"}]}");
    double value = take_reward(ask(request.p));
    buffer_clear(&request);
    return value;
}

static bool as_recorded(const cJSON *row)
{
    return is_recorded_value(row, value_of(row), 1e-15);
}

static void test_recorded(void **state)
{
    (void)state;
    check_recorded("tests/data/words.jsonl", 200, as_recorded);
}

/* ---- our own rules ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *options, *item, *holds;
} cases[] = {
    {"equal but for case and article", "", "\"completion\":\"The Eiffel Tower.\",\"answer\":\"eiffel tower\"", "\"reward\":1,"},
    {"an alias", "", "\"completion\":\"NYC\",\"answer\":\"New York City\",\"aliases\":[\"nyc\",\"big apple\"]", "\"reward\":1,"},
    {"aliases alone", "", "\"completion\":\"NYC\",\"aliases\":\"nyc\"", "\"reward\":1,"},
    {"the nearest gold", ",\"measure\":\"f1\"", "\"completion\":\"a b c d\",\"answer\":[\"x y\",\"b c\"]", "\"nearest\":\"b c\""},
    {"a number as gold", "", "\"completion\":\"42\",\"answer\":42", "\"reward\":1,"},
    {"the answer block", "", "\"completion\":\"<think>Rome</think>so <answer>Paris</answer>\",\"answer\":\"paris\"", "\"reward\":1,"},
    {"thoughts are no answer", ",\"measure\":\"contains\"", "\"completion\":\"<think>Paris</think>Rome\",\"answer\":\"paris\"", "\"reward\":0,"},
    {"words inside others", ",\"measure\":\"contains\"", "\"completion\":\"Parisian\",\"answer\":\"Paris\"", "\"reward\":1,"},
    {"a gold that is nothing is in nothing", ",\"measure\":\"contains\"", "\"completion\":\"anything\",\"answer\":\"The\"", "\"reward\":0,"},
    {"one edit of four", ",\"measure\":\"edit\"", "\"completion\":\"abcd\",\"answer\":\"abxd\"", "\"reward\":0.75,"},
    {"edits by characters", ",\"measure\":\"edit\"", "\"completion\":\"\xC3\xA4\",\"answer\":\"b\"", "\"reward\":0,"},
    {"nothing done to either", ",\"normalise\":\"none\"", "\"completion\":\"Paris\",\"answer\":\"paris\"", "\"reward\":0,"},
    {"small letters alone", ",\"normalise\":\"lower\"", "\"completion\":\" The  Paris\",\"answer\":\"the paris\"", "\"reward\":1,"},
    {"JSON alone", ",\"json_field\":\"answer\"", "\"completion\":\"{\\\"answer\\\": \\\"Paris\\\"}\",\"answer\":\"paris\"", "\"reward\":1,"},
    {"JSON in a fence, in a sentence", ",\"json_field\":\"answer\"", "\"completion\":\"So {this}:\\n```json\\n{\\\"why\\\": {}, \\\"answer\\\": \\\"Paris\\\"}\\n```\\nDone.\",\"answer\":\"paris\"", "\"reward\":1,"},
    {"the last object that has it", ",\"json_field\":\"a\"", "\"completion\":\"{\\\"a\\\":1} {\\\"a\\\":2} {\\\"b\\\":3}\",\"answer\":2", "\"reward\":1,"},
    {"a truth", ",\"json_field\":\"a\"", "\"completion\":\"{\\\"a\\\":true}\",\"answer\":\"True\"", "\"reward\":1,"},
    {"no JSON", ",\"json_field\":\"answer\"", "\"completion\":\"Paris\",\"answer\":\"paris\"", "\"cause\":\"no_answer_found\""},
    {"a list is no answer", ",\"json_field\":\"answer\"", "\"completion\":\"{\\\"answer\\\":[\\\"Paris\\\"]}\",\"answer\":\"paris\"", "\"cause\":\"no_answer_found\""},
    {"no gold", "", "\"completion\":\"Paris\"", "\"param\":\"answer\""},
    {"an alias of another kind", "", "\"completion\":\"Paris\",\"answer\":\"a\",\"aliases\":[\"b\",true]", "\"param\":\"aliases[1]\""},
    {"a field without a name", ",\"json_field\":\"\"", "\"completion\":\"Paris\",\"answer\":\"a\"", "invalid_value rewards[0].json_field"},
};
/* clang-format on */

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request;
        buffer_init(&request, 1 << 20);
        buffer_addf(&request, "{%s,\"rewards\":[{\"name\":\"words\"%s}]}", cases[i].item,
                    cases[i].options);
        check_holds(cases[i].name, &request, cases[i].holds);
    }
}

/* ---- what is too large ---------------------------------------------------------------------------------- */

static struct span repeated(const char *unit, size_t times, struct arena *a)
{
    size_t n = strlen(unit);
    char *p = arena_alloc(a, n * times, 1);
    assert_non_null(p);
    for (size_t i = 0; i < times; i++) {
        memcpy(p + i * n, unit, n);
    }
    return span_of(p, n * times);
}

static void test_bounds(void **state)
{
    struct arena *a = arena_new((size_t)1 << 28);
    struct sequence s[2];
    size_t n;
    (void)state;
    assert_true(sequence_of_characters(repeated("a", 9000, a), a, &s[0]));
    assert_true(sequence_of_characters(repeated("b", 9000, a), a, &s[1]));
    assert_false(edit_distance(s, a, &n)); /* 81 million cells */
    assert_false(longest_common(s, a, &n));
    assert_true(sequence_of_characters(repeated("ab", 500, a), a, &s[1]));
    assert_true(longest_common(s, a, &n));
    assert_int_equal(n, 500);
    struct span braces = repeated("{", 1 << 20, a);
    assert_null(json_answer(braces, "answer", a).p);
    struct span objects = repeated("{\"a\":1} ", 1 << 14, a);
    assert_true(span_is(json_answer(objects, "a", a), "1"));
    arena_free(a);
}

/* An arena that is too small: nothing, never half. */
static void test_small_arenas(void **state)
{
    static const char text[] = "The \xC3\x84rger, a `quick` brown_fox's 1,000 words";
    struct arena *large = arena_new(1 << 20);
    (void)state;
    for (int how = NORMAL_SQUAD; how <= NORMAL_NONE; how++) {
        struct span whole = normalise(span_str(text), (enum normalisation)how, large);
        assert_non_null(whole.p);
        for (size_t bytes = 1; bytes < 1000; bytes += 7) {
            struct arena *a = arena_new(bytes);
            struct span s = normalise(span_str(text), (enum normalisation)how, a);
            assert_true(s.p == NULL || span_eq(s, whole));
            arena_free(a);
        }
    }
    arena_free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_small_arenas),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
