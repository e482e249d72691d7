/* reward/math/value/exact.h - constants compared exactly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_EXACT_H
#define REWARD_MATH_VALUE_EXACT_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* EQ_UNKNOWN when the two constants are too large for it, or it cannot tell. MATH_FULL only. */
enum equality exact_equal(struct math_work *w, const struct expr *x, const struct expr *y,
                          bool common_log);

#endif
