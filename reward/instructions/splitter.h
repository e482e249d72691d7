/* reward/instructions/splitter.h - sentences, by the few substitutions that several checkers share.
 *
 * A sentence ends at each . ? ! but those that a short list of habits (titles, addresses, numbers,
 * initials, companies) takes for something else. Cruder than sentences.h, and what checkers of
 * first and last words use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_SPLITTER_H
#define REWARD_INSTRUCTIONS_SPLITTER_H

#include "base/arena.h"
#include "reward/instructions/kwargs.h"

/* The sentences of a text without white space around them, some of them perhaps empty; new in a.
 * False: a is full. */
bool split_sentences(struct span text, struct arena *a, struct texts *out);

#endif
