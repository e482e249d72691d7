/* reward/workers/rate.h - how fast a queue moves: the time between two tasks' ends, of late, while
 * others wait.
 *
 * So it needs not be known how many workers share how many processors, nor whether tasks ended with
 * an answer or out of budget. Where nobody waits a task tells only that the queue is no slower than
 * one worker. Before any has ended it is what a task is thought to take, divided by the workers that
 * are worth a processor.
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
    double gap_ms;    /* between two ends */
    uint64_t last_ns; /* the last end that others waited for; 0: nobody did */
};

/* Nothing has ended yet; a task is thought to take so long, and so many to run at once. */
void rate_init(struct rate *r, double task_ms, int at_once);

/* A task has ended now that took its worker so long; others wait, or not. */
void rate_note(struct rate *r, uint64_t now_ns, double took_ms, bool others_wait);

#endif
