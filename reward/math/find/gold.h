/* reward/math/find/gold.h - what a reference says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_GOLD_H
#define REWARD_MATH_FIND_GOLD_H

#include "base/arena.h"
#include "reward/math/work/options.h"

/* The answer of a reference, by the rules for responses; a reference without any mark is the answer
 * itself. {NULL, 0} when it is empty. */
struct span gold_answer(struct arena *a, struct span gold, const struct math_options *options);

/* The one value that a reference in words holds: 5 of "it takes 5 days". {NULL, 0} when it holds none,
 * or several. */
struct span gold_value(struct arena *a, struct span gold);

/* A reference that no answer can be compared with but letter by letter: a long sentence, or LaTeX
 * whose braces do not close. */
bool gold_is_unreadable(struct arena *a, struct span gold);

#endif
