/* server/routes/ollama_chat.c - POST /api/chat and /api/generate: Ollama's, streamed as JSON lines
 * unless asked otherwise.
 *
 * Its defaults are not OpenAI's: temperature 0.8, top_k 40, top_p 0.9, and as many tokens as the
 * context allows. repeat_penalty, which Ollama has at 1.1 for many models, is off unless it is
 * asked for. Thoughts come apart, as `thinking`; `think: false` asks the chat template for none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/ollama.h"
#include "server/routes/routes.h"

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/logprobs.h"
#include "server/generate/output_form.h"
#include "server/generate/talk.h"
#include "server/http/ndjson.h"
#include "server/http/state.h"

struct ollama {
    struct talk talk;
    const cJSON *options, *think;
    struct span prompt, system;
    bool raw, loads; /* the prompt is no message; nothing is asked: "load the model" */
    bool chats;
};

/* ---- asking ---- */

static bool read_format(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    if (!cJSON_IsString(value)) return output_form_read_format(context, value, out, err);
    if (value->valuestring[0] == '\0') return true;
    return strcmp(value->valuestring, "json") == 0
               ? output_form_read_any_object(context, value, out, err)
               : error_set(err, ERROR_INVALID_VALUE, NULL, "format is \"json\" or a JSON Schema");
}

/* -1 and -2 are as many as fit. */
static bool read_num_predict(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err)
{
    struct sampling_params *p = out;
    int64_t n = 0;
    (void)context;
    if (!json_int64(value, &n)) return field_wrong_type(value, "an integer", err);
    if (n < -2 || n == 0 || n > INT_MAX) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "num_predict is %lld; it must be 1 or more, or -1", (long long)n);
    }
    p->engine.max_tokens = n < 0 ? -1 : (int)n;
    return true;
}

#define AT(field) .offset = offsetof(struct ollama, field)
#define TALK(field) .offset = offsetof(struct ollama, talk.conversation.field)
#define SHARED(field) .offset = offsetof(struct sampling_params, field)
/* clang-format off */
static const struct field option_rows[] = {
    {"temperature", FIELD_FLOAT, SHARED(engine.temperature), .min = 0, .max = 100, .doc = "0 is greedy"},
    {"top_k", FIELD_INT, SHARED(engine.top_k), .min = -1, .max = INT_MAX, .doc = "the k best alone"},
    {"top_p", FIELD_FLOAT, SHARED(engine.top_p), .min = 1e-6, .max = 1, .doc = "the best that hold this share"},
    {"min_p", FIELD_FLOAT, SHARED(engine.min_p), .min = 0, .max = 1, .doc = "those at least this likely beside the best"},
    {"repeat_penalty", FIELD_FLOAT, SHARED(engine.repetition_penalty), .min = 1e-6, .max = 100, .doc = "over prompt and output"},
    {"presence_penalty", FIELD_FLOAT, SHARED(engine.presence_penalty), .min = -2, .max = 2, .doc = "over the output"},
    {"frequency_penalty", FIELD_FLOAT, SHARED(engine.frequency_penalty), .min = -2, .max = 2, .doc = "over the output"},
    {"seed", FIELD_READ, .offset = 0, .read = sampling_params_read_llama_seed, .shape = "integer", .doc = "-1 is random"},
    {"stop", FIELD_READ, SHARED(stop), .read = sampling_params_read_stop, .shape = "string|string[]", .doc = "strings that end the answer"},
    {"num_predict", FIELD_READ, .offset = 0, .read = read_num_predict, .shape = "integer", .doc = "tokens at most; -1: as fit"},
    {"num_ctx", .kind = FIELD_IGNORED, .doc = "the server's own setting (context)"},
    {"num_keep", .kind = FIELD_IGNORED, .doc = "the context is not shifted"},
    {"repeat_last_n", .kind = FIELD_IGNORED, .doc = "penalties look at all of it"},
    {"num_batch", .kind = FIELD_IGNORED, .doc = "the engine's business"},
    {"num_gpu", .kind = FIELD_IGNORED, .doc = "there is none"},
    {"main_gpu", .kind = FIELD_IGNORED, .doc = "there is none"},
    {"num_thread", .kind = FIELD_IGNORED, .doc = "the server's own setting (threads)"},
    {"use_mmap", .kind = FIELD_IGNORED, .doc = "the engine's business"},
    {"numa", .kind = FIELD_IGNORED, .doc = "the engine's business"},
    {"penalize_newline", .kind = FIELD_IGNORED, .doc = "a new line is a token like others"},
    {"typical_p", FIELD_REFUSED, .neutral = "1", .doc = "not a rule of this sampler"},
    {"tfs_z", FIELD_REFUSED, .neutral = "1", .doc = "not a rule of this sampler"},
    {"mirostat", FIELD_REFUSED, .neutral = "0", .doc = "not a rule of this sampler"},
    {"mirostat_tau", .kind = FIELD_IGNORED, .doc = "of a rule that is off"},
    {"mirostat_eta", .kind = FIELD_IGNORED, .doc = "of a rule that is off"},
    {0},
};
static const struct field *const option_members[] = {option_rows, NULL};
static const struct field chat_rows[] = {
    {"messages", FIELD_ARRAY, TALK(messages), .shape = "object[]", .doc = "the conversation; none loads the model"},
    {"tools", FIELD_ARRAY, TALK(tools), .shape = "object[]", .doc = "tools that may be called"},
    {0},
};
static const struct field generate_rows[] = {
    {"prompt", FIELD_TEXT, AT(prompt), .doc = "the user's words; none loads the model"},
    {"system", FIELD_TEXT, AT(system), .doc = "a system message before them"},
    {"raw", FIELD_BOOL, AT(raw), .doc = "the prompt is the model's input as it is, without a template"},
    {"suffix", FIELD_REFUSED, .neutral = "\"\"", .doc = "filling in the middle"},
    {"context", FIELD_REFUSED, .neutral = "[]", .doc = "ids of an earlier reply: send messages to /api/chat"},
    {"template", FIELD_REFUSED, .neutral = "\"\"", .doc = "Ollama's own template language"},
    {0},
};
static const struct field both_rows[] = {
    {"options", FIELD_OBJECT, AT(options), .members = option_members, .doc = "sampling"},
    {"think", FIELD_VALUE, AT(think), .shape = "boolean|string", .doc = "false, or how much: what the chat template makes of it"},
    {"keep_alive", .kind = FIELD_IGNORED, .doc = "the model is never unloaded"},
    {"truncate", .kind = FIELD_IGNORED, .doc = "a prompt that is too long is refused"},
    {"shift", .kind = FIELD_IGNORED, .doc = "the context is not shifted"},
    {"images", FIELD_REFUSED, .neutral = "[]", .doc = "this is a text model"},
    {0},
};
static const struct field shared_rows[] = {
    {"model", FIELD_TEXT, SHARED(model), .required = true, .doc = "the model's name, with or without :latest, or an adapter's"},
    {"stream", FIELD_BOOL, SHARED(stream), .doc = "lines as the text comes; true unless it is false"},
    {"format", FIELD_READ, .offset = 0, .read = read_format, .shape = "string|object|boolean", .doc = "\"json\" or a JSON Schema for the answer"},
    {0},
};
/* clang-format on */
const struct field *const ollama_chat_fields[] = {shared_rows, both_rows, chat_rows, NULL};
const struct field *const ollama_generate_fields[] = {shared_rows, both_rows, generate_rows, NULL};

static void set_defaults(struct sampling_params *p)
{
    p->stream = true;
    p->engine.temperature = 0.8f;
    p->engine.top_k = 40;
    p->engine.top_p = 0.9f;
    p->engine.max_tokens = -1;
}

static bool read_options(struct completion *c, const cJSON *options, struct error *err)
{
    struct field_table table = FIELD_TABLE(option_rows, &c->params);
    table.prefix = "options";
    return options == NULL || completion_read(c, options, &table, 1, err);
}

static bool read_body(struct completion *c, struct error *err)
{
    struct ollama *own = c->own;
    struct field_table tables[] = {FIELD_TABLE(shared_rows, &c->params),
                                   FIELD_TABLE(both_rows, own),
                                   FIELD_TABLE(own->chats ? chat_rows : generate_rows, own)};
    own->talk.conversation.add_generation_prompt = own->talk.conversation.may_be_empty = true;
    set_defaults(&c->params);
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 3, err)) return false;
    if (!read_options(c, own->options, err)) return false;
    c->params.model = ollama_model_name(c->params.model);
    return completion_check(c, err);
}

/* What /api/generate's prompt is as a conversation. */
static bool make_messages(struct ollama *own, struct error *err)
{
    cJSON *list = talk_make_list(&own->talk, "messages", err), *turn;
    if (list == NULL) return false;
    own->talk.conversation.messages = list;
    if (own->system.n > 0) {
        turn = talk_add_turn(list, "system", err);
        if (turn == NULL || !talk_put(turn, "content", json_string(own->system), err)) return false;
    }
    turn = talk_add_turn(list, "user", err);
    return turn != NULL && talk_put(turn, "content", json_string(own->prompt), err);
}

/* `think` as chat templates ask for it. */
static bool read_think(struct completion *c, struct error *err)
{
    struct ollama *own = c->own;
    const cJSON *v = own->think;
    if (v == NULL) return true;
    if (!cJSON_IsBool(v) && !cJSON_IsString(v)) {
        return field_wrong_type(v, "true, false or a word", err) || error_at(err, "think");
    }
    struct span *effort = &own->talk.conversation.reasoning_effort;
    struct span word = cJSON_IsString(v) ? span_str(v->valuestring) : (struct span){0};
    if (!conversation_read_effort(word, effort, err)) return error_at(err, "think");
    bool none = cJSON_IsFalse(v) || span_is(word, "none");
    if (none) *effort = (struct span){0};
    return talk_think(c, &own->talk, !none, err);
}

static bool prepare(struct completion *c)
{
    struct ollama *own = c->own;
    struct error *err = &c->error;
    if (!read_body(c, err) || !read_think(c, err)) return false;
    int n = cJSON_GetArraySize(own->talk.conversation.messages);
    own->loads = own->chats ? n == 0 : own->prompt.n == 0;
    if (own->loads) return true;
    if (own->raw) {
        c->prompt_field = "prompt";
        return completion_prompt_text(c, own->prompt, true, err) || error_in(err, "prompt");
    }
    if (!own->chats && !make_messages(own, err)) return false;
    return talk_prepare(c, &own->talk, own->chats ? "messages" : "prompt", err);
}

/* ---- answering ---- */

static void emit_head(const struct completion *c, struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "model", completion_model(c));
    ollama_emit_time(out, "created_at", clock_unix_ns());
}

/* Arguments are an object here, where OpenAI has its text. */
static void emit_calls(const struct choice *choice, struct buffer *out)
{
    const struct tool_calls *t = &choice->calls;
    if (t->n == choice->calls_written) return;
    emit_array(out, "tool_calls");
    for (size_t i = choice->calls_written; i < t->n; i++) {
        struct span arguments = span_of(t->items[i].arguments, t->items[i].n_arguments);
        emit_object(out, NULL);
        emit_object(out, "function");
        emit_str(out, "name", t->items[i].name);
        if (arguments.n > 0 && arguments.p[0] == '{') {
            emit_json(out, "arguments", arguments);
        } else {
            emit_text(out, "arguments", arguments);
        }
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_said(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct ollama *own = c->own;
    struct span text = buffer_span(&choice->text), thought = buffer_span(&choice->thought);
    if (own->chats) {
        emit_object(out, "message");
        emit_str(out, "role", "assistant");
        emit_text(out, "content", text);
        if (thought.n > 0) emit_text(out, "thinking", thought);
        emit_calls(choice, out);
        emit_close(out, '}');
    } else {
        emit_text(out, "response", text);
        if (thought.n > 0) emit_text(out, "thinking", thought);
    }
}

/* How it ended, and what it took: nanoseconds. */
static void emit_end(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    struct completion_usage usage = completion_usage(c);
    const struct exchange *x = c->exchange;
    uint64_t now = clock_ns(), first = x->facts.first_token_ns;
    if (first == 0) first = now;
    bool cut = choice->finish == FINISH_LENGTH;
    emit_bool(out, "done", true);
    emit_str(out, "done_reason", cut ? "length" : "stop");
    emit_int(out, "total_duration", (int64_t)(now - x->started_ns));
    emit_int(out, "load_duration", 0);
    emit_int(out, "prompt_eval_count", usage.prompt);
    emit_int(out, "prompt_eval_duration", (int64_t)(first - x->started_ns));
    emit_int(out, "eval_count", usage.completion);
    emit_int(out, "eval_duration", (int64_t)(now - first));
    spans_emit(&choice->versions, choice->n_tokens, out);
}

static void whole(struct completion *c, struct buffer *out)
{
    const struct choice *choice = completion_choice(c, 0);
    emit_head(c, out);
    emit_said(c, choice, out);
    emit_end(c, choice, out);
    emit_close(out, '}');
}

static void chunk(struct completion *c, struct choice *choice)
{
    bool calls = choice->calls.n > choice->calls_written;
    if (choice->text.n == 0 && choice->thought.n == 0 && !calls) return;
    struct buffer *out = ndjson_open(c->exchange);
    emit_head(c, out);
    emit_said(c, choice, out);
    emit_bool(out, "done", false);
    emit_close(out, '}');
    ndjson_close(c->exchange);
}

static void end(struct completion *c)
{
    struct buffer *out = ndjson_open(c->exchange);
    emit_head(c, out);
    emit_said(c, completion_choice(c, 0), out); /* all has been said: empty */
    emit_end(c, completion_choice(c, 0), out);
    emit_close(out, '}');
    ndjson_close(c->exchange);
}

/* Nothing was asked but that the model be there. */
static void loaded(struct completion *c)
{
    const struct ollama *own = c->own;
    struct buffer *out = &c->exchange->reply;
    emit_head(c, out);
    if (own->chats) {
        emit_object(out, "message");
        emit_str(out, "role", "assistant");
        emit_str(out, "content", "");
        emit_close(out, '}');
    } else {
        emit_str(out, "response", "");
    }
    emit_bool(out, "done", true);
    emit_str(out, "done_reason", "load");
    emit_close(out, '}');
    exchange_reply_json(c->exchange, out);
}

static void clear(struct completion *c)
{
    struct ollama *own = c->own;
    talk_clear(&own->talk);
}

static const struct stream_shape lines = {ndjson_begin, ndjson_done, ndjson_fail};
static const struct dialect dialect = {.whole = whole,
                                       .chunk = chunk,
                                       .end = end,
                                       .stream = &lines,
                                       .nothing = loaded,
                                       .clear = clear};

static void handle(struct exchange *x, bool chats)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct ollama));
    if (c == NULL) return;
    ((struct ollama *)c->own)->chats = chats;
    completion_run(c, WORK_HEAVY, prepare);
}

void ollama_chat_handle(struct exchange *x)
{
    handle(x, true);
}

void ollama_generate_handle(struct exchange *x)
{
    handle(x, false);
}
