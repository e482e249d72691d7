/* server/routes/service_health.c - is it alive, may requests come, would work be done now, what is it.
 *
 *              loading   serving   paused   draining   the model failed
 *   /livez     200       200       200      200        200                 who restarts the process
 *   /health    503       200       200      200        503                 who waits for the model
 *   /ready     503       200       503      503        503                 who sends new work
 *
 * While paused (by a trainer, between two steps) requests are taken and held, so /health stays 200.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/version.h"
#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/http/replies.h"
#include "server/http/state.h"

void service_live_handle(struct exchange *x)
{
    reply_str(x, "status", "ok");
}

static bool would_begin(const struct server *s, struct error *err)
{
    if (s->phase != SERVING) {
        return error_set(err, ERROR_DRAINING, NULL, "the server is shutting down");
    }
    if (!server_is_loaded(s, err)) return false;
    return !generations_are_paused(s->generations) ||
           error_set(err, ERROR_PAUSED, NULL, "generation is paused");
}

static void answer(struct exchange *x, bool yes, const char *word)
{
    if (yes) {
        reply_str(x, "status", word);
    } else {
        exchange_fail(x, &x->error);
    }
}

void service_health_handle(struct exchange *x)
{
    answer(x, server_is_loaded(x->server, &x->error), "ok");
}

void service_ready_handle(struct exchange *x)
{
    answer(x, would_begin(x->server, &x->error), "ready");
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
