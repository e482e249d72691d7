/* server/routes/pause.c - pausing, resuming and aborting generations, as trainers ask for it
 * around a training step: vLLM's names (vllm/entrypoints/serve/rlhf) and SGLang's
 * (srt/managers/io_struct.py), which AReaL also uses.
 *
 * Sleeping is pausing with an empty cache: weights stay where they are, for there is no other
 * memory to take them to. SGLang's retract and in_place are the same here: weights do not change
 * while a sequence stands still, so what was computed for it stays true.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <string.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/http/exchange.h"
#include "server/routes/replies.h"
#include "server/state.h"

/* ---- what is asked ---- */

struct mode_name {
    const char *name;
    enum pause_mode mode;
};

static const struct mode_name vllm_modes[] = {
    {"abort", PAUSE_ABORT}, {"wait", PAUSE_WAIT}, {"keep", PAUSE_KEEP}, {NULL, 0}};
static const struct mode_name sglang_modes[] = {
    {"abort", PAUSE_ABORT}, {"retract", PAUSE_KEEP}, {"in_place", PAUSE_KEEP}, {NULL, 0}};

/* No word: the first. */
static bool find_mode(const struct mode_name *modes, struct span word, enum pause_mode *mode,
                      struct error *err)
{
    *mode = modes->mode;
    if (word.p == NULL) return true;
    for (const struct mode_name *m = modes; m->name != NULL; m++) {
        *mode = m->mode;
        if (span_is(word, m->name)) return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, "mode", "mode is %s, %s or %s", modes[0].name,
                     modes[1].name, modes[2].name);
}

static bool argument_is(const struct exchange *x, const char *name, bool standard)
{
    const char *value = exchange_argument(x, name);
    if (value == NULL) return standard;
    return strcmp(value, "true") == 0 || strcmp(value, "True") == 0 || strcmp(value, "1") == 0;
}

/* An object read by one table; no body asks for nothing. *body is what the fields borrow from. */
static bool read_body(struct exchange *x, struct field_table table, cJSON **body, struct error *err)
{
    struct field_context context = {.arena = x->arena};
    *body = NULL;
    if (x->body.n == 0) return true;
    *body = json_parse(buffer_span(&x->body), err);
    return *body != NULL && fields_read(*body, &table, 1, &context, err);
}

/* Those that stand still need not come to an end first. */
static void begin_pause(struct exchange *x, enum pause_mode mode, void (*done)(struct exchange *x))
{
    pause_begin(x->server, mode);
    if (mode == PAUSE_KEEP) {
        done(x);
    } else {
        pause_when_idle(x, done);
    }
}

/* ---- vLLM ---- */

static void on_paused(struct exchange *x)
{
    if (argument_is(x, "clear_cache", true)) engine_reset_prefix_cache(x->server->engine);
    reply_str(x, "status", "paused");
}

static void on_asleep(struct exchange *x)
{
    engine_reset_prefix_cache(x->server->engine);
    reply_str(x, "status", "sleeping");
}

static void pause_by_argument(struct exchange *x, void (*done)(struct exchange *x))
{
    struct error err = {0};
    enum pause_mode mode;
    const char *word = exchange_argument(x, "mode");
    if (argument_is(x, "wait_for_inflight_requests", false)) word = "wait"; /* vLLM's older way */
    if (!find_mode(vllm_modes, span_str(word), &mode, &err)) {
        exchange_fail(x, &err);
        return;
    }
    begin_pause(x, mode, done);
}

void vllm_pause_handle(struct exchange *x)
{
    pause_by_argument(x, on_paused);
}

void vllm_sleep_handle(struct exchange *x)
{
    pause_by_argument(x, on_asleep);
}

void vllm_resume_handle(struct exchange *x)
{
    pause_end(x->server);
    reply_str(x, "status", "resumed");
}

void vllm_wake_handle(struct exchange *x)
{
    pause_end(x->server);
    reply_str(x, "status", "awake");
}

void vllm_is_paused_handle(struct exchange *x)
{
    reply_bool(x, "is_paused", x->server->pause.on);
}

void vllm_is_sleeping_handle(struct exchange *x)
{
    reply_bool(x, "is_sleeping", x->server->pause.on);
}

/* ---- aborting ---- */

/* By a string, or by one of an array. */
static bool is_named(const struct completion *c, const cJSON *names)
{
    const cJSON *name;
    if (cJSON_IsString(names)) return completion_has_id(c, span_str(names->valuestring));
    cJSON_ArrayForEach(name, names)
    {
        if (cJSON_IsString(name) && completion_has_id(c, span_str(name->valuestring))) return true;
    }
    return false;
}

/* Of all generations those that `names` lists (NULL: all). Returns how many. */
static int abort_named(struct server *s, const cJSON *names)
{
    int n = 0;
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        struct completion *c = completion_of(x);
        if (c == NULL || (names != NULL && !is_named(c, names))) continue;
        completion_abort(c);
        n++;
    }
    return n;
}

void vllm_abort_handle(struct exchange *x)
{
    const cJSON *names = NULL;
    static const struct field rows[] = {{"request_ids", .kind = FIELD_ARRAY}, {0}};
    struct error err = {0};
    cJSON *body;
    if (!read_body(x, FIELD_TABLE(rows, &names), &body, &err)) {
        exchange_fail(x, &err);
    } else {
        struct buffer out;
        buffer_init(&out, EXCHANGE_REPLY_BYTES);
        emit_object(&out, NULL);
        emit_str(&out, "status", "ok");
        emit_int(&out, "aborted", abort_named(x->server, names));
        emit_close(&out, '}');
        exchange_reply_json(x, &out);
    }
    cJSON_Delete(body);
}

/* ---- SGLang ---- */

struct sglang_control {
    struct span mode;
    const cJSON *rid;
    bool abort_all;
};

#define AT(field) .offset = offsetof(struct sglang_control, field)
static const struct field pause_rows[] = {{"mode", FIELD_TEXT, AT(mode)}, {0}};
static const struct field abort_rows[] = {
    {"rid", FIELD_VALUE, AT(rid)},
    {"abort_all", FIELD_BOOL, AT(abort_all)},
    {"abort_message", .kind = FIELD_IGNORED},
    {"finished_reason", .kind = FIELD_IGNORED},
    {0},
};
static const struct field continue_rows[] = {{"torch_empty_cache", .kind = FIELD_IGNORED}, {0}};

static void reply_done(struct exchange *x, const char *message)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    emit_object(&out, NULL);
    emit_bool(&out, "success", true);
    emit_str(&out, "status", "ok");
    emit_str(&out, "message", message);
    emit_close(&out, '}');
    exchange_reply_json(x, &out);
}

static void on_generation_paused(struct exchange *x)
{
    reply_done(x, "generation is paused");
}

void sglang_pause_handle(struct exchange *x)
{
    struct sglang_control own = {0};
    struct error err = {0};
    enum pause_mode mode = PAUSE_ABORT;
    cJSON *body;
    if (read_body(x, FIELD_TABLE(pause_rows, &own), &body, &err)) {
        find_mode(sglang_modes, own.mode, &mode, &err);
    }
    cJSON_Delete(body);
    if (err.code != ERROR_NONE) {
        exchange_fail(x, &err);
        return;
    }
    begin_pause(x, mode, on_generation_paused);
}

void sglang_continue_handle(struct exchange *x)
{
    struct error err = {0};
    cJSON *body;
    bool ok = read_body(x, FIELD_TABLE(continue_rows, x), &body, &err);
    cJSON_Delete(body);
    if (!ok) {
        exchange_fail(x, &err);
        return;
    }
    pause_end(x->server);
    reply_done(x, "generation goes on");
}

void sglang_abort_handle(struct exchange *x)
{
    struct sglang_control own = {0};
    struct error err = {0};
    cJSON *body;
    bool ok = read_body(x, FIELD_TABLE(abort_rows, &own), &body, &err);
    if (ok && !own.abort_all && own.rid == NULL) {
        ok = error_set(&err, ERROR_MISSING_FIELD, "rid", "either rid or abort_all is needed");
    }
    if (ok) {
        abort_named(x->server, own.abort_all ? NULL : own.rid);
        reply_done(x, "aborted");
    } else {
        exchange_fail(x, &err);
    }
    cJSON_Delete(body);
}
