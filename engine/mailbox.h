/* engine/mailbox.h - everything that passes between the thread that submits and the engine thread.
 *
 * In go requests, cancellations and a few commands; out come events and counts. One lock guards
 * it all; it is held for pointer moves only, never across a forward pass. Cancelling needs no
 * memory: the mailbox knows every live request by its id until the engine hands it back with
 * mailbox_publish().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MAILBOX_H
#define ENGINE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/batch/events.h"
#include "engine/batch/sequence.h"

struct mailbox;

/* At most max_samples samples live at once. NULL and ERROR_NO_MEMORY on failure. Free with
 * mailbox_free(), which accepts NULL; it frees events that nobody took, and requests that the
 * engine never took. */
struct mailbox *mailbox_new(int max_samples, struct error *err);
/* Accepts NULL. */
void mailbox_free(struct mailbox *mb);

/* ---- the submitting side ---- */

/* Hand r over; taken only on success. ERROR_QUEUE_FULL when its samples would be too many,
 * ERROR_INVALID_VALUE when a live request has its id. */
bool mailbox_submit(struct mailbox *mb, struct request *r, struct error *err);

/* Ask for the end of request id. Unknown ones are ignored. */
void mailbox_cancel(struct mailbox *mb, uint64_t id);

/* All events since the last call, oldest first; the caller's. */
struct engine_event *mailbox_take_events(struct mailbox *mb);

/* ---- any thread ---- */

/* Asks the engine to forget its cached prefixes. */
void mailbox_reset_cache(struct mailbox *mb);
/* Has the engine take a turn, also without requests: a version may have lost its last user. */
void mailbox_nudge(struct mailbox *mb);
/* Asks the engine to end. */
void mailbox_quit(struct mailbox *mb);
/* Asks the engine to run no step until it is asked to go on. */
void mailbox_pause(struct mailbox *mb, bool paused);
/* Hands the engine new weights, which it answers by what->done. */
struct install; /* push.h */
void mailbox_install(struct mailbox *mb, struct install *what);
/* The counts that were published last. */
void mailbox_stats(struct mailbox *mb, struct engine_stats *out);

/* ---- the engine's side ---- */

/* What came in since the last call. */
struct mailbox_news {
    struct request *submitted; /* linked by next, oldest first; now the engine's */
    struct request *cancelled; /* linked by mailbox.next_cancelled */
    struct install *install;   /* NULL: none */
    bool reset_cache;
    bool paused; /* no step is to be run */
    bool quit;
};

/* Take the news. When idle, first wait until there is some. */
void mailbox_take_news(struct mailbox *mb, bool idle, struct mailbox_news *news);

/* Is there a request for which is(arg, r), of those that came in since? They stay. */
bool mailbox_any(struct mailbox *mb, bool (*is)(const void *arg, const struct request *r),
                 const void *arg);

/* Take the requests that came in, linked as in the news; the other news stay. */
struct request *mailbox_take_submitted(struct mailbox *mb);

/* Make a step's results known: its events, the end of its samples, its counts. Requests in
 * r->ended are forgotten and become the caller's to free. r is emptied but for them. True when
 * there were events. */
bool mailbox_publish(struct mailbox *mb, struct results *r, const struct engine_stats *stats);

#endif
