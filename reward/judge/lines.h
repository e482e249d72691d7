/* reward/judge/lines.h - NDJSON cut into batches that can be judged one by one.
 *
 * A batch is a run of lines that share their settings and that no group crosses. Lines are parsed
 * as late as possible, by whoever judges the batch, so that many threads can share the work:
 * adding a line only looks whether it might be a settings line or belong to a group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_LINES_H
#define REWARD_JUDGE_LINES_H

#include "reward/judge/job.h"

enum { LINES_BATCH = 256 }; /* lines without groups */

struct batch;

/* Adds lines, gives batches. One thread at a time. */
struct batcher {
    struct judge *judge;
    cJSON *settings;       /* the last settings line; NULL: none yet */
    int64_t group_size;    /* of the settings; 0: none */
    struct batch *filling; /* NULL: no line waits */
    bool begun;            /* the first line has been added */
    char *group;           /* key of the group at the end of filling; NULL: none */
};

/* Nothing added yet. */
void batcher_init(struct batcher *b, struct judge *judge);

/* Free what it holds; lines that wait are lost. */
void batcher_clear(struct batcher *b);

/* One line, without its LF. *ready: a batch that this line completed, or NULL. A blank line is
 * nothing. False and err: a settings line is wrong, or memory is out. */
bool batcher_add(struct batcher *b, struct span line, struct batch **ready, struct error *err);

/* What waits for more lines, if it may go as it is: all of it at the end, else lines in no group.
 * NULL: none. */
struct batch *batcher_take(struct batcher *b, bool end);

/* How many lines it has. */
size_t batch_lines(const struct batch *b);

/* Parse the lines and make the job; b is freed. A line that is no JSON becomes an item in error.
 * NULL: memory is out. */
struct judge_job *batch_job(struct batch *b, struct judge *judge, struct error *err);

/* For one that is not judged. Accepts NULL. */
void batch_free(struct batch *b);

/* The results of a judged batch, a line each. */
bool batch_print(struct judge_job *job, struct buffer *out);

#endif
