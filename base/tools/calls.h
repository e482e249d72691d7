/* base/tools/calls.h - finding the calls of tools in an answer, as its text arrives.
 *
 * The text comes in pieces cut anywhere: where it is cut changes nothing but when something is
 * said. What might still become a call is held back, and so is white space, which belongs to a call
 * when one follows. A call is understood as a whole or not at all: what does not parse, names a tool
 * that was not offered, or is larger than a call may be, stays text, its marks included. A mark
 * within a string of the call does not end it. The last call may lack its closing mark: the end of
 * the text closes it, as a stop string does.
 *
 * Whoever streams wants the arguments of a call while it is being written (`early`). They are then
 * given as soon as the tool is known and as long as they can become an object. Should the text end
 * before the call does, the call is never `whole`, and what came of it is no text; should it turn out
 * to be no call in the midst of the text, it is never `whole` either, and its text comes as text too.
 *
 * Nothing here knows of requests: a text and the tools that were offered go in, calls come out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TOOLS_CALLS_H
#define BASE_TOOLS_CALLS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"
#include "base/tools/format.h"
#include "base/tools/json_step.h"

enum {
    TOOL_CALL_BYTES = 1 << 20, /* what is longer is text */
    TOOL_CALLS_MAX = 1024,     /* later ones are text */
    TOOL_NAME_BYTES = 256,
    TOOL_SPACE_BYTES = 4096 /* white space that belongs to a call */
};

/* A tool that may be called. */
struct tool {
    const char *name;
    const cJSON *parameters; /* their schema, for TOOL_XML, which writes no types; NULL: unknown */
};

/* What to look for; all borrowed as long as the calls are used. */
struct tool_calls_wanted {
    const struct tool_format *format;
    const struct tool *tools; /* [n_tools]; NULL: any name is a tool's */
    size_t n_tools;
    size_t most; /* calls that are kept, later ones vanish; 0: all */
    bool early;  /* the arguments of a call as they come */
};

struct tool_call {
    char *name;      /* owned */
    char *arguments; /* owned; JSON text of an object, as the model wrote it, to the digit */
    size_t n_arguments, room;
    bool whole;     /* false: early, or broken off */
    size_t text_at; /* whoever feeds may note here how much text came before */
};

struct tool_calls {
    struct tool_call *items; /* owned */
    size_t n, room;
    size_t n_whole; /* of these; and calls that were found, those beyond `most` included: */
    size_t n_found;
    bool failed; /* memory ran out: something is missing */

    /* calls.c's; positions are counted from the text's beginning */
    struct tool_calls_wanted wanted;
    struct buffer held;     /* from `dropped` on */
    size_t dropped;         /* bytes that are no longer held */
    size_t done;            /* up to here all was given as text or taken as calls */
    size_t looked;          /* where to look on */
    size_t mark, mark_n;    /* the opening mark of the call that is being read */
    size_t from, to;        /* of its JSON, its name or its parameter's value */
    size_t name, name_to;   /* its name; in an envelope with quotes */
    size_t key, key_to;     /* the member or parameter that is being read */
    size_t value, value_to; /* arguments within an envelope */
    int member;             /* which member of an envelope: calls.c's */
    int stage;
    bool begun;            /* something but white space has come */
    bool announced;        /* the last item is the call that is being read */
    struct json_step json; /* of the object that is being read */
    struct buffer built;   /* TOOL_XML: arguments so far */
};

/* No call yet. Clear with tool_calls_clear(). */
void tool_calls_init(struct tool_calls *t, const struct tool_calls_wanted *wanted);

/* Free the calls and what is held back. */
void tool_calls_clear(struct tool_calls *t);

/* More of the answer: what is plain text is appended to text, calls to the items. */
void tool_calls_feed(struct tool_calls *t, struct span piece, struct buffer *text);

/* No more will come. */
void tool_calls_end(struct tool_calls *t, struct buffer *text);

#endif
