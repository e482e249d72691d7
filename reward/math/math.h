/* reward/math/math.h - is this answer equal to the reference? The door to reward/math.
 *
 * math_judge() finds the final answer in a response, reads it and the reference as mathematics
 * (LaTeX or plain text), and decides whether they are equal, cheapest test first. It never guesses:
 * what it cannot decide is MATH_CANNOT_JUDGE with a cause. docs/accuracy.md has the rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_MATH_H
#define REWARD_MATH_MATH_H

#include "base/arena.h"
#include "base/span.h"
#include "reward/math/work/options.h"

enum math_verdict { MATH_CORRECT, MATH_INCORRECT, MATH_CANNOT_JUDGE, MATH_DEFER };

struct math_result {
    enum math_verdict verdict;
    enum math_cause cause;
    struct span extracted; /* the answer's text, in the arena or in the completion */
    enum math_source source;
    struct span gold; /* the reference that was met, or the first */
};

/* Judge one completion (chat already assembled, reasoning in <think> tags) against the references
 * golds[n_golds]: correct when it equals any. out's spans live as long as a,
 * completion and golds. Re-entrant. */
void math_judge(struct arena *a, struct span completion, const struct span *golds, int n_golds,
                const struct math_options *options, enum math_effort effort,
                struct math_result *out);

/* Two bare answers, neither of which is the reference (majority votes): symmetric. */
enum math_verdict math_equal(struct arena *a, struct span x, struct span y,
                             const struct math_options *options, enum math_effort effort);

/* The final answer of a response as math_judge() would extract it; {NULL, 0} when there is none. */
struct span math_extract(struct arena *a, struct span completion,
                         const struct math_options *options, enum math_source *source);

#endif
