/* server/rollouts/group.c - a group's life: its generations begin, its samples end, are judged, count or
 * not, and when the last is done it goes to the desk to be settled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "server/http/state.h"
#include "server/rollouts/order.h"
#include "server/rollouts/rollout.h"

enum { SAMPLE_ARENA_BYTES = 64 << 20 };

/* ---- which count ------------------------------------------------------------------------------ */

static struct order_rule rule_of(const struct group *g)
{
    const struct ask *ask = &g->rollout->ask;
    return (struct order_rule){
        .most = g->n > g->prompt->n ? g->prompt->n : 0,
        .first_correct = ask->stop_when == STOP_FIRST_CORRECT,
        .majority = ask->stop_when == STOP_MAJORITY ? g->prompt->n : 0};
}

static bool has_rule(const struct group *g)
{
    struct order_rule r = rule_of(g);
    return !g->prompt->forks && (r.most > 0 || r.first_correct || r.majority > 0);
}

static size_t tokens_of(const struct sample *s)
{
    size_t given = s->strand != NULL ? (size_t)s->strand->n : 0;
    return given + (s->choice != NULL ? (size_t)s->choice->n_tokens : 0);
}

static struct order_entry entry_of(const struct sample *s)
{
    bool judged = s->state == SAMPLE_JUDGED;
    return (struct order_entry){
        .tokens = tokens_of(s),
        .ended = s->state != SAMPLE_BEGUN,
        .judged = judged,
        .correct = judged && s->judged.reply.verdict == VERDICT_CORRECT,
        .answer = judged && s->mask_cause == NULL ? s->answer : -1};
}

/* The sample that decides the group: -1: none yet. */
static int decide(const struct group *g, struct order_entry *all)
{
    struct order_rule rule = rule_of(g);
    for (int i = 0; i < g->n; i++) {
        all[i] = entry_of(&g->samples[i]);
    }
    return order_decide(all, g->n, &rule, NULL);
}

/* ---- ends ------------------------------------------------------------------------------------- */

void group_judged(struct sample *s)
{
    assert(s->state != SAMPLE_JUDGED && s->group->open > 0); /* rollout.h (2) */
    s->state = SAMPLE_JUDGED;
    s->group->open--;
}

/* s does not count. Where the judge has it, it is done when it comes home. */
static void mask(struct sample *s, const char *cause)
{
    if (s->mask_cause == NULL) s->mask_cause = cause;
    if (s->state == SAMPLE_BEGUN || s->state == SAMPLE_ENDED) group_judged(s);
}

/* s comes after the one that decides the group: no more than `most` tokens of it stay. */
static void cut(struct sample *s, size_t most)
{
    size_t given = s->strand != NULL ? (size_t)s->strand->n : 0;
    s->ended_by = "cut";
    s->kept = most > given ? most - given : 0;
    s->mask_cause = NULL; /* whatever else would have masked it came later in the order */
    mask(s, "cut");
}

static void abort_strands(struct group *g)
{
    for (int i = 0; i < g->prompt->n_strands; i++) {
        generation_abort(g->strands[i]);
    }
}

/* All samples after the deciding one are cut. */
static void apply(struct group *g, const struct order_entry *all, int deciding)
{
    g->decided = true;
    for (int i = 0; i < g->n; i++) {
        if (i == deciding || order_before(all, i, deciding)) continue;
        cut(&g->samples[i], all[deciding].tokens);
    }
    abort_strands(g);
}

/* The engine is through with its strands: nothing writes to its choices any more. */
static bool is_quiet(const struct group *g)
{
    for (int i = 0; i < g->prompt->n_strands; i++) {
        enum generation_state state = g->strands[i]->state;
        if (state == GENERATION_HELD || state == GENERATION_RUNNING) return false;
    }
    return true;
}

/* With nothing more to come: on to the desk (1) (2). */
static void settle_if_done(struct group *g)
{
    if (g->open > 0 || g->state != GROUP_RUNNING || !is_quiet(g)) return;
    g->state = GROUP_SETTLING;
    desk_settle(g);
}

void group_look(struct group *g)
{
    if (g->state != GROUP_RUNNING) return;
    if (!g->decided && g->ending == NULL && has_rule(g)) {
        struct order_entry *all = mem_new((size_t)g->n, sizeof(*all), NULL);
        int deciding = all != NULL ? decide(g, all) : -1;
        if (deciding >= 0) apply(g, all, deciding);
        free(all);
    }
    settle_if_done(g);
}

void group_end(struct group *g, const char *cause)
{
    bool late = strcmp(cause, "deadline") == 0;
    if (g->state == GROUP_SETTLING || g->state == GROUP_DONE) return;
    g->state = GROUP_RUNNING; /* (1) of one that waited, too */
    g->ending = cause;
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        if (s->state == SAMPLE_BEGUN) {
            s->kept = s->choice != NULL ? (size_t)s->choice->n_tokens : 0;
            s->ended_by = late ? "deadline" : "abort";
        }
        if (s->state == SAMPLE_BEGUN || (late && s->state != SAMPLE_JUDGED)) mask(s, cause);
    }
    abort_strands(g);
    group_look(g);
}

/* ---- what its generations say ----------------------------------------------------------------- */

static struct sample *sample_of(const struct generation *g, const struct choice *c)
{
    struct group *group = g->owner;
    assert(c->index >= 0 && c->index < group->n);
    return &group->samples[c->index];
}

/* Has another sample ended with as many tokens as c has now, or had before? Then c's token may have
 * decided something. */
static bool may_decide(const struct group *g, const struct sample *s)
{
    size_t n = tokens_of(s);
    for (int i = 0; i < g->n; i++) {
        const struct sample *other = &g->samples[i];
        size_t has = tokens_of(other);
        if (other->state != SAMPLE_BEGUN && (has == n || has + 1 == n)) return true;
    }
    return false;
}

static void on_token(struct generation *g, struct choice *c)
{
    struct group *group = g->owner;
    struct sample *s = sample_of(g, c);
    struct exchange_facts *facts = &group->rollout->exchange->facts;
    if (facts->first_token_ns == 0) facts->first_token_ns = c->last_token_ns;
    if (s->state != SAMPLE_BEGUN || group->decided || !has_rule(group)) return;
    if (may_decide(group, s)) group_look(group);
}

static void on_sample(struct generation *g, struct choice *c)
{
    struct sample *s = sample_of(g, c);
    if (s->state != SAMPLE_BEGUN) return; /* cut, or ended from outside */
    s->kept = (size_t)c->n_tokens;
    s->state = SAMPLE_ENDED;
    if (c->finish == FINISH_ABORT) { /* by a pause, or another's abort route */
        s->ended_by = "abort";
        mask(s, "abort");
    } else if (c->finish == FINISH_LENGTH && !s->group->rollout->ask.overlong) {
        mask(s, "overlong");
    } else {
        desk_judge(s);
    }
    group_look(s->group);
}

/* The samples of a strand whose generation failed for want of memory have nothing to show. */
static void fail_strand(struct group *g, const struct generation *failed)
{
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        if (s->choice == NULL || s->choice->generation != failed || s->state != SAMPLE_BEGUN) continue;
        s->kept = 0;
        s->ended_by = "abort";
        mask(s, "no_memory");
    }
}

static void on_end(struct generation *g)
{
    struct group *group = g->owner;
    struct rollout *r = group->rollout;
    r->samples_running -= (size_t)g->n;
    if (g->error.code != ERROR_NONE) fail_strand(group, g);
    group_look(group);
    rollout_go_on(r);
}

static const struct generation_calls calls = {
    .token = on_token, .sample = on_sample, .end = on_end};

/* ---- beginning -------------------------------------------------------------------------------- */

/* The stream of a strand's samples: (seed, prompt's place, round, sample's place). */
static uint64_t seed_of(const struct group *g, const struct strand *s)
{
    const struct ask *ask = &g->rollout->ask;
    size_t place = g->attempt % ask->n_prompts, round = g->attempt / ask->n_prompts;
    uint64_t h = hash_add(0, s->has_seed ? s->seed : ask->params.engine.seed);
    return hash_add(hash_add(hash_add(h, place), round), (uint64_t)s->first);
}

static bool fill_ids(struct generation *g, const struct tokens *prompt, const struct strand *s,
                     struct error *err)
{
    size_t n = prompt->n + (size_t)s->n;
    g->ids.ids = mem_new(n + 1, sizeof(int), err);
    if (g->ids.ids == NULL) return false;
    memcpy(g->ids.ids, prompt->ids, prompt->n * sizeof(int));
    if (s->n > 0) memcpy(g->ids.ids + prompt->n, s->ids, (size_t)s->n * sizeof(int));
    g->ids.n = n;
    g->ids.room = n + 1;
    return true;
}

/* max_tokens is of the whole sample, what was given included. */
static int tokens_left(int most, const struct strand *s)
{
    if (most < 0) return most;
    return most > s->n ? most - s->n : 1;
}

static struct generation *open_strand(struct group *g, const struct strand *s, struct error *err)
{
    const struct ask *ask = &g->rollout->ask;
    struct span salt = ask->params.cache_salt;
    struct generation *gen = generation_new(&calls, g, err);
    if (gen == NULL) return NULL;
    gen->n = s->samples;
    gen->first_index = s->first;
    gen->priority = ask->params.priority;
    gen->cache_salt = salt.n == 0 ? 0 : hash_bytes(salt);
    gen->sampling = ask->params.engine;
    gen->sampling.seed = seed_of(g, s);
    gen->sampling.max_tokens = tokens_left(gen->sampling.max_tokens, s);
    if (s->temperature >= 0) gen->sampling.temperature = s->temperature;
    gen->keeps_tokens = true;
    gen->born_ns = g->rollout->exchange->started_ns;
    if (fill_ids(gen, &g->prompt->ids, s, err)) return gen;
    generation_free(gen);
    return NULL;
}

static bool open_sample(struct group *g, const struct strand *s, int index, struct error *err)
{
    struct sample *one = &g->samples[index];
    one->group = g;
    one->strand = s;
    one->index = index;
    one->answer = -1;
    buffer_init(&one->text, EXCHANGE_REPLY_BYTES);
    one->arena = arena_new(SAMPLE_ARENA_BYTES);
    return one->arena != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a sample");
}

bool group_open(struct group *g, struct error *err)
{
    const struct ask_prompt *p = g->prompt;
    assert(g->state == GROUP_WAITING && g->samples == NULL);
    for (int i = 0; i < p->n_strands; i++) {
        g->n += p->strands[i].samples;
    }
    g->open = g->n;
    buffer_init(&g->text, EXCHANGE_REPLY_BYTES);
    g->samples = mem_new((size_t)g->n, sizeof(*g->samples), err);
    g->strands = mem_new((size_t)p->n_strands, sizeof(struct generation *), err);
    bool ok = g->samples != NULL && g->strands != NULL;
    for (int i = 0; ok && i < p->n_strands; i++) {
        const struct strand *s = &p->strands[i];
        for (int k = 0; ok && k < s->samples; k++) {
            ok = open_sample(g, s, s->first + k, err);
        }
        ok = ok && (g->strands[i] = open_strand(g, s, err)) != NULL;
    }
    return ok;
}

/* The choices exist from the start on. */
static void join(struct group *g, const struct strand *s, struct generation *gen)
{
    for (int k = 0; k < s->samples; k++) {
        g->samples[s->first + k].choice = &gen->choices[k];
    }
    g->rollout->samples_running += (size_t)s->samples;
}

bool group_begin(struct group *g, struct error *err)
{
    struct generations *all = g->rollout->exchange->server->generations;
    int done = 0;
    assert(g->state == GROUP_WAITING); /* rollout.h (1) */
    while (done < g->prompt->n_strands && g->strands[done]->state != GENERATION_NEW) {
        done++; /* begun by an earlier try */
    }
    for (; done < g->prompt->n_strands; done++) {
        if (!generation_start(all, g->strands[done], err)) return false;
        join(g, &g->prompt->strands[done], g->strands[done]);
    }
    g->state = GROUP_RUNNING;
    return true;
}

void group_clear(struct group *g)
{
    for (int i = 0; g->strands != NULL && i < g->prompt->n_strands; i++) {
        generation_free(g->strands[i]);
    }
    for (int i = 0; g->samples != NULL && i < g->n; i++) {
        judge_sample_clear(&g->samples[i].judged);
        buffer_clear(&g->samples[i].text);
        arena_free(g->samples[i].arena);
    }
    buffer_clear(&g->text);
    free(g->strands);
    free(g->samples);
    g->strands = NULL;
    g->samples = NULL;
}
