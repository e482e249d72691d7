/* reward/math/find/choice.h - answers that are one of a few choices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_CHOICE_H
#define REWARD_MATH_FIND_CHOICE_H

#include "reward/math/work/options.h"

/* The choice that text names: "C", "(c)", "C. blue", "\text{(C)}", "E: a long answer". An index
 * into options->choices, or for letters without a list of choices 0 for A, 1 for B, ...; -1 when
 * it names none. bare_only: nothing may follow the letter. */
int choice_of(struct span text, const struct math_options *options, bool bare_only);

/* What stands after a choice's letter: 12 of "(B) 12" and "\textbf{(B)}\ 12"; *letter is the
 * letter. {NULL, 0} when s does not begin with one. */
struct span choice_content(struct span s, char *letter);

/* The choice that a response settles on, from phrases ("the answer is C"), from how it begins
 * ("B. Because ..."), else the last one standing alone. -1 when there is none. *at is its place. */
int choice_in(struct span response, const struct math_options *options, struct span *at);

/* s holds no words but single letters, "or" and "and". */
bool choice_letters_only(struct span s);

/* Different choices among the last boxes or lines: all were named, as by somebody who hopes to hit.
 * Counts distinct letters in s that stand alone. */
int choice_count(struct span s, const struct math_options *options);

#endif
