/* server/rollouts/turn.h - the text that a chat template puts behind a turn of the model's.
 *
 * A conversation that goes on from given ids must not be rendered and tokenised anew: what the model
 * wrote need not come out as the same ids again. Only what follows its turn is rendered, by asking the
 * template for a conversation whose last turn is a word that nothing else contains, and taking what
 * comes behind that word.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_TURN_H
#define SERVER_ROLLOUTS_TURN_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "server/generate/conversation.h"

/* Append to out what the template of c writes behind a turn of the model's that is followed by
 * c->messages, up to where its next turn begins. ended: the turn's ids end with the end token, whose
 * text is then left out. False: the template cannot be asked so, or refuses. */
bool turn_render(struct conversation *c, const struct engine *e, bool ended, struct arena *a,
                 struct buffer *out, struct error *err);

#endif
