/* reward/instructions/sentences.h - sentences of English text, by the Punkt method.
 *
 * Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection", Computational
 * Linguistics 32(4), 2006: a point is no end of a sentence when the word before it is an
 * abbreviation, an initial or a number and the word after it does not look like a beginning. The
 * method's figures come from a corpus; ours are the ones that NLTK's English model has
 * (sentence_words.h), for the data sets' checkers count sentences with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_SENTENCES_H
#define REWARD_INSTRUCTIONS_SENTENCES_H

#include "base/arena.h"
#include "reward/instructions/kwargs.h"

/* The sentences of a text; they borrow from it, the list is new in a. False: a is full. */
bool sentences_of(struct span text, struct arena *a, struct texts *out);

#endif
