/* reward/dialects/piston.c - Piston's POST /api/v2/execute and GET /api/v2/runtimes.
 *
 * Contract: piston docs/api-v2.md; the client is
 * open_r1/utils/competitive_programming/piston_client.py, which tries again after any status but
 * 200.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"
#include "reward/code/languages.h"

static bool hex_decode(struct span text, struct buffer *out)
{
    for (size_t i = 0; i + 1 < text.n; i += 2) {
        char pair[3] = {text.p[i], text.p[i + 1], '\0'};
        if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1])) return false;
        buffer_add_char(out, (char)strtol(pair, NULL, 16));
    }
    return text.n % 2 == 0;
}

/* The bytes of files[i], whose content and encoding the client chose. */
static bool piston_content(const cJSON *file, struct buffer *out, struct error *err)
{
    const char *content = NULL, *encoding = NULL;
    bool ok = false;
    if (!order_take_text(file, "content", &content, err) ||
        !json_get_string(file, "encoding", &encoding, err)) {
        return false;
    }
    struct span text = span_str(content);
    if (encoding == NULL || strcmp(encoding, "utf8") == 0) {
        struct arena *a = arena_new((size_t)64 << 20);
        text = a == NULL ? text : json_text(json_get(file, "content"), a);
        buffer_add_span(out, text);
        ok = a != NULL;
        arena_free(a);
    } else if (strcmp(encoding, "base64") == 0) {
        ok = base64_decode(text, out);
    } else if (strcmp(encoding, "hex") == 0) {
        ok = hex_decode(text, out);
    } else {
        return error_set(err, ERROR_INVALID_VALUE, "encoding",
                         "encoding must be utf8, base64 or hex, not \"%.40s\"", encoding);
    }
    return (ok && !out->failed) ||
           error_set(err, ERROR_INVALID_VALUE, "content", "content is no %s",
                     encoding == NULL ? "utf8" : encoding);
}

static bool piston_file(cJSON *order, const cJSON *file, int i, struct error *err)
{
    static const char *const keys[] = {"name", "content", "encoding", NULL};
    const char *name = NULL;
    char given[32];
    struct buffer bytes, text;
    buffer_init(&bytes, (size_t)64 << 20);
    buffer_init(&text, (size_t)128 << 20);
    snprintf(given, sizeof(given), "file%d.code", i); /* Piston picks a name as well */
    bool ok = json_check_keys(file, keys, err) && json_get_string(file, "name", &name, err) &&
              piston_content(file, &bytes, err) && (name == NULL || order_check_name(name, err));
    if (ok && i == 0) {
        ok = utf8_is_valid(buffer_span(&bytes)) ||
             error_set(err, ERROR_INVALID_VALUE, "content", "the program is no UTF-8 text");
        cJSON *source = ok ? json_string(buffer_span(&bytes)) : NULL;
        if (ok) cJSON_ReplaceItemInObjectCaseSensitive(order, "source", source);
    } else if (ok) {
        base64_encode(buffer_span(&bytes), &text);
        ok = order_add_file(order, name == NULL ? given : name, text.n == 0 ? "" : text.p, err);
    }
    buffer_clear(&bytes);
    buffer_clear(&text);
    return ok || error_in(err, "files[%d]", i);
}

static bool piston_files(cJSON *order, const cJSON *files, struct error *err)
{
    const cJSON *file;
    int i = 0;
    if (!cJSON_IsArray(files) || files->child == NULL) {
        return error_set(err, files == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "files",
                         "files must be a list of at least one file");
    }
    if (cJSON_GetArraySize(files) >= SANDBOX_MAX_FILES) {
        return error_set(err, ERROR_INVALID_VALUE, "files", "at most %d files", SANDBOX_MAX_FILES);
    }
    cJSON_ArrayForEach(file, files)
    {
        if (!cJSON_IsObject(file)) {
            return error_set(err, ERROR_INVALID_TYPE, "files", "files[%d] must be an object", i);
        }
        if (!piston_file(order, file, i++, err)) return false;
    }
    return true;
}

/* "*", the version listed, or one that begins like it ("3.10.0", "3.x"). */
static bool piston_version(const char *language, const char *version, struct error *err)
{
    const struct language *l = language_find(span_str(language));
    size_t n = strlen(l->version);
    bool fits = strcmp(version, "*") == 0 ||
                (strncmp(version, l->version, n) == 0 && strchr(".", version[n]) != NULL);
    return fits || error_set(err, ERROR_INVALID_VALUE, "version", "%.40s-%.40s runtime is unknown",
                             language, version);
}

static bool piston_times(const cJSON *b, struct order_wish *w, struct error *err)
{
    double compile_ms = 10000, run_ms = 3000, cpu = ORDER_MAX_SECONDS * 1e3, compile_cpu = cpu,
           memory = -1;
    double most = ORDER_MAX_SECONDS * 1e3, unused = -1;
    if (!json_get_double(b, "compile_timeout", 1, most, &compile_ms, err) ||
        !json_get_double(b, "run_timeout", 1, most, &run_ms, err) ||
        !json_get_double(b, "compile_cpu_time", 1, most, &compile_cpu, err) ||
        !json_get_double(b, "run_cpu_time", 1, most, &cpu, err) ||
        !json_get_double(b, "compile_memory_limit", -1, 1e15, &unused, err) ||
        !json_get_double(b, "run_memory_limit", -1, 1e15, &memory, err)) {
        return false;
    }
    w->compile_s = fmin(compile_ms, compile_cpu) / 1000;
    w->run_s = fmin(run_ms, cpu) / 1000;
    if (memory > 0) w->memory_mb = fmin(fmax(ceil(memory / (1 << 20)), 1), ORDER_MAX_MB);
    return true;
}

/* Packages that open-r1 adds to Piston: a run is then one test, judged. */
static const struct package {
    const char *name, *language, *judge;
} packages[] = {
    {"cms_ioi", "cpp", "ioi"},
    {"cf_python3", "python", "codeforces"},
    {"cf_c++17", "cpp", "codeforces"},
    {"c++17", "cpp", "codeforces"}}; /* as scoring scripts name it, beside a grader_config */

static bool has_file(const cJSON *files, const char *name)
{
    const cJSON *file;
    cJSON_ArrayForEach(file, files)
    {
        if (strcmp(outcome_text(file, "name"), name) == 0) return true;
    }
    return false;
}

static const struct package *find_package(const cJSON *body)
{
    const char *wanted = outcome_text(body, "language");
    const cJSON *files = json_get(body, "files");
    for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
        const struct package *p = &packages[i];
        bool plain = language_find(span_str(p->name)) != NULL;
        if (strcmp(wanted, p->name) == 0 && (!plain || has_file(files, "grader_config"))) return p;
    }
    return NULL;
}

static bool add_package(cJSON *order, const struct package *p, const cJSON *files,
                        struct error *err)
{
    const char *main = outcome_text(cJSON_GetArrayItem(files, 0), "name");
    if (!order_check_name(main, err)) return error_in(err, "files[0].name");
    return (cJSON_AddStringToObject(order, "judge", p->judge) != NULL &&
            cJSON_AddStringToObject(order, "main", main) != NULL) ||
           error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
}

/* NULL: err. */
static cJSON *piston_order(const struct order_wish *w, const cJSON *body, const char *input,
                           const struct package *package, struct error *err)
{
    cJSON *order = order_new(w, "");
    const cJSON *files = json_get(body, "files");
    bool ok = order != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    if (ok && input != NULL) cJSON_AddStringToObject(order, "stdin", input);
    ok = ok && piston_files(order, files, err) &&
         (package == NULL || add_package(order, package, files, err));
    if (ok) return order;
    cJSON_Delete(order);
    return NULL;
}

static bool piston_read(struct execution *x, struct error *err)
{
    static const char *const keys[] = {"language",
                                       "version",
                                       "files",
                                       "stdin",
                                       "args",
                                       "compile_timeout",
                                       "run_timeout",
                                       "compile_cpu_time",
                                       "run_cpu_time",
                                       "compile_memory_limit",
                                       "run_memory_limit",
                                       NULL};
    struct order_wish w = {.memory_mb = ORDER_DEFAULT_MB};
    const cJSON *b = x->body;
    const struct package *package = find_package(b);
    const char *version = NULL, *input = NULL;
    w.args = json_get(b, "args");
    if (!json_check_keys(b, keys, err) || !order_take_text(b, "language", &w.language, err)) {
        return false;
    }
    if (package != NULL) w.language = package->language;
    if (!order_check_language(w.language, err) || !order_take_text(b, "version", &version, err) ||
        !piston_version(w.language, version, err) || !json_get_string(b, "stdin", &input, err) ||
        !order_check_strings(w.args, "args", SANDBOX_MAX_ARGS / 2, err) ||
        !piston_times(b, &w, err) || !order_make_runs(x, 1, err)) {
        return false;
    }
    cJSON *order = piston_order(&w, b, input, package, err);
    return order != NULL && order_add_run(x, &w, order, err);
}

/* Piston's two letters: time out, output limit, signal, runtime error; null when all is well. */
static const char *piston_status(const cJSON *stage)
{
    if (stage_ended(stage, SANDBOX_TIME)) return "\"TO\"";
    if (stage_ended(stage, SANDBOX_OUTPUT)) return "\"OL\"";
    if (stage_was_signaled(stage)) return "\"SG\"";
    return outcome_number(stage, "code") > 0 ? "\"RE\"" : "null";
}

static void piston_stage(const char *key, const cJSON *stage, struct buffer *out)
{
    const char *printed = outcome_text(stage, "stdout"), *complaint = outcome_text(stage, "stderr");
    int code = (int)outcome_number(stage, "code");
    if (stage == NULL) return;
    buffer_addf(out, ",\"%s\":{\"code\":", key);
    if (stage_was_signaled(stage)) {
        buffer_addf(out, "null,\"signal\":\"SIG%s\"", sigabbrev_np(code) ? sigabbrev_np(code) : "");
    } else {
        buffer_addf(out, "%d,\"signal\":null", code);
    }
    outcome_print_member("stdout", json_get(stage, "stdout"), out);
    outcome_print_member("stderr", json_get(stage, "stderr"), out);
    struct buffer both;
    buffer_init(&both, (size_t)64 << 20);
    buffer_add_str(&both, printed);
    buffer_add_str(&both, complaint);
    cJSON *output = cJSON_CreateString(both.n == 0 ? "" : both.p);
    outcome_print_member("output", output, out);
    cJSON_Delete(output);
    buffer_clear(&both);
    buffer_addf(out,
                ",\"status\":%s,\"message\":null,\"cpu_time\":%.0f,\"wall_time\":%.0f,"
                "\"memory\":%.0f}",
                piston_status(stage), outcome_number(stage, "cpu_ms"),
                outcome_number(stage, "wall_ms"), outcome_number(stage, "peak_bytes"));
}

/* After a compile error the run is missing in newer Pistons; clients read run all the same. */
static void piston_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct language *l = language_find(span_str(outcome_text(r->order, "language")));
    const cJSON *compiled = json_get(r->outcome, "compile"), *run = json_get(r->outcome, "run");
    const char *fault = execution_fault(r);
    if (fault != NULL) {
        buffer_add_str(out, "{\"message\":");
        json_print_text(span_str(fault), out);
        buffer_add_char(out, '}');
        return;
    }
    buffer_addf(out, "{\"language\":\"%s\",\"version\":\"%s\"", l->name, l->version);
    piston_stage("compile", compiled, out);
    piston_stage("run", run == NULL ? compiled : run, out);
    buffer_add_char(out, '}');
}

void execution_runtimes_json(struct buffer *out)
{
    buffer_add_char(out, '[');
    const struct language *l;
    for (int i = 0; (l = language_at(i)) != NULL; i++) {
        if (!language_is_installed(l)) continue;
        buffer_addf(out, "%s{\"language\":\"%s\",\"version\":\"%s\",\"aliases\":[",
                    out->p[out->n - 1] == '[' ? "" : ",", l->name, l->version);
        for (const char *p = l->aliases; *p != '\0';) {
            size_t n = strcspn(p, " ");
            buffer_addf(out, "%s\"%.*s\"", p == l->aliases ? "" : ",", (int)n, p);
            p += n + (p[n] == ' ');
        }
        buffer_add_str(out, "]}");
    }
    buffer_add_char(out, ']');
}

const struct execution_row execution_piston = {
    .read = piston_read, .reply = piston_reply, .busy = ERROR_QUEUE_FULL};
