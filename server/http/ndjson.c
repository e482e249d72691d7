/* server/http/ndjson.c - see ndjson.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/ndjson.h"

#include "server/http/error_reply.h"
#include "server/http/exchange.h"

void ndjson_begin(struct exchange *x)
{
    exchange_stream(x, "application/x-ndjson");
}

struct buffer *ndjson_open(struct exchange *x)
{
    return &x->out;
}

void ndjson_close(struct exchange *x)
{
    buffer_add_char(&x->out, '\n');
    exchange_push(x);
}

void ndjson_done(struct exchange *x)
{
    exchange_end(x);
}

void ndjson_fail(struct exchange *x, const struct error *err)
{
    error_reply(ndjson_open(x), err, exchange_errors(x));
    ndjson_close(x);
    ndjson_done(x);
}
