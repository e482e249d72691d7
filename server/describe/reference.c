/* server/describe/reference.c - every field of every route, for people: docs/fields.md and GET /docs.
 *
 * Both have the routes first, then what queries may have, then each table of fields once, under the
 * routes that read it. The page is plain: no script, no other host, a style sheet of the page at /.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/describe/describe.h"

#include <stdlib.h>
#include <string.h>

#include "server/http/exchange.h"
#include "server/http/router.h"
#include "server/http/state.h"

/* How a kind of document writes what both have. */
struct style {
    const char *head, *routes_head, *route, *routes_tail; /* route: method, path, scopes */
    const char *queries_head, *fields_head;
    const char *table_open, *place, *hidden, *hidden_next, *hidden_end, *between, *table_head, *row,
        *table_tail, *tail;
    void (*text)(const char *text, struct buffer *out); /* escaped */
};

static void scope_names(int scopes, char out[64])
{
    static const char *const names[] = {"infer", "verify", "control", "metrics", "admin"};
    size_t n = 0;
    memcpy(out, "none", 5);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((scopes & 1 << i) == 0) continue;
        n += (size_t)snprintf(out + n, 64 - n, "%s%s", n == 0 ? "" : ", ", names[i]);
    }
}

/* format's %s one after the other are texts, up to NULL. */
static void print(const struct style *s, const char *format, const char *const *texts,
                  struct buffer *out)
{
    for (const char *p = format; *p != '\0';) {
        const char *next = strstr(p, "%s");
        size_t n = next == NULL ? strlen(p) : (size_t)(next - p);
        buffer_add(out, p, n);
        p += n;
        if (next == NULL) continue;
        p += 2;
        s->text(*texts++, out);
    }
}

static void print_routes(const struct style *s, const struct route_table *routes,
                         struct buffer *out)
{
    buffer_add_str(out, s->routes_head);
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *r = &routes->rows[i];
        char scopes[64];
        if (!describe_is_api(r)) continue;
        scope_names(r->scopes, scopes);
        const char *const texts[] = {r->method, r->path, scopes, NULL};
        print(s, s->route, texts, out);
    }
    buffer_add_str(out, s->routes_tail);
}

static bool has_row(const struct field *rows, const char *name)
{
    while (rows->name != NULL && strcmp(rows->name, name) != 0) {
        rows++;
    }
    return rows->name != NULL;
}

/* The fields of rows that a table before it in the list has too: there that one's row counts. */
static void print_hidden(const struct style *s, const struct field *const *list,
                         const struct field *rows, struct buffer *out)
{
    bool first = true;
    for (const struct field *f = rows; f->name != NULL; f++) {
        const struct field *const *t = list;
        while (*t != rows && !has_row(*t, f->name)) {
            t++;
        }
        if (*t == rows) continue;
        const char *const texts[] = {f->name, NULL};
        print(s, first ? s->hidden : s->hidden_next, texts, out);
        first = false;
    }
    if (!first) buffer_add_str(out, s->hidden_end);
}

static void print_places(const struct style *s, const struct route_table *routes,
                         const struct field *rows, struct buffer *out)
{
    bool first = true;
    for (size_t i = 0; i < routes->n; i++) {
        char prefix[64];
        const struct field *const *list;
        const struct route *r = &routes->rows[i];
        if (!describe_find(r, rows, prefix, &list)) continue;
        if (!first) buffer_add_str(out, s->between);
        first = false;
        const char *const texts[] = {r->method, r->path, prefix[0] == '\0' ? "" : ": ", prefix,
                                     NULL};
        print(s, s->place, texts, out);
        print_hidden(s, list, rows, out);
    }
}

static void print_field(const struct style *s, const struct field *f, struct buffer *out)
{
    char type[DESCRIBE_ROOM], range[DESCRIBE_ROOM], use[DESCRIBE_ROOM];
    describe_type(f, type);
    describe_range(f, range);
    describe_use(f, use);
    const char *const texts[] = {f->name, type,
                                 range,   f->fallback == NULL ? "" : f->fallback,
                                 use,     f->doc == NULL ? "" : f->doc,
                                 NULL};
    print(s, s->row, texts, out);
}

static void print_rows(const struct style *s, const struct field *rows, struct buffer *out)
{
    buffer_add_str(out, s->table_head);
    for (const struct field *f = rows; f->name != NULL; f++) {
        print_field(s, f, out);
    }
    buffer_add_str(out, s->table_tail);
}

/* Rows of a query, under the routes that have it; which of the table of queries they are is `at`. */
static void print_query(const struct style *s, const struct route_table *routes, size_t at,
                        struct buffer *out)
{
    bool first = true;
    const struct field *rows = routes->queries[at].rows;
    for (size_t i = 0; i < at; i++) {
        if (routes->queries[i].rows == rows) return;
    }
    buffer_add_str(out, s->table_open);
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *r = &routes->rows[i];
        if (router_query(routes, r) != rows) continue;
        if (!first) buffer_add_str(out, s->between);
        first = false;
        const char *const texts[] = {r->method, r->path, "?", "", NULL};
        print(s, s->place, texts, out);
    }
    print_rows(s, rows, out);
}

static void print_all(const struct style *s, const struct route_table *routes, struct buffer *out)
{
    struct described *all = describe_tables(routes);
    if (all == NULL) {
        out->failed = out->no_memory = true;
        return;
    }
    buffer_add_str(out, s->head);
    print_routes(s, routes, out);
    buffer_add_str(out, s->queries_head);
    for (size_t i = 0; i < routes->n_queries; i++) {
        print_query(s, routes, i, out);
    }
    buffer_add_str(out, s->fields_head);
    for (size_t i = 0; i < all->n_asked; i++) {
        buffer_add_str(out, s->table_open);
        print_places(s, routes, all->tables[i].rows, out);
        print_rows(s, all->tables[i].rows, out);
    }
    buffer_add_str(out, s->tail);
    free(all);
}

/* ---- Markdown ---- */

static void markdown_text(const char *text, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '<' || *text == '*' || *text == '\\') {
            buffer_add_char(out, '\\');
        }
        buffer_add_char(out, *text);
    }
}

static const struct style markdown = {
    .head = "# Every field of every route\n\n"
            "Made from the tables that read requests by `touchstone openapi --markdown`; `make "
            "docs/fields.md` "
            "makes it anew. A table that\nseveral routes read stands once, under all of them; "
            "behind a colon "
            "stands where in the body it is read, and in brackets which of its fields are another "
            "table's there. `null` means absent.\n",
    .routes_head = "\n## Routes\n\n| method | path | scope |\n|---|---|---|\n",
    .route = "| %s | `%s` | %s |\n",
    .routes_tail = "",
    .queries_head = "\n## Queries\n",
    .fields_head = "\n## Fields\n",
    .table_open = "\n**",
    .place = "`%s %s%s%s`",
    .hidden = " (but for `%s`",
    .hidden_next = ", `%s`",
    .hidden_end = ")",
    .between = ", ",
    .table_head = "**\n\n| field | type | range | default | use | |\n|---|---|---|---|---|---|\n",
    .row = "| `%s` | %s | %s | %s | %s | %s |\n",
    .table_tail = "",
    .tail = "",
    .text = markdown_text,
};

void describe_markdown(const struct route_table *routes, struct buffer *out)
{
    print_all(&markdown, routes, out);
}

/* ---- the page ---- */

static void html_text(const char *text, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            buffer_add_str(out, "&lt;");
            break;
        case '>':
            buffer_add_str(out, "&gt;");
            break;
        case '&':
            buffer_add_str(out, "&amp;");
            break;
        case '"':
            buffer_add_str(out, "&quot;");
            break;
        default:
            buffer_add_char(out, *text);
        }
    }
}

static const struct style html = {
    .head = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"><title>Touchstone: routes and "
            "fields</title><link rel=\"stylesheet\" href=\"/page/page.css\"></head><body><main>"
            "<h1>Routes and fields</h1><p>The same for programs: <a href=\"/openapi.json\">"
            "/openapi.json</a> (OpenAPI 3.1).</p>\n",
    .routes_head = "<h2>Routes</h2><table><thead><tr><th>method</th><th>path</th><th>scope of the "
                   "key</th></tr></thead><tbody>\n",
    .route = "<tr><td>%s</td><td><code>%s</code></td><td>%s</td></tr>\n",
    .routes_tail = "</tbody></table>\n",
    .queries_head = "<h2>Queries</h2>\n",
    .fields_head = "<h2>Fields</h2>\n",
    .table_open = "<details><summary>",
    .place = "<code>%s %s%s%s</code>",
    .hidden = " (but for <code>%s</code>",
    .hidden_next = ", <code>%s</code>",
    .hidden_end = ")",
    .between = ", ",
    .table_head = "</summary><table><thead><tr><th>field</th><th>type</th><th>range</th>"
                  "<th>default</th><th>use</th><th></th></tr></thead><tbody>\n",
    .row = "<tr><td><code>%s</code></td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></"
           "tr>\n",
    .table_tail = "</tbody></table></details>\n",
    .tail = "</main></body></html>\n",
    .text = html_text,
};

static void reply_document(struct exchange *x, const char *media_type, struct buffer *out)
{
    exchange_reply(x, 200, media_type, out);
    exchange_add_header(
        x, "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
    exchange_add_header(x, "X-Content-Type-Options", "nosniff");
    exchange_add_header(x, "Referrer-Policy", "no-referrer");
}

void describe_page_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    print_all(&html, x->server->parts.routes, &out);
    reply_document(x, "text/html; charset=utf-8", &out);
}

void describe_openapi_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    describe_openapi(x->server->parts.routes, &out);
    reply_document(x, "application/json", &out);
}
