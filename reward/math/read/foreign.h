/* reward/math/read/foreign.h - denials of other languages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_FOREIGN_H
#define REWARD_MATH_READ_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* The word w, which is not empty, is of a script that has no spaces between words. */
bool foreign_is_unspaced(const char *w);

/* The words that end at s.p[end] deny the value behind them: "ist nicht", "n'est pas", "no es". Spaces, signs of
 * formulas and emphasis between are stepped over. */
bool foreign_denies_before(struct span s, size_t end);

/* The words that begin at s.p[at] deny the value before them: "ist falsch" and, in Turkish, Chinese, Japanese and Korean,
 * "is not". */
bool foreign_denies_behind(struct span s, size_t at);

#endif
