/* engine/model/hf_model.h - a model's sizes and tensors from a Hugging Face folder: config.json
 * beside safetensors files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_HF_MODEL_H
#define ENGINE_MODEL_HF_MODEL_H

#include "base/arena.h"
#include "engine/model/arch.h"
#include "engine/model/model.h"
#include "engine/model/safetensors.h"

/* Fill *arch, *c and *t from folder's config.json and its tensors s. t's data borrows from s, or
 * (scales of FP8 tensors, lists of experts) is allocated from memory; free t->layers with free().
 * ERROR_BAD_FILE or ERROR_UNSUPPORTED naming the file and the field or tensor. */
bool hf_model_read(const char *folder, const struct safetensors *s, struct arena *memory,
                   const struct arch **arch, struct model_config *c, struct model_tensors *t,
                   struct error *err);

/* The tensors alone, in GGUF files' names where not hugging_face, for a model of these sizes; path is for
 * messages. As above. */
bool hf_tensors_read(const char *path, const struct safetensors *s, bool hugging_face,
                     struct arena *memory, unsigned features, const struct model_config *c,
                     struct model_tensors *t, struct error *err);

#endif
