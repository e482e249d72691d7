/* reward/rules/minerva.h - the answer normalisation of Minerva (arXiv 2206.14858, D.1), as verl's
 * math_dapo has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_MINERVA_H
#define REWARD_RULES_MINERVA_H

#include "base/arena.h"
#include "base/span.h"

/* The normal form of a final answer, in a; {NULL, 0} when a is full or the answer too long.
 * Answers are equal when their normal forms are the same bytes. Linear in answer times the number
 * of rules. */
struct span minerva_normalize(struct span answer, struct arena *a);

#endif
