/* server/responses/create.c - POST /v1/responses: its fields.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/responses/responses.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/json.h"
#include "base/utf8.h"
#include "server/generate/output_form.h"
#include "server/http/state.h"

static const char *const truncations[] = {"disabled", "auto", NULL};

#define AT(field) .offset = offsetof(struct responses, field)
#define SHARED(field) .offset = offsetof(struct sampling_params, field)
/* clang-format off */
static const struct field own_rows[] = {
    {"input", FIELD_VALUE, AT(input), .doc = "what is said: a text, or items (messages, calls, their outputs, reasoning)"},
    {"instructions", FIELD_TEXT, AT(instructions), .doc = "a system message before all; it does not carry over to later replies"},
    {"previous_response_id", FIELD_TEXT, AT(previous), .doc = "a kept reply that this one goes on from"},
    {"store", FIELD_BOOL, AT(keeps), .doc = "keep the reply, to be read and gone on from"},
    {"tools", FIELD_ARRAY, AT(tools), .doc = "functions that the model may call"},
    {"tool_choice", FIELD_VALUE, AT(choice), .doc = "none, auto, required, or the function that is called"},
    {"parallel_tool_calls", FIELD_BOOL, AT(parallel_calls), .doc = "more than one call may be made"},
    {"reasoning", FIELD_OBJECT, AT(reasoning), .doc = "effort: how long the model thinks; none: not at all"},
    {"text", FIELD_OBJECT, AT(text), .doc = "format: the form of the answer (text, any JSON, JSON of a schema)"},
    {"include", FIELD_ARRAY, AT(include), .doc = "what else the reply holds: message.output_text.logprobs"},
    {"top_logprobs", FIELD_INT, AT(top_logprobs), .min = 0, .max = LOGPROBS_MAX, .doc = "so many alternatives for each token"},
    {"truncation", FIELD_CHOICE, AT(truncates), .choices = truncations, .doc = "auto: a prompt that is too long loses its first tokens"},
    {"metadata", FIELD_OBJECT, AT(metadata), .doc = "the caller's own, up to 16 pairs (keys of 64, values of 512 characters); stands in the reply"},
    {"user", FIELD_TEXT, AT(user), .doc = "who asks; stands in the reply"},
    {"background", FIELD_REFUSED, .neutral = "false", .doc = "answering later; refused"},
    {"conversation", .kind = FIELD_REFUSED, .doc = "a conversation kept elsewhere; refused"},
    {"prompt", .kind = FIELD_REFUSED, .doc = "a prompt kept elsewhere; refused"},
    {"context_management", FIELD_REFUSED, .neutral = "[]", .doc = "shortening of what was said; refused"},
    {"max_tool_calls", .kind = FIELD_IGNORED, .doc = "of tools that run at OpenAI; without effect"},
    {"stream_options", .kind = FIELD_IGNORED, .doc = "without effect: chunks are not padded"},
    {"service_tier", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"safety_identifier", .kind = FIELD_IGNORED, .doc = "who asks; without effect"},
    {"moderation", .kind = FIELD_IGNORED, .doc = "without effect: nothing is moderated"},
    {"prompt_cache_key", .kind = FIELD_IGNORED, .doc = "without effect: prompts are cached by their tokens"},
    {"prompt_cache_retention", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"prompt_cache_options", .kind = FIELD_IGNORED, .doc = "without effect"},
    {0},
};
static const struct field shared_rows[] = {
    {"model", FIELD_TEXT, SHARED(model), .doc = "the model's name"},
    {"max_output_tokens", FIELD_INT, SHARED(engine.max_tokens), .min = 1, .max = INT_MAX, .doc = "tokens of the answer at most, thoughts included"},
    {"stream", FIELD_BOOL, SHARED(stream), .doc = "events as the text comes"},
    {"temperature", FIELD_FLOAT, SHARED(engine.temperature), .min = 0, .max = 100, .doc = "0 is greedy"},
    {"top_p", FIELD_FLOAT, SHARED(engine.top_p), .min = 1e-6, .max = 1, .doc = "the best that hold this share"},
    {"top_k", FIELD_INT, SHARED(engine.top_k), .min = -1, .max = INT_MAX, .doc = "the k best alone"},
    {"min_p", FIELD_FLOAT, SHARED(engine.min_p), .min = 0, .max = 1, .doc = "those at least this likely beside the best"},
    {"repetition_penalty", FIELD_FLOAT, SHARED(engine.repetition_penalty), .min = 1e-6, .max = 100, .doc = "over prompt and output"},
    {"presence_penalty", FIELD_FLOAT, SHARED(engine.presence_penalty), .min = -2, .max = 2, .doc = "over the output"},
    {"frequency_penalty", FIELD_FLOAT, SHARED(engine.frequency_penalty), .min = -2, .max = 2, .doc = "over the output"},
    {"logit_bias", FIELD_READ, SHARED(bias), .read = sampling_params_read_bias, .shape = "object", .doc = "added to logits, by token id"},
    {"stop", FIELD_READ, SHARED(stop), .read = sampling_params_read_stop, .shape = "string|string[]", .doc = "texts that end the answer"},
    {"seed", FIELD_READ, .offset = 0, .read = sampling_params_read_seed, .shape = "integer", .doc = "of the draws; -1: a random one"},
    {"timings_per_token", FIELD_BOOL, SHARED(timings), .doc = "llama-server's times in every delta of a text and in the reply"},
    {"return_progress", FIELD_BOOL, SHARED(progress), .doc = "a stream says how far its prompt is, in events response.in_progress with prompt_progress"},
    {"thinking_token_budget", FIELD_INT, SHARED(engine.think_budget), .min = -1, .max = INT_MAX, .doc = "tokens of thoughts at most, then they are closed"},
    {0},
};
/* clang-format on */

const struct field *const responses_fields[] = {shared_rows, own_rows, NULL};

/* object[name] is one of these words, or is not there. */
static bool check_word(const cJSON *object, const char *name, const char *const *words,
                       struct error *err)
{
    const char *word = NULL;
    int which = 0;
    if (!json_get_string(object, name, &word, err)) return false;
    return word == NULL || field_read_choice(words, span_str(word), &which, err) ||
           error_at(err, "%s", name);
}

/* {"effort", "summary", "generate_summary", "mode"}: thoughts come as they are, not summed up. */
static bool read_reasoning(struct completion *c, struct responses *r, struct error *err)
{
    static const char *const members[] = {"effort", "summary", "generate_summary", "mode", NULL};
    static const char *const summaries[] = {"auto", "concise", "detailed", NULL};
    const char *effort = NULL, *mode = NULL;
    if (!json_check_keys(r->reasoning, members, err) ||
        !check_word(r->reasoning, "summary", summaries, err) ||
        !check_word(r->reasoning, "generate_summary", summaries, err) ||
        !json_get_string(r->reasoning, "mode", &mode, err) ||
        !json_get_string(r->reasoning, "effort", &effort, err)) {
        return false;
    }
    if (effort != NULL && strcmp(effort, "none") == 0) return talk_think(c, &r->talk, false, err);
    return conversation_read_effort(span_str(effort), &r->talk.conversation.reasoning_effort,
                                    err) ||
           error_at(err, "effort");
}

/* {"format", "verbosity"} */
static bool read_text(struct completion *c, struct responses *r, struct error *err)
{
    static const char *const members[] = {"format", "verbosity", NULL};
    static const char *const verbosities[] = {"low", "medium", "high", NULL};
    const cJSON *format = json_get(r->text, "format");
    struct field_context context = completion_field_context(c);
    if (!json_check_keys(r->text, members, err) ||
        !check_word(r->text, "verbosity", verbosities, err)) {
        return false;
    }
    return format == NULL ||
           output_form_read_flat(&context, format, "text.format", "text.format.schema", &c->params,
                                 err) ||
           error_in(err, "format");
}

/* It stands in the reply, which is kept: as much as at OpenAI. */
static bool check_metadata(const cJSON *metadata, struct error *err)
{
    enum { PAIRS = 16, KEY_CHARS = 64, VALUE_CHARS = 512 };
    const cJSON *one;
    if (cJSON_GetArraySize(metadata) > PAIRS) {
        return error_set(err, ERROR_TOO_LARGE, "metadata", "more than %d pairs", PAIRS);
    }
    cJSON_ArrayForEach(one, metadata)
    {
        if (utf8_count(span_str(one->string)) > KEY_CHARS) {
            return error_set(err, ERROR_TOO_LARGE, "metadata", "a key has at most %d characters",
                             KEY_CHARS);
        }
        if (!cJSON_IsString(one)) {
            return error_set(err, ERROR_INVALID_TYPE, "metadata", "values must be strings, not %s",
                             json_type_name(one));
        }
        if (utf8_count(span_str(one->valuestring)) > VALUE_CHARS) {
            return error_set(err, ERROR_TOO_LARGE, "metadata", "a value has at most %d characters",
                             VALUE_CHARS);
        }
    }
    return true;
}

/* What does not exist here (results of searches, of programs run elsewhere) is asked for in vain, what
 * OpenAI does not know is a mistake. */
static bool read_include(struct completion *c, struct responses *r, struct error *err)
{
    static const char *const parts[] = {"message.output_text.logprobs",
                                        "reasoning.encrypted_content",
                                        "message.input_image.image_url",
                                        "web_search_call.results",
                                        "web_search_call.action.sources",
                                        "file_search_call.results",
                                        "code_interpreter_call.outputs",
                                        "computer_call_output.output.image_url",
                                        NULL};
    const cJSON *one;
    size_t i = 0;
    cJSON_ArrayForEach(one, r->include)
    {
        int which = 0;
        if (!cJSON_IsString(one)) {
            return field_wrong_type(one, "a string", err) || error_in(err, "include[%zu]", i);
        }
        if (!field_read_choice(parts, span_str(one->valuestring), &which, err)) {
            return error_at(err, "include[%zu]", i);
        }
        if (which == 0) r->shows_logprobs = true;
        i++;
    }
    if (r->top_logprobs > 0) r->shows_logprobs = true;
    if (!r->shows_logprobs) return true;
    c->params.logprobs = r->top_logprobs;
    c->want_tokens = true;
    return true;
}

static bool read_body(struct completion *c, struct error *err)
{
    struct responses *r = c->own;
    struct field_table tables[] = {FIELD_TABLE(shared_rows, &c->params), FIELD_TABLE(own_rows, r)};
    r->keeps = r->parallel_calls = true;
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err)) return false;
    if (r->input == NULL && r->previous.n == 0) {
        return error_set(err, ERROR_MISSING_FIELD, "input", "input is needed");
    }
    if (r->truncates == 1) c->params.truncate_prompt = -1;
    if (!check_metadata(r->metadata, err) || !read_include(c, r, err) ||
        !completion_check(c, err)) {
        return false;
    }
    if (r->reasoning != NULL && !read_reasoning(c, r, err)) return error_in(err, "reasoning");
    return r->text == NULL || read_text(c, r, err) || error_in(err, "text");
}

static bool prepare(struct completion *c)
{
    struct responses *r = c->own;
    struct error *err = &c->error;
    if (!read_body(c, err) || !responses_read_talk(c, err)) return false;
    r->talk.conversation.add_generation_prompt = true;
    r->talk.one_call = !r->parallel_calls;
    r->talk.early_calls = true; /* a call that is cut is an item, in a stream or not */
    return talk_prepare(c, &r->talk, "input", err);
}

/* Ids that may be asked for later are not to be guessed. */
static void name_reply(struct completion *c)
{
    struct responses *r = c->own;
    uint64_t number[2] = {0};
    ssize_t ignored = getrandom(number, sizeof(number), 0);
    (void)ignored;
    snprintf(c->id, sizeof(c->id), "resp_%016" PRIx64 "%016" PRIx64, number[0], number[1]);
    r->number = c->id + strlen("resp_");
}

void responses_create_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &responses_dialect, "resp_", sizeof(struct responses));
    if (c == NULL) return;
    name_reply(c);
    completion_run(c, WORK_HEAVY, prepare);
}
