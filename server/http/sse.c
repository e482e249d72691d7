/* server/http/sse.c - see sse.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/sse.h"

#include "server/http/error_reply.h"
#include "server/http/exchange.h"

void sse_begin(struct exchange *x)
{
    exchange_stream(x, "text/event-stream; charset=utf-8");
    x->ping = ": ping\n\n"; /* a comment, which clients pass over */
}

struct buffer *sse_open(struct exchange *x)
{
    buffer_add_str(&x->out, "data: ");
    return &x->out;
}

struct buffer *sse_open_named(struct exchange *x, const char *name)
{
    buffer_add_str(&x->out, "event: ");
    buffer_add_str(&x->out, name);
    buffer_add_char(&x->out, '\n');
    return sse_open(x);
}

void sse_close(struct exchange *x)
{
    buffer_add_str(&x->out, "\n\n");
    exchange_push(x);
}

void sse_done(struct exchange *x)
{
    buffer_add_str(&x->out, "data: [DONE]\n\n");
    exchange_end(x);
}

void sse_fail(struct exchange *x, const struct error *err)
{
    error_reply(sse_open(x), err, exchange_errors(x));
    sse_close(x);
    sse_done(x);
}
