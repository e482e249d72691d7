/* server/routes/anthropic_reply.c - how Anthropic's replies are told: blocks, and a stream's events.
 *
 *     message_start  ping  (content_block_start  content_block_delta...  content_block_stop)...
 *     message_delta  message_stop
 *
 * A block is a part (parts.h). A block of thoughts has a signature, which a client gives back with
 * it: a checksum here, which nobody checks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/anthropic.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/hash.h"
#include "base/json_scan.h"
#include "server/http/error_reply.h"
#include "server/http/exchange.h"
#include "server/http/sse.h"

/* Ids of calls are of letters, digits, "_" and "-"; a client's own id of the request may have others. */
static void emit_call_id(const struct completion *c, size_t i, struct buffer *out)
{
    char id[TOOL_ID_ROOM];
    int n = snprintf(id, sizeof(id), "toolu_%s_%zu", c->exchange->id, i);
    for (int k = 0; k < n && id[k] != '\0'; k++) {
        if (id[k] == '.') id[k] = '_';
    }
    emit_str(out, "id", id);
}

static void emit_signature(struct span thoughts, struct buffer *out)
{
    uint64_t sum[2] = {hash_bytes(thoughts), hash_mix(thoughts.n + HASH_STEP)};
    emit_base64(out, "signature", span_of((const char *)sum, sizeof(sum)));
}

/* ---- usage and end ---- */

/* Tokens from the cache are not counted among the input's own there. */
static void emit_usage(const struct completion *c, struct buffer *out)
{
    struct completion_usage u = completion_usage(c);
    emit_object(out, "usage");
    emit_int(out, "input_tokens", u.prompt - u.cached);
    emit_int(out, "cache_creation_input_tokens", 0);
    emit_int(out, "cache_read_input_tokens", u.cached);
    emit_int(out, "output_tokens", u.completion);
    emit_object(out, "output_tokens_details");
    emit_int(out, "thinking_tokens", u.thought);
    emit_close(out, '}');
    emit_str(out, "service_tier", "standard");
    emit_close(out, '}');
}

static const char *stop_reason(const struct completion *c, const struct choice *choice)
{
    int most = c->params.engine.max_tokens;
    if (!choice->done) return NULL;
    if (choice->finish == FINISH_LENGTH && most >= 0 && choice->n_tokens < most) {
        return "model_context_window_exceeded";
    }
    if (choice->finish != FINISH_STOP) {
        return "max_tokens"; /* or ended from outside: cut all the same */
    }
    if (choice->calls.n_whole > 0) return "tool_use";
    return choice->stop_string != NULL ? "stop_sequence" : "end_turn";
}

static void emit_stop(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    emit_str(out, "stop_reason", stop_reason(c, choice));
    emit_str(out, "stop_sequence", choice->stop_string);
    emit_null(out, "stop_details");
}

static void emit_head(const struct completion *c, struct buffer *out)
{
    emit_str(out, "id", c->id);
    emit_str(out, "type", "message");
    emit_str(out, "role", "assistant");
    emit_str(out, "model", completion_model(c));
}

/* ---- a whole reply ---- */

/* Arguments are an object here; of a call that broke off before they were one there are none. */
static void emit_input(const struct tool_call *call, struct buffer *out)
{
    struct span arguments = span_of(call->arguments, call->n_arguments);
    struct json_shape shape;
    struct error err = {0};
    bool object = call->whole || json_scan(arguments, &shape, &err);
    emit_json(out, "input", object ? arguments : span_str("{}"));
}

static void emit_block(const struct completion *c, const struct part *p, struct buffer *out)
{
    const struct messages *m = c->own;
    const struct tool_call *call = &p->choice->calls.items[p->i];
    emit_object(out, NULL);
    switch (p->kind) {
    case PART_THOUGHT:
        emit_str(out, "type", "thinking");
        emit_text(out, "thinking", m->omits_thoughts ? span_str("") : p->text);
        emit_signature(p->text, out);
        break;
    case PART_CALL:
        emit_str(out, "type", "tool_use");
        emit_call_id(c, p->i, out);
        emit_str(out, "name", call->name);
        emit_input(call, out);
        break;
    case PART_TEXT:
    case PART_NONE:
        emit_str(out, "type", "text");
        emit_text(out, "text", p->text);
        emit_null(out, "citations");
        break;
    }
    emit_close(out, '}');
}

/* Where the parts go. */
struct to {
    struct completion *c;
    struct buffer *out;
};

static void block_is_whole(void *arg, const struct part *p)
{
    struct to *to = arg;
    emit_block(to->c, p, to->out);
}

static const struct part_calls whole_blocks = {.end = block_is_whole};

static void whole(struct completion *c, struct buffer *out)
{
    struct messages *m = c->own;
    const struct choice *choice = completion_choice(c, 0);
    struct to to = {c, out};
    emit_object(out, NULL);
    emit_head(c, out);
    emit_array(out, "content");
    parts_show(&m->parts, choice, &whole_blocks, &to);
    emit_close(out, ']');
    emit_stop(c, choice, out);
    completion_emit_versions(c, out);
    emit_usage(c, out);
    emit_null(out, "container");
    emit_close(out, '}');
}

/* ---- a stream ---- */

static struct buffer *open_event(struct exchange *x, const char *type)
{
    struct buffer *out = sse_open_named(x, type);
    emit_object(out, NULL);
    emit_str(out, "type", type);
    return out;
}

static void close_event(struct exchange *x)
{
    emit_close(&x->out, '}');
    sse_close(x);
}

/* The stream's head is told at once: what the prompt is is known, what the cache had of it is not. */
static void begin_stream(struct exchange *x)
{
    const struct completion *c = x->state;
    sse_begin(x);
    x->ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n"; /* its own word for it */
    struct buffer *out = open_event(x, "message_start");
    emit_object(out, "message");
    emit_head(c, out);
    emit_array(out, "content");
    emit_close(out, ']');
    emit_stop(c, completion_choice(c, 0), out);
    emit_usage(c, out);
    emit_close(out, '}');
    close_event(x);
    open_event(x, "ping");
    close_event(x);
}

static void emit_delta(struct exchange *x, const struct part *p, const char *type, const char *key,
                       struct span delta)
{
    struct buffer *out = open_event(x, "content_block_delta");
    emit_int(out, "index", p->index);
    emit_object(out, "delta");
    emit_str(out, "type", type);
    emit_text(out, key, delta);
    emit_close(out, '}');
    close_event(x);
}

static void begin_block(void *arg, const struct part *p)
{
    struct to *to = arg;
    struct exchange *x = to->c->exchange;
    struct buffer *out = open_event(x, "content_block_start");
    emit_int(out, "index", p->index);
    emit_object(out, "content_block");
    if (p->kind == PART_THOUGHT) {
        emit_str(out, "type", "thinking");
        emit_str(out, "thinking", "");
        emit_str(out, "signature", "");
    } else if (p->kind == PART_CALL) {
        emit_str(out, "type", "tool_use");
        emit_call_id(to->c, p->i, out);
        emit_str(out, "name", p->choice->calls.items[p->i].name);
        emit_object(out, "input");
        emit_close(out, '}');
    } else {
        emit_str(out, "type", "text");
        emit_str(out, "text", "");
    }
    emit_close(out, '}');
    close_event(x);
}

static void more_of_block(void *arg, const struct part *p, struct span delta)
{
    struct to *to = arg;
    const struct messages *m = to->c->own;
    struct exchange *x = to->c->exchange;
    if (p->kind == PART_THOUGHT) {
        if (!m->omits_thoughts) emit_delta(x, p, "thinking_delta", "thinking", delta);
    } else if (p->kind == PART_CALL) {
        emit_delta(x, p, "input_json_delta", "partial_json", delta);
    } else {
        emit_delta(x, p, "text_delta", "text", delta);
    }
}

static void end_block(void *arg, const struct part *p)
{
    struct to *to = arg;
    struct exchange *x = to->c->exchange;
    if (p->kind == PART_THOUGHT) {
        struct buffer *out = open_event(x, "content_block_delta");
        emit_int(out, "index", p->index);
        emit_object(out, "delta");
        emit_str(out, "type", "signature_delta");
        emit_signature(p->text, out);
        emit_close(out, '}');
        close_event(x);
    }
    emit_int(open_event(x, "content_block_stop"), "index", p->index);
    close_event(x);
}

static const struct part_calls events = {begin_block, more_of_block, end_block};

static void chunk(struct completion *c, struct choice *choice)
{
    struct messages *m = c->own;
    struct to to = {c, NULL};
    parts_show(&m->parts, choice, &events, &to);
}

static void end(struct completion *c)
{
    const struct choice *choice = completion_choice(c, 0);
    struct buffer *out = open_event(c->exchange, "message_delta");
    emit_object(out, "delta");
    emit_stop(c, choice, out);
    emit_close(out, '}');
    completion_emit_versions(c, out);
    emit_usage(c, out);
    close_event(c->exchange);
    open_event(c->exchange, "message_stop");
    close_event(c->exchange);
}

static void fail_stream(struct exchange *x, const struct error *err)
{
    error_reply(sse_open_named(x, "error"), err, ERRORS_ANTHROPIC);
    sse_close(x);
    exchange_end(x);
}

static void clear(struct completion *c)
{
    struct messages *m = c->own;
    talk_clear(&m->talk);
}

static const struct stream_shape stream = {begin_stream, exchange_end, fail_stream};
const struct dialect anthropic_dialect = {.whole = whole,
                                          .chunk = chunk,
                                          .end = end,
                                          .clear = clear,
                                          .takes_defaults = true,
                                          .stream = &stream,
                                          .cumulative = true,
                                          .tool_schema = "input_schema"};
