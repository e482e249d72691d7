/* server/routes/service_health.c - is it alive, is it ready, how busy is it, what is it.
 *
 * /health is for who restarts: 200 while this process can do its work or will be able to, 503
 * when its model could not be loaded. /ready is for who sends work: 200 only when work would be
 * taken now.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/routes/replies.h"
#include "server/http/state.h"
#include "base/version.h"

void service_health_handle(struct exchange *x)
{
    struct error why = {0}, err = {0};
    if (engine_state(x->server->engine, &why) != ENGINE_FAILED) {
        reply_str(x, "status", "ok");
        return;
    }
    error_set(&err, ERROR_LOADING, NULL, "the model could not be loaded: %.200s", why.message);
    exchange_fail(x, &err);
}

void service_ready_handle(struct exchange *x)
{
    struct error why = {0}, err = {0};
    if (x->server->phase != SERVING) {
        error_set(&err, ERROR_DRAINING, NULL, "the server is shutting down");
        exchange_fail(x, &err);
        return;
    }
    struct judge_stats judge;
    judge_stats_get(x->server->judge, &judge);
    if (judge.lost) {
        error_set(&err, ERROR_LOADING, NULL, "the verifier processes are being started anew");
        exchange_fail(x, &err);
        return;
    }
    switch (engine_state(x->server->engine, &why)) {
    case ENGINE_READY:
        reply_str(x, "status", "ready");
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

void service_version_handle(struct exchange *x)
{
    reply_str(x, "version", TOUCHSTONE_VERSION);
}

/* vLLM's: generations in work. */
void vllm_load_handle(struct exchange *x)
{
    reply_int(x, "server_load", (int64_t)generations_at_work(x->server->generations));
}
