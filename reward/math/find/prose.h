/* reward/math/find/prose.h - mathematics in running text: the last number or formula, numbers and times
 * in words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_PROSE_H
#define REWARD_MATH_FIND_PROSE_H

#include "reward/math/find/stated.h"

/* s holds a word: two letters or more that are no function, unit, command or product after a
 * digit. */
bool prose_has_words(struct span s);

/* s ends with a sign that wants something after it: "= 7*8 +". */
bool prose_is_unfinished(struct span s);

/* The last sentence of s gives no answer and says so: "I cannot solve this in 2 steps." */
bool prose_refuses(struct span s);

/* The last mathematics: a formula or number, whichever stands last, with the words beside it.
 * source tells which. False when there is none; out->denied when the last one is denied. */
bool prose_last(struct arena *a, struct span text, unsigned kinds, struct stated *out,
                enum math_source *source);

/* The sentence of s that an answer in words would be in: the last one that is no remark on what an earlier one names
 * ("It has 95 moons."), without its reason ("..., since the others are smaller"). */
struct span prose_wording(struct span s);

/* s denies what one of its clauses says, or leaves it open: "it is not the case that the claim is true". */
bool prose_withholds(struct span s);

/* The same of one sentence, or it calls what the clause says wrong or only thinks of it: "it is not true that there is
 * no solution". */
bool prose_disowns(struct span s);

/* Where the last sentence of s begins. */
size_t prose_last_sentence(struct span s);

/* The offset after the last digit (or fraction character) of s, 0 when it has none. */
size_t prose_last_number_end(struct span s);

/* The time of day or the date that a short text ends with: "The time is 3:30 PM." */
struct span prose_moment(struct arena *a, struct span s);

#endif
