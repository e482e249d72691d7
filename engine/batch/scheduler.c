/* engine/batch/scheduler.c - see scheduler.h.
 *
 * (1) A live sample is in exactly one list, waiting or running; both are in the order of before().
 * (2) A running sample has a slot of the KV cache, a waiting one has none.
 * (3) Of a request whose prompt has not been computed at most one sample runs: its leader.
 * (4) The oldest running sample is never preempted for another, and a sample alone always fits
 *     (request_new() refuses what does not): so every step makes progress.
 * (5) A plan's samples are all of one version of the weights, and of the waiting ones nobody
 *     overtakes a sample of another version.
 * (6) A version's users are the samples that wait or run on it.
 * (7) While a plan is put aside, its samples run and keep their blocks; plans beside it are of other
 *     clients' samples.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/scheduler.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/adapter/adapter.h"
#include "engine/batch/pace.h"
#include "engine/batch/shares.h"
#include "engine/sample/form/vocabulary.h"
#include "base/paranoid.h"

enum {
    /* Rows of a step up to which another one costs little, because reading the weights dominates:
     * guesses fill a batch up to here. */
    CHEAP_ROWS = 8,
    /* Waiting samples that may be passed over in one step because somebody computes their prefix:
     * looking at each costs time. */
    MAX_SKIPS = 32,
    /* Prompt tokens beside samples that decode: so many for each of those, so many at least. A step
     * then takes at most about three times as long as one of decodes alone (above 32 of them), and
     * nothing is lost: a row costs as much in a chunk of 64 as in one of 512. */
    BESIDE_ONE = 2,
    BESIDE_LEAST = 4 * KV_BLOCK,
    /* A step is put aside that takes more than so many times what the newcomer's first one would. */
    LONG_STEP = 2
};

struct list {
    struct sequence *first, *last;
    int n;
};

struct scheduler {
    struct scheduler_options o;
    struct kv_cache *kv;
    struct list waiting, running;
    struct version *serving; /* of new requests; NULL before scheduler_serve() */
    struct sequence **runs;  /* [max_running] the plan */
    struct version *version; /* whose plan is being made */
    uint64_t turn;           /* plans so far */
    int n_planned;           /* runs */
    int budget;              /* prompt tokens left in the plan being made */
    struct shares shares;    /* of its rows */
    bool beside;             /* it is beside the one that was put aside */
    struct sequence **aside; /* [max_running] that one */
    int n_aside;             /* 0: there is none */
    struct shares parts;     /* its rows, by client */
    struct pace_prices prices;
    bool preempted; /* in the plan being made */
    uint64_t arrivals, cached_tokens, preemptions, drafts, drafted_tokens, recomputed_tokens;
};

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
    assert((q->prev == NULL ? l->first : q->prev->next) == q); /* (1) */
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
    assert(q->next == NULL || before(q, q->next)); /* (1) */
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

static void run(struct scheduler *s, struct sequence *q, int slot)
{
    assert(q->state == SEQUENCE_WAITING && q->kv < 0 && slot >= 0); /* (2) */
    list_remove(&s->waiting, q);
    q->kv = slot;
    q->state = SEQUENCE_RUNNING;
    list_insert(&s->running, q);
}

/* Give up the slot, whatever was planned, and what came of the last plan. */
static void stop_running(struct scheduler *s, struct sequence *q)
{
    assert(q->state == SEQUENCE_RUNNING && q->kv >= 0); /* (2) */
    assert(!q->aside);                                  /* (7) */
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

static void preempt(struct scheduler *s, struct sequence *q)
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
    assert(v->users >= r->n_live && r->leader == NULL); /* (6) */
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
    assert(kv_cache_tokens(s->kv, slot) >= to->request->n_prompt); /* (3) */
    run(s, to, slot);
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

/* ---- the plan ---- */

/* May it be in a plan beside the one that was put aside? */
static bool is_beside(const struct scheduler *s, const struct request *r)
{
    int i = 0;
    while (i < s->parts.n && s->parts.of[i].client != r->client) {
        i++;
    }
    return i == s->parts.n && r->priority <= s->aside[0]->request->priority;
}

/* The first sample from q on, in its list, that the plan is about; NULL: none. */
static struct sequence *planned(const struct scheduler *s, struct sequence *q)
{
    while (q != NULL &&
           (q->request->version != s->version || (s->beside && !is_beside(s, q->request)))) {
        q = q->next;
    }
    return q;
}

static int pending(const struct scheduler *s, const struct sequence *q)
{
    return sequence_length(q) - kv_cache_tokens(s->kv, q->kv);
}

/* Reserve n tokens for q, if need be at the cost of those after it, at last of q itself; beside a plan, if
 * they are free. */
static bool reserve(struct scheduler *s, struct sequence *q, int n)
{
    if (s->beside) return kv_cache_reserve(s->kv, q->kv, n);
    while (!kv_cache_reserve(s->kv, q->kv, n)) {
        struct sequence *newest = s->running.last;
        assert(newest != s->running.first); /* (4) */
        preempt(s, newest);
        if (newest == q) return false;
    }
    return true;
}

/* Does it take part in this plan with its next token? */
static bool has_share(struct scheduler *s, const struct sequence *q)
{
    struct share *own = s->shares.cut ? shares_find(&s->shares, q->request->client) : NULL;
    return own == NULL || shares_takes(own, s->version->cuts);
}

/* Every running sample with one pending token, or as many of a client's as are its share. */
static void plan_decodes(struct scheduler *s)
{
    struct sequence *next;
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, next)) {
        bool decodes = pending(s, q) == 1;
        if (decodes && has_share(s, q) && reserve(s, q, 1)) q->n_run = 1;
        next = q->state == SEQUENCE_RUNNING ? q->next : NULL; /* preempted: it was the last */
    }
}

/* Tokens that one run of q can still take: they must lie together. */
static int extent(const struct scheduler *s, const struct sequence *q)
{
    int n;
    sequence_tokens(q, kv_cache_tokens(s->kv, q->kv), &n);
    return n;
}

/* What q gets of the budget: all it wants, but only half of what is left while others are behind
 * it, so that a short prompt need not wait for a long one. */
static int share_of(const struct scheduler *s, int wanted, bool others)
{
    int most = others && s->budget > 2 * KV_BLOCK ? s->budget / 2 : s->budget;
    return wanted < most ? wanted : most;
}

/* Of n prompt tokens those that are in the share of q's client, from which they are taken. */
static int take_share(struct scheduler *s, const struct sequence *q, int n)
{
    struct share *own = s->shares.cut ? shares_find(&s->shares, q->request->client) : NULL;
    if (own == NULL) return n;
    if (n > own->may_read) n = own->may_read;
    own->may_read -= n;
    return n;
}

static void plan_prefill(struct scheduler *s, struct sequence *q, bool others)
{
    int n = take_share(s, q, share_of(s, extent(s, q), others));
    if (n == 0 || !reserve(s, q, n)) return;
    q->n_run = n;
    s->budget -= n;
}

static void plan_prefills(struct scheduler *s)
{
    struct sequence *next;
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, next)) {
        if (pending(s, q) > 1) plan_prefill(s, q, q != s->running.last || s->waiting.n > 0);
        next = q->state == SEQUENCE_RUNNING ? q->next : NULL;
    }
}

/* Hand out what the halves left over, oldest first. */
static void plan_rest(struct scheduler *s)
{
    struct sequence *q = planned(s, s->running.first);
    for (; q != NULL && s->budget > 0; q = planned(s, q->next)) {
        int more = q->n_run == 0 ? 0 : extent(s, q) - q->n_run;
        if (more > s->budget) more = s->budget;
        if (more > 0) more = take_share(s, q, more);
        if (more <= 0 || !kv_cache_reserve(s->kv, q->kv, q->n_run + more)) continue;
        q->n_run += more;
        s->budget -= more;
    }
}

/* ---- admission ---- */

static int blocks_for(int n_tokens)
{
    return (n_tokens + KV_BLOCK - 1) / KV_BLOCK;
}

/* Blocks that the running samples will take for the tokens they have, and one more each. */
static int promised(const struct scheduler *s)
{
    int n = 0;
    for (const struct sequence *q = s->running.first; q != NULL; q = q->next) {
        int computed = kv_cache_tokens(s->kv, q->kv) + q->n_run;
        n += blocks_for(sequence_length(q)) - blocks_for(computed) + 1;
    }
    return n;
}

/* Tokens that two samples have in common at their beginning, whole blocks only. */
static int common(const struct sequence *a, const struct sequence *b, int n)
{
    int same = 0;
    while (same < n) {
        int na, nb;
        const int *pa = sequence_tokens(a, same, &na), *pb = sequence_tokens(b, same, &nb);
        int here = na < nb ? na : nb;
        if (here > n - same) here = n - same;
        for (int i = 0; i < here; i++) {
            if (pa[i] != pb[i]) return (same + i) / KV_BLOCK * KV_BLOCK;
        }
        same += here;
    }
    return same / KV_BLOCK * KV_BLOCK;
}

/* A running sample is about to compute blocks that q, which has found `found` tokens, could share. */
static bool worth_waiting(const struct scheduler *s, const struct sequence *q, int found)
{
    if (!s->o.prefix_cache || request_wants_prompt(q->request)) return false;
    for (const struct sequence *o = s->running.first; o != NULL; o = o->next) {
        int lo = sequence_length(o), lq = sequence_length(q) - 1;
        if (!space_equal(&o->request->space, &q->request->space) || pending(s, o) <= 1) continue;
        if (common(o, q, lo < lq ? lo : lq) > found) return true;
    }
    return false;
}

/* Attach what the cache knows of q's tokens; the last one is always computed, for its logits. */
static int find_prefix(struct scheduler *s, const struct sequence *q, int slot)
{
    int tokens[KV_BLOCK], n = 0;
    if (request_wants_prompt(q->request)) return 0;
    while (n + KV_BLOCK < sequence_length(q)) {
        sequence_copy(q, n, KV_BLOCK, tokens);
        if (!kv_cache_match(s->kv, slot, tokens)) break;
        n += KV_BLOCK;
    }
    return n;
}

static void admit(struct scheduler *s, struct sequence *q, int slot, int found)
{
    run(s, q, slot);
    assert(q->request->leader == NULL); /* (3) */
    if (found < q->request->n_prompt) q->request->leader = q;
    if (q->n_cached < 0) {
        q->n_cached = found < q->request->n_prompt ? found : q->request->n_prompt;
        s->cached_tokens += (uint64_t)found;
    }
}

enum admission { ADMITTED, FOLLOWS, SHARES, FULL };

static enum admission try_admit(struct scheduler *s, struct sequence *q)
{
    if (q->request->leader != NULL) return FOLLOWS; /* will be forked */
    int slot = kv_cache_open(s->kv, &q->request->space);
    if (slot < 0) return FULL;
    int found = find_prefix(s, q, slot);
    if (worth_waiting(s, q, found)) {
        kv_cache_close(s->kv, slot);
        return SHARES;
    }
    int need = blocks_for(sequence_length(q) + 1) - blocks_for(found);
    if (s->running.n > 0 && need + promised(s) > kv_cache_available(s->kv)) {
        kv_cache_close(s->kv, slot);
        return FULL;
    }
    admit(s, q, slot, found);
    return ADMITTED;
}

static void plan_admissions(struct scheduler *s)
{
    struct sequence *next;
    int skips = 0;
    for (struct sequence *q = s->waiting.first; q != NULL && s->budget > 0; q = next) {
        if (q->request->version != s->version) return; /* its turn comes: nobody overtakes it */
        next = q->next;
        if (s->beside && !is_beside(s, q->request)) continue;
        enum admission a = try_admit(s, q);
        if (a == FULL || (a == SHARES && ++skips == MAX_SKIPS)) return;
        if (a == ADMITTED) plan_prefill(s, q, next != NULL);
    }
}

/* ---- guesses ---- */

/* How many samples of the version run, where every one of them computes its last token; else 0. A run that
 * computes again what was put back may have as many rows, and nothing follows those. */
static int only_decodes(const struct scheduler *s)
{
    int n = 0;
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, q->next)) {
        if (q->n_run != 1 || pending(s, q) != 1) return 0;
        n++;
    }
    return n;
}

/* How many of n guesses the form of q's output allows. */
static int fitting(const struct scheduler *s, const struct sequence *q, const int *draft, int n)
{
    struct form_cursor form = q->form;
    bool skip_special = q->request->sampling.skip_special_tokens;
    int i = 0;
    if (form.form == NULL) return n;
    while (i < n && form_accept(s->o.vocabulary, &form, draft[i], skip_special)) {
        i++;
    }
    return i;
}

/* The tokens that follow from the form, or from the text itself, or that the prediction layer
 * guesses; how many. */
static int find_drafts(struct sequence *q, const struct form_vocabulary *v, int *draft, int room)
{
    const struct request *r = q->request;
    int n = form_forced(v, &q->form, draft, room);
    q->forced = n > 0;
    q->guessed = false;
    if (q->forced) return n;
    n = speculate_draft(&q->speculation, r->prompt, r->n_prompt, q->output, q->n_output, room,
                        draft);
    bool guess = q->guess >= 0 && room > 0 && !speculate_pauses(&q->guessing);
    q->guessed = guess && (n == 0 || draft[0] != q->guess);
    if (q->guessed) { /* a model knows better than its text; where they agree, the text goes further */
        draft[0] = q->guess;
        n = 1;
    }
    return n;
}

static void plan_drafts_of(struct scheduler *s, struct sequence *q, int room)
{
    int left = q->request->limit - sequence_length(q) - 1; /* beyond the token drawn anyway */
    int *draft = q->output + q->n_output;
    int n = find_drafts(q, s->o.vocabulary, draft, room < left ? room : left);
    n = fitting(s, q, draft, n);
    if (n == 0 || !kv_cache_reserve(s->kv, q->kv, 1 + n)) return;
    q->n_drafts = n;
    q->n_run += n;
    s->drafts++;
    s->drafted_tokens += (uint64_t)n;
}

/* Guess only where more rows are nearly free: in a small batch of decodes. */
static void plan_drafts(struct scheduler *s)
{
    int n = s->o.speculate ? only_decodes(s) : 0;
    if (n == 0 || n >= CHEAP_ROWS) return;
    int room = (CHEAP_ROWS - n) / n;
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, q->next)) {
        bool may = q->n_output > 0 && !sequence_counts_thoughts(q); /* counts see no guesses */
        if (may) plan_drafts_of(s, q, room < SPECULATE_MAX ? room : SPECULATE_MAX);
        q->guess = -1;
    }
}

/* ---- taking turns ---- */

static void try_version(const struct scheduler *s, const struct sequence *q,
                        struct version **oldest)
{
    struct version *v = q->request->version;
    if (v->turn < s->turn && (*oldest == NULL || v->turn < (*oldest)->turn)) *oldest = v;
}

/* Of the versions with something to run that this turn has not tried, the one that has waited
 * longest; NULL: none. Of those that wait only the first may run next. */
static struct version *next_version(const struct scheduler *s)
{
    struct version *oldest = NULL;
    for (const struct sequence *q = s->running.first; q != NULL; q = q->next) {
        try_version(s, q, &oldest);
    }
    if (s->waiting.first != NULL) try_version(s, s->waiting.first, &oldest);
    return oldest;
}

/* Prompt tokens of a step: those that decode wait for all of it, whichever version's it is. */
static int prompt_budget(const struct scheduler *s)
{
    int decoding = 0, most = s->o.step_tokens;
    for (const struct sequence *q = s->running.first; q != NULL; q = q->next) {
        decoding += pending(s, q) == 1;
    }
    int beside = decoding * BESIDE_ONE > BESIDE_LEAST ? decoding * BESIDE_ONE : BESIDE_LEAST;
    return decoding == 0 || most < beside ? most : beside;
}

/* Rows that the samples of this list could use; of those that wait the first few, where there is room for them. */
static void count_rows(struct scheduler *s, struct sequence *first, bool waits)
{
    int room = kv_cache_available(s->kv) - (waits ? promised(s) : 0), seen = 0;
    for (struct sequence *q = planned(s, first); q != NULL; q = planned(s, q->next)) {
        struct share *own = shares_find(&s->shares, q->request->client);
        int tokens = waits ? sequence_length(q) : pending(s, q);
        if (waits && q->request->leader != NULL) continue; /* will be forked */
        if (own == NULL || (waits && (seen++ == MAX_SKIPS || blocks_for(tokens + 1) > room)))
            return;
        if (waits || tokens > 1) {
            own->prompts += tokens < s->o.step_tokens ? tokens : s->o.step_tokens;
        } else {
            own->decodes++;
        }
    }
}

/* Rows that cost as much as a step without any, by what the samples that run attend to; below 0: nobody knows. */
static double idle_rows(const struct scheduler *s)
{
    double reach = 0, n = 0;
    for (const struct sequence *q = s->running.first; q != NULL; q = q->next) {
        reach += kv_cache_tokens(s->kv, q->kv);
        n++;
    }
    double row_s = s->prices.row_s + (n > 0 ? reach / n : 0) * s->prices.reach_s;
    return row_s > 0 ? s->prices.step_s / row_s : -1;
}

/* Who may have how many rows. */
static void divide(struct scheduler *s)
{
    s->shares.n = 0;
    s->shares.overflows = s->shares.cut = false;
    count_rows(s, s->running.first, false);
    if (s->running.n < s->o.max_running) count_rows(s, s->waiting.first, true);
    if (s->shares.n < 2) return;
    shares_divide(&s->shares, idle_rows(s));
    s->version->cuts += s->shares.cut;
}

/* Plan a step of s->version. Returns how many samples take part: none when all of it waits for blocks. */
static int plan_version(struct scheduler *s)
{
    int n = 0;
    s->budget = prompt_budget(s);
    s->preempted = false;
    for (struct sequence *q = s->running.first; q != NULL; q = q->next) {
        if (!q->aside) q->n_run = q->n_drafts = q->n_accepted = 0;
    }
    divide(s);
    plan_decodes(s);
    plan_prefills(s);
    if (!s->preempted) plan_admissions(s);
    plan_rest(s);
    plan_drafts(s);
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, q->next)) {
        if (q->n_run > 0) s->runs[n++] = q;
        assert(n == 0 || q->request->version == s->runs[0]->request->version); /* (5) */
        assert(!q->aside);                                                     /* (7) */
    }
    s->n_planned = n;
    return n;
}

int scheduler_plan(struct scheduler *s, struct sequence *const **runs)
{
    int n = 0;
    assert(s->n_aside == 0); /* (7) */
    *runs = s->runs;
    s->turn++;
    while (n == 0 && (s->version = next_version(s)) != NULL) {
        s->version->turn = s->turn;
        n = plan_version(s);
    }
    return n;
}

/* ---- a plan that is put aside ---- */

/* The rows of each client in the plan. Returns how many all have. */
static double count_parts(const struct scheduler *s, struct shares *parts)
{
    double rows = 0;
    for (int i = 0; i < s->n_planned; i++) {
        struct share *own = shares_find(parts, s->runs[i]->request->client);
        if (own != NULL) own->prompts += s->runs[i]->n_run;
        rows += s->runs[i]->n_run;
    }
    return rows;
}

bool scheduler_waits_for(const struct scheduler *s, const struct request *r)
{
    struct shares parts = {0};
    if (s->n_planned == 0 || r->priority > s->runs[0]->request->priority) return false;
    for (int i = 0; i < s->n_planned; i++) {
        if (s->runs[i]->request->client == r->client) return false;
    }
    double idle = idle_rows(s), rows = count_parts(s, &parts);
    int wanted = r->n_prompt < s->o.step_tokens ? r->n_prompt : s->o.step_tokens;
    struct share *own = shares_find(&parts, r->client);
    if (own == NULL || idle + rows <= LONG_STEP * (idle + wanted)) return false;
    own->prompts = wanted;
    shares_divide(&parts, idle);
    for (int i = 0; parts.cut && i < parts.n; i++) {
        if (&parts.of[i] != own && parts.of[i].may_read != INT_MAX) return true;
    }
    return false;
}

void scheduler_put_aside(struct scheduler *s)
{
    assert(s->n_aside == 0 && s->n_planned > 0); /* (7) */
    s->parts = (struct shares){0};
    count_parts(s, &s->parts);
    for (int i = 0; i < s->n_planned; i++) {
        s->aside[i] = s->runs[i];
        s->aside[i]->aside = true;
    }
    s->n_aside = s->n_planned;
}

/* The version of the first sample of this list that may be in a plan beside. */
static struct version *version_beside(const struct scheduler *s, const struct sequence *q)
{
    while (q != NULL && !is_beside(s, q->request)) {
        q = q->next;
    }
    return q == NULL ? NULL : q->request->version;
}

int scheduler_plan_beside(struct scheduler *s, struct sequence *const **runs)
{
    assert(s->n_aside > 0 && !s->parts.overflows); /* (7) */
    *runs = s->runs;
    s->version = version_beside(s, s->running.first);
    if (s->version == NULL) s->version = version_beside(s, s->waiting.first);
    if (s->version == NULL) return 0;
    s->beside = true;
    int n = plan_version(s);
    s->beside = false;
    return n;
}

int scheduler_go_on(struct scheduler *s, struct sequence *const **runs)
{
    int n = s->n_aside;
    for (int i = 0; i < n; i++) {
        s->runs[i] = s->aside[i];
        s->runs[i]->aside = false;
    }
    s->n_planned = n;
    s->n_aside = 0;
    *runs = s->runs;
    return n;
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
