/* reward/dialects/execution.c - see execution.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/execution.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/code/code.h"
#include "reward/workers/frame.h"
#include "reward/judge/judge.h"

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

/* Dispatcher thread: only copies. */
static void run_done(struct task *t, enum task_end end, struct span reply)
{
    struct execution_run *r = (struct execution_run *)t;
    struct execution *x = r->execution;
    r->end = end;
    buffer_clear(&t->frame);
    buffer_add_span(&r->reply, reply);
    if (release(x)) x->done(x->done_arg);
}

bool execution_add(struct execution *x, cJSON *order, int budget_ms, struct error *err)
{
    struct execution_run *r = &x->runs[x->n++];
    *r = (struct execution_run){.execution = x, .order = order};
    r->task.pool = POOL_SANDBOX;
    r->task.done = run_done;
    r->task.cancelled = &x->cancelled;
    r->task.budget_ms = budget_ms < QUEUE_MS ? budget_ms : QUEUE_MS;
    buffer_init(&r->reply, FRAME_MAX_BYTES);
    buffer_init(&r->task.frame, FRAME_MAX_BYTES);
    if (order == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    return frame_write_request(&r->task.frame, r->task.budget_ms, NULL, order) ||
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

/* The worker's frame, once all are there. */
static void take_outcome(struct execution_run *r)
{
    struct frame_reply head;
    struct span cause, outcome, vote;
    if (r->end == TASK_REPLY &&
        frame_read_reply(buffer_span(&r->reply), &head, &cause, &outcome, &vote)) {
        r->outcome = json_parse(outcome, NULL);
    }
    buffer_clear(&r->reply);
}

const char *execution_fault(const struct execution_run *r)
{
    static const char *const ends[] = {[TASK_REPLY] = "the sandbox's answer could not be read",
                                       [TASK_TIMEOUT] = "the sandbox did not answer in time",
                                       [TASK_LOST] = "the sandbox was lost",
                                       [TASK_CANCELLED] = "the run was cancelled"};
    if (r->outcome == NULL) return ends[r->end];
    const cJSON *error = json_get(r->outcome, "error");
    return cJSON_IsString(error) ? error->valuestring : NULL;
}

/* ---- all ------------------------------------------------------------------------------------------------- */

struct execution *execution_new(struct judge *judge, enum execution_dialect dialect, cJSON *body,
                                struct error *err)
{
    struct execution *x = mem_new(1, sizeof(*x), err);
    if (x == NULL) {
        cJSON_Delete(body);
        return NULL;
    }
    x->judge = judge;
    x->dialect = dialect;
    x->body = body;
    bool ok = cJSON_IsObject(body) ||
              error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object, not %s",
                        json_type_name(body));
    if (ok && code_is_usable(err) && rows[dialect]->read(x, err)) return x;
    execution_free(x);
    return NULL;
}

void execution_start(struct execution *x, void (*done)(void *arg), void *arg)
{
    x->done = done;
    x->done_arg = arg;
    atomic_store(&x->pending, 1);
    for (size_t i = 0; i < x->n; i++) {
        submit(x, &x->runs[i]);
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
    const struct execution_row *row = rows[x->dialect];
    for (size_t i = 0; i < x->n; i++) {
        if (x->runs[i].refused) {
            return error_set(err, row->busy, NULL, "too many programs wait for a sandbox");
        }
        take_outcome(&x->runs[i]);
    }
    row->reply(x, out);
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "the reply is too large");
}

void execution_free(struct execution *x)
{
    if (x == NULL) return;
    for (size_t i = 0; i < x->n; i++) {
        struct execution_run *r = &x->runs[i];
        cJSON_Delete(r->order);
        cJSON_Delete(r->outcome);
        buffer_clear(&r->reply);
        buffer_clear(&r->task.frame);
    }
    free(x->runs);
    cJSON_Delete(x->body);
    free(x);
}
