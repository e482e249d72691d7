/* reward/workers/zygote.h - the small process that forks the workers.
 *
 * A server with threads cannot fork safely: the child would hold copies of locks that other threads
 * had. So one process is forked while there are no threads, and it forks every worker from then on,
 * in about a millisecond. Should it be lost (the kernel's killer for want of memory, somebody's
 * signal), the server cannot fork another; it executes its own program again instead, which begins
 * as a zygote. It keeps the pid of each slot's worker and is the only one to kill it: as
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
#include "base/span.h"
#include "reward/row/row.h"
#include "reward/workers/worker.h"

enum { ZYGOTE_MAX_SLOTS = 256 };

/* Fork it. Returns the socket to it and its pid, or -1. When the socket closes it ends all
 * workers and itself. */
int zygote_open(const struct worker_options *o, pid_t *pid, struct error *err);

/* The same by executing this program, from any thread; the new process is given boot's bytes. Its
 * main() must begin with zygote_asked(). */
int zygote_exec(struct span boot, pid_t *pid, struct error *err);

/* Was this process executed to be a zygote? Then its boot, of n bytes, and the socket to serve; -1
 * when it was not. */
int zygote_asked(int argc, char *const *argv, void *boot, size_t n);

/* Be a zygote until the server's end of the socket closes. */
_Noreturn void zygote_serve(int socket, const struct worker_options *o);

/* Close the socket and reap the process; one that has not ended within that time is killed. */
void zygote_close(int zygote, pid_t pid, int within_ms);

/* Kill slot's worker if there is one, and fork a new one (when spawn). The answer comes later by
 * zygote_receive(). Never waits. False: the zygote is gone, or has not listened for long. */
bool zygote_replace(int zygote, int slot, enum worker_pool pool, bool spawn);

/* One answer, without waiting: 1 and the slot and its worker's socket (-1: could not be forked),
 * 0 nothing yet, -1 the zygote is gone. */
int zygote_receive(int zygote, int *slot, int *worker);

/* Has the zygote hung up? What its death ends at the same time, its workers, hang up after it. */
bool zygote_is_gone(int zygote);

#endif
