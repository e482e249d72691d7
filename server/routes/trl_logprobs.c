/* server/routes/trl_logprobs.c - POST /get_sequence_logprobs/: a teacher scores finished texts,
 * for TRL's distillation up to 1.10 (trl/scripts/vllm_serve.py).
 *
 * A row is shown for every token after prompt_lengths[i]: the top_logprobs most probable tokens,
 * most probable first. In "json" the token itself follows when it is none of them. In "binary"
 * there are base64 arrays of little-endian float32 and int32, [batch, longest completion,
 * top_logprobs], filled up with -infinity and 0; the token itself stands in arrays of its own.
 * temperature does not matter: the model's own distribution is given, as vLLM does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/http/state.h"

enum { DEFAULT_TOP = 100 };

struct sequence_logprobs {
    const cJSON *sequences, *prompt_lengths;
    int n_top;
    bool binary;
};

/* ---- asking ---- */

static bool read_format(const struct field_context *context, const cJSON *value, void *out,
                        struct error *err)
{
    const char *word = cJSON_GetStringValue(value);
    (void)context;
    *(bool *)out = word != NULL && strcmp(word, "binary") == 0;
    if (*(bool *)out || (word != NULL && strcmp(word, "json") == 0)) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "response_format is \"json\" or \"binary\"");
}

#define AT(field) .offset = offsetof(struct sequence_logprobs, field)
static const struct field rows[] = {
    {"sequences", FIELD_ARRAY, AT(sequences),
     .doc = "token ids of each sequence, prompt and completion"},
    {"prompt_lengths", FIELD_ARRAY, AT(prompt_lengths),
     .doc = "how many of each sequence's tokens are the prompt"},
    {"top_logprobs", FIELD_INT, AT(n_top), .min = 1, .max = LOGPROBS_MAX,
     .doc = "so many alternatives for each token"},
    {"response_format", FIELD_READ, AT(binary), .read = read_format,
     .doc = "json, or binary: base64 of float32 and int32"},
    {0},
};
static const struct field temperature_row[] = {
    {"temperature", FIELD_FLOAT, .offset = offsetof(struct sampling_params, engine.temperature),
     .min = 1e-6, .max = 1e6,
     .doc = "log-probabilities of the distribution at this temperature"},
    {0},
};
const struct field *const trl_logprobs_fields[] = {rows, temperature_row, NULL};

static bool check_lengths(const struct completion *c, const cJSON *lengths, struct error *err)
{
    size_t i = 0;
    const cJSON *v;
    if (lengths == NULL || (size_t)cJSON_GetArraySize(lengths) != c->n_prompts) {
        return error_set(err, ERROR_INVALID_VALUE, "prompt_lengths",
                         "prompt_lengths must have one number for each of the %zu sequences",
                         c->n_prompts);
    }
    cJSON_ArrayForEach(v, lengths)
    {
        double n = cJSON_IsNumber(v) ? v->valuedouble : -1;
        if (!(n >= 0 && n <= (double)c->prompts[i]->ids.n && n == floor(n))) {
            error_set(err, ERROR_INVALID_VALUE, NULL, "must be a whole number from 0 to %zu",
                      c->prompts[i]->ids.n);
            return error_in(err, "prompt_lengths[%zu]", i);
        }
        i++;
    }
    return true;
}

/* Lists of ids: this route takes nothing else for a prompt. */
static bool check_sequences(const cJSON *sequences, struct error *err)
{
    size_t i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, sequences)
    {
        if (!cJSON_IsArray(v)) {
            error_set(err, ERROR_INVALID_TYPE, NULL,
                      "a sequence must be a list of token ids, not %s", json_type_name(v));
            return error_in(err, "sequences[%zu]", i);
        }
        i++;
    }
    return true;
}

static bool prepare(struct completion *c)
{
    struct sequence_logprobs *own = c->own;
    struct error *err = &c->error;
    struct field_table tables[] = {FIELD_TABLE(rows, own),
                                   FIELD_TABLE(temperature_row, &c->params)};
    own->n_top = DEFAULT_TOP;
    if (!completion_parse(c, err) || !completion_read(c, c->document, tables, 2, err)) {
        return false;
    }
    c->params.prompt_logprobs = own->n_top;
    c->params.engine.max_tokens = 0;
    if (!completion_check(c, err) || !check_sequences(own->sequences, err) ||
        !completion_prompts(c, own->sequences, "sequences", false, err)) {
        return false;
    }
    return check_lengths(c, own->prompt_lengths, err);
}

/* ---- what is known of a position ---- */

/* Tokens after the prompt; prompt_lengths was checked. */
static size_t first_of(const struct completion *c, size_t r)
{
    const struct sequence_logprobs *own = c->own;
    assert(r < c->n_prompts);
    return (size_t)cJSON_GetArrayItem(own->prompt_lengths, (int)r)->valuedouble;
}

/* The alternatives at position i, best first; returns how many. The first token of all has none. */
static int alternatives(const struct generation *g, size_t i, const struct token_prob **tops)
{
    int n = 0;
    *tops = g->tops + i * (size_t)g->n_top;
    while (i > 0 && n < g->n_top && (*tops)[n].id >= 0) {
        n++;
    }
    return n;
}

static struct token_prob own_token(const struct generation *g, size_t i)
{
    assert(g->probs != NULL && i < (size_t)g->ids.n);
    struct token_prob p = g->probs[i];
    p.id = g->ids.ids[i];
    return p;
}

/* ---- json ---- */

static void emit_position(const struct generation *g, size_t i, bool ids, struct buffer *out)
{
    const struct token_prob *tops;
    struct token_prob own = own_token(g, i);
    int n = alternatives(g, i, &tops);
    bool shown = i == 0;
    emit_array(out, NULL);
    for (int k = 0; k < n + !shown; k++) {
        struct token_prob p = k < n ? tops[k] : own;
        shown = shown || p.id == own.id;
        if (ids) emit_int(out, NULL, p.id);
        if (!ids) emit_float(out, NULL, p.logprob);
    }
    emit_close(out, ']');
}

static void emit_rows(const struct completion *c, const char *key, bool ids, struct buffer *out)
{
    emit_array(out, key);
    for (size_t r = 0; r < c->n_prompts; r++) {
        emit_array(out, NULL);
        for (size_t i = first_of(c, r); i < c->prompts[r]->ids.n; i++) {
            emit_position(c->prompts[r], i, ids, out);
        }
        emit_close(out, ']');
    }
    emit_close(out, ']');
}

/* ---- binary ---- */

/* One array: of a position `width` values, of which value() gives number k. */
struct array {
    const char *key;
    int width;
    bool own, ids; /* the token itself, or its alternatives; ids, or log-probabilities */
};

static uint32_t bits_of(const struct array *a, struct token_prob p)
{
    uint32_t bits;
    if (a->ids) return (uint32_t)p.id;
    memcpy(&bits, &p.logprob, sizeof(bits));
    return bits;
}

/* Position i of a sequence, or past its end. */
static void add_position(const struct array *a, const struct generation *g, size_t i,
                         struct buffer *out)
{
    const struct token_prob *tops = NULL;
    const struct token_prob none = {.id = 0, .logprob = -INFINITY};
    bool known = i > 0 && i < g->ids.n;
    int n = known ? alternatives(g, i, &tops) : 0;
    for (int k = 0; k < a->width; k++) {
        struct token_prob p = a->own && known ? own_token(g, i) : k < n ? tops[k] : none;
        uint32_t bits = bits_of(a, p);
        buffer_add(out, &bits, sizeof(bits));
    }
}

static size_t longest(const struct completion *c)
{
    size_t most = 0;
    for (size_t r = 0; r < c->n_prompts; r++) {
        size_t n = c->prompts[r]->ids.n - first_of(c, r);
        if (n > most) most = n;
    }
    return most;
}

static void emit_binary(const struct completion *c, const struct array *a, struct buffer *out)
{
    struct buffer bytes;
    size_t n = longest(c);
    buffer_init(&bytes, EXCHANGE_REPLY_BYTES);
    for (size_t r = 0; r < c->n_prompts; r++) {
        size_t first = first_of(c, r);
        for (size_t i = 0; i < n; i++) {
            add_position(a, c->prompts[r], first + i, &bytes);
        }
    }
    emit_base64(out, a->key, buffer_span(&bytes));
    if (bytes.failed) out->failed = true;
    buffer_clear(&bytes);
}

static void write_binary(const struct completion *c, struct buffer *out)
{
    const struct sequence_logprobs *own = c->own;
    const struct array arrays[] = {
        {"logprobs_b64", own->n_top, .own = false, .ids = false},
        {"token_ids_b64", own->n_top, .own = false, .ids = true},
        {"actual_logprobs_b64", 1, .own = true, .ids = false},
        {"actual_token_ids_b64", 1, .own = true, .ids = true},
    };
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        emit_binary(c, &arrays[i], out);
    }
    emit_array(out, "shape");
    emit_int(out, NULL, (int64_t)c->n_prompts);
    emit_int(out, NULL, (int64_t)longest(c));
    emit_int(out, NULL, own->n_top);
    emit_close(out, ']');
    emit_array(out, "completion_lengths");
    for (size_t r = 0; r < c->n_prompts; r++) {
        emit_int(out, NULL, (int64_t)(c->prompts[r]->ids.n - first_of(c, r)));
    }
    emit_close(out, ']');
}

static void write_whole(struct completion *c, struct buffer *out)
{
    const struct sequence_logprobs *own = c->own;
    emit_object(out, NULL);
    if (own->binary) {
        write_binary(c, out);
    } else {
        emit_rows(c, "logprobs", false, out);
        emit_rows(c, "logprob_token_ids", true, out);
    }
    emit_close(out, '}');
}

/* A sequence whose scoring was aborted has no rows, and a part of the batch is of no use. */
static bool check(const struct completion *c, struct error *err)
{
    for (size_t r = 0; r < c->n_prompts; r++) {
        if (c->prompts[r]->probs != NULL) continue;
        return error_set(err, ERROR_ABORTED, NULL,
                         "the scoring was aborted before sequence %zu was done; ask again", r);
    }
    return true;
}

static const struct dialect dialect = {.check = check, .whole = write_whole};

void trl_logprobs_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, &dialect, "", sizeof(struct sequence_logprobs));
    if (c != NULL) completion_run(c, WORK_LIGHT, prepare);
}
