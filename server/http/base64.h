/* server/http/base64.h - bytes as base64 text (RFC 4648, section 4), for the replies that carry arrays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_BASE64_H
#define SERVER_HTTP_BASE64_H

#include "base/buffer.h"
#include "base/span.h"

/* Append the text of bytes, with its padding. */
void base64_add(struct buffer *out, struct span bytes);

#endif
