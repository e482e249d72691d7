/* reward/math/compare/temperature.h - degrees Celsius, degrees Fahrenheit and kelvins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_COMPARE_TEMPERATURE_H
#define REWARD_MATH_COMPARE_TEMPERATURE_H

#include "reward/math/tree/expr.h"
#include "reward/math/work/work.h"

/* Two temperatures on different scales, both of which say theirs: equal where the conversion is exact, 25 °C and
 * 298.15 K; no rounding, so 298 K is another one. EQ_UNKNOWN for anything else. */
enum equality temperature_equal(struct math_work *w, const struct expr *gold,
                                const struct expr *answer);

#endif
