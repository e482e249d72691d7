/* server/routes/verify.c - POST /verify with a JSON body: one batch in, one reply out.
 *
 *   loop        thread pool                judge
 *   handle ---> parse, check, start -----> items that need a worker
 *   judged <------------------------------ all have a verdict
 *          ---> print the reply
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/verify.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/json.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/routes/routes.h"

struct verify {
    _Atomic(struct judge_job *) job; /* set once it runs */
    atomic_bool gone;
    bool any_dialect; /* the body tells; else it is: */
    enum judge_dialect dialect;
    uint64_t client;
};

static void dispose(struct exchange *x)
{
    struct verify *v = x->state;
    judge_job_free(atomic_load(&v->job));
}

/* The job may run, be about to, or just have ended: cancelling is harmless in each case. */
static void stop(struct exchange *x)
{
    struct verify *v = x->state;
    atomic_store(&v->gone, true);
    struct judge_job *job = atomic_load(&v->job);
    if (job != NULL) judge_job_cancel(job);
}

static void on_done(void *arg, struct judge_job *job)
{
    (void)job;
    exchange_keep(arg);
}

static struct judge_job *read_job(struct exchange *x, const struct verify *v)
{
    cJSON *body = exchange_parse(x, &x->error);
    if (body == NULL) return NULL;
    if (!cJSON_IsObject(body)) {
        error_set(&x->error, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                  json_type_name(body));
        cJSON_Delete(body);
        return NULL;
    }
    enum judge_dialect dialect = v->any_dialect ? judge_dialect_of(body) : v->dialect;
    return judge_job_new(x->server->judge, dialect, body, &x->error);
}

static void work_judge(struct exchange *x)
{
    struct verify *v = x->state;
    struct judge_job *job = read_job(x, v);
    assert(atomic_load(&v->job) == NULL); /* one a request */
    if (job == NULL) return;
    exchange_promise(x);
    atomic_store(&v->job, job);
    judge_job_set_client(job, v->client);
    judge_job_start(job, on_done, x);
    if (atomic_load(&v->gone)) judge_job_cancel(job);
}

static void work_reply(struct exchange *x)
{
    const struct verify *v = x->state;
    assert(atomic_load(&v->job) != NULL);
    if (!judge_job_reply(atomic_load(&v->job), &x->reply)) x->reply.failed = true;
}

void verify_refuse(struct exchange *x, int wait_s)
{
    error_set(&x->error, ERROR_QUEUE_FULL, NULL,
              "a verifier process is expected to be free in %d s", wait_s);
    x->error.retry_s = wait_s;
}

static void judged(struct exchange *x)
{
    const struct verify *v = x->state;
    struct judge_job *job = atomic_load(&v->job);
    if (job == NULL || x->gone) {
        exchange_finish(x);
        return;
    }
    int wait_s = judge_job_refused_s(job);
    if (wait_s > 0) {
        verify_refuse(x, wait_s);
        exchange_finish(x);
        return;
    }
    x->facts.items = judge_job_count(job);
    exchange_offload(x, WORK_LIGHT, work_reply, exchange_finish);
}

static void handle(struct exchange *x, bool any_dialect, enum judge_dialect dialect)
{
    static const struct exchange_kind kind = {.stop = stop, .dispose = dispose};
    struct verify *v = exchange_state(x, sizeof(*v), &kind);
    if (v == NULL) return;
    v->any_dialect = any_dialect;
    v->dialect = dialect;
    v->client = exchange_client(x);
    exchange_offload(x, WORK_HEAVY, work_judge, judged);
}

void verify_handle(struct exchange *x)
{
    if (x->ndjson) {
        verify_stream_handle(x);
    } else {
        handle(x, true, JUDGE_NATIVE);
    }
}

/* OpenRLHF's remote reward model, slime's: the same judge behind their request and reply. */

void verify_openrlhf_handle(struct exchange *x)
{
    handle(x, false, JUDGE_OPENRLHF);
}

void verify_slime_handle(struct exchange *x)
{
    handle(x, false, JUDGE_SLIME);
}
