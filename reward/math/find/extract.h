/* reward/math/find/extract.h - where in a response the final answer is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_EXTRACT_H
#define REWARD_MATH_FIND_EXTRACT_H

#include "base/arena.h"
#include "reward/math/work/options.h"

struct extraction {
    struct span text; /* the answer, unwrapped */
    enum math_source source;
    enum math_cause cause; /* why nothing was found: valid when source is MATH_FROM_NOWHERE */
    struct span whole;     /* all that may hold the answer, when short */
    bool words;            /* nothing marked it: a short response taken whole */
    int boxes;             /* different boxes offered side by side; 0 or 1 when not */
};

/* The answer of a response. Memory for joined boxes comes from a. */
void extract_answer(struct arena *a, struct span response, const struct math_options *options,
                    struct extraction *out);

/* The answer of a reference: as above, but a reference without any mark is the answer itself. */
struct span extract_gold(struct arena *a, struct span gold, const struct math_options *options);

#endif
