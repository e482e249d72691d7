/* server/routes/anthropic.h - what the files of Anthropic's routes share: POST /v1/messages and its
 * count_tokens.
 *
 *   anthropic_messages.c   the fields; the handlers
 *   anthropic_input.c      messages and tools as OpenAI's chat has them, which templates know
 *   anthropic_reply.c      blocks and events
 *
 * Source: anthropic-sdk-python 2.14 (anthropic/types), docs.anthropic.com's "Messages" and "Streaming".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_ANTHROPIC_H
#define SERVER_ROUTES_ANTHROPIC_H

#include "server/generate/parts.h"
#include "server/generate/talk.h"

struct messages {
    struct talk talk;
    const cJSON *list, *system, *tools, *choice, *thinking, *output; /* as the client wrote them */
    bool thinks;         /* thoughts are part of the reply, */
    bool omits_thoughts; /* but not their text */
    struct parts parts;  /* up to where the stream has told it */
};

/* The talk of what the client wrote. Errors name the client's fields: "messages[2].content[0].type". */
bool anthropic_read_talk(struct messages *m, struct error *err);

/* How it is told. */
extern const struct dialect anthropic_dialect;

#endif
