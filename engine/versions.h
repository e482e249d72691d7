/* engine/versions.h - the versions of the weights that are in memory.
 *
 *   packed by the keeper (push.h) --> serves --> retired: its requests end --> freed by the keeper
 *             room is reserved                       users == 0
 *
 * The engine thread decides which serves and which has no users left; the keeper, a thread of low
 * priority, reserves room for a new one and frees what is retired, since giving back gigabytes takes
 * long. Both meet under one lock.
 *
 * (1) Between versions_reserve() and the end of its push, a version counts among those resident, and
 *     those are never more than `most`.
 * (2) The version that serves is resident, and is not freed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_VERSIONS_H
#define ENGINE_VERSIONS_H

#include <pthread.h>
#include <stdbool.h>

#include "engine/batch/version.h"

/* A version and its weights; owned by the list. */
struct resident {
    struct version version;
    struct weights *weights; /* owned */
    int pins;                /* of those who read the weights beside requests */
    struct resident *next;
};

struct versions {
    pthread_mutex_t lock;   /* guards all that follows */
    pthread_cond_t changed; /* something has ended, or is wanted of the keeper */
    struct resident *live;  /* the first serves */
    struct resident *dead;  /* to be freed */
    int n, most;            /* (1) */
    uint64_t pushes;        /* begun */
    bool quit;
    bool paused; /* no request goes on to its end */
};

/* With room for `most`. */
void versions_init(struct versions *v, int most);
/* Frees all versions. Nobody uses them any more. */
void versions_clear(struct versions *v);

/* Is there no room for one more? Any thread. */
bool versions_are_full(struct versions *v);
/* Requests come to no end until it is taken back. Any thread. */
void versions_pause(struct versions *v, bool paused);
/* Room for one more: waits for retired ones to end when `wait`, in a pause when `in_pause`, freeing them. False
 * and ERROR_VERSIONS_BUSY, or ERROR_ABORTED when the engine ends. The keeper's. */
bool versions_reserve(struct versions *v, bool wait, bool in_pause, struct error *err);
/* The room is not needed after all. */
void versions_unreserve(struct versions *v);
/* Free the retired ones that have no users. The keeper's. */
void versions_free_dead(struct versions *v);

/* r, for which there is room, serves from now on. The engine thread's. */
void versions_serve(struct versions *v, struct resident *r);
/* The one that serves is called so from now on; label is taken. The engine thread's. */
void versions_rename(struct versions *v, struct version_label *label);
/* Those that do not serve and have no users are the keeper's to free. The engine thread's, between steps. */
void versions_retire(struct versions *v);

/* A share of the label of the version that serves. Any thread. */
struct version_label *versions_serving(struct versions *v);
/* The weights that serve: they do while the keeper, who alone brings others, does not change that. The
 * keeper's. */
const struct weights *versions_weights(struct versions *v);
/* The version that serves, whose weights stay in memory until versions_unpin(). Any thread. */
struct resident *versions_pin(struct versions *v);
/* See versions_pin(). */
void versions_unpin(struct versions *v, struct resident *r);
/* How many are resident. Any thread. */
int versions_count(struct versions *v);

/* A version of these weights, which are taken, as the label is; content as in version.h. NULL and
 * ERROR_NO_MEMORY; what was to be taken is then freed. */
struct resident *resident_new(struct weights *w, struct version_label *label, uint64_t content,
                              struct error *err);
/* Accepts NULL. */
void resident_free(struct resident *r);

#endif
