/* server/rollouts/row.h - a sample as one row of tokens: what was given, what was sampled, what the server
 * said in between. Replies of every encoding are written from rows. Private to server/rollouts/.
 *
 * On the pool, when the sample is JUDGED: its generations are through.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_ROW_H
#define SERVER_ROLLOUTS_ROW_H

#include "server/rollouts/rollout.h"

/* One token. */
struct cell {
    int id;
    bool loss;                         /* it was sampled, here or earlier */
    float logprob, drawn;              /* NaN: not known */
    const struct token_record *record; /* NULL: not sampled here */
    const struct choice *choice;       /* the record's */
};

struct row {
    struct cell *cells; /* [n]; the last turn's arena's; NULL: no memory */
    size_t n;
    /* Where each turn's sampled tokens begin; of the first, what was given before them, too: 0. */
    size_t starts[ASK_MOST_ROUNDS + 1];
    size_t sampled; /* here */
};

/* s's row. */
struct row row_of(const struct sample *s);

/* What counts of a sample; NaN: null in replies. */
struct row_worth {
    bool counts; /* it is not masked, and has a reward */
    double reward, advantage;
};
/* Of s, whose group is settled. */
struct row_worth row_worth(const struct sample *s);

/* How s ended: its place in row_ends[]. */
enum row_end { ROW_STOP, ROW_LENGTH, ROW_CUT, ROW_DEADLINE, ROW_ABORT, ROW_ENDS };
extern const char *const row_ends[ROW_ENDS];
/* Of s, by itself or from outside. */
enum row_end row_end(const struct sample *s);

/* The tokens that g's samples drew and found in the cache, into g. */
void row_count(struct group *g);

#endif
