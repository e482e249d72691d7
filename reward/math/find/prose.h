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

/* s without what its last sentence adds to the answer: ", attained at x = 2", "(since x > 0)". */
struct span prose_without_aside(struct span s);

/* s without what a writer adds after the answer: "Let me know if ...", "Note that ...", "Check:
 * ...". */
struct span prose_without_closing(struct span s);

/* Words without the clause that goes on about them: a name of "the name U+FF0C he lived then". */
struct span prose_without_sequel(struct span s);

/* s ends with a sign that wants something after it: "= 7*8 +". */
bool prose_is_unfinished(struct span s);

/* The last sentence of s gives no answer and says so: "I cannot solve this in 2 steps." */
bool prose_refuses(struct span s);

/* The last mathematics: a formula or number, whichever stands last, with the words beside it.
 * source tells which. False when there is none; out->denied when the last one is denied. */
bool prose_last(struct arena *a, struct span text, unsigned kinds, struct stated *out,
                enum math_source *source);

/* The words of a response of one sentence before its reason, where they have no mathematics and the
 * reason may: "The day is Tuesday" of "The day is Tuesday, since 100 mod 7 = 2". No bytes else. */
struct span prose_before_reason(struct span s);

/* Where the last sentence of s begins. */
size_t prose_last_sentence(struct span s);

/* The offset after the last digit (or fraction character) of s, 0 when it has none. */
size_t prose_last_number_end(struct span s);

/* The time of day or the date that a short text ends with: "The time is 3:30 PM." */
struct span prose_moment(struct arena *a, struct span s);

#endif
