/* reward/math/find/marks.h - what a response marks: where reasoning ends, <answer>, [...], ####.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_MARKS_H
#define REWARD_MATH_FIND_MARKS_H

#include "reward/math/work/options.h"

/* What follows the reasoning. *open: it never ended. False when a demanded mark is missing. */
bool marks_after_reasoning(struct span s, const struct math_options *o, struct span *rest,
                           bool *open);

/* What the last (or first) <answer>, [...] or #### holds; {NULL, 0} when there is none, a span of
 * no bytes whose p is not NULL when it is empty. */
struct span marks_tagged(struct span s, bool first);
struct span marks_bracketed(struct span s, bool first);
struct span marks_hashed(struct span s, bool first);

#endif
