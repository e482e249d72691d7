/* engine/batch/scheduler.c - see scheduler.h, and scheduler_impl.h for what holds: the samples, in two lists.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/scheduler_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/adapter/adapter.h"

struct scheduler *scheduler_new(const struct scheduler_options *o, struct kv_cache *kv,
                                struct error *err)
{
    struct scheduler *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    s->o = *o;
    s->kv = kv;
    s->runs = mem_new((size_t)o->max_running, sizeof(*s->runs), err);
    s->aside = mem_new((size_t)o->max_running, sizeof(*s->aside), err);
    if (s->runs != NULL && s->aside != NULL) return s;
    scheduler_free(s);
    return NULL;
}

void scheduler_free(struct scheduler *s)
{
    if (s == NULL) return;
    free(s->runs);
    free(s->aside);
    free(s);
}

int scheduler_max_rows(const struct scheduler_options *o)
{
    return o->step_tokens + (o->max_running > CHEAP_ROWS ? o->max_running : CHEAP_ROWS);
}

/* ---- lists ---- */

static bool before(const struct sequence *a, const struct sequence *b)
{
    const struct request *p = a->request, *q = b->request;
    if (p->priority != q->priority) return p->priority < q->priority;
    if (p->arrival != q->arrival) return p->arrival < q->arrival;
    return a->sample < b->sample;
}

static void list_remove(struct list *l, struct sequence *q)
{
    assert((q->prev == NULL ? l->first : q->prev->next) == q); /* scheduler_impl.h (1) */
    *(q->prev == NULL ? &l->first : &q->prev->next) = q->next;
    *(q->next == NULL ? &l->last : &q->next->prev) = q->prev;
    l->n--;
}

static void list_insert(struct list *l, struct sequence *q)
{
    struct sequence *after = l->last; /* most come last */
    while (after != NULL && before(q, after)) {
        after = after->prev;
    }
    q->prev = after;
    q->next = after == NULL ? l->first : after->next;
    assert(q->next == NULL || before(q, q->next)); /* scheduler_impl.h (1) */
    *(q->prev == NULL ? &l->first : &q->prev->next) = q;
    *(q->next == NULL ? &l->last : &q->next->prev) = q;
    l->n++;
}

void scheduler_price(struct scheduler *s, const struct pace_prices *prices)
{
    s->prices = *prices;
}

void scheduler_serve(struct scheduler *s, struct version *v)
{
    s->serving = v;
}

void scheduler_add(struct scheduler *s, struct request *r)
{
    r->arrival = s->arrivals++;
    r->version = s->serving;
    r->version->users += r->n;
    r->space.weights = r->version->content;
    for (int i = 0; i < r->n; i++) {
        r->samples[i].state = SEQUENCE_WAITING;
        list_insert(&s->waiting, &r->samples[i]);
    }
}

/* ---- running, waiting, ending ---- */

int scheduler_pending(const struct scheduler *s, const struct sequence *q)
{
    return sequence_length(q) - kv_cache_tokens(s->kv, q->kv);
}

void scheduler_run(struct scheduler *s, struct sequence *q, int slot)
{
    assert(q->state == SEQUENCE_WAITING && q->kv < 0 && slot >= 0); /* scheduler_impl.h (2) */
    list_remove(&s->waiting, q);
    q->kv = slot;
    q->state = SEQUENCE_RUNNING;
    list_insert(&s->running, q);
}

/* Give up the slot, whatever was planned, and what came of the last plan. */
static void stop_running(struct scheduler *s, struct sequence *q)
{
    assert(q->state == SEQUENCE_RUNNING && q->kv >= 0); /* scheduler_impl.h (2) */
    assert(!q->aside); /* scheduler_impl.h (7) */
    kv_cache_close(s->kv, q->kv);
    q->kv = -1;
    q->n_run = q->n_drafts = q->n_accepted = 0;
    if (q->request->leader == q) q->request->leader = NULL;
    list_remove(&s->running, q);
}

static void wait_again(struct scheduler *s, struct sequence *q)
{
    stop_running(s, q);
    q->state = SEQUENCE_WAITING;
    list_insert(&s->waiting, q);
}

void scheduler_preempt(struct scheduler *s, struct sequence *q)
{
    wait_again(s, q);
    s->preempted = true;
    s->preemptions++;
}

/* The live samples of a request live on v; they wait. */
static void move_request(struct request *r, struct version *v)
{
    if (r->version == v) return;
    assert(adapter_fits(r->adapter, v->content)); /* scheduler_misfit() has found the others */
    r->version->users -= r->n_live;
    v->users += r->n_live;
    r->version = v;
    r->space.weights = v->content;
    assert(v->users >= r->n_live && r->leader == NULL); /* scheduler_impl.h (6) */
}

void scheduler_switch(struct scheduler *s, struct version *v)
{
    struct sequence *prev;
    assert(v == s->serving);
    for (struct sequence *q = s->running.last; q != NULL; q = prev) {
        prev = q->prev;
        if (q->request->version == v) continue;
        s->recomputed_tokens += (uint64_t)kv_cache_tokens(s->kv, q->kv);
        wait_again(s, q);
        q->guess = -1; /* the old weights' */
    }
    for (struct sequence *q = s->waiting.first; q != NULL; q = q->next) {
        move_request(q->request, v);
    }
}

void scheduler_remove(struct scheduler *s, struct sequence *q)
{
    if (q->state == SEQUENCE_RUNNING) stop_running(s, q);
    if (q->state == SEQUENCE_WAITING) list_remove(&s->waiting, q);
    if (q->state != SEQUENCE_DONE) q->request->version->users--;
    q->state = SEQUENCE_DONE;
}

bool scheduler_fork(struct scheduler *s, const struct sequence *from, struct sequence *to)
{
    int slot = kv_cache_fork(s->kv, from->kv);
    if (slot < 0) return false;
    assert(kv_cache_tokens(s->kv, slot) >= to->request->n_prompt); /* scheduler_impl.h (3) */
    scheduler_run(s, to, slot);
    to->n_cached = from->n_cached;
    return true;
}

/* One of this list whose sample has been admitted once. */
static struct request *begun_in(const struct scheduler *s, const struct sequence *q)
{
    while (q != NULL && (q->n_cached < 0 || q->request->version == s->serving)) {
        q = q->next;
    }
    return q == NULL ? NULL : q->request;
}

struct request *scheduler_begun(const struct scheduler *s)
{
    struct request *r = begun_in(s, s->running.first);
    return r != NULL ? r : begun_in(s, s->waiting.first);
}

/* The first of this list that cannot go on under the serving version. */
static const struct sequence *misfit_in(const struct scheduler *s, const struct sequence *q)
{
    while (q != NULL && (q->request->version == s->serving ||
                         adapter_fits(q->request->adapter, s->serving->content))) {
        q = q->next;
    }
    return q;
}

struct request *scheduler_misfit(const struct scheduler *s, bool *begun)
{
    const struct sequence *q = misfit_in(s, s->running.first);
    if (q == NULL) q = misfit_in(s, s->waiting.first);
    struct request *r = q == NULL ? NULL : q->request;
    *begun = false;
    for (int i = 0; r != NULL && i < r->n; i++) {
        *begun |= r->samples[i].n_cached >= 0;
    }
    return r;
}

struct sequence *scheduler_any(const struct scheduler *s)
{
    return s->running.first != NULL ? s->running.first : s->waiting.first;
}

void scheduler_commit(struct scheduler *s, struct sequence *q, int n)
{
    int there;
    const int *tokens = sequence_tokens(q, kv_cache_tokens(s->kv, q->kv), &there);
    kv_cache_commit(s->kv, q->kv, tokens, n);
    if (q->request->leader == q && kv_cache_tokens(s->kv, q->kv) >= q->request->n_prompt) {
        q->request->leader = NULL;
    }
}

void scheduler_stats(const struct scheduler *s, struct engine_stats *out)
{
    out->running = s->running.n;
    out->waiting = s->waiting.n;
    out->kv_blocks_used = kv_cache_used(s->kv);
    out->kv_blocks = kv_cache_used(s->kv) + kv_cache_available(s->kv);
    out->cached_tokens = s->cached_tokens;
    out->preemptions = s->preemptions;
    out->drafts = s->drafts;
    out->drafted_tokens = s->drafted_tokens;
    out->recomputed_tokens = s->recomputed_tokens;
}
