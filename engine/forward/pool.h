/* engine/forward/pool.h - the engine's worker threads.
 *
 * pool_run() calls a function for tasks 0..n-1 from all threads (the caller included) and returns
 * when all are done. Every thread has its share of neighbouring tasks, and helps the others when
 * it is done; so a thread whose core is busy elsewhere simply takes fewer. Results never depend
 * on who ran what. Workers spin for a few microseconds, then sleep: an idle engine uses no CPU.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_POOL_H
#define ENGINE_FORWARD_POOL_H

#include <stdbool.h>

#include "base/error.h"

struct pool;

/* n_threads workers, the calling thread counted as one; 0: one per usable core. pin: bind worker i
 * to the i-th core. */
struct pool *pool_new(int n_threads, bool pin, struct error *err);
/* Ends the threads. Accepts NULL. */
void pool_free(struct pool *p);
/* Threads, the owner counted. */
int pool_threads(const struct pool *p);

/* fn(arg, task, thread) for every task in [0, n_tasks); thread in [0, pool_threads) tells work
 * spaces apart. Only one pool_run at a time, always from the thread that owns the pool. */
void pool_run(struct pool *p, void (*fn)(void *arg, int task, int thread), void *arg, int n_tasks);

/* Whether task is the last one of some thread's share: the next one is likely to run elsewhere. */
bool pool_share_ends(const struct pool *p, int n_tasks, int task);

#endif
