/* reward/math/find/interval.h - intervals in words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_INTERVAL_H
#define REWARD_MATH_FIND_INTERVAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* The interval that a plain statement is from its first word to its last, as mathematics: "at least 0 but less than 10"
 * as "[0, 10)", "y is at most 7" as "y\le 7", "from -1 (excluded) to 4" as "(-1, 4]"; and the one that "between 1 and
 * 5, inclusive" names in any sentence. No bytes for none; *denied: what it names is not meant, or not all of it ("x is
 * not between 1 and 5", "no x greater than 3", "all integers greater than 3"). */
struct span interval_said(struct arena *a, struct span s, bool *denied);

#endif
