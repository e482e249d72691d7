/* server/rollouts/desk.c - judging and writing, off the loop thread.
 *
 * A rollout has one desk: a list of samples to begin judging, of samples that the judge has sent home,
 * and of groups to settle. One job at a time takes all three to the thread pool, so what a group's
 * samples share (the classes of their answers) needs no lock.
 *
 *   loop           pool                       judge
 *   desk_judge --> judge_sample_start() ----> workers
 *   news <----------------------------------- done()
 *        --------> judge_sample_finish()
 *   judged <-----
 *   desk_settle -> statistics, JSON
 *   settled <-----
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "server/http/state.h"
#include "server/rollouts/revise.h"
#include "server/rollouts/row.h"

static struct rollout *rollout_of(const struct sample *s)
{
    return s->group->rollout;
}

/* ---- on the pool ------------------------------------------------------------------------------ */

static void on_judged(struct judge_sample *judged)
{
    struct sample *s = judged->arg;
    server_post(rollout_of(s)->exchange->server, &s->news);
}

/* What was given of s's first turn. */
static size_t given_of(const struct sample *s)
{
    return s->n_turns == 1 ? (size_t)s->strand->n : 0;
}

/* The ids of s's turn: given, then sampled. NULL: no memory. */
static int32_t *ids_of(const struct sample *s, size_t *n)
{
    const struct rollout_turn *t = sample_turn(s);
    size_t given = given_of(s), own = t->choice != NULL ? (size_t)t->choice->n_tokens : 0;
    int32_t *ids = arena_alloc(t->arena, given + own + 1, sizeof(*ids));
    *n = given + own;
    for (size_t i = 0; ids != NULL && i < *n; i++) {
        ids[i] = i < given ? s->strand->ids[i] : t->choice->records[i - given].prob.id;
    }
    return ids;
}

/* What the judge reads. False: no memory. */
static bool completion_of(struct sample *s, size_t n, const int32_t *ids, struct span *out)
{
    const struct rollout *r = rollout_of(s);
    const struct engine_sampling *how = &r->ask.params.engine;
    struct error err = {0};
    if (given_of(s) == 0) {
        *out = buffer_span(&sample_turn(s)->choice->text);
        return true;
    }
    if (s->strand->end == STRAND_STOPPED && !how->include_stop) n--;
    bool ok = engine_detokenize(r->exchange->server->engine, ids, n, how->skip_special_tokens,
                                &s->text, &err);
    *out = buffer_span(&s->text);
    return ok && !s->text.failed;
}

static void start(struct sample *s)
{
    const struct rollout *r = rollout_of(s);
    struct error err = {0};
    struct rollout_turn *t = sample_turn(s);
    size_t n = 0;
    int32_t *ids = ids_of(s, &n);
    t->judged = (struct judge_sample){.rewards = r->ask.rewards,
                                      .item = s->group->prompt->item,
                                      .token_ids = ids,
                                      .n_token_ids = n,
                                      .arena = t->arena,
                                      .given_up = &s->given_up,
                                      .done = on_judged,
                                      .arg = s};
    if (atomic_load(&s->given_up)) {
        on_judged(&t->judged);
        return;
    }
    bool ok = ids != NULL && completion_of(s, n, ids, &t->judged.completion) &&
              judge_sample_start(r->round, &t->judged, &err);
    if (ok) return;
    t->judged.reply = (struct judge_reply){.mask_cause = "no_memory"};
    on_judged(&t->judged);
}

/* Which of the group's answers s has given; a new one, if none before is equal. */
static void classify(struct sample *s)
{
    struct group *g = s->group;
    const struct judge_sample *own = &sample_turn(s)->judged;
    if (own->reply.extracted.n == 0) return;
    for (int i = 0; i < g->n_answers && s->answer < 0; i++) {
        if (judge_same_vote(&sample_turn(g->answers[i])->judged, own)) s->answer = i;
    }
    if (s->answer >= 0 || g->n_answers == GROUP_ANSWERS) return;
    s->answer = g->n_answers;
    g->answers[g->n_answers++] = s;
}

static void finish(struct sample *s)
{
    struct rollout_turn *t = sample_turn(s);
    if (t->judged.state == NULL) return; /* it never began */
    judge_sample_finish(&t->judged);
    if (rollout_of(s)->ask.stop_when == STOP_MAJORITY) classify(s);
    if (rollout_of(s)->ask.rounds > 0) revise_say(s);
}

/* Those of g that count, into out [g->n]; how many. */
static size_t counted(const struct group *g, struct judge_sample **out)
{
    size_t n = 0;
    for (int i = 0; i < g->n; i++) {
        if (g->samples[i].mask_cause == NULL) out[n++] = &sample_turn(&g->samples[i])->judged;
    }
    return n;
}

/* There was no memory for what they say together: they teach nothing. */
static void lose(struct group *g)
{
    for (int i = 0; i < g->n; i++) {
        if (g->samples[i].mask_cause == NULL) g->samples[i].mask_cause = "no_memory";
    }
    g->outcome = (struct judge_group){.size = 0};
}

/* g as the call's reply will have it. */
static void write_group(struct group *g)
{
    row_count(g);
    if (g->rollout->ask.encoding == ENCODING_NPZ) {
        arrays_group(g);
    } else {
        print_group(g);
    }
}

/* Those of g whose comparison with the others has masked them: how many. */
static size_t mask_compared(struct group *g)
{
    size_t n = 0;
    for (int i = 0; i < g->n; i++) {
        struct sample *s = &g->samples[i];
        if (s->mask_cause != NULL) continue;
        s->mask_cause = sample_turn(s)->judged.reply.mask_cause;
        n += s->mask_cause != NULL;
    }
    return n;
}

/* What those that count say together, all [g->n] room for them. False: no memory. */
static bool compare(struct group *g, struct judge_sample **all, struct error *err)
{
    do { /* over those that count: once more where one turns out not to */
        size_t n = counted(g, all);
        g->outcome = (struct judge_group){.size = 0};
        if (n == 0) return true;
        if (!judge_group_finish(all, n, ADVANTAGE_NONE, &g->outcome, err)) return false;
    } while (mask_compared(g) > 0);
    return true;
}

/* What those that count say together; their advantages too, unless these look beyond the group. */
static void settle(struct group *g)
{
    const struct rollout *r = g->rollout;
    struct error *err = &g->error;
    struct judge_sample **all = mem_new((size_t)g->n, sizeof(struct judge_sample *), err);
    size_t *groups = mem_new((size_t)g->n, sizeof(*groups), err); /* all in group 0 */
    bool ok = all != NULL && groups != NULL && compare(g, all, err);
    if (!ok) lose(g);
    size_t n = all != NULL ? counted(g, all) : 0;
    g->informative = ok && g->outcome.keep;
    g->masked = g->n - (int)n;
    if (ok && n > 0 && !r->batched) judge_advise(all, groups, n, 1, &r->ask.advantage, err);
    free(all);
    free(groups);
    if (!r->batched) write_group(g); /* a caller who has left may have ended it to be told so */
}

/* The samples of every group, with its number. */
static size_t gather(const struct rollout *r, struct judge_sample **all, size_t *groups)
{
    size_t n = 0;
    for (size_t i = 0; i < r->begun; i++) {
        size_t more = counted(&r->groups[i], all + n);
        for (size_t k = 0; k < more; k++) {
            groups[n + k] = i;
        }
        n += more;
    }
    return n;
}

static void advise(struct rollout *r)
{
    size_t most = 1;
    struct error err = {0};
    for (size_t i = 0; i < r->begun; i++) {
        most += (size_t)r->groups[i].n;
    }
    struct judge_sample **all = mem_new(most, sizeof(struct judge_sample *), &err);
    size_t *groups = mem_new(most, sizeof(*groups), &err);
    if (all != NULL && groups != NULL) {
        judge_advise(all, groups, gather(r, all, groups), r->begun, &r->ask.advantage, &err);
    }
    for (size_t i = 0; i < r->begun; i++) {
        if (r->groups[i].error.code == ERROR_NONE) r->groups[i].error = err;
        write_group(&r->groups[i]);
    }
    free(all);
    free(groups);
}

static void work(uv_work_t *job)
{
    struct rollout *r = job->data;
    mem_forget();
    for (struct sample *s = r->work.start, *next; s != NULL; s = next) {
        next = s->next; /* s may be on the desk again before start() returns */
        start(s);
    }
    for (struct sample *s = r->work.finish; s != NULL; s = s->next) {
        finish(s);
    }
    for (struct group *g = r->work.settle; g != NULL; g = g->next) {
        settle(g);
    }
    if (r->work.advise) advise(r);
}

/* ---- on the loop ------------------------------------------------------------------------------ */

static void kick(struct rollout *r);

/* The judge has said what it can: s goes on, or it counts unless something has masked it. */
static void came_home(struct sample *s)
{
    assert(s->state == SAMPLE_AWAY); /* rollout.h (3) */
    if (s->mask_cause == NULL) s->mask_cause = sample_turn(s)->judged.reply.mask_cause;
    bool ends = s->mask_cause != NULL || s->group->ending != NULL || s->next_said.n == 0;
    if (ends || !rollout_revise(s)) {
        group_judged(s);
        group_look(s->group);
    }
    rollout_release(rollout_of(s));
}

static void after(uv_work_t *job, int status)
{
    struct rollout *r = job->data;
    struct sample *finished = r->work.finish;
    struct group *settled = r->work.settle;
    bool advised = r->work.advise;
    (void)status;
    r->working = false;
    for (struct sample *s = finished, *next; s != NULL; s = next) {
        next = s->next;
        came_home(s);
    }
    for (struct group *g = settled, *next; g != NULL; g = next) {
        next = g->next;
        rollout_settled(g);
    }
    if (advised) rollout_advised(r);
    kick(r);
    rollout_release(r); /* may be its end */
}

static void kick(struct rollout *r)
{
    const bool any = r->desk.start != NULL || r->desk.finish != NULL || r->desk.settle != NULL;
    if (r->working || (!any && !r->desk.advise)) return;
    r->work = r->desk;
    r->desk = (struct desk_load){0};
    r->working = true;
    r->job.data = r;
    rollout_hold(r);
    if (uv_queue_work(&r->exchange->server->loop, &r->job, work, after) == 0) return;
    work(&r->job);
    after(&r->job, 0);
}

static void news(struct message *m)
{
    struct sample *s = (struct sample *)m;
    struct rollout *r = rollout_of(s);
    s->next = r->desk.finish;
    r->desk.finish = s;
    kick(r);
}

void desk_judge(struct sample *s)
{
    struct rollout *r = rollout_of(s);
    assert(s->state == SAMPLE_ENDED);
    s->state = SAMPLE_AWAY;
    s->news.deliver = news;
    rollout_hold(r);
    s->next = r->desk.start;
    r->desk.start = s;
    kick(r);
}

void desk_settle(struct group *g)
{
    struct rollout *r = g->rollout;
    assert(g->state == GROUP_SETTLING && g->open == 0); /* rollout.h (2) */
    g->next = r->desk.settle;
    r->desk.settle = g;
    kick(r);
}

void desk_advise(struct rollout *r)
{
    assert(r->open == 0 && r->batched);
    r->desk.advise = true;
    kick(r);
}
