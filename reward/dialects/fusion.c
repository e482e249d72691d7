/* reward/dialects/fusion.c - SandboxFusion's POST /run_code.
 *
 * Contract: SandboxFusion sandbox/server/sandbox_api.py; the client is
 * verl/utils/reward_score/sandbox_fusion, which tries again after 504 and nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include "base/base64.h"
#include "base/json.h"

static bool fusion_files(cJSON *order, const cJSON *files, struct error *err)
{
    const cJSON *f;
    struct buffer bytes;
    if (files == NULL || cJSON_IsNull(files)) return true;
    if (!cJSON_IsObject(files)) {
        return error_set(err, ERROR_INVALID_TYPE, "files", "files must be an object, not %s",
                         json_type_name(files));
    }
    if (cJSON_GetArraySize(files) >= SANDBOX_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "at most %d files", SANDBOX_MAX_FILES);
    }
    cJSON_ArrayForEach(f, files)
    {
        if (cJSON_IsNull(f)) continue;
        buffer_init(&bytes, (size_t)64 << 20);
        bool ok = cJSON_IsString(f) && base64_decode(span_str(f->valuestring), &bytes);
        buffer_clear(&bytes);
        if (!ok) error_set(err, ERROR_INVALID_VALUE, NULL, "a file must be base64 text");
        if (!ok || !order_check_name(f->string, err) ||
            !order_add_file(order, f->string, f->valuestring, err)) {
            return error_in(err, "files.%.60s", f->string);
        }
    }
    return true;
}

static bool fusion_fetch(cJSON *order, const cJSON *fetch, struct error *err)
{
    const cJSON *name;
    if (!order_check_strings(fetch, "fetch_files", SANDBOX_MAX_FETCH, err)) return false;
    cJSON_ArrayForEach(name, fetch)
    {
        if (!order_check_name(name->valuestring, err)) return error_in(err, "fetch_files");
    }
    return fetch == NULL || cJSON_AddItemToObject(order, "fetch", cJSON_Duplicate(fetch, true)) ||
           error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
}

static bool fusion_read(struct execution *x, struct error *err)
{
    static const char *const keys[] = {"code",  "language", "compile_timeout", "run_timeout",
                                       "stdin", "files",    "memory_limit_MB", "fetch_files",
                                       "args",  NULL};
    struct order_wish w = {.compile_s = 10, .run_s = 10, .memory_mb = ORDER_DEFAULT_MB};
    const cJSON *b = x->body;
    const char *code = NULL, *input = NULL;
    double mb = -1;
    w.args = json_get(b, "args");
    if (!json_check_keys(b, keys, err) || !order_take_text(b, "code", &code, err) ||
        !order_take_text(b, "language", &w.language, err) ||
        !order_check_language(w.language, err) || !json_get_string(b, "stdin", &input, err) ||
        !json_get_double(b, "compile_timeout", 0.01, ORDER_MAX_SECONDS, &w.compile_s, err) ||
        !json_get_double(b, "run_timeout", 0.01, ORDER_MAX_SECONDS, &w.run_s, err) ||
        !json_get_double(b, "memory_limit_MB", -1, ORDER_MAX_MB, &mb, err) ||
        !order_check_strings(w.args, "args", SANDBOX_MAX_ARGS / 2, err) ||
        !order_make_runs(x, 1, err)) {
        return false;
    }
    if (mb >= 1) w.memory_mb = mb;
    cJSON *order = order_new(&w, code);
    if (input != NULL) cJSON_AddStringToObject(order, "stdin", input);
    bool ok = order != NULL && fusion_files(order, json_get(b, "files"), err) &&
              fusion_fetch(order, json_get(b, "fetch_files"), err);
    if (!ok && order != NULL) {
        cJSON_Delete(order);
        return false;
    }
    return order_add_run(x, &w, order, err);
}

/* status is Finished whatever the exit status; a signal is a negative one, as Python has it. */
static void fusion_stage(const char *key, const cJSON *stage, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    if (stage == NULL) {
        buffer_add_str(out, "null");
        return;
    }
    bool late = stage_ended(stage, SANDBOX_TIME);
    double code = outcome_number(stage, "code");
    buffer_addf(out, "{\"status\":\"%s\",\"execution_time\":%.6f,\"return_code\":",
                late ? "TimeLimitExceeded" : "Finished", outcome_number(stage, "wall_ms") / 1000);
    if (late) {
        buffer_add_str(out, "null");
    } else {
        buffer_addf(out, "%d", (int)(stage_was_signaled(stage) ? -code : code));
    }
    outcome_print_member("stdout", json_get(stage, "stdout"), out);
    outcome_print_member("stderr", json_get(stage, "stderr"), out);
    buffer_add_char(out, '}');
}

static void fusion_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const cJSON *compiled = json_get(r->outcome, "compile"), *run = json_get(r->outcome, "run");
    const char *fault = execution_fault(r);
    bool good = (compiled == NULL || stage_is_good(compiled)) && run != NULL && stage_is_good(run);
    buffer_addf(out, "{\"status\":\"%s\",\"message\":",
                fault != NULL ? "SandboxError"
                : good        ? "Success"
                              : "Failed");
    json_print_text(span_str(fault), out);
    fusion_stage("compile_result", compiled, out);
    fusion_stage("run_result", run, out);
    buffer_add_str(out, ",\"executor_pod_name\":null");
    const cJSON *files = json_get(r->outcome, "files");
    buffer_add_str(out, ",\"files\":");
    if (files == NULL) {
        buffer_add_str(out, "{}");
    } else {
        json_print(files, out);
    }
    buffer_add_char(out, '}');
}

const struct execution_row execution_fusion = {
    .read = fusion_read, .reply = fusion_reply, .busy = ERROR_TIMEOUT};
