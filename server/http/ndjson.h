/* server/http/ndjson.h - a stream of JSON lines on an exchange: Ollama's streams.
 *
 *   ndjson_begin(x);               200, application/x-ndjson
 *   struct buffer *b = ndjson_open(x); emit_object(b, NULL); ... ndjson_close(x);    one line
 *   ndjson_done(x);                the end
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_NDJSON_H
#define SERVER_HTTP_NDJSON_H

#include "base/buffer.h"
#include "base/error.h"

struct exchange;

/* 200, application/x-ndjson: the head of the stream. */
void ndjson_begin(struct exchange *x);
/* Begin a line: append its JSON to what is returned. */
struct buffer *ndjson_open(struct exchange *x);
/* End the line and let it be sent. */
void ndjson_close(struct exchange *x);
/* The end. */
void ndjson_done(struct exchange *x);

/* What went wrong after the first byte: a line with the error, then the end. */
void ndjson_fail(struct exchange *x, const struct error *err);

#endif
