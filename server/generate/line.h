/* server/generate/line.h - the line in front of the engine: whose turn it is, and what stands before
 * a newcomer.
 *
 * A *turn* is one generation's place: its prompt and all its samples together. The turns of one
 * client at one priority are a *party*, served in order of arrival. Between parties a lower priority
 * goes first; at the same one that party goes whose work so far is least, counted in tokens
 * (start-time fair queueing, Goyal, Vin and Cheng, SIGCOMM 1996). So a client of a thousand
 * requests stands beside, not before, a client of one; and a group of 64 long samples weighs what
 * 64 long samples weigh.
 *
 * What a party has had is kept while a turn of its waits or is at work. Who comes anew begins where
 * the line now stands: nobody saves up turns by staying away.
 *
 * A turn is charged what it is expected to take when it is given, and what it has really taken when
 * it ends.
 *
 * Invariants
 * (1) A turn that waits is in its party's queue, and the party's sums are those of its queue.
 * (2) A party exists exactly while a turn of its waits or is at work.
 * (3) The line's clock never goes back.
 * (4) A client without a turn has no sample waiting or at work.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_LINE_H
#define SERVER_GENERATE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct party;
struct tenant;

/* Work, in tokens. */
struct load {
    double prompt;  /* to be computed */
    double samples; /* seats at the engine */
    double output;  /* to be decoded, all samples together */
};

/* A place in the line; its owner's, who zeroes it and keeps it from line_join() to line_leave(). */
struct place {
    struct load load; /* what it is expected to take; the owner fills it in */

    struct party *party; /* NULL: not joined */
    bool waits;
    struct place *next, **link; /* in its party's queue, while it waits */
    uint64_t number;           /* of arrival */
};

struct line {
    struct party *parties;
    struct tenant *tenants; /* the clients of these, n_tenants */
    size_t n_tenants;
    double clock; /* where the party stood that was served last */
    uint64_t arrivals;
};

/* Wait in the party of that client at that priority. False: no memory for a new party. */
bool line_join(struct line *l, struct place *t, uint64_t client, int priority, struct error *err);

enum {
    LINE_ALL = -1,      /* no seats are kept for anybody */
    LINE_NEWCOMERS = 1, /* one is, so only who has nothing at work may go */
};

/* Whose turn it is, of those whose number is less than `before`; where so many seats are kept, of clients that have less
 * than their part of them at work, which is one sample at least. NULL: nobody's. */
struct place *line_next(const struct line *l, uint64_t before, int kept);

/* It is at work from now on. */
void line_take(struct line *l, struct place *t);

/* It waits no longer, or has ended after so many tokens. Nothing happens to one that has not
 * joined. */
void line_leave(struct line *l, struct place *t, double tokens);

/* What would have its turn before one that joins now. */
struct load line_ahead(const struct line *l, uint64_t client, int priority);

/* Has the client, at all priorities together, less than its part of so many kept seats waiting and at work? */
bool line_is_light(const struct line *l, uint64_t client, int kept);

/* Of the parties of clients that have less than their part at work, the turns that fill it, the first at least. */
struct load line_ahead_light(const struct line *l, int kept);

#endif
