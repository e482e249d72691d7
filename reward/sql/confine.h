/* reward/sql/confine.h - a function of ours, run where nothing it does can reach anything: in a
 * forked process that can compute, write to one pipe and end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_SQL_CONFINE_H
#define REWARD_SQL_CONFINE_H

#include "base/buffer.h"

/* Does the work on what it finds in memory, and appends what came of it to out. */
typedef void confined_work(const void *arg, struct buffer *out);

enum confine_end {
    CONFINE_DONE,      /* out is whole */
    CONFINE_TIME,      /* it ran out of time */
    CONFINE_DIED,      /* it ended by a signal or without an answer */
    CONFINE_NO_MEMORY, /* the machine had none left for it */
    CONFINE_NO_WALLS,  /* the kernel has no seccomp */
    CONFINE_FAULT      /* no process or pipe could be made */
};

/* Fork, do the work behind the walls and bring its answer back, at most out's limit. cpu_s: whole
 * seconds of CPU time; on the wall three times that and a second. In a worker: the caller's process
 * has one thread. */
enum confine_end confine_run(confined_work *work, const void *arg, int cpu_s, struct buffer *out);

#endif
