/* tests/unit/test_sample.c - the judge's door for samples: hundreds in the air, no JSON text between.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/unit/judging.h"

enum { PROMPTS = 64, SAMPLES = 16, ALL = PROMPTS * SAMPLES };

/* ---- news of samples -------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static size_t n_done;

static void on_done(struct judge_sample *s)
{
    pthread_mutex_lock(&lock);
    n_done++;
    ++*(int *)s->arg;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

static void wait_until(size_t n)
{
    pthread_mutex_lock(&lock);
    while (n_done < n) {
        pthread_cond_wait(&more, &lock);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- a rollout ---------------------------------------------------------------------------------------- */

/* Made without a byte of JSON text. */
static cJSON *item_fields(int prompt)
{
    char answer[64];
    cJSON *fields = cJSON_CreateObject();
    if (prompt % 4 == 3) { /* algebra that goes to a worker */
        snprintf(answer, sizeof(answer), "\\int_0^1 x^{%d}\\,dx", prompt);
    } else {
        snprintf(answer, sizeof(answer), "%d", prompt * 7);
    }
    cJSON_AddStringToObject(fields, "answer", answer);
    cJSON_AddStringToObject(fields, "prompt", "How much?");
    return fields;
}

static struct judge_rewards *list_of(const char *const *names)
{
    struct error err = {0};
    cJSON *list = cJSON_CreateArray();
    for (; *names != NULL; names++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", *names);
        cJSON_AddItemToArray(list, entry);
    }
    struct judge_rewards *r = judge_rewards_new(judge, list, &err);
    cJSON_Delete(list);
    if (r == NULL) fail_msg("%s: %s", err.param, err.message);
    return r;
}

struct rollout {
    struct judge_rewards *rewards;
    struct judge_round *round;
    cJSON *fields[PROMPTS];
    struct judge_item *items[PROMPTS];
    struct arena *arena[ALL];
    struct judge_sample samples[ALL];
    char text[ALL][160];
    int calls[ALL];
    const atomic_bool *given_up; /* of some of them; NULL: of none */
};

static bool is_unwanted(int k)
{
    return k % 3 == 0;
}

static void write_completion(char *out, size_t room, int prompt, int i)
{
    bool right = i % 2 == 0;
    if (prompt % 4 == 3) {
        snprintf(out, room, "<think>o%.*s</think><answer>$\\frac{1}{%d}%s$</answer>", i,
                 "ooooooooooooooooooo", prompt + 1, right ? "" : "+1");
    } else {
        snprintf(out, room, "<think>o%.*s</think><answer>%d</answer>", i, "ooooooooooooooooooo",
                 prompt * 7 + !right);
    }
}

static void rollout_open(struct rollout *r, const char *const *names)
{
    *r = (struct rollout){.rewards = list_of(names), .round = judge_round_new(judge, 0, NULL)};
    n_done = 0;
    for (int p = 0; p < PROMPTS; p++) {
        r->fields[p] = item_fields(p);
        r->items[p] = judge_item_new(judge, r->fields[p], NULL);
        assert_non_null(r->items[p]);
    }
}

/* The samples of all prompts end in another order than they stand. */
static void rollout_start(struct rollout *r)
{
    for (int k = 0; k < ALL; k++) {
        int at = k * 37 % ALL;
        struct judge_sample *s = &r->samples[at];
        write_completion(r->text[at], sizeof(r->text[at]), at / SAMPLES, at % SAMPLES);
        r->arena[at] = arena_new(1 << 20);
        *s = (struct judge_sample){.rewards = r->rewards,
                                   .item = r->items[at / SAMPLES],
                                   .completion = span_str(r->text[at]),
                                   .arena = r->arena[at],
                                   .given_up = is_unwanted(at) ? r->given_up : NULL,
                                   .done = on_done,
                                   .arg = &r->calls[at]};
        assert_true(judge_sample_start(r->round, s, NULL));
    }
}

static void rollout_close(struct rollout *r)
{
    for (int k = 0; k < ALL; k++) {
        judge_sample_clear(&r->samples[k]);
        arena_free(r->arena[k]);
    }
    judge_round_free(r->round);
    for (int p = 0; p < PROMPTS; p++) {
        judge_item_free(r->items[p]);
        cJSON_Delete(r->fields[p]);
    }
    judge_rewards_free(r->rewards);
}

static struct rollout rollout;

static void test_hundreds_in_the_air(void **state)
{
    static const char *const names[] = {"accuracy", "format", NULL};
    struct rollout *r = &rollout;
    (void)state;
    rollout_open(r, names);
    rollout_start(r);
    wait_until(ALL);
    for (int k = 0; k < ALL; k++) {
        const struct judge_reply *reply = &r->samples[k].reply;
        bool right = k % SAMPLES % 2 == 0;
        assert_int_equal(r->calls[k], 1);
        assert_true(judge_sample_finish(&r->samples[k]));
        assert_int_equal(reply->error.code, ERROR_NONE);
        assert_int_equal(reply->n_parts, 2);
        assert_true(span_is(reply->parts[1].label, "format"));
        if (!reply->has_reward || reply->reward != right + 1.0) {
            fail_msg("%s: %g", r->text[k], reply->reward);
        }
        assert_int_equal(reply->verdict, right ? VERDICT_CORRECT : VERDICT_INCORRECT);
        assert_true(reply->extracted.n > 0 && reply->mask_cause == NULL);
    }
    rollout_close(r);
}

/* Length and cosine need the verdict or the group; majority and advantages are the group's. */
static void test_groups(void **state)
{
    static const char *const names[] = {"accuracy", "length", NULL};
    struct rollout *r = &rollout;
    struct judge_group g;
    (void)state;
    rollout_open(r, names);
    rollout_start(r);
    wait_until(ALL);
    for (int p = 0; p < PROMPTS; p++) {
        struct judge_sample *group[SAMPLES];
        double sum = 0;
        for (int i = 0; i < SAMPLES; i++) {
            group[i] = &r->samples[p * SAMPLES + i];
            assert_true(judge_sample_finish(group[i]));
            assert_false(group[i]->reply.has_reward); /* it has not been compared yet */
            assert_null(group[i]->reply.mask_cause);
        }
        assert_true(judge_group_finish(group, SAMPLES, ADVANTAGE_VERL_DR_GRPO, &g, NULL));
        assert_int_equal(g.size, SAMPLES);
        assert_int_equal(g.correct, SAMPLES / 2);
        assert_int_equal(g.judged, SAMPLES);
        assert_true(g.majority.n > 0 && g.votes == SAMPLES / 2 && g.keep);
        for (int i = 0; i < SAMPLES; i++) {
            sum += group[i]->reply.advantage;
            assert_true(group[i]->reply.parts[1].has_value);
            assert_true(group[i]->reply.has_reward && group[i]->reply.keep);
        }
        assert_true(fabs(sum) < 1e-9);
    }
    rollout_close(r);
}

/* Who is given up alone leaves the others of the round with their verdicts. */
static void test_give_up(void **state)
{
    static const char *const names[] = {"accuracy", NULL};
    static atomic_bool unwanted;
    struct rollout *r = &rollout;
    (void)state;
    atomic_store(&unwanted, false);
    rollout_open(r, names);
    r->given_up = &unwanted;
    rollout_start(r);
    atomic_store(&unwanted, true);
    judge_round_give_up(r->round);
    wait_until(ALL);
    for (int k = 0; k < ALL; k++) {
        const struct judge_reply *reply = &r->samples[k].reply;
        assert_int_equal(r->calls[k], 1);
        assert_true(judge_sample_finish(&r->samples[k]));
        if (reply->has_reward) {
            assert_true(reply->reward == (k % SAMPLES % 2 == 0));
        } else {
            assert_true(is_unwanted(k));
            assert_string_equal(reply->cause, "cancelled");
        }
    }
    r->given_up = NULL;
    rollout_close(r);
}

/* What waits is given up; every sample is heard of once all the same, and none says 0. */
static void test_cancel(void **state)
{
    static const char *const names[] = {"accuracy", NULL};
    struct rollout *r = &rollout;
    (void)state;
    rollout_open(r, names);
    rollout_start(r);
    judge_round_cancel(r->round);
    wait_until(ALL);
    for (int k = 0; k < ALL; k++) {
        const struct judge_reply *reply = &r->samples[k].reply;
        assert_int_equal(r->calls[k], 1);
        assert_true(judge_sample_finish(&r->samples[k]));
        assert_true(reply->has_reward == (reply->mask_cause == NULL));
        if (!reply->has_reward) assert_string_equal(reply->cause, "cancelled");
        if (reply->has_reward && reply->reward != (k % SAMPLES % 2 == 0)) {
            fail_msg("%s: %g", r->text[k], reply->reward);
        }
    }
    rollout_close(r);
}

/* ---- what is refused, and what is masked -------------------------------------------------------------- */

static void test_items(void **state)
{
    struct error err = {0};
    cJSON *fields = cJSON_CreateObject();
    (void)state;
    cJSON_AddStringToObject(fields, "colour", "red");
    assert_null(judge_item_new(judge, fields, &err));
    assert_string_equal(err.param, "colour");
    cJSON_DeleteItemFromObject(fields, "colour");
    cJSON_AddStringToObject(fields, "completion", "4");
    assert_null(judge_item_new(judge, fields, &err));
    cJSON_Delete(fields);
    struct judge_item *none = judge_item_new(judge, NULL, &err);
    assert_non_null(none);
    judge_item_free(none);
    judge_item_free(NULL);
}

/* An item without its answer: a sample is heard of, has no reward, and its error names the field. */
static void test_masked(void **state)
{
    static const char *const names[] = {"accuracy", NULL};
    struct judge_rewards *rewards = list_of(names);
    struct judge_item *item = judge_item_new(judge, NULL, NULL);
    struct judge_round *round = judge_round_new(judge, 0, NULL);
    struct arena *a = arena_new(1 << 20);
    int calls = 0;
    (void)state;
    struct judge_sample s = {.rewards = rewards,
                             .item = item,
                             .completion = span_str("<answer>4</answer>"),
                             .arena = a,
                             .done = on_done,
                             .arg = &calls};
    assert_true(judge_sample_start(round, &s, NULL));
    assert_int_equal(calls, 1);
    assert_true(judge_sample_finish(&s));
    assert_false(s.reply.has_reward);
    assert_string_equal(s.reply.mask_cause, "cannot_judge");
    assert_string_equal(s.reply.error.param, "answer");
    judge_sample_clear(&s);
    judge_round_free(round);
    judge_item_free(item);
    judge_rewards_free(rewards);
    arena_free(a);
}

/* An arena that is full is an error, never a verdict. */
static void test_full_arena(void **state)
{
    static const char *const names[] = {"accuracy", NULL};
    struct judge_rewards *rewards = list_of(names);
    struct judge_item *item = judge_item_new(judge, NULL, NULL);
    struct judge_round *round = judge_round_new(judge, 0, NULL);
    struct arena *a = arena_new(64);
    struct error err = {0};
    int calls = 0;
    (void)state;
    struct judge_sample s = {.rewards = rewards,
                             .item = item,
                             .completion = span_str("4"),
                             .arena = a,
                             .done = on_done,
                             .arg = &calls};
    assert_false(judge_sample_start(round, &s, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_int_equal(calls, 0);
    judge_sample_clear(&s);
    judge_round_free(round);
    judge_item_free(item);
    judge_rewards_free(rewards);
    arena_free(a);
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hundreds_in_the_air),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_full_arena),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
