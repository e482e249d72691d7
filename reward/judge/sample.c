/* reward/judge/sample.c - see sample.h.
 *
 * A round is a run (scored.h); a sample is one scored of it, in the caller's arena. An item's JSON
 * for the workers is printed by the first sample that needs one, and kept for the others.
 *
 * Invariants
 *   (1) done() comes once for each sample that was started: from judge_sample_start() when every
 *       part is home by then, else from run->home().
 *   (2) A finished sample has nothing at the workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reward/judge/groups.h"
#include "reward/judge/opinion.h"
#include "reward/judge/score.h"
#include "reward/judge/scored.h"
#include "reward/row/limits.h"
#include "reward/workers/frame.h"

struct judge_rewards {
    cJSON *list; /* owned; NULL: the judge's */
    struct arena *arena;
    struct spec_list specs;
};

struct judge_item {
    struct item item;
    cJSON *own;                    /* an empty object where the caller gave none */
    struct judge_rewards *rewards; /* its own; NULL: it has none */
    struct unjudged unjudged;
    struct item_text text;
};

struct judge_round {
    struct run run; /* first: home() is given its address */
};

struct sample_state {
    struct scored scored; /* first: home() is given its address */
    struct judge_sample *sample;
    struct spoken spoken;
    struct buffer texts;
    bool finished;
};

/* ---- rewards and items -------------------------------------------------------------------------- */

struct judge_rewards *judge_rewards_new(struct judge *judge, const cJSON *list, struct error *err)
{
    struct judge_rewards *r = mem_new(1, sizeof(*r), err);
    if (r == NULL) return NULL;
    r->specs.teller = -1;
    r->arena = arena_new(REWARD_SCRATCH_BYTES);
    r->list = list == NULL ? NULL : cJSON_Duplicate(list, true);
    bool ok = r->arena != NULL && (list == NULL || r->list != NULL);
    if (!ok) error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the rewards");
    const cJSON *entries = list == NULL ? judge_default_rewards(judge) : r->list;
    ok = ok && spec_list_parse(entries, r->arena, &r->specs, err) &&
         opinions_check(judge->opinions, &r->specs, err);
    if (ok) return r;
    judge_rewards_free(r);
    return NULL;
}

void judge_rewards_free(struct judge_rewards *r)
{
    if (r == NULL) return;
    spec_list_clear(&r->specs);
    arena_free(r->arena);
    cJSON_Delete(r->list);
    free(r);
}

static bool own_rewards(struct judge *judge, struct judge_item *item, struct error *err)
{
    const cJSON *list = item->item.fields[ITEM_REWARDS];
    if (list == NULL) return true;
    item->rewards = judge_rewards_new(judge, list, err);
    return item->rewards != NULL || error_in(err, "rewards");
}

struct judge_item *judge_item_new(struct judge *judge, const cJSON *fields, struct error *err)
{
    struct judge_item *item = mem_new(1, sizeof(*item), err);
    if (item == NULL) return NULL;
    item_text_init(&item->text, FRAME_MAX_BYTES);
    if (fields == NULL) fields = item->own = cJSON_CreateObject();
    bool ok = fields != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for an item");
    ok = ok && item_read(fields, false, &item->item, err) &&
         item_unjudged(&item->item, &item->unjudged, err) && own_rewards(judge, item, err);
    if (ok) return item;
    judge_item_free(item);
    return NULL;
}

bool judge_answer_check(const cJSON *answer, struct error *err)
{
    return item_check_answer(answer, "answer", err);
}

const cJSON *judge_item_fields(const struct judge_item *item)
{
    return item->item.json;
}

void judge_item_free(struct judge_item *item)
{
    if (item == NULL) return;
    item_text_clear(&item->text);
    judge_rewards_free(item->rewards);
    cJSON_Delete(item->own);
    free(item);
}

/* ---- rounds ------------------------------------------------------------------------------------- */

static void on_home(struct run *run, struct scored *s)
{
    struct sample_state *state = (struct sample_state *)s;
    assert(s->run == run && !state->finished); /* (1) */
    state->sample->done(state->sample);        /* (1) */
}

struct judge_round *judge_round_new(struct judge *judge, uint64_t client, struct error *err)
{
    struct judge_round *round = mem_new(1, sizeof(*round), err);
    if (round == NULL) return NULL;
    round->run = (struct run){.judge = judge, .home = on_home};
    run_set_client(&round->run, client);
    return round;
}

void judge_round_cancel(struct judge_round *round)
{
    atomic_store(&round->run.cancelled, true);
    dispatch_wake(round->run.judge->dispatch);
}

void judge_round_give_up(struct judge_round *round)
{
    dispatch_wake(round->run.judge->dispatch);
}

void judge_round_free(struct judge_round *round)
{
    free(round);
}

/* ---- a sample ----------------------------------------------------------------------------------- */

static struct sample_state *state_new(struct judge_round *round, struct judge_sample *s)
{
    const struct judge_rewards *own = s->item->rewards;
    const struct spec_list *specs = own != NULL ? &own->specs : &s->rewards->specs;
    struct sample_state *state = arena_alloc(s->arena, 1, sizeof(*state));
    struct part *parts = arena_alloc(s->arena, (size_t)specs->n, sizeof(*parts));
    if (state == NULL || parts == NULL) return NULL;
    state->sample = s;
    state->spoken = (struct spoken){.completion = s->completion};
    if (s->completion.p == NULL) state->spoken.completion = span_str("");
    buffer_init(&state->texts, REWARD_JOB_BYTES);
    state->scored = (struct scored){.run = &round->run,
                                    .item = &s->item->item,
                                    .spoken = &state->spoken,
                                    .item_text = &s->item->text,
                                    .token_ids = s->token_ids,
                                    .n_token_ids = s->n_token_ids,
                                    .specs = specs,
                                    .parts = parts,
                                    .arena = s->arena,
                                    .texts = &state->texts,
                                    .given_up = s->given_up,
                                    .unjudged = s->item->unjudged,
                                    .place = SIZE_MAX};
    return state;
}

bool judge_sample_start(struct judge_round *round, struct judge_sample *s, struct error *err)
{
    struct desk d;
    s->reply = (struct judge_reply){.has_reward = false};
    s->state = state_new(round, s);
    bool ok = s->state != NULL && desk_init(&d);
    if (!ok) {
        s->state = NULL;
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a sample");
    }
    bool home = scored_first(&s->state->scored, &d);
    desk_clear(&d);
    if (home) s->done(s); /* (1) */
    return true;
}

/* ---- replies ------------------------------------------------------------------------------------ */

static struct span copy_text(const struct judge_sample *s, struct text_ref ref)
{
    if (ref.n == 0) return span_of(NULL, 0);
    struct span text = span_of(s->state->texts.p + ref.at, ref.n);
    char *copy = arena_str(s->arena, text); /* a full arena remembers it: fill_reply() asks */
    return span_of(copy, copy == NULL ? 0 : ref.n);
}

/* Shaping terms and what could not be judged say nothing of right and wrong. */
static bool is_wrong(const struct spec *spec, const struct part *p)
{
    if (p->verdict != VERDICT_NONE) return p->verdict == VERDICT_INCORRECT;
    return spec->reward->is_rule && p->state == PART_VALUE && p->value < 1;
}

static bool fill_parts(struct judge_sample *s)
{
    const struct scored *g = &s->state->scored;
    struct judge_part *parts = arena_alloc(s->arena, (size_t)g->specs->n, sizeof(*parts));
    for (int i = 0, n = 0; parts != NULL && i < g->specs->n; i++) {
        const struct spec *spec = &g->specs->specs[i];
        const struct part *p = &g->parts[i];
        if (spec->hidden) continue;
        parts[n++] = (struct judge_part){.label = spec->label,
                                         .reward = spec->reward->name,
                                         .has_value = p->state == PART_VALUE,
                                         .value = p->value,
                                         .verdict = p->verdict,
                                         .wrong = is_wrong(spec, p),
                                         .cause = p->cause,
                                         .details = copy_text(s, p->details)};
        s->reply.n_parts = n;
    }
    s->reply.parts = parts;
    return parts != NULL;
}

/* Has it all but the parts that compare it with its group, which have not been asked? */
static bool waits_for_group(const struct scored *g)
{
    bool waits = false;
    for (int i = 0; g->error == NULL && i < g->specs->n; i++) {
        const struct part *p = &g->parts[i];
        if (p->state == PART_VALUE || g->specs->specs[i].hidden) continue;
        if (p->state != PART_OPEN) return false;
        assert(g->specs->specs[i].reward->measure != NULL); /* others are scored by now */
        waits = true;
    }
    return waits;
}

/* Why a sample without a reward teaches nothing: the first part that has no value says so. */
static const char *mask_cause(const struct scored *g)
{
    static const char *const causes[] = {"sandbox_error", SCORE_NO_MEMORY};
    if (g->has_reward || waits_for_group(g)) return NULL;
    for (int i = 0; g->error == NULL && i < g->specs->n; i++) {
        const struct part *p = &g->parts[i];
        if (p->state == PART_VALUE || g->specs->specs[i].hidden || p->cause == NULL) continue;
        for (size_t c = 0; c < sizeof(causes) / sizeof(causes[0]); c++) {
            if (strcmp(p->cause, causes[c]) == 0) return causes[c];
        }
        break;
    }
    return "cannot_judge";
}

/* From what is scored to the reply. */
static bool fill_reply(struct judge_sample *s)
{
    struct scored *g = &s->state->scored;
    const struct spec *spec = NULL;
    scored_sum(g);
    s->reply = (struct judge_reply){.has_reward = g->has_reward,
                                    .reward = g->reward,
                                    .mask_cause = mask_cause(g),
                                    .keep = g->keep,
                                    .advantage = g->advantage};
    if (g->error != NULL) s->reply.error = *g->error;
    const struct part *told = scored_telling(g, &spec);
    if (told != NULL) {
        s->reply.verdict = told->verdict;
        s->reply.cause = told->cause;
        s->reply.extracted = copy_text(s, told->vote);
    }
    if (fill_parts(s) && !s->state->texts.failed && !arena_failed(s->arena)) return true;
    s->reply.has_reward = false;
    s->reply.mask_cause = SCORE_NO_MEMORY;
    return false;
}

static void count(struct judge *judge, const struct scored *g)
{
    atomic_fetch_add(&judge->items, 1);
    atomic_fetch_add(&judge->item_errors, g->error != NULL);
    atomic_fetch_add(&judge->cannot_judge, scored_count_unjudged(g));
    tally_add(&judge->verdicts, g);
}

bool judge_sample_finish(struct judge_sample *s)
{
    struct scored *g = &s->state->scored;
    struct desk d;
    if (!s->state->finished) {
        bool ready = desk_init(&d);
        if (ready) scored_second(g, &d);
        desk_clear(&d);
        if (!ready) {
            s->reply = (struct judge_reply){.mask_cause = SCORE_NO_MEMORY};
            return false;
        }
        s->state->finished = true;
        count(g->run->judge, g);
    }
    return fill_reply(s);
}

void judge_sample_clear(struct judge_sample *s)
{
    if (s->state == NULL) return;
    scored_clear(&s->state->scored);
    buffer_clear(&s->state->texts);
    s->state = NULL;
}

/* ---- groups ------------------------------------------------------------------------------------- */

/* Lengths of all, then the parts that compare by them. */
static void compare_lengths(struct judge_sample *const *samples, size_t n, struct desk *d)
{
    struct lengths lengths = lengths_none();
    for (size_t i = 0; i < n; i++) {
        scored_measure(&samples[i]->state->scored, d, &lengths);
    }
    for (size_t i = 0; i < n; i++) {
        struct scored *g = &samples[i]->state->scored;
        if (g->error == NULL && scored_has_grouped(g)) scored_grouped(g, d, &lengths);
    }
}

/* The numbers of members, for advantage_compute(): one block, of which these are parts. */
struct advice {
    size_t n, columns;
    double *rewards, *weights; /* [n, columns] */
    double *lengths, *out;     /* [n] */
};

/* The most parts that one of members was asked for. */
static size_t count_columns(struct scored *const *members, size_t n)
{
    size_t most = 1;
    for (size_t i = 0; i < n; i++) {
        size_t own = (size_t)members[i]->specs->n;
        if (own > most) most = own;
    }
    return most;
}

/* Row i of a: the weighted sum, or each part with its weight, so that each can be normalised by itself. */
static void fill_row(struct advice *a, size_t i, const struct scored *g, bool whole)
{
    double *rewards = a->rewards + i * a->columns, *weights = a->weights + i * a->columns;
    for (size_t k = 0; k < a->columns; k++) {
        rewards[k] = (double)NAN;
        weights[k] = 1;
    }
    if (whole && g->has_reward) rewards[0] = g->reward;
    for (int k = 0; !whole && g->has_reward && k < g->specs->n; k++) {
        const struct part *p = &g->parts[k];
        if (g->specs->specs[k].hidden) continue;
        rewards[k] = p->state == PART_VALUE ? p->value : g->unjudged.value;
        weights[k] = g->specs->specs[k].weight;
    }
    a->lengths[i] = g->tokens;
}

/* Advantages of members into them. */
static bool advise(struct scored *const *members, const size_t *groups, size_t n, size_t n_groups,
                   const struct advantage_params *p, struct error *err)
{
    struct desk d;
    struct advice a = {.n = n, .columns = p->normalize_then_sum ? count_columns(members, n) : 1};
    double *v = mem_new(2 * n * (a.columns + 1), sizeof(*v), err);
    bool ok = desk_init(&d) && v != NULL;
    if (v != NULL) {
        a.rewards = v;
        a.weights = v + n * a.columns;
        a.lengths = v + 2 * n * a.columns;
        a.out = a.lengths + n;
    }
    for (size_t i = 0; ok && i < n; i++) {
        struct scored *g = members[i];
        if (advantage_wants_lengths(p->method) && g->error == NULL) scored_tokens(g, &d);
        fill_row(&a, i, g, !p->normalize_then_sum);
    }
    const struct advantage_table table = {.n = n,
                                          .columns = a.columns,
                                          .rewards = a.rewards,
                                          .row_weights = a.weights,
                                          .groups = groups,
                                          .n_groups = n_groups,
                                          .lengths = a.lengths};
    ok = ok && advantage_compute(p, &table, a.out, err);
    for (size_t i = 0; ok && i < n; i++) {
        members[i]->advantage = a.out[i];
    }
    desk_clear(&d);
    free(v);
    return ok;
}

/* Of one group, by a method as it is. */
static bool advise_group(struct scored *const *members, size_t n, enum advantage_method method,
                         struct error *err)
{
    struct advantage_params p = advantage_defaults(method);
    if (method == ADVANTAGE_NONE) return true;
    size_t *groups = mem_new(n, sizeof(*groups), err); /* all in group 0 */
    bool ok = groups != NULL && advise(members, groups, n, 1, &p, err);
    free(groups);
    return ok;
}

bool judge_advise(struct judge_sample *const *samples, const size_t *groups, size_t n,
                  size_t n_groups, const struct advantage_params *p, struct error *err)
{
    if (n == 0 || p->method == ADVANTAGE_NONE) return true;
    struct scored **members = mem_new(n, sizeof(*members), err);
    for (size_t i = 0; members != NULL && i < n; i++) {
        assert(samples[i]->state->finished); /* (2) */
        members[i] = &samples[i]->state->scored;
    }
    bool ok = members != NULL && advise(members, groups, n, n_groups, p, err);
    for (size_t i = 0; ok && i < n; i++) {
        samples[i]->reply.advantage = members[i]->advantage;
    }
    free(members);
    return ok;
}

bool judge_same_vote(const struct judge_sample *a, const struct judge_sample *b)
{
    const struct spec *spec = NULL;
    assert(a->state->finished && b->state->finished); /* (2) */
    return scored_telling(&a->state->scored, &spec) != NULL &&
           group_same_vote(a->reply.extracted, b->reply.extracted, spec->reward->same_vote);
}

static void fill_group(const struct judge_sample *first, const struct group_outcome *g,
                       struct judge_group *out)
{
    *out = (struct judge_group){.size = g->size,
                                .scored = g->scored,
                                .mean = g->mean,
                                .std = g->std,
                                .keep = g->keep,
                                .votes = g->votes,
                                .majority_verdict = g->winner_verdict,
                                .judged = g->judged,
                                .correct = g->correct};
    char *winner = g->voted ? arena_str(first->arena, g->winner) : NULL; /* fill_reply() asks */
    out->majority = span_of(winner, winner == NULL ? 0 : g->winner.n);
}

bool judge_group_finish(struct judge_sample *const *samples, size_t n, enum advantage_method method,
                        struct judge_group *out, struct error *err)
{
    struct desk d;
    struct group_outcome g = {0};
    struct scored **members = mem_new(n + 1, sizeof(*members), err);
    bool ok = desk_init(&d) && members != NULL && n > 0;
    if (ok) compare_lengths(samples, n, &d);
    for (size_t i = 0; ok && i < n; i++) {
        assert(samples[i]->state->finished); /* (2) */
        members[i] = &samples[i]->state->scored;
        scored_sum(members[i]);
    }
    ok = ok && group_settle(members, n, &g, err) && advise_group(members, n, method, err);
    if (ok) fill_group(samples[0], &g, out);
    for (size_t i = 0; ok && i < n; i++) {
        ok = fill_reply(samples[i]) ||
             error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the replies");
    }
    desk_clear(&d);
    free(members);
    return ok;
}
