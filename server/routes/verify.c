/* server/routes/verify.c - POST /verify with a JSON body: one batch in, one reply out.
 *
 *   loop          thread pool                judge
 *   handle -----> parse, check, start -----> items that need a worker
 *   delivered <---------- done (from the pool, or from the judge's thread)
 *   after <------ print the reply
 *
 * The exchange is held from handle to delivered, whatever its client does meanwhile. The news
 * that the job is done may overtake the news that the pool's work is: the reply is begun after
 * both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"
#include "server/routes/verify.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/json.h"
#include "server/http/exchange.h"
#include "server/state.h"

struct verify {
    struct message done; /* first: on_done gets it back */
    struct exchange *exchange;
    _Atomic(struct judge_job *) job; /* set once it runs */
    atomic_bool gone;
    bool any_dialect; /* the body tells; else it is: */
    enum judge_dialect dialect;
    int awaited; /* of the two news */
    struct buffer out;
    struct error error;
};

static void free_state(struct exchange *x)
{
    struct verify *v = x->state;
    judge_job_free(atomic_load(&v->job));
    buffer_clear(&v->out);
}

/* The job may run, be about to, or just have ended: cancelling is harmless in each case. */
static void on_gone(struct exchange *x)
{
    struct verify *v = x->state;
    atomic_store(&v->gone, true);
    struct judge_job *job = atomic_load(&v->job);
    if (job != NULL) judge_job_cancel(job);
}

static void on_done(void *arg, struct judge_job *job)
{
    struct verify *v = arg;
    (void)job;
    server_post(v->exchange->server, &v->done);
}

static void work_reply(struct exchange *x)
{
    struct verify *v = x->state;
    if (!judge_job_reply(atomic_load(&v->job), &v->out)) v->out.failed = true;
}

static void after_reply(struct exchange *x)
{
    struct verify *v = x->state;
    exchange_reply_json(x, &v->out);
}

static void go_on(struct verify *v)
{
    struct exchange *x = v->exchange;
    if (--v->awaited > 0) return;
    if (v->error.code != ERROR_NONE) {
        exchange_fail(x, &v->error);
        return;
    }
    x->facts.items = judge_job_count(atomic_load(&v->job));
    exchange_work(x, false, work_reply, after_reply);
}

static void delivered(struct message *m)
{
    struct verify *v = (struct verify *)m;
    if (exchange_release(v->exchange)) go_on(v);
}

/* Ends in exactly one server_post(): here when there is no job, else by on_done(). */
static void work_judge(struct exchange *x)
{
    struct verify *v = x->state;
    struct judge_job *job = NULL;
    cJSON *body = json_parse(buffer_span(&x->body), &v->error);
    if (body != NULL && !cJSON_IsObject(body)) {
        error_set(&v->error, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                  json_type_name(body));
        cJSON_Delete(body);
    } else if (body != NULL) {
        enum judge_dialect dialect = v->any_dialect ? judge_dialect_of(body) : v->dialect;
        job = judge_job_new(x->server->judge, dialect, body, &v->error);
    }
    if (job == NULL) {
        server_post(x->server, &v->done);
        return;
    }
    atomic_store(&v->job, job);
    judge_job_start(job, on_done, v);
    if (atomic_load(&v->gone)) judge_job_cancel(job);
}

static void after_judge(struct exchange *x)
{
    struct verify *v = x->state;
    if (!x->gone) go_on(v);
}

static void handle(struct exchange *x, bool any_dialect, enum judge_dialect dialect)
{
    struct verify *v = arena_alloc(x->arena, 1, sizeof(*v));
    if (v == NULL) {
        struct error err = {0};
        error_set(&err, ERROR_NO_MEMORY, NULL, "no memory for the request");
        exchange_fail(x, &err);
        return;
    }
    v->exchange = x;
    v->any_dialect = any_dialect;
    v->dialect = dialect;
    v->done.deliver = delivered;
    v->awaited = 2;
    buffer_init(&v->out, EXCHANGE_REPLY_BYTES);
    x->state = v;
    x->on_gone = on_gone;
    x->free_state = free_state;
    exchange_hold(x);
    exchange_work(x, true, work_judge, after_judge);
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

void openrlhf_reward_handle(struct exchange *x)
{
    handle(x, false, JUDGE_OPENRLHF);
}

void slime_reward_handle(struct exchange *x)
{
    handle(x, false, JUDGE_SLIME);
}
