/* engine/batch/space.h - what keys and values depend on besides the tokens, and who may share them.
 *
 * Equal tokens in equal spaces have equal keys and values, bit for bit. The engine makes the
 * space of a request itself (scheduler_add); nobody else can put a request into another one. The
 * prefix cache hashes it for speed and compares it member by member for truth, as it does tokens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SPACE_H
#define ENGINE_BATCH_SPACE_H

#include <stdbool.h>

#include "base/hash.h"

struct space {
    uint64_t salt;    /* the client's: strangers share nothing */
    uint64_t weights; /* version.h's content */
    uint64_t adapter; /* content of the adapter, 0: none */
};

static inline bool space_equal(const struct space *a, const struct space *b)
{
    return a->salt == b->salt && a->weights == b->weights && a->adapter == b->adapter;
}

static inline uint64_t space_hash(const struct space *s)
{
    return hash_add(hash_add(hash_mix(s->salt), s->weights), s->adapter);
}

#endif
