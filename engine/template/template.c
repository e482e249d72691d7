/* engine/template/template.c - parsing and rendering, from outside; see template.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/template.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/template/ast.h"
#include "engine/template/eval.h"
#include "engine/template/routines.h"
#include "engine/template/limits.h"
#include "engine/template/parser.h"
#include "engine/template/render.h"

static bool parse(struct template *t, struct span source, struct error *err)
{
    t->arena = arena_new(TEMPLATE_PARSE_BYTES);
    if (t->arena == NULL) {
        return error_set(err, ERROR_NO_MEMORY, "chat_template", "out of memory");
    }
    return lexer_normalise(t->arena, source, &t->source, err) && parser_run(t, err);
}

struct template *template_new(struct span source, struct error *err)
{
    if (source.n > TEMPLATE_MAX_SOURCE) {
        error_set(err, ERROR_TEMPLATE, "chat_template", "the template has %zu bytes; at most %d",
                  source.n, TEMPLATE_MAX_SOURCE);
        return NULL;
    }
    if (!utf8_is_valid(source)) {
        error_set(err, ERROR_TEMPLATE, "chat_template", "the template is not valid UTF-8");
        return NULL;
    }
    struct template *t = mem_new(1, sizeof(*t), err);
    if (t != NULL && !parse(t, source, err)) {
        template_free(t);
        return NULL;
    }
    return t;
}

void template_free(struct template *t)
{
    if (t == NULL) return;
    arena_free(t->arena);
    free(t);
}

struct span template_source(const struct template *t)
{
    return t->source;
}

/* ---- what a template asks ---------------------------------------------------------------------- */

static bool is_name(const struct token *t, const char *name)
{
    return t->kind == TOKEN_NAME && span_is(t->text, name);
}

static bool is_operator(const struct token *t, const char *operator)
{
    return t->kind == TOKEN_OPERATOR && span_is(t->text, operator);
}

/* content is none, message['content'] != None, ... from the token of `content` on. */
static bool compares_with_none(const struct token *t)
{
    if (!(is_name(t, "content") || (t->kind == TOKEN_STRING && span_is(t->text, "content")))) {
        return false;
    }
    t++;
    if (is_operator(t, "]")) t++;
    if (is_name(t, "is")) {
        t++;
        if (is_name(t, "not")) t++;
    } else if (is_operator(t, "==") || is_operator(t, "!=")) {
        t++;
    } else {
        return false;
    }
    return is_name(t, "none") || is_name(t, "None");
}

bool template_asks_for_none(struct span source)
{
    struct arena *a = arena_new(TEMPLATE_PARSE_BYTES);
    struct template_tokens tokens = {0};
    bool found = false;
    if (a == NULL || source.n > TEMPLATE_MAX_SOURCE || !lexer_run(a, source, &tokens, NULL)) {
        tokens.n = 0;
    }
    for (size_t i = 0; i < tokens.n && !found; i++) { /* none of it looks past TOKEN_EOF */
        found = compares_with_none(&tokens.p[i]);
    }
    arena_free(a);
    return found;
}

/* ---- the context ----------------------------------------------------------------------------- */

static bool from_json(struct render *r, const cJSON *json, struct value *out);

/* cJSON keeps numbers as doubles: a whole one below 2^63 is an integer. */
static struct value from_number(const cJSON *json)
{
    int64_t whole;
    char scratch[JSON_NUMBER_ROOM];
    if (!json_is_integer(json)) return value_float(json->valuedouble);
    if (json_int64(json, &whole)) return value_int(whole);
    bool parsed = json->valuestring != NULL; /* a double that we made has no digits to keep */
    return parsed ? value_big(json_number(json, scratch)) : value_float(json->valuedouble);
}

static bool from_array(struct render *r, const cJSON *json, struct value *out)
{
    size_t n = 0, i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        n++;
    }
    struct value *p = render_alloc(r, n, sizeof(*p));
    if (p == NULL) return false;
    cJSON_ArrayForEach(item, json)
    {
        if (!from_json(r, item, &p[i++])) return false;
    }
    *out = value_list(p, n);
    return true;
}

static bool from_object(struct render *r, const cJSON *json, struct value *out)
{
    struct dict *d;
    const cJSON *item;
    if (!dict_new(r, 8, &d)) return false;
    cJSON_ArrayForEach(item, json)
    {
        struct value v;
        if (!from_json(r, item, &v)) return false;
        if (!dict_set(r, d, value_text(span_str(item->string)), v)) return false;
    }
    *out = (struct value){.kind = VALUE_DICT, .dict = d};
    return true;
}

static bool convert(struct render *r, const cJSON *json, struct value *out)
{
    if (cJSON_IsArray(json)) return from_array(r, json, out);
    if (cJSON_IsObject(json)) return from_object(r, json, out);
    if (cJSON_IsString(json)) {
        *out = value_text(json_text(json, r->arena));
        return out->text.p != NULL || render_fail(r, "the messages need too much memory");
    }
    *out = cJSON_IsNumber(json) ? from_number(json)
           : cJSON_IsBool(json) ? value_bool(cJSON_IsTrue(json))
                                : value_none();
    return true;
}

static bool from_json(struct render *r, const cJSON *json, struct value *out)
{
    if (!render_enter(r)) return false;
    bool ok = convert(r, json, out);
    render_leave(r);
    return ok;
}

/* The value of every name the template uses: from the context, else the language's functions. */
static bool bind_globals(struct render *r, const cJSON *context)
{
    const struct template *t = r->template;
    struct value variables;
    r->globals = render_alloc(r, (size_t)t->n_names, sizeof(*r->globals));
    if (r->globals == NULL || !from_object(r, context, &variables)) return false;
    for (int i = 0; i < t->n_names; i++) {
        const struct value *given = dict_find_text(r, variables.dict, t->names[i]);
        const struct routine *x = function_find(t->names[i]);
        if (x != NULL) r->globals[i] = (struct value){.kind = VALUE_FUNCTION, .function = x};
        if (given != NULL) r->globals[i] = *given;
    }
    return true;
}

bool template_render(const struct template *t, const cJSON *context,
                     const struct template_options *options, struct buffer *out, struct error *err)
{
    struct error fault = {0};
    struct text_builder page = {0};
    struct arena *arena = arena_new(TEMPLATE_RENDER_BYTES);
    if (arena == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    struct render r = {.arena = arena,
                       .template = t,
                       .options = options,
                       .err = &fault,
                       .steps = TEMPLATE_MAX_STEPS,
                       .line = 1,
                       .out = &page};
    bool ok = bind_globals(&r, context) && exec_template(&r) && !page.failed;
    if (ok) buffer_add(out, page.p, page.n);
    if (ok && out->no_memory) {
        ok = error_set(&fault, ERROR_NO_MEMORY, NULL, "out of memory for the rendered prompt");
    } else if (ok && out->failed) {
        ok = error_set(&fault, ERROR_TOO_LARGE, NULL,
                       "the rendered prompt has %zu bytes; at most %zu", page.n, out->limit);
    }
    if (!ok && err != NULL) *err = fault;
    arena_free(arena);
    return ok;
}
