/* server/routes/openai_chat.c - POST /v1/chat/completions: OpenAI's, as vLLM extends it
 * (vllm/entrypoints/openai/chat_completion/protocol.py), and its /render.
 *
 * The reasoning of a thinking model comes apart from its answer, under both names that clients
 * read: reasoning_content (DeepSeek's) and reasoning (vLLM's newer). Where tools are offered, the
 * calls of them come as tool_calls.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/llama.h"
#include "server/routes/openai.h"
#include "server/routes/routes.h"

#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/timings.h"
#include "server/http/state.h"

struct chat {
    struct conversation conversation;
    bool logprobs, echo, include_reasoning, no_tools, stop_in_reasoning;
    int top_logprobs, max_completion_tokens;
};

/* ---- asking ---- */

/* A model may be told of tools; making it call one needs constrained decoding. */
static bool read_tool_choice(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err)
{
    const char *word = cJSON_GetStringValue(value);
    (void)context;
    *(bool *)out = word != NULL && strcmp(word, "none") == 0;
    if (*(bool *)out || (word != NULL && strcmp(word, "auto") == 0)) return true;
    if (!cJSON_IsString(value) && !cJSON_IsObject(value)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL,
                         "tool_choice must be a string or an object, not %s",
                         json_type_name(value));
    }
    return error_set(err, ERROR_UNSUPPORTED, NULL,
                     "a forced tool call is not supported; \"auto\" is");
}

#define AT(field) .offset = offsetof(struct chat, field)

static const struct field rows[] = {
    {"logprobs", FIELD_BOOL, AT(logprobs)},
    {"top_logprobs", FIELD_INT, AT(top_logprobs), .min = -1, .max = INT_MAX},
    {"max_completion_tokens", FIELD_INT, AT(max_completion_tokens), .min = 1, .max = INT_MAX},
    {"echo", FIELD_BOOL, AT(echo)},
    {"include_reasoning", FIELD_BOOL, AT(include_reasoning)},
    {"stop_in_reasoning", FIELD_BOOL, AT(stop_in_reasoning)},
    {"tool_choice", FIELD_READ, AT(no_tools), .read = read_tool_choice},
    {"parallel_tool_calls", .kind = FIELD_IGNORED},
    {"verbosity", .kind = FIELD_IGNORED},
    {"modalities", FIELD_REFUSED, .neutral = "[\"text\"]"},
    {"audio", .kind = FIELD_REFUSED},
    {"prediction", .kind = FIELD_REFUSED},
    {"web_search_options", .kind = FIELD_REFUSED},
    {"functions", FIELD_REFUSED, .neutral = "[]"},
    {"function_call", FIELD_REFUSED, .neutral = "\"none\""},
    {"return_prompt_text", FIELD_REFUSED, .neutral = "false"},
    {0},
};

static bool read_body(struct completion *c, struct error *err)
{
    struct chat *own = c->own;
    struct sampling_params *p = &c->params;
    struct field_table tables[] = {FIELD_TABLE(rows, own), conversation_table(&own->conversation)};
    own->include_reasoning = true;
    own->conversation.add_generation_prompt = true;
    if (!completion_parse(c, err) || !completion_fields(c, tables, 2, err)) return false;
    if (own->max_completion_tokens > 0) p->engine.max_tokens = own->max_completion_tokens;
    if (p->engine.max_tokens == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "max_tokens", "max_tokens must be at least 1");
    }
    if (own->top_logprobs != 0 && !own->logprobs) {
        return error_set(err, ERROR_INVALID_VALUE, "top_logprobs", "top_logprobs needs logprobs");
    }
    if (own->logprobs) p->logprobs = own->top_logprobs;
    c->want_tokens = own->logprobs || p->return_token_ids;
    c->finds_calls = own->conversation.tools != NULL && !own->no_tools;
    return completion_check(c, err);
}

/* Forms and stop strings are for the answer: thoughts come first, and free, which the turn may have
 * begun. */
static void set_thoughts(struct completion *c, struct span turn, bool stop_in_reasoning)
{
    const struct engine_info *info = engine_info(c->engine);
    struct sampling_params *p = &c->params;
    c->reasoning = info->think_open != NULL;
    c->reasoning_start = reasoning_start(turn, info->think_open, info->think_close);
    bool thinks = c->reasoning_start != REASONING_CLOSED;
    if (thinks) {
        p->form.thoughts = FORM_THINKS;
        p->form.think_open = info->think_open;
        p->form.think_close = info->think_close;
    }
    if (!c->reasoning || stop_in_reasoning) return;
    p->engine.think_open = info->think_open;
    p->engine.think_close = info->think_close;
    p->engine.thinks = thinks;
}

static bool prepare(struct completion *c)
{
    struct chat *own = c->own;
    struct error *err = &c->error;
    struct buffer text;
    if (!read_body(c, err)) return false;
    buffer_init(&text, (size_t)c->exchange->server->o.max_body_bytes * 2);
    bool ok = conversation_render(&own->conversation, c->engine, c->exchange->arena, &text, err);
    char *prompt = ok ? arena_str(c->exchange->arena, buffer_span(&text)) : NULL;
    struct span span = span_of(prompt, text.n);
    buffer_clear(&text);
    if (!ok) return false;
    if (prompt == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the prompt");
    set_thoughts(c, span_slice(span, own->conversation.turn_from, span.n), own->stop_in_reasoning);
    c->prompt_field = "messages";
    return completion_prompt_text(c, span, own->conversation.add_special_tokens, err) ||
           error_in(err, "messages");
}

/* ---- answering ---- */

static const char *echoed(const struct chat *own)
{
    return own->echo ? own->conversation.last_content : NULL;
}

static void emit_thought(const struct completion *c, struct span thought, struct buffer *out)
{
    const struct chat *own = c->own;
    if (!own->include_reasoning || thought.n == 0) return;
    emit_text(out, "reasoning_content", thought);
    emit_text(out, "reasoning", thought);
}

static void emit_content(const struct completion *c, const struct choice *choice, bool first,
                         struct buffer *out)
{
    const char *before = first ? echoed(c->own) : NULL;
    if (before == NULL && choice->calls.n > 0 && choice->text.n == 0) {
        emit_null(out, "content");
        return;
    }
    if (before == NULL) {
        emit_text(out, "content", buffer_span(&choice->text));
        return;
    }
    struct buffer text;
    buffer_init(&text, EXCHANGE_REPLY_BYTES);
    buffer_add_str(&text, before);
    buffer_add_span(&text, buffer_span(&choice->text));
    emit_text(out, "content", buffer_span(&text));
    if (text.failed) out->failed = true;
    buffer_clear(&text);
}

static void emit_call_id(const struct completion *c, const struct choice *choice, size_t i,
                         struct buffer *out)
{
    char id[EXCHANGE_ID_BYTES + 64];
    snprintf(id, sizeof(id), "call-%s-%d-%zu", c->exchange->id, choice->index, i);
    emit_str(out, "id", id);
}

/* Those not yet written. In a stream every call comes whole, in one delta. */
static void emit_calls(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct tool_calls *t = &choice->calls;
    if (t->n == t->n_written) return;
    emit_array(out, "tool_calls");
    for (size_t i = t->n_written; i < t->n; i++) {
        emit_object(out, NULL);
        if (c->params.stream) emit_int(out, "index", (int64_t)i);
        emit_call_id(c, choice, i, out);
        emit_str(out, "type", "function");
        emit_object(out, "function");
        emit_str(out, "name", t->items[i].name);
        emit_str(out, "arguments", t->items[i].arguments);
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_message(const struct completion *c, const struct choice *choice,
                         struct buffer *out)
{
    emit_object(out, "message");
    emit_str(out, "role", "assistant");
    emit_content(c, choice, true, out);
    emit_thought(c, buffer_span(&choice->thought), out);
    emit_calls(c, choice, out);
    emit_null(out, "refusal");
    emit_close(out, '}');
}

static void emit_delta(const struct completion *c, const struct choice *choice, bool first,
                       struct buffer *out)
{
    emit_object(out, "delta");
    if (first) emit_str(out, "role", "assistant");
    if (first || choice->text.n > 0) emit_content(c, choice, first, out);
    emit_thought(c, buffer_span(&choice->thought), out);
    emit_calls(c, choice, out);
    emit_close(out, '}');
}

static void emit_choice(const struct completion *c, const struct choice *choice, bool first,
                        struct buffer *out)
{
    const struct chat *own = c->own;
    if (c->params.stream) {
        emit_delta(c, choice, first, out);
    } else {
        emit_message(c, choice, out);
    }
    if (own->logprobs && completion_has_logprobs(c, choice)) {
        logprobs_emit_chat(c->engine, choice, c->params.tokens_as_ids, false, out);
    } else {
        emit_null(out, "logprobs");
    }
    emit_str(out, "finish_reason", choice_finish_name(choice));
    completion_emit_stop_reason(c, choice, out);
    if (c->params.return_token_ids) {
        logprobs_emit_token_ids(choice, out);
    } else if (!c->params.stream) {
        emit_null(out, "token_ids");
    }
}

static void emit_head(const struct completion *c, struct buffer *out)
{
    emit_str(out, "id", c->id);
    emit_str(out, "object", c->params.stream ? "chat.completion.chunk" : "chat.completion");
    emit_int(out, "created", c->created);
    emit_str(out, "model", completion_model(c));
    completion_emit_fingerprint(c, out);
}

static void emit_prompt_ids(const struct completion *c, struct buffer *out)
{
    if (!c->params.return_token_ids) return;
    logprobs_emit_ids("prompt_token_ids", c->prompts[0]->ids.ids, c->prompts[0]->ids.n, out);
}

/* Members that were not asked for are null, as vLLM has them. */
static void emit_tail(const struct completion *c, struct buffer *out)
{
    const struct choice *choice = completion_choice(c, 0);
    emit_null(out, "service_tier");
    if (c->params.prompt_logprobs != TOP_ABSENT) {
        logprobs_emit_prompt(c->engine, c->prompts[0], out);
    } else {
        emit_null(out, "prompt_logprobs");
    }
    emit_prompt_ids(c, out);
    if (!c->params.return_token_ids) emit_null(out, "prompt_token_ids");
    emit_null(out, "kv_transfer_params");
    if (c->params.timings) timings_emit(choice, out);
    if (c->params.verbose) llama_emit_verbose(c, choice, out);
}

static const struct choices_reply reply = {
    .head = emit_head, .choice = emit_choice, .tail = emit_tail, .first_tail = emit_prompt_ids};
static const struct dialect dialect = {.whole = choices_reply_whole,
                                       .chunk = choices_reply_chunk,
                                       .end = choices_reply_end,
                                       .reply = &reply};

static struct completion *new_chat(struct exchange *x)
{
    return completion_new(x, &dialect, "chatcmpl-", sizeof(struct chat));
}

bool openai_chat_take(struct completion *c)
{
    return completion_become(c, &dialect, "chatcmpl-", sizeof(struct chat)) && prepare(c);
}

void openai_chat_handle(struct exchange *x)
{
    struct completion *c = new_chat(x);
    if (c != NULL) completion_run(c, WORK_HEAVY, prepare);
}

void openai_chat_count_handle(struct exchange *x)
{
    struct completion *c = new_chat(x);
    if (c != NULL) completion_count(c, WORK_HEAVY, prepare);
}

void openai_chat_render_handle(struct exchange *x)
{
    struct completion *c = new_chat(x);
    if (c != NULL) completion_render(c, WORK_HEAVY, prepare);
}
