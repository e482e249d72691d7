/* server/generate/pause.h - standing still between two training steps.
 *
 * While paused no new generation starts: it waits here, in order of arrival, and starts when all
 * goes on. What becomes of those already at work is the mode's. A server that is told to end goes
 * on first, so that nothing accepted is lost.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_PAUSE_H
#define SERVER_GENERATE_PAUSE_H

#include <stdbool.h>

struct completion;
struct exchange;
struct server;

enum pause_mode {
    PAUSE_ABORT, /* they end now with what they have: finish_reason "abort" */
    PAUSE_WAIT,  /* they run to their end */
    PAUSE_KEEP   /* they stand still, and go on where they stood */
};

struct pause {
    bool on;
    struct completion *held, **last_held;
    struct pause_waiter *waiters;
};

void pause_init(struct pause *p);

void pause_begin(struct server *s, enum pause_mode mode);
void pause_end(struct server *s);

/* Call done(x) once no generation is at work, perhaps at once. The exchange must have no state of its own. */
void pause_when_idle(struct exchange *x, void (*done)(struct exchange *x));

/* Events were delivered: has it become idle? */
void pause_progress(struct server *s);

/* c wants to start. True when it is held: completion_start() is called later. */
bool pause_hold(struct completion *c);
/* c waits no longer; true when it did. */
bool pause_release(struct completion *c);

#endif
