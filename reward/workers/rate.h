/* reward/workers/rate.h - how fast a queue moves: the time between two tasks' ends, of late, while
 * others wait.
 *
 * So it needs not be known how many workers share how many processors, nor whether tasks ended with
 * an answer or out of budget. Where nobody waits a task tells only that the queue is no slower than
 * one worker. Before any has ended it is what a task is thought to take, divided by the workers that
 * are worth a processor; the first one that others waited for puts what it took in the place of what was
 * thought, and of the next few each tells as much as all before it.
 *
 * Tasks that do not end tell as well: where others have waited for so long without an end, each of the
 * workers has been at its task for about as long, and the queue is no faster than that.
 *
 * Plain numbers, under the dispatcher's lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_RATE_H
#define REWARD_WORKERS_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
    double gap_ms; /* between two ends, of those that there were */
    double ends;   /* that it is the mean of */
    int at_once, workers;
    uint64_t last_ns;  /* the last end that others waited for, and wait since; 0: there is none */
    uint64_t since_ns; /* since when others wait without an end; 0: nobody does */
};

/* Nothing has ended yet; a task is thought to take so long, and so many of the workers to be worth a processor. */
void rate_init(struct rate *r, double task_ms, int at_once, int workers);

/* A task has ended now that took its worker so long; others wait, or not. */
void rate_note(struct rate *r, uint64_t now_ns, double took_ms, bool others_wait);

/* From now on some task waits, or none does. */
void rate_wait(struct rate *r, uint64_t now_ns, bool others_wait);

/* Between two ends, as it looks now. */
double rate_gap_ms(const struct rate *r, uint64_t now_ns);

#endif
