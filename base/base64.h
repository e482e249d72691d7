/* base/base64.h - bytes as text, RFC 4648 section 4.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/span.h"

/* Append bytes as base64, padded. */
void base64_encode(struct span bytes, struct buffer *out);

/* Append what text stands for. White space is passed over, padding may be missing. False: another
 * character, or a length that no bytes have; out then holds what came before. */
bool base64_decode(struct span text, struct buffer *out);

#endif
