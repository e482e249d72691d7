/* server/responses/kept.c - replies that were kept: GET and DELETE /v1/responses/{id}, and going on from one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/responses/responses.h"

#include <string.h>

#include "base/clock.h"
#include "base/emit.h"
#include "server/http/state.h"

static struct response_store *store_of(const struct exchange *x)
{
    return x->server->parts.responses;
}

/* ---- keeping ---- */

static void emit_calls(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    if (choice->calls.n_whole == 0) return;
    emit_array(out, "tool_calls");
    for (size_t i = 0; i < choice->calls.n; i++) {
        const struct tool_call *call = &choice->calls.items[i];
        if (!call->whole) continue;
        emit_object(out, NULL);
        responses_emit_call_id(c, "id", i, out);
        tools_emit_function(call, out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* What was said up to here, as chat messages: what came in, and the reply. */
static bool print_messages(const struct completion *c, struct buffer *out)
{
    const struct responses *r = c->own;
    const struct choice *choice = completion_choice(c, 0);
    const cJSON *m;
    int i = 0;
    emit_array(out, NULL);
    cJSON_ArrayForEach(m, r->talk.conversation.messages)
    {
        if (i++ < r->n_instructions) continue;
        emit_value(out, NULL, m);
    }
    emit_object(out, NULL);
    emit_str(out, "role", "assistant");
    emit_text(out, "content", buffer_span(&choice->text));
    if (choice->thought.n > 0) emit_text(out, "reasoning_content", buffer_span(&choice->thought));
    emit_calls(c, choice, out);
    emit_close(out, '}');
    emit_close(out, ']');
    return !out->failed;
}

bool responses_keep(struct completion *c, struct span reply)
{
    struct buffer messages;
    buffer_init(&messages, EXCHANGE_REPLY_BYTES);
    bool kept = print_messages(c, &messages);
    if (kept) {
        const struct response_kept what = {reply, buffer_span(&messages)};
        kept = response_store_put(store_of(c->exchange), c->id, c->client, &what, clock_ns());
    }
    buffer_clear(&messages);
    return kept;
}

/* ---- finding ---- */

static bool not_kept(struct span id, struct error *err)
{
    int n = id.n < RESPONSE_ID_BYTES ? (int)id.n : RESPONSE_ID_BYTES;
    return error_set(err, ERROR_NOT_FOUND, NULL, "no response \"%.*s\" is kept for this client", n,
                     id.p);
}

static bool find(struct exchange *x, struct span id, uint64_t client, struct response_kept *out,
                 struct error *err)
{
    switch (response_store_get(store_of(x), id, client, clock_ns(), x->arena, out)) {
    case RESPONSE_FOUND:
        return true;
    case RESPONSE_NO_MEMORY:
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the response");
    case RESPONSE_UNKNOWN:
        break;
    }
    return not_kept(id, err);
}

bool responses_find(struct completion *c, struct span id, struct span *messages, struct error *err)
{
    struct response_kept kept = {0};
    if (!find(c->exchange, id, c->client, &kept, err)) {
        return error_at(err, "previous_response_id");
    }
    *messages = kept.messages;
    return true;
}

/* ---- the routes ---- */

/* The id that the path ends with. False and ERROR_NOT_FOUND where more follows: of a response there is
 * nothing else here. */
static bool read_id(struct exchange *x, struct span *id)
{
    static const char before[] = "/responses/";
    struct span rest = span_str(strstr(x->path, before) + strlen(before)); /* its routes have it */
    if (rest.n > 0 && rest.p[rest.n - 1] == '/') rest.n--;
    size_t slash = span_find(rest, span_str("/"), 0);
    *id = span_slice(rest, 0, slash);
    if (id->n == rest.n) return true;
    return error_set(&x->error, ERROR_NOT_FOUND, NULL, "no route %.100s", x->path);
}

void responses_get_handle(struct exchange *x)
{
    struct response_kept kept = {0};
    struct span id;
    if (!read_id(x, &id) || !find(x, id, exchange_client(x), &kept, &x->error)) {
        exchange_fail(x, &x->error);
        return;
    }
    buffer_add_span(&x->reply, kept.reply);
    exchange_reply_json(x, &x->reply);
}

static bool drop(struct exchange *x, struct span id)
{
    return response_store_drop(store_of(x), id, exchange_client(x), clock_ns()) ||
           not_kept(id, &x->error);
}

void responses_delete_handle(struct exchange *x)
{
    struct span id;
    if (!read_id(x, &id) || !drop(x, id)) {
        exchange_fail(x, &x->error);
        return;
    }
    emit_object(&x->reply, NULL);
    emit_text(&x->reply, "id", id);
    emit_str(&x->reply, "object", "response");
    emit_bool(&x->reply, "deleted", true);
    emit_close(&x->reply, '}');
    exchange_reply_json(x, &x->reply);
}
