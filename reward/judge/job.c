/* reward/judge/job.c - a job's life: made, started, told of its end, freed.
 *
 * The starting thread scores every item's first round; parts that defer go to the workers
 * meanwhile. When the last item is home the job has ended. Its later rounds (rounds.c) are then
 * gone through by the starting thread when nothing was deferred, else by whoever first asks for
 * the outcome, so that the dispatcher thread never does more than copy an answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "reward/row/limits.h"

/* ---- making and freeing ------------------------------------------------------------------------- */

static void on_home(struct run *run, struct scored *s);

struct judge_job *job_new(struct judge *judge, const struct job_order *o, struct error *err)
{
    struct judge_job *job = mem_new(1, sizeof(*job), err);
    if (job == NULL) {
        cJSON_Delete(o->body);
        cJSON_Delete(o->request);
        return NULL;
    }
    job->run = (struct run){.judge = judge, .home = on_home};
    job->run.may_be_refused = !o->lines;
    job->judge = judge;
    job->form = o->form;
    job->body = o->body;
    job->request = o->request;
    job->bare_paths = o->lines;
    job->specs.teller = -1;
    buffer_init(&job->texts, REWARD_JOB_BYTES);
    job->arena = arena_new(REWARD_JOB_BYTES);
    bool ok = job->arena != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    if (ok && request_bind(job, job->request != NULL ? job->request : job->body, err)) return job;
    judge_job_free(job);
    return NULL;
}

void judge_job_free(struct judge_job *job)
{
    if (job == NULL) return;
    assert(atomic_load(&job->pending) == 0); /* (2): it was not started, or has ended */
    for (size_t i = 0; i < job->n; i++) {
        scored_clear(&job->items[i].scored);
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

struct span job_text(const struct judge_job *job, struct text_ref ref)
{
    assert(ref.at + ref.n <= job->texts.n || job->texts.failed);
    return span_of(ref.n > 0 ? job->texts.p + ref.at : NULL, ref.n);
}

/* ---- judging ------------------------------------------------------------------------------------ */

/* n items less away, or the starting thread done: the last one ends the job. */
static void release(struct judge_job *job, size_t n)
{
    size_t left = atomic_fetch_sub(&job->pending, n);
    assert(left >= n); /* (2) */
    if (left > n) return;
    job->took_ns = clock_ns() - job->begun_ns;
    job->done(job->done_arg, job);
}

static void on_home(struct run *run, struct scored *s)
{
    struct judge_job *job = (struct judge_job *)run;
    const struct job_item *it = (const struct job_item *)s;
    assert(it >= job->items && it < job->items + job->n); /* (1) */
    release(job, 1);
}

/* The first round of every item. How many are home. */
static size_t score_items(struct judge_job *job, struct desk *d)
{
    size_t home = 0;
    for (size_t i = 0; i < job->n; i++) {
        struct scored *s = &job->items[i].scored;
        bool due = s->error == NULL && atomic_load(&job->run.refused_s) == 0 &&
                   !atomic_load(&job->run.cancelled);
        home += !due || scored_first(s, d);
    }
    return home;
}

void judge_job_start(struct judge_job *job, void (*done)(void *arg, struct judge_job *job),
                     void *arg)
{
    struct desk d;
    size_t home = job->n;
    assert(job->begun_ns == 0); /* started once */
    job->done = done;
    job->done_arg = arg;
    job->begun_ns = clock_ns();
    atomic_store(&job->pending, job->n + 1);
    atomic_fetch_add(&job->judge->jobs, 1);
    if (desk_init(&d)) {
        home = score_items(job, &d);
    } else {
        job->failed = true;
    }
    desk_clear(&d);
    assert(home <= job->n); /* (2) */
    if (judge_job_refused_s(job) > 0) judge_job_cancel(job);
    if (home == job->n) job_settle(job);
    release(job, home + 1);
}

void judge_job_set_client(struct judge_job *job, uint64_t client)
{
    run_set_client(&job->run, client);
}

int judge_job_refused_s(const struct judge_job *job)
{
    return atomic_load(&job->run.refused_s);
}

void judge_job_cancel(struct judge_job *job)
{
    atomic_store(&job->run.cancelled, true);
    dispatch_wake(job->judge->dispatch);
}

/* ---- the outcome -------------------------------------------------------------------------------- */

size_t judge_job_count(const struct judge_job *job)
{
    return job->n;
}

struct judge_result judge_job_result(struct judge_job *job, size_t i)
{
    job_settle(job);
    const struct scored *s = &job->items[i].scored;
    return (struct judge_result){.has_reward = s->has_reward,
                                 .reward = s->reward,
                                 .has_advantage = job->method != ADVANTAGE_NONE,
                                 .advantage = s->advantage,
                                 .keep = s->keep,
                                 .error = s->error};
}

/* Whether an item could not be judged for want of memory. */
static bool lacks_memory(const struct judge_job *job)
{
    for (size_t i = 0; i < job->n; i++) {
        if (scored_lacks_memory(&job->items[i].scored)) return true;
    }
    return false;
}

bool judge_job_reply(struct judge_job *job, struct buffer *out)
{
    job_settle(job);
    if (job->failed || job->texts.failed) {
        out->failed = true;
        out->no_memory = job->failed || job->texts.no_memory;
        return false;
    }
    mem_forget();
    job->form->reply(job, out);
    if (mem_ran_out() || (!job->form->knows_null && lacks_memory(job))) buffer_no_memory(out);
    return !out->failed;
}
