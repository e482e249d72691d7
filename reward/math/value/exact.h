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
bool exact_sqrt(const struct exact_call *c);
bool exact_root(const struct exact_call *c);
bool exact_circular(const struct exact_call *c);
bool exact_asin(const struct exact_call *c);
bool exact_acos(const struct exact_call *c);
bool exact_atan(const struct exact_call *c);
bool exact_exp(const struct exact_call *c);
bool exact_ln(const struct exact_call *c);
bool exact_log(const struct exact_call *c);
bool exact_log_base(const struct exact_call *c);
bool exact_abs(const struct exact_call *c);

#endif
