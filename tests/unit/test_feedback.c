/* tests/unit/test_feedback.c - what a sample that is not right is told (reward/judge/feedback.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include "base/utf8.h"

enum { ARENA_BYTES = 16 << 20, WORD_BYTES = 9000 };

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"accuracy\"}]");
}

static void count_sample(struct judge_sample *s)
{
    ++*(int *)s->arg;
}

/* What completion is told by these rewards of this item. Free with free(). */
static char *told(const char *rewards, const char *item, const char *completion)
{
    int done = 0;
    struct error err = {0};
    struct buffer out;
    cJSON *list = json_parse(span_str(rewards), &err), *fields = json_parse(span_str(item), &err);
    struct arena *a = arena_new(ARENA_BYTES);
    struct judge_round *round = judge_round_new(judge, 0, &err);
    struct judge_rewards *wanted = judge_rewards_new(judge, list, &err);
    struct judge_item *of = judge_item_new(judge, fields, &err);
    if (wanted == NULL || of == NULL) fail_msg("%s: %s", err.param, err.message);
    struct judge_sample s = {.rewards = wanted,
                             .item = of,
                             .completion = span_str(completion),
                             .arena = a,
                             .done = count_sample,
                             .arg = &done};
    assert_true(judge_sample_start(round, &s, &err));
    assert_int_equal(done, 1);
    assert_true(judge_sample_finish(&s));
    buffer_init(&out, 1 << 20);
    judge_feedback(&s, &out);
    assert_false(out.failed);
    judge_sample_clear(&s);
    judge_round_free(round);
    judge_item_free(of);
    judge_rewards_free(wanted);
    arena_free(a);
    cJSON_Delete(list);
    cJSON_Delete(fields);
    buffer_add_char(&out, '\0');
    return buffer_take(&out);
}

#define NO_COMMA "{\"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{}]}"
#define SCHEMA "{\"schema\":{\"type\":\"object\",\"required\":[\"a\"]}}"

/* clang-format off */
static const struct {
    const char *rewards, *item, *completion, *says;
} cases[] = {
    {"[{\"name\":\"accuracy\"}]", "{\"answer\":\"41\"}", "\\boxed{42}", "accuracy: not equal. The answer that was read is 42."},
    {"[{\"name\":\"accuracy\"}]", "{\"answer\":\"41\"}", "\\boxed{41}", ""},
    {"[{\"name\":\"format\"}]", "{}", "no tags", "format: "},
    {"[{\"name\":\"schema\"}]", SCHEMA, "[1]", "schema: "},
    {"[{\"name\":\"accuracy\"},{\"name\":\"format\"}]", "{\"answer\":\"41\"}", "\\boxed{42}", "42.\nformat: "},
    /* a right answer in a wrong form */
    {"[{\"name\":\"accuracy\"},{\"name\":\"schema\"}]", "{\"answer\":\"41\",\"schema\":{}}", "\\boxed{41}", "schema: not json."},
    {"[{\"name\":\"schema\"}]", SCHEMA, "{\"a\":1}", ""},
    {"[{\"name\":\"schema\"}]", SCHEMA, "{}", "schema: violates. The rule of the schema is required."},
    {"[{\"name\":\"schema\"}]", "{\"schema\":{\"items\":{\"type\":\"string\"}}}", "[\"x\",1]",
     "schema: violates. The place in the document is /1. The rule of the schema is type."},
    {"[{\"name\":\"format\",\"style\":\"boxed\"}]", "{}", "x", "format: no box. The form is boxed."},
    {"[{\"name\":\"regex\",\"pattern\":\"zz\"}]", "{}", "a", "regex: no match."},
    {"[{\"name\":\"regex\",\"pattern\":\"z+\",\"negate\":true}]", "{}", "azz", "regex: match. What must not stand there is zz."},
    {"[{\"name\":\"contains\",\"texts\":[\"b\",\"foo\"]}]", "{}", "b", "contains: missing text. Not found: foo."},
    {"[{\"name\":\"contains\",\"texts\":[\"b\",\"foo\"],\"mode\":\"share\"}]", "{}", "b", "Not found: foo."},
    {"[{\"name\":\"contains\",\"texts\":[\"b\",\"foo\"],\"mode\":\"any\"}]", "{}", "b", ""},
    {"[{\"name\":\"contains\",\"texts\":[\"foo\",\"b\"],\"mode\":\"none\"}]", "{}", "b",
     "contains: unwanted text. What must not stand there is b."},
    {"[{\"name\":\"contains\",\"texts\":[\"is 41\"]}]", "{\"answer\":41}", "b", "contains: missing text."},
    {"[{\"name\":\"contains\",\"texts\":[\"is 41\"]}]", "{\"answer\":[\"7\",\"41\"]}", "b", "contains: missing text."},
    {"[{\"name\":\"instructions\"}]", NO_COMMA, "a, b", "instructions: not followed. Not followed: punctuation:no_comma."},
    {"[{\"name\":\"instructions\"}]", NO_COMMA, "a b", ""},
    /* shaping terms, at their best or not, say nothing of right and wrong */
    {"[{\"name\":\"overlong\",\"max_len\":9,\"cache\":1},{\"name\":\"repetition\"},{\"name\":\"reasoning_steps\"}]",
     "{\"token_count\":99}", "a a a a a a", ""},
    {"[{\"name\":\"cosine\"}]", "{\"answer\":\"41\"}", "\\boxed{42}", ""},
};
/* clang-format on */

static void test_what_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = told(cases[i].rewards, cases[i].item, cases[i].completion);
        bool right =
            cases[i].says[0] == '\0' ? text[0] == '\0' : strstr(text, cases[i].says) != NULL;
        if (!right) fail_msg("%s is told \"%s\"", cases[i].completion, text);
        if (strstr(text, "41") != NULL) fail_msg("the gold answer is told: %s", text);
        free(text);
    }
}

/* A value that is long is shown by its beginning, cut between characters. */
static void test_long_values(void **state)
{
    struct buffer completion;
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        buffer_init(&completion, 4 * WORD_BYTES);
        buffer_add_str(&completion, "<answer>");
        buffer_add(&completion, "xyz", shift);
        while (completion.n < WORD_BYTES) {
            buffer_add_str(&completion, "\xE6\xBC\xA2"); /* three bytes */
        }
        buffer_add_str(&completion, "</answer>");
        buffer_add_char(&completion, '\0');
        char *text = told("[{\"name\":\"accuracy\",\"mode\":\"text\"}]", "{\"answer\":\"41\"}",
                          completion.p);
        assert_non_null(strstr(text, "The answer that was read is "));
        assert_non_null(strstr(text, "\xE6\xBC\xA2....")); /* dots, and the sentence's end */
        assert_true(strlen(text) < WORD_BYTES / 2);
        assert_true(utf8_is_valid(span_str(text)));
        free(text);
        buffer_clear(&completion);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_long_values),
    };
    return cmocka_run_group_tests_name("feedback", tests, open_judge, close_judge);
}
