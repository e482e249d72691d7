/* reward/math/find/again.h - answers that say their value more than once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_AGAIN_H
#define REWARD_MATH_FIND_AGAIN_H

#include <stdbool.h>

#include "base/span.h"

/* What a chain of equalities ends with: "500 nm" of "5.0 \times 10^{-7} m = 500 nm", "4" of
 * "pH = -log(1e-4) = 4", "2.01 s" of "T = 2\pi\sqrt{L/g} \approx 2.01 s". No bytes where s is none:
 * an equation ("2x = 14"), a value with its name ("x = 7"), a list. */
struct span again_last(struct span s);

/* A chain whose last two members are both values as an answer gives them: 7 and 7.2 of "x = 7 \approx
 * 7.2". Where they differ, s is two guesses. rounds: the sign between them says "about". */
bool again_pair(struct span s, struct span *before, struct span *last, bool *rounds);

/* s is a value and, behind it, something that may be the same one: "40% (0.40)", "20 m/s, or 72
 * km/h". */
bool again_echo(struct span s, struct span *value, struct span *echo);

#endif
