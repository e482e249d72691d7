/* reward/words/alignment.h - how much two sequences have in common.
 *
 * Sequences are of numbers, a number for each word or character (sequence_*). Tables of two rows,
 * so time is the product of the lengths: ALIGNMENT_MOST bounds it, some tenths of a second.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORDS_ALIGNMENT_H
#define REWARD_WORDS_ALIGNMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

#define ALIGNMENT_MOST ((size_t)1 << 26) /* product of two lengths */

struct sequence {
    const uint32_t *at;
    size_t n;
};

/* Two texts' words, which blanks part, as numbers: equal words have equal ones. New in a; false: a
 * is full. */
bool sequences_of_words(struct span x, struct span y, struct arena *a, struct sequence out[2]);

/* A text's code points. */
bool sequence_of_characters(struct span text, struct arena *a, struct sequence *out);

/* Words that both have, each as often as the one has it that has it less often. False: a is full.
 */
bool common_words(const struct sequence s[2], struct arena *a, size_t *out);

/* The length of the longest common subsequence, and the least number of insertions, deletions and
 * replacements that makes one the other (Levenshtein). False: a is full or the product of the
 * lengths exceeds ALIGNMENT_MOST. */
bool longest_common(const struct sequence s[2], struct arena *a, size_t *out);
bool edit_distance(const struct sequence s[2], struct arena *a, size_t *out); /* the same */

#endif
