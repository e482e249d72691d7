/* reward/judge/outcome.c - from parts to rewards, groups and advantages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/job.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reward/judge/groups.h"

/* The weighted sum of the parts asked for. A part without a value leaves the item without a
 * reward, unless the request says what such a part counts for. */
static void sum_parts(struct job_item *it)
{
    double sum = 0;
    for (int i = 0; i < it->specs->n; i++) {
        const struct spec *s = &it->specs->specs[i];
        const struct part *p = &it->parts[i];
        if (s->hidden) continue;
        if (p->state != PART_VALUE && !it->unjudged.counts) return;
        sum += s->weight * (p->state == PART_VALUE ? p->value : it->unjudged.value);
    }
    it->has_reward = isfinite(sum);
    it->reward = it->has_reward ? sum : 0;
}

/* The totals as one column for advantage_compute(); an item outside every group is one of its own. */
static bool set_advantages(struct judge_job *job, struct error *err)
{
    size_t n = job->n, next = job->n_groups;
    double *v = mem_new(3 * n, sizeof(*v), err);
    size_t *groups = mem_new(n, sizeof(*groups), err);
    bool ok = v != NULL && groups != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        const struct job_item *it = &job->items[i];
        v[i] = it->has_reward ? it->reward : (double)NAN;
        v[n + i] = it->tokens;
        groups[i] = it->group != SIZE_MAX ? it->group : next++;
    }
    struct advantage_params p = advantage_defaults(job->method);
    ok = ok && advantage_compute(&p, n, 1, v, NULL, groups, next, v + n, v + 2 * n, err);
    for (size_t i = 0; ok && i < n; i++) {
        job->items[i].advantage = v[2 * n + i];
    }
    free(v);
    free(groups);
    return ok;
}

bool outcome_settle(struct judge_job *job, struct error *err)
{
    for (size_t i = 0; i < job->n; i++) {
        if (job->items[i].error == NULL) sum_parts(&job->items[i]);
    }
    if (job->n_groups == 0) return true;
    if (!groups_settle(job, err)) return false;
    return job->method == ADVANTAGE_NONE || set_advantages(job, err);
}
