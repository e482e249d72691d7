/* reward/workers/worker.h - a verifier process: one frame in, one frame out, until its socket closes.
 *
 * It may take long, run out of memory or crash: nobody but its one item depends on it. Its limits
 * are its own: CPU time of each item by a timer, address space by RLIMIT_AS.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_WORKER_H
#define REWARD_WORKERS_WORKER_H

#include <stddef.h>

#include "reward/row/row.h"
#include "reward/workers/service.h"

/* What a worker is made for; the same for all of one server. */
struct worker_options {
    worker_service *const *services; /* n_services of them: a frame names one */
    int n_services;
    size_t memory_bytes; /* POOL_ALGEBRA: address space beyond what it starts with */
    void (*wait)(int socket); /* POOL_SANDBOX: until there is an order; NULL: reading it waits */
};

/* Serve the socket; returns when it closes or the process has done enough. */
void worker_run(int socket, enum worker_pool pool, const struct worker_options *o);

#endif
