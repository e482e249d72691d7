/* reward/math/work/work.c - the budget of a comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/work/work.h"

#include <assert.h>

#include "base/clock.h"

struct math_work work_begin(struct arena *a, const struct math_options *o, enum math_effort effort)
{
    struct math_work w = {.arena = a, .options = o, .effort = effort, .cause = MATH_UNDECIDED};
    assert(o->budget_s >= 0);
    if (effort == MATH_FULL) w.deadline_ns = clock_cpu_ns() + (uint64_t)(o->budget_s * 1e9);
    return w;
}

bool work_expired(struct math_work *w)
{
    if (w->effort == MATH_FULL && !w->timed_out) w->timed_out = clock_cpu_ns() > w->deadline_ns;
    return w->timed_out;
}
