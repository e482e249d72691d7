/* engine/model/hf_config.h - config.json of a Hugging Face folder as a model_config.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_HF_CONFIG_H
#define ENGINE_MODEL_HF_CONFIG_H

#include "engine/model/arch.h"
#include "engine/model/model.h"

/* Fill *arch and *c from the text of config.json; path is for messages. ERROR_BAD_FILE or
 * ERROR_UNSUPPORTED naming the field: what we would compute wrongly is refused, not ignored. */
bool hf_config_read(struct span text, const char *path, const struct arch **arch,
                    struct model_config *c, struct error *err);

#endif
