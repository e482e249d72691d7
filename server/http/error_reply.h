/* server/http/error_reply.h - an error as JSON, in the shape that a dialect's clients look for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_ERROR_REPLY_H
#define SERVER_HTTP_ERROR_REPLY_H

#include "base/buffer.h"
#include "base/error.h"
#include "server/http/router.h"

/* Append the error as one object. */
void error_reply(struct buffer *out, const struct error *err, enum error_shape shape);

#endif
