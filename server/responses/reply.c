/* server/responses/reply.c - how a reply of /v1/responses is told: items, and a stream's events.
 *
 *     response.created  response.in_progress
 *     ( response.output_item.added  [response.content_part.added]  ...delta*  ...done
 *       [response.content_part.done]  response.output_item.done )*
 *     response.completed | response.incomplete
 *
 * An item is a part (parts.h): reasoning, a message with one content part, or a function's call.
 * Each event has the next sequence_number; the last one holds the whole reply, which is kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/responses/responses.h"

#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/timings.h"
#include "server/http/exchange.h"
#include "server/http/sse.h"

/* ---- ids ---- */

void responses_emit_call_id(const struct completion *c, const char *key, size_t i,
                            struct buffer *out)
{
    const struct responses *r = c->own;
    char id[TOOL_ID_ROOM];
    snprintf(id, sizeof(id), "call_%s_%zu", r->number, i);
    emit_str(out, key, id);
}

static void emit_item_id(const struct completion *c, const char *key, const struct part *p,
                         struct buffer *out)
{
    static const char *const kinds[] = {
        [PART_NONE] = "msg", [PART_THOUGHT] = "rs", [PART_TEXT] = "msg", [PART_CALL] = "fc"};
    const struct responses *r = c->own;
    char id[TOOL_ID_ROOM];
    snprintf(id, sizeof(id), "%s_%s_%d", kinds[p->kind], r->number, p->index);
    emit_str(out, key, id);
}

/* ---- items ---- */

/* The text of a message, or a thought; whole, or as it begins. */
static void emit_content_part(const struct completion *c, const char *key, const struct part *p,
                              bool whole, struct buffer *out)
{
    const struct responses *r = c->own;
    struct span text = whole ? p->text : span_str("");
    emit_object(out, key);
    if (p->kind == PART_THOUGHT) {
        emit_str(out, "type", "reasoning_text");
        emit_text(out, "text", text);
        emit_close(out, '}');
        return;
    }
    emit_str(out, "type", "output_text");
    emit_array(out, "annotations");
    emit_close(out, ']');
    if (whole && r->shows_logprobs) {
        logprobs_emit_answer(c->engine, p->choice, out);
    } else {
        emit_array(out, "logprobs");
        emit_close(out, ']');
    }
    emit_text(out, "text", text);
    emit_close(out, '}');
}

/* What was cut off is the last of its sample. */
static const char *status_of(const struct part *p, bool whole)
{
    const struct choice *choice = p->choice;
    if (!whole) return "in_progress";
    bool cut = p->kind == PART_CALL ? !choice->calls.items[p->i].whole
                                    : p->last && choice->finish != FINISH_STOP;
    return cut ? "incomplete" : "completed";
}

static void emit_call(const struct completion *c, const struct part *p, bool whole,
                      struct buffer *out)
{
    responses_emit_call_id(c, "call_id", p->i, out);
    emit_str(out, "name", p->choice->calls.items[p->i].name);
    emit_text(out, "arguments", whole ? p->text : span_str(""));
}

static void emit_item(const struct completion *c, const char *key, const struct part *p, bool whole,
                      struct buffer *out)
{
    static const char *const types[] = {[PART_NONE] = "message",
                                        [PART_THOUGHT] = "reasoning",
                                        [PART_TEXT] = "message",
                                        [PART_CALL] = "function_call"};
    emit_object(out, key);
    emit_item_id(c, "id", p, out);
    emit_str(out, "type", types[p->kind]);
    emit_str(out, "status", status_of(p, whole));
    if (p->kind == PART_CALL) {
        emit_call(c, p, whole, out);
        emit_close(out, '}');
        return;
    }
    if (p->kind == PART_TEXT) emit_str(out, "role", "assistant");
    if (p->kind == PART_THOUGHT) {
        emit_array(out, "summary");
        emit_close(out, ']');
    }
    emit_array(out, "content");
    if (whole) emit_content_part(c, NULL, p, true, out);
    emit_close(out, ']');
    emit_close(out, '}');
}

/* Where the parts go. */
struct to {
    struct completion *c;
    struct buffer *out;
};

static void item_is_whole(void *arg, const struct part *p)
{
    struct to *to = arg;
    emit_item(to->c, NULL, p, true, to->out);
}

static const struct part_calls whole_items = {.end = item_is_whole};

/* ---- the reply ---- */

static void emit_usage(const struct completion *c, struct buffer *out)
{
    struct completion_usage u = completion_usage(c);
    emit_object(out, "usage");
    emit_int(out, "input_tokens", u.prompt);
    emit_object(out, "input_tokens_details");
    emit_int(out, "cached_tokens", u.cached);
    emit_int(out, "cache_write_tokens", 0);
    emit_close(out, '}');
    emit_int(out, "output_tokens", u.completion);
    emit_object(out, "output_tokens_details");
    emit_int(out, "reasoning_tokens", u.thought);
    emit_close(out, '}');
    emit_int(out, "total_tokens", u.prompt + u.completion);
    emit_close(out, '}');
}

/* A value as the client wrote it, or what stands for its absence. */
static void emit_asked(const char *key, const cJSON *asked, const char *otherwise,
                       struct buffer *out)
{
    if (asked != NULL) {
        emit_value(out, key, asked);
    } else {
        emit_json(out, key, span_str(otherwise));
    }
}

static void emit_words(const char *key, struct span words, struct buffer *out)
{
    if (words.n > 0) {
        emit_text(out, key, words);
    } else {
        emit_null(out, key);
    }
}

/* What was asked for. */
static void emit_request(const struct completion *c, struct buffer *out)
{
    const struct responses *r = c->own;
    const struct engine_sampling *s = &c->params.engine;
    emit_bool(out, "background", false);
    emit_words("instructions", r->instructions, out);
    if (s->max_tokens >= 0) {
        emit_int(out, "max_output_tokens", s->max_tokens);
    } else {
        emit_null(out, "max_output_tokens");
    }
    emit_null(out, "max_tool_calls");
    emit_bool(out, "parallel_tool_calls", r->parallel_calls);
    emit_words("previous_response_id", r->previous, out);
    emit_asked("reasoning", r->reasoning, "{\"effort\":null,\"summary\":null}", out);
    emit_str(out, "service_tier", "default");
    emit_bool(out, "store", r->keeps);
    emit_float(out, "temperature", s->temperature);
    emit_asked("text", r->text, "{\"format\":{\"type\":\"text\"}}", out);
    emit_asked("tool_choice", r->choice, "\"auto\"", out);
    emit_asked("tools", r->tools, "[]", out);
    emit_int(out, "top_logprobs", r->top_logprobs);
    emit_float(out, "top_p", s->top_p);
    emit_str(out, "truncation", r->truncates == 1 ? "auto" : "disabled");
    emit_words("user", r->user, out);
    emit_asked("metadata", r->metadata, "{}", out);
}

/* "completed" | "incomplete" | "cancelled" | "in_progress" */
static const char *reply_status(const struct choice *choice)
{
    if (!choice->done) return "in_progress";
    return choice->finish == FINISH_STOP     ? "completed"
           : choice->finish == FINISH_LENGTH ? "incomplete"
                                             : "cancelled";
}

static void emit_outcome(const struct choice *choice, struct buffer *out)
{
    emit_str(out, "status", reply_status(choice));
    emit_null(out, "error");
    if (choice->done && choice->finish == FINISH_LENGTH) {
        emit_json(out, "incomplete_details", span_str("{\"reason\":\"max_output_tokens\"}"));
    } else {
        emit_null(out, "incomplete_details");
    }
}

/* The reply as it stands: all of it where its sample is done, else what was asked. */
static void emit_reply(struct completion *c, const char *key, struct buffer *out)
{
    const struct choice *choice = completion_choice(c, 0);
    struct parts all = {0};
    struct to to = {c, out};
    emit_object(out, key);
    emit_str(out, "id", c->id);
    emit_str(out, "object", "response");
    emit_int(out, "created_at", c->created);
    emit_str(out, "model", completion_model(c));
    emit_outcome(choice, out);
    emit_array(out, "output");
    if (choice->done) parts_show(&all, choice, &whole_items, &to);
    emit_close(out, ']');
    emit_request(c, out);
    if (choice->done) {
        completion_emit_versions(c, out);
        emit_usage(c, out);
        if (c->params.timings) timings_emit(choice, out);
    } else {
        emit_null(out, "usage");
    }
    emit_close(out, '}');
}

/* All of it, kept where that was asked for: it says whether it is. */
static void emit_and_keep(struct completion *c, struct buffer *out)
{
    struct responses *r = c->own;
    size_t from = out->n;
    emit_reply(c, NULL, out);
    if (!r->keeps || out->failed) return;
    r->keeps = responses_keep(c, span_slice(buffer_span(out), from, out->n));
    if (r->keeps) return;
    out->n = from;
    emit_reply(c, NULL, out);
}

/* ---- a stream ---- */

static struct buffer *open_event(struct completion *c, const char *type)
{
    struct responses *r = c->own;
    struct buffer *out = sse_open_named(c->exchange, type);
    emit_object(out, NULL);
    emit_str(out, "type", type);
    emit_int(out, "sequence_number", r->sequence++);
    return out;
}

static void close_event(struct completion *c)
{
    emit_close(&c->exchange->out, '}');
    sse_close(c->exchange);
}

static void begin_stream(struct exchange *x)
{
    static const char *const first[] = {"response.created", "response.in_progress"};
    struct completion *c = x->state;
    sse_begin(x);
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        emit_reply(c, "response", open_event(c, first[i]));
        close_event(c);
    }
}

/* The events of a kind of part. */
static const struct {
    const char *delta, *done, *text; /* and the member of the latter that holds it all */
} kinds[] = {
    [PART_NONE] = {"response.output_text.delta", "response.output_text.done", "text"},
    [PART_THOUGHT] = {"response.reasoning_text.delta", "response.reasoning_text.done", "text"},
    [PART_TEXT] = {"response.output_text.delta", "response.output_text.done", "text"},
    [PART_CALL] = {"response.function_call_arguments.delta",
                   "response.function_call_arguments.done", "arguments"},
};

static struct buffer *open_part_event(struct completion *c, const struct part *p, const char *type)
{
    struct buffer *out = open_event(c, type);
    emit_item_id(c, "item_id", p, out);
    emit_int(out, "output_index", p->index);
    if (p->kind != PART_CALL) emit_int(out, "content_index", 0);
    return out;
}

static void begin_item(void *arg, const struct part *p)
{
    struct to *to = arg;
    struct buffer *out = open_event(to->c, "response.output_item.added");
    emit_int(out, "output_index", p->index);
    emit_item(to->c, "item", p, false, out);
    close_event(to->c);
    if (p->kind == PART_CALL) return;
    out = open_part_event(to->c, p, "response.content_part.added");
    emit_content_part(to->c, "part", p, false, out);
    close_event(to->c);
}

static void more_of_item(void *arg, const struct part *p, struct span delta)
{
    struct to *to = arg;
    struct buffer *out = open_part_event(to->c, p, kinds[p->kind].delta);
    emit_text(out, "delta", delta);
    if (to->c->params.timings) timings_emit(p->choice, out);
    if (p->kind == PART_TEXT) emit_json(out, "logprobs", span_str("[]"));
    close_event(to->c);
}

static void end_item(void *arg, const struct part *p)
{
    struct to *to = arg;
    const struct responses *r = to->c->own;
    struct buffer *out = open_part_event(to->c, p, kinds[p->kind].done);
    if (p->kind == PART_CALL) emit_str(out, "name", p->choice->calls.items[p->i].name);
    emit_text(out, kinds[p->kind].text, p->text);
    if (p->kind == PART_TEXT && r->shows_logprobs) {
        logprobs_emit_answer(to->c->engine, p->choice, out);
    } else if (p->kind == PART_TEXT) {
        emit_json(out, "logprobs", span_str("[]"));
    }
    close_event(to->c);
    if (p->kind != PART_CALL) {
        out = open_part_event(to->c, p, "response.content_part.done");
        emit_content_part(to->c, "part", p, true, out);
        close_event(to->c);
    }
    out = open_event(to->c, "response.output_item.done");
    emit_int(out, "output_index", p->index);
    emit_item(to->c, "item", p, true, out);
    close_event(to->c);
}

static const struct part_calls events = {begin_item, more_of_item, end_item};

/* How far the prompt is. */
static void tell_progress(struct completion *c, const struct choice *choice)
{
    struct buffer *out = open_event(c, "response.in_progress");
    emit_reply(c, "response", out);
    timings_emit_progress(c->told, out);
    if (c->params.timings) timings_emit(choice, out);
    close_event(c);
}

static void chunk(struct completion *c, struct choice *choice)
{
    struct responses *r = c->own;
    struct to to = {c, NULL};
    if (c->told != NULL) {
        tell_progress(c, choice);
    } else {
        parts_show(&r->parts, choice, &events, &to);
    }
}

static void end(struct completion *c)
{
    const struct choice *choice = completion_choice(c, 0);
    bool all = choice->finish == FINISH_STOP;
    struct buffer reply;
    buffer_init(&reply, EXCHANGE_REPLY_BYTES);
    emit_and_keep(c, &reply);
    struct buffer *out = open_event(c, all ? "response.completed" : "response.incomplete");
    emit_json(out, "response", buffer_span(&reply));
    if (reply.failed) out->failed = true;
    if (c->params.timings) timings_emit(choice, out);
    close_event(c);
    buffer_clear(&reply);
}

/* The fault, with our code and the client's field; of the reply there is no more to say. */
static void fail_stream(struct exchange *x, const struct error *err)
{
    struct completion *c = x->state;
    struct buffer *out = open_event(c, "error");
    emit_str(out, "code", error_name(err->code));
    emit_str(out, "message", err->message);
    emit_str(out, "param", err->param[0] == '\0' ? NULL : err->param);
    close_event(c);
    exchange_end(x);
}

static void clear(struct completion *c)
{
    struct responses *r = c->own;
    talk_clear(&r->talk);
}

static const struct stream_shape stream = {begin_stream, exchange_end, fail_stream};
const struct dialect responses_dialect = {.whole = emit_and_keep,
                                          .chunk = chunk,
                                          .end = end,
                                          .clear = clear,
                                          .takes_defaults = true,
                                          .stream = &stream,
                                          .cumulative = true,
                                          .tells_progress = true,
                                          .tool_schema = "parameters"};
