/* server/generate/tools.h - the tools of a request: what a client offers, and which must be called.
 *
 * A model writes calls as its family does (base/tools/format.h). Which family that is, the chat
 * template tells, or the setting tool-format. From the tools follow what is looked for in answers,
 * and a form for answers (tool_form.h):
 *
 *     tool_choice    tools            the answer
 *     none           any              is text
 *     auto           none is strict   is free; calls in it are found
 *     auto           some are strict  is free up to a call's opening mark; calls hold the schemas
 *     required       any              is one call or several that hold the schemas
 *     named          any              is one call of that tool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_TOOLS_H
#define SERVER_GENERATE_TOOLS_H

#include "base/fields.h"
#include "base/tools/calls.h"

struct completion;

enum tool_mode { CALLS_AUTO, CALLS_NONE, CALLS_REQUIRED, CALLS_NAMED };
enum { TOOLS_MOST = 1024, TOOL_ID_ROOM = 96 }; /* in one request; bytes of a call's id */

/* tool_choice: "auto", "none", "required", {"type": "function", "function": {"name"}}, or
 * {"type": "allowed_tools", "allowed_tools": {"mode", "tools"}}. */
struct tool_choice {
    enum tool_mode mode;
    const char *name;     /* CALLS_NAMED */
    const cJSON *allowed; /* tools that may be called, as tool_choice has them; NULL: all */
};

/* FIELD_READ -> struct tool_choice. */
bool tool_choice_read(const struct field_context *context, const cJSON *value, void *out,
                      struct error *err);

/* Every tool is {"type": "function", "function": {"name", "description", "parameters", "strict"}}.
 * tools may be NULL. Errors name "tools[i]...". */
bool tools_check(const cJSON *tools, struct error *err);

/* What a client offers. */
struct tool_offer {
    const cJSON *tools; /* checked; NULL: none */
    struct tool_choice choice;
    bool one_call;        /* at most one */
    const char *template; /* the request's own chat template; NULL: the model's */
    bool early;           /* arguments are shown as they come */
};

/* One of the tools that may be called. */
struct tool_use {
    const struct tool_format *format;
    const struct tool *tools; /* [n]; in the arena */
    const int *places;        /* [n]: in the client's list */
    const bool *strict;       /* [n] */
    size_t n;
    enum tool_mode mode;
    bool one_call, any_strict;
};

/* The family whose calls a conversation holds. */
const struct tool_format *tools_format(const struct completion *c, const char *template);

/* An id of nine letters and digits, as Mistral's templates want them, made of any id: equal ones
 * give equal ones. One of that shape stays. out[TOOL_ID_ROOM] may be id itself. */
void tools_short_id(struct span id, char *out);

/* "type" and "function" of a call, with what has come of its arguments, in an object that is open. */
void tools_emit_function(const struct tool_call *call, struct buffer *out);

/* Set what c looks for, and its form where calls must hold one. After c's own form was read. Errors:
 * "tool_choice" where it names no tool or another form is asked for. */
bool tools_offer(struct completion *c, const struct tool_offer *o, struct error *err);

#endif
