/* engine/tokenizer/normalizer.h - what happens to a text before it is cut into
 * words.
 *
 * Unicode normal forms by utf8proc, a prefix, replacements: the normalizers of
 * tokenizer.json. Bytes that are not UTF-8 pass through unchanged, so they still
 * round trip.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_NORMALIZER_H
#define ENGINE_TOKENIZER_NORMALIZER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/tokenizer/vocab_source.h"

/* Apply steps[0..n) to text. *out is text itself when nothing changes, else it borrows from
 * scratch[0] or scratch[1], whose old content is lost. False and ERROR_NO_MEMORY or ERROR_TOO_LARGE
 * (past the limit of scratch). */
bool normalizer_apply(const struct vocab_normalizer *steps, int n, struct span text,
                      struct buffer scratch[2], struct span *out, struct error *err);

#endif
