/* engine/model/rotated.c - see rotated.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/rotated.h"

int rotated_source(const struct model_config *c, enum rotated rotated, int i)
{
    int period = c->head_dim, first = 0;
    if (rotated == ROTATED_NONE || !c->rope.interleaved) return i;
    if (rotated == ROTATED_MLA_Q) first = c->mla.nope_dim;
    if (rotated == ROTATED_MLA_KV) {
        first = c->mla.kv_rank;
        period = first + c->mla.rope_dim;
    }
    int begin = i / period * period + first, at = i - begin, half = c->rope.dim / 2;
    if (at < 0 || at >= c->rope.dim) return i;
    return begin + (at < half ? 2 * at : 2 * (at - half) + 1);
}
