/* reward/instructions/check.h - what a verifiable instruction is.
 *
 * "Answer with at least 100 words" is an instruction: an id ("length_constraints:number_words"),
 * arguments ("kwargs": {"num_words": 100, "relation": "at least"}), and a question to a text that
 * is answered with yes or no. Each is a row of one table (table.c) and a function that answers;
 * files by subject: counting.c, keywords.c, format.c, paragraphs.c, ends.c, case.c.
 *
 * The ids, their arguments and what counts as followed are those of the data sets' own checkers,
 * and so are Python's notions of white space, words and case. What the checkers leave to chance
 * (an argument that is missing or out of range is drawn at random there) is refused here by name.
 *
 * A check is a pure function of its call and its text, and linear in the text. What it needs for
 * itself it takes from the call's arena, which is emptied after it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_CHECK_H
#define REWARD_INSTRUCTIONS_CHECK_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

/* YES and NO answer. DEFER: ask again in a verifier process. BAD_KWARGS: an argument is missing or
 * wrong; err names it. TOO_LARGE: the arena is full, or memory ran out. TOO_HARD: a pattern of the
 * arguments takes too many steps. UNAVAILABLE: the profiles of languages are not installed. */
enum check_result {
    CHECK_NO,
    CHECK_YES,
    CHECK_DEFER,
    CHECK_BAD_KWARGS,
    CHECK_TOO_LARGE,
    CHECK_TOO_HARD,
    CHECK_UNAVAILABLE
};

struct check_call {
    const cJSON *kwargs; /* an object; NULL: no arguments */
    struct arena *arena; /* scratch of this check */
    bool in_worker;      /* may be slow, may be killed */
    struct error *err;   /* BAD_KWARGS: err->param is the argument's name */
};

enum { CHECK_MOST_KWARGS = 5 };

struct check {
    const char *id;
    const char *kwargs[CHECK_MOST_KWARGS + 1]; /* the arguments it knows, NULL behind them */
    enum check_result (*follows)(const struct check_call *call, struct span text);
    const char *doc; /* followed when ... */
};

/* The row of that id, or NULL. */
const struct check *check_find(struct span id);

/* The i-th row, or NULL past the end. */
const struct check *check_at(size_t i);

/* A truth as a result. */
static inline enum check_result check_is(bool followed)
{
    return followed ? CHECK_YES : CHECK_NO;
}

#endif
