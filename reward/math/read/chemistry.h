/* reward/math/read/chemistry.h - formulas and equations of chemistry, letter by letter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_CHEMISTRY_H
#define REWARD_MATH_READ_CHEMISTRY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* The same formula, H_2O and H2O, also as the last word of a sentence a, or the same equation with an arrow, however
 * they are set. */
bool chemistry_same(struct arena *arena, struct span g, struct span a);

/* A short sentence names the formula g and no other, and denies nothing: "CO2 is released.", "Carbon dioxide (CO2) is
 * produced." */
bool chemistry_said(struct arena *arena, struct span g, struct span s);

/* Two bare formulas that are not the same one: CO2 and C2O, which are no products. */
bool chemistry_differs(struct span g, struct span a);

#endif
