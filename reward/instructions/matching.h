/* reward/instructions/matching.h - how often a keyword is there.
 *
 * The data sets' checkers take keywords for regular expressions. Nearly all are plain words: these
 * are searched for as text. One that holds a character with a meaning in patterns is matched as
 * one, by few steps here and by as many as it likes in a verifier process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_MATCHING_H
#define REWARD_INSTRUCTIONS_MATCHING_H

#include "reward/instructions/check.h"

/* What is looked for. */
struct wanted {
    const char *name;            /* the argument that it comes from */
    struct span keyword;         /* text or pattern */
    const char *before, *behind; /* patterns round it: "\\b"; NULL: none */
    bool ignore_case;
    size_t most; /* counted up to so many */
};

/* *count: matches in text from left to right, without overlaps. YES, or why it is not known. */
enum check_result match_count(const struct check_call *call, const struct wanted *w,
                              struct span text, size_t *count);

#endif
