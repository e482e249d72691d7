/* server/routes/health.c - is it alive, is it ready, how busy is it, what is it.
 *
 * /health is for who restarts: 200 while this process can do its work or will be able to, 503 when its
 * model could not be loaded. /ready is for who sends work: 200 only when work would be taken now.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "server/emit.h"
#include "server/exchange.h"
#include "server/state.h"
#include "server/version.h"

static void reply_status(struct exchange *x, const char *status)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "status", status);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

void health_handle(struct exchange *x)
{
    struct error why = {0}, err = {0};
    if (engine_state(x->server->engine, &why) != ENGINE_FAILED) {
        reply_status(x, "ok");
        return;
    }
    error_set(&err, ERROR_LOADING, NULL, "the model could not be loaded: %.200s", why.message);
    exchange_fail(x, &err);
}

void ready_handle(struct exchange *x)
{
    struct error why = {0}, err = {0};
    if (x->server->phase != SERVING) {
        error_set(&err, ERROR_DRAINING, NULL, "the server is shutting down");
        exchange_fail(x, &err);
        return;
    }
    switch (engine_state(x->server->engine, &why)) {
    case ENGINE_READY:
        reply_status(x, "ready");
        return;
    case ENGINE_LOADING:
        error_set(&err, ERROR_LOADING, NULL, "the model is being loaded");
        break;
    case ENGINE_FAILED:
        error_set(&err, ERROR_LOADING, NULL, "the model could not be loaded: %.200s", why.message);
        break;
    }
    exchange_fail(x, &err);
}

void version_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "version", TOUCHSTONE_VERSION);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* vLLM's: generations in work. */
void load_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_int(&out, "server_load", (int64_t)live_count(x->server->live));
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}
