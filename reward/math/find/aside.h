/* reward/math/find/aside.h - what a sentence adds to its answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_ASIDE_H
#define REWARD_MATH_FIND_ASIDE_H

#include "base/span.h"

/* s without what its last sentence adds to the answer: ", attained at x = 2", "(since x > 0)". Unchanged where no
 * mathematics would be left of that sentence. */
struct span aside_removed(struct span s);

/* The words of a response of one sentence before its reason, where they have no mathematics and the
 * reason may: "The day is Tuesday" of "The day is Tuesday, since 100 mod 7 = 2". No bytes else. */
struct span aside_before_reason(struct span s);

#endif
