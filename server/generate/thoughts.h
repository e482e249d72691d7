/* server/generate/thoughts.h - a request whose model thinks before it answers.
 *
 * Thoughts come first, and free: forms and stop strings are for the answer. Where they stand when
 * the output begins, the prompt tells: its template has opened them, or closed them, or a turn that
 * is to go on stands in their midst; else the model may open them itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_THOUGHTS_H
#define SERVER_GENERATE_THOUGHTS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/engine.h"

struct buffer;
struct completion;

struct thoughts_of {
    struct span turn;      /* the prompt, from where the turn begins that is to go on */
    bool answering;        /* the turn has text of an answer already: no thoughts any more */
    bool stop_in_thoughts; /* stop strings count there too */
    bool apart;            /* the reply tells them from the answer */
};

/* Where a form begins to hold in the turn that goes on from t, by the model's marks; its thoughts end
 * with close. A model without marks has no thoughts: at once. */
enum form_thoughts thoughts_gate(const struct engine_info *info, const char *close,
                                 const struct thoughts_of *t);

/* Form, stop strings and the reply of c, whose form has been read: as the model's marks and the turn
 * say. A model without marks has no thoughts. */
void thoughts_set(struct completion *c, const struct thoughts_of *t);

/* For think_budget 0: what the turn at the prompt's end may still think, it has thought. Where
 * thoughts are open they are closed; where the model may open them, empty ones are put there. */
void thoughts_shut(const struct completion *c, const struct thoughts_of *t, struct buffer *prompt);

/* The ids that close thoughts, for think_budget. After thoughts_set() or thoughts_of_prompts().
 * False and the field where stop strings shall count in thoughts, too: what counts their tokens
 * sleeps through them. */
bool thoughts_bound(struct completion *c, struct error *err);

/* The same of c's prompts, where they are no conversations and its client says that they may be
 * thought about (params.may_think): what each ends with tells whether it has opened the thoughts.
 * False and the prompts' field where they differ in that. */
bool thoughts_of_prompts(struct completion *c, struct error *err);

#endif
