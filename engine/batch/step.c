/* engine/batch/step.c - see step.h.
 *
 * A step's work after the forward pass is a list of jobs in order of rows, of some kind each (the
 * table job_kinds): draw a token for a sample, score a prompt token, end a request that wants no
 * tokens, take a hidden state into an embedding. They are done in batches: logits of their rows, all jobs on the pool, then the results
 * one by one. A job whose sample ended, or whose guess before it was wrong, has no result.
 *
 *   WHOLE --comes()--> ASIDE --nothing beside it, or its time is up--> WHOLE
 *
 * Invariants
 *   (1) While a step is ASIDE nothing of it has been committed, and steps beside it are not put aside.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/step.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/batch/pace.h"

enum job_kind {
    JOB_DRAW,  /* the token after the row's */
    JOB_SCORE, /* the prompt's token after the row's */
    JOB_POOL,  /* the row's hidden state, for an embedding */
    JOB_END    /* of a request whose prompt is all it wanted */
};

/* Something to do with a row that has been computed. */
struct step_job {
    enum job_kind kind;
    struct sequence *seq;
    int row;       /* of the step */
    int guesses;   /* drafts that come before the drawn token: it counts only if they were right */
    int position;  /* JOB_SCORE: of the prompt's token; JOB_POOL: the row's */
    bool refused;  /* JOB_SCORE: the form has refused the prompt before it */
    int logits_at; /* which of the batch's logits */
    bool ok;
    struct draw draw; /* JOB_DRAW; its form: JOB_SCORE too */
};

/* Rows, and the tokens that they attend to, all together. */
struct size {
    double rows, reach;
};

struct step {
    struct step_parts p;
    struct forward_run *runs;   /* [max_running] */
    int *next;                  /* [max_rows] tokens that follow the rows' own, for guessing */
    int *first_row;             /* [max_running] */
    int *guesses;               /* [max_running] */
    struct sequence **guessers; /* [max_running] */
    struct step_job *jobs;      /* [max_rows + max_running] */
    int n_jobs;
    float *logits;          /* [STEP_LOGITS, n_vocab] */
    struct token_prob *top; /* [STEP_LOGITS, LOGPROBS_MAX] */
    float *hidden;          /* [n_embd] of a row */
    int *support;           /* [STEP_LOGITS, SUPPORT_MAX] */
    struct step_job *batch; /* the jobs that the pool works on */
    uint64_t steps, put_aside, prompt_tokens, generated_tokens, accepted_tokens, busy_ns;
    struct pace pace;
    uint64_t ended_ns;        /* of the last step; 0: there was a rest since */
    bool (*comes)(void *arg); /* NULL: nobody listens */
    void *comes_arg;
    bool is_aside; /* a step is, of which is known: */
    struct size aside;
    uint64_t own_ns;    /* what it has taken so far, */
    uint64_t beside_ns; /* and what may still be spent on others */
};

struct step *step_new(const struct step_parts *parts, struct error *err)
{
    struct step *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    s->p = *parts;
    s->pace.reach_rows = parts->reach_rows;
    size_t n_jobs = (size_t)parts->max_rows + (size_t)parts->max_running;
    s->runs = mem_new((size_t)parts->max_running, sizeof(*s->runs), err);
    s->jobs = mem_new(n_jobs, sizeof(*s->jobs), err);
    s->top = mem_new((size_t)STEP_LOGITS * LOGPROBS_MAX, sizeof(*s->top), err);
    s->support = mem_new((size_t)STEP_LOGITS * SUPPORT_MAX, sizeof(*s->support), err);
    s->logits = mem_new_aligned((size_t)STEP_LOGITS * (size_t)parts->n_vocab, sizeof(float), err);
    s->next = mem_new((size_t)parts->max_rows, sizeof(int), err);
    s->first_row = mem_new((size_t)parts->max_running, sizeof(int), err);
    s->guesses = mem_new((size_t)parts->max_running, sizeof(int), err);
    s->guessers = mem_new((size_t)parts->max_running, sizeof(struct sequence *), err);
    s->hidden = mem_new((size_t)parts->n_embd + 1, sizeof(float), err);
    bool guesses = s->hidden && s->next && s->first_row && s->guesses && s->guessers;
    if (s->runs && s->jobs && s->top && s->support && s->logits && guesses) return s;
    step_free(s);
    return NULL;
}

void step_free(struct step *s)
{
    if (s == NULL) return;
    free(s->runs);
    free(s->hidden);
    free(s->next);
    free(s->first_row);
    free(s->guesses);
    free(s->guessers);
    free(s->jobs);
    free(s->logits);
    free(s->top);
    free(s->support);
    free(s);
}

/* ---- the list of jobs ---- */

static void add_draw(struct step *s, struct sequence *q, int row, int guesses)
{
    const struct request *r = q->request;
    s->jobs[s->n_jobs++] = (struct step_job){.kind = JOB_DRAW,
                                             .seq = q,
                                             .row = row,
                                             .guesses = guesses,
                                             .draw = {.sampling = &r->sampling,
                                                      .prompt = r->prompt,
                                                      .n_prompt = r->n_prompt,
                                                      .n_output = q->n_output + guesses,
                                                      .sample = q->sample}};
}

/* The last row of r's prompt is `row`, just computed for `by`: samples that wait for it get their own copy. */
static void fork_samples(struct step *s, struct sequence *by, int row)
{
    const struct request *r = by->request;
    for (int i = 0; i < r->n; i++) {
        struct sequence *q = &r->samples[i];
        if (q->state != SEQUENCE_WAITING || q->n_output > 0) continue;
        if (!scheduler_fork(s->p.scheduler, by, q)) return;
        add_draw(s, q, row, 0);
    }
}

/* The prompt is scored under its request's form. */
static bool scores_form(const struct request *r)
{
    return r->sampling.form != NULL && r->sampling.processed;
}

/* The prompt's form goes on by the token at a position: what begins the prompt without a text (a BOS)
 * is passed over. */
static void follow_prompt(const struct step *s, struct request *r, int position)
{
    const struct form_vocabulary *v = sampler_vocabulary(s->p.sampler);
    bool skip = r->sampling.skip_special_tokens;
    int id = r->prompt[position];
    if (position == 0) {
        form_cursor_begin(&r->scored, r->sampling.form);
        r->n_silent = 0;
        r->prompt_report->refused_at = -1;
    }
    if (r->prompt_report->refused_at >= 0) return;
    if (r->n_silent == position && form_is_silent(v, id, skip)) {
        r->n_silent++;
    } else if (!form_accept(v, &r->scored, id, skip)) {
        r->prompt_report->refused_at = position;
    }
}

/* Positions come in order, from 0 again when the sample was preempted: nothing of such a prompt
 * comes from the cache. */
static void add_scores(struct step *s, struct sequence *q, int row, int pos)
{
    struct request *r = q->request;
    int last = r->n_prompt - 1;
    if (scores_form(r) && pos == 0) follow_prompt(s, r, 0);
    for (int i = 0; i < q->n_run && pos + i < last; i++) {
        struct step_job *j = &s->jobs[s->n_jobs++];
        *j =
            (struct step_job){.kind = JOB_SCORE, .seq = q, .row = row + i, .position = pos + i + 1};
        if (!scores_form(r)) continue;
        j->refused = r->prompt_report->refused_at >= 0;
        j->draw.form = r->scored;
        follow_prompt(s, r, j->position);
    }
}

/* The positions of a run that count for its request's embedding. */
static void add_pools(struct step *s, struct sequence *q, int row, int pos)
{
    const struct request *r = q->request;
    for (int i = 0; i < q->n_run; i++) {
        bool counts = r->pooling == POOLING_MEAN || (r->pooling == POOLING_CLS && pos + i == 0) ||
                      (r->pooling == POOLING_LAST && pos + i == r->n_prompt - 1);
        if (!counts) continue;
        s->jobs[s->n_jobs++] =
            (struct step_job){.kind = JOB_POOL, .seq = q, .row = row + i, .position = pos + i};
    }
}

/* The jobs of a run whose first row is `row` and first position pos; its tokens but the drafts are committed. */
static void add_jobs(struct step *s, struct sequence *q, int row, int pos)
{
    const struct request *r = q->request;
    int known = q->n_run - q->n_drafts, end = pos + known;
    if (request_scores_prompt(r)) add_scores(s, q, row, pos);
    if (r->pooling != POOLING_NONE) add_pools(s, q, row, pos);
    if (r->limit == r->n_prompt) {
        if (end == r->n_prompt) {
            s->jobs[s->n_jobs++] =
                (struct step_job){.kind = JOB_END, .seq = q, .row = row + known - 1};
        }
        return;
    }
    for (int i = 0; end == sequence_length(q) && i <= q->n_drafts; i++) {
        add_draw(s, q, row + known - 1 + i, i);
    }
    if (end == r->n_prompt) fork_samples(s, q, row + known - 1);
}

/* ---- doing them ---- */

/* An earlier batch of this step has shown that the guesses before j were not all right. */
static bool is_void(const struct step_job *j)
{
    const struct sequence *q = j->seq;
    int drawn = q->n_output - (j->draw.n_output - j->guesses);
    return q->state != SEQUENCE_RUNNING || q->n_accepted < drawn;
}

/* The sample's form after the guesses that stand before j's token: a copy, to be thrown away. The
 * scheduler cuts guesses, so false says that the form has failed. */
static bool follow_guesses(const struct step *s, struct step_job *j)
{
    const struct sequence *q = j->seq;
    bool fits = true;
    assert(q->n_output <= j->draw.n_output);
    j->draw.form = q->form;
    for (int i = q->n_output; i < j->draw.n_output && fits; i++) {
        fits = form_accept(sampler_vocabulary(s->p.sampler), &j->draw.form, q->output[i],
                           j->draw.sampling->skip_special_tokens);
    }
    return fits;
}

static void draw(struct step *s, struct step_job *j, const float *logits, int task, int thread)
{
    if (is_void(j)) return;
    j->draw.must = sequence_must(j->seq);
    j->draw.logits = logits;
    j->draw.output = j->seq->output;
    j->draw.support = s->support + (size_t)task * SUPPORT_MAX;
    j->draw.top = s->top + (size_t)task * LOGPROBS_MAX;
    j->ok = follow_guesses(s, j) && sampler_draw(s->p.sampler, thread, &j->draw) &&
            form_accept(sampler_vocabulary(s->p.sampler), &j->draw.form, j->draw.token,
                        j->draw.sampling->skip_special_tokens);
}

/* The numbers go straight into the report. */
static void score(struct step *s, struct step_job *j, const float *logits, int task, int thread)
{
    const struct request *r = j->seq->request;
    struct event_prompt_room room = event_prompt_room(r->prompt_report, j->position);
    const struct scoring what = {.logits = logits,
                                 .id = r->prompt[j->position],
                                 .k = r->prompt_report->n_top,
                                 .ids = r->sampling.prompt_score_ids,
                                 .temperature = r->sampling.processed ? r->sampling.temperature : 0,
                                 .form = j->draw.form,
                                 .skip_special = r->sampling.skip_special_tokens};
    int k = what.k, n = 0;
    (void)task;
    if (j->refused) {
        *room.prob = (struct token_prob){.id = what.id, .logprob = -INFINITY};
        j->ok = !form_has_failed(r->sampling.form);
    } else {
        j->ok = sampler_score(s->p.sampler, thread, &what, room.prob, room.top, &n);
    }
    for (int i = n; j->ok && i < k; i++) {
        room.top[i] = (struct token_prob){.id = -1}; /* fewer have a probability */
    }
}

static void fail(struct step *s, struct request *r, const char *message)
{
    struct error why = {0};
    error_set(&why, ERROR_INTERNAL, NULL, "%s", message);
    deliver_failure(s->p.deliver, r, &why);
}

/* A guess was right: its row counts. */
static void accept_guess(struct step *s, struct sequence *q)
{
    q->n_accepted++;
    s->accepted_tokens++;
    scheduler_commit(s->p.scheduler, q, 1);
}

static void finish_draw(struct step *s, struct step_job *j)
{
    struct sequence *q = j->seq;
    int guess = j->guesses < q->n_drafts ? q->output[q->n_output] : -1;
    deliver_prompt(s->p.deliver, q->request);
    s->generated_tokens++;
    deliver_token(s->p.deliver, q, &j->draw);
    if (q->state == SEQUENCE_RUNNING && guess == j->draw.token) accept_guess(s, q);
}

/* Positions are summed in order, whatever the chunks are; from 0 again after a preemption. */
static void finish_pool(struct step *s, struct step_job *j)
{
    struct request *r = j->seq->request;
    s->p.runner.hidden(s->p.runner.self, j->row, s->hidden);
    bool first = r->pooling != POOLING_MEAN || j->position == 0;
    for (int i = 0; i < s->p.n_embd; i++) {
        r->pool[i] = (first ? 0 : r->pool[i]) + (double)s->hidden[i];
    }
}

static bool is_finite(const double *x, int n)
{
    int i = 0;
    while (i < n && isfinite(x[i])) {
        i++;
    }
    return i == n;
}

static void finish_end(struct step *s, struct step_job *j)
{
    const struct request *r = j->seq->request;
    if (r->embedding != NULL && !is_finite(r->pool, s->p.n_embd)) {
        fail(s, j->seq->request, "no embedding can be made: the hidden states are not finite");
        return;
    }
    deliver_prompt(s->p.deliver, j->seq->request);
    deliver_embedding(s->p.deliver, j->seq->request);
    deliver_end(s->p.deliver, j->seq->request, FINISH_LENGTH);
}

/* A further kind is a row. */
static const struct {
    /* On the pool, from the row's logits: fills the job. NULL: wants no logits. */
    void (*work)(struct step *s, struct step_job *j, const float *logits, int task, int thread);
    /* Afterwards, in order of jobs, when it succeeded. NULL: nothing. */
    void (*finish)(struct step *s, struct step_job *j);
} job_kinds[] = {
    [JOB_DRAW] = {draw, finish_draw},
    [JOB_SCORE] = {score, NULL},
    [JOB_POOL] = {NULL, finish_pool},
    [JOB_END] = {NULL, finish_end},
};

static void do_job(void *arg, int task, int thread)
{
    struct step *s = arg;
    struct step_job *j = &s->batch[task];
    j->ok = true;
    if (job_kinds[j->kind].work == NULL) return;
    const float *logits = s->logits + (size_t)j->logits_at * (size_t)s->p.n_vocab;
    job_kinds[j->kind].work(s, j, logits, task, thread);
}

static void finish_job(struct step *s, struct step_job *j)
{
    const struct sequence *q = j->seq;
    if (q->state != SEQUENCE_RUNNING || j->guesses != q->n_accepted) return;
    if (!j->ok && form_has_failed(q->form.form)) {
        deliver_form_failure(s->p.deliver, q->request);
    } else if (!j->ok) {
        fail(s, q->request,
             "no token can be chosen: the logits are not finite, or every token is excluded");
    } else if (job_kinds[j->kind].finish != NULL) {
        job_kinds[j->kind].finish(s, j);
    }
}

/* Do the jobs from `from` on, as many as one batch takes. Returns the first one not done. */
static int do_batch(struct step *s, int from)
{
    int rows[STEP_LOGITS] = {0}, n_rows = 0, to = from;
    for (; to < s->n_jobs && to - from < STEP_LOGITS; to++) {
        struct step_job *j = &s->jobs[to];
        if (job_kinds[j->kind].work == NULL) continue;
        if (n_rows == 0 || rows[n_rows - 1] != j->row) rows[n_rows++] = j->row;
        j->logits_at = n_rows - 1;
    }
    assert(n_rows <= STEP_LOGITS && to > from);
    if (n_rows > 0) s->p.runner.logits(s->p.runner.self, rows, n_rows, s->logits);
    s->batch = s->jobs + from;
    pool_run(s->p.pool, do_job, s, to - from);
    for (int i = from; i < to; i++) {
        finish_job(s, &s->jobs[i]);
    }
    return to;
}

/* ---- the step ---- */

/* What the plan computes, as the model takes it. */
static void list_runs(struct step *s, struct sequence *const *plan, int n)
{
    for (int i = 0; i < n; i++) {
        struct sequence *q = plan[i];
        int pos = kv_cache_tokens(s->p.kv, q->kv), there;
        s->runs[i] = (struct forward_run){.tokens = sequence_tokens(q, pos, &there),
                                          .n = q->n_run,
                                          .pos = pos,
                                          .blocks = kv_cache_table(s->p.kv, q->kv),
                                          .adapter = q->request->adapter};
        int known =
            q->n_run - q->n_drafts; /* guesses lie behind the last token, and nowhere else */
        assert(known <= there && (q->n_drafts == 0 || pos + known == sequence_length(q)));
    }
}

/* Commit what was computed and list what to do with it. */
static void collect(struct step *s, struct sequence *const *plan, int n)
{
    int row = 0;
    s->n_jobs = 0;
    for (int i = 0; i < n; i++) {
        struct sequence *q = plan[i];
        int pos = s->runs[i].pos, n_prompt = q->request->n_prompt;
        if (pos < n_prompt) {
            s->prompt_tokens += (uint64_t)q->n_run;
            deliver_progress(s->p.deliver, q, pos);
            deliver_progress(s->p.deliver, q, pos + q->n_run);
        }
        scheduler_commit(s->p.scheduler, q, q->n_run - q->n_drafts);
        add_jobs(s, q, row, pos);
        row += q->n_run;
    }
}

/* ---- guessing ---- */

/* The rows of run i that count, each with the token that came after it; how many. */
static int list_following(struct step *s, struct sequence *q, const struct forward_run *run, int at)
{
    int known = sequence_length(q) - run->pos - 1, n = run->n - q->n_drafts + q->n_accepted;
    if (n > known) n = known;
    if (n > 0) sequence_copy(q, run->pos + 1, n, s->next + at);
    return n;
}

/* Let the prediction layer see the step's rows, and keep its guess for samples that decode. The
 * runs of the step are overwritten by those of the guessing, which are no more. */
static void guess(struct step *s, struct sequence *const *plan, int n)
{
    int row = 0, at = 0, n_runs = 0;
    for (int i = 0; s->p.runner.guess != NULL && i < n; i++) {
        struct sequence *q = plan[i];
        struct forward_run run = s->runs[i];
        int count = q->state == SEQUENCE_RUNNING ? list_following(s, q, &run, at) : 0, first = row;
        row += run.n;
        if (count <= 0) continue;
        s->runs[n_runs] = (struct forward_run){.tokens = s->next + at,
                                               .n = count,
                                               .pos = run.pos,
                                               .blocks = kv_cache_table(s->p.kv, q->kv)};
        s->first_row[n_runs] = first;
        s->guessers[n_runs++] = q;
        at += count;
    }
    if (n_runs == 0) return;
    s->p.runner.guess(s->p.runner.self, s->runs, s->first_row, n_runs, s->logits, STEP_LOGITS,
                      s->guesses);
    for (int i = 0; i < n_runs; i++) {
        struct sequence *q = s->guessers[i];
        bool decodes = s->runs[i].pos + s->runs[i].n == sequence_length(q) - 1;
        q->guess = decodes ? s->guesses[i] : -1;
    }
}

static void learn(struct sequence *const *plan, int n)
{
    for (int i = 0; i < n; i++) {
        struct sequence *q = plan[i];
        struct speculation *of = q->guessed ? &q->guessing : &q->speculation;
        if (q->state == SEQUENCE_RUNNING && !q->forced)
            speculate_learn(of, q->n_drafts, q->n_accepted);
    }
}

static struct size size_of(const struct step *s, struct sequence *const *plan, int n)
{
    struct size size = {0};
    for (int i = 0; i < n; i++) {
        double more = plan[i]->n_run, before = kv_cache_tokens(s->p.kv, plan[i]->kv);
        size.rows += more;
        size.reach += more * (before + more / 2);
    }
    return size;
}

/* When the step began that was planned then: what lies between two that follow at once is the latter's. */
static uint64_t since(const struct step *s, uint64_t start)
{
    return s->ended_ns != 0 ? s->ended_ns : start;
}

/* All of its rows are computed. own_ns: what it has taken before that start. */
static void finish(struct step *s, struct sequence *const *plan, int n, struct size size,
                   uint64_t start, uint64_t own_ns)
{
    collect(s, plan, n);
    for (int at = 0; at < s->n_jobs;) {
        at = do_batch(s, at);
    }
    learn(plan, n);
    guess(s, plan, n);
    s->steps++;
    uint64_t now = clock_ns(), took = own_ns + (now - since(s, start));
    s->busy_ns += now - start;
    pace_note(&s->pace, size.rows, size.reach, (double)took * 1e-9);
    s->ended_ns = now;
}

static void put_aside(struct step *s, struct size size, uint64_t start)
{
    struct pace_prices p = pace_read(&s->pace);
    uint64_t now = clock_ns();
    scheduler_put_aside(s->p.scheduler);
    s->busy_ns += now - start;
    s->own_ns = now - since(s, start);
    s->beside_ns = (uint64_t)((p.step_s + size.rows * p.row_s + size.reach * p.reach_s) * 1e9);
    s->aside = size;
    s->ended_ns = now;
    s->is_aside = true;
    s->put_aside++;
}

static bool forward(struct step *s, struct sequence *const *plan, int n, bool (*leave)(void *arg))
{
    assert(leave == NULL || !s->is_aside); /* (1) */
    list_runs(s, plan, n);
    return s->p.runner.forward(s->p.runner.self, plan[0]->request->version->weights, s->runs, n,
                               leave, s->comes_arg);
}

/* A step of those who need not wait for the one that is put aside. False: there are none, or it is its turn. */
static bool run_beside(struct step *s, uint64_t start)
{
    struct sequence *const *plan;
    int n = s->beside_ns > 0 ? scheduler_plan_beside(s->p.scheduler, &plan) : 0;
    if (n == 0) return false;
    struct size size = size_of(s, plan, n);
    forward(s, plan, n, NULL);
    finish(s, plan, n, size, start, 0);
    uint64_t took = s->ended_ns - start;
    s->beside_ns -= took < s->beside_ns ? took : s->beside_ns;
    return true;
}

static void go_on(struct step *s, uint64_t start)
{
    struct sequence *const *plan;
    int n = scheduler_go_on(s->p.scheduler, &plan);
    s->is_aside = false;
    list_runs(s, plan, n);
    s->p.runner.resume(s->p.runner.self, s->runs, n);
    finish(s, plan, n, s->aside, start, s->own_ns);
}

bool step_run(struct step *s)
{
    struct sequence *const *plan;
    uint64_t start = clock_ns();
    struct pace_prices prices = pace_read(&s->pace);
    scheduler_price(s->p.scheduler, &prices);
    if (s->is_aside) {
        if (!run_beside(s, start)) go_on(s, start);
        return true;
    }
    int n = scheduler_plan(s->p.scheduler, &plan);
    if (n == 0) {
        step_rest(s);
        return false;
    }
    struct size size = size_of(s, plan, n);
    if (forward(s, plan, n, s->comes)) {
        finish(s, plan, n, size, start, 0);
    } else {
        put_aside(s, size, start);
    }
    return true;
}

void step_listen(struct step *s, bool (*comes)(void *arg), void *arg)
{
    s->comes = comes;
    s->comes_arg = arg;
}

bool step_is_aside(const struct step *s)
{
    return s->is_aside;
}

void step_rest(struct step *s)
{
    s->ended_ns = 0;
}

void step_stats(const struct step *s, struct engine_stats *out)
{
    out->steps = s->steps;
    out->put_aside = s->put_aside;
    out->prompt_tokens = s->prompt_tokens;
    out->generated_tokens = s->generated_tokens;
    out->accepted_tokens = s->accepted_tokens;
    out->busy_seconds = (double)s->busy_ns * 1e-9;
    out->prices = pace_read(&s->pace);
}
