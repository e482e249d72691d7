/* reward/math/value/ball_series.h - limits that go to infinity.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_BALL_SERIES_H
#define REWARD_MATH_VALUE_BALL_SERIES_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* The sign of the infinity to which a limit without variables goes, 0 when it goes to none for
 * sure; MATH_FULL only. */
int ball_divergence(struct math_work *w, const struct expr *e);

#endif
