/* reward/math/find/spelled.h - numbers in words, found in sentences.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_SPELLED_H
#define REWARD_MATH_FIND_SPELLED_H

#include <stdbool.h>

#include "base/arena.h"
#include "reward/math/find/spoken.h"

/* The number in words that a text without digits comes to: at its end, U+4E09, or the only one of
 * its last sentence; with what words beside it make of it. No bytes for none. */
struct span spelled_only(struct arena *a, struct span s);

/* The number in words that the last sentence ends with behind its last digit: "8 and 9 gives
 * seventeen", "leaves him with twenty dollars"; {NULL, 0} for none. */
struct span spelled_last(struct span s);

#endif
