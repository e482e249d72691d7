/* reward/gym/rules.h - how the answers of Reasoning Gym's data sets are scored; inside reward/gym/.
 *
 * A rule is a pure function of an answer and its entry. Its values are those of the data sets' own
 * score_answer(); the table is in gym.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_GYM_RULES_H
#define REWARD_GYM_RULES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

struct gym_entry {
    struct span given;     /* the answer of the response */
    struct span wanted;    /* the entry's answer */
    const cJSON *metadata; /* the entry's; NULL: none */
    double other;          /* what the data set gives for any other answer */
    struct arena *arena;
};

/* The value, from 0 to 1; GYM_LACKS: the entry's metadata lack what the rule needs. */
typedef double gym_rule(const struct gym_entry *e);
#define GYM_LACKS (-1.0)

/* Characters of a text in UTF-8, as Python's len() counts them. */
size_t gym_length(struct span s);

/* ---- texts.c: texts, words and numbers ---- */

gym_rule gym_share;      /* equal, or the share that a wanted text takes in the answer around it */
gym_rule gym_equal;      /* byte for byte */
gym_rule gym_folded;     /* without white space around and case */
gym_rule gym_one_line;   /* without line ends and case */
gym_rule gym_no_blanks;  /* without blanks and case */
gym_rule gym_padded;     /* white space around costs its share */
gym_rule gym_words;      /* the same words, any white space between */
gym_rule gym_characters; /* the share of characters in place */
gym_rule gym_backward;   /* likewise, small letters, lengths may differ */
gym_rule gym_reordered;  /* the share of words in place, without case */
gym_rule gym_jumbled;    /* likewise, numbers of words may differ */
gym_rule gym_sorted_words;  /* the share of words in place in a list with commas */
gym_rule gym_decimal;       /* equal as decimals, else as gym_share */
gym_rule gym_decimal_exact; /* equal as decimals */
gym_rule gym_decimal_near;  /* within the entry's decimal places */
gym_rule gym_solution_near; /* within 0.01 of the entry's solution */
gym_rule gym_count;         /* a count, less for each one that it is off */
gym_rule gym_primes;        /* the same factors; half for the same product */
gym_rule gym_roles;         /* knights and knaves: who is what */
gym_rule gym_palindrome;    /* a palindrome of the entry's letters */

/* ---- grids.c: rows and columns ---- */

gym_rule gym_sudoku;   /* the share of cells */
gym_rule gym_life;     /* likewise, of a JSON matrix */
gym_rule gym_matrix;   /* the same rows */
gym_rule gym_spiral;   /* the same numbers; a tenth for them as a list */
gym_rule gym_survo;    /* the same numbers */
gym_rule gym_kakurasu; /* sums of rows and columns */
gym_rule gym_queens;   /* one of the valid boards */

/* ---- graphs.c: graphs and mazes ---- */

gym_rule gym_colours; /* a colouring of the entry's graph */
gym_rule gym_path;    /* a path through the entry's grid; half for a longer one */

/* ---- moves.c: moves, carried out ---- */

gym_rule gym_hanoi; /* moves that bring the tower over */
gym_rule gym_jugs;  /* moves that measure the target */

/* ---- lists.c: lists as JSON ---- */

gym_rule gym_groups;  /* the same groups of words */
gym_rule gym_parts;   /* the same lists, in any order */
gym_rule gym_numbers; /* numbers in order, as a list */

#endif
