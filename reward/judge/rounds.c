/* reward/judge/rounds.c - what a job does when all its items are home.
 *
 *   second round    the parts that want the item's verdict
 *   lengths         of the items with rows that compare with their group, least and most of each
 *   third round     those rows
 *   outcome         sums, groups, advantages
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "reward/judge/job.h"

static struct job_group *group_of(struct judge_job *job, const struct job_item *it)
{
    assert(it->group == SIZE_MAX || it->group < job->n_groups);
    return it->group == SIZE_MAX ? &job->whole : &job->groups[it->group];
}

static void later_rounds(struct judge_job *job, struct desk *d)
{
    bool lengths = advantage_wants_lengths(job->method);
    job->whole.lengths = lengths_none();
    for (size_t g = 0; g < job->n_groups; g++) {
        job->groups[g].lengths = lengths_none();
    }
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        scored_second(&it->scored, d);
        if (it->scored.error == NULL && lengths) scored_tokens(&it->scored, d);
        scored_measure(&it->scored, d, &group_of(job, it)->lengths);
    }
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        if (it->scored.error == NULL && scored_has_grouped(&it->scored)) {
            scored_grouped(&it->scored, d, &group_of(job, it)->lengths);
        }
    }
}

/* ---- the outcome -------------------------------------------------------------------------------- */

/* The members of every group in a row, each group's first at start[g]. */
static void sort_members(struct judge_job *job, size_t *start, struct scored **members)
{
    for (size_t i = 0; i < job->n; i++) {
        if (job->items[i].group != SIZE_MAX) start[job->items[i].group + 2]++;
    }
    for (size_t g = 2; g < job->n_groups + 2; g++) {
        start[g] += start[g - 1];
    }
    for (size_t i = 0; i < job->n; i++) {
        struct job_item *it = &job->items[i];
        if (it->group != SIZE_MAX) members[start[it->group + 1]++] = &it->scored;
    }
    assert(start[0] == 0 && start[job->n_groups] <= job->n); /* each item in one group at most */
}

static bool settle_groups(struct judge_job *job, struct error *err)
{
    size_t *start = mem_new(job->n_groups + 2, sizeof(*start), err);
    struct scored **members = mem_new(job->n + 1, sizeof(*members), err);
    bool ok = start != NULL && members != NULL;
    if (ok) sort_members(job, start, members);
    for (size_t g = 0; ok && g < job->n_groups; g++) {
        ok =
            group_settle(members + start[g], start[g + 1] - start[g], &job->groups[g].outcome, err);
    }
    free(start);
    free(members);
    return ok;
}

/* The totals as one column for advantage_compute(); an item outside every group is one of its own. */
static bool set_advantages(struct judge_job *job, struct error *err)
{
    size_t n = job->n, next = job->n_groups;
    double *v = mem_new(3 * n, sizeof(*v), err);
    size_t *groups = mem_new(n, sizeof(*groups), err);
    bool ok = v != NULL && groups != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        const struct scored *s = &job->items[i].scored;
        v[i] = s->has_reward ? s->reward : (double)NAN;
        v[n + i] = s->tokens;
        groups[i] = job->items[i].group != SIZE_MAX ? job->items[i].group : next++;
    }
    const struct advantage_table table = {
        .n = n, .columns = 1, .rewards = v, .groups = groups, .n_groups = next, .lengths = v + n};
    struct advantage_params p = advantage_defaults(job->method);
    ok = ok && advantage_compute(&p, &table, v + 2 * n, err);
    for (size_t i = 0; ok && i < n; i++) {
        job->items[i].scored.advantage = v[2 * n + i];
    }
    free(v);
    free(groups);
    return ok;
}

static bool settle_outcome(struct judge_job *job, struct error *err)
{
    for (size_t i = 0; i < job->n; i++) {
        scored_sum(&job->items[i].scored);
    }
    if (job->n_groups == 0) return true;
    if (!settle_groups(job, err)) return false;
    return job->method == ADVANTAGE_NONE || set_advantages(job, err);
}

static void count_outcome(struct judge_job *job)
{
    uint64_t errors = 0, cannot = 0;
    for (size_t i = 0; i < job->n; i++) {
        const struct scored *s = &job->items[i].scored;
        errors += s->error != NULL;
        cannot += scored_count_unjudged(s);
        tally_add(&job->judge->verdicts, s);
    }
    atomic_fetch_add(&job->judge->items, job->n);
    atomic_fetch_add(&job->judge->item_errors, errors);
    atomic_fetch_add(&job->judge->cannot_judge, cannot);
}

void job_settle(struct judge_job *job)
{
    struct desk d;
    struct error e = {0};
    if (job->settled) return;
    assert(atomic_load(&job->pending) == 0 ||
           atomic_load(&job->pending) == job->n + 1); /* job.h (2) */
    job->settled = true;
    bool ready = desk_init(&d);
    if (ready) later_rounds(job, &d);
    desk_clear(&d);
    if (!ready || !settle_outcome(job, &e)) job->failed = true; /* parts may still be away */
    count_outcome(job);
}
