/* server/cli/talk.h - touchstone run without a prompt, on a terminal: a conversation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_TALK_H
#define SERVER_CLI_TALK_H

#include <stdbool.h>

#include "engine/engine.h"
#include "reward/reward.h"

struct talk_options {
    const char *system; /* NULL: none */
    const struct engine_sampling *sampling;
    bool random; /* each answer draws from a new seed; else from sampling->seed, answer by answer */
    bool verbose;
};

/* Until the end of the input or Ctrl-C while nothing is typed (stream_interrupted() is then true). False and
 * *err when it cannot begin. */
bool talk(struct engine *e, struct judge *judge, const struct talk_options *o, struct error *err);

#endif
