/* reward/workers/zygote.h - the small process that forks the workers.
 *
 * A server with threads cannot fork safely: the child would hold copies of locks that other threads
 * had. So one process is forked while there are no threads, and it forks every worker from then on,
 * in about a millisecond. It keeps the pid of each slot's worker and is the only one to kill it: as
 * the parent it reaps, so the pid cannot have become somebody else's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_ZYGOTE_H
#define REWARD_WORKERS_ZYGOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "reward/row/row.h"
#include "reward/workers/worker.h"

enum { ZYGOTE_MAX_SLOTS = 256 };

/* Fork it. Returns the socket to it and its pid, or -1. When the socket closes it ends all
 * workers and itself. */
int zygote_open(const struct worker_options *o, pid_t *pid, struct error *err);

/* Close the socket and reap the process. */
void zygote_close(int zygote, pid_t pid);

/* Kill slot's worker if there is one, and fork a new one (when spawn). The answer comes later by
 * zygote_receive(). False: the zygote is gone. */
bool zygote_replace(int zygote, int slot, enum worker_pool pool, bool spawn);

/* One answer, without waiting: 1 and the slot and its worker's socket (-1: could not be forked),
 * 0 nothing yet, -1 the zygote is gone. */
int zygote_receive(int zygote, int *slot, int *worker);

#endif
