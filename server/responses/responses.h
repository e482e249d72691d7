/* server/responses/responses.h - OpenAI's Responses: POST /v1/responses, and what was kept of it.
 *
 *   create.c   the fields; the handler
 *   input.c    items and tools as chat messages have them, which templates know
 *   reply.c    the reply, and a stream's events
 *   kept.c     GET and DELETE /v1/responses/{id}; what a reply leaves in the store
 *   store.c    the store
 *
 * Source: openai-python 3.57 (openai/types/responses), platform.openai.com's "Responses" and "Streaming".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_RESPONSES_RESPONSES_H
#define SERVER_RESPONSES_RESPONSES_H

#include "server/generate/parts.h"
#include "server/generate/talk.h"
#include "server/responses/store.h"

/* POST /v1/responses */
void responses_create_handle(struct exchange *x);
/* What its body may have. */
extern const struct field *const responses_fields[];
/* GET /v1/responses/{id} */
void responses_get_handle(struct exchange *x);
/* DELETE /v1/responses/{id} */
void responses_delete_handle(struct exchange *x);

/* ---- between the files ---- */

struct responses {
    struct talk talk;
    /* As the client wrote them; NULL: absent. */
    const cJSON *input, *tools, *choice, *reasoning, *text, *include, *metadata;
    struct span instructions, previous, user;
    bool keeps;          /* store; at the end, whether there was room */
    bool parallel_calls;
    int truncates;       /* truncation: 1 is "auto" */
    bool shows_logprobs; /* include has message.output_text.logprobs, */
    int top_logprobs;    /* with so many alternatives */
    int n_instructions;  /* messages at the conversation's beginning that do not carry over */
    const char *number;  /* of the reply's id, for those of its items */
    struct parts parts;  /* up to where the stream has told it */
    int sequence;        /* events told */
};

/* The talk of what the client wrote, behind what `previous` holds. Errors name the client's fields. */
bool responses_read_talk(struct completion *c, struct error *err);

/* How it is told. */
extern const struct dialect responses_dialect;

/* Keep `reply`, that of c, whose choice is done. False: there is no room for it, or no memory. */
bool responses_keep(struct completion *c, struct span reply);

/* The messages of the reply that has that id. False and ERROR_NOT_FOUND "previous_response_id". */
bool responses_find(struct completion *c, struct span id, struct span *messages,
                    struct error *err);

/* "call_..." of call i. */
void responses_emit_call_id(const struct completion *c, const char *key, size_t i,
                            struct buffer *out);

#endif
