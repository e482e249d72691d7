/* reward/math/units.h - units of measure: what they are called, how they convert.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_UNITS_H
#define REWARD_MATH_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum unit_dimension {
    UNIT_LENGTH,
    UNIT_MASS,
    UNIT_TIME,
    UNIT_MONEY,
    UNIT_ANGLE,
    UNIT_DATA,
    UNIT_DIMENSIONS,
    UNIT_OTHER = UNIT_DIMENSIONS, /* a name that is known to be a unit, and converts to nothing */
};

struct unit {
    const char *name;
    uint8_t dimension;
    int8_t power;
    int64_t num, den; /* times the dimension's first unit to that power */
};

/* The unit called name (also in the plural, or abbreviated), or NULL. */
const struct unit *unit_find(struct span name);

/* The power that a word before a unit means: 2 of "square" and "sq", 3 of "cubic" and "cu", else 0. */
int unit_prefix_power(struct span w);

/* Two texts after numbers name the same unit: equal words but for case, plural, spaces and
 * exponents' spelling, or the same measure ("km/h", "kilometers per hour"). */
bool unit_same(struct span a, struct span b);

/* Both are known and of one dimension, and then a = *num / *den b. */
bool unit_convert(struct span a, struct span b, int64_t *num, int64_t *den);

#endif
