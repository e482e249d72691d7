/* reward/instructions/sentence_words.h - what the Punkt model of English knows of words.
 *
 * Abbreviations, words that often begin sentences, pairs that a point does not part, and of the
 * common words whether they are written small within sentences. From NLTK's English model (Apache
 * 2.0; trained by Jan Strunk on the Wall Street Journal): its whole lists of abbreviations,
 * beginnings and pairs; of its 20,000 words with their case, those that English text has often.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_SENTENCE_WORDS_H
#define REWARD_INSTRUCTIONS_SENTENCE_WORDS_H

#include <stdbool.h>

#include "base/span.h"

enum word_kind {
    WORD_ABBREVIATION, /* "dr": its point ends no sentence by itself */
    WORD_STARTER,      /* "however": with a capital behind an abbreviation it begins a sentence */
    WORD_BEGINS, /* written small, never capital within a sentence: a capital is a beginning */
    WORD_SMALL,  /* written small at times: with a capital it need not be a name */
    WORD_KINDS
};

/* The first half of pairs for any number. */
#define SENTENCE_NUMBER "##number##"

/* Is the word, whatever its case, on that list? */
bool sentence_word_is(enum word_kind kind, struct span word);

/* Are these two, whatever their case, a pair that a point does not part ("B. Smith")? */
bool sentence_pair_is(struct span first, struct span second);

#endif
