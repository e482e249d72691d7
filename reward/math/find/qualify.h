/* reward/math/find/qualify.h - conditions and reasons that an answer ends with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_QUALIFY_H
#define REWARD_MATH_FIND_QUALIFY_H

#include <stdbool.h>

#include "base/span.h"

/* s without the condition on its free variable that it ends with: "2n-1" of "2n-1, n \ge 1", "5" of
 * "5 (x > 0)". {NULL, 0} when it ends with none, or with one that changes it, as a restriction of a
 * curve or a second answer does. */
struct span qualify_core(struct span s);

/* s, plain text, gives one answer in one case and another in another: "15 if n is even and 16 if n is odd", "x if x > 0,
 * otherwise 2", "Yes if n is even, no if n is odd". Not "15 if n = 3 or 4", and not the same answer twice. */
bool qualify_by_cases(struct span s);

#endif
