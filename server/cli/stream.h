/* server/cli/stream.h - a request of a command's to the engine: the text of its samples as it
 * comes, until all have ended or Ctrl-C has ended them.
 *
 * Ctrl-C ends what is being generated, not the program: what was said so far stays. The command
 * sees afterwards that it came. SIGTERM and SIGHUP do the same, and end a conversation too: the
 * terminal is given back.
 *
 * One thread, the command's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_STREAM_H
#define SERVER_CLI_STREAM_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/engine.h"

/* Who hears of the samples. */
struct stream_ears {
    void (*text)(void *arg, int sample, struct span text); /* more of a sample's text */
    void (*end)(void *arg, int sample);                    /* it has ended; NULL: nobody asks */
    void *arg;
};

/* Before the engine is opened: what wakes us. Give stream_wake to the engine. */
void stream_init(void);
/* engine_options.wake */
void stream_wake(void *unused);

/* From now on Ctrl-C, SIGTERM and SIGHUP interrupt (stream_interrupted()) instead of ending the program. */
void stream_catch_interrupts(void);
bool stream_interrupted(void);
/* The exit status of a command that would end with this one: 128 + the signal's number where one
 * came, as a shell has it. */
int stream_status(int status);
/* The command has heeded Ctrl-C and goes on. */
void stream_resume(void);

/* Submit r and hear its samples to their ends. *n_tokens grows by the tokens of all. False and *err where
 * it was refused or failed. */
bool stream_run(struct engine *e, const struct engine_request *r, const struct stream_ears *ears,
                int *n_tokens, struct error *err);

#endif
