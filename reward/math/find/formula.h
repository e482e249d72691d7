/* reward/math/find/formula.h - formulas between dollar signs or brackets in a text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_FORMULA_H
#define REWARD_MATH_FIND_FORMULA_H

#include "base/arena.h"
#include "base/span.h"

struct formula {
    struct span inside;
    size_t from, to; /* with its dollar signs */
};

/* Where the next closing sign of each kind stands, found once: a text of opening signs alone would
 * else be searched again from each. */
struct closings {
    size_t at[4];
};

/* s reads as mathematics: a value, set, relation..., and no words but units. */
bool formula_reads(struct arena *a, struct span s);

/* The formula whose opening sign stands at s.p[i]; false when none does. c may be NULL. */
bool formula_at(struct span s, size_t i, struct closings *c, struct formula *f);

/* The last formula of s that reads as mathematics. */
bool formula_last(struct arena *a, struct span s, struct formula *out);

#endif
