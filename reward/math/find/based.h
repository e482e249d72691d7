/* reward/math/find/based.h - the base that a sentence gives the value it ends with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOUCHSTONE_REWARD_MATH_FIND_BASED_H
#define TOUCHSTONE_REWARD_MATH_FIND_BASED_H

#include "base/arena.h"
#include "base/span.h"

/* 101101_{2} in a, of the value 101101 in "Converting 45 to binary gives 101101." {NULL, 0}: the sentence names
 * no base as the value's, or several. */
struct span based_value(struct arena *a, struct span value, struct span sentence);

#endif
