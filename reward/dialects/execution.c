/* reward/dialects/execution.c - see execution.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/execution.h"

#include <assert.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/code/code.h"
#include "reward/code/run_limits.h"
#include "reward/workers/frame.h"
#include "reward/judge/judge_impl.h"
#include "reward/row/limits.h"

enum { QUEUE_MS = 600000 }; /* so long may a program's run last at most, whatever its limits say */

static const struct execution_row *const rows[EXECUTION_DIALECTS] = {
    [EXECUTION_SANDBOX_FUSION] = &execution_fusion,
    [EXECUTION_PISTON] = &execution_piston,
    [EXECUTION_ROUTER] = &execution_router,
};

/* ---- one program -------------------------------------------------------------------------------------- */

static bool release(struct execution *x)
{
    return atomic_fetch_sub(&x->pending, 1) == 1;
}

/* It has waited in vain: nothing of it is begun. */
static void refuse_late(struct execution *x)
{
    if (atomic_exchange(&x->cancelled, true)) return;
    x->refused_s = judge_late_s(x->judge, POOL_SANDBOX, &x->lane);
}

/* Dispatcher thread: only copies. */
static void run_done(struct task *t, enum task_end end, struct span answer)
{
    struct execution_run *r = (struct execution_run *)t;
    struct execution *x = r->execution;
    assert(r->answer.n == 0 && atomic_load(&x->pending) > 0);
    r->end = end;
    buffer_clear(&t->frame);
    buffer_add_span(&r->answer, answer);
    if (end == TASK_LATE) refuse_late(x);
    if (release(x)) x->done(x->done_arg);
}

bool execution_add(struct execution *x, const struct execute_order *order, int budget_ms,
                   struct error *err)
{
    assert(x->runs != NULL && x->done == NULL); /* while the body is read */
    struct execution_run *r = &x->runs[x->n++];
    *r = (struct execution_run){.execution = x, .language = order->language};
    r->task.pool = POOL_SANDBOX;
    r->task.done = run_done;
    r->task.cancelled = &x->cancelled;
    r->task.memory = run_memory_of(order->language, (size_t)order->memory_mb << 20, 1);
    r->task.budget_ms = budget_ms < QUEUE_MS ? budget_ms : QUEUE_MS;
    buffer_init(&r->answer, FRAME_MAX_BYTES);
    buffer_init(&r->task.frame, FRAME_MAX_BYTES);
    frame_open_request(&r->task.frame, SERVICE_PROGRAM, r->task.budget_ms);
    execute_pack_order(order, &r->task.frame);
    return frame_close(&r->task.frame) ||
           error_set(err, ERROR_TOO_LARGE, NULL, "the program and its files are too large");
}

static void submit(struct execution *x, struct execution_run *r)
{
    atomic_fetch_add(&x->pending, 1);
    if (dispatch_submit(x->judge->dispatch, &x->lane, &r->task, NULL)) return;
    atomic_fetch_sub(&x->pending, 1); /* not the last: the starting thread holds one */
    r->refused = true;
    r->end = TASK_CANCELLED;
}

/* The worker's answer, once all are there. */
static void take_outcome(struct execution_run *r)
{
    if (r->end == TASK_REPLY && r->answer.no_memory) r->end = TASK_NO_MEMORY;
    r->has_outcome = r->end == TASK_REPLY && !r->answer.failed &&
                     execute_unpack_outcome(buffer_span(&r->answer), &r->outcome);
}

struct span execution_fault(const struct execution_run *r)
{
    static const char *const ends[] = {[TASK_REPLY] = "the sandbox's answer could not be read",
                                       [TASK_TIMEOUT] = "the sandbox did not answer in time",
                                       [TASK_NO_MEMORY] = "the sandbox had no memory",
                                       [TASK_LOST] = "the sandbox was lost",
                                       [TASK_CANCELLED] = "the run was cancelled",
                                       [TASK_LATE] = "no sandbox was free in time"};
    assert(r->has_outcome || (unsigned)r->end < sizeof(ends) / sizeof(ends[0]));
    return r->has_outcome ? r->outcome.error : span_str(ends[r->end]);
}

/* ---- all ------------------------------------------------------------------------------------------------- */

struct execution *execution_new(struct judge *judge, enum execution_dialect dialect, cJSON *body,
                                struct unknown_fields *unknown, struct error *err)
{
    struct execution *x = mem_new(1, sizeof(*x), err);
    if (x == NULL) {
        cJSON_Delete(body);
        return NULL;
    }
    x->judge = judge;
    x->row = rows[dialect];
    x->body = body;
    x->unknown = unknown;
    x->arena = arena_new(REWARD_JOB_BYTES);
    bool ok = x->arena != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    ok = ok && (cJSON_IsObject(body) ||
                error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                          json_type_name(body)));
    if (ok && code_is_usable(err) && x->row->read(x, err)) return x;
    execution_free(x);
    return NULL;
}

void execution_set_client(struct execution *x, uint64_t client)
{
    x->lane.client = client;
}

void execution_start(struct execution *x, void (*done)(void *arg), void *arg)
{
    assert(x->done == NULL && done != NULL); /* started once */
    x->done = done;
    x->done_arg = arg;
    atomic_store(&x->pending, 1);
    x->refused_s = judge_refuse_s(x->judge, POOL_SANDBOX, &x->lane);
    x->lane.max_wait_ms = x->judge->max_wait_ms;
    if (x->refused_s == 0) {
        for (size_t i = 0; i < x->n; i++) {
            submit(x, &x->runs[i]);
        }
    }
    if (release(x)) done(arg);
}

void execution_cancel(struct execution *x)
{
    atomic_store(&x->cancelled, true);
    dispatch_wake(x->judge->dispatch);
}

bool execution_reply(const struct execution *x, struct buffer *out, struct error *err)
{
    if (x->refused_s > 0) {
        error_set(err, x->row->busy, NULL, "a sandbox is expected to be free in %d s",
                  x->refused_s);
        err->retry_s = x->refused_s;
        return false;
    }
    for (size_t i = 0; i < x->n; i++) {
        if (x->runs[i].refused) {
            return error_set(err, x->row->busy, NULL, "too many programs wait for a sandbox");
        }
        take_outcome(&x->runs[i]);
    }
    x->row->reply(x, out);
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "the reply is too large");
}

void execution_free(struct execution *x)
{
    if (x == NULL) return;
    assert(atomic_load(&x->pending) == 0); /* no worker has a program of it */
    for (size_t i = 0; i < x->n; i++) {
        struct execution_run *r = &x->runs[i];
        buffer_clear(&r->answer);
        buffer_clear(&r->task.frame);
    }
    free(x->runs);
    arena_free(x->arena);
    cJSON_Delete(x->body);
    free(x);
}
