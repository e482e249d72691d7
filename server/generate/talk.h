/* server/generate/talk.h - a request that is a conversation, in whatever dialect it came.
 *
 * A route fills in what was said, which tools are offered and whether the model shall think; from
 * there to the prompt all dialects go one way. Trees that a dialect makes of its client's words
 * (messages in the form of OpenAI's chat, tools likewise) are the talk's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_TALK_H
#define SERVER_GENERATE_TALK_H

#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "server/generate/tools.h"

struct talk {
    struct conversation conversation;
    struct tool_choice tool_choice;
    bool one_call;         /* at most one call of a tool */
    bool early_calls;      /* a call's arguments are shown as they come */
    bool stop_in_thoughts; /* stop strings count there too */
    /* ids that the prompt begins with, up to the end of the assistant's last turn */
    struct id_list prefix;
    cJSON *made; /* trees made for it; owned: talk_clear(). NULL: none */
};

/* Free what was made. */
void talk_clear(struct talk *t);

/* A new array among the trees that t owns. NULL and ERROR_NO_MEMORY. */
cJSON *talk_make_list(struct talk *t, const char *name, struct error *err);

/* object[name] = value, which is taken, also where it is NULL for want of memory: the error. */
bool talk_put(cJSON *object, const char *name, cJSON *value, struct error *err);

/* An object {"role": role} at the end of messages; borrowed. NULL and ERROR_NO_MEMORY. */
cJSON *talk_add_turn(cJSON *messages, const char *role, struct error *err);

/* Ask the chat template for thoughts or for none, under each of the names that templates have for
 * it; what the client told the template itself stays. None also where the template does not ask: a
 * budget of 0, unless c has one. */
bool talk_think(struct completion *c, struct talk *t, bool on, struct error *err);

/* The prompt of c: tools, template, thoughts. After the fields were read; `field` is what the client
 * calls the messages, static. Errors name the client's fields. */
bool talk_prepare(struct completion *c, struct talk *t, const char *field, struct error *err);

#endif
