/* server/generate/message.h - one message of a chat, from the form of the wire to the one that templates expect.
 *
 * What the template does otherwise than others is told beside it (conversation.c finds that out).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_MESSAGE_H
#define SERVER_GENERATE_MESSAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/error.h"

/* What the template does with messages that others do otherwise. */
struct template_habits {
    bool keeps_none;      /* it compares content with none */
    bool knows_developer; /* the role */
    bool text_arguments;  /* it joins a call's arguments as text */
    bool short_ids;       /* it wants ids of calls of nine letters and digits */
};

/* Bring message, a copy of the client's, which is changed, into the form that templates expect. may_be_empty: its contract
 * has messages without content. False and *err, whose field is the message's: "content[0].type". */
bool message_finish(cJSON *message, struct template_habits habits, bool may_be_empty,
                    struct error *err);

/* object's member of that name becomes value, which is taken; NULL is no memory. */
bool message_put(cJSON *object, const char *name, cJSON *value, struct error *err);

/* There is no memory for the messages. Always false. */
bool message_no_memory(struct error *err);

#endif
