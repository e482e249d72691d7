/* reward/workers/rate.h - how fast a queue moves: the time between two tasks' ends, of late, while
 * others wait; and how sure that is.
 *
 * It is what a task took, divided by the tasks that ran (Little's law): so it needs not be known how many
 * workers share how many processors, nor whether tasks ended with an answer or out of budget, and tasks that
 * end in pairs tell the same as others. Where nobody waits a task tells only that the queue is no slower
 * than one worker, and little of that: it may be of another kind than those that others wait for. Before any has
 * ended it is what a task is thought to take, divided by the workers that are worth a processor; the first one that
 * others waited for puts its own in the place of what was thought, and of the next few each tells as much as all
 * before it. So it is again after a rest, where the first end was slower than what was known: others have come, with
 * other tasks.
 *
 * Tasks that do not end tell as well: where others have waited for so long without an end, each of those
 * that run has run for about as long, and the queue is no faster than that.
 *
 * What was expected is held against what came (base/margin.h). Of a crowd of which no task has ended yet little is
 * known: a promise leaves it twice the room.
 *
 * Plain numbers, under the dispatcher's lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_RATE_H
#define REWARD_WORKERS_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/margin.h"

struct rate {
    double gap_ms; /* between two ends, of those that there were */
    double ends;   /* that it is the mean of */
    size_t running;    /* tasks, when that was told last */
    bool moves;        /* a task has ended that others waited for, and some wait since */
    uint64_t since_ns; /* since when others wait without an end; 0: nobody does */
    struct margin margin;
};

/* What stands at a queue. */
struct rate_crowd {
    size_t waiting, running; /* tasks */
};

/* Nothing has ended yet; a task is thought to take so long, and so many of the workers to be worth a processor. */
void rate_init(struct rate *r, double task_ms, int at_once);

/* A task has ended now that took its worker so long; it is among those that run, for the last time. */
void rate_note(struct rate *r, uint64_t now_ns, double took_ms, struct rate_crowd crowd);

/* From now on so many wait and run. */
void rate_wait(struct rate *r, uint64_t now_ns, struct rate_crowd crowd);

/* Between two ends, as it looks now. */
double rate_gap_ms(const struct rate *r, uint64_t now_ns);

/* What few of those pass who are expected to wait so long. */
double rate_most_ms(const struct rate *r, double expected_ms);

#endif
