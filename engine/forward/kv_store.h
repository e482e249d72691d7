/* engine/forward/kv_store.h - the memory of the KV cache: equal blocks of KV_BLOCK tokens.
 *
 * A block holds the keys and values of KV_BLOCK consecutive positions of one sequence, for every
 * layer, in the layout that the attention kernels read: keys transposed so that 16 keys are
 * scored at once, values row by row. With latent attention there is one row a position, key and
 * value in one. A model with experts has beside them which experts each position went to. Which
 * block belongs to whom is kv_cache.h's business; what is inside is attention's.
 *
 * Engine thread only. kv_store_new() reserves all memory; nothing else here allocates.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_KV_STORE_H
#define ENGINE_FORWARD_KV_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/kernels/layout.h"
#include "engine/model/model.h"

struct kv_store;

/* Bytes one block takes for a model of this shape. */
int64_t kv_block_bytes(const struct model_config *c, enum kv_type type);

/* Room for n_blocks blocks. The memory is touched on first use only. NULL and ERROR_NO_MEMORY on failure. */
struct kv_store *kv_store_new(const struct model_config *c, enum kv_type type, int n_blocks,
                              struct error *err);
/* Accepts NULL. */
void kv_store_free(struct kv_store *s);

/* The number of its blocks. */
int kv_store_blocks(const struct kv_store *s);
/* Key heads of a layer; latent attention has one. */
int kv_store_heads(const struct kv_store *s);
/* The layout of a block of one layer and head; borrowed. */
const struct kv_shape *kv_store_shape(const struct kv_store *s);
/* Where a layer's blocks of one key head lie: block b at the returned address + b * *stride. Layers
 * count the prediction layers after the model's own. */
uint8_t *kv_store_at(const struct kv_store *s, int layer, int head, size_t *stride);

/* Experts that a position of a model with experts goes to, in all layers: layers times experts
 * used; 0: it has none. */
int kv_store_routes_size(const struct kv_store *s);
/* Of position `slot` of a block: [layers, used], best first; -1 in layers without experts. Written with the
 * position's keys and values. */
int16_t *kv_store_routes(const struct kv_store *s, int32_t block, int slot);

/* Copy the whole block src over dst (copy-on-write of a shared, unfinished block). */
void kv_store_copy(struct kv_store *s, int32_t dst, int32_t src);

#endif
