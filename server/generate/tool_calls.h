/* server/generate/tool_calls.h - finding the calls of tools in an answer, as its text arrives.
 *
 * Hermes' and Qwen's models write <tool_call>{"name": ..., "arguments": {...}}</tool_call>, once
 * or several times, perhaps after some words. The text comes in pieces cut anywhere; what might
 * still become a tag is held back, and so is white space, which belongs to a tag when one
 * follows. What stands in tags but is no call of that form stays text, tags included. A closing tag
 * within a string of the call does not end it. The last call may lack its closing tag: the end of
 * the output closes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_TOOL_CALLS_H
#define SERVER_GENERATE_TOOL_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"

struct tool_call {
    char *name, *arguments; /* owned; arguments as the model wrote them, else {} */
};

struct tool_calls {
    struct tool_call *items; /* owned */
    size_t n, room;
    size_t n_written;   /* of them, in chunks already sent */
    struct buffer held; /* neither text nor call yet */
    size_t looked;      /* bytes of held that were searched for a closing tag */
    bool in_string;     /* the byte there stands in a string of the call, */
    bool escaped;       /* after a backslash */
    bool failed;        /* memory is out */
};

/* No call yet. */
void tool_calls_init(struct tool_calls *t);
/* Free the calls and what is held back. */
void tool_calls_clear(struct tool_calls *t);

/* More of the answer: what is plain text is appended to text, complete calls to the items. */
void tool_calls_feed(struct tool_calls *t, struct span piece, struct buffer *text);

/* No more will come. */
void tool_calls_end(struct tool_calls *t, struct buffer *text);

#endif
