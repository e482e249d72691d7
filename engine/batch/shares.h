/* engine/batch/shares.h - how many rows of a step each client may have.
 *
 * A step is as slow as its rows are many, and all that take part wait for its end. So a client of one
 * sample would be as slow as a flood beside it makes the batch. Where several clients have work, a step
 * therefore takes no longer for the one with the fewest rows than a small multiple of what it would
 * take for that one alone: with two clients one and a half times, with each more half a time more. The
 * rows of the others are cut to what fits, from the top (max-min fairness): nobody gets fewer than the
 * client with the fewest asks for. Clients of about as many rows each, and one client alone, have all
 * of theirs in every step.
 *
 * Who has more samples than rows decodes them in turns. A client's rows are shared between its samples
 * that decode and its prompts that are read, half each where both want more.
 *
 * Nothing here changes what is computed, only when.
 *
 * Plain numbers, one thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SHARES_H
#define ENGINE_BATCH_SHARES_H

#include <stdbool.h>
#include <stdint.h>

enum { SHARES_CLIENTS = 64 };

struct share {
    uint64_t client;
    int decodes,
        prompts;    /* rows that it could use: one each sample that decodes, tokens of prompts */
    int may_decode; /* of the first; all of them where nothing is cut */
    int may_read;   /* of the second, or INT_MAX */
    int seen;       /* of its samples that decode, those that shares_takes() was asked about */
};

/* Zeroed at first, for every plan. */
struct shares {
    struct share of[SHARES_CLIENTS];
    int n;
    bool overflows; /* more clients than there is room for: nothing is cut */
    bool cut;       /* something is */
};

/* That client's; a new one wants nothing, and whatever it takes all the same is not cut. NULL: there are too many. */
struct share *shares_find(struct shares *s, uint64_t client);

/* Everything that could be used has been counted: who may have what of it. A step costs, without any row, as
 * much as so many rows; below 0: nobody knows, and nothing is cut. */
void shares_divide(struct shares *s, double idle_rows);

/* Does its next sample that decodes take part, in the cut plan of that number? Over as many cut plans as
 * it has samples each of them takes part as often. */
bool shares_takes(struct share *s, uint64_t turn);

#endif
