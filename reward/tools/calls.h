/* reward/tools/calls.h - the calls of tools of an item: those that it wants and those that were
 * made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_TOOLS_CALLS_H
#define REWARD_TOOLS_CALLS_H

#include "base/tools/calls.h"
#include "reward/row/row.h"

enum { CALLS_MOST = 256 };

struct call {
    const char *name;
    const cJSON *arguments; /* an object */
};

struct calls {
    struct call at[CALLS_MOST];
    size_t n;
    cJSON *owned; /* a list of what was parsed: the calls borrow from it, or from the item */
};

/* Free what was parsed. Accepts a zeroed one. */
void calls_clear(struct calls *c);

/* Calls as data sets have them: a list, or its JSON text, or one call, of
 *   {"name", "arguments" or "parameters"}        arguments may be JSON text
 *   {"type": "function", "function": {...}}      OpenAI's
 *   {NAME: {ARGUMENT: [possible values]}}        BFCL's, where `possible`
 * False: err names what is wrong, from `name` on ("tool_calls[2].arguments"). */
bool calls_read(const cJSON *v, const char *name, bool possible, struct calls *out,
                struct error *err);

/* The same, behind what out has already. */
bool calls_add(const cJSON *v, const char *name, bool possible, struct calls *out,
               struct error *err);

/* The calls in a response's text, in the form of that family; more than CALLS_MOST are as none.
 * False: out of memory. */
bool calls_find(struct span text, const struct tool_calls_wanted *wanted, struct calls *out);

#endif
