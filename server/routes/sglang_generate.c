/* server/routes/sglang_generate.c - POST /generate as SGLang has it (srt/managers/io_struct.py,
 * GenerateReqInput): what slime, AReaL and torchrl speak.
 *
 * One prompt with one sample is answered by an object, anything else by a list. A stream says the
 * whole text again in every event.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/logprobs.h"
#include "server/generate/output_form.h"
#include "server/generate/replay.h"
#include "server/http/sse.h"
#include "server/http/state.h"

enum { DEFAULT_MAX_TOKENS = 128 };

struct sglang {
    const cJSON *text, *input_ids, *sampling;
    bool return_logprob, text_in_logprobs, return_prompt_ids, sampling_mask, routed_experts;
    int logprob_start, n_top, routed_from;
};

#define AT(field) .offset = offsetof(struct sampling_params, field)
#define REAL(field, lo, hi) FIELD_FLOAT, AT(field), .min = (lo), .max = (hi)
#define WHOLE(field, lo, hi) FIELD_INT, AT(field), .min = (lo), .max = (hi)

/* Of parameters for plugins the one that slime sends: what each token was drawn from. */
static bool read_custom(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    const cJSON *v;
    (void)context;
    if (!cJSON_IsObject(value)) return field_wrong_type(value, "an object", err);
    cJSON_ArrayForEach(v, value)
    {
        if (cJSON_IsNull(v)) continue;
        if (strcmp(v->string, "return_top_p_token_ids") != 0) {
            error_set(err, ERROR_UNSUPPORTED, NULL, "custom_params.%.60s is not supported",
                      v->string);
            return error_in(err, "%.60s", v->string);
        }
        if (!cJSON_IsBool(v)) {
            field_wrong_type(v, "true or false", err);
            return error_in(err, "%.60s", v->string);
        }
        *(bool *)out = cJSON_IsTrue(v);
    }
    return true;
}

static const struct field shared_rows[] = {
    {"rid", FIELD_TEXT, AT(request_id), .doc = "a name to abort it by"},
    {"stream", FIELD_BOOL, AT(stream), .doc = "each token as it comes, as server-sent events"},
    {"priority", FIELD_INT, AT(priority), .min = INT_MIN, .max = INT_MAX,
     .doc = "lower ones go first"},
    {"cache_salt", FIELD_TEXT, AT(cache_salt),
     .doc = "only requests with the same one share cached prompts"},
    {"lora_path", FIELD_TEXT, AT(lora), .doc = "a loaded adapter's name"},
    {"require_reasoning", FIELD_BOOL, AT(may_think),
     .doc = "the model may think first: a form holds behind its thoughts"},
    {"max_thinking_tokens", WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "tokens of thoughts at most, then they are closed; -1: as many as come"},
    {"return_weight_versions", FIELD_BOOL, AT(versions),
     .doc = "weight_versions of each sample, also where one version computed all of it"},
    {0},
};

/* clang-format off */
static const struct field sampling_rows[] = {
    {"max_new_tokens",      WHOLE(engine.max_tokens, 0, INT_MAX),
     .doc = "tokens of the output at most"},
    {"min_new_tokens",      WHOLE(engine.min_tokens, 0, INT_MAX),
     .doc = "no end before so many tokens"},
    {"temperature",         REAL(engine.temperature, 0, 100),
     .doc = "flattens (above 1) or sharpens the distribution; 0 takes the most probable token"},
    {"top_p",               REAL(engine.top_p, 1e-6, 1),
     .doc = "only the most probable tokens that together have this share"},
    {"top_k",               WHOLE(engine.top_k, -1, INT_MAX),
     .doc = "only so many of the most probable tokens; 0 and -1: all"},
    {"min_p",               REAL(engine.min_p, 0, 1),
     .doc = "only tokens with at least this share of the most probable one's probability"},
    {"frequency_penalty",   REAL(engine.frequency_penalty, -2, 2),
     .doc = "taken from the logits of tokens for each time that they are in the output"},
    {"presence_penalty",    REAL(engine.presence_penalty, -2, 2),
     .doc = "taken from the logits of tokens in the output"},
    {"repetition_penalty",  REAL(engine.repetition_penalty, 1e-6, 100),
     .doc = "divides the logits of tokens seen before; 1: none"},
    {"stop",                FIELD_READ, AT(stop), .read = sampling_params_read_stop,
     .shape = "string|string[]", .doc = "a text, or several, that ends the output"},
    {"stop_token_ids",      FIELD_READ, AT(stop_ids), .read = field_read_ids,
     .shape = "integer[]", .doc = "token ids that end the output"},
    {"n",                   WHOLE(n, 1, INT_MAX), .doc = "how many outputs"},
    {"ignore_eos",          FIELD_BOOL, AT(engine.ignore_eos),
     .doc = "the model's end tokens do not end the output"},
    {"skip_special_tokens", FIELD_BOOL, AT(engine.skip_special_tokens),
     .doc = "special tokens are no part of the text"},
    {"no_stop_trim",        FIELD_BOOL, AT(engine.include_stop),
     .doc = "the stop string stays in the text"},
    {"sampling_seed",       FIELD_READ, .offset = 0, .read = sampling_params_read_seed,
     .shape = "integer", .doc = "of the draws; -1: a random one"},
    {"spaces_between_special_tokens", .kind = FIELD_IGNORED, .doc = "without effect on plain text"},
    {"json_schema",         FIELD_READ, .offset = 0, .read = output_form_read_sglang_schema,
     .shape = "object|boolean|string", .doc = "the output is JSON of this schema"},
    {"regex",               FIELD_READ, .offset = 0, .read = output_form_read_sglang_regex,
     .shape = "string", .doc = "the output matches this pattern"},
    {"ebnf",                FIELD_READ, .offset = 0, .read = output_form_read_sglang_ebnf,
     .shape = "string", .doc = "the output is of this grammar"},
    {"structural_tag",      FIELD_READ, .offset = 0, .read = output_form_read_sglang_tags,
     .shape = "object|string", .doc = "free text with tags of a form in it"},
    {"stop_regex",          FIELD_REFUSED, .neutral = "[]",
     .doc = "patterns that end the output; refused"},
    {"beam_width",          FIELD_REFUSED, .neutral = "1", .doc = "beam search; refused"},
    {"custom_params",       FIELD_READ, AT(engine.support), .read = read_custom,
     .shape = "object", .doc = "parameters of plugins: slime's return_top_p_token_ids; others are refused"},
    {"logit_bias",          FIELD_READ, AT(bias), .read = sampling_params_read_bias,
     .shape = "object", .doc = "added to logits, by token id, from -100 (never) to 100"},
    {0},
};
/* clang-format on */
static const struct field *const sampling_members[] = {sampling_rows, NULL};

#undef AT
#define AT(field) .offset = offsetof(struct sglang, field)
static const struct field rows[] = {
    {"text", FIELD_VALUE, AT(text), .shape = "string|string[]|integer[]",
     .doc = "the prompt, or a list of prompts"},
    {"input_ids", FIELD_ARRAY, AT(input_ids), .shape = "integer[]|integer[][]",
     .doc = "the prompt's token ids, or a list of such lists"},
    {"sampling_params", FIELD_VALUE, AT(sampling), .members = sampling_members,
     .shape = "object|object[]", .doc = "how to draw"},
    {"return_logprob", FIELD_BOOL, AT(return_logprob), .doc = "log-probabilities of the tokens"},
    {"logprob_start_len", FIELD_INT, AT(logprob_start), .min = -1, .max = INT_MAX,
     .doc = "from this token of the prompt on; -1: the output alone"},
    {"top_logprobs_num", FIELD_INT, AT(n_top), .min = 0, .max = LOGPROBS_MAX,
     .doc = "with so many alternatives each"},
    {"return_text_in_logprobs", FIELD_BOOL, AT(text_in_logprobs),
     .doc = "tokens as text beside their ids"},
    {"return_prompt_token_ids", FIELD_BOOL, AT(return_prompt_ids),
     .doc = "the prompt's token ids in the reply"},
    {"return_sampling_mask", FIELD_BOOL, AT(sampling_mask),
     .doc = "of each token the ids that it was drawn from, and its log-probability among them"},
    {"sampling_logprobs_mode", FIELD_REFUSED, .neutral = "\"selected\"",
     .doc = "log-probabilities of all these ids; refused: the token's own come"},
    {"return_routed_experts", FIELD_BOOL, AT(routed_experts),
     .doc = "the experts that each token went to, base64 of int32 [tokens, layers, experts]"},
    {"routed_experts_start_len", FIELD_INT, AT(routed_from), .min = 0, .max = INT_MAX,
     .doc = "from this token of the prompt on"},
    {"beam_width", FIELD_REFUSED, .neutral = "1", .doc = "beam search; refused"},
    {"session_id", .kind = FIELD_IGNORED, .doc = "a hint for routers; without effect"},
    {"extra_key", .kind = FIELD_IGNORED, .doc = "a hint for routers; without effect"},
    {"log_metrics", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"return_hidden_states", FIELD_REFUSED, .neutral = "false", .doc = "hidden states; refused"},
    {"token_ids_logprob", .kind = FIELD_REFUSED,
     .doc = "log-probabilities of chosen tokens; refused"},
    {"session_params", .kind = FIELD_REFUSED, .doc = "sessions; refused"},
    {"image_data", .kind = FIELD_REFUSED, .doc = "images; refused"},
    {"audio_data", .kind = FIELD_REFUSED, .doc = "sound; refused"},
    {"video_data", .kind = FIELD_REFUSED, .doc = "films; refused"},
    {"input_embeds", .kind = FIELD_REFUSED, .doc = "embeddings as the prompt; refused"},
    {0},
};
const struct field *const sglang_generate_fields[] = {rows, shared_rows, NULL};

/* ---- asking ---- */

/* What all prompts share; of a list of sampling_params, its first. */
static bool read_sampling(struct completion *c, struct error *err)
{
    struct sglang *own = c->own;
    bool listed = cJSON_IsArray(own->sampling);
    const cJSON *shared = listed ? own->sampling->child : own->sampling;
    struct field_table table = FIELD_TABLE(sampling_rows, &c->params);
    table.prefix = listed ? "sampling_params[0]" : "sampling_params";
    c->params.engine.max_tokens = DEFAULT_MAX_TOKENS;
    if (shared != NULL && !completion_read(c, shared, &table, 1, err)) return false;
    bool from_start = own->logprob_start >= 0 && !c->params.stream;
    if (own->return_logprob) c->params.logprobs = own->n_top;
    if (own->sampling_mask) c->params.engine.support = c->params.engine.both = true;
    c->params.engine.routes = own->routed_experts;
    if (own->routed_experts && engine_info(c->engine)->n_used == 0) {
        return error_set(err, ERROR_UNSUPPORTED, "return_routed_experts",
                         "return_routed_experts: this model has no experts");
    }
    if (own->sampling_mask && c->params.logprobs == TOP_ABSENT) c->params.logprobs = 0;
    if (own->return_logprob && from_start) c->params.prompt_logprobs = own->n_top;
    return completion_check(c, err);
}

/* The form that an entry asks for: its generation's own. */
static bool own_form(struct completion *c, struct generation *g, struct sampling_params *p,
                     struct error *err)
{
    if (p->form.type == FORM_NONE) return true;
    p->form_field = strchr(p->form_field, '.') + 1; /* within the entry */
    if (c->params.may_think) {
        return error_set(err, ERROR_UNSUPPORTED, p->form_field,
                         "require_reasoning needs the same sampling_params for all prompts");
    }
    bool fine = output_form_compile(c->exchange->server->engine, p, err);
    g->own_form = p->engine.form;
    return fine;
}

/* One entry of a list of sampling_params: how its prompt is sampled. */
static bool read_own_sampling(struct completion *c, struct generation *g, const cJSON *entry,
                              const struct field_context *context, struct error *err)
{
    struct sampling_params *p = arena_alloc(context->arena, 1, sizeof(*p));
    if (p == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the parameters");
    sampling_params_init(p);
    p->engine.max_tokens = DEFAULT_MAX_TOKENS;
    struct field_table table = FIELD_TABLE(sampling_rows, p);
    if (!fields_read(entry, &table, 1, context, err)) return false;
    p->logprobs = c->params.logprobs;
    p->prompt_logprobs = c->params.prompt_logprobs;
    p->engine.support = c->params.engine.support;
    p->engine.routes = c->params.engine.routes;
    p->engine.both = c->params.engine.both;
    p->engine.think_budget = c->params.engine.think_budget;
    if (p->n != c->params.n) {
        return error_set(err, ERROR_INVALID_VALUE, "n", "n must be the same for all prompts");
    }
    if (!sampling_params_finish(p, c->exchange->server->o.max_choices, context->n_vocab, err) ||
        !own_form(c, g, p, err)) {
        return false;
    }
    g->sampling = p->engine;
    return true;
}

static bool read_sampling_list(struct completion *c, const struct field_context *context,
                               struct error *err)
{
    const struct sglang *own = c->own;
    size_t i = 0;
    const cJSON *entry;
    c->sampled_apart = cJSON_IsArray(own->sampling);
    if (!c->sampled_apart) return true;
    if ((size_t)cJSON_GetArraySize(own->sampling) != c->n_prompts) {
        return error_set(err, ERROR_INVALID_VALUE, "sampling_params",
                         "%d sampling_params for %zu prompts", cJSON_GetArraySize(own->sampling),
                         c->n_prompts);
    }
    cJSON_ArrayForEach(entry, own->sampling)
    {
        struct unknown_fields *noted = context->unknown, told = {0}; /* the first was read before */
        size_t before = noted == NULL ? 0 : noted->n;
        struct field_context own_context = *context;
        if (noted != NULL && i == 0) own_context.unknown = &told;
        if (!read_own_sampling(c, c->prompts[i], entry, &own_context, err)) {
            return error_in(err, "sampling_params[%zu]", i);
        }
        if (noted != NULL) unknown_within(noted, before, "sampling_params[%zu]", i);
        i++;
    }
    return true;
}

static bool prepare(struct completion *c)
{
    struct sglang *own = c->own;
    struct error *err = &c->error;
    struct field_context context = completion_field_context(c);
    struct field_table tables[] = {FIELD_TABLE(rows, own), FIELD_TABLE(shared_rows, &c->params)};
    own->logprob_start = -1;
    c->want_tokens = true;
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err) ||
        !read_sampling(c, err)) {
        return false;
    }
    if ((own->text == NULL) == (own->input_ids == NULL)) {
        return error_set(err, ERROR_MISSING_FIELD, "text",
                         "one of text and input_ids is needed, and not both");
    }
    return completion_prompts(c, own->text != NULL ? own->text : own->input_ids,
                              own->text != NULL ? "text" : "input_ids", true, err) &&
           read_sampling_list(c, &context, err);
}

/* ---- answering ---- */

static void emit_finish(const struct choice *choice, struct buffer *out)
{
    const char *type = choice_finish_name(choice);
    if (type == NULL) {
        emit_null(out, "finish_reason");
        return;
    }
    emit_object(out, "finish_reason");
    emit_str(out, "type", type);
    if (choice->finish == FINISH_LENGTH) {
        emit_int(out, "length", choice->generation->sampling.max_tokens);
    }
    if (choice->finish == FINISH_STOP && choice->stop_string != NULL) {
        emit_str(out, "matched", choice->stop_string);
    } else if (choice->finish == FINISH_STOP) {
        emit_int(out, "matched", choice->stop_token);
    }
    if (choice->finish == FINISH_ABORT) emit_str(out, "message", "aborted");
    emit_close(out, '}');
}

/* [logprob, id, text or null] */
static void emit_triple(const struct completion *c, bool known, struct token_prob p,
                        struct buffer *out)
{
    const struct sglang *own = c->own;
    emit_array(out, NULL);
    if (known) {
        emit_float(out, NULL, p.logprob);
    } else {
        emit_null(out, NULL);
    }
    emit_int(out, NULL, p.id);
    if (own->text_in_logprobs) {
        emit_text(out, NULL, engine_token_bytes(c->engine, p.id));
    } else {
        emit_null(out, NULL);
    }
    emit_close(out, ']');
}

static void emit_output_logprobs(const struct completion *c, const struct choice *choice,
                                 struct buffer *out)
{
    const struct sglang *own = c->own;
    emit_array(out, "output_token_logprobs");
    for (size_t i = 0; i < choice->n_records; i++) {
        emit_triple(c, true, choice->records[i].prob, out);
    }
    emit_close(out, ']');
    if (own->n_top == 0) return;
    emit_array(out, "output_top_logprobs");
    for (size_t i = 0; i < choice->n_records; i++) {
        const struct token_record *t = &choice->records[i];
        emit_array(out, NULL);
        for (int k = 0; k < t->n_top; k++) {
            emit_triple(c, true, choice->tops[t->first_top + (size_t)k], out);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

/* From logprob_start_len on; the first token of a prompt has no probability. */
static void emit_input_logprobs(const struct completion *c, const struct generation *g,
                                struct buffer *out)
{
    const struct sglang *own = c->own;
    if (g->probs == NULL) return;
    emit_array(out, "input_token_logprobs");
    for (size_t i = (size_t)own->logprob_start; i < g->ids.n; i++) {
        struct token_prob p = g->probs[i];
        p.id = g->ids.ids[i];
        emit_triple(c, i > 0, p, out);
    }
    emit_close(out, ']');
    if (own->n_top == 0) return;
    emit_array(out, "input_top_logprobs");
    for (size_t i = (size_t)own->logprob_start; i < g->ids.n; i++) {
        emit_array(out, NULL);
        for (int k = 0; i > 0 && k < g->n_top; k++) {
            emit_triple(c, true, g->tops[i * (size_t)g->n_top + (size_t)k], out);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

/* What a trainer replays it by: the ids that each token was drawn from with its log-probability
 * among them, by SGLang's names or by slime's; the experts. */
static void emit_replay(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct sglang *own = c->own;
    const struct engine_info *info = engine_info(c->engine);
    if (own->sampling_mask) {
        replay_emit_supports("output_token_sampling_mask", choice, out);
        emit_array(out, "output_token_sampling_logprobs");
        for (size_t i = 0; i < choice->n_records; i++) {
            emit_float(out, NULL, choice->records[i].drawn);
        }
        emit_close(out, ']');
    } else if (c->params.engine.support) {
        replay_emit_support_arrays("top_p_token_ids", "top_p_token_offsets", choice, out);
    }
    if (!own->routed_experts || !choice->done) return;
    replay_emit_routes("routed_experts", choice, (size_t)own->routed_from,
                       (size_t)info->n_layers * (size_t)info->n_used, out);
    emit_int(out, "routed_experts_start_len", own->routed_from);
}

/* The version of the last token, and all of them where there were several, or where they are asked for. */
static void emit_versions(const struct completion *c, const struct choice *choice,
                          struct buffer *out)
{
    const struct version_spans *s = &choice->versions;
    if (s->n == 1 && c->params.versions) spans_emit_list(s, choice->n_tokens, out);
    if (s->n > 1) emit_str(out, "weight_version", s->list[s->n - 1].label->name);
    spans_emit(s, choice->n_tokens, out);
}

static void emit_choice(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct sglang *own = c->own;
    double seconds = (double)(clock_ns() - c->exchange->started_ns) / 1e9;
    emit_object(out, NULL);
    emit_text(out, "text", buffer_span(&choice->text));
    emit_array(out, "output_ids");
    for (size_t i = 0; i < choice->n_records; i++) {
        emit_int(out, NULL, choice->records[i].prob.id);
    }
    emit_close(out, ']');
    emit_object(out, "meta_info");
    emit_str(out, "id", c->id);
    emit_finish(choice, out);
    emit_int(out, "prompt_tokens", (int64_t)choice->generation->ids.n);
    emit_int(out, "completion_tokens", choice->n_tokens);
    emit_int(out, "cached_tokens", choice->generation->n_cached);
    emit_int(out, "reasoning_tokens", choice->n_thought_tokens);
    emit_versions(c, choice, out);
    emit_int(out, "num_retractions", 0);
    emit_double(out, "e2e_latency", seconds);
    if (own->return_logprob) {
        emit_output_logprobs(c, choice, out);
        emit_input_logprobs(c, choice->generation, out);
    }
    emit_replay(c, choice, out);
    emit_close(out, '}');
    if (own->return_prompt_ids) {
        logprobs_emit_ids("prompt_token_ids", choice->generation->ids.ids,
                          choice->generation->ids.n, out);
    }
}

static void write_whole(struct completion *c, struct buffer *out)
{
    const struct sglang *own = c->own;
    const cJSON *prompt = own->text != NULL ? own->text : own->input_ids;
    bool many = c->params.n > 1 || (cJSON_IsArray(prompt) && !cJSON_IsNumber(prompt->child));
    if (many) emit_array(out, NULL);
    for (size_t i = 0; i < c->n_choices; i++) {
        emit_choice(c, completion_choice(c, i), out);
        emit_close(out, '}');
    }
    if (many) emit_close(out, ']');
}

static void write_chunk(struct completion *c, struct choice *choice)
{
    struct buffer *out = sse_open(c->exchange);
    emit_choice(c, choice, out);
    if (c->n_choices > 1) emit_int(out, "index", choice->index);
    emit_close(out, '}');
    sse_close(c->exchange);
}

static const struct dialect dialect = {
    .whole = write_whole, .chunk = write_chunk, .cumulative = true};

void sglang_generate_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct sglang));
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}
