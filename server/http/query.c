/* server/http/query.c - see query.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/query.h"

#include <string.h>

#include "base/fields.h"
#include "base/utf8.h"
#include "server/http/exchange.h"
#include "server/http/router.h"
#include "server/http/state.h"

static const struct field nothing[] = {{0}};

bool query_is_nothing(const char *name, const char *value)
{
    return name[0] == '\0' && value == NULL;
}

struct checking {
    struct field_table table;
    struct field_context context;
    const struct exchange *x;
    struct error *err;
    bool fine;
};

static const struct field *row_of(const struct checking *c, const char *name)
{
    for (const struct field *f = c->table.rows; f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0) return f;
    }
    return NULL;
}

struct counting {
    const char *name;
    int n;
};

static enum MHD_Result count(void *cls, enum MHD_ValueKind kind, const char *name,
                             const char *value)
{
    struct counting *c = cls;
    (void)kind;
    (void)value;
    c->n += strcmp(name, c->name) == 0;
    return MHD_YES;
}

/* Which of two would hold is told nowhere. */
static bool is_once(const struct checking *c, const char *name)
{
    struct counting found = {.name = name};
    MHD_get_connection_values(c->x->connection, MHD_GET_ARGUMENT_KIND, count, &found);
    return found.n == 1 || error_set(c->err, ERROR_INVALID_VALUE, name,
                                     "the query has %.60s %d times", name, found.n);
}

struct finding {
    const char *name, *first; /* NULL: not found so far */
};

static enum MHD_Result find(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct finding *f = cls;
    (void)kind;
    (void)value;
    if (strcmp(name, f->name) != 0) return MHD_YES;
    f->first = name;
    return MHD_NO;
}

/* Is this the first argument of its name? */
static bool is_first(const struct checking *c, const char *name)
{
    struct finding found = {.name = name};
    MHD_get_connection_values(c->x->connection, MHD_GET_ARGUMENT_KIND, find, &found);
    return found.first == name;
}

/* With "=" behind it, at least: what would hold without is told nowhere. */
static bool has_value(const struct checking *c, const char *name, const char *value)
{
    return value != NULL || error_set(c->err, ERROR_INVALID_VALUE, name,
                                      "the query has %.60s without a value", name);
}

/* What is no text cannot be told by its name again, in a reply or by whoever wants it back. */
static bool is_text(const struct checking *c, const char *name, const char *value)
{
    bool text = utf8_is_valid(span_str(name)) && (value == NULL || utf8_is_valid(span_str(value)));
    return text || error_set(c->err, ERROR_INVALID_VALUE, name,
                             "the query's argument %.60s is no UTF-8", name);
}

static enum MHD_Result check(void *cls, enum MHD_ValueKind kind, const char *name,
                             const char *value)
{
    struct checking *c = cls;
    const struct field *row = row_of(c, name);
    (void)kind;
    if (query_is_nothing(name, value)) return MHD_YES;
    if (!is_text(c, name, value)) {
        c->fine = false;
    } else if (row == NULL) {
        c->fine = !is_first(c, name) || fields_unknown(&c->table, 1, name, &c->context, c->err);
    } else {
        c->fine = row->kind == FIELD_IGNORED || (is_once(c, name) && has_value(c, name, value));
    }
    return c->fine ? MHD_YES : MHD_NO;
}

bool query_check(struct exchange *x, struct error *err)
{
    const struct field *rows = router_query(x->server->parts.routes, x->route);
    struct checking c = {.table = FIELD_TABLE(rows == NULL ? nothing : rows, NULL),
                         .context = {.unknown = exchange_unknown(x)},
                         .x = x,
                         .err = err,
                         .fine = true};
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, check, &c);
    return c.fine;
}
