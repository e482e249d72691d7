/* server/generate/sampling_params.c - see sampling_params.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/sampling_params.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/json.h"
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

/* One bias, which false makes a prohibition, as llama-server has it. */
static bool add_bias(struct bias_list *list, double id, const cJSON *bias, int n_vocab,
                     struct error *err)
{
    double b = cJSON_IsFalse(bias) ? -100.0 : bias == NULL ? (double)NAN : bias->valuedouble;
    if (!(id >= 0 && id < n_vocab) || id != floor(id)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "logit_bias: %g is no token id below %d",
                         id, n_vocab);
    }
    if (!cJSON_IsNumber(bias) && !cJSON_IsFalse(bias)) return field_wrong_type(bias, "numbers", err);
    if (!(fabs(b) <= 100.0)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "logit_bias: a bias is from -100 to 100, not %g", b);
    }
    list->rows[list->n++] = (struct logit_bias){(int)id, (float)b};
    return true;
}

/* A member "50256": -100 of an object, or an element [50256, -100] of an array. */
static bool read_one_bias(struct bias_list *list, const cJSON *v, int n_vocab, struct error *err)
{
    if (v->string != NULL) {
        char *end;
        long id = strtol(v->string, &end, 10);
        if (end != v->string && *end == '\0') return add_bias(list, (double)id, v, n_vocab, err);
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "logit_bias: \"%.40s\" is no token id below %d", v->string, n_vocab);
    }
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2 || !cJSON_IsNumber(v->child)) {
        return field_wrong_type(v, "pairs of a token id and a number", err);
    }
    return add_bias(list, v->child->valuedouble, v->child->next, n_vocab, err);
}

/* {"50256": -100, ...} or [[50256, -100], ...] */
bool sampling_params_read_bias(const struct field_context *context, const cJSON *value, void *out,
                               struct error *err)
{
    struct bias_list *list = out;
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
        return field_wrong_type(value, "an object of token ids", err);
    }
    size_t n = (size_t)cJSON_GetArraySize(value);
    if (n > MAX_BIASES) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "%zu biases; at most %d", n, MAX_BIASES);
    }
    list->rows = arena_alloc(context->arena, n + 1, sizeof(*list->rows));
    if (list->rows == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the biases");
    }
    const cJSON *v;
    cJSON_ArrayForEach(v, value)
    {
        if (!read_one_bias(list, v, context->n_vocab, err)) return false;
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

static bool read_stream_options(const struct field_context *context, const cJSON *value, void *out,
                                struct error *err)
{
    struct stream_options *o = out;
    static const struct field rows[] = {
        {"include_usage", FIELD_BOOL, .offset = offsetof(struct stream_options, include_usage)},
        {"continuous_usage_stats", FIELD_BOOL,
         .offset = offsetof(struct stream_options, continuous_usage)},
        {"include_obfuscation", .kind = FIELD_IGNORED},
        {0},
    };
    struct field_table table = FIELD_TABLE(rows, o);
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
    if (mode == NULL || strcmp(mode, "processed_logprobs") != 0)
        return read_choice(value, "raw", "processed", out, err);
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
static const struct field rows[] = {
    {"model",               FIELD_TEXT, AT(model)},
    {"temperature",         REAL(engine.temperature, 0, 100)},
    {"top_p",               REAL(engine.top_p, SMALLEST, 1)},
    {"top_k",               WHOLE(engine.top_k, -1, INT_MAX)},
    {"min_p",               REAL(engine.min_p, 0, 1)},
    {"repetition_penalty",  REAL(engine.repetition_penalty, SMALLEST, 100)},
    {"presence_penalty",    REAL(engine.presence_penalty, -2, 2)},
    {"frequency_penalty",   REAL(engine.frequency_penalty, -2, 2)},
    {"logit_bias",          READ(bias, sampling_params_read_bias)},
    {"seed",                FIELD_READ, .offset = 0, .read = sampling_params_read_seed},
    {"stop",                READ(stop, sampling_params_read_stop)},
    {"stop_token_ids",      READ(stop_ids, field_read_ids)},
    {"allowed_token_ids",   READ(allowed_ids, field_read_ids)},
    {"max_tokens",          WHOLE(engine.max_tokens, 0, INT_MAX)},
    {"min_tokens",          WHOLE(engine.min_tokens, 0, INT_MAX)},
    {"ignore_eos",          FIELD_BOOL, AT(engine.ignore_eos)},
    {"skip_special_tokens", FIELD_BOOL, AT(engine.skip_special_tokens)},
    {"include_stop_str_in_output", FIELD_BOOL, AT(engine.include_stop)},
    {"prompt_logprobs",     WHOLE(prompt_logprobs, -1, INT_MAX)},
    {"logprobs_mode",       READ(engine.processed, read_logprobs_mode)},
    {"n",                   WHOLE(n, 1, INT_MAX)},
    {"stream",              FIELD_BOOL, AT(stream)},
    {"stream_options",      READ(stream_options, read_stream_options)},
    {"return_token_ids",    FIELD_BOOL, AT(return_token_ids)},
    {"return_tokens_as_token_ids", FIELD_BOOL, AT(tokens_as_ids)},
    {"truncate_prompt_tokens", WHOLE(truncate_prompt, -1, INT_MAX)},
    {"truncation_side",     READ(truncate_right, read_truncation_side)},
    {"priority",            WHOLE(priority, INT_MIN, INT_MAX)},
    {"request_id",          FIELD_TEXT, AT(request_id)},
    {"cache_salt",          READ(cache_salt, read_cache_salt)},
    {"response_format",     FIELD_READ, .offset = 0, .read = output_form_read_response_format},
    {"structured_outputs",  FIELD_READ, .offset = 0, .read = output_form_read_structured},
    {"guided_choice",       FIELD_READ, .offset = 0, .read = output_form_read_choices}, /* vLLM's older names */
    {"guided_json",       FIELD_READ, .offset = 0, .read = output_form_read_guided_json},
    {"guided_regex",      FIELD_READ, .offset = 0, .read = output_form_read_guided_regex},
    {"guided_grammar",    FIELD_READ, .offset = 0, .read = output_form_read_guided_grammar},
    {"regex",             FIELD_READ, .offset = 0, .read = output_form_read_regex}, /* SGLang's */
    {"ebnf",              FIELD_READ, .offset = 0, .read = output_form_read_ebnf},

    /* Without effect, as their contracts say: who asks and what for; a batch of plain text
     * decodes the same with or without spaces between special tokens; beam search is refused, so
     * is its penalty. */
    {"user", .kind = FIELD_IGNORED},
    {"metadata", .kind = FIELD_IGNORED},
    {"store", .kind = FIELD_IGNORED},
    {"service_tier", .kind = FIELD_IGNORED},
    {"safety_identifier", .kind = FIELD_IGNORED},
    {"prompt_cache_key", .kind = FIELD_IGNORED},
    {"prompt_cache_retention", .kind = FIELD_IGNORED},
    {"session_id", .kind = FIELD_IGNORED},
    {"length_penalty", .kind = FIELD_IGNORED},
    {"spaces_between_special_tokens", .kind = FIELD_IGNORED},

    {"use_beam_search",       FIELD_REFUSED, .neutral = "false"},
    {"bad_words",             FIELD_REFUSED, .neutral = "[]"},
    {"logprob_token_ids", .kind = FIELD_REFUSED},
    {"vllm_xargs",            FIELD_REFUSED, .neutral = "{}"},
    {"repetition_detection", .kind = FIELD_REFUSED},
    {"thinking_token_budget", .kind = FIELD_REFUSED},
    {"stream_interval",       FIELD_REFUSED, .neutral = "1"},
    {0},
};
/* clang-format on */

struct field_table sampling_params_table(struct sampling_params *p)
{
    return FIELD_TABLE(rows, p);
}

const void *sampling_params_member(const struct sampling_params *p, const char *name)
{
    if (strcmp(name, "logprobs") == 0) return &p->logprobs;
    for (const struct field *f = rows; f->name != NULL; f++) {
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
