/* reward/math/find/runs.h - where in a sentence mathematics begins and ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_RUNS_H
#define REWARD_MATH_FIND_RUNS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

enum { RUN_ENDS = 24 };

/* Atoms of mathematics in a row. It may end after any operand that no bracket holds open: the
 * longest ending that reads is what was meant. */
struct run {
    size_t from;
    size_t end[RUN_ENDS]; /* offsets, rising; the first and the last ones where there are more */
    int n_ends;           /* at least 1 */
    size_t unit_end;      /* after the last unit, 0 when there is none */
    bool tells;           /* more than a letter: a digit, a constant, a formula or a relation */
    size_t barren;        /* of no run: before it none begins; 0 where that is not known */
};

/* The run that begins at s.p[at] (plain_text() has been there); false when none does. */
bool run_at(struct span s, size_t at, struct run *r);

/* The first run at or after s.p[at]. */
bool run_next(struct span s, size_t at, struct run *r);

/* The longest part of r from its beginning on that reads as mathematics, or ends with a unit;
 * {NULL, 0} for none. */
struct span run_read(struct arena *a, struct span s, const struct run *r);

#endif
