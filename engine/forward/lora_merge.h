/* engine/forward/lora_merge.h - an adapter merged into a model's tensors before they are packed.
 *
 * W becomes W + B A, in the type that the file has it in, as PEFT's merge_and_unload() makes it by
 * default: B A in float32 (summed here in double precision), the sum in float32, then in the file's
 * type, be that F16 or BF16, Q8_0, Q4_0 or Q4_1; an embedding's B A is rounded to F16 or BF16
 * before the sum too. With DoRA the row of W + B A is scaled before it is rounded. Matrices and
 * biases in place of the base's take their place. Of a tied model whose ends are not changed alike,
 * each end has a matrix of its own from then on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_LORA_MERGE_H
#define ENGINE_FORWARD_LORA_MERGE_H

#include "base/error.h"
#include "engine/adapter/adapter.h"
#include "engine/model/content.h"
#include "engine/model/model.h"

struct pool;

/* Merge a, an adapter of m, into m's tensors, whose data is there; what was changed lies in m's own
 * memory until model_drop_tensors(). content, the list of m's tensors, has from then on the bytes
 * as they are. False and ERROR_NO_STORAGE before anything is done where that takes more than
 * most_bytes (0: no limit) of memory, ERROR_UNSUPPORTED naming a tensor of a type that floats do
 * not become or that lies in no place of its own, ERROR_INVALID_VALUE naming one that is not finite
 * any more, ERROR_NO_MEMORY; m is of no use then. */
bool lora_merge(struct model *m, const struct adapter *a, struct pool *pool, int64_t most_bytes,
                struct content *content, struct error *err);

#endif
