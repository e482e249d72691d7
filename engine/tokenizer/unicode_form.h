/* engine/tokenizer/unicode_form.h - Unicode normal forms in linear time.
 *
 * utf8proc_map() orders combining marks by swapping neighbours, which takes a
 * hostile run of marks quadratic time. Here utf8proc decomposes single characters
 * and composes, and the ordering between is a counting sort (Unicode Standard,
 * section 3.11).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_UNICODE_FORM_H
#define ENGINE_TOKENIZER_UNICODE_FORM_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/span.h"

/* Append text, which is valid UTF-8, in a normal form: NFC, or NFD without `compose`, or their K
 * forms with `compat`. False when out of memory; the limit of out shows in out->failed. */
bool unicode_form_add(struct span text, bool compose, bool compat, struct buffer *out);

#endif
