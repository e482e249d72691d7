/* reward/code/execute_test.c - see execute_test.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/execute_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "reward/code/ioi.h"

enum { COMPILE_MS = 30000, OUTPUT_BYTES = 32 << 20 };

static struct span content_of(const struct test_order *t, const char *name)
{
    for (size_t i = 0; i < t->n_files; i++) {
        if (strcmp(t->files[i].name, name) == 0) return t->files[i].content;
    }
    return span_of(NULL, 0);
}

/* ---- limits of the grader's own ------------------------------------------------------------------------ */

/* graders/grader_config.json: seconds and bytes. */
static void ioi_limits(const struct test_order *t, struct trial_options *o)
{
    cJSON *config = json_parse(content_of(t, "graders/grader_config.json"), NULL);
    const cJSON *time = json_get(config, "time_limit"), *memory = json_get(config, "memory_limit");
    if (cJSON_IsNumber(time) && time->valuedouble > 0 && time->valuedouble < o->time_s) {
        o->time_s = time->valuedouble;
    }
    if (cJSON_IsNumber(memory) && memory->valuedouble >= 1 << 20 &&
        memory->valuedouble < (double)o->memory_bytes) {
        o->memory_bytes = (size_t)memory->valuedouble;
    }
    cJSON_Delete(config);
}

/* The number behind "KEY=" in lines of them; 0: none. */
static double config_number(struct span config, const char *key)
{
    char number[32];
    size_t at = span_find(config, span_str(key), 0);
    if (at == SPAN_NONE) return 0;
    struct span rest = span_slice(config, at + strlen(key), at + strlen(key) + sizeof(number) - 1);
    snprintf(number, sizeof(number), "%.*s", (int)rest.n, rest.p);
    return strtod(number, NULL);
}

static void codeforces_limits(const struct test_order *t, struct trial_options *o)
{
    struct span config = content_of(t, "grader_config");
    double time_s = config_number(config, "TIME_LIMIT="),
           mb = config_number(config, "MEMORY_LIMIT=");
    if (time_s > 0 && time_s < o->time_s) o->time_s = time_s;
    if (mb >= 1 && mb * (1 << 20) < (double)o->memory_bytes) {
        if (t->language->python && mb < 128) mb = 128; /* the interpreter itself */
        o->memory_bytes = (size_t)(mb * (1 << 20));
    }
}

/* ---- the test as the trial knows it ------------------------------------------------------------------------ */

static void ioi_of(const struct test_order *t, struct arena *a, struct ioi *out)
{
    *out = (struct ioi){.main = t->main};
    out->files = arena_alloc(a, t->n_files + 1, sizeof(*out->files));
    for (size_t i = 0; out->files != NULL && i < t->n_files; i++) {
        const char *name = t->files[i].name;
        bool data = strcmp(name, "input.txt") == 0 || strcmp(name, "correct_output.txt") == 0;
        if (!data) out->files[out->n_files++] = t->files[i];
    }
    ioi_find_checker(out);
}

static void describe(const struct test_order *t, struct arena *a, struct code_case *c,
                     struct ioi *ioi, struct code_tests *tests, struct trial_options *o)
{
    *c = (struct code_case){.kind = CASE_STDIO,
                            .input = content_of(t, "input.txt"),
                            .expected = content_of(t, "correct_output.txt")};
    *tests = (struct code_tests){.cases = c, .n = 1, .language = t->language};
    *o = (struct trial_options){.checker = CHECKER_TOKENS,
                                .runs = 1,
                                .time_s = t->time_s,
                                .total_s = t->time_s * 4,
                                .memory_bytes = (size_t)t->memory_mb << 20,
                                .output_bytes = OUTPUT_BYTES};
    if (t->is_ioi) {
        ioi_of(t, a, ioi);
        ioi_limits(t, o);
        tests->ioi = ioi;
        return;
    }
    codeforces_limits(t, o);
    tests->checker = content_of(t, "checker.py");
    if (span_find(content_of(t, "grader_config"), span_str("INPUT_MODE=file"), 0) != SPAN_NONE) {
        c->output_file = "output.txt";
    }
}

/* ---- the verdict as stages ---------------------------------------------------------------------------------- */

/* open-r1's ioi_scoring.py reads these words. */
static const char *const words[TRIAL_STATUSES] = {[TRIAL_ACCEPTED] = "Output is correct",
                                                  [TRIAL_WRONG_ANSWER] = "Output isn't correct",
                                                  [TRIAL_RUNTIME_ERROR] = "Runtime error",
                                                  [TRIAL_TIME_LIMIT] = "Time limit exceeded",
                                                  [TRIAL_MEMORY_LIMIT] = "Memory limit exceeded",
                                                  [TRIAL_OUTPUT_LIMIT] = "Output limit exceeded",
                                                  [TRIAL_PROCESS_LIMIT] = "Runtime error",
                                                  [TRIAL_COMPILE_ERROR] = "Compilation error",
                                                  [TRIAL_SANDBOX_ERROR] = "",
                                                  [TRIAL_SKIPPED] = ""};

static struct execute_stage stage(int code, struct span printed, struct span complaint)
{
    return (struct execute_stage){
        .ran = true, .end = SANDBOX_EXITED, .code = code, .out = printed, .err = complaint};
}

static void print_verdict(const struct trial *t, struct arena *a, struct execute_outcome *out)
{
    char score[32];
    const char *why = words[t->statuses[0]];
    bool partial = t->scores[0] > 0 && t->scores[0] < 1;
    snprintf(score, sizeof(score), "%.9g", t->scores[0]);
    out->compile = stage(0, span_of(NULL, 0), span_of(NULL, 0));
    out->run = stage(0, span_str(arena_str(a, span_str(score))),
                     span_str(partial ? "Output is partially correct" : why));
}

static bool is_judged(const struct trial *t)
{
    return t->n == 1 && t->statuses[0] != TRIAL_SANDBOX_ERROR && t->statuses[0] != TRIAL_SKIPPED;
}

void execute_test(const struct test_order *order, struct arena *a, struct execute_outcome *out,
                  struct error *err)
{
    struct code_case c;
    struct ioi ioi;
    struct code_tests tests;
    struct trial_options o;
    struct trial t;
    describe(order, a, &c, &ioi, &tests, &o);
    struct program p = {.language = order->language, .source = order->source, .ioi = tests.ioi};
    trial_init(&t);
    buffer_init(&p.binary, (size_t)64 << 20);
    bool compiled = trial_compile(&p, COMPILE_MS, &t);
    if (!compiled && t.compile == TRIAL_COMPILE_ERROR) {
        struct span said = buffer_span(&t.message);
        out->compile = stage(1, span_of(NULL, 0), span_of(arena_str(a, said), said.n));
    } else if (compiled && trial_run(&p, &tests, &o, a, &t) && is_judged(&t)) {
        print_verdict(&t, a, out);
    } else {
        *err = t.error;
        if (err->code == ERROR_NONE) error_set(err, ERROR_SYSTEM, NULL, "the sandbox failed");
    }
    if (arena_failed(a)) error_set(err, ERROR_NO_MEMORY, NULL, "no memory for what a test printed");
    buffer_clear(&p.binary);
    trial_clear(&t);
}
