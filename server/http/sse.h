/* server/http/sse.h - server-sent events on an exchange: "data: {json}" lines (HTML standard, section
 * 9.2).
 *
 *   sse_begin(x);                  200, text/event-stream
 *   struct buffer *b = sse_open(x); emit_object(b, NULL); ... sse_close(x);    one event
 *   sse_done(x);                   "data: [DONE]", the end
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_SSE_H
#define SERVER_HTTP_SSE_H

#include "base/buffer.h"
#include "base/error.h"

struct exchange;

/* 200, text/event-stream: the head of the stream. */
void sse_begin(struct exchange *x);
/* Begin an event: append its JSON to what is returned. */
struct buffer *sse_open(struct exchange *x);
/* The same of an event with a name, "event: name", as Anthropic's and OpenAI's newer streams have. */
struct buffer *sse_open_named(struct exchange *x, const char *name);
/* End the event and let it be sent. */
void sse_close(struct exchange *x);
/* "data: [DONE]", the end. */
void sse_done(struct exchange *x);

/* What went wrong after the first byte: an event with the error, then the end. */
void sse_fail(struct exchange *x, const struct error *err);

#endif
