/* reward/workers/room.c - see room.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/room.h"

#include <assert.h>

enum { SHARE = 2 }; /* of what is free, one in so many parts */

static int64_t bytes_for(const struct run_memory *need, int runs)
{
    int64_t side_by_side = need->run_bytes * runs;
    return side_by_side > need->once_bytes ? side_by_side : need->once_bytes;
}

/* What may be promised now. */
static int64_t left(struct room *r, int64_t free_bytes)
{
    if (free_bytes <= 0) free_bytes = INT64_MAX;
    if (r->tasks == 0) r->most = r->given > 0 ? r->given : free_bytes / SHARE;
    int64_t rest = r->most > r->promised ? r->most - r->promised : 0;
    return rest < free_bytes ? rest : free_bytes;
}

bool room_take(struct room *r, const struct run_memory *need, int64_t free_bytes,
               struct promise *out)
{
    assert(out->bytes == 0 && need->run_bytes >= 0 && need->once_bytes >= 0);
    int runs = need->runs > 0 ? need->runs : 1;
    *out = (struct promise){.runs = runs};
    if (need->run_bytes == 0 && need->once_bytes == 0) return true;
    int64_t rest = left(r, free_bytes);
    while (runs > 1 && bytes_for(need, runs) > rest) {
        runs--;
    }
    if (bytes_for(need, runs) > rest && r->tasks > 0) {
        *out = (struct promise){0};
        return false;
    }
    *out = (struct promise){.bytes = bytes_for(need, runs), .runs = runs};
    r->promised += out->bytes;
    r->tasks++;
    assert(r->promised <= r->most || r->tasks == 1); /* (2) */
    return true;
}

void room_leave(struct room *r, struct promise *p)
{
    if (p->bytes > 0) {
        assert(r->tasks > 0 && r->promised >= p->bytes);
        r->promised -= p->bytes;
        r->tasks--;
        assert(r->tasks > 0 || r->promised == 0); /* (1) */
    }
    *p = (struct promise){0};
}
