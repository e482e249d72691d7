/* server/generate/parts.h - a sample's output as a row of parts: its thoughts, its text, its calls of
 * tools, in the order in which they came.
 *
 * Anthropic's replies are lists of blocks, OpenAI's Responses lists of items. Both are told by one
 * walk: parts_show() says what is new since it was last called, so a stream calls it with every
 * chunk and a whole reply once, and both have the same parts. White space alone is no part where
 * tools are offered: models write it around calls.
 *
 *     begin(THOUGHT) more more end   begin(TEXT) more ... end   begin(CALL) more end   ...
 *
 * The dialect must be `cumulative`: what was shown is remembered by its place.
 *
 * Invariants
 * (1) One part is open at most; end() follows begin() before the next begin().
 * (2) What was shown stays: shown never passes what has come, and never goes back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_PARTS_H
#define SERVER_GENERATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "server/generate/choice.h"

enum part_kind { PART_NONE, PART_THOUGHT, PART_TEXT, PART_CALL };

struct part {
    enum part_kind kind;
    int index;           /* among the parts of its sample, from 0 */
    size_t i;            /* PART_CALL: of the choice's calls */
    struct span text;    /* all of it that was shown: thoughts, text, or arguments */
    bool last;           /* end(): its sample has ended with it */
    const struct choice *choice;
};

/* What a dialect does with them; NULL: nothing. more() has what comes behind p->text, which does
 * not hold it yet. */
struct part_calls {
    void (*begin)(void *to, const struct part *p);
    void (*more)(void *to, const struct part *p, struct span delta);
    void (*end)(void *to, const struct part *p);
};

/* How far a sample was shown. Zeros: not at all. */
struct parts {
    bool hides_thoughts;         /* they are no part of the reply */
    enum part_kind open;         /* of the part that is open */
    int n;                       /* parts begun */
    size_t from;                 /* where the open part's text begins, */
    size_t thought, text, argument; /* and up to where each was shown */
    size_t call;                 /* calls that were ended */
};

/* Show what is new of choice; when it is done, all, and the open part ends. */
void parts_show(struct parts *p, const struct choice *choice, const struct part_calls *calls,
                void *to);

#endif
