/* engine/engine_impl.h - struct engine, for the files behind engine.h: engine.c (the thread),
 * engine_text.c (tokens, templates), engine_adapters.c, and push.c, stage.c and pull.c (the keeper).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ENGINE_IMPL_H
#define ENGINE_ENGINE_IMPL_H

#include <pthread.h>

#include "base/arena.h"
#include "engine/load.h"
#include "engine/mailbox.h"
#include "engine/push.h"
#include "engine/stage.h"
#include "engine/versions.h"

struct engine {
    struct engine_options options; /* whose strings are copies in strings */
    struct arena *strings;
    struct mailbox *mailbox;
    pthread_t thread;
    bool started;

    /* guards state and error; keeping, pushing, pushed and refused; and done of an install (push.h).
     * Nobody holds it together with versions.lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* state, or done of an install */
    enum engine_state state;
    struct error error; /* after ENGINE_FAILED */

    struct versions versions;
    pthread_t keeper;
    bool keeping;             /* there is one */
    bool pushing;             /* from engine_push() until just before done() */
    uint64_t pushed, refused; /* of those with weights */
    struct base base;         /* the keeper's */
    struct engine_push *push; /* for the keeper to take; guarded by versions.lock */

    uint64_t taken;       /* samples; the engine thread's */
    struct loaded loaded; /* the engine thread's until ENGINE_READY, then see load.h */
};

#endif
