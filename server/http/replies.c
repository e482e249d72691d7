/* server/http/replies.c - see replies.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/replies.h"

#include "base/emit.h"
#include "server/http/exchange.h"

static void begin(struct buffer *out)
{
    buffer_init(out, EXCHANGE_REPLY_BYTES);
    emit_object(out, NULL);
}

static void finish(struct exchange *x, struct buffer *out)
{
    emit_close(out, '}');
    exchange_reply_json(x, out);
}

void reply_str(struct exchange *x, const char *key, const char *value)
{
    struct buffer out;
    begin(&out);
    emit_str(&out, key, value);
    finish(x, &out);
}

void reply_int(struct exchange *x, const char *key, int64_t value)
{
    struct buffer out;
    begin(&out);
    emit_int(&out, key, value);
    finish(x, &out);
}

void reply_bool(struct exchange *x, const char *key, bool value)
{
    struct buffer out;
    begin(&out);
    emit_bool(&out, key, value);
    finish(x, &out);
}

void reply_emit_success(struct buffer *out, const char *message)
{
    emit_bool(out, "success", true);
    emit_str(out, "status", "ok");
    emit_str(out, "message", message);
}

void reply_success(struct exchange *x, const char *message)
{
    struct buffer out;
    begin(&out);
    reply_emit_success(&out, message);
    finish(x, &out);
}

void reply_not_offered(struct exchange *x)
{
    error_set(&x->error, ERROR_NOT_AVAILABLE, NULL,
              "%.60s is not offered by this server; docs/rl_clients.md lists what is", x->path);
    exchange_fail(x, &x->error);
}
