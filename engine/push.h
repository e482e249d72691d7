/* engine/push.h - new weights for an engine at work: the keeper, who stages them.
 *
 *   engine_push() --> keeper: open, check, hash, pack --> engine thread: serve, policy --> done()
 *                     low priority, beside the steps      between two steps
 *
 * The keeper is a thread of its own, begun with the first push. It packs with a pool of its own, as
 * many threads as the engine's, all of low priority, so that steps go on at nearly their pace. Until the
 * last check has passed nothing of what serves is touched; a push that is wrong leaves no trace.
 *
 * (1) One push is staged at a time.
 * (2) What the engine thread is handed is complete and checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_PUSH_H
#define ENGINE_PUSH_H

#include <stdbool.h>

#include "base/error.h"

struct engine;
struct resident;
struct version_label;

/* What the engine thread is asked to do between two steps; the keeper waits for it. */
struct install {
    struct resident *resident;   /* taken when it serves; NULL: */
    struct version_label *label; /* what serves gets this one, which is taken; NULL: */
    /* enum push_policy, by which requests leave the weights that served before; without resident and label, those
     * that are on older ones than serve leave these */
    int policy;
    bool done;                   /* guarded by the engine's lock */
    struct error error;          /* ERROR_NONE: it serves */
};

/* Tell the keeper to end, and wait for it: what it stages is given up. Before the engine thread is told. */
void keeper_stop(struct engine *e);

#endif
