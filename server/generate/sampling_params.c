/* server/generate/sampling_params.c - see sampling_params.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/sampling_params.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/emit.h"
#include "base/json.h"
#include "server/generate/bad_words.h"
#include "server/generate/output_form.h"

enum { MAX_BIASES = 65536 };

/* ---- readers ---- */

/* *bytes: of this one and those before it. */
static bool check_stop(const cJSON *v, size_t *bytes, struct error *err)
{
    if (!cJSON_IsString(v)) return field_wrong_type(v, "a string", err);
    size_t n = strlen(v->valuestring);
    *bytes += n;
    if (n == 0) return error_set(err, ERROR_INVALID_VALUE, NULL, "a stop string cannot be empty");
    if (json_has_nul(v)) {
        return error_set(err, ERROR_UNSUPPORTED, NULL, "a stop string cannot hold U+0000");
    }
    if (*bytes <= STOP_MAX_BYTES) return true;
    return error_set(err, ERROR_TOO_LARGE, NULL, "stop strings may have %d bytes in all",
                     STOP_MAX_BYTES);
}

bool sampling_params_read_stop(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err)
{
    struct stop_list *list = out;
    bool one = cJSON_IsString(value);
    if (!one && !cJSON_IsArray(value)) {
        return field_wrong_type(value, "a string or an array of them", err);
    }
    if (one && value->valuestring[0] == '\0') return true; /* asks for nothing */
    size_t n = one ? 1 : (size_t)cJSON_GetArraySize(value), i = 0;
    size_t bytes = 0;
    if (n > STOP_MAX_STRINGS) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "%zu stop strings; at most %d", n,
                         STOP_MAX_STRINGS);
    }
    const char **strings = arena_alloc(context->arena, n + 1, sizeof(*strings));
    if (strings == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for stop strings");
    for (const cJSON *v = one ? value : value->child; i < n; v = v->next, i++) {
        if (!check_stop(v, &bytes, err)) return one ? false : error_in(err, "[%zu]", i);
        strings[i] = v->valuestring;
    }
    list->strings = strings;
    list->n = (int)n;
    return true;
}

bool sampling_params_key_id(const char *key, int *id)
{
    char *end;
    errno = 0;
    long n = strtol(key, &end, 10);
    if (end == key || *end != '\0' || errno != 0 || n < 0 || n > INT_MAX) return false;
    *id = (int)n;
    return true;
}

static bool grow_biases(struct bias_list *list, struct arena *arena, struct error *err)
{
    int room = list->room == 0 ? 16 : list->room * 2;
    if (list->n == MAX_BIASES) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "logit_bias has more than %d tokens",
                         MAX_BIASES);
    }
    struct logit_bias *rows = arena_alloc(arena, (size_t)room, sizeof(*rows));
    if (rows == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for logit_bias");
    if (list->n > 0) memcpy(rows, list->rows, (size_t)list->n * sizeof(*rows));
    list->rows = rows;
    list->room = room;
    return true;
}

bool sampling_params_add_bias(struct bias_list *list, int id, const cJSON *bias,
                              const struct field_context *context, struct error *err)
{
    double b = cJSON_IsFalse(bias)    ? -100.0
               : cJSON_IsNumber(bias) ? bias->valuedouble
                                      : (double)NAN;
    if (id >= context->n_vocab) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "logit_bias: %d is not in the vocabulary of %d tokens", id,
                         context->n_vocab);
    }
    if (!cJSON_IsNumber(bias) && !cJSON_IsFalse(bias)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL,
                         "logit_bias: the bias of token %d must be a number, not %s", id,
                         json_type_name(bias));
    }
    if (!(fabs(b) <= 100.0)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "logit_bias: a bias is from -100 to 100, not %g", b);
    }
    if (list->n == list->room && !grow_biases(list, context->arena, err)) return false;
    list->rows[list->n++] = (struct logit_bias){id, (float)b};
    return true;
}

/* All keys that name no token, up to where the room ends, so that a client sees them at once. */
static bool check_bias_keys(const cJSON *object, int n_vocab, struct error *err)
{
    char bad[160] = "";
    size_t n = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, object)
    {
        int id;
        if (sampling_params_key_id(v->string, &id) && id < n_vocab) continue;
        int wrote =
            snprintf(bad + n, sizeof(bad) - n, "%s\"%.40s\"", n == 0 ? "" : ", ", v->string);
        n += wrote > 0 ? (size_t)wrote : 0;
        if (n >= sizeof(bad)) break;
    }
    if (n == 0) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL,
                     "logit_bias: no token ids below the vocabulary's size of %d: %s", n_vocab,
                     bad);
}

/* An element [50256, -100] of an array. */
static bool read_bias_pair(struct bias_list *list, const cJSON *v,
                           const struct field_context *context, struct error *err)
{
    int id;
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2) {
        return error_set(err, ERROR_INVALID_TYPE, NULL,
                         "logit_bias has pairs of a token id and a number, not %s",
                         json_type_name(v));
    }
    return field_read_id(context, v->child, &id, err) &&
           sampling_params_add_bias(list, id, v->child->next, context, err);
}

/* {"50256": -100, ...} or [[50256, -100], ...] */
bool sampling_params_read_bias(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err)
{
    struct bias_list *list = out;
    bool object = cJSON_IsObject(value);
    const cJSON *v;
    size_t i = 0;
    if (!object && !cJSON_IsArray(value)) {
        return field_wrong_type(value, "an object of token ids", err);
    }
    if (object && !check_bias_keys(value, context->n_vocab, err)) return false;
    cJSON_ArrayForEach(v, value)
    {
        int id = 0;
        bool ok = object ? sampling_params_key_id(v->string, &id) &&
                               sampling_params_add_bias(list, id, v, context, err)
                         : read_bias_pair(list, v, context, err);
        if (!ok) return object ? error_in(err, "%d", id) : error_in(err, "[%zu]", i);
        i++;
    }
    return true;
}

bool sampling_params_read_seed(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err)
{
    struct sampling_params *p = out;
    (void)context;
    char scratch[JSON_NUMBER_ROOM];
    struct digits d;
    if (!json_digits(value, scratch, &d) || !digits_is_whole(&d)) {
        return field_wrong_type(value, "an integer", err);
    }
    if (!digits_int64(&d, &p->seed)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "a seed must be from -9223372036854775808 to 9223372036854775807");
    }
    p->has_seed = p->seed != -1; /* vLLM's and llama-server's word for a random one */
    return true;
}

bool sampling_params_read_llama_seed(const struct field_context *context, const cJSON *value,
                                     void *out, struct error *err)
{
    struct sampling_params *p = out;
    if (!sampling_params_read_seed(context, value, out, err)) return false;
    p->has_seed = p->has_seed && p->seed >= 0;
    return true;
}

static const struct field stream_rows[] = {
    {"include_usage", FIELD_BOOL, .offset = offsetof(struct stream_options, include_usage),
     .doc = "a last chunk with the usage"},
    {"continuous_usage_stats", FIELD_BOOL,
     .offset = offsetof(struct stream_options, continuous_usage),
     .doc = "the usage so far in every chunk"},
    {"include_obfuscation", .kind = FIELD_IGNORED, .doc = "without effect: chunks are not padded"},
    {0},
};
static const struct field *const stream_members[] = {stream_rows, NULL};

/* Log-probabilities are asked for by naming whose. */
static bool read_named(const struct field_context *context, const cJSON *value, struct id_list *ids,
                       int most, int *logprobs, struct error *err)
{
    if (!field_read_ids(context, value, ids, err)) return false;
    if (ids->n > 0 && *logprobs == TOP_ABSENT) *logprobs = 0;
    return ids->n <= most ||
           error_set(err, ERROR_TOO_LARGE, NULL, "%d ids; at most %d", ids->n, most);
}

static bool read_logprob_ids(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err)
{
    struct sampling_params *p = out;
    return read_named(context, value, &p->logprob_ids, 128, &p->logprobs, err);
}

static bool read_prompt_logprob_ids(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err)
{
    struct sampling_params *p = out;
    return read_named(context, value, &p->prompt_logprob_ids, LOGPROBS_MAX, &p->prompt_logprobs,
                      err);
}

static bool read_stream_options(const struct field_context *context, const cJSON *value, void *out,
                                struct error *err)
{
    struct stream_options *o = out;
    struct field_table table = FIELD_TABLE(stream_rows, o);
    if (!cJSON_IsObject(value)) return field_wrong_type(value, "an object", err);
    o->given = true;
    return fields_read(value, &table, 1, context, err);
}

static bool read_choice(const cJSON *value, const char *no, const char *yes, bool *out,
                        struct error *err)
{
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    *out = strcmp(value->valuestring, yes) == 0;
    if (*out || strcmp(value->valuestring, no) == 0) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "\"%.40s\" is neither \"%s\" nor \"%s\"",
                     value->valuestring, no, yes);
}

static bool read_logprobs_mode(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err)
{
    (void)context;
    const char *mode = cJSON_GetStringValue(value); /* vLLM's names are longer */
    if (mode != NULL && strcmp(mode, "raw_logprobs") == 0) return true;
    if (mode == NULL || strcmp(mode, "processed_logprobs") != 0) {
        return read_choice(value, "raw", "processed", out, err);
    }
    *(bool *)out = true;
    return true;
}

static bool read_truncation_side(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err)
{
    (void)context;
    return read_choice(value, "left", "right", out, err);
}

static bool read_cache_salt(const struct field_context *context, const cJSON *value, void *out,
                            struct error *err)
{
    enum { MAX_SALT = 1024 };
    struct span *salt = out;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    *salt = json_text(value, context->arena);
    if (salt->n <= MAX_SALT) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "cache_salt has at most %d bytes", MAX_SALT);
}

/* ---- the table ---- */

#define AT(field) .offset = offsetof(struct sampling_params, field)
#define REAL(field, lo, hi) FIELD_FLOAT, AT(field), .min = (lo), .max = (hi)
#define WHOLE(field, lo, hi) FIELD_INT, AT(field), .min = (lo), .max = (hi)
#define READ(field, reader) FIELD_READ, AT(field), .read = (reader)
#define SMALLEST 1e-6

/* clang-format off */
const struct field sampling_params_rows[] = {
    {"model",               FIELD_TEXT, AT(model), .doc = "its name, or an adapter's"},
    {"lora_path",           FIELD_TEXT, AT(lora), .doc = "an adapter's name, as SGLang has it"},
    {"temperature",         REAL(engine.temperature, 0, 100),
     .doc = "flattens (above 1) or sharpens the distribution; 0 takes the most probable token"},
    {"top_p",               REAL(engine.top_p, SMALLEST, 1),
     .doc = "only the most probable tokens that together have this share"},
    {"top_k",               WHOLE(engine.top_k, -1, INT_MAX),
     .doc = "only so many of the most probable tokens; 0 and -1: all"},
    {"min_p",               REAL(engine.min_p, 0, 1),
     .doc = "only tokens with at least this share of the most probable one's probability"},
    {"repetition_penalty",  REAL(engine.repetition_penalty, SMALLEST, 100),
     .doc = "divides the logits of tokens seen before; 1: none"},
    {"presence_penalty",    REAL(engine.presence_penalty, -2, 2),
     .doc = "taken from the logits of tokens in the output"},
    {"frequency_penalty",   REAL(engine.frequency_penalty, -2, 2),
     .doc = "taken from the logits of tokens for each time that they are in the output"},
    {"logit_bias",          READ(bias, sampling_params_read_bias),
     .shape = "object", .doc = "added to logits, by token id, from -100 (never) to 100"},
    {"seed",                FIELD_READ, .offset = 0, .read = sampling_params_read_seed,
     .shape = "integer", .doc = "of the draws; -1: a random one"},
    {"stop",                READ(stop, sampling_params_read_stop),
     .shape = "string|string[]", .doc = "a text, or several, that ends the output"},
    {"stop_token_ids",      READ(stop_ids, field_read_ids), .shape = "integer[]", .doc = "token ids that end the output"},
    {"allowed_token_ids",   READ(allowed_ids, field_read_ids),
     .shape = "integer[]", .doc = "the only token ids that may come"},
    {"max_tokens",          WHOLE(engine.max_tokens, 0, INT_MAX),
     .doc = "tokens of the output at most"},
    {"n_predict",           WHOLE(engine.max_tokens, -1, INT_MAX),
     .doc = "max_tokens, as llama-server calls it; -1: as many as fit"},
    {"repeat_penalty",      REAL(engine.repetition_penalty, SMALLEST, 100),
     .doc = "repetition_penalty, as llama-server calls it"},
    {"json_schema",         FIELD_READ, .offset = 0, .read = output_form_read_llama_schema,
     .shape = "object|boolean|string", .doc = "the output is JSON of this schema"},
    {"grammar",             FIELD_READ, .offset = 0, .read = output_form_read_llama_grammar,
     .shape = "string", .doc = "the output is of this grammar (GBNF)"},
    {"timings_per_token",   FIELD_BOOL, AT(timings), .doc = "times in every chunk and the reply"},
    {"verbose",             FIELD_BOOL, AT(verbose),
     .doc = "what llama-server's /completion says, in __verbose"},
    {"return_progress",     FIELD_BOOL, AT(progress),
     .doc = "a stream says how far its prompt is, in chunks with prompt_progress"},
    {"cache_prompt",        .kind = FIELD_IGNORED,
     .doc = "without effect: a cached prompt changes no bit"},
    {"id_slot",             .kind = FIELD_IGNORED,
     .doc = "without effect: sequences have no fixed places"},
    {"bad_words",           FIELD_TEXTS, AT(bad_words), .min = 0, .max = BAD_WORDS_MOST,
     .doc = "words that must not come"},
    {"logprob_token_ids",   FIELD_READ, .offset = 0, .read = read_logprob_ids,
     .shape = "integer[]", .doc = "of each token the log-probabilities of these ids, in place of the best ones"},
    {"prompt_logprob_token_ids", FIELD_READ, .offset = 0, .read = read_prompt_logprob_ids,
     .shape = "integer[]", .doc = "of each prompt token's place the log-probabilities of these ids, in place of the best ones"},
    {"min_tokens",          WHOLE(engine.min_tokens, 0, INT_MAX),
     .doc = "no end before so many tokens"},
    {"ignore_eos",          FIELD_BOOL, AT(engine.ignore_eos),
     .doc = "the model's end tokens do not end the output"},
    {"skip_special_tokens", FIELD_BOOL, AT(engine.skip_special_tokens),
     .doc = "special tokens are no part of the text"},
    {"include_stop_str_in_output", FIELD_BOOL, AT(engine.include_stop),
     .doc = "the stop string stays in the text"},
    {"prompt_logprobs",     WHOLE(prompt_logprobs, -1, INT_MAX),
     .doc = "log-probabilities of the prompt's tokens with so many alternatives each; -1: of all"},
    {"logprobs_mode",       READ(engine.processed, read_logprobs_mode),
     .shape = "string", .doc = "raw(_logprobs): the model's own; processed: of the distribution drawn from"},
    {"n",                   WHOLE(n, 1, INT_MAX), .doc = "how many outputs"},
    {"stream",              FIELD_BOOL, AT(stream),
     .doc = "each token as it comes, as server-sent events"},
    {"stream_options",      READ(stream_options, read_stream_options), .members = stream_members,
     .doc = "what the stream tells beside the text"},
    {"return_token_ids",    FIELD_BOOL, AT(return_token_ids), .doc = "token ids beside the text"},
    {"return_tokens_as_token_ids", FIELD_BOOL, AT(tokens_as_ids),
     .doc = "tokens as token_id:N where they would be texts"},
    {"return_weight_versions", FIELD_BOOL, AT(versions),
     .doc = "weight_versions of each sample, also where one version computed all of it"},
    {"truncate_prompt_tokens", WHOLE(truncate_prompt, -1, INT_MAX),
     .doc = "keep so many of the prompt's tokens; -1: as many as fit"},
    {"truncation_side",     READ(truncate_right, read_truncation_side),
     .shape = "string", .doc = "left: the prompt's first tokens are dropped; right: its last"},
    {"priority",            WHOLE(priority, INT_MIN, INT_MAX), .doc = "lower ones go first"},
    {"request_id",          FIELD_TEXT, AT(request_id), .doc = "a name to abort it by"},
    {"cache_salt",          READ(cache_salt, read_cache_salt),
     .shape = "string", .doc = "only requests with the same one share cached prompts"},
    {"response_format",     FIELD_READ, .offset = 0, .read = output_form_read_response_format,
     .shape = "object", .doc = "the form of the output: text, any JSON, JSON of a schema, or structural tags"},
    {"structured_outputs",  FIELD_READ, .offset = 0, .read = output_form_read_structured,
     .members = output_form_members,
     .doc = "the form of the output, as vLLM has it"},
    {"guided_choice",       FIELD_READ, .offset = 0, .read = output_form_read_choices,
     .shape = "string[]", .doc = "the output is one of these texts"}, /* vLLM's older names */
    {"guided_json",       FIELD_READ, .offset = 0, .read = output_form_read_guided_json,
     .shape = "object|boolean|string", .doc = "the output is JSON of this schema"},
    {"guided_regex",      FIELD_READ, .offset = 0, .read = output_form_read_guided_regex,
     .shape = "string", .doc = "the output matches this pattern"},
    {"guided_grammar",    FIELD_READ, .offset = 0, .read = output_form_read_guided_grammar,
     .shape = "string", .doc = "the output is of this grammar"},
    {"regex",             FIELD_READ, .offset = 0, .read = output_form_read_regex,
     .shape = "string", .doc = "the output matches this pattern"}, /* SGLang's */
    {"ebnf",              FIELD_READ, .offset = 0, .read = output_form_read_ebnf,
     .shape = "string", .doc = "the output is of this grammar"},

    /* Without effect, as their contracts say: who asks and what for; where llama-server keeps what;
     * a batch of plain text decodes the same with or without spaces between special tokens; beam
     * search is refused, so is its penalty. */
    {"user", .kind = FIELD_IGNORED, .doc = "who asks; without effect"},
    {"metadata", .kind = FIELD_IGNORED, .doc = "the caller's own; without effect"},
    {"store", .kind = FIELD_IGNORED, .doc = "without effect: nothing is stored"},
    {"service_tier", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"safety_identifier", .kind = FIELD_IGNORED, .doc = "who asks; without effect"},
    {"prompt_cache_key", .kind = FIELD_IGNORED,
     .doc = "without effect: prompts are cached by their tokens"},
    {"prompt_cache_retention", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"session_id", .kind = FIELD_IGNORED, .doc = "without effect"},
    {"guided_decoding_backend", .kind = FIELD_IGNORED,
     .doc = "without effect: forms are kept by this server itself"},
    {"length_penalty", .kind = FIELD_IGNORED,
     .doc = "of beam search, which is refused; without effect"},
    {"spaces_between_special_tokens", .kind = FIELD_IGNORED, .doc = "without effect on plain text"},

    {"use_beam_search",       FIELD_REFUSED, .neutral = "false", .doc = "beam search; refused"},
    {"vllm_xargs",            FIELD_REFUSED, .neutral = "{}",
     .doc = "arguments of plugins; refused"},
    {"repetition_detection", .kind = FIELD_REFUSED, .doc = "ending at repetitions; refused"},
    {"thinking_token_budget", WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "tokens of thoughts at most, then they are closed; -1: as many as come"}, /* vLLM's */
    {"max_thinking_tokens", WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "thinking_token_budget, as SGLang calls it"},
    {"thinking_budget",     WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "thinking_token_budget, as Qwen's API calls it"},
    {"thinking_budget_tokens", WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "thinking_token_budget, as llama-server calls it"},
    {"reasoning_budget",    WHOLE(engine.think_budget, -1, INT_MAX),
     .doc = "thinking_token_budget, as llama-server's setting is called"},
    {"stream_interval",       FIELD_REFUSED, .neutral = "1", .doc = "tokens a chunk; refused"},
    {0},
};
/* clang-format on */

struct field_table sampling_params_table(struct sampling_params *p)
{
    return FIELD_TABLE(sampling_params_rows, p);
}

const void *sampling_params_member(const struct sampling_params *p, const char *name)
{
    if (strcmp(name, "logprobs") == 0) return &p->logprobs;
    for (const struct field *f = sampling_params_rows; f->name != NULL; f++) {
        bool whole = f->kind == FIELD_READ && f->offset == 0; /* its reader writes several */
        if (!whole && f->kind != FIELD_IGNORED && f->kind != FIELD_REFUSED &&
            strcmp(f->name, name) == 0) {
            return (const char *)p + f->offset;
        }
    }
    return NULL;
}

void sampling_params_init(struct sampling_params *p)
{
    *p = (struct sampling_params){.n = 1, .logprobs = TOP_ABSENT, .prompt_logprobs = TOP_ABSENT};
    engine_sampling_init(&p->engine);
}

void sampling_params_defaults(struct sampling_params *p, const struct engine_info *info)
{
    const double *d = info->sampling.value;
    struct engine_sampling *s = &p->engine;
    if (!isnan(d[DEFAULT_TEMPERATURE])) s->temperature = (float)d[DEFAULT_TEMPERATURE];
    if (!isnan(d[DEFAULT_TOP_P])) s->top_p = (float)d[DEFAULT_TOP_P];
    if (!isnan(d[DEFAULT_TOP_K])) s->top_k = (int)d[DEFAULT_TOP_K];
    if (!isnan(d[DEFAULT_MIN_P])) s->min_p = (float)d[DEFAULT_MIN_P];
    if (!isnan(d[DEFAULT_REPETITION_PENALTY])) {
        s->repetition_penalty = (float)d[DEFAULT_REPETITION_PENALTY];
    }
    p->has_seed = info->sampling.seed >= 0;
    p->seed = info->sampling.seed;
}

void sampling_params_emit_defaults(const struct engine_info *info, struct buffer *out)
{
    emit_object(out, "sampling_defaults");
    for (int i = 0; i < SAMPLING_DEFAULTS; i++) {
        double v = info->sampling.value[i];
        if (!isnan(v)) emit_float(out, sampling_default_name((enum sampling_default)i), (float)v);
    }
    if (info->sampling.seed >= 0) emit_int(out, "seed", info->sampling.seed);
    emit_close(out, '}');
}

/* "k most probable" as clients write it, for the engine. */
static bool top_of(int asked, const char *field, int n_vocab, int *k, struct error *err)
{
    *k = asked == TOP_ABSENT ? LOGPROBS_NONE : asked == -1 ? n_vocab : asked;
    if (*k <= LOGPROBS_MAX) return true;
    return error_set(err, ERROR_INVALID_VALUE, field, "%s: at most %d alternatives, not %d", field,
                     LOGPROBS_MAX, *k);
}

static uint64_t random_seed(void)
{
    uint64_t seed = 0;
    ssize_t ignored = getrandom(&seed, sizeof(seed), 0);
    (void)ignored;
    return seed;
}

static bool check_counts(const struct sampling_params *p, int max_n, struct error *err)
{
    if (p->n > max_n) {
        return error_set(err, ERROR_INVALID_VALUE, "n", "n is %d; this server allows %d", p->n,
                         max_n);
    }
    if (p->best_of > max_n) {
        return error_set(err, ERROR_INVALID_VALUE, "best_of",
                         "best_of is %d; this server allows %d", p->best_of, max_n);
    }
    if (p->best_of != 0 && p->best_of < p->n) {
        return error_set(err, ERROR_INVALID_VALUE, "best_of",
                         "best_of is %d, less than n, which is %d", p->best_of, p->n);
    }
    return true;
}

static bool check_stream(const struct sampling_params *p, struct error *err)
{
    if (p->stream_options.given && !p->stream) {
        return error_set(err, ERROR_INVALID_VALUE, "stream_options",
                         "stream_options is only allowed with stream");
    }
    if (p->stream && p->best_of > p->n) {
        return error_set(err, ERROR_UNSUPPORTED, "best_of", "best_of cannot be streamed");
    }
    if (p->stream && p->prompt_logprobs != TOP_ABSENT) {
        return error_set(err, ERROR_UNSUPPORTED, "prompt_logprobs",
                         "prompt_logprobs cannot be streamed");
    }
    return true;
}

static bool check_lengths(const struct engine_sampling *s, struct error *err)
{
    if (s->max_tokens < 0 || s->min_tokens <= s->max_tokens) return true;
    return error_set(err, ERROR_INVALID_VALUE, "min_tokens",
                     "min_tokens is %d, more than max_tokens, which is %d", s->min_tokens,
                     s->max_tokens);
}

bool sampling_params_finish(struct sampling_params *p, int max_n, int n_vocab, struct error *err)
{
    struct engine_sampling *s = &p->engine;
    if (!check_counts(p, max_n, err) || !check_stream(p, err) || !check_lengths(s, err)) {
        return false;
    }
    if (!top_of(p->logprobs, "logprobs", n_vocab, &s->logprobs, err)) return false;
    if (!top_of(p->prompt_logprobs, "prompt_logprobs", n_vocab, &s->prompt_logprobs, err)) {
        return false;
    }
    if (s->top_k < 0) s->top_k = 0; /* both mean: off */
    s->seed = p->has_seed ? (uint64_t)p->seed : random_seed();
    if (p->logprob_ids.n > 0) s->logprobs = p->logprob_ids.n;
    if (p->prompt_logprob_ids.n > 0) s->prompt_logprobs = p->prompt_logprob_ids.n;
    s->prompt_score_ids = p->prompt_logprob_ids.n > 0 ? p->prompt_logprob_ids.ids : NULL;
    s->n_prompt_score_ids = p->prompt_logprob_ids.n;
    s->score_ids = p->logprob_ids.ids;
    s->n_score_ids = p->logprob_ids.n;
    s->stop = p->stop.strings;
    s->n_stop = p->stop.n;
    s->stop_ids = p->stop_ids.ids;
    s->n_stop_ids = p->stop_ids.n;
    s->bias = p->bias.rows;
    s->n_bias = p->bias.n;
    s->allowed_ids = p->allowed_ids.ids; /* an empty list is not NULL: the engine refuses it */
    s->n_allowed = p->allowed_ids.n;
    return true;
}
