/* reward/code/checker.h - is what a program printed what was expected? Compared here, never where
 * the program runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_CHECKER_H
#define REWARD_CODE_CHECKER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

enum checker {
    CHECKER_TOKENS, /* the same words; any white space between equals any other */
    CHECKER_EXACT,  /* the same bytes */
    CHECKER_TRIM,   /* the same lines, white space at their ends and empty lines at the end aside */
    CHECKER_FLOATS, /* words; numbers within abs_tol or rel_tol, as DMOJ's "floats" */
    CHECKER_LINES_UNORDERED, /* the lines of trim, in any order, each as often */
    CHECKER_JSON,            /* one JSON value each, compared by value */
    CHECKERS
};

extern const char *const checker_names[]; /* in that order, NULL-terminated */

struct tolerance {
    double absolute, relative;
};

/* Linear time, but for unordered lines (n log n). a is scratch. False too when scratch is used up. */
bool checker_accepts(enum checker c, struct span expected, struct span actual,
                     const struct tolerance *t, struct arena *a);

/* Two JSON texts of the same value? Integers of any size exactly, 1 equals 1.0, true is not 1,
 * keys in any order; NaN and Infinity (Python's) are numbers, NaN equals nothing. t not NULL:
 * numbers that are not both integers within that tolerance. False when either is no JSON. */
bool json_same(struct span x, struct span y, const struct tolerance *t, struct arena *a);

/* How close two numbers must be. */
enum nearness {
    NEAR_NOT,    /* they must be the same text */
    NEAR_UNDER,  /* |got - want| < absolute */
    NEAR_WITHIN, /* |got - want| <= absolute */
    NEAR_CLOSE,  /* math.isclose: <= the greater of absolute and relative times the larger number */
    NEAR_NUMPY,  /* numpy.isclose: <= absolute + relative times |want| */
    NEARNESSES
};

struct near {
    enum nearness kind;
    double absolute, relative;
};

/* Is the text a number that close to the number want? As Python decides it, on doubles. */
bool near_accepts(const struct near *n, struct span want, struct span got);

#endif
