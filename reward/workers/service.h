/* reward/workers/service.h - what worker processes can do, as they are told when they are forked.
 *
 * The workers know nothing of rewards or programs: whoever opens the dispatcher gives them a table
 * of services, and a task names one of them by its place in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_SERVICE_H
#define REWARD_WORKERS_SERVICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/span.h"

/* What a worker may spend on an order. */
struct service_grant {
    int budget_ms; /* of CPU time */
    int runs;      /* programs side by side, at least 1: their memory is promised (room.h) */
};

/* One order to one answer, appended to out; in a worker process, whose memory and CPU time are
 * limited and which may be killed at any moment. False: it could not be answered for want of
 * memory. */
typedef bool worker_service(const struct service_grant *g, struct span order, struct buffer *out);

#endif
