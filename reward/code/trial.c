/* reward/code/trial.c - see trial.h.
 *
 * Tests go to the worker's sandboxes one each; whichever is done first takes the next. Verdicts
 * do not depend on that order, but for all-or-nothing trials, where any failure decides.
 *
 *   (1) A test is settled once; those that were not started stay "skipped".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/trial.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/json.h"
#include "reward/code/ioi.h"
#include "reward/code/sandboxes.h"

enum {
    MESSAGE_BYTES = 2000,
    MAX_TIMEOUTS = 3, /* a program that has run out of time so often is not run again */
};

const char *const trial_status_names[] = {"accepted",
                                          "wrong_answer",
                                          "runtime_error",
                                          "time_limit",
                                          "memory_limit",
                                          "output_limit",
                                          "process_limit",
                                          "compile_error",
                                          "sandbox_error",
                                          "skipped",
                                          NULL};

void trial_init(struct trial *t)
{
    memset(t, 0, sizeof(*t));
    buffer_init(&t->message, 2 * MESSAGE_BYTES);
}

void trial_clear(struct trial *t)
{
    buffer_clear(&t->message);
}

static enum trial_status trial_status_of(const struct sandbox_result *r)
{
    static const enum trial_status of[SANDBOX_ENDS] = {
        [SANDBOX_EXITED] = TRIAL_RUNTIME_ERROR,    [SANDBOX_SIGNALED] = TRIAL_RUNTIME_ERROR,
        [SANDBOX_TIME] = TRIAL_TIME_LIMIT,         [SANDBOX_MEMORY] = TRIAL_MEMORY_LIMIT,
        [SANDBOX_OUTPUT] = TRIAL_OUTPUT_LIMIT,     [SANDBOX_PROCESSES] = TRIAL_PROCESS_LIMIT,
        [SANDBOX_NOT_FOUND] = TRIAL_SANDBOX_ERROR, [SANDBOX_FAULT] = TRIAL_SANDBOX_ERROR,
    };
    return r->end == SANDBOX_EXITED && r->code == 0 ? TRIAL_ACCEPTED : of[r->end];
}

void trial_give_up(struct trial *t)
{
    t->compile = TRIAL_SANDBOX_ERROR;
    t->compiled = true;
}

/* ---- compiling -------------------------------------------------------------------------------------------- */

static void keep_message(struct trial *t, struct span text)
{
    if (t->message.n == 0) buffer_add_span(&t->message, span_slice(text, 0, MESSAGE_BYTES));
}

/* One run in a sandbox of the worker's, when none is busy. False: there is none, or it died; err says so. */
static bool run_alone(const struct sandbox_run *run, struct sandbox_result *r, struct error *err)
{
    struct sandbox **list;
    if (sandboxes_get(1, &list, err) == 0) return false;
    return sandbox_run(list[0], run, r, err);
}

bool trial_compile(struct program *p, int cpu_ms, struct trial *t)
{
    const struct language *l = p->language;
    if (l->product == NULL) return true;
    struct sandbox_file files[SANDBOX_MAX_FILES] = {{l->file, p->source, false}};
    const char *const fetch[] = {l->product, NULL};
    const char *argv[SANDBOX_MAX_ARGS + 1];
    struct sandbox_run run = {.argv = l->compile, .files = files, .n_files = 1, .fetch = fetch};
    if (p->ioi != NULL) ioi_compile_run(p, files, argv, &run);
    run.limits = compile_limits(l, cpu_ms / 1000.0);
    struct sandbox_result r;
    sandbox_result_init(&r);
    t->compiled = true;
    t->compile = TRIAL_SANDBOX_ERROR;
    if (run_alone(&run, &r, &t->error)) {
        enum trial_status s = trial_status_of(&r);
        t->not_installed = r.end == SANDBOX_NOT_FOUND;
        if (s == TRIAL_SANDBOX_ERROR) {
            error_set(&t->error, ERROR_SYSTEM, NULL, "%s", r.error);
        } else if (s != TRIAL_ACCEPTED && (r.starved || r.waited)) {
            error_set(
                &t->error, ERROR_SYSTEM, NULL, "%s",
                r.waited ? "the compiler had too little of the machine's processors in its time"
                         : "the disk or the memory of the machine was full while the compiler ran");
        } else {
            t->compile = s == TRIAL_ACCEPTED && r.was_fetched[0] ? s : TRIAL_COMPILE_ERROR;
        }
        if (t->compile == TRIAL_COMPILE_ERROR) {
            keep_message(t, buffer_span(&r.err));
            if (r.end != SANDBOX_EXITED) buffer_addf(&t->message, "\n(%s)", trial_status_names[s]);
        }
        if (t->compile == TRIAL_ACCEPTED) buffer_add_span(&p->binary, buffer_span(&r.fetched[0]));
    }
    sandbox_result_clear(&r);
    return t->compile == TRIAL_ACCEPTED;
}

static const char *const lent_argv[] = {"python3", "lent", NULL};

struct sandbox_run trial_run_of(const struct program *p, struct sandbox_file *file)
{
    const struct language *l = p->language;
    bool compiled = l->product != NULL;
    *file = (struct sandbox_file){compiled ? l->product : l->file,
                                  compiled ? buffer_span(&p->binary) : p->source, compiled};
    const char *const *argv = l->python && p->lent ? lent_argv : l->run;
    return (struct sandbox_run){.argv = argv, .warm = l->warm, .files = file, .n_files = 1};
}

/* ---- assertions ---------------------------------------------------------------------------------------------- */

/* The converter's work is kept for the next item: a group's samples share their tests. */
static struct {
    struct buffer asked, answer;
} converted = {.asked = {.limit = 64 << 20}, .answer = {.limit = 64 << 20}};

static bool convert(struct span asked, struct error *err)
{
    static const char *const argv[] = {"python3", "asserts", NULL};
    if (converted.answer.n > 0 && span_eq(asked, buffer_span(&converted.asked))) return true;
    struct sandbox_run run = {.argv = argv, .warm = true, .input = asked};
    run.limits = run_limits(language_find(span_str("python")), 20, (size_t)1 << 30, 64 << 20);
    struct sandbox_result r;
    sandbox_result_init(&r);
    bool ok = run_alone(&run, &r, err);
    buffer_clear(&converted.asked);
    buffer_clear(&converted.answer);
    if (ok && trial_status_of(&r) == TRIAL_ACCEPTED) {
        buffer_add_span(&converted.asked, asked);
        buffer_add_span(&converted.answer, buffer_span(&r.channel));
    }
    sandbox_result_clear(&r);
    return ok;
}

/* [{"source", "entry"}, ...] of all assertions. */
static void ask(const struct code_tests *tests, struct buffer *out)
{
    emit_array(out, NULL);
    for (size_t i = 0; i < tests->n; i++) {
        const struct code_case *c = &tests->cases[i];
        if (c->kind != CASE_ASSERT) continue;
        emit_object(out, NULL);
        emit_text(out, "source", c->body);
        emit_text(out, "entry", c->name);
        emit_bool(out, "pytest", c->calls.n > 0);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static bool take_text(const cJSON *v, struct arena *a, struct span *out)
{
    if (!cJSON_IsString(v)) return false;
    struct span text = json_text(v, a);
    *out = span_of(arena_str(a, text), text.n);
    return out->p != NULL;
}

/* [kind, absolute, relative] */
static struct near take_near(const cJSON *v)
{
    static const char *const kinds[NEARNESSES] = {[NEAR_UNDER] = "under",
                                                  [NEAR_WITHIN] = "within",
                                                  [NEAR_CLOSE] = "close",
                                                  [NEAR_NUMPY] = "numpy"};
    struct near n = {.kind = NEAR_NOT};
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 3 || !cJSON_IsString(v->child)) return n;
    for (int k = NEAR_UNDER; k < NEARNESSES; k++) {
        if (strcmp(v->child->valuestring, kinds[k]) == 0) n.kind = (enum nearness)k;
    }
    n.absolute = v->child->next->valuedouble;
    n.relative = v->child->next->next->valuedouble;
    return n;
}

/* The values that one assertion (or script) came apart into; false: leave it whole. */
static bool take_values(const cJSON *values, struct code_tests *to, size_t room, struct arena *a)
{
    const cJSON *v;
    size_t from = to->n;
    if (!cJSON_IsArray(values) || (size_t)cJSON_GetArraySize(values) > room - to->n) return false;
    cJSON_ArrayForEach(v, values)
    {
        struct code_case *c = &to->cases[to->n++];
        *c = (struct code_case){.kind = CASE_VALUE,
                                .clean = cJSON_IsTrue(json_get(v, "clean")),
                                .near = take_near(json_get(v, "near")),
                                .weak = cJSON_IsTrue(json_get(v, "weak"))};
        if (take_text(json_get(v, "expr"), a, &c->body) &&
            take_text(json_get(v, "keep"), a, &c->name) &&
            take_text(json_get(v, "want"), a, &c->expected)) {
            continue;
        }
        to->n = from;
        return false;
    }
    return to->n > from;
}

bool trial_split_asserts(struct code_tests *tests, struct arena *a, struct error *err)
{
    struct buffer asked;
    size_t n_asserts = 0, room = tests->n + CODE_MAX_TESTS;
    for (size_t i = 0; i < tests->n; i++) {
        n_asserts += tests->cases[i].kind == CASE_ASSERT;
    }
    if (n_asserts == 0) return true;
    buffer_init(&asked, 64 << 20);
    ask(tests, &asked);
    bool ok = convert(buffer_span(&asked), err);
    buffer_clear(&asked);
    cJSON *answer = ok ? json_parse(span_trim(buffer_span(&converted.answer)), NULL) : NULL;
    struct code_tests all = *tests;
    all.n = 0;
    all.cases = arena_alloc(a, room, sizeof(*all.cases));
    const cJSON *values = answer == NULL ? NULL : answer->child;
    for (size_t i = 0; all.cases != NULL && i < tests->n; i++) {
        bool is_assert = tests->cases[i].kind == CASE_ASSERT;
        size_t rest = tests->n - i - 1;
        bool taken = is_assert && values != NULL && take_values(values, &all, room - rest, a);
        if (!taken) all.cases[all.n++] = tests->cases[i];
        if (is_assert && values != NULL) values = values->next;
    }
    cJSON_Delete(answer);
    assert(all.cases == NULL || (all.n >= tests->n && all.n <= room)); /* none is lost */
    if (all.cases != NULL) *tests = all;
    return ok && all.cases != NULL;
}

/* ---- one test --------------------------------------------------------------------------------------------------- */

/* What the driver reads from the file "call"; its token for scripts says that it reached the end. */
static struct span call_text(const struct code_case *c, struct arena *a)
{
    struct buffer b;
    buffer_init(&b, 64 << 20);
    if (c->kind == CASE_CALL) {
        buffer_add_str(&b, "call ");
        buffer_add_span(&b, c->name);
        buffer_add_char(&b, '\n');
        buffer_add_span(&b, code_python_text(c->body, a));
    } else if (c->kind == CASE_VALUE) {
        buffer_addf(&b, "%s ", c->clean ? "clean" : "eval");
        buffer_add_span(&b, c->name);
        buffer_add_char(&b, '\n');
        buffer_add_span(&b, c->body);
    } else {
        buffer_add_str(&b, "exec ");
        buffer_add_span(&b, c->expected);
        buffer_add_char(&b, '\n');
        buffer_add_span(&b, c->body);
        buffer_add_span(&b, c->calls);
        if (c->name.n > 0) {
            buffer_add_str(&b, "\ncheck(");
            buffer_add_span(&b, c->name);
            buffer_add_str(&b, ")\n");
        }
    }
    char *copy = b.failed || arena_failed(a) ? NULL : arena_str(a, buffer_span(&b));
    struct span text = span_of(copy, copy == NULL ? 0 : b.n);
    buffer_clear(&b);
    return text;
}

/* Everything one trial shares. */
struct session {
    const struct program *program;
    const struct code_tests *tests;
    const struct trial_options *options;
    struct arena *arena;
    struct trial *trial;
    struct buffer checker; /* the IOI's, compiled */
    size_t next;           /* test to start */
    int timeouts;          /* so far */
    bool over;             /* nothing more is started */
    uint64_t end_ns;       /* of the time for all */
};

static bool lacks_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a test");
}

static bool start_test(struct session *s, struct sandbox *box, const struct code_case *c,
                       struct error *err)
{
    static const char *const call_argv[] = {"python3", "call", NULL};
    static const char *const lent_call_argv[] = {"python3", "call_lent", NULL};
    struct sandbox_file files[2 + CODE_MAX_FILES];
    struct sandbox_run run = trial_run_of(s->program, &files[0]);
    const char *const fetch[] = {c->output_file, NULL};
    const struct trial_options *o = s->options;
    run.limits = run_limits(s->program->language, o->time_s, o->memory_bytes, o->output_bytes);
    run.fetch = fetch;
    if (c->kind == CASE_STDIO) {
        run.input = c->input;
    } else {
        run.argv = s->program->lent ? lent_call_argv : call_argv;
        struct span call = call_text(c, s->arena);
        if (call.p == NULL) return lacks_memory(err);
        files[run.n_files++] = (struct sandbox_file){"call", call, false};
    }
    if (c->output_file != NULL && c->files == NULL) {
        files[run.n_files++] = (struct sandbox_file){"input.txt", c->input, false};
    }
    const cJSON *f;
    cJSON_ArrayForEach(f, c->files)
    {
        assert(run.n_files < 2 + CODE_MAX_FILES);
        files[run.n_files++] = (struct sandbox_file){f->string, json_text(f, s->arena), false};
    }
    if (arena_failed(s->arena)) return lacks_memory(err);
    return sandbox_start(box, &run, err);
}

/* Codeforces: a program of the dataset's says whether the output will do. */
static enum trial_status run_checker(const struct session *s, struct sandbox *box,
                                     const struct code_case *c, struct span output)
{
    static const char *const argv[] = {
        "python3", "run", "input.txt", "correct_output.txt", "solution_output.txt", NULL};
    struct sandbox_file files[] = {{"main.py", s->tests->checker, false},
                                   {"input.txt", c->input, false},
                                   {"correct_output.txt", c->expected, false},
                                   {"solution_output.txt", output, false}};
    struct sandbox_run run = {.argv = argv, .warm = true, .files = files, .n_files = 4};
    run.limits = run_limits(language_find(span_str("python")), 10, (size_t)1 << 30, 1 << 20);
    struct sandbox_result r;
    sandbox_result_init(&r);
    enum trial_status status = TRIAL_SANDBOX_ERROR;
    if (sandbox_run(box, &run, &r, &s->trial->error)) {
        bool good = trial_status_of(&r) == TRIAL_ACCEPTED;
        status = good && span_is(span_trim(buffer_span(&r.out)), "1") ? TRIAL_ACCEPTED
                                                                      : TRIAL_WRONG_ANSWER;
    }
    sandbox_result_clear(&r);
    return status;
}

/* Is the value a string, and the expected text that string? APPS writes strings as themselves,
 * others the JSON of any value as a string. */
static bool is_the_text(const struct code_case *c, struct span value, struct arena *a)
{
    if (!c->quoted || value.n == 0 || value.p[0] != '"') return false;
    cJSON *said = json_parse(value, NULL);
    bool same = cJSON_IsString(said) && span_eq(json_text(said, a), c->expected);
    cJSON_Delete(said);
    return same;
}

/* APPS writes the expected value of a call as itself or as a list of one. */
static bool same_value(const struct session *s, const struct code_case *c, struct span value)
{
    const struct trial_options *o = s->options;
    const struct tolerance *t = o->checker == CHECKER_EXACT ? NULL : &o->tolerance;
    if (json_same(c->expected, value, t, s->arena) || is_the_text(c, value, s->arena)) return true;
    if (!c->unwrap) return false;
    char *list = arena_alloc(s->arena, value.n + 3, 1);
    if (list == NULL) return false;
    int n = snprintf(list, value.n + 3, "[%.*s]", (int)value.n, value.p == NULL ? "" : value.p);
    return json_same(c->expected, span_of(list, (size_t)n), t, s->arena);
}

static bool is_right(const struct session *s, const struct code_case *c,
                     const struct sandbox_result *r, struct span output)
{
    const struct trial_options *o = s->options;
    struct span value = buffer_span(&r->channel);
    if (value.n > 0 && value.p[value.n - 1] == '\n') value.n--;
    if (c->kind == CASE_CALL) return same_value(s, c, value);
    if (c->near.kind != NEAR_NOT) return near_accepts(&c->near, c->expected, value);
    if (c->kind != CASE_STDIO) return span_eq(value, c->expected);
    return checker_accepts(o->checker, c->expected, output, &o->tolerance, s->arena);
}

/* The IOI's checkers give a share of a test. */
static enum trial_status check_ioi(const struct session *s, struct sandbox *box,
                                   const struct code_case *c, struct span output, double *score)
{
    if (!ioi_check(&s->checker, box, c, output, score, &s->trial->error)) {
        return TRIAL_SANDBOX_ERROR;
    }
    return *score > 0 ? TRIAL_ACCEPTED : TRIAL_WRONG_ANSWER;
}

static enum trial_status judge_test(const struct session *s, struct sandbox *box,
                                    const struct code_case *c, const struct sandbox_result *r,
                                    double *score)
{
    enum trial_status status = trial_status_of(r);
    if (status != TRIAL_ACCEPTED) return status;
    if (c->kind != CASE_STDIO && r->channel.n == 0) return TRIAL_RUNTIME_ERROR; /* left early */
    struct span output = buffer_span(c->output_file != NULL ? &r->fetched[0] : &r->out);
    if (c->kind == CASE_STDIO && s->tests->checker.n > 0) {
        return run_checker(s, box, c, output);
    }
    if (s->checker.n > 0) return check_ioi(s, box, c, output, score);
    return is_right(s, c, r, output) ? TRIAL_ACCEPTED : TRIAL_WRONG_ANSWER;
}

/* A test is failed by the program alone: not by a machine whose disk or memory was used up, here or
 * there. */
static enum trial_status judge_fairly(const struct session *s, struct sandbox *box,
                                      const struct code_case *c, const struct sandbox_result *r,
                                      double *score, struct error *err)
{
    enum trial_status status = judge_test(s, box, c, r, score);
    if (status == TRIAL_ACCEPTED || status == TRIAL_SANDBOX_ERROR) return status;
    if (arena_failed(s->arena)) {
        lacks_memory(err);
    } else if (r->starved) {
        error_set(err, ERROR_SYSTEM, NULL,
                  "the disk or the memory of the machine was full while the program ran");
    } else {
        return status;
    }
    return TRIAL_SANDBOX_ERROR;
}

/* ---- all tests ---------------------------------------------------------------------------------------------------- */

static void settle(struct session *s, size_t i, enum trial_status status, double score,
                   struct span message)
{
    struct trial *t = s->trial;
    assert(i < t->n && t->statuses[i] == TRIAL_SKIPPED); /* (1) */
    t->statuses[i] = status;
    if (status == TRIAL_ACCEPTED) {
        t->scores[i] = score;
        t->passed++;
        return;
    }
    keep_message(t, message);
    s->timeouts += status == TRIAL_TIME_LIMIT;
    s->over = s->over || s->options->stop_at_failure || s->timeouts >= MAX_TIMEOUTS ||
              status == TRIAL_SANDBOX_ERROR;
}

/* A sandbox and the test it is at. */
struct bay {
    struct sandbox *box;
    bool busy, again; /* again: the test has cost a cell its life already */
    size_t test;
};

/* The lane's test has a result. A cell may have been lost for reasons of the machine's (memory),
 * so its test is given to another one, once. */
static void finish_test(struct session *s, struct bay *bay)
{
    struct sandbox_result r;
    struct trial *t = s->trial;
    const struct code_case *c = &s->tests->cases[bay->test];
    struct error err = {0};
    sandbox_result_init(&r);
    assert(bay->busy && bay->test < s->next);
    bay->busy = false;
    bool alive = sandbox_finish(bay->box, &r, &err);
    if (!alive && !bay->again) {
        bay->again = bay->busy = start_test(s, bay->box, c, &err);
    }
    if (!bay->busy) {
        double score = 1;
        enum trial_status status =
            alive ? judge_fairly(s, bay->box, c, &r, &score, &err) : TRIAL_SANDBOX_ERROR;
        if (r.end == SANDBOX_NOT_FOUND) t->not_installed = true;
        if (alive && r.error[0] != '\0') error_set(&err, ERROR_SYSTEM, NULL, "%s", r.error);
        if (status == TRIAL_SANDBOX_ERROR && t->error.code == ERROR_NONE) t->error = err;
        settle(s, bay->test, status, score, buffer_span(&r.err));
    }
    sandbox_result_clear(&r);
}

/* Give the lane the next test, if there is one and the box takes it. */
static void occupy(struct session *s, struct bay *bay)
{
    bay->again = bay->again && bay->busy;
    while (!bay->busy && !s->over && s->next < s->tests->n) {
        if (clock_ns() > s->end_ns) {
            s->over = true;
            return;
        }
        bay->test = s->next++;
        struct error *err = &s->trial->error;
        bay->busy = start_test(s, bay->box, &s->tests->cases[bay->test], err);
        if (!bay->busy) settle(s, bay->test, TRIAL_SANDBOX_ERROR, 0, span_str(err->message));
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void serve(struct session *s, struct bay *bays, size_t n)
{
    for (;;) {
        struct pollfd p[SANDBOXES_MAX];
        size_t busy = 0;
        int wait_ms = INT_MAX;
        for (size_t i = 0; i < n; i++) {
            occupy(s, &bays[i]);
            busy += bays[i].busy;
            if (bays[i].busy) wait_ms = least(wait_ms, sandbox_wait_ms(bays[i].box));
            p[i] = (struct pollfd){.fd = bays[i].busy ? sandbox_fd(bays[i].box) : -1,
                                   .events = POLLIN};
        }
        assert(busy <= n && n <= SANDBOXES_MAX);
        if (busy == 0) return;
        poll(p, n, wait_ms);
        for (size_t i = 0; i < n; i++) {
            bool overdue = bays[i].busy && sandbox_wait_ms(bays[i].box) == 0;
            if (bays[i].busy && (p[i].revents != 0 || overdue)) finish_test(s, &bays[i]);
        }
    }
}

/* The token of assertion scripts, which nobody can guess beforehand. */
static bool give_tokens(struct session *s)
{
    for (size_t i = 0; i < s->tests->n; i++) {
        struct code_case *c = &s->tests->cases[i];
        if (c->kind != CASE_ASSERT) continue;
        unsigned char bytes[16];
        char text[2 * sizeof(bytes) + 1];
        FILE *f = fopen("/dev/urandom", "rb");
        bool ok = f != NULL && fread(bytes, sizeof(bytes), 1, f) == 1;
        if (f != NULL) fclose(f);
        for (size_t k = 0; ok && k < sizeof(bytes); k++) {
            snprintf(text + 2 * k, 3, "%02x", bytes[k]);
        }
        c->expected = span_of(ok ? arena_str(s->arena, span_of(text, 32)) : NULL, 32);
        if (c->expected.p == NULL) return false;
    }
    return true;
}

bool trial_run(const struct program *p, const struct code_tests *tests,
               const struct trial_options *o, struct arena *a, struct trial *t)
{
    struct session s = {.program = p, .tests = tests, .options = o, .arena = a, .trial = t};
    struct sandbox **list;
    struct bay bays[SANDBOXES_MAX] = {0};
    assert(o->runs >= 1);
    t->statuses = arena_alloc(a, tests->n, sizeof(*t->statuses));
    t->scores = arena_alloc(a, tests->n, sizeof(*t->scores));
    if (t->statuses == NULL || t->scores == NULL || !give_tokens(&s)) return false;
    t->n = tests->n;
    buffer_init(&s.checker, (size_t)64 << 20);
    if (tests->ioi != NULL && tests->ioi->checker != NULL &&
        !ioi_compile_checker(tests->ioi, &s.checker, &t->error)) {
        t->n = 0;
        return false;
    }
    for (size_t i = 0; i < tests->n; i++) {
        t->statuses[i] = TRIAL_SKIPPED;
    }
    s.end_ns = clock_ns() + (uint64_t)(o->total_s * 1e9);
    size_t most = (size_t)o->runs < tests->n ? (size_t)o->runs : tests->n;
    size_t n = sandboxes_get(most, &list, &t->error);
    for (size_t i = 0; i < n; i++) {
        bays[i].box = list[i];
    }
    if (n == 0) t->statuses[0] = TRIAL_SANDBOX_ERROR;
    serve(&s, bays, n);
    buffer_clear(&s.checker);
    return true;
}
