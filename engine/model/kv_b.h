/* engine/model/kv_b.h - splitting latent attention's joint key and value projection.
 *
 * Trained models have one matrix kv_b that makes every head's key (without its rotated part) and
 * value from the latent: rows [head][nope_dim + v_dim] of kv_rank weights. Computing on the
 * latent itself needs the keys' part the other way round, so that it works on queries: k_b
 * [head][kv_rank rows of nope_dim], and the values' part as it is: v_b [head][v_dim rows of
 * kv_rank]. Newer GGUF files come split.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_KV_B_H
#define ENGINE_MODEL_KV_B_H

#include "base/arena.h"
#include "base/error.h"
#include "engine/model/model.h"

/* Give every layer of a model with latent attention its k_b and v_b; kv_b is gone afterwards.
 * What has to be written anew is allocated from memory. ERROR_BAD_FILE naming path and layer when
 * there is neither form. */
bool kv_b_split(const struct model_config *c, struct model_tensors *t, const char *path,
                struct arena *memory, struct error *err);

#endif
