/* reward/math/read/units.h - units of measure: what they are called, how they convert.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_UNITS_H
#define REWARD_MATH_READ_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* num / den * 10^exp10 */
struct unit_factor {
    int64_t num, den;
    int exp10;
};

/* name is that of a unit, in full (also in the plural) or abbreviated, with a prefix or without. */
bool unit_known(struct span name);

/* name is that of an angle: degree, radian... */
bool unit_is_angle(struct span name);

/* s is a product of two units or more and nothing else, one of them called by two letters or more. */
bool unit_is_compound(struct span s);

/* The power that a word before a unit means: 2 of "square" and "sq", 3 of "cubic" and "cu", else 0. */
int unit_prefix_power(struct span w);

/* Two texts after numbers name the same unit: equal words but for case, plural, spaces and
 * exponents' spelling, or the same measure ("km/h", "kilometers per hour"). */
bool unit_same(struct span a, struct span b);

/* Both are known and of one dimension, and then a = *f b. */
bool unit_convert(struct span a, struct span b, struct unit_factor *f);

#endif
