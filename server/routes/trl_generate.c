/* server/routes/trl_generate.c - POST /generate/ and /chat/, with their slashes: the server that TRL up to
 * 1.10 expects (trl/scripts/vllm_serve.py, trl/generation/vllm_client.py).
 *
 * prompt_ids has one list for every prompt, completion_ids one for every sample. logprobs and
 * logprob_token_ids have, for every token of every sample, the token itself and the alternatives
 * that were asked for, most probable first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/http/state.h"

enum { DEFAULT_MAX_TOKENS = 16 };

struct trl {
    const cJSON *prompts, *conversations, *generation_kwargs, *tools, *template_kwargs;
};

static bool read_logprobs(const struct field_context *context, const cJSON *value, void *out,
                          struct error *err)
{
    int *n = out;
    (void)context;
    double d = value->valuedouble;
    if (!cJSON_IsNumber(value) || !(d >= 0 && d <= LOGPROBS_MAX) || d != floor(d)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "logprobs must be a whole number up to %d",
                         LOGPROBS_MAX);
    }
    *n = (int)d;
    return true;
}

#define AT(field) .offset = offsetof(struct trl, field)
static const struct field generate_rows[] = {
    {"prompts", FIELD_ARRAY, AT(prompts), .doc = "texts or token ids, one each"},
    {0},
};
static const struct field chat_rows[] = {
    {"messages", FIELD_ARRAY, AT(conversations),
     .doc = "conversations, a list of lists of messages"},
    {"tools", FIELD_ARRAY, AT(tools), .doc = "functions that the model may call"},
    {"chat_template_kwargs", FIELD_OBJECT, AT(template_kwargs),
     .doc = "what the chat template is told beside"},
    {0},
};
static const struct field *const kwargs_members[] = {sampling_params_rows, NULL};
static const struct field both_rows[] = {
    {"generation_kwargs", FIELD_OBJECT, AT(generation_kwargs), .members = kwargs_members,
     .doc = "further fields of /v1/completions"},
    {"images", .kind = FIELD_REFUSED, .doc = "images; refused"},
    {"structured_outputs_regex", .kind = FIELD_REFUSED, .doc = "a pattern for the output; refused"},
    {0},
};

#undef AT
#define AT(field) .offset = offsetof(struct sampling_params, field)
static const struct field sampling_rows[] = {
    {"n", FIELD_INT, AT(n), .min = 1, .max = INT_MAX, .doc = "how many outputs"},
    {"repetition_penalty", FIELD_FLOAT, AT(engine.repetition_penalty), .min = 1e-6, .max = 100,
     .doc = "divides the logits of tokens seen before; 1: none"},
    {"temperature", FIELD_FLOAT, AT(engine.temperature), .min = 0, .max = 100,
     .doc = "flattens (above 1) or sharpens the distribution; 0 takes the most probable token"},
    {"top_p", FIELD_FLOAT, AT(engine.top_p), .min = 1e-6, .max = 1,
     .doc = "only the most probable tokens that together have this share"},
    {"top_k", FIELD_INT, AT(engine.top_k), .min = -1, .max = INT_MAX,
     .doc = "only so many of the most probable tokens; 0 and -1: all"},
    {"min_p", FIELD_FLOAT, AT(engine.min_p), .min = 0, .max = 1,
     .doc = "only tokens with at least this share of the most probable one's probability"},
    {"max_tokens", FIELD_INT, AT(engine.max_tokens), .min = 1, .max = INT_MAX,
     .doc = "tokens of the output at most"},
    {"logprobs", FIELD_READ, AT(logprobs), .read = read_logprobs,
     .doc = "log-probabilities with so many alternatives for each token"},
    {0},
};
const struct field *const trl_generate_fields[] = {generate_rows, both_rows, sampling_rows, NULL};
const struct field *const trl_chat_fields[] = {chat_rows, both_rows, sampling_rows, NULL};

/* ---- asking ---- */

static bool read_body(struct completion *c, struct field_table own_rows, struct error *err)
{
    struct trl *own = c->own;
    struct field_table shared = sampling_params_table(&c->params);
    struct field_table tables[] = {own_rows, FIELD_TABLE(both_rows, own),
                                   FIELD_TABLE(sampling_rows, &c->params)};
    c->params.engine.max_tokens = DEFAULT_MAX_TOKENS;
    c->params.logprobs = 0;
    c->want_tokens = true;
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 3, err)) {
        return false;
    }
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(c->document, "logprobs"))) {
        c->params.logprobs = TOP_ABSENT;
    }
    shared.prefix = "generation_kwargs";
    if (own->generation_kwargs != NULL &&
        !completion_read(c, own->generation_kwargs, &shared, 1, err)) {
        return false;
    }
    if (c->params.stream) {
        return error_set(err, ERROR_UNSUPPORTED, "generation_kwargs.stream",
                         "this route does not stream");
    }
    return completion_check(c, err);
}

static bool prepare_generate(struct completion *c)
{
    struct trl *own = c->own;
    return read_body(c, FIELD_TABLE(generate_rows, own), &c->error) &&
           completion_prompt_list(c, own->prompts, "prompts", true, &c->error);
}

/* The client's messages[i] as a prompt. */
static bool add_conversation(struct completion *c, size_t i, const cJSON *messages,
                             struct error *err)
{
    const struct trl *own = c->own;
    char field[32];
    struct conversation talk = {.field = field,
                                .messages = messages,
                                .tools = own->tools,
                                .kwargs = own->template_kwargs,
                                .add_generation_prompt = true};
    struct buffer text;
    snprintf(field, sizeof(field), "messages[%zu]", i);
    if (!cJSON_IsArray(messages)) {
        return error_set(err, ERROR_INVALID_TYPE, field,
                         "a conversation is an array of messages, not %s",
                         json_type_name(messages));
    }
    buffer_init(&text, (size_t)c->exchange->server->o.max_body_bytes * 2);
    bool ok =
        conversation_render(&talk, c->engine, c->exchange->arena, &text, err) &&
        (completion_prompt_text(c, buffer_span(&text), false, err) || error_in(err, "%s", field));
    buffer_clear(&text);
    return ok;
}

static bool prepare_chat(struct completion *c)
{
    struct trl *own = c->own;
    struct error *err = &c->error;
    if (!read_body(c, FIELD_TABLE(chat_rows, own), err)) return false;
    if (own->conversations == NULL || own->conversations->child == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "messages", "a list of conversations is needed");
    }
    c->prompt_field = "messages";
    c->prompts_are_listed = true;
    size_t i = 0;
    for (const cJSON *talk = own->conversations->child; talk != NULL; talk = talk->next, i++) {
        if (!add_conversation(c, i, talk, err)) return false;
    }
    return true;
}

/* ---- answering ---- */

/* The token itself and its alternatives, most probable first, as `emit` shows one. */
static void emit_ranked(const struct choice *choice, const struct token_record *t,
                        void (*emit)(struct token_prob p, struct buffer *out), struct buffer *out)
{
    const struct token_prob *tops = choice->tops + t->first_top;
    bool shown = false;
    emit_array(out, NULL);
    for (int k = 0; k < t->n_top; k++) {
        emit(tops[k], out);
        shown = shown || tops[k].id == t->prob.id;
    }
    if (!shown) emit(t->prob, out); /* less probable than all of them */
    emit_close(out, ']');
}

static void emit_logprob(struct token_prob p, struct buffer *out)
{
    emit_float(out, NULL, p.logprob);
}

static void emit_id(struct token_prob p, struct buffer *out)
{
    emit_int(out, NULL, p.id);
}

static void emit_column(const struct completion *c, const char *key,
                        void (*emit)(struct token_prob p, struct buffer *out), struct buffer *out)
{
    if (c->params.logprobs == TOP_ABSENT) {
        emit_null(out, key);
        return;
    }
    emit_array(out, key);
    for (size_t i = 0; i < c->n_choices; i++) {
        const struct choice *choice = completion_choice(c, i);
        emit_array(out, NULL);
        for (size_t k = 0; k < choice->n_records; k++) {
            emit_ranked(choice, &choice->records[k], emit, out);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

static void write_whole(struct completion *c, struct buffer *out)
{
    emit_object(out, NULL);
    emit_array(out, "prompt_ids");
    for (size_t i = 0; i < c->n_prompts; i++) {
        logprobs_emit_ids(NULL, c->prompts[i]->ids.ids, c->prompts[i]->ids.n, out);
    }
    emit_close(out, ']');
    emit_array(out, "completion_ids");
    for (size_t i = 0; i < c->n_choices; i++) {
        emit_array(out, NULL);
        for (size_t k = 0; k < completion_choice(c, i)->n_records; k++) {
            emit_int(out, NULL, completion_choice(c, i)->records[k].prob.id);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
    emit_column(c, "logprobs", emit_logprob, out);
    emit_column(c, "logprob_token_ids", emit_id, out);
    completion_emit_versions(c, out);
    emit_close(out, '}');
}

static const struct dialect dialect = {.whole = write_whole};

static void handle(struct exchange *x, enum exchange_weight weight,
                   bool (*prepare)(struct completion *c))
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct trl));
    if (c != NULL) completion_run(c, weight, prepare);
}

void trl_generate_handle(struct exchange *x)
{
    handle(x, WORK_LIGHT, prepare_generate);
}

void trl_chat_handle(struct exchange *x)
{
    handle(x, WORK_HEAVY, prepare_chat);
}
