/* reward/math/find/phrase.h - "the answer is ..." in several languages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_PHRASE_H
#define REWARD_MATH_FIND_PHRASE_H

#include "reward/math/find/stated.h"

/* What the statement after the last (or first) such phrase says: its mathematics, else its words when
 * they are few. False when there is no phrase, or it says nothing; out->denied tells that there is
 * one which the sentence only supposes: "I doubt that the answer is 3". */
bool phrase_answer(struct arena *a, struct span s, const struct math_options *o,
                   struct stated *out);

/* What stands behind an answer, from where it begins to take it back: "Actually, no: it is 12.", "Correction: 43". No
 * bytes where it does not begin so. */
struct span phrase_second_thought(struct span rest);

/* What a second thought gives for the answer, by an announcement or as "it should be 43", "No, 43"; false where rest is
 * none, or only goes on: "Sorry, it took me 3 attempts." */
bool phrase_corrected(struct arena *a, struct span rest, const struct math_options *o,
                      struct stated *out);

/* What counts of a statement whose writer slips and says another value in the same breath: " 43" of " 42, no, 43"; s
 * itself elsewhere. */
struct span phrase_after_slip(struct span s);

/* s up to the end of its first sentence: a stop before white space or the end, or a line break once
 * something was said. Formulas are stepped over. announced: a colon stands before it. */
struct span phrase_sentence(struct span s, bool announced);

/* The offset after the last " is ", " are " or " = " of s, 0 when there is none. */
size_t phrase_last_copula(struct span s);

#endif
