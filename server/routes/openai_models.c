/* server/routes/openai_models.c - GET /v1/models, /v1/models/{id}: the one model, and the other names it
 * answers to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <string.h>

#include "base/emit.h"
#include "server/generate/adapters.h"
#include "server/generate/completion.h"
#include "server/http/exchange.h"
#include "server/http/state.h"

/* An adapter has its folder, the base as its parent, and a digest of its own. */
struct served {
    struct engine *engine;
    struct buffer *out;
    struct span only; /* the adapter of this name alone; p NULL: all */
    bool found;
};

static void emit_adapter(void *arg, const char *name, const char *path, const struct adapter *a)
{
    struct served *served = arg;
    struct buffer *out = served->out;
    const struct engine_info *base = engine_info(served->engine);
    struct engine_adapter_info info = engine_adapter_info(a);
    if (served->only.p != NULL && !span_is(served->only, name)) return;
    served->found = true;
    emit_object(out, NULL);
    emit_str(out, "id", name);
    emit_str(out, "object", "model");
    emit_int(out, "created", base->created);
    emit_str(out, "owned_by", "touchstone");
    emit_str(out, "root", path);
    emit_str(out, "parent", base->name);
    emit_int(out, "max_model_len", base->context);
    emit_str(out, "sha256", info.sha256);
    emit_object(out, "meta");
    emit_int(out, "rank", info.rank);
    emit_int(out, "size", info.bytes);
    emit_close(out, '}');
    emit_close(out, '}');
}

static void emit_model(struct engine *e, const char *name, struct buffer *out)
{
    const struct engine_info *info = engine_info(e);
    struct version_label *version = engine_version(e);
    emit_object(out, NULL);
    emit_str(out, "id", name);
    emit_str(out, "object", "model");
    emit_int(out, "created", info->created);
    emit_str(out, "owned_by", "touchstone");
    emit_str(out, "root", info->name);
    emit_null(out, "parent");
    emit_int(out, "max_model_len", info->context);
    emit_str(out, "weight_version", version->name);
    emit_str(out, "sha256", version->sha256);
    version_label_free(version);
    emit_object(out, "meta");
    emit_str(out, "architecture", info->architecture);
    emit_str(out, "quantisation", info->quantisation);
    emit_int(out, "n_vocab", info->n_vocab);
    emit_int(out, "n_params", info->parameters);
    emit_int(out, "size", info->tensor_bytes);
    emit_close(out, '}');
    sampling_params_emit_defaults(info, out);
    emit_close(out, '}');
}

void openai_models_handle(struct exchange *x)
{
    const struct server *s = x->server;
    const struct engine_info *info = engine_info(s->engine);
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "object", "list");
    emit_array(&out, "data");
    emit_model(s->engine, info->name, &out);
    for (int i = 1; i < s->o.model_names.n; i++) { /* the first is the engine's */
        emit_model(s->engine, s->o.model_names.items[i], &out);
    }
    struct served served = {.engine = s->engine, .out = &out};
    adapters_each(s->adapters, emit_adapter, &served);
    emit_close(&out, ']');
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

void openai_model_handle(struct exchange *x)
{
    static const char prefix[] = "/v1/models/";
    struct span name = span_str(x->path + strlen(prefix));
    if (!completion_check_model(x->server, name, &x->error)) {
        exchange_fail(x, &x->error);
        return;
    }
    struct served served = {.engine = x->server->engine, .out = &x->reply, .only = name};
    bool is_base = adapters_base_is(x->server->adapters, name);
    if (!is_base) adapters_each(x->server->adapters, emit_adapter, &served);
    if (!served.found) emit_model(x->server->engine, x->path + strlen(prefix), &x->reply);
    exchange_reply_json(x, &x->reply);
}

void openai_refuse_handle(struct exchange *x)
{
    error_set(&x->error, ERROR_NOT_AVAILABLE, NULL,
              "%.60s is not served: this server has one text model, and none that classifies",
              x->path);
    exchange_fail(x, &x->error);
}
