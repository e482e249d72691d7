/* reward/math/value/exact.h - constants compared exactly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_EXACT_H
#define REWARD_MATH_VALUE_EXACT_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

struct exact_call;

/* EQ_UNKNOWN when the two constants are too large for it, or it cannot tell. MATH_FULL only. */
enum equality exact_equal(struct math_work *w, const struct expr *x, const struct expr *y,
                          bool common_log);

/* The column `exact` of FUNCTIONS. */
#define EXACT_COLUMN(X) \
    X(sqrt) X(root) X(circular) X(asin) X(acos) X(atan) X(exp) X(ln) X(log) X(log_base) X(abs)
#define DECLARE(name) bool exact_##name(const struct exact_call *c);
EXACT_COLUMN(DECLARE)
#undef DECLARE

#endif
