/* server/describe/openapi.c - GET /openapi.json: the routes as an OpenAPI 3.1 document.
 *
 * A table of fields is a schema in components, so that what routes share stands once; a body is all
 * of its tables, or, where they are alternatives (ROUTE_EITHER), any of them. What a route answers is
 * likewise all of its tables (struct route_answer), for a stream of each of its events or lines. A
 * dialect's errors are a response there.
 *
 * Source: OpenAPI Specification 3.1.0, whose schemas are JSON Schema 2020-12.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "server/describe/describe.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/emit.h"
#include "base/version.h"
#include "server/http/exchange.h"
#include "server/http/router.h"

/* ---- names ---- */

enum { NAME_ROOM = 192 };

/* The path's letters and digits, and with them where in the body a table stands. */
static void slug(const char *a, const char *b, char *out, size_t room)
{
    size_t n = 0;
    const char *parts[] = {a, b};
    for (int i = 0; i < 2; i++) {
        for (const char *p = parts[i]; *p != '\0' && n + 1 < room; p++) {
            bool plain = ascii_is_plain(p, 1, "_-");
            if (!plain && (n == 0 || out[n - 1] == '.')) continue;
            out[n++] = plain ? *p : '.';
        }
        if (i == 0 && *parts[1] != '\0' && n > 0 && n + 1 < room && out[n - 1] != '.') {
            out[n++] = '.';
        }
    }
    out[n] = '\0';
}

/* A table's name in components: told apart by its number. */
static void table_name(const struct described *all, size_t i, char out[NAME_ROOM])
{
    char words[NAME_ROOM - 8];
    slug(all->tables[i].route->path, all->tables[i].prefix, words, sizeof(words));
    snprintf(out, NAME_ROOM, "%s.%zu", words, i);
}

static void emit_ref(const char *key, const char *where, const char *name, struct buffer *out)
{
    char text[NAME_ROOM + 40];
    snprintf(text, sizeof(text), "#/components/%s/%s", where, name);
    emit_object(out, key);
    emit_str(out, "$ref", text);
    emit_close(out, '}');
}

static void emit_table_ref(const struct described *all, const struct field *rows,
                           struct buffer *out)
{
    char name[NAME_ROOM];
    for (size_t i = 0; i < all->n; i++) {
        if (all->tables[i].rows != rows) continue;
        table_name(all, i, name);
        emit_ref(NULL, "schemas", name, out);
    }
}

/* ---- fields ---- */

/* The tables of an object: all of them. */
static void emit_members(const struct described *all, const struct field *const *tables,
                         struct buffer *out)
{
    emit_array(out, "allOf");
    for (; *tables != NULL; tables++) {
        emit_table_ref(all, *tables, out);
    }
    emit_close(out, ']');
}

/* One alternative of a shape, "integer[][]": n bytes of it. */
static void emit_shape_type(const struct described *all, const struct field *f, const char *shape,
                            size_t n, struct buffer *out)
{
    bool array = n > 2 && shape[n - 1] == ']';
    char name[16];
    if (array) {
        emit_str(out, "type", "array");
        emit_object(out, "items");
        emit_shape_type(all, f, shape, n - 2, out);
        emit_close(out, '}');
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)n, shape);
    emit_str(out, "type", name);
    if (f->members != NULL && strcmp(name, "object") == 0) emit_members(all, f->members, out);
}

static void emit_shape(const struct described *all, const struct field *f, struct buffer *out)
{
    const char *p = f->shape;
    bool several = strchr(p, '|') != NULL;
    if (!several) {
        emit_shape_type(all, f, p, strlen(p), out);
        return;
    }
    emit_array(out, "anyOf");
    while (*p != '\0') {
        size_t n = strcspn(p, "|");
        emit_open(out, '{');
        emit_shape_type(all, f, p, n, out);
        emit_close(out, '}');
        p += n + (p[n] == '|');
    }
    emit_close(out, ']');
}

static void emit_bounds(const struct field *f, struct buffer *out)
{
    emit_double(out, "minimum", f->min);
    emit_double(out, "maximum", f->max);
}

static void emit_number(const struct field *f, const char *type, struct buffer *out)
{
    emit_str(out, "type", type);
    emit_bounds(f, out);
}

static void emit_texts(const struct field *f, struct buffer *out)
{
    emit_str(out, "type", "array");
    emit_object(out, "items");
    emit_str(out, "type", "string");
    emit_close(out, '}');
    emit_double(out, "minItems", f->min);
    emit_double(out, "maxItems", f->max);
}

static void emit_choices(const struct field *f, struct buffer *out)
{
    emit_array(out, "enum");
    for (int i = 0; f->choices[i] != NULL; i++) {
        emit_str(out, NULL, f->choices[i]);
    }
    emit_close(out, ']');
}

static void emit_lists(const struct field *f, struct buffer *out)
{
    if (f->kind == FIELD_NUMBERS) {
        emit_str(out, "type", "array");
        emit_object(out, "items");
        emit_number(f, "number", out);
        emit_close(out, '}');
    } else if (f->kind == FIELD_TEXTS) {
        emit_texts(f, out);
    } else {
        emit_array(out, "anyOf");
        emit_open(out, '{');
        emit_str(out, "type", "string");
        emit_close(out, '}');
        emit_open(out, '{');
        emit_texts(f, out);
        emit_close(out, '}');
        emit_close(out, ']');
    }
}

static void emit_nested(const struct described *all, const struct field *f, struct buffer *out)
{
    if (f->shape != NULL) {
        emit_shape(all, f, out);
    } else if (f->kind == FIELD_ARRAY) {
        emit_str(out, "type", "array");
        emit_object(out, "items");
        if (f->members != NULL) emit_str(out, "type", "object");
        if (f->members != NULL) emit_members(all, f->members, out);
        emit_close(out, '}');
    } else if (f->kind == FIELD_OBJECT || f->members != NULL) {
        emit_str(out, "type", "object");
        if (f->members != NULL) emit_members(all, f->members, out);
    }
}

/* Members of a schema: what values the field takes. */
static void emit_type(const struct described *all, const struct field *f, struct buffer *out)
{
    switch (f->kind) {
    case FIELD_INT:
    case FIELD_INT64:
        emit_number(f, "integer", out);
        break;
    case FIELD_FLOAT:
    case FIELD_DOUBLE:
        emit_number(f, "number", out);
        break;
    case FIELD_BOOL:
        emit_str(out, "type", "boolean");
        break;
    case FIELD_TEXT:
        emit_str(out, "type", "string");
        break;
    case FIELD_CHOICE:
        emit_choices(f, out);
        break;
    case FIELD_TEXTS:
    case FIELD_TEXT_OR_TEXTS:
    case FIELD_NUMBERS:
        emit_lists(f, out);
        break;
    case FIELD_REFUSED:
        if (f->neutral != NULL) emit_json(out, "const", span_str(f->neutral));
        break;
    default:
        emit_nested(all, f, out);
        break;
    }
}

static void emit_field(const struct described *all, const struct field *f, struct buffer *out)
{
    emit_object(out, f->name);
    if (f->doc != NULL) emit_str(out, "description", f->doc);
    emit_type(all, f, out);
    if (f->fallback != NULL) emit_json(out, "default", span_str(f->fallback));
    if (f->kind == FIELD_IGNORED) emit_bool(out, "x-ignored", true);
    if (f->kind == FIELD_REFUSED) emit_bool(out, "x-refused", true);
    emit_close(out, '}');
}

static void emit_table(const struct described *all, size_t i, struct buffer *out)
{
    char name[NAME_ROOM];
    const struct field *rows = all->tables[i].rows;
    bool any_required = false;
    table_name(all, i, name);
    emit_object(out, name);
    emit_str(out, "type", "object");
    emit_object(out, "properties");
    for (const struct field *f = rows; f->name != NULL; f++) {
        if (f->kind != FIELD_OTHERS) emit_field(all, f, out);
        any_required = any_required || f->required;
    }
    emit_close(out, '}');
    if (any_required) emit_array(out, "required");
    for (const struct field *f = rows; any_required && f->name != NULL; f++) {
        if (f->required) emit_str(out, NULL, f->name);
    }
    if (any_required) emit_close(out, ']');
    emit_close(out, '}');
}

/* ---- errors ---- */

static const struct {
    const char *name, *beside; /* the members beside "error" */
} shapes[] = {
    [ERRORS_OPENAI] = {"openai", NULL},       [ERRORS_LLAMA] = {"llama_server", NULL},
    [ERRORS_SGLANG] = {"sglang", "message"},  [ERRORS_DETAIL] = {"detail", "detail"},
    [ERRORS_PISTON] = {"piston", "message"},  [ERRORS_OLLAMA] = {"ollama", NULL},
    [ERRORS_ANTHROPIC] = {"anthropic", NULL},
};
enum { N_SHAPES = sizeof(shapes) / sizeof(shapes[0]) };
static_assert(N_SHAPES == ERRORS_ANTHROPIC + 1, "every dialect's errors are described");

static void emit_typed(const char *key, const char *type, struct buffer *out)
{
    emit_object(out, key);
    emit_str(out, "type", type);
    emit_close(out, '}');
}

static void emit_maybe_text(const char *key, struct buffer *out)
{
    emit_object(out, key);
    emit_json(out, "type", span_str("[\"string\",\"null\"]"));
    emit_close(out, '}');
}

/* The object "error", or Ollama's text with its members beside it. */
static void emit_error_properties(enum error_shape shape, struct buffer *out)
{
    emit_object(out, "properties");
    emit_typed("message", "string", out);
    emit_typed("type", "string", out);
    emit_maybe_text("param", out);
    emit_typed("code", shape == ERRORS_LLAMA ? "integer" : "string", out);
    if (shape == ERRORS_LLAMA) emit_typed("name", "string", out);
    emit_close(out, '}');
}

static void emit_error_schema(enum error_shape shape, struct buffer *out)
{
    emit_str(out, "type", "object");
    emit_json(out, "required", span_str("[\"error\"]"));
    emit_object(out, "properties");
    if (shape == ERRORS_SGLANG) emit_typed("success", "boolean", out);
    if (shape == ERRORS_ANTHROPIC) emit_typed("type", "string", out);
    if (shapes[shape].beside != NULL) emit_typed(shapes[shape].beside, "string", out);
    emit_object(out, "error");
    emit_str(out, "type", shape == ERRORS_OLLAMA ? "string" : "object");
    if (shape != ERRORS_OLLAMA) emit_error_properties(shape, out);
    emit_close(out, '}');
    if (shape == ERRORS_OLLAMA) emit_maybe_text("param", out);
    if (shape == ERRORS_OLLAMA) emit_typed("code", "string", out);
    emit_close(out, '}');
}

static void emit_errors(struct buffer *out)
{
    emit_object(out, "responses");
    for (int i = 0; i < N_SHAPES; i++) {
        emit_object(out, shapes[i].name);
        emit_str(out, "description", "what is wrong; param names the field");
        emit_object(out, "content");
        emit_object(out, "application/json");
        emit_object(out, "schema");
        emit_error_schema((enum error_shape)i, out);
        emit_close(out, '}');
        emit_close(out, '}');
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, '}');
}

/* ---- routes ---- */

static void emit_security(const struct route *r, struct buffer *out)
{
    emit_array(out, "security");
    if (r->scopes != SCOPE_NONE) {
        emit_json(out, NULL, span_str("{\"bearer\":[]}"));
        emit_json(out, NULL, span_str("{\"x_api_key\":[]}"));
    }
    emit_json(out, NULL, span_str("{}")); /* where no key is set */
    emit_close(out, ']');
}

static void emit_body(const struct described *all, const struct route *r, struct buffer *out)
{
    bool either = (r->flags & ROUTE_EITHER) != 0, others = false;
    emit_object(out, "requestBody");
    emit_object(out, "content");
    emit_object(out, "application/json");
    emit_object(out, "schema");
    emit_str(out, "type", "object");
    emit_array(out, either ? "anyOf" : "allOf");
    for (const struct field *const *t = r->fields; *t != NULL; t++) {
        emit_table_ref(all, *t, out);
        for (const struct field *f = *t; f->name != NULL; f++) {
            others = others || f->kind == FIELD_OTHERS;
        }
    }
    emit_close(out, ']');
    if ((r->flags & ROUTE_OWN) != 0 && !either && !others) {
        emit_bool(out, "unevaluatedProperties", false);
    }
    emit_close(out, '}');
    emit_close(out, '}');
    emit_close(out, '}');
    emit_close(out, '}');
}

/* What the query may have; an argument's row is a field's. */
static void emit_query(const struct described *all, const struct field *rows, struct buffer *out)
{
    if (rows == NULL) return;
    emit_array(out, "parameters");
    for (const struct field *f = rows; f->name != NULL; f++) {
        emit_open(out, '{');
        emit_str(out, "name", f->name);
        emit_str(out, "in", "query");
        emit_str(out, "description", f->doc);
        emit_object(out, "schema");
        emit_type(all, f, out);
        if (f->fallback != NULL) emit_json(out, "default", span_str(f->fallback));
        if (f->kind == FIELD_IGNORED) emit_bool(out, "x-ignored", true);
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* ---- answers ---- */

/* One JSON object of these tables. */
static void emit_answer_object(const struct described *all, const struct field *const *tables,
                               struct buffer *out)
{
    emit_str(out, "type", "object");
    emit_members(all, tables, out);
}

/* A list of them. */
static void emit_answer_items(const struct described *all, const struct field *const *tables,
                              struct buffer *out)
{
    emit_str(out, "type", "array");
    emit_object(out, "items");
    emit_answer_object(all, tables, out);
    emit_close(out, '}');
}

/* An object of some tables, or of others (NULL: there are none), or a list of the first kind. */
static void emit_either(const struct described *all, const struct field *const *tables,
                        const struct field *const *others, bool or_list, struct buffer *out)
{
    if (others == NULL && !or_list) {
        emit_answer_object(all, tables, out);
        return;
    }
    emit_array(out, "anyOf");
    emit_open(out, '{');
    emit_answer_object(all, tables, out);
    emit_close(out, '}');
    if (others != NULL) {
        emit_open(out, '{');
        emit_answer_object(all, others, out);
        emit_close(out, '}');
    }
    if (or_list) {
        emit_open(out, '{');
        emit_answer_items(all, tables, out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void emit_answer_schema(const struct described *all, const struct route_answer *a,
                               struct buffer *out)
{
    if (a->alone != NULL) {
        emit_shape(all, &(struct field){.shape = a->alone}, out);
        return;
    }
    if (a->list) {
        emit_answer_items(all, a->whole, out);
        return;
    }
    emit_either(all, a->whole, a->other, a->or_list, out);
}

/* What is sent when all is right. A stream's schema is that of each of its events' data, or lines. */
static void emit_answer(const struct described *all, const struct route_answer *a,
                        struct buffer *out)
{
    if (a == NULL) {
        emit_json(out, "2XX", span_str("{\"description\":\"as asked\"}"));
        return;
    }
    if (a->refuses) return;
    emit_object(out, "2XX");
    emit_str(out, "description",
             a->stream == NULL ? "as asked"
                               : "as asked; of a stream each event's data, or each line, is so");
    emit_object(out, "content");
    emit_object(out, a->media == NULL ? "application/json" : a->media);
    emit_object(out, "schema");
    emit_answer_schema(all, a, out);
    emit_close(out, '}');
    emit_close(out, '}');
    if (a->stream != NULL) {
        emit_object(out, a->stream);
        emit_object(out, "schema");
        emit_either(all, a->chunk, a->other_chunk, false, out);
        emit_close(out, '}');
        emit_close(out, '}');
    }
    emit_close(out, '}');
    emit_close(out, '}');
}

static void emit_operation(const struct described *all, const struct route_table *routes,
                           const struct route *r, struct buffer *out)
{
    char id[NAME_ROOM + 8], path[NAME_ROOM], method[8] = "";
    for (size_t i = 0; r->method[i] != '\0' && i < sizeof(method) - 1; i++) {
        method[i] = (char)(r->method[i] | 32);
    }
    size_t n = strlen(r->path);
    bool slash = n > 1 && r->path[n - 1] == '/'; /* another route than the one without */
    slug(r->path, slash ? "slash" : "", path, sizeof(path));
    snprintf(id, sizeof(id), "%s.%s", method, path);
    emit_object(out, method);
    emit_str(out, "operationId", id);
    emit_array(out, "tags");
    emit_str(out, NULL, shapes[r->errors].name);
    emit_close(out, ']');
    emit_security(r, out);
    emit_query(all, router_query(routes, r), out);
    if (r->fields != NULL && r->fields[0] != NULL) emit_body(all, r, out);
    emit_object(out, "responses");
    emit_answer(all, router_answer(routes, r), out);
    emit_ref("4XX", "responses", shapes[r->errors].name, out);
    emit_ref("5XX", "responses", shapes[r->errors].name, out);
    emit_close(out, '}');
    emit_close(out, '}');
}

static bool same_path(const struct route *a, const struct route *b)
{
    return strcmp(a->path, b->path) == 0;
}

/* All methods of a path, at its first row. */
static void emit_path(const struct described *all, const struct route_table *routes, size_t r,
                      struct buffer *out)
{
    const struct route *first = &routes->rows[r];
    for (size_t i = 0; i < r; i++) {
        if (same_path(&routes->rows[i], first)) return;
    }
    char path[NAME_ROOM];
    size_t n = strlen(first->path);
    bool star = first->path[n - 1] == '*';
    snprintf(path, sizeof(path), "%.*s%s", (int)(star ? n - 1 : n), first->path,
             star ? "{id}" : "");
    emit_object(out, path);
    if (star) {
        emit_json(out, "parameters",
                  span_str("[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
                           "\"schema\":{\"type\":\"string\"}}]"));
    }
    for (size_t i = r; i < routes->n; i++) {
        const struct route *row = &routes->rows[i];
        if (same_path(row, first)) emit_operation(all, routes, row, out);
    }
    emit_close(out, '}');
}

/* ---- the document ---- */

static void emit_components(const struct described *all, struct buffer *out)
{
    emit_object(out, "components");
    emit_object(out, "schemas");
    for (size_t i = 0; i < all->n; i++) {
        emit_table(all, i, out);
    }
    emit_close(out, '}');
    emit_errors(out);
    emit_json(
        out, "securitySchemes",
        span_str("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                 "\"x_api_key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-api-key\"}}"));
    emit_close(out, '}');
}

void describe_openapi(const struct route_table *routes, struct buffer *out)
{
    struct described *all = describe_tables(routes);
    if (all == NULL) {
        out->failed = out->no_memory = true;
        return;
    }
    emit_object(out, NULL);
    emit_str(out, "openapi", "3.1.0");
    emit_object(out, "info");
    emit_str(out, "title", "Touchstone");
    emit_str(out, "version", TOUCHSTONE_VERSION);
    emit_str(
        out, "description",
        "Null means absent. Fields that are not named here are passed over and told in the header "
        "x-ignored-fields, or refused on the server's own routes and with --unknown-fields "
        "refuse.");
    emit_close(out, '}');
    emit_object(out, "paths");
    for (size_t r = 0; r < routes->n; r++) {
        if (describe_is_api(&routes->rows[r])) emit_path(all, routes, r, out);
    }
    emit_close(out, '}');
    emit_components(all, out);
    emit_close(out, '}');
    free(all);
}
