/* engine/model/gguf_model.h - a model's sizes and tensors from the metadata of its GGUF file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_GGUF_MODEL_H
#define ENGINE_MODEL_GGUF_MODEL_H

#include "engine/model/arch.h"
#include "engine/model/gguf.h"
#include "engine/model/model.h"

/* Fill *arch, *c and *t from g. t's data borrows from g; free t->layers with free().
 * ERROR_BAD_FILE or ERROR_UNSUPPORTED naming the file and the key or tensor. */
bool gguf_model_read(const struct gguf *g, const struct arch **arch, struct model_config *c,
                     struct model_tensors *t, struct error *err);

#endif
