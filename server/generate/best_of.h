/* server/generate/best_of.h - one of n samples, chosen by the verifier: "best_of_rule" of the chat route.
 *
 *   majority   the answer that most samples give, by equivalence (cons@n); its first sample
 *   verified   the sample with the best reward by the item's own answer and rewards
 *
 * Samples are judged when all have ended, off the loop thread; then one of them is the reply. All count in
 * the usage, and the votes are told beside the choice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_BEST_OF_H
#define SERVER_GENERATE_BEST_OF_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/fields.h"

struct completion;
struct judge_round;

enum best_of_rule { BEST_OF_NONE, BEST_OF_MAJORITY, BEST_OF_VERIFIED };

/* What is asked; and, while it is found out, what belongs to it. */
struct best_of {
    int rule;
    const cJSON *answer, *reward_list;
    struct judge_round *round; /* of the samples' judging; NULL: it has not begun. The loop's */
    struct best_of_work *work; /* best_of.c's */
};

/* The fields of a request; targets: struct best_of. */
extern const struct field best_of_rows[];
/* The same, for fields_read(). */
struct field_table best_of_table(struct best_of *b);

/* What they say together with the rest of c's: needs no stream; verified needs an answer. */
bool best_of_check(struct best_of *b, const struct completion *c, struct error *err);

/* All samples of c's one prompt have ended: judge them, choose, and completion_answer(). */
void best_of_choose(struct best_of *b, struct completion *c);

/* Whoever asked has left: what is being judged need not go on. Loop thread. */
void best_of_cancel(struct best_of *b);

/* "votes": [{"answer", "count"}], the most first; with "verified" whether the chosen one is right, null: no
 * sample could be judged. Nothing where no rule was asked for. */
void best_of_emit(const struct best_of *b, struct buffer *out);

/* Free what judging has left. */
void best_of_clear(struct best_of *b);

#endif
