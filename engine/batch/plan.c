/* engine/batch/plan.c - which rows the next step computes; see scheduler_impl.h for what holds.
 *
 * A plan is made for one version of the weights, whose turn it is: first every running sample with one pending token,
 * then prompts, oldest first, up to the budget, then those that wait and can begin (admit.c), and guesses where
 * rows are nearly free. Where several clients have work, shares.h says how many rows each may have.
 *
 * A step that is being computed can be put aside, with its plan; plans of clients that have no part in it are then
 * made beside it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/scheduler_impl.h"

#include <assert.h>
#include <limits.h>

#include "engine/sample/form/vocabulary.h"

enum {
    /* Prompt tokens beside samples that decode: so many for each of those, so many at least. A step
     * then takes at most about three times as long as one of decodes alone (above 32 of them), and
     * nothing is lost: a row costs as much in a chunk of 64 as in one of 512. */
    BESIDE_ONE = 2,
    BESIDE_LEAST = 4 * KV_BLOCK,
    /* A step is put aside that takes more than so many times what the newcomer's first one would. */
    LONG_STEP = 2
};

/* ---- rows ---- */

bool plan_is_beside(const struct scheduler *s, const struct request *r)
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
           (q->request->version != s->version || (s->beside && !plan_is_beside(s, q->request)))) {
        q = q->next;
    }
    return q;
}

/* Reserve n tokens for q, if need be at the cost of those after it, at last of q itself; beside a plan, if
 * they are free. */
static bool reserve(struct scheduler *s, struct sequence *q, int n)
{
    if (s->beside) return kv_cache_reserve(s->kv, q->kv, n);
    while (!kv_cache_reserve(s->kv, q->kv, n)) {
        struct sequence *newest = s->running.last;
        assert(newest != s->running.first); /* scheduler_impl.h (4) */
        scheduler_preempt(s, newest);
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
        bool decodes = scheduler_pending(s, q) == 1;
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

void plan_prefill(struct scheduler *s, struct sequence *q, bool others)
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
        bool others = q != s->running.last || s->waiting.n > 0;
        if (scheduler_pending(s, q) > 1) plan_prefill(s, q, others);
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

/* ---- guesses ---- */

/* How many samples of the version run, where every one of them computes its last token; else 0. A run that
 * computes again what was put back may have as many rows, and nothing follows those. */
static int only_decodes(const struct scheduler *s)
{
    int n = 0;
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, q->next)) {
        if (q->n_run != 1 || scheduler_pending(s, q) != 1) return 0;
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
        decoding += scheduler_pending(s, q) == 1;
    }
    int beside = decoding * BESIDE_ONE > BESIDE_LEAST ? decoding * BESIDE_ONE : BESIDE_LEAST;
    return decoding == 0 || most < beside ? most : beside;
}

/* Rows that the samples of this list could use; of those that wait the first few, where there is room for them. */
static void count_rows(struct scheduler *s, struct sequence *first, bool waits)
{
    int room = kv_cache_available(s->kv) - (waits ? admit_promised(s) : 0), seen = 0;
    for (struct sequence *q = planned(s, first); q != NULL; q = planned(s, q->next)) {
        struct share *own = shares_find(&s->shares, q->request->client);
        int tokens = waits ? sequence_length(q) : scheduler_pending(s, q);
        if (waits && q->request->leader != NULL) continue; /* will be forked */
        if (own == NULL || (waits && (seen++ == MAX_SKIPS || admit_blocks(tokens + 1) > room)))
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
    if (!s->preempted) admit_waiting(s);
    plan_rest(s);
    plan_drafts(s);
    for (struct sequence *q = planned(s, s->running.first); q != NULL; q = planned(s, q->next)) {
        if (q->n_run > 0) s->runs[n++] = q;
        assert(n == 0 || q->request->version == s->runs[0]->request->version); /* scheduler_impl.h (5) */
        assert(!q->aside); /* scheduler_impl.h (7) */
    }
    s->n_planned = n;
    return n;
}

int scheduler_plan(struct scheduler *s, struct sequence *const **runs)
{
    int n = 0;
    assert(s->n_aside == 0); /* scheduler_impl.h (7) */
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
    assert(s->n_aside == 0 && s->n_planned > 0); /* scheduler_impl.h (7) */
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
    while (q != NULL && !plan_is_beside(s, q->request)) {
        q = q->next;
    }
    return q == NULL ? NULL : q->request->version;
}

int scheduler_plan_beside(struct scheduler *s, struct sequence *const **runs)
{
    assert(s->n_aside > 0 && !s->parts.overflows); /* scheduler_impl.h (7) */
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
