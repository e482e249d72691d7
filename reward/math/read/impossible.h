/* reward/math/read/impossible.h - statements that say that something can be or can't be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_IMPOSSIBLE_H
#define REWARD_MATH_READ_IMPOSSIBLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* The statement, one sentence as it was written, says what the reference in words does: "It is impossible." and
 * "There is no such function." say no and that there is no solution, "It can be done." says yes. False for what is
 * hedged, denied or said of some cases alone: "It would be impossible if n were odd". */
bool impossible_agrees(struct arena *a, struct span gold, struct span statement);

#endif
