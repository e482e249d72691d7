/* reward/execution_dialects.c - other sandboxes' requests and replies, spoken from one table.
 *
 *   SandboxFusion  sandbox/server/sandbox_api.py; the client is verl/utils/reward_score/sandbox_fusion
 *   Piston         piston docs/api-v2.md; the client is open_r1/utils/competitive_programming/piston_client.py
 *   router         open-r1 scripts/e2b_router.py, scripts/morph_router.py, in one reply that both clients read
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/execution.h"

#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "reward/code/execute.h"
#include "reward/code/languages.h"
#include "reward/code/sandbox.h"

enum {
    MAX_SECONDS = 300,
    MAX_MB = 16384,
    DEFAULT_MB = 1024,
    OUTPUT_BYTES = 4 << 20, /* of stdout and of stderr */
    SLACK_MS = 10000        /* beside the program's own time: sandboxes, files, a busy machine */
};

/* ---- reading, what all share ------------------------------------------------------------------------- */

/* What a program may be given, with the dialect's defaults filled in. */
struct wanted {
    const char *language;
    double compile_s, run_s, memory_mb;
    const cJSON *args;
    bool cell;
};

static bool strings(const cJSON *list, const char *field, int most, struct error *err)
{
    const cJSON *v;
    int i = 0;
    if (list == NULL || cJSON_IsNull(list)) return true;
    if (!cJSON_IsArray(list)) {
        return error_set(err, ERROR_INVALID_TYPE, field, "%s must be a list of strings, not %s",
                         field, json_type_name(list));
    }
    cJSON_ArrayForEach(v, list)
    {
        if (!cJSON_IsString(v) || i >= most) {
            return error_set(err, ERROR_INVALID_TYPE, field,
                             "%s must be a list of at most %d strings", field, most);
        }
        i++;
    }
    return true;
}

/* A required string. */
static bool text_of(const cJSON *object, const char *field, const char **out, struct error *err)
{
    if (!json_get_string(object, field, out, err)) return false;
    return *out != NULL || error_set(err, ERROR_MISSING_FIELD, field, "%s is missing", field);
}

static bool check_language(const char *name, struct error *err)
{
    return language_find(span_str(name)) != NULL ||
           error_set(err, ERROR_INVALID_VALUE, "language", "language \"%.60s\" is not known", name);
}

/* The order for a program; source is text as cJSON holds it. NULL: out of memory. */
static cJSON *new_order(const struct wanted *w, const char *source)
{
    cJSON *order = cJSON_CreateObject();
    bool ok = cJSON_AddStringToObject(order, "language", w->language) != NULL &&
              cJSON_AddStringToObject(order, "source", source) != NULL &&
              cJSON_AddNumberToObject(order, "compile_ms", w->compile_s * 1000) != NULL &&
              cJSON_AddNumberToObject(order, "run_ms", w->run_s * 1000) != NULL &&
              cJSON_AddNumberToObject(order, "memory_mb", w->memory_mb) != NULL &&
              cJSON_AddNumberToObject(order, "output_bytes", OUTPUT_BYTES) != NULL &&
              cJSON_AddArrayToObject(order, "files") != NULL;
    if (ok && w->cell) ok = cJSON_AddTrueToObject(order, "cell") != NULL;
    if (ok && w->args != NULL) {
        ok = cJSON_AddItemToObject(order, "args", cJSON_Duplicate(w->args, true)) != 0;
    }
    if (ok) return order;
    cJSON_Delete(order);
    return NULL;
}

static bool add_file(cJSON *order, const char *name, const char *base64, struct error *err)
{
    cJSON *files = cJSON_GetObjectItemCaseSensitive(order, "files"), *file = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(files, file) || cJSON_AddStringToObject(file, "name", name) == NULL ||
        cJSON_AddStringToObject(file, "base64", base64) == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
    }
    return true;
}

static bool check_name(const char *name, struct error *err)
{
    return sandbox_is_file_name(name) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "\"%.80s\" is no relative path without \"..\"",
                     name);
}

static bool make_runs(struct execution *x, size_t n, struct error *err)
{
    x->runs = mem_new(n, sizeof(*x->runs), err);
    return x->runs != NULL;
}

static bool add_run(struct execution *x, const struct wanted *w, cJSON *order, struct error *err)
{
    return execution_add(x, order, (int)((w->compile_s + w->run_s) * 1000) + SLACK_MS, err);
}

/* ---- reading outcomes ----------------------------------------------------------------------------------- */

static const char *text_in(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static double number_in(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static bool ended(const cJSON *stage, enum sandbox_end end)
{
    return strcmp(text_in(stage, "end"), execute_ends[end]) == 0;
}

static bool was_signaled(const cJSON *stage)
{
    return cJSON_IsTrue(json_get(stage, "signaled"));
}

static bool is_good(const cJSON *stage)
{
    return ended(stage, SANDBOX_EXITED) && number_in(stage, "code") == 0; /* a whole number */
}

static void print_member(const char *key, const cJSON *v, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    if (v == NULL)
        buffer_add_str(out, "null");
    else
        json_print(v, out);
}

/* ---- SandboxFusion -------------------------------------------------------------------------------------- */

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
        if (!ok || !check_name(f->string, err) ||
            !add_file(order, f->string, f->valuestring, err)) {
            return error_in(err, "files.%.60s", f->string);
        }
    }
    return true;
}

static bool fusion_fetch(cJSON *order, const cJSON *fetch, struct error *err)
{
    const cJSON *name;
    if (!strings(fetch, "fetch_files", SANDBOX_MAX_FETCH, err)) return false;
    cJSON_ArrayForEach(name, fetch)
    {
        if (!check_name(name->valuestring, err)) return error_in(err, "fetch_files");
    }
    return fetch == NULL || cJSON_AddItemToObject(order, "fetch", cJSON_Duplicate(fetch, true)) ||
           error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the files");
}

static bool fusion_read(struct execution *x, struct error *err)
{
    static const char *const keys[] = {"code",  "language", "compile_timeout", "run_timeout",
                                       "stdin", "files",    "memory_limit_MB", "fetch_files",
                                       "args",  NULL};
    struct wanted w = {.compile_s = 10, .run_s = 10, .memory_mb = DEFAULT_MB};
    const cJSON *b = x->body;
    const char *code = NULL, *input = NULL;
    double mb = -1;
    w.args = json_get(b, "args");
    if (!json_check_keys(b, keys, err) || !text_of(b, "code", &code, err) ||
        !text_of(b, "language", &w.language, err) || !check_language(w.language, err) ||
        !json_get_string(b, "stdin", &input, err) ||
        !json_get_double(b, "compile_timeout", 0.01, MAX_SECONDS, &w.compile_s, err) ||
        !json_get_double(b, "run_timeout", 0.01, MAX_SECONDS, &w.run_s, err) ||
        !json_get_double(b, "memory_limit_MB", -1, MAX_MB, &mb, err) ||
        !strings(w.args, "args", SANDBOX_MAX_ARGS / 2, err) || !make_runs(x, 1, err)) {
        return false;
    }
    if (mb >= 1) w.memory_mb = mb;
    cJSON *order = new_order(&w, code);
    if (input != NULL) cJSON_AddStringToObject(order, "stdin", input);
    bool ok = order != NULL && fusion_files(order, json_get(b, "files"), err) &&
              fusion_fetch(order, json_get(b, "fetch_files"), err);
    if (!ok && order != NULL) {
        cJSON_Delete(order);
        return false;
    }
    return add_run(x, &w, order, err);
}

/* status is Finished whatever the exit status; a signal is a negative one, as Python has it. */
static void fusion_stage(const char *key, const cJSON *stage, struct buffer *out)
{
    buffer_addf(out, ",\"%s\":", key);
    if (stage == NULL) {
        buffer_add_str(out, "null");
        return;
    }
    bool late = ended(stage, SANDBOX_TIME);
    double code = number_in(stage, "code");
    buffer_addf(out, "{\"status\":\"%s\",\"execution_time\":%.6f,\"return_code\":",
                late ? "TimeLimitExceeded" : "Finished", number_in(stage, "wall_ms") / 1000);
    if (late)
        buffer_add_str(out, "null");
    else
        buffer_addf(out, "%d", (int)(was_signaled(stage) ? -code : code));
    print_member("stdout", json_get(stage, "stdout"), out);
    print_member("stderr", json_get(stage, "stderr"), out);
    buffer_add_char(out, '}');
}

static void fusion_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const cJSON *compiled = json_get(r->outcome, "compile"), *run = json_get(r->outcome, "run");
    const char *fault = execution_fault(r);
    bool good = (compiled == NULL || is_good(compiled)) && run != NULL && is_good(run);
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
    if (files == NULL)
        buffer_add_str(out, "{}");
    else
        json_print(files, out);
    buffer_add_char(out, '}');
}

/* ---- Piston ------------------------------------------------------------------------------------------------ */

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
    if (!text_of(file, "content", &content, err) ||
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
           error_set(err, ERROR_INVALID_VALUE, "content", "content is no %s", encoding);
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
              piston_content(file, &bytes, err) && (name == NULL || check_name(name, err));
    if (ok && i == 0) {
        ok = utf8_is_valid(buffer_span(&bytes)) ||
             error_set(err, ERROR_INVALID_VALUE, "content", "the program is no UTF-8 text");
        cJSON *source = ok ? json_string(buffer_span(&bytes)) : NULL;
        if (ok) cJSON_ReplaceItemInObjectCaseSensitive(order, "source", source);
    } else if (ok) {
        base64_encode(buffer_span(&bytes), &text);
        ok = add_file(order, name == NULL ? given : name, text.n == 0 ? "" : text.p, err);
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

static bool piston_times(const cJSON *b, struct wanted *w, struct error *err)
{
    double compile_ms = 10000, run_ms = 3000, cpu = MAX_SECONDS * 1e3, compile_cpu = cpu,
           memory = -1;
    double most = MAX_SECONDS * 1e3, unused = -1;
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
    if (memory > 0) w->memory_mb = fmin(fmax(ceil(memory / (1 << 20)), 1), MAX_MB);
    return true;
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
    struct wanted w = {.memory_mb = DEFAULT_MB};
    const cJSON *b = x->body;
    const char *version = NULL, *input = NULL;
    w.args = json_get(b, "args");
    if (!json_check_keys(b, keys, err) || !text_of(b, "language", &w.language, err) ||
        !check_language(w.language, err) || !text_of(b, "version", &version, err) ||
        !piston_version(w.language, version, err) || !json_get_string(b, "stdin", &input, err) ||
        !strings(w.args, "args", SANDBOX_MAX_ARGS / 2, err) || !piston_times(b, &w, err) ||
        !make_runs(x, 1, err)) {
        return false;
    }
    cJSON *order = new_order(&w, "");
    if (order != NULL && input != NULL) cJSON_AddStringToObject(order, "stdin", input);
    if (order != NULL && !piston_files(order, json_get(b, "files"), err)) {
        cJSON_Delete(order);
        return false;
    }
    return add_run(x, &w, order, err);
}

/* Piston's two letters: time out, output limit, signal, runtime error; null when all is well. */
static const char *piston_status(const cJSON *stage)
{
    if (ended(stage, SANDBOX_TIME)) return "\"TO\"";
    if (ended(stage, SANDBOX_OUTPUT)) return "\"OL\"";
    if (was_signaled(stage)) return "\"SG\"";
    return number_in(stage, "code") > 0 ? "\"RE\"" : "null";
}

static void piston_stage(const char *key, const cJSON *stage, struct buffer *out)
{
    const char *printed = text_in(stage, "stdout"), *complaint = text_in(stage, "stderr");
    int code = (int)number_in(stage, "code");
    if (stage == NULL) return;
    buffer_addf(out, ",\"%s\":{\"code\":", key);
    if (was_signaled(stage))
        buffer_addf(out, "null,\"signal\":\"SIG%s\"", sigabbrev_np(code) ? sigabbrev_np(code) : "");
    else
        buffer_addf(out, "%d,\"signal\":null", code);
    print_member("stdout", json_get(stage, "stdout"), out);
    print_member("stderr", json_get(stage, "stderr"), out);
    struct buffer both;
    buffer_init(&both, (size_t)64 << 20);
    buffer_add_str(&both, printed);
    buffer_add_str(&both, complaint);
    cJSON *output = cJSON_CreateString(both.n == 0 ? "" : both.p);
    print_member("output", output, out);
    cJSON_Delete(output);
    buffer_clear(&both);
    buffer_addf(out,
                ",\"status\":%s,\"message\":null,\"cpu_time\":%.0f,\"wall_time\":%.0f,"
                "\"memory\":%.0f}",
                piston_status(stage), number_in(stage, "cpu_ms"), number_in(stage, "wall_ms"),
                number_in(stage, "peak_bytes"));
}

/* After a compile error the run is missing in newer Pistons; clients read run all the same. */
static void piston_reply(const struct execution *x, struct buffer *out)
{
    const struct execution_run *r = &x->runs[0];
    const struct language *l = language_find(span_str(text_in(r->order, "language")));
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

/* ---- open-r1's routers ----------------------------------------------------------------------------------- */

/* The i-th script's language: of "languages", the one "language" of older clients, or Python. */
static const char *router_language(const cJSON *body, int i)
{
    const cJSON *list = json_get(body, "languages"), *one = json_get(body, "language");
    if (cJSON_IsArray(list)) return cJSON_GetArrayItem(list, i)->valuestring;
    return cJSON_IsString(one) ? one->valuestring : "python";
}

static bool router_check(const cJSON *b, double *timeout_s, struct error *err)
{
    static const char *const keys[] = {"scripts", "languages",       "language",
                                       "timeout", "request_timeout", NULL};
    const cJSON *scripts = json_get(b, "scripts"), *languages = json_get(b, "languages");
    const char *one = NULL;
    double request_s = 30;
    if (!json_check_keys(b, keys, err)) return false;
    if (scripts == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "scripts", "scripts is missing");
    }
    if (!strings(scripts, "scripts", EXECUTION_MAX_PROGRAMS, err) ||
        !strings(languages, "languages", EXECUTION_MAX_PROGRAMS, err) ||
        !json_get_string(b, "language", &one, err) ||
        !json_get_double(b, "timeout", 0.01, 1e6, timeout_s, err) ||
        !json_get_double(b, "request_timeout", 0.01, 1e6, &request_s, err)) {
        return false;
    }
    if (languages != NULL && cJSON_GetArraySize(languages) != cJSON_GetArraySize(scripts)) {
        return error_set(err, ERROR_INVALID_VALUE, "languages", "%d scripts but %d languages",
                         cJSON_GetArraySize(scripts), cJSON_GetArraySize(languages));
    }
    *timeout_s = fmin(*timeout_s, MAX_SECONDS);
    return true;
}

static bool router_read(struct execution *x, struct error *err)
{
    const cJSON *script, *scripts = json_get(x->body, "scripts");
    struct wanted w = {
        .compile_s = 10, .run_s = MAX_SECONDS, .memory_mb = DEFAULT_MB, .cell = true};
    if (!router_check(x->body, &w.run_s, err) ||
        !make_runs(x, (size_t)cJSON_GetArraySize(scripts) + 1, err)) {
        return false;
    }
    int i = 0;
    cJSON_ArrayForEach(script, scripts)
    {
        w.language = router_language(x->body, i++);
        if (!check_language(w.language, err)) return error_in(err, "languages[%d]", i - 1);
        if (!add_run(x, &w, new_order(&w, script->valuestring), err)) return false;
    }
    return true;
}

/* Python's last line of a traceback: "Name: value". */
static void print_exception(const cJSON *stage, struct buffer *out)
{
    struct span all = span_trim(span_str(text_in(stage, "stderr")));
    size_t line = span_find_last(all, span_str("\n"));
    struct span last = span_slice(all, line == SPAN_NONE ? 0 : line + 1, all.n);
    size_t colon = span_find(last, span_str(": "), 0);
    struct span value = span_slice(last, colon == SPAN_NONE ? last.n : colon + 2, last.n);
    buffer_add_str(out, "{\"name\":");
    json_print_text(span_slice(last, 0, colon == SPAN_NONE ? last.n : colon), out);
    buffer_add_str(out, ",\"value\":");
    json_print_text(value, out);
    buffer_add_str(out, ",\"traceback\":");
    json_print_text(all, out);
    buffer_add_char(out, '}');
}

/* A stream as the notebook's list of pieces. */
static void print_pieces(const char *key, const cJSON *stage, struct buffer *out)
{
    const cJSON *text = json_get(stage, key);
    buffer_addf(out, "\"%s\":[", key);
    if (text_in(stage, key)[0] != '\0') json_print(text, out);
    buffer_add_char(out, ']');
}

/* E2B's Execution; "text" beside it is what Morph's client reads: the value, or what was printed. */
static void print_execution(const cJSON *stage, struct buffer *out)
{
    const cJSON *value = json_get(stage, "value");
    bool has_value = text_in(stage, "value")[0] != '\0';
    buffer_add_str(out, "{\"execution\":{\"results\":[");
    if (has_value) {
        buffer_add_str(out, "{\"text\":");
        json_print(value, out);
        buffer_add_str(out, ",\"is_main_result\":true}");
    }
    buffer_add_str(out, "],\"logs\":{");
    print_pieces("stdout", stage, out);
    buffer_add_char(out, ',');
    print_pieces("stderr", stage, out);
    buffer_add_str(out, "},\"error\":");
    if (is_good(stage))
        buffer_add_str(out, "null");
    else
        print_exception(stage, out);
    buffer_add_str(out, ",\"execution_count\":1}");
    print_member("text", has_value ? value : json_get(stage, "stdout"), out);
    buffer_add_str(out, ",\"exception_str\":null}");
}

/* What ended it, where that was not the program itself. */
static const char *router_exception(const struct execution_run *r, const cJSON **stage)
{
    const cJSON *compiled = json_get(r->outcome, "compile"), *run = json_get(r->outcome, "run");
    const char *fault = execution_fault(r);
    *stage = run != NULL ? run : compiled;
    if (fault != NULL) return fault;
    if (*stage == NULL) return "the program did not run";
    if (ended(*stage, SANDBOX_TIME)) return "time limit exceeded";
    if (ended(*stage, SANDBOX_OUTPUT)) return "output limit exceeded";
    return NULL;
}

static void router_reply(const struct execution *x, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < x->n; i++) {
        const cJSON *stage;
        const char *exception = router_exception(&x->runs[i], &stage);
        if (i > 0) buffer_add_char(out, ',');
        if (exception == NULL) {
            print_execution(stage, out);
            continue;
        }
        buffer_add_str(out, "{\"execution\":null,\"text\":null,\"exception_str\":");
        json_print_text(span_str(exception), out);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

static const struct dialect {
    bool (*read)(struct execution *x, struct error *err);
    void (*reply)(const struct execution *x, struct buffer *out);
    enum error_code busy; /* what its clients try again after */
} dialects[EXECUTION_DIALECTS] = {
    [EXECUTION_SANDBOX_FUSION] = {fusion_read, fusion_reply, ERROR_TIMEOUT},
    [EXECUTION_PISTON] = {piston_read, piston_reply, ERROR_QUEUE_FULL},
    [EXECUTION_ROUTER] = {router_read, router_reply, ERROR_QUEUE_FULL},
};

bool execution_dialect_read(struct execution *x, struct error *err)
{
    return dialects[x->dialect].read(x, err);
}

bool execution_dialect_reply(const struct execution *x, struct buffer *out, struct error *err)
{
    const struct dialect *d = &dialects[x->dialect];
    for (size_t i = 0; i < x->n; i++) {
        if (x->runs[i].refused) {
            return error_set(err, d->busy, NULL, "too many programs wait for a sandbox");
        }
    }
    d->reply(x, out);
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "the reply is too large");
}
