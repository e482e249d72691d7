/* engine/hashing.h - the hashes of all tensors that weights are made of, at start and of a push.
 *
 * For this all tensors are read from end to end, by all threads of a pool; whether their numbers are finite
 * is seen in passing. What was read leaves memory tensor by tensor: packing comes later and reads it
 * again, piece by piece.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_HASHING_H
#define ENGINE_HASHING_H

#include <stdbool.h>

#include "engine/model/content.h"

struct pool;

struct hashing {
    const struct model *model;
    struct content *content; /* of the model's tensors, changed ones among them */
    bool check_finite;
    const bool *stop; /* atomic: give up when it becomes true; NULL: never */
    /* atomic: it has a number that is not finite; NULL: none was met */
    const struct content_line *bad;
};

/* Fill in the hash of every line, and bad, which is NULL before. When stopped, some have none. */
void hashing_run(struct hashing *h, struct pool *pool);

#endif
