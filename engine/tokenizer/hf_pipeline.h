/* engine/tokenizer/hf_pipeline.h - the stages of tokenizer.json: normalizer,
 * pre_tokenizer, post_processor, decoder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_HF_PIPELINE_H
#define ENGINE_TOKENIZER_HF_PIPELINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/tokenizer/vocab_source.h"

/* Fill s from the whole document: model (byte-level or not), normalizers, prefix,
 * splits, strip_space and escape_spaces; and, where a template puts them, add_bos
 * with *bos and add_eos with *eos (ids, untouched otherwise). Texts borrow from
 * root or from keep. False and ERROR_UNSUPPORTED or ERROR_BAD_FILE with the path of
 * the field in err->param. */
bool hf_pipeline_read(const cJSON *root, struct arena *keep, struct vocab_source *s,
                      struct error *err);

#endif
