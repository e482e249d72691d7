/* engine/fingerprint.c - see fingerprint.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/fingerprint.h"

#include "base/hash.h"
#include "engine/forward/blas.h"
#include "engine/forward/weights.h"
#include "engine/model/alike.h"
#include "engine/model/model.h"

/* The types that matrices have in memory: a checkpoint of floats may have been quantised. */
static uint64_t hash_types(uint64_t h, const struct numerics *n, const struct weights *w)
{
    const struct model_config *c = model_config(n->model);
    struct weights_work work = weights_work(w, c->n_layers, c->moe.n_used);
    for (int i = 0; i < QUANT_COUNT; i++) {
        h = hash_add(h, (uint64_t)work.layers[i]);
        h = hash_add(h, (uint64_t)work.output[i]);
    }
    return hash_add(h, (uint64_t)work.bytes);
}

uint64_t fingerprint_of_weights(const struct numerics *n, const struct weights *w,
                                const char sha256[DIGEST_HEX])
{
    uint64_t h = hash_bytes(span_str(sha256));
    h = hash_add(h, model_sizes_hash(n->model));
    h = hash_types(h, n, w);
    h = hash_add(h, (uint64_t)n->kv);
    return n->reference ? hash_add(h, hash_bytes(span_str(blas_name()))) : h;
}
