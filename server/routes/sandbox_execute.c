/* server/routes/sandbox_execute.c - other sandboxes' routes: SandboxFusion, Piston, open-r1's routers.
 *
 *   loop          thread pool               judge
 *   handle -----> parse, check, start ----> programs, one a worker
 *   delivered <------------------------------ all have ended
 *   after <------ print the reply
 *
 * The exchange is held from handle to delivered, as in verify.c, whose two news are these.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <stdatomic.h>

#include "base/json.h"
#include "server/http/exchange.h"
#include "server/state.h"

struct request {
    struct message done; /* first: delivered() gets it back */
    struct exchange *exchange;
    enum execution_dialect dialect;
    _Atomic(struct execution *) execution; /* set once it runs */
    atomic_bool gone;
    int awaited; /* of the two news */
    struct buffer out;
    struct error error;
};

static void free_state(struct exchange *x)
{
    struct request *r = x->state;
    execution_free(atomic_load(&r->execution));
    buffer_clear(&r->out);
}

static void on_gone(struct exchange *x)
{
    struct request *r = x->state;
    atomic_store(&r->gone, true);
    struct execution *e = atomic_load(&r->execution);
    if (e != NULL) execution_cancel(e);
}

static void on_done(void *arg)
{
    struct request *r = arg;
    server_post(r->exchange->server, &r->done);
}

static void work_reply(struct exchange *x)
{
    struct request *r = x->state;
    execution_reply(atomic_load(&r->execution), &r->out, &r->error);
}

static void after_reply(struct exchange *x)
{
    struct request *r = x->state;
    if (r->error.code != ERROR_NONE) {
        exchange_fail(x, &r->error);
    } else {
        exchange_reply_json(x, &r->out);
    }
}

static void go_on(struct request *r)
{
    if (--r->awaited > 0) return;
    if (r->error.code != ERROR_NONE) {
        exchange_fail(r->exchange, &r->error);
    } else {
        exchange_work(r->exchange, true, work_reply, after_reply);
    }
}

static void delivered(struct message *m)
{
    struct request *r = (struct request *)m;
    if (exchange_release(r->exchange)) go_on(r);
}

/* Ends in exactly one server_post(): here when nothing runs, else by on_done(). */
static void work_start(struct exchange *x)
{
    struct request *r = x->state;
    cJSON *body = json_parse(buffer_span(&x->body), &r->error);
    struct execution *e =
        body == NULL ? NULL : execution_new(x->server->judge, r->dialect, body, &r->error);
    if (e == NULL) {
        server_post(x->server, &r->done);
        return;
    }
    atomic_store(&r->execution, e);
    execution_start(e, on_done, r);
    if (atomic_load(&r->gone)) execution_cancel(e);
}

static void after_start(struct exchange *x)
{
    struct request *r = x->state;
    if (!x->gone) go_on(r);
}

static void handle(struct exchange *x, enum execution_dialect dialect)
{
    struct request *r = arena_alloc(x->arena, 1, sizeof(*r));
    if (r == NULL) {
        struct error err = {0};
        error_set(&err, ERROR_NO_MEMORY, NULL, "no memory for the request");
        exchange_fail(x, &err);
        return;
    }
    r->exchange = x;
    r->dialect = dialect;
    r->done.deliver = delivered;
    r->awaited = 2;
    buffer_init(&r->out, EXCHANGE_REPLY_BYTES);
    x->state = r;
    x->on_gone = on_gone;
    x->free_state = free_state;
    exchange_hold(x);
    exchange_work(x, true, work_start, after_start);
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
    buffer_add_str(&out, "\"pong\"");
    exchange_reply_json(x, &out);
}
