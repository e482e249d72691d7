/* reward/code/execute.c - see execute.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/execute.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reward/code/execute_test.h"
#include "reward/code/sandboxes.h"
#include "reward/row/limits.h"
#include "reward/workers/frame.h"
#include "reward/workers/pack.h"

enum { MAX_OUTCOME = FRAME_MAX_BYTES - (1 << 20) };

/* An order under way. */
struct program_run {
    struct arena *arena;
    struct execute_order order;
    struct sandbox_file files[EXECUTE_MAX_FILES + 1]; /* the first is the program */
    size_t n_files;
    struct buffer binary;
    struct error error;
    struct execute_outcome outcome; /* its texts are in: */
    struct sandbox_result compile, run;
};

/* ---- reading the order -------------------------------------------------------------------------- */

/* At most `most` strings. */
static bool unpack_strings(struct unpack *u, const char **out, size_t most)
{
    size_t n = unpack_u32(u);
    if (n > most) return false;
    for (size_t i = 0; i < n; i++) {
        out[i] = unpack_str(u);
    }
    out[n] = NULL;
    return !u->failed;
}

static bool unpack_files(struct unpack *u, struct execute_order *o)
{
    o->n_files = unpack_u32(u);
    if (o->n_files > EXECUTE_MAX_FILES) return false;
    for (size_t i = 0; i < o->n_files; i++) {
        o->files[i].name = unpack_str(u);
        o->files[i].content = unpack_span(u);
    }
    return !u->failed;
}

static bool unpack_order(struct span packed, struct execute_order *o)
{
    struct unpack u = {.rest = packed};
    o->language = language_find(span_str(unpack_str(&u)));
    o->source = unpack_span(&u);
    o->input = unpack_span(&u);
    o->cell = unpack_u32(&u) != 0;
    o->judge = (enum execute_judge)unpack_u32(&u);
    o->main = unpack_str(&u);
    o->compile_ms = unpack_f64(&u);
    o->run_ms = unpack_f64(&u);
    o->memory_mb = unpack_f64(&u);
    o->output_bytes = unpack_u32(&u);
    return unpack_files(&u, o) && unpack_strings(&u, o->args, SANDBOX_MAX_ARGS) &&
           unpack_strings(&u, o->fetch, SANDBOX_MAX_FETCH) && unpack_is_whole(&u) &&
           o->language != NULL && o->judge < EXECUTE_JUDGES;
}

static bool read_order(struct span packed, struct program_run *x)
{
    struct execute_order *o = &x->order;
    if (!unpack_order(packed, o)) return false;
    assert(x->n_files == 0 && o->n_files <= EXECUTE_MAX_FILES);
    x->files[x->n_files++] = (struct sandbox_file){o->language->file, o->source, false};
    for (size_t i = 0; i < o->n_files; i++) {
        x->files[x->n_files++] = o->files[i];
    }
    return true;
}

/* ---- stages ------------------------------------------------------------------------------------------ */

static struct sandbox_limits limits(const struct program_run *x, double time_ms)
{
    const struct execute_order *o = &x->order;
    struct sandbox_limits l =
        run_limits(o->language, time_ms / 1000, (size_t)o->memory_mb << 20, o->output_bytes);
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

static bool run_stage(struct program_run *x, const struct sandbox_run *run,
                      struct sandbox_result *r)
{
    struct sandbox **list;
    return sandboxes_get(1, &list, &x->error) > 0 && sandbox_run(list[0], run, r, &x->error);
}

/* The program's file and every other file of its kind. */
static bool compile(struct program_run *x, struct sandbox_result *r)
{
    const struct language *l = x->order.language;
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
                              .limits = compile_limits(l, x->order.compile_ms / 1000)};
    run.limits.wall_ms = (int)x->order.compile_ms + 1000;
    run.limits.output_bytes = x->order.output_bytes;
    if (!run_stage(x, &run, r)) return false;
    if (r->was_fetched[0]) buffer_add_span(&x->binary, buffer_span(&r->fetched[0]));
    return true;
}

static bool run_program_of(struct program_run *x, struct sandbox_result *r)
{
    static const char *const cell[] = {"python3", "cell", NULL};
    const struct language *l = x->order.language;
    const char *argv[SANDBOX_MAX_ARGS + 1];
    bool is_cell = l->python && x->order.cell;
    join(is_cell ? cell : l->run, x->order.args, argv);
    if (l->product != NULL) {
        x->files[0] = (struct sandbox_file){l->product, buffer_span(&x->binary), true};
    }
    struct sandbox_run run = {.argv = argv,
                              .warm = l->warm,
                              .input = x->order.input,
                              .files = x->files,
                              .n_files = x->n_files,
                              .fetch = x->order.fetch,
                              .limits = limits(x, x->order.run_ms)};
    return run_stage(x, &run, r);
}

/* ---- the outcome -------------------------------------------------------------------------------- */

static struct execute_stage stage_of(const struct sandbox_result *r)
{
    return (struct execute_stage){.ran = true,
                                  .end = r->end,
                                  .signaled = r->signaled,
                                  .code = r->code,
                                  .cpu_ms = r->cpu_ms,
                                  .wall_ms = r->wall_ms,
                                  .peak_bytes = r->peak_bytes,
                                  .out = buffer_span(&r->out),
                                  .err = buffer_span(&r->err),
                                  .value = buffer_span(&r->channel)};
}

static void note_files(struct program_run *x)
{
    struct execute_outcome *o = &x->outcome;
    for (size_t i = 0; x->order.fetch[i] != NULL; i++) {
        assert(o->n_files <= i && i < SANDBOX_MAX_FETCH);
        if (!x->run.was_fetched[i]) continue;
        o->files[o->n_files].name = span_str(x->order.fetch[i]);
        o->files[o->n_files++].content = buffer_span(&x->run.fetched[i]);
    }
}

/* A stage that did not end by itself or by a limit: ours, or the machine's. */
static bool is_fault(struct program_run *x, const struct sandbox_result *r)
{
    if (r->end == SANDBOX_NOT_FOUND) {
        error_set(&x->error, ERROR_NOT_AVAILABLE, "language", "%s is not installed here",
                  x->order.language->name);
    }
    if (r->end == SANDBOX_FAULT) error_set(&x->error, ERROR_SYSTEM, NULL, "%s", r->error);
    if (r->starved && (r->end != SANDBOX_EXITED || r->code != 0)) {
        error_set(&x->error, ERROR_SYSTEM, NULL, "the disk or the memory of the machine was full");
    }
    return x->error.code != ERROR_NONE;
}

/* A compiler never sleeps. */
static bool has_waited(struct program_run *x, const struct sandbox_result *c)
{
    if (!c->waited) return false;
    error_set(&x->error, ERROR_SYSTEM, NULL,
              "the compiler had too little of the machine's processors in its time");
    return true;
}

static void run_plainly(struct program_run *x)
{
    const struct sandbox_result *c = &x->compile;
    if (x->order.language->product != NULL) {
        if (!compile(x, &x->compile) || is_fault(x, c) || has_waited(x, c)) return;
        x->outcome.compile = stage_of(c);
        if (c->end != SANDBOX_EXITED || c->code != 0 || x->binary.n == 0) return;
    }
    if (!run_program_of(x, &x->run) || is_fault(x, &x->run)) return;
    x->outcome.run = stage_of(&x->run);
    note_files(x);
}

static void run_as_test(struct program_run *x)
{
    const struct execute_order *o = &x->order;
    const struct test_order t = {.language = o->language,
                                 .source = o->source,
                                 .main = o->main,
                                 .files = o->files,
                                 .n_files = o->n_files,
                                 .is_ioi = o->judge == EXECUTE_IOI,
                                 .time_s = o->run_ms / 1000,
                                 .memory_mb = o->memory_mb};
    execute_test(&t, x->arena, &x->outcome, &x->error);
}

/* What is too large to send back is an error, and nothing else. */
static bool answer(struct program_run *x, struct buffer *out)
{
    struct buffer packed;
    buffer_init(&packed, MAX_OUTCOME);
    if (x->error.code == ERROR_NONE) execute_pack_outcome(&x->outcome, &packed);
    if (packed.failed) {
        error_set(&x->error, ERROR_TOO_LARGE, NULL, "the program's output is too large");
    }
    if (x->error.code != ERROR_NONE) {
        buffer_clear(&packed);
        assert(x->error.message[0] != '\0'); /* an empty error would be read as none */
        x->outcome = (struct execute_outcome){.error = span_str(x->error.message),
                                              .compile = x->outcome.compile};
        execute_pack_outcome(&x->outcome, &packed);
    }
    buffer_add_span(out, buffer_span(&packed));
    bool ok = !packed.failed && !out->failed;
    buffer_clear(&packed);
    return ok;
}

bool execute_serve(const struct service_grant *g, struct span packed, struct buffer *out)
{
    struct program_run *x = mem_new(1, sizeof(*x), NULL);
    (void)g; /* its processes have limits of their own, and one runs at a time */
    bool ok = x != NULL && (x->arena = arena_new(REWARD_SCRATCH_BYTES)) != NULL;
    if (ok) {
        buffer_init(&x->binary, FRAME_MAX_BYTES);
        sandbox_result_init(&x->compile);
        sandbox_result_init(&x->run);
        if (!read_order(packed, x)) {
            error_set(&x->error, ERROR_INTERNAL, NULL, "the order could not be read");
        } else if (x->order.judge == EXECUTE_PLAIN) {
            run_plainly(x);
        } else {
            run_as_test(x);
        }
        ok = answer(x, out);
        buffer_clear(&x->binary);
        sandbox_result_clear(&x->compile);
        sandbox_result_clear(&x->run);
    }
    if (x != NULL) arena_free(x->arena);
    free(x);
    return ok;
}
