/* tests/unit/test_gym.c - Reasoning Gym's entries, each answer with the score that its data set's own
 * scorer gave (tests/bench/reasoning_gym_agreement.py makes such answers).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

static bool as_recorded(const cJSON *row)
{
    struct buffer body;
    const cJSON *given = json_get(row, "given");
    buffer_init(&body, 1 << 20);
    buffer_add_str(&body, "{\"items\":[{\"completion\":");
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_addf(&text, "<think>hm</think><answer>%s</answer>", given->valuestring);
    json_print_text(buffer_span(&text), &body);
    buffer_clear(&text);
    static const char *const names[] = {"answer", "dataset", "metadata"};
    for (size_t i = 0; i < 3; i++) {
        buffer_addf(&body, ",\"%s\":", names[i]);
        json_print(json_get(row, names[i]), &body);
    }
    buffer_add_str(&body, "}],\"rewards\":[{\"name\":\"reasoning_gym\"}]}");
    char *request = buffer_take(&body);
    double reward = take_reward(ask(request));
    free(request);
    return fabs(reward - json_get(row, "score")->valuedouble) < 1e-9;
}

static void test_recorded(void **state)
{
    (void)state;
    check_recorded("tests/data/reasoning_gym.jsonl", 100, as_recorded);
}

/* clang-format off */
static const struct ask_case cases[] = {
    {"the data set is in the metadata", "{\"completion\":\"12\",\"answer\":\"12\",\"metadata\":{\"source_dataset\":\"lcm\"},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":1,"},
    {"metadata as text", "{\"completion\":\"12 \",\"answer\":\"12\",\"metadata\":\"{\\\"source_dataset\\\": \\\"lcm\\\"}\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":1,"},
    {"no data set", "{\"completion\":\"12\",\"answer\":\"12\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"missing_field\""},
    {"one that is not scored here", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"rubiks_cube\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"unsupported\""},
    {"metadata that lack the solution", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"sudoku\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"a fragment of a name", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"lc\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"unsupported\""},
};
/* clang-format on */

static void test_requests(void **state)
{
    (void)state;
    ask_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"reasoning_gym\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
