/* reward/math/find/amounts.h - amounts that take several words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_AMOUNTS_H
#define REWARD_MATH_FIND_AMOUNTS_H

#include "base/arena.h"
#include "base/span.h"

/* A plain statement of at most 400 bytes with its amounts of several words in digits, "an hour and a half" as
 * "3/2 hour", and its other numbers in words too. In the arena; s itself where it has none. */
struct span amounts_in_digits(struct arena *a, struct span s);

#endif
