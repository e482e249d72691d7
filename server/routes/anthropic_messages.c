/* server/routes/anthropic_messages.c - POST /v1/messages and /v1/messages/count_tokens: Anthropic's.
 *
 * Thoughts are part of a reply only where `thinking` asks for them. Where it is absent the chat
 * template is asked for none, and what is thought all the same stays unseen; where it is "disabled"
 * the model cannot think (talk.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/anthropic.h"
#include "server/routes/routes.h"

#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/output_form.h"
#include "server/http/exchange.h"

#define AT(field) .offset = offsetof(struct messages, field)
#define SHARED(field) .offset = offsetof(struct sampling_params, field)
/* clang-format off */
static const struct field own_rows[] = {
    {"messages", FIELD_ARRAY, AT(list), .required = true, .doc = "the conversation, the user's and the assistant's turns"},
    {"system", FIELD_VALUE, AT(system), .doc = "what stands before it: a text or blocks of text"},
    {"tools", FIELD_ARRAY, AT(tools), .doc = "tools that the model may call"},
    {"tool_choice", FIELD_OBJECT, AT(choice), .doc = "auto, any, none, or the tool that is called"},
    {"thinking", FIELD_OBJECT, AT(thinking), .doc = "whether the model thinks first, and for how many tokens (budget_tokens)"},
    {"output_config", FIELD_OBJECT, AT(output), .doc = "format: a JSON Schema for the answer; effort: how long to think, for templates that ask"},
    {"metadata", .kind = FIELD_IGNORED, .doc = "who asks; without effect"},
    {"cache_control", .kind = FIELD_IGNORED, .doc = "without effect: prompts are cached by their tokens"},
    {"service_tier", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"inference_geo", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"speed", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"diagnostics", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"user_profile_id", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"workspace_id", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"context_management", .kind = FIELD_IGNORED, .doc = "without effect: what is sent is what is read"},
    {"container", .kind = FIELD_REFUSED, .doc = "a place to run code in; refused"},
    {"mcp_servers", FIELD_REFUSED, .neutral = "[]", .doc = "tools elsewhere; refused"},
    {0},
};
static const struct field shared_rows[] = {
    {"model", FIELD_TEXT, SHARED(model), .required = true, .doc = "the model's name, or an adapter's"},
    {"max_tokens", FIELD_INT, SHARED(engine.max_tokens), .min = 1, .max = INT_MAX, .doc = "tokens of the answer at most, thoughts included"},
    {"stream", FIELD_BOOL, SHARED(stream), .doc = "events as the text comes"},
    {"stop_sequences", FIELD_READ, SHARED(stop), .read = sampling_params_read_stop, .shape = "string|string[]", .doc = "texts that end the answer"},
    {"temperature", FIELD_FLOAT, SHARED(engine.temperature), .min = 0, .max = 100, .doc = "0 is greedy"},
    {"top_k", FIELD_INT, SHARED(engine.top_k), .min = -1, .max = INT_MAX, .doc = "the k best alone"},
    {"top_p", FIELD_FLOAT, SHARED(engine.top_p), .min = 1e-6, .max = 1, .doc = "the best that hold this share"},
    {"min_p", FIELD_FLOAT, SHARED(engine.min_p), .min = 0, .max = 1, .doc = "those at least this likely beside the best"},
    {"repetition_penalty", FIELD_FLOAT, SHARED(engine.repetition_penalty), .min = 1e-6, .max = 100, .doc = "over prompt and output"},
    {"seed", FIELD_READ, .offset = 0, .read = sampling_params_read_seed, .shape = "integer", .doc = "of the draws; -1: a random one"},
    {0},
};
/* clang-format on */

const struct field *const anthropic_fields[] = {shared_rows, own_rows, NULL};

/* {"type": "enabled" | "adaptive" | "between_tools" | "disabled", "budget_tokens", "display"} */
static bool read_thinking(struct completion *c, struct messages *m, struct error *err)
{
    static const char *const members[] = {"type", "budget_tokens", "display", NULL};
    static const char *const types[] = {"enabled", "adaptive", "between_tools", "disabled", NULL};
    static const char *const displays[] = {"summarized", "omitted", NULL};
    enum { DISABLED = 3 };
    struct span type = span_str(cJSON_GetStringValue(json_get(m->thinking, "type")));
    const cJSON *display = json_get(m->thinking, "display");
    int64_t budget = -1;
    int which = 0, shown = 0;
    if (!json_check_keys(m->thinking, members, err)) return false;
    if (type.n == 0) return error_set(err, ERROR_MISSING_FIELD, "type", "a type is needed");
    if (!field_read_choice(types, type, &which, err)) return error_at(err, "type");
    if (!json_get_int(m->thinking, "budget_tokens", 1, INT_MAX, &budget, err)) return false;
    if (display != NULL) {
        struct span word = span_str(cJSON_GetStringValue(display));
        if (!field_read_choice(displays, word, &shown, err)) return error_at(err, "display");
    }
    m->thinks = which != DISABLED;
    m->omits_thoughts = shown == 1;
    if (m->thinks) c->params.engine.think_budget = (int)budget;
    return talk_think(c, &m->talk, m->thinks, err);
}

/* What is not asked for the template is asked to leave out; a model that only thinks may. */
static bool think_unasked(struct completion *c, struct messages *m, struct error *err)
{
    bool ok = talk_think(c, &m->talk, false, err);
    c->params.engine.think_budget = -1;
    return ok;
}

/* {"format": {"type": "json_schema", "schema"}, "effort"} */
static bool read_output(struct completion *c, struct messages *m, struct error *err)
{
    static const char *const members[] = {"format", "effort", NULL};
    const cJSON *format = json_get(m->output, "format");
    const char *effort = NULL;
    struct field_context context = completion_field_context(c);
    if (!json_check_keys(m->output, members, err)) return false;
    if (!json_get_string(m->output, "effort", &effort, err)) return false;
    if (!conversation_read_effort(span_str(effort), &m->talk.conversation.reasoning_effort, err)) {
        return error_at(err, "effort");
    }
    return format == NULL ||
           output_form_read_flat(&context, format, "output_config.format",
                                 "output_config.format.schema", &c->params, err) ||
           error_in(err, "format");
}

static bool read_body(struct completion *c, struct error *err)
{
    struct messages *m = c->own;
    struct field_table tables[] = {FIELD_TABLE(shared_rows, &c->params), FIELD_TABLE(own_rows, m)};
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err)) return false;
    if (!completion_check(c, err)) return false;
    if (m->output != NULL && !read_output(c, m, err)) return error_in(err, "output_config");
    if (m->thinking == NULL) return think_unasked(c, m, err);
    return read_thinking(c, m, err) || error_in(err, "thinking");
}

static bool prepare_count(struct completion *c)
{
    struct messages *m = c->own;
    struct error *err = &c->error;
    if (!read_body(c, err) || !anthropic_read_talk(m, err)) return false;
    m->talk.early_calls = true; /* a call that is cut is a block, in a stream or not */
    m->parts.hides_thoughts = !m->thinks;
    return talk_prepare(c, &m->talk, "messages", err);
}

static bool prepare(struct completion *c)
{
    if (!prepare_count(c)) return false;
    return c->params.engine.max_tokens > 0 ||
           error_set(&c->error, ERROR_MISSING_FIELD, "max_tokens", "max_tokens is needed");
}

static struct completion *new_messages(struct exchange *x)
{
    return completion_new(x, &anthropic_dialect, "msg_", sizeof(struct messages));
}

void anthropic_messages_handle(struct exchange *x)
{
    struct completion *c = new_messages(x);
    if (c != NULL) completion_run(c, WORK_HEAVY, prepare);
}

void anthropic_count_handle(struct exchange *x)
{
    struct completion *c = new_messages(x);
    if (c != NULL) completion_count(c, prepare_count);
}
