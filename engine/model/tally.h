/* engine/model/tally.h - how many tensors, parameters and bytes a model has, by type.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_TALLY_H
#define ENGINE_MODEL_TALLY_H

#include <stdint.h>

#include "engine/tensor/quants.h"
#include "engine/model/model.h"

struct model_tally {
    int64_t tensors[QUANT_COUNT], parameters[QUANT_COUNT], bytes[QUANT_COUNT]; /* as in the file */
    int64_t all_tensors, all_parameters, all_bytes;
};

/* Everything m has, experts and prediction layers included; a tied output matrix counts once. */
struct model_tally model_tally(const struct model *m);

#endif
