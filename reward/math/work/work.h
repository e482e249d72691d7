/* reward/math/work/work.h - one comparison in progress, and the steps it is made of.
 *
 * Every step answers EQ_YES, EQ_NO or EQ_UNKNOWN, and sets w->cause with the first two. A step that
 * would need more than cheap work sets w->deferred (MATH_CHEAP) and answers EQ_UNKNOWN.
 *
 *   (1) Only cheap work is deferred: with MATH_FULL a comparison ends.
 *   (2) depth counts the comparisons one inside the other, WORK_MAX_DEPTH at most.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_WORK_WORK_H
#define REWARD_MATH_WORK_WORK_H

#include <stdint.h>

#include "base/arena.h"
#include "reward/math/work/options.h"

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

/* A comparison under these terms, from now on. */
struct math_work work_begin(struct arena *a, const struct math_options *options,
                            enum math_effort effort);

/* The CPU budget is spent (w->timed_out is set then). */
bool work_expired(struct math_work *w);

#endif
