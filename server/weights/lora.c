/* server/weights/lora.c - adapters come and go by the routes of vLLM, SGLang, prime-rl and SkyRL.
 *
 * vLLM's refuses a name that is known already unless load_inplace says otherwise; of the others' routes a
 * known name is replaced. Either way requests at work end on the content that they began with. One
 * reply has what each client looks at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "base/fields.h"
#include "server/generate/adapters.h"
#include "server/http/exchange.h"
#include "server/http/state.h"
#include "server/weights/paths.h"

struct lora {
    struct span name, path; /* borrow from document */
    bool replace;
    cJSON *document;
    struct client_path source;
    char shown[PATH_MAX]; /* the path as the client gave it */
};

#define AT(field) .offset = offsetof(struct lora, field)

static const struct field load_rows[] = {
    {"lora_name", FIELD_TEXT, AT(name), .required = true,
     .doc = "what requests call it, as their model"},
    {"lora_path", FIELD_TEXT, AT(path), .required = true, .doc = "a PEFT folder"},
    {"load_inplace", FIELD_BOOL, AT(replace), .doc = "a known name stands for the new content"},
    {"is_3d_lora_weight", FIELD_REFUSED, .neutral = "false",
     .doc = "experts' matrices in one tensor; refused"},
    {"base_model_name", .kind = FIELD_IGNORED, .doc = "there is one base"},
    {"pinned", .kind = FIELD_IGNORED, .doc = "what is loaded stays until it is unloaded"},
    {"in_memory", FIELD_REFUSED, .neutral = "null", .doc = "tensors in the body; refused"},
    {0},
};

static const struct field unload_rows[] = {
    {"lora_name", FIELD_TEXT, AT(name), .required = true, .doc = "its name"},
    {"lora_int_id", .kind = FIELD_IGNORED, .doc = "the name tells"},
    {0},
};

const struct field *const lora_load_fields[] = {load_rows, NULL};
const struct field *const lora_unload_fields[] = {unload_rows, NULL};

static void clear(struct exchange *x)
{
    struct lora *l = x->state;
    client_path_close(&l->source);
    cJSON_Delete(l->document);
}

static const struct exchange_kind kind = {.free = clear};

static void emit_loaded(void *out, const char *name, const char *path, const struct adapter *a)
{
    (void)a;
    emit_str(out, name, path);
}

static void emit_done(const struct server *s, const struct lora *l, const char *what,
                      struct buffer *out)
{
    char message[ADAPTER_NAME_BYTES + 64];
    assert(l->name.n <= ADAPTER_NAME_BYTES); /* it is known */
    snprintf(message, sizeof(message), "Success: LoRA adapter '%.*s' %s successfully.",
             (int)l->name.n, l->name.p, what);
    emit_object(out, NULL);
    emit_str(out, "status", "ok");
    emit_bool(out, "success", true);
    emit_str(out, "message", message);
    emit_null(out, "error_message");
    emit_object(out, "loaded_adapters");
    adapters_each(s->adapters, emit_loaded, out);
    emit_close(out, '}');
    emit_close(out, '}');
}

/* Read the body. NULL: x has been answered. */
static struct lora *begin(struct exchange *x, const struct field *rows)
{
    struct error err = {0};
    struct lora *l = exchange_state(x, sizeof(*l), &kind);
    if (l == NULL) return NULL;
    l->source.root = -1;
    if (exchange_read(x, FIELD_TABLE(rows, l), &l->document, &err)) return l;
    exchange_fail(x, &err);
    return NULL;
}

static void work(struct exchange *x)
{
    struct lora *l = x->state;
    struct server *s = x->server;
    struct adapter *a = engine_adapter_open(s->engine, l->source.root, l->source.path, &x->error);
    if (a == NULL) {
        error_at(&x->error, "%s", ""); /* a name within the folder is none of the body's */
        error_blame_field(&x->error, "lora_path");
    } else if (adapters_put(s->adapters, l->name, l->shown, a, l->replace, &x->error)) {
        emit_done(s, l, "added", &x->reply);
    }
}

static void load(struct exchange *x, bool replace)
{
    struct error err = {0};
    struct lora *l = begin(x, load_rows);
    if (l == NULL) return;
    if (replace) l->replace = true;
    if (!client_path_open(x->server, l->path, "lora_path", &l->source, &err)) {
        exchange_fail(x, &err);
        return;
    }
    snprintf(l->shown, sizeof(l->shown), "%.*s", (int)l->path.n, l->path.p);
    exchange_offload(x, WORK_HEAVY, work, exchange_finish);
}

void lora_load_handle(struct exchange *x)
{
    load(x, false);
}

void lora_replace_handle(struct exchange *x)
{
    load(x, true);
}

void lora_unload_handle(struct exchange *x)
{
    struct error err = {0};
    struct lora *l = begin(x, unload_rows);
    if (l == NULL) return;
    if (!adapters_drop(x->server->adapters, l->name)) {
        error_set(&err, ERROR_NOT_FOUND, "lora_name", "no adapter '%.*s' is loaded",
                  l->name.n < 100 ? (int)l->name.n : 100, l->name.p);
        exchange_fail(x, &err);
        return;
    }
    emit_done(x->server, l, "removed", &x->reply);
    exchange_reply_json(x, &x->reply);
}
