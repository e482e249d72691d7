/* reward/math/find/parts.h - the answers of a response in labelled parts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_PARTS_H
#define REWARD_MATH_FIND_PARTS_H

#include "base/arena.h"
#include "reward/math/work/options.h"

/* What the parts of s answer, "(a) ... \boxed{5} (b) ... \boxed{8}", as the tuple "(5, 8)": parts
 * have an order. {NULL, 0} unless two labels or more follow each other from the first of a series
 * on, and each part has an answer. */
struct span parts_answer(struct arena *a, struct span s, const struct math_options *o);

#endif
