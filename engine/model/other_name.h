/* engine/model/other_name.h - a tensor's name in the other kind of file: model.norm.weight is GGUF's
 * output_norm.weight.
 *
 * Where an architecture's two kinds of file have the rows that RoPE rotates in another order
 * (engine/model/arch.h), a tensor that is called by the other name comes in the other order too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_OTHER_NAME_H
#define ENGINE_MODEL_OTHER_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "engine/model/model.h"
#include "engine/model/roles.h"

struct other_name {
    char text[ROLE_NAME_BYTES];
    bool rows_differ; /* their order; other_rows() brings them over */
};

/* What a tensor of m's architecture is called in GGUF files, name being Hugging Face's
 * (hugging_face), or the other way round. False: there is none such, as there is none for the
 * experts of a mixture, which are apart in one kind of file and together in the other. */
bool other_name_of(const struct model *m, bool hugging_face, struct span name,
                   struct other_name *out);

/* The rows of a tensor whose order differs, from one kind of file's to that of Hugging Face's
 * (hugging_face) or GGUF's, into to[from.n]. */
void other_rows(const struct model *m, bool hugging_face, struct span from, int64_t rows,
                uint8_t *to);

#endif
