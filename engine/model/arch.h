/* engine/model/arch.h - the architectures we run, one row each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_ARCH_H
#define ENGINE_MODEL_ARCH_H

#include <stdbool.h>

#include "base/span.h"

struct arch {
    const char *gguf;      /* general.architecture */
    const char *hf[3];     /* model_type of config.json, NULL-terminated */
    unsigned features;     /* enum feature that do not follow from the sizes */
    bool gguf_interleaved; /* in GGUF files rotation pairs are (2i, 2i+1) */
    bool hf_interleaved;   /* in Hugging Face files too */
};

/* NULL when there is none of that name. */
const struct arch *arch_of_gguf(struct span name);
/* By config.json's model_type; NULL likewise. */
const struct arch *arch_of_hf(struct span model_type);

/* The names of all, "llama, qwen2, ...", for messages: those of GGUF files or of config.json. */
enum { ARCH_LIST_BYTES = 160 };
/* Those of config.json (hugging_face) or of GGUF files. */
void arch_list(bool hugging_face, char out[ARCH_LIST_BYTES]);

#endif
