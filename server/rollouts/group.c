/* server/rollouts/group.c - a group's life: its generations begin, its samples end, are judged, count or
 * not, and when the last is done it goes to the desk to be settled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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
    return (struct order_rule){.most = g->n > g->prompt->n ? g->prompt->n : 0,
                               .first_correct = ask->stop_when == STOP_FIRST_CORRECT,
                               .majority = ask->stop_when == STOP_MAJORITY ? g->prompt->n : 0};
}

static bool has_rule(const struct group *g)
{
    struct order_rule r = rule_of(g);
    return !g->prompt->forks && (r.most > 0 || r.first_correct || r.majority > 0);
}

/* Tokens of s so far, those that were given included. */
static size_t tokens_of(const struct sample *s)
{
    const struct choice *c = sample_turn(s)->choice;
    assert(s->n_turns == 1); /* rules do not go with revisions */
    return (size_t)s->strand->n + (c != NULL ? (size_t)c->n_tokens : 0);
}

static struct order_entry entry_of(const struct sample *s)
{
    bool judged = s->state == SAMPLE_JUDGED;
    return (struct order_entry){.tokens = tokens_of(s),
                                .ended = s->state != SAMPLE_BEGUN,
                                .judged = judged,
                                .correct = judged &&
                                           sample_turn(s)->judged.reply.verdict == VERDICT_CORRECT,
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

/* s does not count. Where the judge has it, it is done when it comes home: soon, as the judge is told so. */
static void mask(struct sample *s, const char *cause)
{
    if (s->mask_cause == NULL) s->mask_cause = cause;
    if (s->state == SAMPLE_AWAY) atomic_store(&s->given_up, true);
    if (s->state == SAMPLE_BEGUN || s->state == SAMPLE_ENDED) group_judged(s);
}

/* s comes after the one that decides the group: no more than `most` tokens of it stay. */
static void cut(struct sample *s, size_t most)
{
    size_t given = (size_t)s->strand->n;
    s->ended_by = "cut";
    sample_turn(s)->kept = most > given ? most - given : 0;
    s->mask_cause = NULL; /* whatever else would have masked it came later in the order */
    mask(s, "cut");
}

/* The engine shall end all that g has there, and the judge what is given up. */
static void abort_all(struct group *g)
{
    for (int i = 0; i < g->prompt->n_strands; i++) {
        generation_abort(g->strands[i]);
    }
    for (int i = 0; i < g->n; i++) {
        struct generation *own = sample_turn(&g->samples[i])->own;
        if (own != NULL) generation_abort(own);
    }
    judge_round_give_up(g->rollout->round);
}

/* All samples after the deciding one are cut. */
static void apply(struct group *g, const struct order_entry *all, int deciding)
{
    g->decided = true;
    for (int i = 0; i < g->n; i++) {
        if (i == deciding || order_before(all, i, deciding)) continue;
        cut(&g->samples[i], all[deciding].tokens);
    }
    abort_all(g);
}

static bool is_running(const struct generation *g)
{
    return g != NULL && (g->state == GENERATION_HELD || g->state == GENERATION_RUNNING);
}

/* The engine is through with g: nothing writes to its choices any more. */
static bool is_quiet(const struct group *g)
{
    for (int i = 0; i < g->prompt->n_strands; i++) {
        if (is_running(g->strands[i])) return false;
    }
    for (int i = 0; i < g->n; i++) {
        if (is_running(sample_turn(&g->samples[i])->own)) return false;
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
    if (g->state == GROUP_SETTLING || g->state == GROUP_DONE) return;
    g->state = GROUP_RUNNING; /* (1) of one that waited, too */
    g->ending = cause;
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        if (s->state == SAMPLE_BEGUN) {
            struct rollout_turn *t = sample_turn(s);
            rollout_forget(s);
            tokens_clear(&s->next_said);
            t->kept = t->choice != NULL ? (size_t)t->choice->n_tokens : 0;
            s->ended_by = strcmp(cause, "deadline") == 0 ? "deadline" : "abort";
        }
        if (s->state != SAMPLE_JUDGED) mask(s, cause);
    }
    abort_all(g);
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

/* s has ended, by max_tokens or not. */
static void judge_or_mask(struct sample *s, bool full)
{
    if (full && !s->group->rollout->ask.overlong) {
        mask(s, "overlong");
    } else {
        desk_judge(s);
    }
}

static void on_sample(struct generation *g, struct choice *c)
{
    struct sample *s = sample_of(g, c);
    if (s->state != SAMPLE_BEGUN) return; /* cut, or ended from outside */
    sample_turn(s)->kept = (size_t)c->n_tokens;
    s->state = SAMPLE_ENDED;
    if (c->finish == FINISH_ABORT) { /* by a pause, or another's abort route */
        s->ended_by = "abort";
        mask(s, "abort");
    } else {
        judge_or_mask(s, c->finish == FINISH_LENGTH);
    }
    group_look(s->group);
}

/* The samples of a generation that failed have nothing to show of it but why. */
static void fail_samples(struct group *g, const struct generation *failed)
{
    bool no_memory = failed->error.code == ERROR_NO_MEMORY;
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        struct rollout_turn *t = sample_turn(s);
        if (t->choice == NULL || t->choice->generation != failed) continue;
        if (s->state != SAMPLE_BEGUN) continue;
        t->kept = 0;
        t->judged.reply.error = failed->error;
        s->ended_by = "abort";
        mask(s, no_memory ? "no_memory" : "engine_error");
    }
}

static void on_end(struct generation *g)
{
    struct group *group = g->owner;
    struct rollout *r = group->rollout;
    r->samples_running -= (size_t)g->n;
    if (g->error.code != ERROR_NONE) fail_samples(group, g);
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

static bool make_ids(struct tokens *t, size_t room, struct error *err)
{
    t->ids = mem_new(room + 1, sizeof(int), err);
    t->room = room + 1;
    t->n = 0;
    return t->ids != NULL;
}

static void add_ids(struct tokens *t, const int *ids, size_t n)
{
    assert(t->n + n <= t->room);
    if (n > 0) memcpy(t->ids + t->n, ids, n * sizeof(int));
    t->n += n;
}

static bool fill_ids(struct generation *g, const struct tokens *prompt, const struct strand *s,
                     struct error *err)
{
    if (!make_ids(&g->ids, prompt->n + (size_t)s->n, err)) return false;
    add_ids(&g->ids, prompt->ids, prompt->n);
    add_ids(&g->ids, s->ids, (size_t)s->n);
    return true;
}

/* max_tokens is of the whole sample, what was given included. */
static int tokens_left(int most, const struct strand *s)
{
    if (most < 0) return most;
    return most > s->n ? most - s->n : 1;
}

/* What all generations of a call share. */
static struct generation *new_generation(struct group *g, int samples, int first, uint64_t seed,
                                         struct error *err)
{
    const struct ask *ask = &g->rollout->ask;
    struct span salt = ask->params.cache_salt;
    struct generation *gen = generation_new(&calls, g, err);
    if (gen == NULL) return NULL;
    gen->n = samples;
    gen->first_index = first;
    gen->client = g->rollout->client;
    gen->priority = ask->params.priority;
    gen->cache_salt = salt.n == 0 ? 0 : hash_bytes(salt);
    gen->adapter = engine_adapter_hold(ask->params.adapter);
    gen->sampling = ask->params.engine;
    gen->sampling.form = ask->forms[g->prompt->thoughts];
    gen->sampling.seed = seed;
    gen->keeps_tokens = true;
    gen->born_ns = clock_ns();
    return gen;
}

static struct generation *open_strand(struct group *g, const struct strand *s, struct error *err)
{
    struct generation *gen = new_generation(g, s->samples, s->first, seed_of(g, s), err);
    if (gen == NULL) return NULL;
    gen->sampling.max_tokens = tokens_left(gen->sampling.max_tokens, s);
    if (s->temperature >= 0) gen->sampling.temperature = s->temperature;
    if (fill_ids(gen, &g->prompt->ids, s, err)) return gen;
    generation_free(gen);
    return NULL;
}

static bool open_turn(struct rollout_turn *t, struct error *err)
{
    *t = (struct rollout_turn){.arena = arena_new(SAMPLE_ARENA_BYTES)};
    return t->arena != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a sample");
}

static bool open_sample(struct group *g, const struct strand *s, int index, struct error *err)
{
    struct sample *one = &g->samples[index];
    one->group = g;
    one->strand = s;
    one->index = index;
    one->answer = -1;
    buffer_init(&one->text, EXCHANGE_REPLY_BYTES);
    one->turns = mem_new((size_t)g->rollout->ask.rounds + 1, sizeof(*one->turns), err);
    one->n_turns = 1;
    return one->turns != NULL && open_turn(&one->turns[0], err);
}

bool group_open(struct group *g, struct error *err)
{
    const struct ask_prompt *p = g->prompt;
    assert(g->state == GROUP_WAITING && g->samples == NULL);
    g->n = 0;
    for (int i = 0; i < p->n_strands; i++) {
        g->n += p->strands[i].samples;
    }
    g->open = g->n;
    buffer_init(&g->text, EXCHANGE_REPLY_BYTES);
    g->samples = mem_new((size_t)g->n, sizeof(*g->samples), err);
    g->strands = mem_new((size_t)p->n_strands, sizeof(struct generation *), err);
    bool votes = g->rollout->ask.stop_when == STOP_MAJORITY;
    if (votes) g->answers = mem_new(GROUP_ANSWERS, sizeof(struct sample *), err);
    bool ok = g->samples != NULL && g->strands != NULL && (!votes || g->answers != NULL);
    for (int i = 0; ok && i < p->n_strands; i++) {
        const struct strand *s = &p->strands[i];
        for (int k = 0; ok && k < s->samples; k++) {
            ok = open_sample(g, s, s->first + k, err);
        }
        ok = ok && (g->strands[i] = open_strand(g, s, err)) != NULL;
    }
    if (!ok) group_drop(g);
    return ok;
}

bool group_has_begun(const struct group *g)
{
    for (int i = 0; g->strands != NULL && i < g->prompt->n_strands; i++) {
        if (g->strands[i]->state != GENERATION_NEW) return true;
    }
    return false;
}

/* The choices exist from the start on. */
static void join(struct group *g, const struct strand *s, struct generation *gen)
{
    for (int k = 0; k < s->samples; k++) {
        g->samples[s->first + k].turns[0].choice = &gen->choices[k];
    }
    g->rollout->samples_running += (size_t)s->samples;
}

bool group_begin(struct group *g, struct error *err)
{
    struct generations *all = g->rollout->exchange->server->generations;
    assert(g->state == GROUP_WAITING); /* rollout.h (1) */
    for (int i = 0; i < g->prompt->n_strands; i++) {
        const struct strand *s = &g->prompt->strands[i];
        if (s->end != STRAND_GOES_ON || g->strands[i]->state != GENERATION_NEW) {
            continue; /* by an earlier try */
        }
        if (!generation_start(all, g->strands[i], err)) return false;
        join(g, s, g->strands[i]);
    }
    g->state = GROUP_RUNNING;
    return true;
}

void group_judge_given(struct group *g)
{
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        if (s->strand->end == STRAND_GOES_ON) continue;
        s->state = SAMPLE_ENDED;
        judge_or_mask(s, s->strand->end == STRAND_FULL);
    }
    group_look(g);
}

/* ---- going on --------------------------------------------------------------------------------- */

/* The prompt, and all of s's row up to the message that it goes on behind. */
static bool fill_row(struct generation *gen, const struct sample *s, struct error *err)
{
    const struct tokens *prompt = &s->group->prompt->ids;
    size_t n = prompt->n + (size_t)s->strand->n + s->next_said.n;
    for (int i = 0; i < s->n_turns; i++) {
        n += s->turns[i].said.n + s->turns[i].kept;
    }
    if (!make_ids(&gen->ids, n, err)) return false;
    add_ids(&gen->ids, prompt->ids, prompt->n);
    add_ids(&gen->ids, s->strand->ids, (size_t)s->strand->n);
    for (int i = 0; i < s->n_turns; i++) {
        const struct rollout_turn *t = &s->turns[i];
        add_ids(&gen->ids, t->said.ids, t->said.n);
        for (size_t k = 0; k < t->kept; k++) {
            add_ids(&gen->ids, &t->choice->records[k].prob.id, 1);
        }
    }
    add_ids(&gen->ids, s->next_said.ids, s->next_said.n);
    return true;
}

bool group_go_on(struct sample *s, struct error *err)
{
    struct group *g = s->group;
    struct rollout_turn *t = &s->turns[s->n_turns];
    uint64_t seed =
        hash_add(hash_add(seed_of(g, s->strand), (uint64_t)s->index), (uint64_t)s->n_turns);
    assert(s->n_turns <= g->rollout->ask.rounds && s->next_said.n > 0);
    struct generation *gen = new_generation(g, 1, s->index, seed, err);
    bool ok = gen != NULL && fill_row(gen, s, err) && open_turn(t, err);
    if (ok && !generation_start(g->rollout->exchange->server->generations, gen, err)) {
        arena_free(t->arena);
        ok = false;
    }
    if (!ok) {
        generation_free(gen);
        return false;
    }
    t->own = gen;
    t->choice = &gen->choices[0];
    t->said = s->next_said;
    s->next_said = (struct tokens){0};
    s->n_turns++;
    s->state = SAMPLE_BEGUN;
    g->rollout->samples_running++;
    return true;
}

static void clear_turn(struct rollout_turn *t)
{
    generation_free(t->own);
    tokens_clear(&t->said);
    judge_sample_clear(&t->judged);
    arena_free(t->arena);
}

static void clear_sample(struct sample *s)
{
    for (int i = 0; s->turns != NULL && i < s->n_turns; i++) {
        clear_turn(&s->turns[i]);
    }
    free(s->turns);
    tokens_clear(&s->next_said);
    buffer_clear(&s->text);
}

void group_drop(struct group *g)
{
    for (int i = 0; g->strands != NULL && i < g->prompt->n_strands; i++) {
        generation_free(g->strands[i]);
    }
    for (int i = 0; g->samples != NULL && i < g->n; i++) {
        clear_sample(&g->samples[i]);
    }
    free(g->strands);
    free(g->samples);
    free(g->answers);
    g->strands = NULL;
    g->samples = NULL;
    g->answers = NULL;
}

void group_clear(struct group *g)
{
    group_drop(g);
    arrays_clear(g);
    buffer_clear(&g->text);
}
