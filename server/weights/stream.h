/* server/weights/stream.h - what all streams of PUT /v1/weights have in common.
 *
 * Loop thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_WEIGHTS_STREAM_H
#define SERVER_WEIGHTS_STREAM_H

#include <stdbool.h>

#include "base/error.h"

struct exchange;

/* Content-Digest: "sha-256=:BASE64:" (RFC 9530), among others perhaps, as hexadecimal digits in the
 * exchange's arena; NULL: there is none. False and ERROR_INVALID_VALUE naming the header, or
 * ERROR_NO_MEMORY. */
bool weights_read_digest(struct exchange *x, const char **sha256, struct error *err);

/* *text, one of x's headers or arguments, lasts as long as x from now on; NULL stays NULL. False and
 * ERROR_NO_MEMORY. */
bool weights_keep_text(struct exchange *x, const char **text, struct error *err);

/* err (ERROR_NONE: it went well) is how x's stream ended. What may go better at another time need not be sent
 * again: a range "bytes *\/N" asks for it. */
void weights_keep_upload(struct exchange *x, const struct error *err);

/* What x asks for is wrong: err. A question asked wrongly never makes the upload go. */
void weights_refuse_ask(struct exchange *x, const struct error *err);

/* PUT /v1/weights?part=adapter */
void lora_stream_handle(struct exchange *x);

#endif
