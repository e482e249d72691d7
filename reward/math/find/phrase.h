/* reward/math/find/phrase.h - "the answer is ..." in several languages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_PHRASE_H
#define REWARD_MATH_FIND_PHRASE_H

#include "base/arena.h"
#include "reward/math/work/options.h"

/* What follows the last (or first) such phrase: its mathematics, else its words when they are few;
 * {NULL, 0} when there is no phrase. */
struct span phrase_answer(struct arena *a, struct span s, const struct math_options *o);

/* The mathematics that a sentence after "the answer is" states. */
struct span phrase_stated(struct arena *a, struct span s, unsigned kinds);

/* s up to the end of its first sentence: a stop before white space or the end, or a line break once
 * something was said. Formulas are stepped over. */
struct span phrase_sentence(struct span s);

/* The offset after the last " is ", " are " or " = " of s, 0 when there is none. */
size_t phrase_last_copula(struct span s);

#endif
