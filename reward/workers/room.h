/* reward/workers/room.h - the memory that programs may take, all together: promised before they run.
 *
 * Each program has a limit of its own, but the sum of these may be more than there is, and where memory
 * is out the kernel ends processes by guesses. So a task that will run programs is promised what
 * they may take, and waits while that is not to be had. A task whose programs would run side by side
 * begins with as many as there is room for. One whose single program may take more than all runs
 * alone: it is refused nothing, and the kernel takes it before anything else.
 *
 * What there is to promise is given, or half of what is free when nobody runs (the other half is for
 * the server, whose use grows with requests); and never more than is free at the moment.
 *
 * Invariants
 *   (1) Nothing is promised when no task has a promise.
 *   (2) More than `most` is promised to one task only.
 * The dispatcher thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_WORKERS_ROOM_H
#define REWARD_WORKERS_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "reward/row/row.h"

struct room {
    int64_t given;    /* by the settings; 0: half of what is free */
    int64_t most;     /* what may be promised, as last found out */
    int64_t promised; /* of it */
    int tasks;        /* that have a promise */
};

/* What a task was promised; zeroed: nothing. */
struct promise {
    int64_t bytes;
    int runs; /* programs side by side; 0: it has none */
};

/* Promise need as far as there is room; free_bytes: what the machine could give now, 0: not known.
 * False: it must wait. A need of no bytes is always met, and leaves the room as it is. */
bool room_take(struct room *r, const struct run_memory *need, int64_t free_bytes,
               struct promise *out);

/* The task has ended; its promise is nothing then. */
void room_leave(struct room *r, struct promise *p);

#endif
