/* reward/judge/tally.h - verdicts counted by their cause, by several threads at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_TALLY_H
#define REWARD_JUDGE_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "reward/judge/judge.h"

struct scored;

enum { TALLY_VERDICTS = 3, TALLY_CAUSES = JUDGE_VERDICTS / TALLY_VERDICTS };

/* Zeroed is empty. A row is taken by the first who needs it and is never given back. */
struct tally {
    struct tally_row {
        _Atomic(const char *) cause; /* a literal; NULL: free, as are all rows behind it */
        atomic_uint_fast64_t n;
    } rows[TALLY_VERDICTS][TALLY_CAUSES];
};

/* Count the parts of s that have a verdict, and those that could not be judged. Past TALLY_CAUSES
 * causes of a verdict, which is more than the rewards know, they are not counted. Any thread. */
void tally_add(struct tally *t, const struct scored *s);

/* What was counted: as many rows of out as are returned. Any thread. */
size_t tally_get(struct tally *t, struct judge_verdict out[JUDGE_VERDICTS]);

#endif
