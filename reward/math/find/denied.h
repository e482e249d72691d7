/* reward/math/find/denied.h - what stands beside a value and takes it away.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_DENIED_H
#define REWARD_MATH_FIND_DENIED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* The remark in brackets at s.p[open], behind a value, takes it back ("7 (rejected)", "x = 7 (x = 7 fails)") or offers
 * another beside it ("7 (8 also works)", "7 (or maybe 8)"): the offset after it. 0 elsewhere, as for "7 (n = 6 fails)" and
 * "7 (the other root is extraneous)". */
size_t denied_in_bracket(struct span s, size_t open);

/* The words that end at s.p[end] deny what follows: "x does not equal", "it does not take". */
bool denied_by_verb(struct span s, size_t end);

#endif
