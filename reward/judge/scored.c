/* reward/judge/scored.c - see scored.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/scored.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/opinion.h"
#include "reward/judge/parcel.h"
#include "reward/judge/score.h"
#include "reward/row/limits.h"
#include "reward/rules/length_unit.h"
#include "reward/workers/frame.h"

/* A part at a worker. What came back stays here until the owner asks. */
struct remote {
    struct task task; /* first: done() is given its address */
    struct scored *scored;
    struct part *part;
    struct remote *next; /* of the item's, to be freed */
    enum task_end end;
    struct buffer answer;
};

/* ---- tools -------------------------------------------------------------------------------------- */

bool desk_init(struct desk *d)
{
    d->arena = arena_new(REWARD_SCRATCH_BYTES);
    buffer_init(&d->details, REWARD_MAX_DETAILS);
    return d->arena != NULL;
}

void desk_clear(struct desk *d)
{
    arena_free(d->arena);
    buffer_clear(&d->details);
}

void scored_fail(struct scored *s, const struct error *e)
{
    static struct error no_memory = {.code = ERROR_NO_MEMORY, .message = "out of memory"};
    if (s->error != NULL) return;
    s->error = arena_alloc(s->arena, 1, sizeof(*s->error));
    if (s->error == NULL) {
        s->error = &no_memory; /* only ever read */
        return;
    }
    *s->error = *e;
    if (s->place != SIZE_MAX) error_in(s->error, "items[%zu]", s->place);
}

/* ---- parts -------------------------------------------------------------------------------------- */

static struct text_ref keep_text(struct buffer *texts, struct span text)
{
    struct text_ref ref = {.at = texts->n, .n = text.n};
    buffer_add_span(texts, text);
    if (texts->failed) ref.n = 0;
    assert(ref.n == 0 || ref.at + ref.n == texts->n); /* (3) */
    return ref;
}

static void part_cannot(struct part *p, const char *cause)
{
    p->state = PART_NONE;
    p->verdict = VERDICT_CANNOT;
    p->cause = cause;
}

static void settle_part(struct scored *s, struct part *p, enum score_status status,
                        const struct reward_out *out, struct span details)
{
    assert(p >= s->parts && p < s->parts + s->specs->n); /* (1) */
    p->state = status == SCORE_DONE ? PART_VALUE : PART_NONE;
    p->value = out->value;
    p->verdict = out->verdict;
    p->cause = out->cause;
    p->details = keep_text(s->texts, details);
    if (out->vote.p != NULL) p->vote = keep_text(s->texts, out->vote);
}

/* ---- at the workers ----------------------------------------------------------------------------- */

/* One part less away. True: it was the last. */
static bool release(struct scored *s)
{
    return atomic_fetch_sub(&s->away, 1) == 1;
}

/* Did the worker find no verdict, or could none be had from it? */
static bool is_undecided(const struct spec *spec, const struct remote *r)
{
    struct parcel_answer a;
    if (r->end != TASK_REPLY) return r->end == TASK_TIMEOUT;
    return parcel_read(buffer_span(&r->answer), spec->reward, &a) && a.status == SCORE_CANNOT;
}

bool scored_is_asked(const struct scored *s, int i)
{
    const struct spec *spec = &s->specs->specs[i];
    const struct part *p = &s->parts[i];
    bool wanted = spec->reward->wants_opinion != NULL && spec->reward->wants_opinion(spec->options);
    if (!wanted || s->error != NULL) return false;
    if (p->state == PART_AWAY) return p->remote != NULL && is_undecided(spec, p->remote);
    return p->state == PART_NONE && p->verdict == VERDICT_CANNOT;
}

/* All is home. Is a model asked first? It calls home() itself then. */
static bool asks_first(struct scored *s)
{
    bool asked = false;
    if (s->run->judge->opinions == NULL || s->parts == NULL) return false;
    for (int i = 0; i < s->specs->n && !asked; i++) {
        asked = scored_is_asked(s, i);
    }
    return asked && opinions_submit(s->run->judge->opinions, s);
}

/* What the model said of parts that the rules left open. */
static void take_opinions(struct scored *s)
{
    for (int i = 0; i < s->specs->n && s->error == NULL; i++) {
        struct part *p = &s->parts[i];
        if (p->opinion == OPINION_NONE || p->state != PART_NONE) continue;
        bool same = p->opinion == OPINION_SAME;
        p->state = PART_VALUE;
        p->value = same ? 1 : 0;
        p->verdict = same ? VERDICT_CORRECT : VERDICT_INCORRECT;
        p->cause = same ? "model_same" : "model_different";
    }
}

/* What the run has at that pool's workers has waited in vain: nothing more of it is begun. */
static void refuse_late(struct run *run, enum worker_pool pool)
{
    if (atomic_exchange(&run->cancelled, true)) return;
    atomic_store(&run->refused_s, judge_late_s(run->judge, pool, &run->lanes[pool]));
    dispatch_wake(run->judge->dispatch);
}

/* Dispatcher thread. Only copies: scored_second() reads it. */
static void remote_done(struct task *t, enum task_end end, struct span answer)
{
    struct remote *r = (struct remote *)t;
    struct scored *s = r->scored;
    assert(r->part->state == PART_AWAY && r->part->remote == r); /* (2) */
    r->end = end;
    buffer_clear(&t->frame);
    buffer_add_span(&r->answer, answer);
    if (end == TASK_LATE) refuse_late(s->run, t->pool);
    if (release(s) && !asks_first(s)) s->run->home(s->run, s);
}

/* The request frame for part i. */
static bool write_order(struct scored *s, int i, const struct reward_call *call, struct buffer *out)
{
    struct buffer text;
    const struct spoken spoken = {call->completion, call->has_reasoning, call->reasoning,
                                  call->content};
    struct span item;
    buffer_init(&text, FRAME_MAX_BYTES);
    if (s->item_text == NULL) {
        item_print(s->item, &text);
        item = text.failed ? span_of(NULL, 0) : buffer_span(&text);
    } else {
        item = item_text_get(s->item_text, s->item);
    }
    parcel_write(out, &s->specs->specs[i], item, &spoken);
    bool ok = item.p != NULL && frame_close(out);
    buffer_clear(&text);
    return ok;
}

static struct remote *remote_new(struct scored *s, int i, const struct reward_call *call,
                                 const struct run_memory *memory)
{
    const struct spec *spec = &s->specs->specs[i];
    struct remote *r = mem_new(1, sizeof(*r), NULL);
    if (r == NULL) return NULL;
    r->scored = s;
    r->part = &s->parts[i];
    r->task.pool = spec->reward->pool;
    r->task.done = remote_done;
    r->task.cancelled = &s->run->cancelled;
    r->task.given_up = s->given_up;
    r->task.memory = *memory;
    r->task.budget_ms = spec->reward->budget_ms == NULL ? s->run->judge->item_budget_ms
                                                        : spec->reward->budget_ms(call);
    buffer_init(&r->answer, FRAME_MAX_BYTES);
    buffer_init(&r->task.frame, FRAME_MAX_BYTES);
    frame_open_request(&r->task.frame, SERVICE_ITEM, r->task.budget_ms);
    return r;
}

void run_set_client(struct run *run, uint64_t client)
{
    for (int p = 0; p < POOLS; p++) {
        run->lanes[p].client = client;
    }
}

/* May the run wait for that pool's workers? Asked at its first part only: what has begun goes on. */
static bool admits(struct run *run, enum worker_pool pool)
{
    if (!run->may_be_refused || run->admitted[pool]) return true;
    if (atomic_load(&run->refused_s) > 0) return false;
    int wait_s = judge_refuse_s(run->judge, pool, &run->lanes[pool]);
    if (wait_s > 0) atomic_store(&run->refused_s, wait_s);
    run->lanes[pool].max_wait_ms = run->judge->max_wait_ms;
    run->admitted[pool] = wait_s == 0;
    return run->admitted[pool];
}

/* Hand part i to the workers. */
static void send_away(struct scored *s, int i, const struct reward_call *call,
                      const struct run_memory *memory)
{
    struct part *p = &s->parts[i];
    assert(p->state != PART_AWAY && p->remote == NULL); /* a part is sent away once */
    struct judge *judge = s->run->judge;
    if (!admits(s->run, s->specs->specs[i].reward->pool)) {
        part_cannot(p, "too_busy");
        return;
    }
    mem_forget();
    struct remote *r = remote_new(s, i, call, memory);
    if (r == NULL) {
        part_cannot(p, SCORE_NO_MEMORY);
        return;
    }
    r->next = s->remotes;
    s->remotes = r;
    if (!write_order(s, i, call, &r->task.frame)) {
        buffer_clear(&r->task.frame);
        part_cannot(p, mem_ran_out() ? SCORE_NO_MEMORY : "too_large");
        return;
    }
    p->state = PART_AWAY;
    p->remote = r;
    atomic_fetch_add(&s->away, 1);
    if (dispatch_submit(judge->dispatch, &s->run->lanes[r->task.pool], &r->task, NULL)) {
        atomic_fetch_add(&judge->deferred, 1);
        return;
    }
    atomic_fetch_sub(&s->away, 1); /* not the last: scored_first() holds one */
    buffer_clear(&r->task.frame);
    p->remote = NULL;
    part_cannot(p, "too_busy");
}

/* What a worker answered, now in a part. */
static void take_answer(struct scored *s, struct remote *r)
{
    struct parcel_answer a;
    const struct spec *spec = &s->specs->specs[r->part - s->parts];
    if (!parcel_read(buffer_span(&r->answer), spec->reward, &a)) {
        part_cannot(r->part, r->answer.failed ? SCORE_NO_MEMORY : "error");
        return;
    }
    settle_part(s, r->part, a.status, &a.out, a.details);
    if (a.status == SCORE_FAULT) scored_fail(s, &a.error);
}

static void bring_home(struct scored *s, struct remote *r)
{
    static const char *const causes[] = {[TASK_TIMEOUT] = "timeout",
                                         [TASK_NO_MEMORY] = SCORE_NO_MEMORY,
                                         [TASK_LOST] = "error",
                                         [TASK_CANCELLED] = "cancelled",
                                         [TASK_LATE] = "too_busy"};
    if (r->part->remote != r) return; /* it was never queued */
    assert(r->part->state == PART_AWAY);
    if (r->end == TASK_TIMEOUT) atomic_fetch_add(&s->run->judge->timeouts, 1);
    if (r->end == TASK_REPLY) {
        take_answer(s, r);
    } else {
        part_cannot(r->part, causes[r->end]);
    }
    r->part->remote = NULL;
    buffer_clear(&r->answer);
}

/* ---- here --------------------------------------------------------------------------------------- */

bool scored_call(struct scored *s, struct desk *d, struct reward_call *call, struct error *err)
{
    mem_forget();
    arena_reset(d->arena);
    bool ok = item_call(s->item, s->spoken, d->arena, call, err);
    if (mem_ran_out()) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the item");
    if (!ok) return false;
    call->token_ids = s->token_ids;
    call->n_token_ids = s->n_token_ids;
    call->count_tokens = s->run->judge->count_tokens;
    call->count_arg = s->run->judge->count_arg;
    return true;
}

static void score_here(struct scored *s, int i, struct desk *d, struct reward_call *call)
{
    struct error e = {0};
    if (d->details.failed) buffer_clear(&d->details);
    d->details.n = 0;
    struct reward_out out = {.details = &d->details, .err = &e};
    enum score_status status = score_part(&s->specs->specs[i], call, &out);
    if (status == SCORE_DEFER) {
        send_away(s, i, call, &out.memory);
        return;
    }
    if (d->details.failed) { /* never half a details object */
        buffer_clear(&d->details);
        out.cause = "too_large";
    }
    settle_part(s, &s->parts[i], status, &out, buffer_span(&d->details));
    if (status == SCORE_FAULT) scored_fail(s, &e);
}

/* A hidden teller is needed only where the item does not say itself. */
static bool is_skipped(const struct spec *spec, const cJSON *item)
{
    return spec->hidden && json_get(item, "correct") != NULL;
}

bool scored_first(struct scored *s, struct desk *d)
{
    struct reward_call call;
    struct error e = {0};
    assert(s->parts != NULL && s->remotes == NULL); /* (1) */
    if (!scored_call(s, d, &call, &e)) {
        scored_fail(s, &e);
        return true;
    }
    atomic_init(&s->away, 1);
    for (int i = 0; i < s->specs->n && s->error == NULL; i++) {
        const struct spec *spec = &s->specs->specs[i];
        if (spec->reward->wants_correct || spec->reward->measure != NULL) continue;
        if (!is_skipped(spec, s->item->json)) score_here(s, i, d, &call);
    }
    return (s->remotes == NULL || release(s)) && !asks_first(s);
}

/* ---- verdicts and lengths ------------------------------------------------------------------------- */

/* The item's own "correct", or what its telling part found. */
static bool tell_correct(const struct scored *s, enum correctness *out, struct error *err)
{
    static const struct field row = CORRECT_FIELD;
    const struct field_context context = {0};
    const cJSON *own = json_get(s->item->json, row.name);
    bool correct = false;
    *out = CORRECT_UNKNOWN;
    if (own != NULL) {
        if (!field_read(&row, own, &correct, &context, err)) return false;
        *out = correct ? CORRECT_YES : CORRECT_NO;
        return true;
    }
    if (s->specs->teller < 0) return true;
    assert(s->specs->teller < s->specs->n);
    enum verdict v = s->parts[s->specs->teller].verdict;
    if (v == VERDICT_CORRECT) *out = CORRECT_YES;
    if (v == VERDICT_INCORRECT) *out = CORRECT_NO;
    return true;
}

/* The parts that are due: all that want the verdict; group rows in a pass of their own, in which l is the
 * group's lengths. */
static void later(struct scored *s, struct desk *d, const struct lengths *l)
{
    struct reward_call call;
    struct error e = {0};
    bool made = false;
    for (int i = 0; i < s->specs->n && s->error == NULL; i++) {
        const struct reward *r = s->specs->specs[i].reward;
        if ((r->measure != NULL) != (l != NULL) || !(r->wants_correct || l != NULL)) continue;
        if (l != NULL && l->unknown) {
            part_cannot(&s->parts[i], SCORE_NO_MEMORY);
            continue;
        }
        if (!made && !(made = scored_call(s, d, &call, &e) && tell_correct(s, &call.correct, &e))) {
            scored_fail(s, &e);
            return;
        }
        call.group_min = l != NULL ? l->least : 0;
        call.group_max = l != NULL ? l->most : 0;
        score_here(s, i, d, &call);
    }
}

void scored_second(struct scored *s, struct desk *d)
{
    for (struct remote *r = s->remotes; r != NULL; r = r->next) {
        assert(atomic_load(&s->away) == 0); /* (2) */
        bring_home(s, r);
    }
    if (s->parts != NULL) take_opinions(s);
    if (s->error == NULL) later(s, d, NULL);
}

bool scored_has_grouped(const struct scored *s)
{
    for (int i = 0; i < s->specs->n; i++) {
        if (s->specs->specs[i].reward->measure != NULL) return true;
    }
    return false;
}

/* The length that the i-th part compares by. False: s has an error. */
static bool measure(struct scored *s, int i, struct desk *d, double *length)
{
    struct reward_call call;
    struct error e = {0};
    const struct spec *spec = &s->specs->specs[i];
    bool ok = scored_call(s, d, &call, &e);
    call.options = spec->options;
    if (ok && spec->reward->measure(&call, length, &e)) return true;
    scored_fail(s, &e);
    return false;
}

void scored_measure(struct scored *s, struct desk *d, struct lengths *l)
{
    for (int i = 0; s->error == NULL && i < s->specs->n; i++) {
        double length = 0;
        if (s->specs->specs[i].reward->measure == NULL || !measure(s, i, d, &length)) continue;
        l->least = fmin(l->least, length);
        l->most = fmax(l->most, length);
    }
    l->unknown |= s->error != NULL && s->error->code == ERROR_NO_MEMORY;
}

void scored_grouped(struct scored *s, struct desk *d, const struct lengths *l)
{
    if (s->error == NULL) later(s, d, l);
}

bool scored_tokens(struct scored *s, struct desk *d)
{
    struct reward_call call;
    struct error e = {0};
    if (scored_call(s, d, &call, &e) && length_of(&call, LENGTH_TOKENS, &s->tokens, &e)) {
        return true;
    }
    scored_fail(s, &e);
    return false;
}

/* ---- the outcome ---------------------------------------------------------------------------------- */

void scored_sum(struct scored *s)
{
    double sum = 0;
    s->has_reward = false;
    s->reward = 0;
    if (s->error != NULL) return;
    for (int i = 0; i < s->specs->n; i++) {
        const struct spec *spec = &s->specs->specs[i];
        const struct part *p = &s->parts[i];
        assert(p->state != PART_AWAY); /* all are home */
        if (spec->hidden) continue;
        if (p->state != PART_VALUE && !s->unjudged.counts) return;
        sum += spec->weight * (p->state == PART_VALUE ? p->value : s->unjudged.value);
    }
    s->has_reward = isfinite(sum);
    s->reward = s->has_reward ? sum : 0;
}

const struct part *scored_telling(const struct scored *s, const struct spec **spec)
{
    if (s->error != NULL || s->specs->teller < 0) return NULL;
    *spec = &s->specs->specs[s->specs->teller];
    return &s->parts[s->specs->teller];
}

size_t scored_count_unjudged(const struct scored *s)
{
    size_t n = 0;
    for (int i = 0; s->error == NULL && i < s->specs->n; i++) {
        n += s->parts[i].state == PART_NONE;
    }
    return n;
}

bool scored_lacks_memory(const struct scored *s)
{
    if (s->error != NULL) return s->error->code == ERROR_NO_MEMORY;
    for (int i = 0; i < s->specs->n; i++) {
        const struct part *p = &s->parts[i];
        if (p->state == PART_NONE && p->cause != NULL && strcmp(p->cause, SCORE_NO_MEMORY) == 0) {
            return true;
        }
    }
    return false;
}

void scored_clear(struct scored *s)
{
    for (struct remote *r = s->remotes, *next; r != NULL; r = next) {
        next = r->next;
        buffer_clear(&r->task.frame);
        buffer_clear(&r->answer);
        free(r);
    }
    s->remotes = NULL;
}
