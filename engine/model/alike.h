/* engine/model/alike.h - may a model take another's place while requests go on?
 *
 * It may where every size is the same and the tensors are those that the model has: then the same
 * cache, work spaces and tokenizer serve it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_ALIKE_H
#define ENGINE_MODEL_ALIKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/model/model.h"

/* Has m the architecture, sizes and constants of `served`? False and ERROR_INVALID_VALUE naming the first
 * that differs. Where pairs are rotated in another order, that is the same model. */
bool model_alike(const struct model *served, const struct model *m, struct error *err);

/* A number of what model_alike() compares: models that are alike have the same. */
uint64_t model_sizes_hash(const struct model *m);

/* Has m every tensor that `served` has? False and ERROR_INVALID_VALUE naming the first that lacks. */
bool model_complete(const struct model *served, const struct model *m, struct error *err);

/* Has m's files a tensor that the model has no use for, and that the files of `served` did not have
 * either? True: none. A copy of a tied output matrix is one that it has a use for, if it is the
 * embedding's equal. False and ERROR_INVALID_VALUE naming the tensor. */
bool model_no_stranger(const struct model *served, const struct model *m, struct error *err);

#endif
