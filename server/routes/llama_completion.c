/* server/routes/llama_completion.c - POST /completion by llama-server's names.
 *
 * Its defaults are not OpenAI's: temperature 0.8, top_k 40, top_p 0.95, min_p 0.05, and as many
 * tokens as the context allows (n_predict -1). A prompt may be a string, ids, both by turns, or
 * {"prompt_string"}; a list of such is answered by a list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/llama.h"
#include "server/routes/routes.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/emit.h"
#include "base/json.h"
#include "server/generate/completion.h"
#include "server/generate/output_form.h"
#include "server/generate/timings.h"
#include "server/http/sse.h"
#include "server/http/state.h"

struct llama {
    const cJSON *prompt, *biases, *response_fields;
    bool return_tokens, post_sampling_probs;
    int n_probs, repeat_last_n;
    unsigned samplers; /* bit i: samplers[i] is named; 0: nothing was said */
    bool is_list;      /* of prompts: the reply is one too */
};

/* In llama-server's own order. Those that are not here are off and stay so. */
static const char *const samplers[] = {"penalties", "dry",   "top_n_sigma", "top_k",      "typ_p",
                                       "top_p",     "min_p", "xtc",         "temperature"};
enum { PENALTIES = 0, TOP_K = 3, TOP_P = 5, MIN_P = 6, N_SAMPLERS = 9 };
enum { DEFAULT_LAST_N = 64 };

/* Which samplers act. Their order is not for choosing here: another one is refused. */
static bool read_samplers(const struct field_context *context, const cJSON *value, void *out,
                          struct error *err)
{
    unsigned *named = out;
    int last = -1, n = 0;
    const cJSON *v;
    (void)context;
    if (!cJSON_IsArray(value)) return field_wrong_type(value, "an array of names", err);
    cJSON_ArrayForEach(v, value)
    {
        int i = 0;
        if (!cJSON_IsString(v)) {
            field_wrong_type(v, "a name", err);
            return error_in(err, "[%d]", n);
        }
        while (i < N_SAMPLERS && strcmp(v->valuestring, samplers[i]) != 0) {
            i++;
        }
        if (i == N_SAMPLERS || i <= last) {
            error_set(err, ERROR_UNSUPPORTED, NULL,
                      "\"%.40s\" is no sampler of this server, or not in its order",
                      v->valuestring);
            return error_in(err, "[%d]", n);
        }
        n++;
        *named |= 1u << i;
        last = i;
    }
    return true;
}

#define AT(field) .offset = offsetof(struct llama, field)
static const struct field rows[] = {
    {"prompt", FIELD_VALUE, AT(prompt), .shape = "string|object|array", .doc = "a text, token ids, both by turns, {\"prompt_string\"}, or a list of such"},
    {"return_tokens", FIELD_BOOL, AT(return_tokens), .doc = "token ids beside the text"},
    {"n_probs", FIELD_INT, AT(n_probs), .min = 0, .max = LOGPROBS_MAX,
     .doc = "so many alternatives for each token"},
    {"post_sampling_probs", FIELD_BOOL, AT(post_sampling_probs),
     .doc = "probabilities that tokens were drawn with, not the model's own"},
    {"logit_bias", FIELD_VALUE, AT(biases),
     .shape = "object|array", .doc = "added to logits, by token id or by words, from -100 (never) to 100"},
    {"response_fields", FIELD_ARRAY, AT(response_fields), .shape = "string[]", .doc = "only these members of the reply, by their paths"},
    {"cache_prompt", .kind = FIELD_IGNORED,
     .doc = "without effect: a cached prompt changes no bit"},
    {"id_slot", .kind = FIELD_IGNORED, .doc = "without effect: sequences have no fixed places"},
    {"backend_sampling", .kind = FIELD_IGNORED, .doc = "without effect: it is where tokens are drawn"},
    {"samplers", FIELD_READ, AT(samplers), .read = read_samplers,
     .shape = "string[]", .doc = "which samplers act, in llama-server's order; the others are off"},
    {"mirostat", FIELD_REFUSED, .neutral = "0", .doc = "Mirostat; refused"},
    {"typical_p", FIELD_REFUSED, .neutral = "1", .doc = "locally typical sampling; refused"},
    {"dry_multiplier", FIELD_REFUSED, .neutral = "0", .doc = "the DRY sampler; refused"},
    {"xtc_probability", FIELD_REFUSED, .neutral = "0", .doc = "the XTC sampler; refused"},
    {"dynatemp_range", FIELD_REFUSED, .neutral = "0", .doc = "a temperature that varies; refused"},
    {"t_max_predict_ms", FIELD_REFUSED, .neutral = "0", .doc = "a limit of time; refused"},
    {"image_data", FIELD_REFUSED, .neutral = "[]", .doc = "images; refused"},
    /* Accepted at the values that change nothing. */
    {"n_keep", FIELD_REFUSED, .neutral = "0",
     .doc = "tokens kept when the context is full; refused"},
    {"n_discard", FIELD_REFUSED, .neutral = "0",
     .doc = "tokens dropped when the context is full; refused"},
    {"n_indent", FIELD_REFUSED, .neutral = "0", .doc = "least indentation; refused"},
    {"min_keep", FIELD_REFUSED, .neutral = "0", .doc = "least candidates of a sampler; refused"},
    {"repeat_last_n", FIELD_INT, AT(repeat_last_n), .min = -1, .max = INT_MAX,
     .doc = "tokens that penalties look at; all (-1), or no penalty"},
    {"lora", FIELD_REFUSED, .neutral = "[]", .doc = "adapters; refused"},
    {"dry_base", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"dry_allowed_length", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"dry_penalty_last_n", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"dry_sequence_breakers", .kind = FIELD_IGNORED,
     .doc = "of a sampler that is off; without effect"},
    {"xtc_threshold", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"dynatemp_exponent", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"mirostat_tau", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"mirostat_eta", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {"top_n_sigma", FIELD_REFUSED, .neutral = "-1", .doc = "top-n-sigma sampling; refused"},
    {"adaptive_target", FIELD_REFUSED, .neutral = "-1", .doc = "adaptive sampling; refused"},
    {"adaptive_decay", .kind = FIELD_IGNORED, .doc = "of a sampler that is off; without effect"},
    {0},
};

#undef AT
#define AT(field) .offset = offsetof(struct sampling_params, field)
#define REAL(field, lo, hi) FIELD_FLOAT, AT(field), .min = (lo), .max = (hi)
#define WHOLE(field, lo, hi) FIELD_INT, AT(field), .min = (lo), .max = (hi)
static const struct field sampling_rows[] = {
    {"n_predict", WHOLE(engine.max_tokens, -1, INT_MAX),
     .doc = "tokens of the output at most; -1: as many as fit"},
    {"max_tokens", WHOLE(engine.max_tokens, -1, INT_MAX), .doc = "tokens of the output at most"},
    {"temperature", REAL(engine.temperature, 0, 100),
     .doc = "flattens (above 1) or sharpens the distribution; 0 takes the most probable token"},
    {"top_k", WHOLE(engine.top_k, -1, INT_MAX),
     .doc = "only so many of the most probable tokens; 0 and -1: all"},
    {"top_p", REAL(engine.top_p, 1e-6, 1),
     .doc = "only the most probable tokens that together have this share"},
    {"min_p", REAL(engine.min_p, 0, 1),
     .doc = "only tokens with at least this share of the most probable one's probability"},
    {"repeat_penalty", REAL(engine.repetition_penalty, 1e-6, 100),
     .doc = "divides the logits of tokens seen before; 1: none"},
    {"presence_penalty", REAL(engine.presence_penalty, -2, 2),
     .doc = "taken from the logits of tokens in the output"},
    {"frequency_penalty", REAL(engine.frequency_penalty, -2, 2),
     .doc = "taken from the logits of tokens for each time that they are in the output"},
    {"seed", FIELD_READ, .offset = 0, .read = sampling_params_read_llama_seed, .shape = "integer", .doc = "of the draws; -1: a random one"},
    {"stop", FIELD_READ, AT(stop), .read = sampling_params_read_stop,
     .shape = "string|string[]", .doc = "a text, or several, that ends the output"},
    {"ignore_eos", FIELD_BOOL, AT(engine.ignore_eos),
     .doc = "the model's end tokens do not end the output"},
    {"json_schema", FIELD_READ, .offset = 0, .read = output_form_read_llama_schema,
     .shape = "object|boolean|string", .doc = "the output is JSON of this schema"},
    {"grammar", FIELD_READ, .offset = 0, .read = output_form_read_llama_grammar,
     .shape = "string", .doc = "the output is of this grammar (GBNF)"},
    {"stream", FIELD_BOOL, AT(stream), .doc = "each token as it comes, as server-sent events"},
    {"timings_per_token", FIELD_BOOL, AT(timings), .doc = "times in every chunk"},
    {"return_progress", FIELD_BOOL, AT(progress),
     .doc = "a stream says how far its prompt is, in chunks with prompt_progress"},
    {0},
};
const struct field *const llama_completion_fields[] = {rows, sampling_rows, NULL};

/* ---- asking ---- */

void llama_sampling_init(struct engine_sampling *s)
{
    s->temperature = 0.8f;
    s->top_k = 40;
    s->top_p = 0.95f;
    s->min_p = 0.05f;
    s->max_tokens = -1;
}

/* What a list of samplers does not name is off. */
static bool apply_samplers(const struct llama *own, struct engine_sampling *s, struct error *err)
{
    bool all = own->samplers == 0;
    if (!all && (own->samplers & 1u << TOP_K) == 0) s->top_k = 0;
    if (!all && (own->samplers & 1u << TOP_P) == 0) s->top_p = 1;
    if (!all && (own->samplers & 1u << MIN_P) == 0) s->min_p = 0;
    if (!all && (own->samplers & 1u << PENALTIES) == 0) {
        s->repetition_penalty = 1;
        s->presence_penalty = s->frequency_penalty = 0;
    }
    bool penalises =
        s->repetition_penalty != 1 || s->presence_penalty != 0 || s->frequency_penalty != 0;
    if (!penalises || own->repeat_last_n == DEFAULT_LAST_N || own->repeat_last_n == -1) return true;
    return error_set(err, ERROR_UNSUPPORTED, "repeat_last_n",
                     "penalties look at all tokens here (repeat_last_n -1)");
}

static bool words_to_ids(struct completion *c, const char *words, struct id_list *out,
                         struct error *err)
{
    struct tokens ids = {0};
    bool ok = engine_tokenize(c->engine, span_str(words), false, false, &ids, err);
    out->n = (int)ids.n;
    out->ids = ok ? arena_alloc(c->exchange->arena, ids.n + 1, sizeof(*out->ids)) : NULL;
    if (out->ids != NULL && ids.n > 0) memcpy(out->ids, ids.ids, ids.n * sizeof(*out->ids));
    tokens_clear(&ids);
    if (out->ids != NULL) return true;
    return ok ? error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the biases") : false;
}

/* The tokens that an entry is about: an id, as a number or a key of digits, or words, every token of
 * which gets the bias. */
static bool biased_tokens(struct completion *c, const cJSON *entry, const cJSON **bias,
                          struct id_list *out, struct error *err)
{
    struct field_context context = completion_field_context(c);
    const cJSON *what = cJSON_IsArray(entry) ? entry->child : NULL;
    *bias = what != NULL ? what->next : entry;
    if (entry->string != NULL) {
        if (sampling_params_key_id(entry->string, &out->ids[0])) return true;
        return words_to_ids(c, entry->string, out, err);
    }
    if (cJSON_IsString(what) && *bias != NULL) return words_to_ids(c, what->valuestring, out, err);
    if (cJSON_IsNumber(what) && *bias != NULL) {
        return field_read_id(&context, what, &out->ids[0], err);
    }
    return error_set(err, ERROR_INVALID_TYPE, NULL, "logit_bias has pairs of a token and a number");
}

static bool read_bias(struct completion *c, const cJSON *entry, struct error *err)
{
    int one;
    const cJSON *bias;
    struct field_context context = completion_field_context(c);
    struct id_list ids = {&one, 1};
    if (!biased_tokens(c, entry, &bias, &ids, err)) return false;
    for (int i = 0; i < ids.n; i++) {
        if (!sampling_params_add_bias(&c->params.bias, ids.ids[i], bias, &context, err)) {
            return false;
        }
    }
    return true;
}

static bool read_biases(struct completion *c, const cJSON *value, struct error *err)
{
    const cJSON *v;
    if (value == NULL) return true;
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
        field_wrong_type(value, "an object or an array of pairs", err);
        return error_in(err, "logit_bias");
    }
    size_t i = 0;
    cJSON_ArrayForEach(v, value)
    {
        if (!read_bias(c, v, err)) {
            return v->string != NULL ? error_at(err, "logit_bias.%.40s", v->string)
                                     : error_at(err, "logit_bias[%zu]", i);
        }
        i++;
    }
    return true;
}

/* ---- prompts ---- */

static bool is_mixed(const cJSON *list)
{
    bool numbers = false, strings = false;
    const cJSON *v;
    cJSON_ArrayForEach(v, list)
    {
        numbers = numbers || cJSON_IsNumber(v);
        strings = strings || cJSON_IsString(v);
    }
    return numbers && strings;
}

/* {"prompt_string": text}: without pictures and sounds it is its text. */
static bool read_object(struct completion *c, const cJSON *v, struct error *err)
{
    static const struct field object_rows[] = {
        {"prompt_string", FIELD_TEXT, .offset = 0, .required = true, .doc = "the text"},
        {"multimodal_data", .kind = FIELD_REFUSED, .doc = "pictures and sounds; refused"},
        {0},
    };
    struct field_context context = completion_field_context(c);
    context.unknown = NULL; /* a part of a prompt that is not known is no part to leave out */
    struct span text = {0};
    struct field_table table = FIELD_TABLE(object_rows, &text);
    return fields_read(v, &table, 1, &context, err) && completion_prompt_text(c, text, true, err);
}

static bool read_one(struct completion *c, const cJSON *v, struct error *err)
{
    if (cJSON_IsObject(v)) return read_object(c, v, err);
    if (cJSON_IsArray(v)) return completion_prompt_pieces(c, v, true, err);
    if (!cJSON_IsString(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a prompt cannot be %s", json_type_name(v));
    }
    struct span text = json_text(v, c->exchange->arena);
    if (text.p == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the prompt");
    return completion_prompt_text(c, text, true, err);
}

/* The paths of members of the reply, which are kept for its end. */
static bool check_paths(const cJSON *paths, struct error *err)
{
    int i = 0;
    const cJSON *path;
    cJSON_ArrayForEach(path, paths)
    {
        if (!cJSON_IsString(path)) {
            field_wrong_type(path, "a string", err);
            return error_in(err, "response_fields[%d]", i);
        }
        i++;
    }
    return true;
}

static bool read_prompts(struct completion *c, struct error *err)
{
    struct llama *own = c->own;
    const cJSON *prompt = own->prompt, *v;
    size_t i = 0;
    if (prompt == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "prompt", "a prompt is needed");
    }
    if (cJSON_IsArray(prompt) && prompt->child == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "prompt", "the list of prompts is empty");
    }
    own->is_list = cJSON_IsArray(prompt) && !cJSON_IsNumber(prompt->child) && !is_mixed(prompt);
    c->prompts_are_listed = own->is_list;
    if (!own->is_list) return read_one(c, prompt, err) || error_in(err, "prompt");
    cJSON_ArrayForEach(v, prompt)
    {
        if (!read_one(c, v, err)) return error_in(err, "prompt[%zu]", i);
        i++;
    }
    return true;
}

static bool prepare(struct completion *c)
{
    struct llama *own = c->own;
    struct sampling_params *p = &c->params;
    struct error *err = &c->error;
    struct field_table tables[] = {FIELD_TABLE(rows, own), FIELD_TABLE(sampling_rows, p)};
    own->repeat_last_n = DEFAULT_LAST_N;
    llama_sampling_init(&p->engine);
    sampling_params_defaults(p, engine_info(c->engine));
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err) ||
        !apply_samplers(own, &p->engine, err) || !read_biases(c, own->biases, err) ||
        !check_paths(own->response_fields, err)) {
        return false;
    }
    if (own->n_probs > 0) p->logprobs = own->n_probs;
    p->engine.processed = own->post_sampling_probs;
    c->want_tokens = own->n_probs > 0 || own->return_tokens || p->stream;
    return completion_check(c, err) && read_prompts(c, err);
}

/* ---- answering ---- */

static void emit_token(const struct completion *c, int id, struct buffer *out)
{
    struct span s = engine_token_bytes(c->engine, id);
    emit_int(out, "id", id);
    emit_text(out, "token", s);
    emit_array(out, "bytes");
    for (size_t i = 0; i < s.n; i++) {
        emit_int(out, NULL, (unsigned char)s.p[i]);
    }
    emit_close(out, ']');
}

/* Its logarithm by the model, or what it was drawn with. */
static void emit_probability(const struct completion *c, struct token_prob p, struct buffer *out)
{
    const struct llama *own = c->own;
    emit_token(c, p.id, out);
    if (own->post_sampling_probs) {
        emit_float(out, "prob", expf(p.logprob));
    } else {
        emit_float(out, "logprob", p.logprob);
    }
}

static void emit_probabilities(const struct completion *c, const struct choice *choice,
                               struct buffer *out)
{
    const struct llama *own = c->own;
    bool post = own->post_sampling_probs;
    emit_array(out, "completion_probabilities");
    for (size_t i = 0; i < choice->n_records; i++) {
        const struct token_record *t = &choice->records[i];
        emit_object(out, NULL);
        emit_probability(c, t->prob, out);
        emit_array(out, post ? "top_probs" : "top_logprobs");
        for (int k = 0; k < t->n_top; k++) {
            struct token_prob top = choice->tops[t->first_top + (size_t)k];
            if (post && expf(top.logprob) <= 0.0f) continue; /* could not have been drawn */
            emit_object(out, NULL);
            emit_probability(c, top, out);
            emit_close(out, '}');
        }
        emit_close(out, ']');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* A sample's object: what is pending, and at its end all the rest. A stream shows every token. */
static void emit_sample(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct llama *own = c->own;
    bool shows_tokens = own->return_tokens || c->params.stream;
    emit_object(out, NULL);
    emit_int(out, "index", choice->index);
    emit_text(out, "content", buffer_span(&choice->text));
    emit_array(out, "tokens");
    for (size_t i = 0; shows_tokens && i < choice->n_records; i++) {
        emit_int(out, NULL, choice->records[i].prob.id);
    }
    emit_close(out, ']');
    if (own->n_probs > 0) emit_probabilities(c, choice, out);
    emit_bool(out, "stop", choice->done);
    if (choice->done) llama_emit_end(c, choice, out);
    if (c->told != NULL) timings_emit_progress(c->told, out);
    if (!choice->done && c->params.timings) timings_emit(choice, out);
    emit_close(out, '}');
}

/* What stands at "a/b" of object, or NULL. */
static const cJSON *find_path(const cJSON *object, const char *path)
{
    char name[64];
    for (size_t n; object != NULL; path += n + 1) {
        n = strcspn(path, "/");
        if (n >= sizeof(name)) return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        object = json_get(object, name);
        if (path[n] == '\0') break;
    }
    return object;
}

/* Of a finished sample's object only the members that response_fields names, by their paths. */
static void emit_chosen(const cJSON *fields, struct span whole, struct buffer *out)
{
    cJSON *object = json_parse(whole, NULL);
    const cJSON *path;
    emit_object(out, NULL);
    cJSON_ArrayForEach(path, fields)
    {
        const cJSON *found = cJSON_IsString(path) ? find_path(object, path->valuestring) : NULL;
        if (found == NULL) continue;
        emit_name(out, span_str(path->valuestring));
        emit_value(out, NULL, found);
    }
    emit_close(out, '}');
    if (object == NULL) out->failed = true;
    cJSON_Delete(object);
}

static void emit_reply(const struct completion *c, const struct choice *choice, struct buffer *out)
{
    const struct llama *own = c->own;
    const cJSON *fields = own->response_fields;
    if (fields == NULL || fields->child == NULL || !choice->done) {
        emit_sample(c, choice, out);
        return;
    }
    struct buffer whole;
    buffer_init(&whole, EXCHANGE_REPLY_BYTES);
    emit_sample(c, choice, &whole);
    emit_chosen(fields, buffer_span(&whole), out);
    if (whole.failed) out->failed = true;
    buffer_clear(&whole);
}

static void write_whole(struct completion *c, struct buffer *out)
{
    const struct llama *own = c->own;
    if (own->is_list) emit_array(out, NULL);
    for (size_t i = 0; i < c->n_choices; i++) {
        emit_reply(c, completion_choice(c, i), out);
    }
    if (own->is_list) emit_close(out, ']');
}

static void write_chunk(struct completion *c, struct choice *choice)
{
    struct buffer *out = sse_open(c->exchange);
    emit_reply(c, choice, out);
    sse_close(c->exchange);
}

static const struct dialect dialect = {
    .whole = write_whole, .chunk = write_chunk, .tells_progress = true};

void llama_completion_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct llama));
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}
