/* server/rollouts/rollouts.h - POST /v1/rollouts: prompts in, samples with their rewards out.
 *
 * A step of GRPO in one call. Every prompt gets a group of samples from the engine; each sample is
 * judged as soon as it ends, while its group still decodes; when the last of a group has its verdict,
 * the group's statistics and advantages are computed and it is written: at once as a line (NDJSON),
 * or all together (JSON, arrays).
 *
 *   ask.c           what the body asks
 *   ask_prompt.c    one entry of its prompts: ids, what goes on from where, the judge's item
 *   turn.c          what the chat template puts behind a turn of the model's
 *   rollout.c       a call's life: which groups are at work, when it ends, who is told
 *   group.c         a group's life: its generations, its samples, its end
 *   order.c         which samples count, whatever came first in time
 *   desk.c          judging and writing, on the thread pool
 *   revise.c        the message to a sample that is not right
 *   row.c           a sample as one row of tokens
 *   print.c         a group as JSON
 *   arrays.c        all groups as numpy arrays
 *   end.c           DELETE /v1/rollouts/{id}
 *
 * Threads: loop thread, but for prepare functions and the desk, which run on the pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_ROLLOUTS_H
#define SERVER_ROLLOUTS_ROLLOUTS_H

#include <stdbool.h>

struct exchange;
struct field;
struct server;

/* The tables of its body. */
extern const struct field *const rollouts_fields[];

/* POST /v1/rollouts */
void rollouts_handle(struct exchange *x);

/* DELETE /v1/rollouts/{id} and /v1/rollouts/{id}/groups/{g}: end it, and answer with what exists. */
void rollouts_end_handle(struct exchange *x);

/* End the call that x asks for, whatever of it is not done, with "abort"; one that is still being read ends
 * as soon as it has begun. x is answered as if it had come to its end. False: x is no rollout at work. */
bool rollouts_abort(struct exchange *x);

/* The same of every call that has begun. */
void rollouts_abort_begun(struct server *s);

#endif
