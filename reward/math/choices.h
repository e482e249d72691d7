/* reward/math/choices.h - references that are one of a few choices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_CHOICES_H
#define REWARD_MATH_CHOICES_H

#include "reward/math/math.h"
#include "reward/math/work/work.h"

/* The item is about choices: its options list some, or say so. */
bool choices_apply(const struct math_options *o);

/* The reference is a capital letter alone: a choice, though nobody said so. */
bool choices_is_gold(struct arena *a, struct span gold, const struct math_options *o);

/* The choice that a response settles on against the reference's, by letter or content. out->source is
 * MATH_FROM_NOWHERE when it settles on none. */
void choices_judge(struct arena *a, struct span completion, struct span gold,
                   const struct math_options *o, struct math_result *out);

/* Two answers that are letters or lists of them: "(A) and (C)", "AC". EQ_UNKNOWN when they are not. */
enum equality choices_letters_equal(struct math_work *w, struct span gold, struct span answer);

#endif
