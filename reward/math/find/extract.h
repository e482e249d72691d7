/* reward/math/find/extract.h - where in a response the final answer is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_EXTRACT_H
#define REWARD_MATH_FIND_EXTRACT_H

#include "reward/math/find/stated.h"

struct extraction {
    struct span text; /* the answer, unwrapped */
    enum math_source source;
    enum math_cause cause; /* why nothing was found: valid when source is MATH_FROM_NOWHERE */
    struct span response;  /* what follows the reasoning, and a marked answer that is taken back */
    struct span whole;     /* all that may hold the answer, when short */
    struct span place;    /* the statement that holds it, as words: {NULL, 0} when it is the text */
    struct span language; /* of the words that announce it (stated.h) */
    bool words;           /* nothing marked it: a short response taken whole */
    bool spoken;          /* words beside the value changed it, and text says so */
    bool taken_back;      /* a marked answer was denied: response is what stands behind it */
    int boxes;            /* different boxes offered side by side; 0 or 1 when not */
};

/* The answer of a response. Memory for joined boxes comes from a. */
void extract_answer(struct arena *a, struct span response, const struct math_options *options,
                    struct extraction *out);

/* What the inside of a box or a tag says: text as it stands where it is a formula, else what its
 * words state ("\text{the answer is } 5", "42 \text{ squared}"). */
struct stated extract_inside(struct arena *a, struct span inside,
                             const struct math_options *options);

/* s may hold words: two letters that no backslash makes a command, or a sign beyond ASCII. Most
 * answers have none, and nothing else is asked of them. */
bool extract_may_have_words(struct span s);

/* The answer in the boxes of s, or in the words that overrule them; false when s has no box. */
bool extract_boxed(struct arena *a, struct span s, const struct math_options *options,
                   struct extraction *out);

#endif
