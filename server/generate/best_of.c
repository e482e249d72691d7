/* server/generate/best_of.c - see best_of.h.
 *
 *   loop                     thread pool                    judge
 *   best_of_choose() ------> start(): samples begin ------> the last one's done() keeps the promise
 *   started() <---------------------------------------------
 *            --------------> choose(): verdicts, votes, the best
 *   chosen() <--------------
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/best_of.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/emit.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/reward.h"
#include "server/generate/completion.h"
#include "server/http/state.h"

enum { SAMPLE_ARENA_BYTES = 64 << 20, MOST_ANSWERS = 64 };

struct vote {
    struct span answer;
    int count, first; /* of its samples */
};

struct best_of_work {
    struct completion *completion;
    struct best_of *ask;
    struct judge_rewards *rewards;
    cJSON *fields;
    struct judge_item *item;
    struct judge_sample *samples; /* [n] */
    size_t n;
    atomic_size_t away;
    struct vote votes[MOST_ANSWERS];
    int n_votes;
    const struct judge_sample *best; /* NULL: none is chosen yet */
};

#define AT(field) .offset = offsetof(struct best_of, field)

static const char *const rules[] = {"none", "majority", "verified", NULL};
const struct field best_of_rows[] = {
    {"best_of_rule", FIELD_CHOICE, AT(rule), .choices = rules,
     .doc = "return one of n samples: the majority's answer, or the best verified"},
    {"answer", FIELD_VALUE, AT(answer), .doc = "the gold answer, for verified"},
    {"rewards", FIELD_ARRAY, AT(reward_list), .shape = "object[]",
     .doc = "as of /verify, for verified"},
    {0},
};

struct field_table best_of_table(struct best_of *b)
{
    return FIELD_TABLE(best_of_rows, b);
}

/* Rewards and item, which are read where the request is. */
static bool prepare(struct best_of_work *w, struct judge *judge, struct error *err)
{
    static const char reading[] = "[{\"name\":\"accuracy\"}]"; /* whose answers can vote */
    bool majority = w->ask->rule == BEST_OF_MAJORITY;
    cJSON *own = majority ? json_parse(span_str(reading), err) : NULL;
    if (majority && own == NULL) return false;
    w->rewards = judge_rewards_new(judge, majority ? own : w->ask->reward_list, err);
    cJSON_Delete(own);
    if (w->rewards == NULL) return error_in(err, "rewards");
    w->fields = cJSON_CreateObject();
    cJSON *answer = w->ask->answer != NULL ? cJSON_Duplicate(w->ask->answer, true)
                                           : cJSON_CreateString("0"); /* any: votes do not look */
    if (w->fields == NULL || answer == NULL ||
        !cJSON_AddItemToObject(w->fields, "answer", answer)) {
        cJSON_Delete(answer);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the answer");
    }
    w->item = judge_item_new(judge, w->fields, err);
    return w->item != NULL;
}

/* What answers may be, and one at least. */
static bool check_answer(const cJSON *answer, struct error *err)
{
    if (!judge_answer_check(answer, err)) return false;
    bool none = cJSON_IsArray(answer) && cJSON_GetArraySize(answer) == 0;
    return !none || error_set(err, ERROR_INVALID_VALUE, "answer", "answer lists no answers");
}

bool best_of_check(struct best_of *b, const struct completion *c, struct error *err)
{
    if (b->rule == BEST_OF_NONE) {
        bool stray = b->answer != NULL || b->reward_list != NULL;
        return !stray ||
               error_set(err, ERROR_UNKNOWN_FIELD, b->answer != NULL ? "answer" : "rewards",
                         "it goes with best_of_rule");
    }
    if (c->params.stream) {
        return error_set(err, ERROR_UNSUPPORTED, "stream",
                         "best_of_rule chooses when all samples have ended: it cannot be streamed");
    }
    if (b->rule == BEST_OF_VERIFIED && b->answer == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "answer", "verified needs an answer");
    }
    if (!check_answer(b->answer, err)) return false;
    b->work = mem_new(1, sizeof(*b->work), err);
    if (b->work == NULL) return false;
    b->work->ask = b;
    return prepare(b->work, c->exchange->server->judge, err);
}

/* ---- judging ---------------------------------------------------------------------------------- */

static void on_done(struct judge_sample *s)
{
    struct best_of_work *w = s->arg;
    struct exchange *x = w->completion->exchange;
    if (atomic_fetch_sub(&w->away, 1) == 1) exchange_keep(x);
}

static struct best_of *asked_of(struct exchange *x);

/* The whole response: thoughts, in the model's tags, and what follows. p NULL: no memory. */
static struct span response_of(const struct choice *c, const struct engine_info *info,
                               struct arena *a)
{
    struct span thought = buffer_span(&c->thought), text = buffer_span(&c->text);
    if (thought.n == 0) return text.p != NULL ? text : span_str("");
    struct span open = span_str(info->think_open), close = span_str(info->think_close);
    size_t n = open.n + thought.n + close.n + text.n + 2;
    char *all = arena_alloc(a, n, 1), *p = all;
    if (all == NULL) return span_of(NULL, 0);
    p = mempcpy(p, open.p, open.n);
    p = mempcpy(p, thought.p, thought.n);
    *p++ = '\n';
    p = mempcpy(p, close.p, close.n);
    *p++ = '\n';
    if (text.n > 0) memcpy(p, text.p, text.n);
    return span_of(all, n);
}

static void start(struct exchange *x)
{
    struct best_of_work *w = asked_of(x)->work;
    const struct engine_info *info = engine_info(x->server->engine);
    struct error err = {0};
    exchange_promise(x);
    atomic_store(&w->away, w->n + 1);
    for (size_t i = 0; i < w->n; i++) {
        struct judge_sample *s = &w->samples[i];
        const struct choice *c = completion_choice(w->completion, i);
        *s = (struct judge_sample){.rewards = w->rewards,
                                   .item = w->item,
                                   .arena = arena_new(SAMPLE_ARENA_BYTES),
                                   .done = on_done,
                                   .arg = w};
        if (s->arena != NULL) s->completion = response_of(c, info, s->arena);
        if (s->completion.p == NULL || !judge_sample_start(w->ask->round, s, &err)) on_done(s);
    }
    if (atomic_fetch_sub(&w->away, 1) == 1) exchange_keep(x); /* our own hold on it */
}

/* The vote of sample i. */
static void cast(struct best_of_work *w, size_t i)
{
    const struct judge_sample *s = &w->samples[i];
    if (s->state == NULL || s->reply.extracted.n == 0) return;
    for (int k = 0; k < w->n_votes; k++) {
        if (!judge_same_vote(&w->samples[w->votes[k].first], s)) continue;
        w->votes[k].count++;
        return;
    }
    if (w->n_votes == MOST_ANSWERS) return;
    w->votes[w->n_votes++] =
        (struct vote){.answer = s->reply.extracted, .count = 1, .first = (int)i};
}

/* Most votes first; of equal ones, who was first. */
static int compare_votes(const void *a, const void *b)
{
    const struct vote *x = a, *y = b;
    return x->count != y->count ? y->count - x->count : x->first - y->first;
}

/* The sample with the best reward, the first of equal ones. */
static size_t best_reward(const struct best_of_work *w)
{
    size_t best = 0;
    for (size_t i = 1; i < w->n; i++) {
        const struct judge_reply *a = &w->samples[best].reply, *b = &w->samples[i].reply;
        if (b->has_reward && (!a->has_reward || b->reward > a->reward)) best = i;
    }
    return best;
}

/* Did memory run out for it? Another might then be the best, or have the majority. */
static bool is_lost(const struct judge_sample *s)
{
    const char *cause = s->reply.mask_cause;
    return (cause != NULL && strcmp(cause, "no_memory") == 0) ||
           s->reply.error.code == ERROR_NO_MEMORY;
}

/* What each says, and what comparing them with each other does. False: memory ran out. */
static bool finish_samples(struct best_of_work *w)
{
    struct judge_group group;
    struct judge_sample **all = mem_new(w->n, sizeof(struct judge_sample *), NULL);
    bool ok = all != NULL;
    for (size_t i = 0; ok && i < w->n; i++) {
        all[i] = &w->samples[i];
        ok = all[i]->state != NULL && judge_sample_finish(all[i]) && !is_lost(all[i]);
    }
    ok = ok && judge_group_finish(all, w->n, ADVANTAGE_NONE, &group, NULL);
    for (size_t i = 0; ok && i < w->n; i++) {
        ok = !is_lost(all[i]);
    }
    free(all);
    return ok;
}

static void choose(struct exchange *x)
{
    struct best_of_work *w = asked_of(x)->work;
    if (!finish_samples(w)) {
        error_set(&x->error, ERROR_NO_MEMORY, NULL, "no memory to judge the samples");
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        const struct error *lacks = &w->samples[i].reply.error; /* an answer or a field */
        if (lacks->code != ERROR_NONE) {
            x->error = *lacks;
            return;
        }
        cast(w, i);
    }
    qsort(w->votes, (size_t)w->n_votes, sizeof(w->votes[0]), compare_votes);
    size_t best = w->ask->rule == BEST_OF_VERIFIED ? best_reward(w)
                  : w->n_votes > 0                 ? (size_t)w->votes[0].first
                                                   : 0;
    w->best = &w->samples[best];
    w->completion->chosen = completion_choice(w->completion, best);
}

static void chosen(struct exchange *x)
{
    if (x->gone || x->status != 0) return;
    if (x->error.code != ERROR_NONE) {
        exchange_fail(x, &x->error);
    } else {
        completion_answer(asked_of(x)->work->completion);
    }
}

static void started(struct exchange *x)
{
    if (!x->gone) exchange_offload(x, WORK_HEAVY, choose, chosen);
}

static struct best_of *asked_of(struct exchange *x)
{
    const struct completion *c = x->state;
    return c->best_of;
}

void best_of_choose(struct best_of *b, struct completion *c)
{
    struct best_of_work *w = b->work;
    struct error err = {0};
    w->completion = c;
    w->n = c->n_choices;
    b->round = judge_round_new(c->exchange->server->judge, exchange_client(c->exchange), &err);
    w->samples = mem_new(w->n, sizeof(*w->samples), &err);
    if (b->round == NULL || w->samples == NULL) {
        w->n = 0;
        exchange_fail(c->exchange, &err);
        return;
    }
    exchange_offload(c->exchange, WORK_HEAVY, start, started);
}

void best_of_cancel(struct best_of *b)
{
    if (b->round != NULL) judge_round_cancel(b->round);
}

/* ---- telling ---------------------------------------------------------------------------------- */

/* Whether nothing is wrong with the best; null: no sample could be judged. */
static void emit_verified(const struct judge_reply *best, struct buffer *out)
{
    bool wrong = false;
    for (int i = 0; i < best->n_parts; i++) {
        wrong = wrong || best->parts[i].wrong;
    }
    if (best->has_reward) {
        emit_bool(out, "verified", !wrong);
    } else {
        emit_null(out, "verified");
    }
}

void best_of_emit(const struct best_of *b, struct buffer *out)
{
    if (b->rule == BEST_OF_NONE) return;
    emit_array(out, "votes");
    for (int k = 0; k < b->work->n_votes; k++) {
        emit_object(out, NULL);
        emit_text(out, "answer", b->work->votes[k].answer);
        emit_int(out, "count", b->work->votes[k].count);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    if (b->rule == BEST_OF_VERIFIED && b->work->best != NULL) {
        emit_verified(&b->work->best->reply, out);
    }
}

void best_of_clear(struct best_of *b)
{
    struct best_of_work *w = b->work;
    if (w == NULL) return;
    for (size_t i = 0; w->samples != NULL && i < w->n; i++) {
        judge_sample_clear(&w->samples[i]);
        arena_free(w->samples[i].arena);
    }
    free(w->samples);
    judge_round_free(b->round);
    judge_item_free(w->item);
    judge_rewards_free(w->rewards);
    cJSON_Delete(w->fields);
    free(w);
    b->work = NULL;
    b->round = NULL;
}
