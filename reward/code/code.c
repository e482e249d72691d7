/* reward/code/code.c - the reward "code": does the answer's program pass its tests?
 *
 * In the server only what is cheap is done: tests read, program found. All else happens in a worker
 * process, whose sandboxes run the program; the worker holds what is expected and compares.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <stdio.h>
#include <unistd.h>

#include "base/emit.h"
#include "base/log.h"
#include "base/processors.h"
#include "reward/code/code.h"
#include "reward/code/sandboxes.h"
#include "reward/code/cases.h"
#include "reward/code/ioi.h"
#include "reward/code/probe.h"
#include "reward/code/run_limits.h"
#include "reward/code/trial.h"
#include "reward/rules/text.h"

enum {
    OPT_LANG,
    OPT_FENCE,
    OPT_CHECKER,
    OPT_ABS_TOL,
    OPT_REL_TOL,
    OPT_PARTIAL,
    OPT_TIMEOUT_S,
    OPT_TOTAL_S,
    OPT_MEMORY_MB,
    OPT_OUTPUT_KB,
    OPT_MAX_TESTS,
    OPT_WEAK_TESTS,
    OPT_PRELUDE
};

enum { WEAK_RUN, WEAK_REFUSE };
enum { FENCE_LANGUAGE, FENCE_ANY, FENCE_NONE };
enum {
    COMPILE_MS = 10000,
    RESERVED_MEMORY_MB = 1024,
    KEPT_SHARE = 8 /* of the workers for code one in so many more, for clients that have none */
};

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    if (!o[OPT_LANG].set || language_find(o[OPT_LANG].text) != NULL) return true;
    return error_set(err, ERROR_INVALID_VALUE, "lang", "lang \"%.*s\" is not known",
                     (int)(o[OPT_LANG].text.n < 40 ? o[OPT_LANG].text.n : 40), o[OPT_LANG].text.p);
}

/* The request's language, else the dataset's, else Python. */
static const struct language *choose_language(const struct reward_call *call,
                                              const struct code_tests *tests)
{
    if (call->options[OPT_LANG].set) return language_find(call->options[OPT_LANG].text);
    return tests->language != NULL ? tests->language : language_find(span_str("python"));
}

static bool needs_python(const struct code_tests *tests)
{
    for (size_t i = 0; i < tests->n; i++) {
        if (tests->cases[i].kind != CASE_STDIO) return true;
    }
    return false;
}

/* HumanEval's prompt goes in front of a completion that continues it, not of a whole function. */
static struct span with_setup(struct span source, const struct code_tests *tests, struct arena *a)
{
    if (tests->setup.n == 0) return source;
    if (tests->entry.n > 0) {
        char head[160];
        snprintf(head, sizeof(head), "def %.*s(",
                 (int)(tests->entry.n < 120 ? tests->entry.n : 120), tests->entry.p);
        if (span_find(source, span_str(head), 0) != SPAN_NONE) return source;
    }
    return text_join(tests->setup, source, a);
}

static struct span find_source(const struct reward_call *call, const struct language *l)
{
    const struct language *which;
    struct span text = text_after_think(text_join(call->prefill, call->completion, call->arena));
    switch (call->options[OPT_FENCE].choice) {
    case FENCE_LANGUAGE:
        return language_last_fence(text, l, &which);
    case FENCE_ANY:
        return language_last_fence(text, NULL, &which);
    default:
        return call->completion;
    }
}

static struct trial_options read_options(const struct reward_call *call,
                                         const struct code_tests *tests, const struct language *l)
{
    const struct option_value *o = call->options;
    struct trial_options t = {
        .checker = (enum checker)o[OPT_CHECKER].choice,
        .tolerance = {o[OPT_ABS_TOL].real, o[OPT_REL_TOL].real},
        .time_s = o[OPT_TIMEOUT_S].real,
        .total_s = o[OPT_TOTAL_S].real,
        .memory_bytes = (size_t)o[OPT_MEMORY_MB].i << 20,
        .output_bytes = (size_t)o[OPT_OUTPUT_KB].i << 10,
        .runs = call->runs,
        .stop_at_failure = !o[OPT_PARTIAL].on || tests->ioi != NULL,
    };
    if (!o[OPT_TIMEOUT_S].given && tests->time_s > 0 && tests->time_s < 60) {
        t.time_s = tests->time_s;
    }
    if (!o[OPT_MEMORY_MB].given) {
        double mb = tests->memory_mb > 0 ? tests->memory_mb : (double)o[OPT_MEMORY_MB].i;
        if (mb > 16384) mb = 16384;
        if (l->python && mb < 128) mb = 128; /* the interpreter itself */
        if (l->reserves && mb < RESERVED_MEMORY_MB) mb = RESERVED_MEMORY_MB;
        t.memory_bytes = (size_t)mb << 20;
    }
    return t;
}

/* ---- the verdict in words ------------------------------------------------------------------------------- */

static enum trial_status overall(const struct trial *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->statuses[i] != TRIAL_ACCEPTED && t->statuses[i] != TRIAL_SKIPPED) {
            return t->statuses[i];
        }
    }
    return t->passed == t->n ? TRIAL_ACCEPTED : TRIAL_TIME_LIMIT;
}

static void print_details(const struct trial *t, const struct code_tests *tests,
                          const struct language *l, struct reward_out *out)
{
    bool weak = false;
    enum trial_status status = t->n == 0 ? t->compile : overall(t);
    detail_text(out, "lang", span_str(l->name));
    detail_text(out, "status", span_str(trial_status_names[status]));
    if (t->compiled) detail_text(out, "compile", span_str(trial_status_names[t->compile]));
    if (t->n > 0) {
        detail_number(out, "passed", (double)t->passed);
        detail_number(out, "total", (double)t->n);
        detail_array(out, "tests");
        for (size_t i = 0; i < t->n; i++) {
            detail_text(out, NULL, span_str(trial_status_names[t->statuses[i]]));
            weak = weak || tests->cases[i].weak;
        }
        detail_close(out, ']');
    }
    if (weak) detail_bool(out, "weak", true);
    if (t->library != NULL) detail_text(out, "library", span_str(t->library));
    if (tests->ioi != NULL) detail_number(out, "points", ioi_points(tests->ioi, ioi_score(t)));
    if (t->message.n > 0) detail_text(out, "message", buffer_span(&t->message));
    if (t->error.code != ERROR_NONE) detail_text(out, "error", span_str(t->error.message));
}

static enum score_status no_verdict(const struct trial *t, struct reward_out *out)
{
    out->cause = t->library != NULL                     ? "library_not_available"
                 : t->not_installed                     ? "language_not_available"
                 : t->error.code == ERROR_NOT_AVAILABLE ? "no_sandbox"
                 : t->error.code == ERROR_NO_MEMORY     ? "no_memory"
                                                        : "sandbox_error";
    return SCORE_CANNOT;
}

static bool is_undecided(const struct trial *t)
{
    if (t->compiled && t->compile == TRIAL_SANDBOX_ERROR) return true;
    for (size_t i = 0; i < t->n; i++) {
        if (t->statuses[i] == TRIAL_SANDBOX_ERROR) return true;
    }
    return false;
}

/* The share of tests passed, or all or nothing; of an IOI subtask the least score of its tests. */
static double value_of(const struct trial *t, const struct code_tests *tests, bool partial)
{
    if (t->n == 0) return 0;
    double share = tests->ioi != NULL ? ioi_score(t) : (double)t->passed / (double)t->n;
    return partial || share >= 1 ? share : 0;
}

static enum score_status conclude(const struct trial *t, const struct code_tests *tests,
                                  bool partial, struct reward_out *out)
{
    if (is_undecided(t)) return no_verdict(t, out);
    out->value = value_of(t, tests, partial);
    bool all = out->value >= 1;
    out->verdict = all ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = all                                 ? "all_passed"
                 : t->compile == TRIAL_COMPILE_ERROR ? "compile_error"
                                                     : "tests_failed";
    return SCORE_DONE;
}

/* ---- the walls --------------------------------------------------------------------------------------------- */

void code_open(bool unsafe)
{
    struct sandbox_layers l;
    struct error err = {0};
    sandboxes_configure(&(struct sandbox_options){.allow_unsafe = unsafe});
    bool usable = sandboxes_probe(&l, &err);
    if (!usable) {
        log_line(LOG_WARN, "code_refused", LOG_S("why", err.message), LOG_END);
        return;
    }
    log_line(LOG_INFO, "sandbox", LOG_S("namespaces", l.namespaces ? "yes" : "no"),
             LOG_I("landlock_abi", l.landlock_abi), LOG_S("seccomp", l.seccomp ? "yes" : "no"),
             LOG_S("own_uid", l.own_uid ? "yes" : "no"),
             LOG_S("sufficient", sandbox_layers_suffice(&l) ? "yes" : "no"),
             LOG_S("unsafe", unsafe ? "allowed" : "no"), LOG_END);
}

bool code_is_usable(struct error *err)
{
    struct sandbox_layers l;
    return sandboxes_probe(&l, err);
}

void code_emit_layers(struct buffer *out, const char *key)
{
    struct sandbox_layers l;
    struct error err = {0};
    if (!sandboxes_probed()) {
        emit_null(out, key);
        return;
    }
    bool usable = sandboxes_probe(&l, &err);
    emit_object(out, key);
    emit_bool(out, "runs_code", usable);
    sandbox_emit_layers(&l, out);
    if (!usable) emit_str(out, "why", err.message);
    emit_close(out, '}');
}

int code_workers(int most)
{
    int n = processors_usable();
    if (n < 2) n = 2;
    n += n < KEPT_SHARE ? 1 : n / KEPT_SHARE;
    return most < n ? most : n;
}

/* ---- the reward ---------------------------------------------------------------------------------------------- */

static bool has_weak(const struct code_tests *tests)
{
    for (size_t i = 0; i < tests->n; i++) {
        if (tests->cases[i].weak) return true;
    }
    return false;
}

/* Did a test fail for want of a library that the data set's own grader has? */
static bool lacks_library(struct trial *t, struct span source, const struct code_tests *tests)
{
    struct span said = buffer_span(&t->message);
    if (t->passed == t->n || is_undecided(t) ||
        (span_find(said, span_str("ImportError"), 0) == SPAN_NONE &&
         span_find(said, span_str("ModuleNotFoundError"), 0) == SPAN_NONE)) {
        return false;
    }
    t->library = probe_missing_library(source);
    for (size_t i = 0; t->library == NULL && i < tests->n; i++) {
        if (tests->cases[i].calls.n > 0) t->library = probe_missing_library(tests->cases[i].body);
    }
    return t->library != NULL;
}

static enum score_status try_program(const struct reward_call *call, struct code_tests *tests,
                                     const struct language *l, struct span source,
                                     struct reward_out *out)
{
    struct trial_options o = read_options(call, tests, l);
    struct program p = {.language = l, .source = source, .ioi = tests->ioi};
    p.lent = call->options[OPT_PRELUDE].on;
    struct trial t;
    trial_init(&t);
    buffer_init(&p.binary, (size_t)64 << 20);
    bool split = trial_split_asserts(tests, call->arena, &t.error);
    if (split && call->options[OPT_WEAK_TESTS].choice == WEAK_REFUSE && has_weak(tests)) {
        out->cause = "weak_tests";
        trial_clear(&t);
        return SCORE_CANNOT;
    }
    if (!split ||
        (trial_compile(&p, COMPILE_MS, &t) && !trial_run(&p, tests, &o, call->arena, &t))) {
        trial_give_up(&t);
    }
    if (t.passed == 0 && !is_undecided(&t) && !probe_language(l)) {
        t.not_installed = true; /* what it says of the program it says of every program */
        trial_give_up(&t);
    }
    if (l->python && lacks_library(&t, source, tests)) trial_give_up(&t);
    print_details(&t, tests, l, out);
    enum score_status status = conclude(&t, tests, call->options[OPT_PARTIAL].on, out);
    buffer_clear(&p.binary);
    trial_clear(&t);
    return status;
}

/* To a worker, with what it will need there. */
static enum score_status defer(const struct reward_call *call, const struct code_tests *tests,
                               const struct language *l, struct reward_out *out)
{
    struct trial_options o = read_options(call, tests, l);
    size_t most = sandboxes_most();
    out->memory = run_memory_of(l, o.memory_bytes, (int)(tests->n < most ? tests->n : most));
    return SCORE_DEFER;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct code_tests tests;
    size_t max = (size_t)call->options[OPT_MAX_TESTS].i;
    if (!code_tests_read(call->item, max, call->arena, &tests, out->err)) return SCORE_FAULT;
    const struct language *l = choose_language(call, &tests);
    if (tests.ioi != NULL && l != tests.language) {
        error_set(out->err, ERROR_UNSUPPORTED, "lang",
                  "a grader is C++; so must the program be, not %s", l->name);
        return SCORE_FAULT;
    }
    if (needs_python(&tests) && !l->python) {
        error_set(out->err, ERROR_UNSUPPORTED, "tests",
                  "calls and assertions can be tested in Python only, not in %s", l->name);
        return SCORE_FAULT;
    }
    struct span source = find_source(call, l);
    if (source.p == NULL || span_trim(source).n == 0) {
        out->verdict = VERDICT_INCORRECT;
        out->cause = "no_code";
        return SCORE_DONE;
    }
    struct sandbox_layers layers;
    struct error why = {0};
    if (!call->in_worker && sandboxes_probed() && !sandboxes_probe(&layers, &why)) {
        out->cause = "no_sandbox";
        detail_text(out, "error", span_str(why.message));
        return SCORE_CANNOT;
    }
    if (!call->in_worker) return defer(call, &tests, l, out);
    return try_program(call, &tests, l, with_setup(source, &tests, call->arena), out);
}

/* The time of all tests, of the last ones under way, of the compiler and of the assertions' converter. */
static int budget_ms(const struct reward_call *call)
{
    const struct option_value *o = call->options;
    return (int)((o[OPT_TOTAL_S].real + 4 * o[OPT_TIMEOUT_S].real) * 1000) + 10 * COMPILE_MS;
}

static const char *const weak_choices[] = {[WEAK_RUN] = "run", [WEAK_REFUSE] = "refuse", NULL};

static const char *const fences[] = {"language", "any", "none", NULL};

static const char *const causes[] = {"all_passed", "tests_failed",  "compile_error",
                                     "no_code",    "sandbox_error", "language_not_available",
                                     "no_sandbox", "timeout",       "error",
                                     "no_memory",  "weak_tests",    "library_not_available",
                                     NULL};

/* clang-format off */
static const struct field options[] = {
    {.name = "lang", .kind = FIELD_TEXT,
     .doc = "language of the program: python, c, cpp, java, go, rust, javascript, bash, perl, ruby, lua; none: the dataset's, or python"},
    {.name = "fence", .kind = FIELD_CHOICE, .fallback = "\"language\"", .choices = fences,
     .doc = "the program is the last ``` block of that language (where there is none: without a language), the last of any, or the whole completion"},
    {.name = "checker", .kind = FIELD_CHOICE, .fallback = "\"tokens\"", .choices = checker_names,
     .doc = "how output is compared; values of calls are always compared as JSON, fractions within the tolerances unless it is exact"},
    {.name = "abs_tol", .kind = FIELD_DOUBLE, .fallback = "1e-6", .min = 0, .max = 1e6, .doc = "checker floats and values of calls: absolute tolerance of a fraction"},
    {.name = "rel_tol", .kind = FIELD_DOUBLE, .fallback = "1e-6", .min = 0, .max = 1, .doc = "checker floats and values of calls: relative tolerance of a fraction"},
    {.name = "partial", .kind = FIELD_BOOL, .fallback = "true", .doc = "the share of tests passed; false: all or nothing"},
    {.name = "timeout_s", .kind = FIELD_DOUBLE, .fallback = "6", .min = 0.05, .max = 60,
     .doc = "CPU seconds of one test (on the wall three times that and a second); default the dataset's"},
    {.name = "total_s", .kind = FIELD_DOUBLE, .fallback = "120", .min = 1, .max = 600,
     .doc = "seconds on the wall after which no further test is begun; those left have not passed"},
    {.name = "memory_mb", .kind = FIELD_INT64, .fallback = "512", .min = 16, .max = 16384,
     .doc = "memory of one test in MiB; default the dataset's"},
    {.name = "output_kb", .kind = FIELD_INT64, .fallback = "4096", .min = 1, .max = 65536, .doc = "output of one test in KiB"},
    {.name = "max_tests", .kind = FIELD_INT64, .fallback = "0", .min = 0, .max = CODE_MAX_TESTS,
     .doc = "only the first so many tests are run; 0: all (at most 1000)"},
    {.name = "weak_tests", .kind = FIELD_CHOICE, .fallback = "\"run\"", .choices = weak_choices,
     .doc = "tests that run beside the program, which could forge them: run them, or refuse such an item (cannot_judge, weak_tests)"},
    {.name = "prelude", .kind = FIELD_BOOL, .fallback = "true",
     .doc = "Python: names that LiveCodeBench's and LeetCode's graders import for a program (List, deque, sqrt, math, ListNode ...) are there without an import"},
    {0},
};
/* clang-format on */

static const struct field fields[] = {
    {"tests", FIELD_VALUE,
     .doc =
         "the tests: a list, or a dataset's own object, or either as JSON text (docs/sandbox.md)"},
    {"verification_info", FIELD_VALUE, .doc = "open-r1's and PrimeIntellect's object, or its text"},
    {"input_output", FIELD_VALUE, .doc = "APPS' and TACO's object, or its text"},
    {"fn_name", FIELD_VALUE, .doc = "with input_output: the function its inputs are arguments of"},
    {"official_tests", FIELD_VALUE, .doc = "Codeforces' tests"},
    {"time_limit", FIELD_VALUE,
     .doc = "Codeforces: seconds of one test; CodeContests: {\"seconds\", \"nanos\"}"},
    {"memory_limit", FIELD_VALUE, .doc = "Codeforces: MiB of one test"},
    {"input_mode", FIELD_VALUE, .doc = "Codeforces: stdio, or file for input.txt and output.txt"},
    {"generated_checker", FIELD_VALUE, .doc = "Codeforces: a Python program that judges an output"},
    {"public_test_cases", FIELD_VALUE, .doc = "LiveCodeBench's tests, or their text"},
    {"private_test_cases", FIELD_VALUE,
     .doc = "LiveCodeBench's further tests, or their text, packed or not"},
    {"test_cases", FIELD_VALUE, .doc = "AceCode's assertions"},
    {"public_tests", FIELD_VALUE, .doc = "CodeContests' tests: {\"input\": [], \"output\": []}"},
    {"private_tests", FIELD_VALUE, .doc = "likewise"},
    {"generated_tests", FIELD_VALUE, .doc = "likewise"},
    {"memory_limit_bytes", FIELD_VALUE, .doc = "CodeContests: bytes of one test"},
    {"metadata", FIELD_VALUE, .doc = "LiveCodeBench: func_name"},
    {"test_list", FIELD_VALUE, .doc = "MBPP's assertions"},
    {"test_setup_code", FIELD_VALUE, .doc = "MBPP: what goes before the program"},
    {"test_imports", FIELD_VALUE, .doc = "MBPP: imports that go before the program"},
    {"entry_point", FIELD_VALUE, .doc = "HumanEval: the function that test checks"},
    {"test", FIELD_VALUE, .doc = "HumanEval's script, or KodCode's functions test_...()"},
    {0},
};

const struct reward code_reward = {
    .name = "code",
    .doc = "share of tests that the program in the answer passes, run in a sandbox",
    .source = "arXiv 2501.12948v1, 2.2.2; APPS, LiveCodeBench, open-r1 formats",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .pool = POOL_SANDBOX,
    .prepare = prepare,
    .score = score,
    .budget_ms = budget_ms,
};
