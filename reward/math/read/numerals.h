/* reward/math/read/numerals.h - numbers spelled out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_NUMERALS_H
#define REWARD_MATH_READ_NUMERALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* A whole number spelled out in English or Chinese: "twenty-three", "two hundred and five",
 * U+4E09. */
bool numerals_whole(struct span s, int64_t *out);

/* A fraction spelled out: "two thirds", "one and a half". */
bool numerals_fraction(struct span s, int64_t *num, int64_t *den);

#endif
