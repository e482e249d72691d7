/* engine/engine_impl.h - struct engine, shared by engine.c (the thread) and engine_text.c
 * (tokens, templates).
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

    pthread_mutex_t lock; /* guards state and error */
    pthread_cond_t changed;
    enum engine_state state;
    struct error error; /* after ENGINE_FAILED */

    struct versions versions;
    pthread_t keeper;
    bool keeping;             /* there is one; guarded by lock, as what follows */
    bool pushing;             /* from engine_push() to done() */
    uint64_t pushed, refused;
    struct base base;         /* the keeper's */
    struct engine_push *push; /* for the keeper to take; guarded by versions.lock */

    uint64_t taken; /* samples; the engine thread's */
    struct loaded loaded; /* the engine thread's until ENGINE_READY, then see load.h */
};

#endif
