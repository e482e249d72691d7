/* server/routes/embeddings.c - texts as vectors: OpenAI's POST /v1/embeddings, Ollama's POST
 * /api/embed and its older /api/embeddings.
 *
 * A request is a completion that wants no token: its prompts take their turns, are computed in the
 * same batches and end as others do. OpenAI's and Ollama's vectors have length 1; the older route
 * of Ollama's gives them as they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/ollama.h"
#include "server/routes/routes.h"

#include <limits.h>

#include "base/clock.h"
#include "base/emit.h"
#include "server/generate/completion.h"
#include "server/generate/embedding.h"
#include "server/http/state.h"

struct embeddings {
    const cJSON *input, *prompt;
    struct embedding_form form;
    int pooling, encoding;
    bool normalises, adds_special, truncates;
};

/* ---- asking ---- */

static const char *const poolings[] = {"auto", "mean", "last", "cls", NULL};
static const char *const encodings[] = {"float", "base64", NULL};
static_assert(POOLING_MEAN == 1 && POOLING_LAST == 2 && POOLING_CLS == 3, "the order of names");

#define AT(field) .offset = offsetof(struct embeddings, field)
#define SHARED(field) .offset = offsetof(struct sampling_params, field)
/* clang-format off */
static const struct field openai_rows[] = {
    {"input", FIELD_VALUE, AT(input), .required = true, .doc = "a text, texts, token ids, or lists of ids"},
    {"dimensions", FIELD_INT, AT(form.dimensions), .min = 1, .max = INT_MAX, .doc = "only the first so many numbers"},
    {"encoding_format", FIELD_CHOICE, AT(encoding), .choices = encodings, .doc = "float: numbers; base64: of their bytes"},
    {"pooling", FIELD_CHOICE, AT(pooling), .choices = poolings, .doc = "what the vector is made of, where it is not as the server is set"},
    {"normalize", FIELD_BOOL, AT(normalises), .doc = "scaled to length 1"},
    {"add_special_tokens", FIELD_BOOL, AT(adds_special), .doc = "with the tokens that the model puts around a text"},
    {0},
};
static const struct field openai_shared_rows[] = {
    {"model", FIELD_TEXT, SHARED(model), .doc = "the model's name, or an adapter's"},
    {"truncate_prompt_tokens", FIELD_INT, SHARED(truncate_prompt), .min = -1, .max = INT_MAX, .doc = "keep so many of each input's tokens; -1: as many as fit"},
    {"priority", FIELD_INT, SHARED(priority), .min = INT_MIN, .max = INT_MAX, .doc = "lower ones go first"},
    {"request_id", FIELD_TEXT, SHARED(request_id), .doc = "a name to abort it by"},
    {"user", .kind = FIELD_IGNORED, .doc = "who asks; without effect"},
    {0},
};
static const struct field ollama_shared_rows[] = {
    {"model", FIELD_TEXT, SHARED(model), .required = true, .doc = "the model's name, with or without :latest, or an adapter's"},
    {"keep_alive", .kind = FIELD_IGNORED, .doc = "the model is never unloaded"},
    {"options", .kind = FIELD_IGNORED, .doc = "of sampling; without effect"},
    {0},
};
static const struct field embed_rows[] = {
    {"input", FIELD_VALUE, AT(input), .doc = "a text or texts; none loads the model"},
    {"truncate", FIELD_BOOL, AT(truncates), .doc = "a text that is too long loses its end; else it is refused"},
    {"dimensions", FIELD_INT, AT(form.dimensions), .min = 0, .max = INT_MAX, .doc = "only the first so many numbers; 0: all"},
    {0},
};
static const struct field older_rows[] = {
    {"prompt", FIELD_VALUE, AT(prompt), .doc = "a text; none loads the model"},
    {0},
};
/* clang-format on */

const struct field *const openai_embeddings_fields[] = {openai_shared_rows, openai_rows, NULL};
const struct field *const ollama_embed_fields[] = {ollama_shared_rows, embed_rows, NULL};
const struct field *const ollama_embeddings_fields[] = {ollama_shared_rows, older_rows, NULL};

/* What they have in common, once the fields were read. */
static bool check(struct completion *c, struct error *err)
{
    struct embeddings *own = c->own;
    const struct engine_info *info = engine_info(c->engine);
    own->form.raw = !own->normalises;
    own->form.base64 = own->encoding == 1;
    c->params.engine.max_tokens = 0;
    c->pooling = own->pooling == 0 ? info->pooling : (enum engine_pooling)own->pooling;
    if (own->form.dimensions > info->n_embd) {
        return error_set(err, ERROR_INVALID_VALUE, "dimensions",
                         "dimensions is %d; this model's embeddings have %d", own->form.dimensions,
                         info->n_embd);
    }
    return completion_check(c, err);
}

static bool read_body(struct completion *c, const struct field *shared, const struct field *rows)
{
    struct embeddings *own = c->own;
    struct field_table tables[] = {FIELD_TABLE(shared, &c->params), FIELD_TABLE(rows, own)};
    own->normalises = own->adds_special = own->truncates = true;
    return completion_parse(c, &c->error) &&
           completion_read(c, c->document, tables, 2, &c->error);
}

static bool prepare_openai(struct completion *c)
{
    struct embeddings *own = c->own;
    return read_body(c, openai_shared_rows, openai_rows) && check(c, &c->error) &&
           completion_prompts(c, own->input, "input", own->adds_special, &c->error);
}

/* Nothing is asked but that the model be there. */
static bool is_nothing(const cJSON *input)
{
    bool empty = cJSON_IsString(input) && input->valuestring[0] == '\0';
    return input == NULL || empty || (cJSON_IsArray(input) && input->child == NULL);
}

static bool prepare_ollama(struct completion *c, const cJSON *input, const char *field)
{
    const struct embeddings *own = c->own;
    c->params.model = ollama_model_name(c->params.model);
    if (own->truncates) c->params.truncate_prompt = -1;
    c->params.truncate_right = true;
    if (!check(c, &c->error)) return false;
    return is_nothing(input) || completion_prompts(c, input, field, true, &c->error);
}

static bool prepare_embed(struct completion *c)
{
    const struct embeddings *own = c->own;
    return read_body(c, ollama_shared_rows, embed_rows) && prepare_ollama(c, own->input, "input");
}

static bool prepare_older(struct completion *c)
{
    struct embeddings *own = c->own;
    if (!read_body(c, ollama_shared_rows, older_rows)) return false;
    own->normalises = false;
    if (own->prompt != NULL && !cJSON_IsString(own->prompt)) {
        return field_wrong_type(own->prompt, "a string", &c->error) ||
               error_at(&c->error, "prompt");
    }
    return prepare_ollama(c, own->prompt, "prompt");
}

/* ---- answering ---- */

/* Was everything computed? An abort ends a prompt without its vector. */
static bool check_all(const struct completion *c, struct error *err)
{
    for (size_t i = 0; i < c->n_prompts; i++) {
        if (c->prompts[i]->embedding != NULL) continue;
        return error_set(err, ERROR_ABORTED, NULL, "the request was aborted");
    }
    return true;
}

static void emit_vector(const struct completion *c, size_t i, const char *key, struct buffer *out)
{
    const struct embeddings *own = c->own;
    float *v = c->prompts[i]->embedding;
    int n = embedding_finish(v, engine_info(c->engine)->n_embd, &own->form);
    embedding_emit(key, v, n, &own->form, out);
}

static void whole_openai(struct completion *c, struct buffer *out)
{
    struct completion_usage usage = completion_usage(c);
    emit_object(out, NULL);
    emit_str(out, "id", c->id);
    emit_str(out, "object", "list");
    emit_int(out, "created", c->created);
    emit_str(out, "model", completion_model(c));
    emit_array(out, "data");
    for (size_t i = 0; i < c->n_prompts; i++) {
        emit_object(out, NULL);
        emit_str(out, "object", "embedding");
        emit_int(out, "index", (int64_t)i);
        emit_vector(c, i, "embedding", out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    emit_object(out, "usage");
    emit_int(out, "prompt_tokens", usage.prompt);
    emit_int(out, "total_tokens", usage.prompt);
    emit_close(out, '}');
    emit_close(out, '}');
}

static void whole_embed(struct completion *c, struct buffer *out)
{
    emit_object(out, NULL);
    emit_str(out, "model", completion_model(c));
    emit_array(out, "embeddings");
    for (size_t i = 0; i < c->n_prompts; i++) {
        emit_vector(c, i, NULL, out);
    }
    emit_close(out, ']');
    emit_int(out, "total_duration", (int64_t)(clock_ns() - c->exchange->started_ns));
    emit_int(out, "load_duration", 0);
    emit_int(out, "prompt_eval_count", completion_usage(c).prompt);
    emit_close(out, '}');
}

static void whole_older(struct completion *c, struct buffer *out)
{
    emit_object(out, NULL);
    if (c->n_prompts > 0) {
        emit_vector(c, 0, "embedding", out);
    } else {
        emit_array(out, "embedding");
        emit_close(out, ']');
    }
    emit_close(out, '}');
}

/* The same without a vector. */
static void nothing(struct completion *c)
{
    c->dialect->whole(c, &c->exchange->reply);
    exchange_reply_json(c->exchange, &c->exchange->reply);
}

static const struct dialect openai = {.check = check_all, .whole = whole_openai};
static const struct dialect embed = {.check = check_all, .whole = whole_embed, .nothing = nothing};
static const struct dialect older = {.check = check_all, .whole = whole_older, .nothing = nothing};

static void handle(struct exchange *x, const struct dialect *dialect, const char *prefix,
                   bool (*prepare)(struct completion *c))
{
    struct completion *c = completion_new(x, dialect, prefix, sizeof(struct embeddings));
    if (c != NULL) completion_run(c, WORK_HEAVY, prepare);
}

void openai_embeddings_handle(struct exchange *x)
{
    handle(x, &openai, "embd-", prepare_openai);
}

void ollama_embed_handle(struct exchange *x)
{
    handle(x, &embed, "", prepare_embed);
}

void ollama_embeddings_handle(struct exchange *x)
{
    handle(x, &older, "", prepare_older);
}
