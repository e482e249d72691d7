/* reward/rules/normalise.h - an answer in words, as question answering compares it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_NORMALISE_H
#define REWARD_RULES_NORMALISE_H

#include "base/arena.h"
#include "base/span.h"

/* SQUAD: small letters, no ASCII punctuation, no a, an, the, one blank between words
 * (evaluate-v2.0.py of SQuAD). TRIVIA_QA: the same, but punctuation, the quotation marks ` ' and
 * U+2018, U+2019, U+00B4 and the underscore are blanks (triviaqa_evaluation.py). ROUGE: small
 * ASCII letters and digits alone, all else is a blank (rouge_score). LOWER: small letters, one
 * blank between words. NONE: no white space around. */
enum normalisation { NORMAL_SQUAD, NORMAL_TRIVIA_QA, NORMAL_ROUGE, NORMAL_LOWER, NORMAL_NONE };

/* text, normalised; new in a. p NULL: a is full. */
struct span normalise(struct span text, enum normalisation how, struct arena *a);

#endif
