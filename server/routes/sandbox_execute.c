/* server/routes/sandbox_execute.c - other sandboxes' routes: SandboxFusion, Piston, open-r1's routers.
 *
 *   loop        thread pool               judge
 *   handle ---> parse, check, start ----> programs, one a worker
 *   ended <------------------------------ all have ended
 *         ---> print the reply
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/emit.h"
#include "base/json.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

struct sandbox_request {
    enum execution_dialect dialect;
    uint64_t client;
    _Atomic(struct execution *) execution; /* set once it runs */
    atomic_bool gone;
};

static void free_state(struct exchange *x)
{
    struct sandbox_request *r = x->state;
    execution_free(atomic_load(&r->execution));
}

static void stop(struct exchange *x)
{
    struct sandbox_request *r = x->state;
    atomic_store(&r->gone, true);
    struct execution *e = atomic_load(&r->execution);
    if (e != NULL) execution_cancel(e);
}

static void on_done(void *arg)
{
    exchange_keep(arg);
}

static void work_start(struct exchange *x)
{
    struct sandbox_request *r = x->state;
    cJSON *body = exchange_parse(x, &x->error);
    struct execution *e = body == NULL ? NULL
                                       : execution_new(x->server->judge, r->dialect, body,
                                                       exchange_unknown(x), &x->error);
    assert(atomic_load(&r->execution) == NULL); /* one a request */
    if (e == NULL) return;
    exchange_promise(x);
    atomic_store(&r->execution, e);
    execution_set_client(e, r->client);
    execution_start(e, on_done, x);
    if (atomic_load(&r->gone)) execution_cancel(e);
}

static void work_reply(struct exchange *x)
{
    struct sandbox_request *r = x->state;
    execution_reply(atomic_load(&r->execution), &x->reply, &x->error);
}

static void ended(struct exchange *x)
{
    const struct sandbox_request *r = x->state;
    if (atomic_load(&r->execution) == NULL || x->gone) {
        exchange_finish(x);
    } else {
        exchange_offload(x, WORK_HEAVY, work_reply, exchange_finish);
    }
}

static void handle(struct exchange *x, enum execution_dialect dialect)
{
    static const struct exchange_kind kind = {.stop = stop, .free = free_state};
    struct sandbox_request *r = exchange_state(x, sizeof(*r), &kind);
    if (r == NULL) return;
    r->dialect = dialect;
    r->client = exchange_client(x);
    exchange_offload(x, WORK_HEAVY, work_start, ended);
}

void sandbox_fusion_run_handle(struct exchange *x)
{
    handle(x, EXECUTION_SANDBOX_FUSION);
}

void piston_execute_handle(struct exchange *x)
{
    handle(x, EXECUTION_PISTON);
}

void router_execute_handle(struct exchange *x)
{
    handle(x, EXECUTION_ROUTER);
}

void piston_runtimes_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    execution_runtimes_json(&out);
    exchange_reply_json(x, &out);
}

void sandbox_fusion_ping_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_str(&out, NULL, "pong");
    exchange_reply_json(x, &out);
}
