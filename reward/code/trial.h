/* reward/code/trial.h - a program against its tests: compiled once, run many times, judged here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_TRIAL_H
#define REWARD_CODE_TRIAL_H

#include "reward/code/cases.h"
#include "reward/code/checker.h"
#include "reward/code/run_limits.h"

enum trial_status {
    TRIAL_ACCEPTED,
    TRIAL_WRONG_ANSWER,
    TRIAL_RUNTIME_ERROR,
    TRIAL_TIME_LIMIT,
    TRIAL_MEMORY_LIMIT,
    TRIAL_OUTPUT_LIMIT,
    TRIAL_PROCESS_LIMIT,
    TRIAL_COMPILE_ERROR,
    TRIAL_SANDBOX_ERROR, /* no verdict: ours, not the program's */
    TRIAL_SKIPPED, /* not run, since the verdict stood already or the time was spent; not passed */
    TRIAL_STATUSES
};

extern const char *const trial_status_names[]; /* in that order */

struct trial_options {
    enum checker checker;
    struct tolerance tolerance;
    double time_s;  /* CPU seconds of one test */
    double total_s; /* wall seconds of all */
    size_t memory_bytes, output_bytes;
    int runs;             /* tests side by side, at most; at least 1 */
    bool stop_at_failure; /* all or nothing: the rest is skipped */
};

/* A program ready to run. */
struct program {
    const struct language *language;
    struct span source;
    bool lent;             /* Python: names that graders import for it are lent to it */
    struct buffer binary;  /* of a compiled language */
    const struct ioi *ioi; /* compiled with its grader; NULL: by itself */
};

struct trial {
    enum trial_status *statuses; /* of cases, in the arena */
    double *scores;              /* 1: accepted; an IOI checker may give less; else 0 */
    size_t n, passed;
    enum trial_status compile; /* ACCEPTED, COMPILE_ERROR or SANDBOX_ERROR */
    struct buffer message;     /* what the compiler said, or the first failing test's stderr; cut */
    bool compiled;             /* the language is compiled */
    bool not_installed;        /* the language is */
    const char *library;       /* a Python library that is not, though the tests' grader has it; or NULL */
    struct error error;        /* of the first SANDBOX_ERROR */
};

/* Nothing tried yet. */
void trial_init(struct trial *t);

/* Free what it holds outside the arena. */
void trial_clear(struct trial *t);

/* Compile p when its language is compiled; in ms of CPU at most, or what the language's compiler
 * needs where that is more. False: t->compile and message say why. */
bool trial_compile(struct program *p, int cpu_ms, struct trial *t);

/* argv and files of one run of p; files has room for one. The binary or source is the file. */
struct sandbox_run trial_run_of(const struct program *p, struct sandbox_file *file);

/* Take assertions apart into values where that is possible: tests->cases grows. */
bool trial_split_asserts(struct code_tests *tests, struct arena *a, struct error *err);

/* There is no verdict: t->error says why. */
void trial_give_up(struct trial *t);

/* Run all tests. False when out of memory. */
bool trial_run(const struct program *p, const struct code_tests *tests,
               const struct trial_options *o, struct arena *a, struct trial *t);

#endif
