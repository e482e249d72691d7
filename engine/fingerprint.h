/* engine/fingerprint.h - one number of all that the numbers of a version of the weights depend on.
 *
 * Equal fingerprints of one version of the program mean: from the same ids and the same request come the
 * same bits. So it has in it the tensors, the types that they were packed to, the model's sizes and
 * constants, the type of keys and values, and which engine computes. The instruction set is not in it,
 * on which no bit depends (kernels.h), but for the reference engine, whose last bits OpenBLAS chooses by
 * the CPU; nor are threads, batches, caches and contexts, nor names, paths and times of files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FINGERPRINT_H
#define ENGINE_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "engine/forward/kv_store.h"

struct model;
struct weights;

/* How an engine computes; constant once it is loaded. */
struct numerics {
    const struct model *model; /* of its sizes and constants; borrowed */
    bool reference;            /* OpenBLAS on float32 */
    enum kv_type kv;           /* of keys and values */
};

/* Of w, packed from tensors of this hash (engine/model/content.h), where an engine computes so. Any
 * thread. */
uint64_t fingerprint_of_weights(const struct numerics *n, const struct weights *w,
                                const char sha256[DIGEST_HEX]);

#endif
