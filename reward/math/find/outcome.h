/* reward/math/find/outcome.h - answers that a sentence says in words: there is none, or no bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_OUTCOME_H
#define REWARD_MATH_FIND_OUTCOME_H

#include "base/span.h"

/* What the last sentence of s says the outcome is: "no solution", "does not exist", "infinitely
 * many", "diverges", "all real numbers (except 2)". {NULL, 0} when it says none, or mathematics
 * follows it. Static text, or a part of s. */
struct span outcome_said(struct span s);

#endif
