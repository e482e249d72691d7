/* server/generate/pause.h - pausing on a request's behalf: the answer waits until all stand still.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_PAUSE_H
#define SERVER_GENERATE_PAUSE_H

#include "server/generate/generation.h"

struct exchange;

/* Pause all generations (generation.h), then done(x): for PAUSE_KEEP at once, else when none is at
 * work any more. x must have no state of its own. */
void pause_begin(struct exchange *x, enum pause_mode mode, void (*done)(struct exchange *x));

#endif
