/* tests/unit/test_opinion.c - a model's opinion where the rules have no verdict: when it is asked, what
 * it is shown, what becomes of its answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <stdatomic.h>

static atomic_int asked;

/* Says what the response says it should. */
static enum judge_opinion fake_ask(void *arg, const struct judge_question *q)
{
    assert_ptr_equal(arg, &asked);
    atomic_fetch_add(&asked, 1);
    assert_true(span_is(q->gold, "\\frac{1") || span_is(q->gold, "\\operatorname{foo}(3)"));
    if (span_find(q->response, span_str("same"), 0) != SPAN_NONE) return OPINION_SAME;
    if (span_find(q->response, span_str("other"), 0) != SPAN_NONE) return OPINION_DIFFERENT;
    return OPINION_NONE;
}

static const struct {
    const char *name, *completion, *answer, *options, *holds;
    int asked;
} cases[] = {
    {"the same", "\\boxed{5} same", "\\frac{1", ",\"equivalence\":true",
     "\"reward\":1,\"rewards\":{\"accuracy\":1},\"details\":{\"accuracy\":{\"verdict\":\"correct\","
     "\"cause\":\"model_same\"",
     1},
    {"another", "\\boxed{5} other", "\\frac{1", ",\"equivalence\":true",
     "\"verdict\":\"incorrect\",\"cause\":\"model_different\"", 1},
    {"no opinion", "\\boxed{5}", "\\frac{1", ",\"equivalence\":true",
     "\"reward\":null,\"rewards\":{\"accuracy\":null},\"details\":{\"accuracy\":{\"verdict\":"
     "\"cannot_judge\",\"cause\":\"unparsable_gold\"",
     1},
    {"from a worker", "\\boxed{\\operatorname{bar}(3)} same", "\\operatorname{foo}(3)",
     ",\"equivalence\":true", "\"cause\":\"model_same\"", 1},
    {"not wanted", "\\boxed{5} same", "\\frac{1", "", "\"cause\":\"unparsable_gold\"", 0},
    {"the rules know", "\\boxed{5} same", "6", ",\"equivalence\":true", "\"cause\":\"not_equal\"",
     0},
};

static char *reply_to(const char *name, const char *completion, const char *answer,
                      const char *options)
{
    struct buffer item;
    buffer_init(&item, 1 << 16);
    buffer_add_str(&item, "\"answer\":");
    json_print_text(span_str(answer), &item);
    char *text = buffer_take(&item);
    char *reply = ask_about("accuracy", name, completion, options, text);
    free(text);
    return reply;
}

static void test_opinions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int before = atomic_load(&asked);
        char *reply =
            reply_to(cases[i].name, cases[i].completion, cases[i].answer, cases[i].options);
        if (strstr(reply, cases[i].holds) == NULL) {
            fail_msg("%s:\n  %s\nwants %s", cases[i].name, reply, cases[i].holds);
        }
        assert_int_equal(atomic_load(&asked) - before, cases[i].asked);
        free(reply);
    }
}

/* Many at once, each with its own answer; and a reward that wants the verdict has the model's. */
static void test_many(void **state)
{
    (void)state;
    struct buffer body;
    struct error err = {0};
    int before = atomic_load(&asked);
    buffer_init(&body, 1 << 20);
    buffer_add_str(&body, "{\"rewards\":[{\"name\":\"accuracy\",\"equivalence\":true},"
                          "{\"name\":\"cosine\",\"max_len\":100}],\"items\":[");
    for (int i = 0; i < 200; i++) {
        buffer_addf(
            &body, "%s{\"id\":\"%d\",\"completion\":\"\\\\boxed{5} %s\",\"answer\":\"\\\\frac{1\"}",
            i == 0 ? "" : ",", i, i % 2 == 0 ? "same" : "other");
    }
    buffer_add_str(&body, "]}");
    cJSON *json = json_parse(buffer_span(&body), &err);
    assert_non_null(json);
    buffer_clear(&body);
    char *reply = ask_and_wait(json);
    cJSON *results = json_parse(span_str(reply), &err);
    int i = 0;
    for (const cJSON *r = json_get(results, "results")->child; r != NULL; r = r->next, i++) {
        const cJSON *parts = json_get(r, "rewards");
        assert_int_equal(json_get(parts, "accuracy")->valueint, i % 2 == 0);
        assert_true((json_get(parts, "cosine")->valuedouble > 0) == (i % 2 == 0));
    }
    assert_int_equal(i, 200);
    assert_int_equal(atomic_load(&asked) - before, 200);
    cJSON_Delete(results);
    free(reply);
}

static int open_judge(void **state)
{
    (void)state;
    struct error err = {0};
    const struct judge_model model = {fake_ask, &asked, 3};
    if (judging_open_with("[{\"name\":\"accuracy\"}]") != 0) return -1;
    return judge_set_model(judge, &model, &err) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opinions),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
