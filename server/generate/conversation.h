/* server/generate/conversation.h - a chat's messages, from the wire to the template.
 *
 * Clients write the same thing in several ways; templates expect one. Text parts are joined to a
 * string, a tool call's arguments become an object (templates print them as such), an absent
 * content becomes null, reasoning is there under both of its names. What no text model can take
 * (images, audio) is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_CONVERSATION_H
#define SERVER_GENERATE_CONVERSATION_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "server/http/fields.h"

struct conversation {
    cJSON *messages; /* borrowed from the document, changed in place */
    const cJSON *tools;
    const char *template; /* NULL: the model's */
    const cJSON *kwargs;  /* from the client */
    const cJSON *documents;
    struct span reasoning_effort;
    bool add_generation_prompt; /* set it to its default before reading */
    bool continue_final;
    bool add_special_tokens;
};

/* Fields that go with messages, for fields_read(). */
struct field_table conversation_table(struct conversation *c);

/* After reading: check the messages, bring them into the form that templates expect. Changes the document. */
bool conversation_finish(struct conversation *c, struct error *err);

/* The prompt, appended to out. */
bool conversation_render(const struct conversation *c, const struct engine *e, struct buffer *out,
                         struct error *err);

/* The last message's content, NULL when it is not the assistant's or not a string. */
const char *conversation_last_content(const struct conversation *c);

#endif
