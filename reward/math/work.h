/* reward/math/work.h - one comparison in progress, and the steps it is made of.
 *
 * Every step answers EQ_YES, EQ_NO or EQ_UNKNOWN, and sets w->cause with the first two. A step that
 * would need more than cheap work sets w->deferred (MATH_CHEAP) and answers EQ_UNKNOWN.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_WORK_H
#define REWARD_MATH_WORK_H

#include "reward/math/tree/expr.h"
#include "reward/math/value/interval.h"
#include "reward/math/math.h"

enum equality { EQ_NO, EQ_YES, EQ_UNKNOWN };

struct math_work {
    struct arena *arena;
    const struct math_options *options;
    enum math_effort effort;
    uint64_t seed;         /* of this pair of texts: symmetric */
    uint64_t deadline_ns;  /* of CPU time, with MATH_FULL */
    struct span parameter; /* that stands for every whole number; {NULL, 0} (family.h) */
    int comparisons;       /* of scalars, bounded by WORK_MAX_COMPARISONS */
    int depth;
    enum math_cause cause;
    bool deferred, too_large, timed_out;
};

enum { WORK_MAX_COMPARISONS = 20000, WORK_CHEAP_COMPARISONS = 400, WORK_MAX_DEPTH = 64 };

/* Set the cause and give the verdict back. */
static inline enum equality work_yes(struct math_work *w, enum math_cause cause)
{
    w->cause = cause;
    return EQ_YES;
}

static inline enum equality work_no(struct math_work *w, enum math_cause cause)
{
    w->cause = cause;
    return EQ_NO;
}

/* The CPU budget is spent (w->timed_out is set then). */
bool work_expired(struct math_work *w);

/* Two scalars (scalar.c). gold's own decimals decide rounding. */
enum equality scalar_equal(struct math_work *w, const struct expr *gold, const struct expr *answer);

/* Two scalars, which may have units, percent or degree signs (quantity.c). */
enum equality quantity_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer);

/* A decimal against an exact value or another decimal, by the rounding rule (decimal.c).
 * EQ_UNKNOWN where the rule does not apply. */
enum equality decimal_equal(struct math_work *w, const struct expr *gold,
                            const struct expr *answer);

/* Rigorous evaluation at points and exact constants, MATH_FULL only (ball.c). */
enum equality ball_equal(struct math_work *w, const struct expr *x, const struct expr *y);

/* The sign of the infinity to which a limit without variables goes, 0 when it goes to none for
 * sure; MATH_FULL only (ball_series.c). */
int ball_divergence(struct math_work *w, const struct expr *e);

/* Equations and inequalities (relation.c). EQ_UNKNOWN when rearranging cannot tell. */
enum equality relation_equal(struct math_work *w, const struct expr *gold,
                             const struct expr *answer);

/* "y = a or y = b" (a list) against one equation. */
enum equality relation_alternatives(struct math_work *w, const struct expr *list,
                                    const struct expr *relation);

/* Sets of real numbers: intervals, unions, finite sets, inequalities (region.c). EQ_UNKNOWN when
 * one side is none. */
enum equality region_equal(struct math_work *w, const struct expr *gold, const struct expr *answer);

/* e holds intervals, set operations or inequalities of one variable. */
bool region_is(const struct expr *e);

/* e with its inequalities of one variable solved, where their factors are of degree two at most;
 * the others stay (solve.c). */
const struct expr *solve_conditions(struct arena *a, const struct expr *e);

/* {x in Z : 1 <= x < 5} as its elements; other expressions themselves. */
const struct expr *solve_whole_builder(struct arena *a, const struct expr *e);

/* Sums, products and powers of matrices multiplied out (matrix.c): an E_MATRIX, or e itself when it
 * holds no matrix, or NULL when it cannot be. */
const struct expr *matrix_expand(struct arena *a, const struct expr *e);

/* Anything against anything (compare.c). */
enum equality compare_exprs(struct math_work *w, const struct expr *gold,
                            const struct expr *answer);

/* Two texts, each in all its readings (answer.c). */
enum equality answers_equal(struct math_work *w, struct span gold, struct span answer);

/* The item is about choices: its options list some, or say so (choices.c). */
bool choices_apply(const struct math_options *o);

/* The reference is a capital letter alone: a choice, though nobody said so. */
bool choices_is_gold(struct arena *a, struct span gold, const struct math_options *o);

/* The choice that a response settles on against the reference's, by letter or content. out->source is
 * MATH_FROM_NOWHERE when it settles on none. */
void choices_judge(struct arena *a, struct span completion, struct span gold,
                   const struct math_options *o, struct math_result *out);

/* Two answers that are letters or lists of them: "(A) and (C)", "AC". EQ_UNKNOWN when they are not. */
enum equality choices_letters_equal(struct math_work *w, struct span gold, struct span answer);

#endif
