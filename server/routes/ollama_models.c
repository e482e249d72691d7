/* server/routes/ollama_models.c - Ollama's routes about models: one is there, and it stays.
 *
 * /api/tags, /api/ps, /api/show, /api/version; /api/pull of the served name succeeds; what makes,
 * copies or deletes models is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/ollama.h"
#include "server/routes/routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/emit.h"
#include "base/hash.h"
#include "base/version.h"
#include "server/generate/completion.h"
#include "server/http/ndjson.h"
#include "server/http/state.h"

void ollama_emit_time(struct buffer *out, const char *key, int64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / 1000000000);
    struct tm t;
    char day[32], text[64];
    gmtime_r(&seconds, &t);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(text, sizeof(text), "%s.%09" PRId64 "Z", day, unix_ns % 1000000000);
    emit_str(out, key, text);
}

struct span ollama_model_name(struct span name)
{
    static const char tag[] = ":latest";
    size_t n = strlen(tag);
    bool has = name.n > n && memcmp(name.p + name.n - n, tag, n) == 0;
    return has ? span_slice(name, 0, name.n - n) : name;
}

/* "1.5B", "135M" */
static void emit_size(struct buffer *out, const char *key, int64_t parameters)
{
    char text[32];
    double billions = (double)parameters / 1e9, millions = (double)parameters / 1e6;
    if (billions >= 1) {
        snprintf(text, sizeof(text), "%.1fB", billions);
    } else {
        snprintf(text, sizeof(text), "%.1fM", millions);
    }
    emit_str(out, key, text);
}

/* "details": format, family, sizes. */
static void ollama_emit_details(const struct engine_info *info, struct buffer *out)
{
    emit_object(out, "details");
    emit_str(out, "parent_model", "");
    emit_str(out, "format", "gguf");
    emit_str(out, "family", info->architecture);
    emit_array(out, "families");
    emit_str(out, NULL, info->architecture);
    emit_close(out, ']');
    emit_size(out, "parameter_size", info->parameters);
    emit_str(out, "quantization_level", info->quantisation);
    emit_close(out, '}');
}

/* Names, size and a digest that tells two files apart: of what is known of it, not of its bytes. */
static void emit_model(const struct engine_info *info, struct buffer *out)
{
    char name[256], digest[80];
    uint64_t h = hash_add(hash_bytes(span_str(info->path)), (uint64_t)info->created);
    snprintf(name, sizeof(name), "%s:latest", info->name);
    snprintf(digest, sizeof(digest), "%016llx%016llx%016llx%016llx", (unsigned long long)h,
             (unsigned long long)hash_add(h, 1), (unsigned long long)hash_add(h, 2),
             (unsigned long long)hash_add(h, 3));
    emit_str(out, "name", name);
    emit_str(out, "model", name);
    emit_int(out, "size", info->tensor_bytes);
    emit_str(out, "digest", digest);
    ollama_emit_details(info, out);
}

static void begin_list(struct buffer *out)
{
    buffer_init(out, EXCHANGE_REPLY_BYTES);
    emit_object(out, NULL);
    emit_array(out, "models");
    emit_object(out, NULL);
}

static void end_list(struct exchange *x, struct buffer *out)
{
    emit_close(out, '}');
    emit_close(out, ']');
    emit_close(out, '}');
    exchange_reply_json(x, out);
}

void ollama_tags_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    begin_list(&out);
    emit_model(info, &out);
    ollama_emit_time(&out, "modified_at", info->created * 1000000000);
    end_list(x, &out);
}

void ollama_ps_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct buffer out;
    begin_list(&out);
    emit_model(info, &out);
    emit_str(&out, "expires_at", "9999-12-31T23:59:59Z"); /* it is never unloaded */
    emit_int(&out, "size_vram", 0);
    emit_int(&out, "context_length", info->context);
    end_list(x, &out);
}

void ollama_version_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "version", TOUCHSTONE_VERSION);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* ---- of a model that the body names ---- */

struct named {
    struct span model, name; /* newer and older */
    bool stream, verbose, insecure;
};

#define AT(field) .offset = offsetof(struct named, field)
static const struct field rows[] = {
    {"model", FIELD_TEXT, AT(model), .doc = "the model's name, with or without :latest"},
    {"name", FIELD_TEXT, AT(name), .doc = "the same, as older clients call it"},
    {"stream", FIELD_BOOL, AT(stream), .fallback = "true", .doc = "lines, where there is progress"},
    {"verbose", FIELD_BOOL, AT(verbose), .doc = "without effect: nothing is left out"},
    {"insecure", FIELD_BOOL, AT(insecure), .doc = "without effect: nothing is fetched"},
    {0},
};
const struct field *const ollama_named_fields[] = {rows, NULL};

/* The body, and that it names the served model. False: x has been answered. */
static bool read_named(struct exchange *x, struct named *n)
{
    cJSON *body;
    bool ok = exchange_read(x, FIELD_TABLE(rows, n), &body, &x->error);
    if (ok && n->model.n == 0) n->model = n->name;
    if (ok && n->model.n == 0) {
        ok = error_set(&x->error, ERROR_MISSING_FIELD, "model", "model is missing");
    }
    ok = ok && completion_check_model(x->server, ollama_model_name(n->model), &x->error);
    cJSON_Delete(body);
    if (!ok) exchange_fail(x, &x->error);
    return ok;
}

static void emit_info(const struct engine_info *info, struct buffer *out)
{
    char key[128];
    emit_object(out, "model_info");
    emit_str(out, "general.architecture", info->architecture);
    emit_int(out, "general.parameter_count", info->parameters);
    snprintf(key, sizeof(key), "%.100s.context_length", info->architecture);
    emit_int(out, key, info->context);
    emit_close(out, '}');
}

void ollama_show_handle(struct exchange *x)
{
    const struct engine_info *info = engine_info(x->server->engine);
    struct named n = {0};
    struct buffer out;
    if (!read_named(x, &n)) return;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_str(&out, "modelfile", "");
    emit_str(&out, "parameters", "");
    emit_text(&out, "template", info->chat_template.p != NULL ? info->chat_template : span_str(""));
    ollama_emit_details(info, &out);
    emit_info(info, &out);
    emit_array(&out, "capabilities");
    emit_str(&out, NULL, "completion");
    if (info->has_chat_template) emit_str(&out, NULL, "tools");
    if (info->think_open != NULL) emit_str(&out, NULL, "thinking");
    emit_close(&out, ']');
    ollama_emit_time(&out, "modified_at", info->created * 1000000000);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

/* What is served is here already. */
void ollama_pull_handle(struct exchange *x)
{
    struct named n = {0};
    if (!read_named(x, &n)) return;
    if (n.stream) ndjson_begin(x);
    struct buffer *out = n.stream ? ndjson_open(x) : &x->reply;
    emit_object(out, NULL);
    emit_str(out, "status", "success");
    emit_close(out, '}');
    if (!n.stream) {
        exchange_reply_json(x, out);
        return;
    }
    ndjson_close(x);
    ndjson_done(x);
}

void ollama_refuse_handle(struct exchange *x)
{
    error_set(&x->error, ERROR_NOT_AVAILABLE, NULL,
              "%.60s is not served: this server has the one model that it was started with",
              x->path);
    exchange_fail(x, &x->error);
}
