/* reward/math/work/trace.h - what was seen, tried and decided on the way to a verdict.
 *
 * A list of steps that whoever asks for it (options->trace) gets filled. A step has a name for
 * programs, the text that it is about, and a sentence for readers. Nothing is decided by it, and
 * without a list nothing is recorded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_WORK_TRACE_H
#define REWARD_MATH_WORK_TRACE_H

#include <stddef.h>

#include "base/span.h"

enum { TRACE_STEPS = 48 };

struct trace_step {
    const char *name; /* "box", "phrase", "compare": a literal */
    const char *says; /* what it found out: a literal */
    struct span text; /* in the response or the reference, or in the item's arena; may be empty */
};

struct math_trace {
    struct trace_step step[TRACE_STEPS];
    int n;
};

/* One more step; nothing when trace is NULL or full. text must live as long as the trace. */
static inline void trace_add(struct math_trace *trace, const char *name, struct span text,
                             const char *says)
{
    if (trace == NULL || trace->n == TRACE_STEPS) return;
    trace->step[trace->n++] = (struct trace_step){name, says, text};
}

#endif
