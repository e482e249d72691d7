/* reward/instructions/tokens.h - words as the Penn Treebank counts them: marks apart, "don't" as
 * two.
 *
 * The conventions are those of the Treebank's tokenizer as NLTK's word_tokenize() has them, which
 * the data sets' checkers call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_TOKENS_H
#define REWARD_INSTRUCTIONS_TOKENS_H

#include "base/arena.h"
#include "reward/instructions/kwargs.h"

/* The tokens of a text, sentence after sentence; new in a. Quotation marks come as `` and ''.
 * False: a is full. */
bool tokens_of(struct span text, struct arena *a, struct texts *out);

#endif
