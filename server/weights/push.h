/* server/weights/push.h - a push on behalf of a request: the engine stages the weights, and the answer waits.
 *
 * A client that leaves does not stop its push: what it has begun becomes whole, or nothing.
 *
 * Loop thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_WEIGHTS_PUSH_H
#define SERVER_WEIGHTS_PUSH_H

#include "engine/engine.h"
#include "server/weights/paths.h"

struct exchange;

/* What a pull (struct engine_pull) names. */
struct pull_paths {
    int folder; /* owned; -1 */
    struct client_path source, last, base;
    struct span given_folder, given_base; /* as the client gave them, in the arena */
};

struct push {
    struct engine_push order; /* what is asked; without done and arg */
    struct engine_pull pull;  /* order.pull is it, or NULL; its paths are taken from: */
    struct pull_paths paths;
    struct client_path source;   /* order.path and order.root are taken from it; none
                                     is a new name for what serves */
    struct version_label *label; /* what serves now; NULL: it went wrong */
    double seconds;
    struct error error;
    const char *path_field, *version_field; /* the client's names of what it asked; static */
    const char *folder_field, *base_field;  /* likewise, of a pull */
    void (*reply)(struct exchange *x, const struct push *p); /* it serves */
    void (*over)(struct exchange *x, struct push *p); /* it is over, either way; NULL: nothing */
    size_t at_work;                                   /* samples when it was asked for */
};

/* A push of x's, to be filled in. NULL when there is no memory: x has then been answered. */
struct push *push_new(struct exchange *x);

/* The query's "wait": whether to wait for requests on older weights, then in a pause too. False and
 * ERROR_INVALID_VALUE naming it. */
bool push_read_wait(const struct exchange *x, struct push *p, struct error *err);

/* What x's push is called: text that the client gave in `field`, static. False and ERROR_INVALID_VALUE
 * naming it. */
bool push_set_version(struct exchange *x, struct span name, const char *field, struct error *err);

/* Let the engine have it, then reply(x, p) or the error. `source` is open. */
void push_begin(struct exchange *x);

/* What a trainer's route does that has no word for it: switch while a pause holds, else finish. */
enum push_policy push_policy_now(const struct exchange *x);

/* The reply of our own routes: version, sha256, tensors, seconds. */
void weights_reply(struct exchange *x, const struct push *p);
/* The same with what the clients of all other routes look at. */
void weights_reply_all(struct exchange *x, const struct push *p);

#endif
