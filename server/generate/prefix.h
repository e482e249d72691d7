/* server/generate/prefix.h - required_prefix_token_ids: a conversation's prompt that begins with given ids.
 *
 * What was sampled stays as it was sampled: the ids that are given come in the place of those that the
 * template made of the same turns, up to the end token of the assistant's last one (NeMo-RL's rule).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_PREFIX_H
#define SERVER_GENERATE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fields.h"
#include "engine/engine.h"

struct conversation;

/* Of which prompt; borrowed. */
struct prefix_of {
    const struct conversation *talk;
    const struct engine *engine;
    struct arena *arena; /* the request's */
    size_t most_text;    /* bytes of its text */
};

/* ids, of p's prompt, begin with prefix from now on; an empty one changes nothing. False and *err, naming
 * required_prefix_token_ids where the conversation has no place for it. */
bool prefix_put(const struct prefix_of *p, const struct id_list *prefix, struct tokens *ids,
                struct error *err);

#endif
