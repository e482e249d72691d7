/* server/generate/completion_prompt.c - what a completion is to answer: reading its body, its prompts into
 * tokens.
 *
 * These run in prepare functions, on any thread: they touch the completion, its arena and the
 * engine's tokenizer only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "server/generate/adapters.h"
#include "server/generate/completion.h"
#include "server/generate/logprobs.h"
#include "server/http/state.h"

bool completion_parse(struct completion *c, struct error *err)
{
    if (c->document == NULL) c->document = exchange_parse(c->exchange, err);
    return c->document != NULL;
}

struct field_context completion_field_context(struct completion *c)
{
    return (struct field_context){.arena = c->exchange->arena,
                                  .n_vocab = engine_info(c->engine)->n_vocab,
                                  .unknown = exchange_unknown(c->exchange)};
}

static bool unknown_model(const struct server *s, struct span name, const char *field,
                          struct error *err)
{
    return error_set(err, ERROR_MODEL_NOT_FOUND, field, "no model \"%.*s\" here; this is \"%.80s\"",
                     name.n < 100 ? (int)name.n : 100, name.p, engine_info(s->engine)->name);
}

/* What is wrong with an adapter's folder is told as the request's fault, by its field. */
static bool find_adapter(struct server *s, struct span name, const char *field,
                         struct adapter **out, struct error *err)
{
    if (adapters_find(s->adapters, name, out, err)) return true;
    error_blame_client(err);
    return err->code == ERROR_NO_MEMORY ? false : error_at(err, "%s", field);
}

/* lora_path beside a model, which is the served one's name or says the same. */
static bool check_both(struct server *s, struct span name, struct span lora, struct error *err)
{
    if (name.n == 0 || adapters_base_is(s->adapters, name)) return true;
    struct span behind = adapters_behind_base(s->adapters, name);
    struct span named = behind.n > 0 ? behind : name;
    if (span_eq(named, lora)) return true;
    if (adapters_know(s->adapters, named)) {
        return error_set(err, ERROR_INVALID_VALUE, "lora_path",
                         "model and lora_path contradict each other: they name two adapters");
    }
    return s->o.any_model_name || unknown_model(s, name, "model", err);
}

bool completion_find_model(struct server *s, struct span name, struct span lora,
                           struct adapter **out, struct error *err)
{
    *out = NULL;
    bool is_base = name.n == 0 || adapters_base_is(s->adapters, name);
    if (lora.n > 0) {
        return check_both(s, name, lora, err) && find_adapter(s, lora, "lora_path", out, err) &&
               (*out != NULL || unknown_model(s, lora, "lora_path", err));
    }
    if (is_base) return true;
    struct span behind = adapters_behind_base(s->adapters, name);
    if (!find_adapter(s, name, "model", out, err)) return false;
    if (*out == NULL && behind.n > 0 && !find_adapter(s, behind, "model", out, err)) return false;
    return *out != NULL || s->o.any_model_name || unknown_model(s, name, "model", err);
}

bool completion_check_model(struct server *s, struct span name, struct error *err)
{
    if (name.n == 0 || s->o.any_model_name || adapters_base_is(s->adapters, name)) return true;
    struct span behind = adapters_behind_base(s->adapters, name);
    return adapters_know(s->adapters, name) || adapters_know(s->adapters, behind) ||
           unknown_model(s, name, "model", err);
}

/* The adapter that the request names, if it does. */
static bool take_model(struct completion *c, struct error *err)
{
    struct sampling_params *p = &c->params;
    struct span name = p->lora.n > 0 ? p->lora : p->model;
    engine_adapter_release(p->adapter);
    if (!completion_find_model(c->exchange->server, p->model, p->lora, &p->adapter, err)) {
        return false;
    }
    if (p->adapter == NULL) return true;
    c->adapter_name = arena_str(c->exchange->arena, name);
    return c->adapter_name != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
}

/* A client's own request id replaces ours in the answer's id. */
static bool take_request_id(struct completion *c, struct error *err)
{
    struct span id = c->params.request_id;
    size_t prefix = c->n_prefix;
    if (id.n == 0) return true;
    if (id.n >= sizeof(c->id) - prefix) {
        return error_set(err, ERROR_INVALID_VALUE, "request_id", "an id has at most %zu bytes",
                         sizeof(c->id) - prefix - 1);
    }
    memcpy(c->id + prefix, id.p, id.n);
    c->id[prefix + id.n] = '\0';
    return true;
}

bool completion_read(struct completion *c, const cJSON *object, const struct field_table *tables,
                     size_t n, struct error *err)
{
    struct field_context context = completion_field_context(c);
    for (size_t i = 0; i < n; i++) {
        assert(c->n_tables < COMPLETION_MAX_TABLES);
        bool inner = tables[i].prefix != NULL;
        assert(inner || fields_are_listed(c->exchange->route->fields, tables[i].rows));
        c->tables[c->n_tables] = tables[i];
        c->tables[c->n_tables++].object = object;
    }
    const char *prefix = n > 0 ? tables[0].prefix : NULL;
    size_t before = context.unknown == NULL ? 0 : context.unknown->n;
    bool fine = fields_read(object, tables, n, &context, err);
    if (!fine) return prefix != NULL ? error_in(err, "%s", prefix) : false;
    if (prefix != NULL && context.unknown != NULL) {
        unknown_within(context.unknown, before, "%s", prefix);
    }
    return true;
}

bool completion_fields(struct completion *c, const struct field_table *own, size_t n,
                       struct error *err)
{
    enum { MAX_TABLES = 4 };
    struct field_table tables[MAX_TABLES + 1] = {sampling_params_table(&c->params)};
    for (size_t i = 0; i < n && i < MAX_TABLES; i++) {
        tables[i + 1] = own[i];
    }
    return completion_read(c, c->document, tables, n + 1, err);
}

bool completion_rename(const struct completion *c, struct error *err)
{
    char ours[sizeof(err->param)], theirs[sizeof(err->param)], rest[sizeof(err->param)];
    size_t n = strcspn(err->param, ".[");
    memcpy(ours, err->param, sizeof(ours));
    ours[n] = '\0';
    snprintf(rest, sizeof(rest), "%s", err->param + n);
    const void *at = sampling_params_member(&c->params, ours);
    bool known = at != NULL && fields_name(c->tables, c->n_tables, at, theirs, sizeof(theirs));
    return known ? error_at(err, "%.60s%.34s", theirs, rest) : false;
}

bool completion_check(struct completion *c, struct error *err)
{
    struct server *s = c->exchange->server;
    int n_vocab = engine_info(c->engine)->n_vocab;
    bool ok = take_model(c, err) && take_request_id(c, err) &&
              sampling_params_finish(&c->params, s->o.max_choices, n_vocab, err);
    return ok || completion_rename(c, err);
}

/* ---- prompts ---- */

static struct generation *add_prompt(struct completion *c, struct error *err)
{
    int most = c->exchange->server->o.max_prompts;
    if (c->n_prompts >= (size_t)most) {
        error_set(err, ERROR_TOO_LARGE, NULL, "more than %d prompts in one request", most);
        return NULL;
    }
    if (c->n_prompts == c->room_prompts) {
        size_t room = c->room_prompts == 0 ? 1 : c->room_prompts * 4;
        struct generation **grown = mem_grow(c->prompts, room, sizeof(struct generation *), err);
        if (grown == NULL) return NULL;
        c->prompts = grown;
        c->room_prompts = room;
    }
    struct generation *g = generation_new(&completion_calls, c, err);
    if (g != NULL) c->prompts[c->n_prompts++] = g;
    return g;
}

/* -1 keeps as much as fits beside the tokens that shall be generated. */
static size_t tokens_kept(const struct completion *c)
{
    int keep = c->params.truncate_prompt, context = engine_info(c->engine)->context;
    int generate = c->params.engine.max_tokens >= 0 ? c->params.engine.max_tokens : 1;
    if (keep > 0) return (size_t)keep;
    if (keep == 0) return SIZE_MAX;
    return generate < context ? (size_t)(context - generate) : 1;
}

/* Was there anything to cut? */
static bool truncate_prompt(const struct completion *c, struct tokens *t)
{
    size_t keep = tokens_kept(c);
    if (t->n <= keep) return false;
    if (!c->params.truncate_right) memmove(t->ids, t->ids + t->n - keep, keep * sizeof(*t->ids));
    t->n = keep;
    return true;
}

/* The text that ids stand for, in the arena, for echo. */
static bool text_of(struct completion *c, struct generation *g, struct error *err)
{
    struct buffer text;
    buffer_init(&text, (size_t)c->exchange->server->o.max_body_bytes);
    bool ok = engine_detokenize(c->engine, g->ids.ids, g->ids.n, false, &text, err);
    char *copy = ok ? arena_str(c->exchange->arena, buffer_span(&text)) : NULL;
    g->text = span_of(copy, text.n);
    ok = copy != NULL && !text.failed;
    buffer_clear(&text);
    if (ok || err->code != ERROR_NONE) return ok;
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the prompt's text");
}

/* What is echoed is what the model was given, but for a token that the tokenizer put before it. */
static void measure_text(const struct completion *c, struct generation *g)
{
    size_t shown = 0, first = logprobs_token_chars(c->engine, g->ids.ids[0]);
    for (size_t i = 0; i < g->ids.n; i++) {
        shown += logprobs_token_chars(c->engine, g->ids.ids[i]);
    }
    g->text_chars = utf8_count(g->text);
    g->added = shown == g->text_chars + first && first > 0;
}

static bool end_prompt(struct completion *c, struct generation *g, struct error *err)
{
    bool cut = truncate_prompt(c, &g->ids);
    if (g->ids.n > 0) {
        bool shown = c->echo && (cut || g->text.p == NULL);
        if (shown && !text_of(c, g, err)) return false;
        if (c->echo) measure_text(c, g);
        return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, NULL, "the prompt has no tokens");
}

bool completion_prompt_text(struct completion *c, struct span text, bool add_special,
                            struct error *err)
{
    struct generation *g = add_prompt(c, err);
    if (g == NULL) return false;
    g->text = text;
    bool ok = c->params.truncate_prompt != 0
                  ? engine_tokenize(c->engine, text, add_special, true, &g->ids, err)
                  : engine_tokenize_prompt(c->engine, text, add_special, &g->ids, err);
    return ok && end_prompt(c, g, err);
}

bool completion_prompt_ids(struct completion *c, const cJSON *ids, struct error *err)
{
    struct field_context context = completion_field_context(c);
    struct id_list list = {0};
    struct generation *g = add_prompt(c, err);
    if (g == NULL || !field_read_ids(&context, ids, &list, err)) return false;
    g->ids.ids = mem_new((size_t)list.n + 1, sizeof(int), err);
    if (g->ids.ids == NULL) return false;
    memcpy(g->ids.ids, list.ids, (size_t)list.n * sizeof(int));
    g->ids.n = g->ids.room = (size_t)list.n;
    return end_prompt(c, g, err);
}

/* One piece onto g's ids. */
static bool add_piece(struct completion *c, struct generation *g, const cJSON *piece,
                      bool add_special, struct error *err)
{
    struct field_context context = completion_field_context(c);
    int id;
    if (cJSON_IsString(piece)) {
        struct span text = json_text(piece, c->exchange->arena);
        if (text.p == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a prompt");
        return engine_tokenize(c->engine, text, add_special, true, &g->ids, err);
    }
    return field_read_id(&context, piece, &id, err) && tokens_push(&g->ids, id, err);
}

bool completion_prompt_pieces(struct completion *c, const cJSON *pieces, bool add_special,
                              struct error *err)
{
    struct generation *g = add_prompt(c, err);
    size_t i = 0;
    const cJSON *piece;
    if (g == NULL) return false;
    cJSON_ArrayForEach(piece, pieces)
    {
        if (!add_piece(c, g, piece, add_special && i == 0, err)) return error_in(err, "[%zu]", i);
        i++;
    }
    return end_prompt(c, g, err);
}

static bool wrong_prompt(const cJSON *v, struct error *err)
{
    return error_set(err, ERROR_INVALID_TYPE, NULL,
                     "a prompt is a string or an array of token ids, not %s", json_type_name(v));
}

static bool read_prompt(struct completion *c, const cJSON *v, bool add_special, struct error *err)
{
    if (cJSON_IsString(v)) {
        struct span text = json_text(v, c->exchange->arena);
        if (text.p == NULL) {
            return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the prompt");
        }
        return completion_prompt_text(c, text, add_special, err);
    }
    return cJSON_IsArray(v) ? completion_prompt_ids(c, v, err) : wrong_prompt(v, err);
}

/* Prefix what a prompt's reader said with where that prompt stands: field, or field[*i]. */
static bool at_prompt(struct error *err, const char *field, const size_t *i)
{
    return i == NULL ? error_in(err, "%s", field) : error_in(err, "%s[%zu]", field, *i);
}

bool completion_prompt_list(struct completion *c, const cJSON *list, const char *field,
                            bool add_special, struct error *err)
{
    const cJSON *first = cJSON_IsArray(list) ? list->child : NULL;
    if (first == NULL || cJSON_IsString(first) || cJSON_IsArray(first)) {
        return completion_prompts(c, list, field, add_special, err);
    }
    wrong_prompt(first, err);
    return error_in(err, "%s[0]", field);
}

bool completion_prompts(struct completion *c, const cJSON *prompt, const char *field,
                        bool add_special, struct error *err)
{
    if (prompt == NULL) return error_set(err, ERROR_MISSING_FIELD, field, "%s is needed", field);
    const cJSON *first = cJSON_IsArray(prompt) ? prompt->child : NULL;
    bool is_list = cJSON_IsString(first) || cJSON_IsArray(first);
    c->prompt_field = field;
    c->prompts_are_listed = is_list;
    if (cJSON_IsArray(prompt) && first == NULL) {
        return error_set(err, ERROR_INVALID_VALUE, field, "the list of prompts is empty");
    }
    if (!is_list) {
        return read_prompt(c, prompt, add_special, err) || at_prompt(err, field, NULL);
    }
    size_t i = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, prompt)
    {
        if (!read_prompt(c, v, add_special, err)) return at_prompt(err, field, &i);
        i++;
    }
    return true;
}
