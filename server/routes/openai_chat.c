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
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/best_of.h"
#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/prefill.h"
#include "server/generate/timings.h"
#include "server/generate/talk.h"
#include "server/http/state.h"

struct chat {
    struct talk talk;
    struct best_of best_of;
    bool logprobs, echo, include_reasoning, parallel_calls, stop_in_reasoning;
    struct tool_choice tool_choice;
    enum { THINK_UNSAID, THINK_ON, THINK_OFF } think;
    int top_logprobs, max_completion_tokens;
};

/* ---- asking ---- */

static bool read_think(const struct field_context *context, const cJSON *value, void *out,
                       struct error *err)
{
    (void)context;
    if (!cJSON_IsBool(value)) return field_wrong_type(value, "true or false", err);
    *(int *)out = cJSON_IsTrue(value) ? THINK_ON : THINK_OFF;
    return true;
}

#define AT(field) .offset = offsetof(struct chat, field)

const struct field openai_chat_rows[] = {
    {"logprobs", FIELD_BOOL, AT(logprobs), .doc = "log-probabilities of the tokens"},
    {"top_logprobs", FIELD_INT, AT(top_logprobs), .min = -1, .max = INT_MAX,
     .doc = "so many alternatives for each token"},
    {"max_completion_tokens", FIELD_INT, AT(max_completion_tokens), .min = 1, .max = INT_MAX,
     .doc = "as max_tokens, which it replaces"},
    {"echo", FIELD_BOOL, AT(echo), .doc = "the prompt before the output"},
    {"include_reasoning", FIELD_BOOL, AT(include_reasoning),
     .doc = "the thoughts are part of the reply"},
    {"stop_in_reasoning", FIELD_BOOL, AT(stop_in_reasoning),
     .doc = "stop strings count in thoughts, too"},
    {"tool_choice", FIELD_READ, AT(tool_choice), .read = tool_choice_read, .shape = "string|object",
     .doc = "none, auto, required, or the function that is called"},
    {"parallel_tool_calls", FIELD_BOOL, AT(parallel_calls),
     .doc = "more than one call may be made"},
    {"required_prefix_token_ids", FIELD_READ, AT(talk.prefix), .read = field_read_ids,
     .shape = "integer[]",
     .doc = "ids that the prompt begins with, in place of the template's, up to the end of the "
            "assistant's last turn"},
    {"enable_thinking", FIELD_READ, AT(think), .read = read_think, .shape = "boolean",
     .doc = "whether the model thinks first, as Qwen's API has it; false is reasoning_effort none"},
    {"verbosity", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"modalities", FIELD_REFUSED, .neutral = "[\"text\"]",
     .doc = "other outputs than text; refused"},
    {"audio", .kind = FIELD_REFUSED, .doc = "sound; refused"},
    {"prediction", .kind = FIELD_REFUSED, .doc = "a predicted output; refused"},
    {"web_search_options", .kind = FIELD_REFUSED, .doc = "searching the web; refused"},
    {"functions", FIELD_REFUSED, .neutral = "[]", .doc = "OpenAI's older tools; refused"},
    {"function_call", FIELD_REFUSED, .neutral = "\"none\"", .doc = "OpenAI's older tools; refused"},
    {"return_prompt_text", FIELD_REFUSED, .neutral = "false",
     .doc = "the prompt in the reply; refused"},
    {0},
};
const struct field *const openai_chat_fields[] = {openai_chat_rows, conversation_rows,
                                                  sampling_params_rows, best_of_rows, NULL};

static bool read_body(struct completion *c, struct error *err)
{
    struct chat *own = c->own;
    struct sampling_params *p = &c->params;
    struct field_table tables[] = {FIELD_TABLE(openai_chat_rows, own),
                                   conversation_table(&own->talk.conversation),
                                   best_of_table(&own->best_of)};
    own->include_reasoning = own->parallel_calls = true;
    own->talk.conversation.add_generation_prompt = true;
    if (!completion_parse(c, err) || !completion_fields(c, tables, 3, err) ||
        !prefill_apply(&own->talk.conversation, &c->exchange->server->o, c->document, err)) {
        return false;
    }
    if (own->max_completion_tokens > 0) p->engine.max_tokens = own->max_completion_tokens;
    if (p->engine.max_tokens == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "max_tokens", "max_tokens must be at least 1");
    }
    bool named = p->logprob_ids.n > 0; /* which asks for log-probabilities, too */
    own->logprobs = own->logprobs || named;
    if (own->top_logprobs != 0 && !own->logprobs) {
        return error_set(err, ERROR_INVALID_VALUE, "top_logprobs", "top_logprobs needs logprobs");
    }
    if (own->logprobs) p->logprobs = own->top_logprobs;
    c->want_tokens = own->logprobs || p->return_token_ids;
    if (own->best_of.rule != BEST_OF_NONE) c->best_of = &own->best_of; /* whose end frees it */
    if (!best_of_check(&own->best_of, c, err)) return false;
    return completion_check(c, err);
}

static bool prepare(struct completion *c)
{
    struct chat *own = c->own;
    struct error *err = &c->error;
    struct talk *talk = &own->talk;
    if (!read_body(c, err)) return false;
    talk->tool_choice = own->tool_choice;
    talk->one_call = !own->parallel_calls;
    talk->early_calls = c->params.stream;
    talk->stop_in_thoughts = own->stop_in_reasoning;
    bool none = span_is(talk->conversation.reasoning_effort, "none");
    if (none) talk->conversation.reasoning_effort = (struct span){0};
    if (none) own->think = THINK_OFF;
    bool said = own->think != THINK_UNSAID;
    if (said && !talk_think(c, talk, own->think == THINK_ON, err)) return false;
    return talk_prepare(c, talk, "messages", err);
}

/* ---- answering ---- */

static const char *echoed(const struct chat *own)
{
    return own->echo ? own->talk.conversation.last_content : NULL;
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
    bool role_alone = c->params.stream && c->exchange->server->o.chat_chunks == CHUNKS_APART;
    if (before == NULL && choice->text.n == 0 && (choice->calls.n > 0 || role_alone)) {
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
    char id[TOOL_ID_ROOM];
    snprintf(id, sizeof(id), "call-%s-%d-%zu", c->exchange->id, choice->index, i);
    if (c->calls.format->short_ids) tools_short_id(span_str(id), id);
    emit_str(out, "id", id);
}

/* Call i as a whole reply has it, or as a stream begins it: with what has come of its arguments. */
static void emit_call(const struct completion *c, const struct choice *choice, size_t i,
                      struct buffer *out)
{
    const struct tool_call *call = &choice->calls.items[i];
    emit_object(out, NULL);
    if (c->params.stream) emit_int(out, "index", (int64_t)i);
    emit_call_id(c, choice, i, out);
    tools_emit_function(call, out);
    emit_close(out, '}');
}

/* What has come since of the arguments of call i, which a stream has begun. */
static void emit_call_delta(const struct choice *choice, size_t i, struct buffer *out)
{
    const struct tool_call *call = &choice->calls.items[i];
    struct span all = span_of(call->arguments, call->n_arguments);
    if (choice->arguments_written == all.n) return;
    emit_object(out, NULL);
    emit_int(out, "index", (int64_t)i);
    emit_object(out, "function");
    emit_text(out, "arguments", span_slice(all, choice->arguments_written, all.n));
    emit_close(out, '}');
    emit_close(out, '}');
}

/* Calls and parts of calls not yet written. */
static void emit_calls(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct tool_calls *t = &choice->calls;
    size_t begun = choice->calls_written;
    bool grown = begun > 0 && t->items[begun - 1].n_arguments > choice->arguments_written;
    if (t->n == begun && !grown) return;
    emit_array(out, "tool_calls");
    if (begun > 0) emit_call_delta(choice, begun - 1, out);
    for (size_t i = begun; i < t->n; i++) {
        emit_call(c, choice, i, out);
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
        logprobs_emit_chat(c->engine, choice, c->params.tokens_as_ids, out);
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

static void emit_head(const struct completion *c, const struct choice *one, struct buffer *out)
{
    emit_str(out, "id", c->id);
    emit_str(out, "object", c->params.stream ? "chat.completion.chunk" : "chat.completion");
    emit_int(out, "created", c->created);
    emit_str(out, "model", completion_model(c));
    completion_emit_fingerprint(c, one, out);
}

static void emit_prompt_ids(const struct completion *c, struct buffer *out)
{
    if (!c->params.return_token_ids) return;
    logprobs_emit_ids("prompt_token_ids", c->prompts[0]->ids.ids, c->prompts[0]->ids.n, out);
}

/* Members that were not asked for are null, as vLLM has them. */
static void emit_tail(const struct completion *c, struct buffer *out)
{
    const struct chat *own = c->own;
    const struct choice *choice = completion_choice(c, 0);
    emit_null(out, "service_tier");
    best_of_emit(&own->best_of, out);
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

static void clear(struct completion *c)
{
    struct chat *own = c->own;
    talk_clear(&own->talk);
}

static const struct choices_reply reply = {.head = emit_head,
                                           .choice = emit_choice,
                                           .tail = emit_tail,
                                           .first_tail = emit_prompt_ids,
                                           .has_roles = true};
static const struct dialect dialect = {.whole = choices_reply_whole,
                                       .chunk = choices_reply_chunk,
                                       .end = choices_reply_end,
                                       .tells_progress = true,
                                       .clear = clear,
                                       .takes_defaults = true,
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
    if (c != NULL) completion_count(c, prepare);
}

void openai_chat_render_handle(struct exchange *x)
{
    struct completion *c = new_chat(x);
    if (c != NULL) completion_render(c, WORK_HEAVY, prepare);
}
