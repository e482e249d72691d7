/* server/generate/conversation.h - a chat's messages, from the wire to the template.
 *
 * Clients write the same thing in several ways; templates expect one. Text parts are joined to a
 * string, a tool call's arguments become an object (templates print them as such), reasoning is
 * there under the names that templates know. A member that is null or a list of no calls is left out, for
 * templates ask whether it is there; content that is absent or null, as an assistant's may be, is "", or
 * stays none where the template compares it with none. What no text model can take (images, audio) is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_CONVERSATION_H
#define SERVER_GENERATE_CONVERSATION_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "base/fields.h"
#include "base/tools/format.h"

struct conversation {
    const char *field;     /* what the client calls the messages; NULL: "messages" */
    const cJSON *messages; /* borrowed from the document, like all that follows */
    const cJSON *tools;
    const char *template;                  /* NULL: the model's */
    const struct tool_format *tool_format; /* of the calls in it; NULL: as the template tells */
    const cJSON *kwargs;                   /* from the client */
    const cJSON *documents;
    struct span reasoning_effort;
    bool add_generation_prompt; /* set it to its default before reading */
    bool continue_final;
    bool add_special_tokens;
    bool may_be_empty; /* its contract has messages without content */
    size_t turn_from; /* after rendering: where in out the turn that is to go on begins, behind
                                 all that others have said; 0 where it has no marks of thoughts */
    const char *last_content; /* after rendering: the last message's, NULL when it is not the
                                 assistant's or has no text; in the arena */
};

/* Fields that go with messages; targets: struct conversation. */
extern const struct field conversation_rows[];
/* The same, for fields_read(). */
struct field_table conversation_table(struct conversation *c);

/* A word for how long a model should think, *out; "" is none. False and *err, without a field: no
 * contract has it, and who means one of a template's own says it in chat_template_kwargs. */
bool conversation_read_effort(struct span word, struct span *out, struct error *err);

/* Check the messages, bring a copy of them into the form that templates expect, and append the
 * prompt to out. Errors name the client's field: "messages[2].content[0].type". */
bool conversation_render(struct conversation *c, const struct engine *e, struct arena *a,
                         struct buffer *out, struct error *err);

#endif
