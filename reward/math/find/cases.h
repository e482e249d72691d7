/* reward/math/find/cases.h - answers that differ from case to case.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_CASES_H
#define REWARD_MATH_FIND_CASES_H

#include <stdbool.h>

#include "base/span.h"

/* s, plain text, gives one answer in one case and another in another: "15 if n is even and 16 if n is odd", "x if x > 0,
 * otherwise 2", "Yes if n is even, no if n is odd". Not "15 if n = 3 or 4", and not the same answer twice. */
bool cases_said(struct span s);

#endif
