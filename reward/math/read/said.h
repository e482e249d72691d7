/* reward/math/read/said.h - what a statement says, where an answer is words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_SAID_H
#define REWARD_MATH_READ_SAID_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

/* statement says these words: it begins with them and goes on about them ("Yes, it does", "Alice
 * wins"), or it ends with them and does not deny them ("it runs v2.14.1"). False for a statement that
 * says something else beside them, "Paris. London". */
bool said_in(struct arena *a, struct span words, struct span statement);

#endif
