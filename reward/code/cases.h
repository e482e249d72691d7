/* reward/code/cases.h - the tests of an item, whatever dataset they come from, as one list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_CASES_H
#define REWARD_CODE_CASES_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "reward/code/checker.h"
#include "reward/code/languages.h"
#include "reward/code/sandbox.h"

enum case_kind {
    CASE_STDIO,  /* input -> expected output */
    CASE_CALL,   /* function `name`, arguments `body` (a JSON list) -> expected, JSON */
    CASE_ASSERT, /* statements `body`; with `name`: a HumanEval script whose check(name) is called */
    CASE_VALUE,  /* an assertion taken apart: expression `body` -> expected, in canonical text */
};

struct code_case {
    enum case_kind kind;
    struct span input, expected, name, body;
    const cJSON *files;      /* {name: text} laid beside the program; NULL: none */
    const char *output_file; /* what is judged instead of stdout; NULL: stdout */
    bool unwrap;             /* APPS: the expected value may stand in a list of its own */
    bool quoted;             /* the expected value came as a string: JSON, or the string itself */
    bool clean;        /* CASE_VALUE: built-in names are Python's own; `name` is the program's */
    struct near near;  /* CASE_VALUE: how close is close enough */
    bool weak;         /* passing does not prove much: the program can see what is tested */
    struct span calls; /* CASE_ASSERT: of the functions test_...() that `body` defines, lines of
                          Python; n 0: it is no script of such */
};

enum { CODE_MAX_TESTS = 1000, CODE_MAX_FILES = 32 /* beside the program, in one test */ };

/* What belongs to an IOI subtask beside its tests. Texts are in the arena. */
struct ioi {
    const char *main; /* where the submission lies: "graders/ID.cpp" */
    struct sandbox_file *files;
    size_t n_files; /* the grader's, compiled with the submission */
    /* the one that is the checker's source; NULL: outputs are compared by tokens */
    const char *checker;
    double points;
    int precision; /* decimal places of points won */
};

struct code_tests {
    struct code_case *cases; /* in the arena */
    size_t n;
    const struct language *language; /* said by the dataset; NULL: not */
    double time_s, memory_mb;        /* said by the dataset; 0: not */
    /* goes before the program: HumanEval's prompt, MBPP's imports; p NULL: none */
    struct span setup;
    struct span entry;   /* HumanEval: a program that defines it needs no setup */
    struct span checker; /* Codeforces' generated_checker, a Python program; p NULL: none */
    struct ioi *ioi;     /* a subtask of the IOI; NULL: none */
};

/* The item's tests: its field "tests" (a list, a dataset's object, or either as JSON text), or
 * the item itself when it is a dataset's row. At most max of them (0: all that are allowed).
 * False and err with the field's path: they are missing or malformed. */
bool code_tests_read(const cJSON *item, size_t max, struct arena *a, struct code_tests *out,
                     struct error *err);

/* JSON text as a Python expression: the same but for two kinds of escapes. {NULL, 0}: a is full. */
struct span code_python_text(struct span json, struct arena *a);

#endif
