/* reward/judge/job.c - every part of every item scored.
 *
 * Three rounds. First the parts that need nothing but their item, in the starting thread; those
 * that defer go to the workers meanwhile. When none is open any more the job is settled: the
 * parts that want the item's verdict, then those that also want their group's lengths, then
 * outcome.c. That is done by the starting thread when nothing was deferred, else by whoever first
 * asks for the outcome, so that the dispatcher thread never does more than copy a reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/workers/frame.h"
#include "reward/judge/judge.h"
#include "reward/rules/length_unit.h"
#include "reward/limits.h"
#include "reward/judge/score.h"

/* A part at a worker. What came back stays here until the job's end. */
struct remote {
    struct task task; /* first: done() is given its address */
    struct judge_job *job;
    struct job_item *item;
    struct part *part;
    struct remote *next; /* of the job's, to be freed */
    enum task_end end;
    struct buffer reply;
};

/* ---- parts ------------------------------------------------------------------------------------------- */

static struct text_ref keep_text(struct judge_job *job, struct span s)
{
    struct text_ref ref = {.at = job->texts.n, .n = s.n};
    buffer_add_span(&job->texts, s);
    if (job->texts.failed) ref.n = 0;
    assert(ref.n == 0 || ref.at + ref.n == job->texts.n); /* (3) */
    return ref;
}

static void part_cannot(struct part *p, const char *cause)
{
    p->state = PART_NONE;
    p->verdict = VERDICT_CANNOT;
    p->cause = cause;
}

static void settle_part(struct judge_job *job, struct part *p, enum score_status status,
                        const struct reward_out *out)
{
    p->state = status == SCORE_DONE ? PART_VALUE : PART_NONE;
    p->value = out->value;
    p->verdict = out->verdict;
    p->cause = out->cause;
    p->details = keep_text(job, buffer_span(out->details));
    if (out->vote.p != NULL) p->vote = keep_text(job, out->vote);
}

/* ---- at the workers -------------------------------------------------------------------------------------- */

/* One part less away. True: it was the last, and the caller must end the job. */
static bool release(struct judge_job *job)
{
    return atomic_fetch_sub(&job->pending, 1) == 1;
}

static void end_job(struct judge_job *job)
{
    job->took_ns = clock_ns() - job->begun_ns;
    job->done(job->done_arg, job);
}

/* Dispatcher thread. Only copies: round two reads it. */
static void remote_done(struct task *t, enum task_end end, struct span reply)
{
    struct remote *r = (struct remote *)t;
    r->end = end;
    buffer_clear(&t->frame);
    buffer_add_span(&r->reply, reply);
    if (release(r->job)) end_job(r->job);
}

static const cJSON *spec_entry(const struct spec *s, cJSON **hidden)
{
    if (s->json != NULL) return s->json;
    *hidden = cJSON_CreateObject();
    cJSON_AddStringToObject(*hidden, "name", s->reward->name);
    return *hidden;
}

static struct remote *remote_new(struct judge_job *job, struct job_item *it, int i,
                                 const struct reward_call *call)
{
    const struct spec *s = &it->specs->specs[i];
    struct remote *r = mem_new(1, sizeof(*r), NULL);
    if (r == NULL) return NULL;
    r->job = job;
    r->item = it;
    r->part = &it->parts[i];
    r->task.pool = s->reward->pool;
    r->task.done = remote_done;
    r->task.cancelled = &job->cancelled;
    r->task.budget_ms =
        s->reward->budget_ms == NULL ? job->judge->item_budget_ms : s->reward->budget_ms(call);
    buffer_init(&r->reply, FRAME_MAX_BYTES);
    buffer_init(&r->task.frame, FRAME_MAX_BYTES);
    cJSON *hidden = NULL;
    frame_write_request(&r->task.frame, r->task.budget_ms, spec_entry(s, &hidden), it->json);
    cJSON_Delete(hidden);
    return r;
}

/* Hand part i of an item to the workers. */
static void send_away(struct judge_job *job, struct job_item *it, int i,
                      const struct reward_call *call)
{
    struct part *p = &it->parts[i];
    assert(p->state == PART_OPEN && p->remote == NULL); /* (1) */
    struct remote *r = remote_new(job, it, i, call);
    if (r == NULL || r->task.frame.failed) {
        part_cannot(p, "too_large");
        if (r != NULL) buffer_clear(&r->task.frame);
        free(r);
        return;
    }
    r->next = job->remotes;
    job->remotes = r;
    p->state = PART_AWAY;
    p->remote = r;
    atomic_fetch_add(&job->pending, 1);
    if (dispatch_submit(job->judge->dispatch, &job->lanes[r->task.pool], &r->task, NULL)) {
        atomic_fetch_add(&job->judge->deferred, 1);
        return;
    }
    atomic_fetch_sub(&job->pending, 1); /* not the last: the starting thread holds one */
    buffer_clear(&r->task.frame);
    p->remote = NULL;
    part_cannot(p, "too_busy");
}

/* What a worker answered, now in a part. */
static void take_reply(struct judge_job *job, struct remote *r)
{
    struct frame_reply head;
    struct span cause, details, vote;
    const struct spec *s = &r->item->specs->specs[r->part - r->item->parts];
    if (!frame_read_reply(buffer_span(&r->reply), &head, &cause, &details, &vote)) {
        part_cannot(r->part, "error");
        return;
    }
    struct buffer text = {.p = (char *)(uintptr_t)details.p, .n = details.n};
    struct reward_out out = {.value = head.value,
                             .verdict = (enum verdict)head.verdict,
                             .cause = score_cause(s->reward, cause),
                             .vote = vote.n > 0 ? vote : span_of(NULL, 0),
                             .details = &text};
    settle_part(job, r->part, (enum score_status)head.status, &out);
    if (head.status == SCORE_FAULT) request_item_error(job, r->item, &head.error);
}

static void bring_home(struct judge_job *job, struct remote *r)
{
    static const char *const causes[] = {
        [TASK_TIMEOUT] = "timeout", [TASK_LOST] = "error", [TASK_CANCELLED] = "cancelled"};
    if (r->part->remote != r) return; /* it was never queued */
    if (r->end == TASK_TIMEOUT) atomic_fetch_add(&job->judge->timeouts, 1);
    if (r->end == TASK_REPLY) {
        take_reply(job, r);
    } else {
        part_cannot(r->part, causes[r->end]);
    }
    buffer_clear(&r->reply);
}

/* ---- here --------------------------------------------------------------------------------------------------- */

/* The thread's tools: a scratch arena and a details buffer, reused from item to item. */
struct bench {
    struct arena *arena;
    struct buffer details;
};

static bool bench_init(struct bench *b)
{
    b->arena = arena_new(REWARD_SCRATCH_BYTES);
    buffer_init(&b->details, REWARD_MAX_DETAILS);
    return b->arena != NULL;
}

static void bench_clear(struct bench *b)
{
    arena_free(b->arena);
    buffer_clear(&b->details);
}

static bool make_call(struct judge_job *job, struct job_item *it, struct bench *b,
                      struct reward_call *call, struct error *err)
{
    const cJSON *fields[ITEM_FIELDS];
    arena_reset(b->arena);
    if (!item_check(it->json, fields, err) || !item_call(fields, it->json, b->arena, call, err)) {
        return false;
    }
    call->count_tokens = job->judge->count_tokens;
    call->count_arg = job->judge->count_arg;
    return true;
}

static void score_here(struct judge_job *job, struct job_item *it, int i, struct bench *b,
                       struct reward_call *call)
{
    const struct spec *s = &it->specs->specs[i];
    struct error e = {0};
    b->details.n = 0;
    struct reward_out out = {.details = &b->details, .err = &e};
    enum score_status status = score_part(s, call, &out);
    if (status == SCORE_DEFER) {
        send_away(job, it, i, call);
        return;
    }
    if (b->details.failed) { /* never half a details object */
        buffer_clear(&b->details);
        out.cause = "too_large";
    }
    settle_part(job, &it->parts[i], status, &out);
    if (status == SCORE_FAULT) request_item_error(job, it, &e);
}

/* The item's own "correct"; UNKNOWN when it has none. */
static bool read_correct(const cJSON *item, enum correctness *out, struct error *err)
{
    bool correct = false;
    if (json_get(item, "correct") == NULL) return true;
    if (!json_get_bool(item, "correct", &correct, err)) return false;
    *out = correct ? CORRECT_YES : CORRECT_NO;
    return true;
}

/* A hidden teller is needed only where the item does not say itself. */
static bool is_skipped(const struct spec *s, const cJSON *item)
{
    return s->hidden && json_get(item, "correct") != NULL;
}

static void first_round(struct judge_job *job, struct job_item *it, struct bench *b)
{
    struct reward_call call;
    struct error e = {0};
    if (!make_call(job, it, b, &call, &e)) {
        request_item_error(job, it, &e);
        return;
    }
    for (int i = 0; i < it->specs->n && it->error == NULL; i++) {
        const struct spec *s = &it->specs->specs[i];
        if (s->reward->wants_correct || s->reward->measure != NULL) continue;
        if (!is_skipped(s, it->json)) score_here(job, it, i, b, &call);
    }
}

/* ---- verdicts and lengths ----------------------------------------------------------------------------------------- */

static bool tell_correct(const struct job_item *it, enum correctness *out, struct error *err)
{
    *out = CORRECT_UNKNOWN;
    if (!read_correct(it->json, out, err)) return false;
    if (*out != CORRECT_UNKNOWN || it->specs->teller < 0) return true;
    enum verdict v = it->parts[it->specs->teller].verdict;
    if (v == VERDICT_CORRECT) *out = CORRECT_YES;
    if (v == VERDICT_INCORRECT) *out = CORRECT_NO;
    return true;
}

static struct job_group *group_of(struct judge_job *job, const struct job_item *it)
{
    return it->group == SIZE_MAX ? &job->whole : &job->groups[it->group];
}

/* The parts of one item that are due: all that want its verdict, group rows in their own pass. */
static void later_round(struct judge_job *job, struct job_item *it, struct bench *b, bool grouped)
{
    struct reward_call call;
    struct error e = {0};
    bool made = false;
    for (int i = 0; i < it->specs->n && it->error == NULL; i++) {
        const struct reward *r = it->specs->specs[i].reward;
        if ((r->measure != NULL) != grouped || !(r->wants_correct || grouped)) continue;
        if (!made &&
            !(made = make_call(job, it, b, &call, &e) && tell_correct(it, &call.correct, &e))) {
            request_item_error(job, it, &e);
            return;
        }
        call.group_min = group_of(job, it)->length_min;
        call.group_max = group_of(job, it)->length_max;
        score_here(job, it, i, b, &call);
    }
}

/* Tokens of every item, for the estimators that weigh by them. */
static void count_tokens(struct judge_job *job, struct bench *b)
{
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        struct reward_call call;
        struct error e = {0};
        if (it->error != NULL) continue;
        if (make_call(job, it, b, &call, &e) && length_of(&call, LENGTH_TOKENS, &it->tokens, &e)) {
            continue;
        }
        request_item_error(job, it, &e);
    }
}

/* Lengths of the items that have a group row, least and most of each group. */
static void measure(struct judge_job *job, struct job_item *it, struct bench *b)
{
    struct reward_call call;
    struct error e = {0};
    for (int i = 0; i < it->specs->n && it->error == NULL; i++) {
        const struct spec *s = &it->specs->specs[i];
        if (s->reward->measure == NULL) continue;
        double length = 0;
        bool ok = make_call(job, it, b, &call, &e);
        call.options = s->options;
        if (!ok || !s->reward->measure(&call, &length, &e)) {
            request_item_error(job, it, &e);
            return;
        }
        struct job_group *g = group_of(job, it);
        g->length_min = fmin(g->length_min, length);
        g->length_max = fmax(g->length_max, length);
    }
}

static bool any_spec(const struct spec_list *l, bool group)
{
    for (int i = 0; i < l->n; i++) {
        const struct reward *r = l->specs[i].reward;
        if (r->measure != NULL || (!group && r->wants_correct)) return true;
    }
    return false;
}

static void later_rounds(struct judge_job *job, struct bench *b)
{
    if (advantage_wants_lengths(job->method)) count_tokens(job, b);
    job->whole.length_min = (double)INFINITY;
    for (size_t g = 0; g < job->n_groups; g++) {
        job->groups[g].length_min = (double)INFINITY;
    }
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        if (it->error != NULL || !any_spec(it->specs, false)) continue;
        later_round(job, it, b, false);
        measure(job, it, b);
    }
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        if (it->error == NULL && any_spec(it->specs, true)) later_round(job, it, b, true);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static void count_outcome(struct judge_job *job)
{
    uint64_t errors = 0, cannot = 0;
    for (size_t i = 0; i < job->n; i++) {
        const struct job_item *it = &job->items[i];
        errors += it->error != NULL;
        for (int p = 0; it->error == NULL && p < it->specs->n; p++) {
            cannot += it->parts[p].state == PART_NONE;
        }
    }
    atomic_fetch_add(&job->judge->items, job->n);
    atomic_fetch_add(&job->judge->item_errors, errors);
    atomic_fetch_add(&job->judge->cannot_judge, cannot);
}

void job_settle(struct judge_job *job)
{
    struct bench b;
    struct error e = {0};
    if (job->settled) return;
    assert(atomic_load(&job->pending) <= 1); /* (2) */
    job->settled = true;
    for (struct remote *r = job->remotes; r != NULL; r = r->next) {
        bring_home(job, r);
    }
    if (bench_init(&b)) {
        later_rounds(job, &b);
    } else {
        job->failed = true;
    }
    bench_clear(&b);
    if (!outcome_settle(job, &e)) job->failed = true;
    count_outcome(job);
}

void judge_job_start(struct judge_job *job, void (*done)(void *arg, struct judge_job *job),
                     void *arg)
{
    struct bench b;
    job->done = done;
    job->done_arg = arg;
    job->begun_ns = clock_ns();
    atomic_store(&job->pending, 1);
    atomic_fetch_add(&job->judge->jobs, 1);
    if (bench_init(&b)) {
        for (size_t i = 0; i < job->n && !atomic_load(&job->cancelled); i++) {
            if (job->items[i].error == NULL) first_round(job, &job->items[i], &b);
        }
    } else {
        job->failed = true;
    }
    bench_clear(&b);
    if (job->remotes == NULL) job_settle(job);
    if (release(job)) end_job(job);
}

void judge_job_cancel(struct judge_job *job)
{
    atomic_store(&job->cancelled, true);
    dispatch_wake(job->judge->dispatch);
}

static struct judge_job *job_new(struct judge *judge, enum judge_dialect dialect, cJSON *body,
                                 bool bare_paths, struct error *err)
{
    struct judge_job *job = mem_new(1, sizeof(*job), err);
    if (job == NULL) {
        cJSON_Delete(body);
        return NULL;
    }
    job->judge = judge;
    job->dialect = dialect;
    job->body = body;
    job->bare_paths = bare_paths;
    job->specs.teller = -1;
    buffer_init(&job->texts, REWARD_JOB_BYTES);
    job->arena = arena_new(REWARD_JOB_BYTES);
    bool ok = job->arena != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    if (ok && dialect != JUDGE_NATIVE) {
        ok = (job->request = dialect_request(dialect, body, err)) != NULL;
    }
    if (ok && request_bind(job, job->request != NULL ? job->request : body, err)) return job;
    judge_job_free(job);
    return NULL;
}

struct judge_job *judge_job_new(struct judge *judge, enum judge_dialect dialect, cJSON *body,
                                struct error *err)
{
    return job_new(judge, dialect, body, false, err);
}

struct judge_job *job_new_of_lines(struct judge *judge, cJSON *request, struct error *err)
{
    return job_new(judge, JUDGE_NATIVE, request, true, err);
}

void judge_job_free(struct judge_job *job)
{
    if (job == NULL) return;
    for (struct remote *r = job->remotes, *next; r != NULL; r = next) {
        next = r->next;
        buffer_clear(&r->reply);
        free(r);
    }
    for (struct spec_list *l = job->own_specs, *next; l != NULL; l = next) {
        next = l->next;
        spec_list_clear(l);
    }
    spec_list_clear(&job->specs);
    cJSON_Delete(job->body);
    cJSON_Delete(job->request);
    arena_free(job->arena);
    buffer_clear(&job->texts);
    free(job->items);
    free(job->groups);
    free(job);
}

size_t judge_job_count(const struct judge_job *job)
{
    return job->n;
}

struct judge_result judge_job_result(struct judge_job *job, size_t i)
{
    job_settle(job);
    const struct job_item *it = &job->items[i];
    return (struct judge_result){.has_reward = it->has_reward,
                                 .reward = it->reward,
                                 .has_advantage = job->method != ADVANTAGE_NONE,
                                 .advantage = it->advantage,
                                 .keep = it->keep,
                                 .error = it->error};
}

bool judge_job_reply(struct judge_job *job, struct buffer *out)
{
    job_settle(job);
    if (job->failed || job->texts.failed) return false;
    return job->dialect == JUDGE_NATIVE ? reply_native(job, out) : dialect_reply(job, out);
}
