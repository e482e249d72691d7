/* server/rollouts/revise.h - generate, test, revise: the verifier's word goes back as the next message.
 *
 * A sample that is judged and not right is told what is wrong, as its next message, and goes on, until
 * it is right or its rounds are spent (LLM-Modulo, arXiv 2402.01817). The answer is never told. All
 * turns are one row: the server's messages have loss mask 0. The reward is that of the last turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_REVISE_H
#define SERVER_ROLLOUTS_REVISE_H

#include <stdbool.h>

#include "base/error.h"

struct ask;
struct exchange;
struct sample;

/* Can the prompts of ask be gone on with? False names the field. Any thread. */
bool revise_check(const struct ask *ask, struct exchange *x, struct error *err);

/* s's last turn is judged: the ids of the message that asks for another into s->next_said; none, where
 * it is right, its rounds are spent, nothing can be said, or the context is full. On the pool. */
void revise_say(struct sample *s);

#endif
