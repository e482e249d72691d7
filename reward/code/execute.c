/* reward/code/execute.c - see execute.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/execute.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/code/execute_test.h"
#include "reward/code/python_driver.h"
#include "reward/code/sandboxes.h"
#include "reward/code/trial.h"
#include "reward/workers/frame.h"
#include "reward/limits.h"

enum { MAX_OUTCOME = FRAME_MAX_BYTES - (1 << 20), MAX_FILES = SANDBOX_MAX_FILES - 1 };

const char *const execute_ends[] = {"exited",    "signaled",  "time",  "memory", "output",
                                    "processes", "not_found", "fault", NULL};

/* An order taken apart; texts are in the arena. */
struct execution {
    struct arena *arena;
    const cJSON *order;
    const struct language *language;
    struct span source, input;
    struct sandbox_file files[MAX_FILES + 1]; /* the first is the program */
    size_t n_files;
    const char *args[SANDBOX_MAX_ARGS + 1], *fetch[SANDBOX_MAX_FETCH + 1];
    struct buffer binary;
    struct error error;
};

/* ---- reading the order ------------------------------------------------------------------------------ */

static double number(const cJSON *order, const char *name)
{
    const cJSON *v = json_get(order, name);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* At most `most` strings of a list. */
static void read_strings(const cJSON *list, const char **out, size_t most)
{
    const cJSON *v;
    size_t n = 0;
    cJSON_ArrayForEach(v, list)
    {
        if (cJSON_IsString(v) && n < most) out[n++] = v->valuestring;
    }
    out[n] = NULL;
}

static bool read_file(struct execution *x, const cJSON *file)
{
    const cJSON *name = json_get(file, "name"), *text = json_get(file, "base64");
    struct buffer bytes;
    if (!cJSON_IsString(name) || !cJSON_IsString(text) || x->n_files > MAX_FILES) return false;
    buffer_init(&bytes, FRAME_MAX_BYTES);
    bool ok = base64_decode(span_str(text->valuestring), &bytes) && !bytes.failed;
    char *copy = ok ? arena_str(x->arena, buffer_span(&bytes)) : NULL;
    struct span content = span_of(copy, bytes.n);
    buffer_clear(&bytes);
    x->files[x->n_files++] = (struct sandbox_file){name->valuestring, content, false};
    return copy != NULL;
}

static bool read_order(struct execution *x)
{
    const cJSON *language = json_get(x->order, "language"), *file;
    if (cJSON_IsString(language)) x->language = language_find(span_str(language->valuestring));
    if (x->language == NULL) return false;
    x->source = json_text(json_get(x->order, "source"), x->arena);
    x->input = json_text(json_get(x->order, "stdin"), x->arena);
    x->files[x->n_files++] = (struct sandbox_file){x->language->file, x->source, false};
    cJSON_ArrayForEach(file, json_get(x->order, "files"))
    {
        if (!read_file(x, file)) return false;
    }
    read_strings(json_get(x->order, "args"), x->args, SANDBOX_MAX_ARGS);
    read_strings(json_get(x->order, "fetch"), x->fetch, SANDBOX_MAX_FETCH);
    return true;
}

/* ---- stages ------------------------------------------------------------------------------------------ */

static struct sandbox_limits limits(const struct execution *x, const char *ms)
{
    double mb = number(x->order, "memory_mb"), time_ms = number(x->order, ms);
    struct sandbox_limits l = trial_limits(x->language, time_ms / 1000, (size_t)mb << 20,
                                           (size_t)number(x->order, "output_bytes"));
    l.wall_ms = (int)time_ms + 1000; /* these clients mean the time on the wall */
    return l;
}

/* argv: head, then the strings of more as far as there is room. */
static void join(const char *const *head, const char *const *more, const char **out)
{
    size_t n = 0;
    for (; *head != NULL; head++) {
        out[n++] = *head;
    }
    for (; *more != NULL && n < SANDBOX_MAX_ARGS; more++) {
        out[n++] = *more;
    }
    out[n] = NULL;
}

static bool run_stage(struct execution *x, const struct sandbox_run *run, struct sandbox_result *r)
{
    struct sandbox **list;
    return sandboxes_get(1, &list, &x->error) > 0 && sandbox_run(list[0], run, r, &x->error);
}

/* The program's file and every other file of its kind. */
static bool compile(struct execution *x, struct sandbox_result *r)
{
    const struct language *l = x->language;
    const char *more[SANDBOX_MAX_ARGS + 1], *argv[SANDBOX_MAX_ARGS + 1];
    const char *const fetch[] = {l->product, NULL};
    size_t n = 0;
    for (size_t i = 1; i < x->n_files && n < SANDBOX_MAX_ARGS - LANGUAGE_MAX_ARGS; i++) {
        if (language_is_source(l, x->files[i].name)) more[n++] = x->files[i].name;
    }
    more[n] = NULL;
    language_compile_argv(l, NULL, more, argv, SANDBOX_MAX_ARGS);
    struct sandbox_run run = {.argv = argv,
                              .files = x->files,
                              .n_files = x->n_files,
                              .fetch = fetch,
                              .limits = limits(x, "compile_ms")};
    run.limits.memory_bytes = run.limits.address_bytes = (size_t)1 << 30;
    if (!run_stage(x, &run, r)) return false;
    if (r->was_fetched[0]) buffer_add_span(&x->binary, buffer_span(&r->fetched[0]));
    return true;
}

static bool run_program_of(struct execution *x, struct sandbox_result *r)
{
    static const char *const cell[] = {"python3", "-S", "-c", PYTHON_DRIVER_CELL, NULL};
    const struct language *l = x->language;
    const char *argv[SANDBOX_MAX_ARGS + 1];
    bool is_cell = l->python && cJSON_IsTrue(json_get(x->order, "cell"));
    join(is_cell ? cell : l->run, x->args, argv);
    if (l->product != NULL) {
        x->files[0] = (struct sandbox_file){l->product, buffer_span(&x->binary), true};
    }
    struct sandbox_run run = {.argv = argv,
                              .input = x->input,
                              .files = x->files,
                              .n_files = x->n_files,
                              .fetch = x->fetch,
                              .limits = limits(x, "run_ms")};
    return run_stage(x, &run, r);
}

/* ---- the outcome --------------------------------------------------------------------------------------- */

static void print_stage(const char *name, const struct sandbox_result *r, struct buffer *out)
{
    buffer_addf(out,
                ",\"%s\":{\"end\":\"%s\",\"signaled\":%s,\"code\":%d,\"cpu_ms\":%.3f,"
                "\"wall_ms\":%.3f,\"peak_bytes\":%zu,\"stdout\":",
                name, execute_ends[r->end], r->signaled ? "true" : "false", r->code, r->cpu_ms,
                r->wall_ms, r->peak_bytes);
    json_print_text(buffer_span(&r->out), out);
    buffer_add_str(out, ",\"stderr\":");
    json_print_text(buffer_span(&r->err), out);
    buffer_add_str(out, ",\"value\":");
    json_print_text(buffer_span(&r->channel), out);
    buffer_add_char(out, '}');
}

static void print_files(const struct execution *x, const struct sandbox_result *r,
                        struct buffer *out)
{
    bool any = false;
    buffer_add_str(out, ",\"files\":{");
    for (size_t i = 0; x->fetch[i] != NULL; i++) {
        if (!r->was_fetched[i]) continue;
        if (any) buffer_add_char(out, ',');
        json_print_text(span_str(x->fetch[i]), out);
        buffer_add_str(out, ":\"");
        base64_encode(buffer_span(&r->fetched[i]), out);
        buffer_add_char(out, '"');
        any = true;
    }
    buffer_add_char(out, '}');
}

/* A stage that did not end by itself or by a limit: ours, or the machine's. */
static bool is_fault(struct execution *x, const struct sandbox_result *r)
{
    if (r->end == SANDBOX_NOT_FOUND) {
        error_set(&x->error, ERROR_NOT_AVAILABLE, "language", "%s is not installed here",
                  x->language->name);
    }
    if (r->end == SANDBOX_FAULT) error_set(&x->error, ERROR_SYSTEM, NULL, "%s", r->error);
    return r->end == SANDBOX_NOT_FOUND || r->end == SANDBOX_FAULT;
}

/* Members of the outcome but for "error", which comes last. */
static void run_plainly(struct execution *x, struct buffer *out)
{
    struct sandbox_result r;
    sandbox_result_init(&r);
    bool good = true;
    if (x->language->product != NULL) {
        good = compile(x, &r) && !is_fault(x, &r);
        if (good) print_stage("compile", &r, out);
        good = good && r.end == SANDBOX_EXITED && r.code == 0 && x->binary.n > 0;
    }
    if (good && run_program_of(x, &r) && !is_fault(x, &r)) {
        print_stage("run", &r, out);
        print_files(x, &r, out);
    }
    sandbox_result_clear(&r);
}

static void run_as_test(struct execution *x, const char *judge, const char *main,
                        struct buffer *out)
{
    const struct test_order t = {.language = x->language,
                                 .source = x->source,
                                 .main = main,
                                 .files = x->files + 1,
                                 .n_files = x->n_files - 1,
                                 .is_ioi = strcmp(judge, "ioi") == 0,
                                 .time_s = number(x->order, "run_ms") / 1000,
                                 .memory_mb = number(x->order, "memory_mb")};
    execute_test(&t, x->arena, out, &x->error);
}

static void execute(struct execution *x, struct buffer *out)
{
    const cJSON *judge = json_get(x->order, "judge"), *main = json_get(x->order, "main");
    if (cJSON_IsString(judge) && cJSON_IsString(main)) {
        run_as_test(x, judge->valuestring, main->valuestring, out);
    } else {
        run_plainly(x, out);
    }
}

static bool write_outcome(struct execution *x, struct buffer *outcome, struct buffer *reply)
{
    struct error none = {0};
    if (outcome->failed) {
        outcome->n = 0;
        error_set(&x->error, ERROR_TOO_LARGE, NULL, "the program's output is too large");
    }
    struct buffer all;
    buffer_init(&all, FRAME_MAX_BYTES);
    buffer_add_str(&all, "{\"error\":");
    if (x->error.code == ERROR_NONE) {
        buffer_add_str(&all, "null");
    } else {
        json_print_text(span_str(x->error.message), &all);
    }
    buffer_add_span(&all, buffer_span(outcome));
    buffer_add_char(&all, '}');
    struct reward_out out = {.details = &all, .err = &none};
    frame_write_reply(reply, SCORE_DONE, &out, false);
    bool ok = !all.failed && !reply->failed;
    buffer_clear(&all);
    return ok;
}

bool execute_answer(struct span order, struct buffer *reply)
{
    struct buffer outcome;
    struct execution *x = mem_new(1, sizeof(*x), NULL);
    cJSON *json = json_parse(order, NULL);
    bool ok = x != NULL && json != NULL && (x->arena = arena_new(2 * FRAME_MAX_BYTES)) != NULL;
    buffer_init(&outcome, MAX_OUTCOME);
    if (ok) {
        x->order = json;
        buffer_init(&x->binary, FRAME_MAX_BYTES);
        if (read_order(x)) {
            execute(x, &outcome);
        } else {
            error_set(&x->error, ERROR_TOO_LARGE, "files",
                      "the program and its files are too large");
        }
        ok = write_outcome(x, &outcome, reply);
        buffer_clear(&x->binary);
    }
    buffer_clear(&outcome);
    if (x != NULL) arena_free(x->arena);
    cJSON_Delete(json);
    free(x);
    return ok;
}
