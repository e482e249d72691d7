/* reward/math/find/range.h - "from ... to ..." at the end of a sentence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOUCHSTONE_REWARD_MATH_FIND_RANGE_H
#define TOUCHSTONE_REWARD_MATH_FIND_RANGE_H

#include "base/arena.h"
#include "base/span.h"

/* What s says in the words "from A to B" that it ends with, in a: "(A, B)" behind "the interval", and B behind "simplifies"
 * and "reduces". {NULL, 0}: it says neither. */
struct span range_said(struct arena *a, struct span s);

#endif
