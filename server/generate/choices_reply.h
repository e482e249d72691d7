/* server/generate/choices_reply.h - answers of the form {..., "choices": [{"index", ...}, ...], "usage":
 * {...}}: OpenAI's two routes and vLLM's from tokens to tokens.
 *
 * A dialect says which members stand before the choices, in one and after them. Whole replies,
 * events and the last event with the usage are put together here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_CHOICES_REPLY_H
#define SERVER_GENERATE_CHOICES_REPLY_H

#include <stdbool.h>

struct buffer;
struct choice;
struct completion;

struct choices_reply {
    /* Before the choices, of which one is the first that is told of. */
    void (*head)(const struct completion *c, const struct choice *one, struct buffer *out);
    /* Of a choice, after its index: what is pending. first: nothing of it has been said. */
    void (*choice)(const struct completion *c, const struct choice *choice, bool first,
                   struct buffer *out);
    /* After the choices of a whole reply, and of the first event of a choice (NULL: nothing). */
    void (*tail)(const struct completion *c, struct buffer *out);
    void (*first_tail)(const struct completion *c, struct buffer *out);
    bool has_roles; /* a chat's: the setting chat-chunks is about its events */
};

/* For struct dialect, whose `form` they use. */
void choices_reply_whole(struct completion *c, struct buffer *out);
/* dialect.chunk: an event with what is pending of one choice; by chat-chunks the role before it and the end after
 * it in events of their own. */
void choices_reply_chunk(struct completion *c, struct choice *choice);
/* dialect.end: the event with the usage, where the client asked for it. */
void choices_reply_end(struct completion *c);

#endif
