/* reward/math/find/rejected.h - values that are found and then ruled out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_REJECTED_H
#define REWARD_MATH_FIND_REJECTED_H

#include "base/arena.h"
#include "base/span.h"

/* s without a value that its end rejects: "x = 2" of "x = 2 or x = 3 (rejected)" and of "x = 2 or x = 3, but x = 3 is
 * extraneous." s itself, or of a long s the end, where nothing is. */
struct span rejected_removed(struct arena *a, struct span s);

#endif
