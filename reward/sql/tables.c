/* reward/sql/tables.c - see tables.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/sql/tables.h"

#include "base/buffer.h"
#include "base/json.h"
#include "reward/row/members.h"

enum { MOST_BYTES = 16 << 20 };

static bool too_large(struct error *err)
{
    return error_set(err, ERROR_TOO_LARGE, NULL, "the database is too large");
}

/* ---- names and values ------------------------------------------------------------------------ */

/* SQLite's text of a statement ends at a NUL: what is behind it would be dropped. p NULL: there was no
 * memory to put one back. */
static bool has_no_nul(struct span text, const char *what, struct error *err)
{
    if (text.p != NULL && !span_has(text, '\0')) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%s must not hold U+0000", what);
}

static void add_quoted(struct buffer *out, struct span text, char mark)
{
    buffer_add_char(out, mark);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == mark) buffer_add_char(out, mark);
        buffer_add_char(out, text.p[i]);
    }
    buffer_add_char(out, mark);
}

static bool add_value(struct buffer *out, const cJSON *v, struct arena *a, struct error *err)
{
    char digits[JSON_NUMBER_ROOM];
    if (v == NULL || cJSON_IsNull(v)) {
        buffer_add_str(out, "NULL");
    } else if (cJSON_IsBool(v)) {
        buffer_add_char(out, cJSON_IsTrue(v) ? '1' : '0');
    } else if (cJSON_IsNumber(v)) {
        buffer_add_span(out, json_number(v, digits));
    } else if (cJSON_IsString(v)) {
        struct span text = json_text(v, a);
        if (!has_no_nul(text, "a cell", err)) return false;
        add_quoted(out, text, '\'');
    } else {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "a cell must be a value, not %s",
                         json_type_name(v));
    }
    return true;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void begin_row(struct buffer *out, struct span table)
{
    buffer_add_str(out, "INSERT INTO ");
    add_quoted(out, table, '"');
    buffer_add_str(out, " VALUES(");
}

/* Columns: names in a list, or the members of an object. */
static bool add_create(struct buffer *out, struct span table, const cJSON *columns, struct arena *a,
                       struct error *err)
{
    const cJSON *c;
    buffer_add_str(out, "CREATE TABLE ");
    add_quoted(out, table, '"');
    cJSON_ArrayForEach(c, columns)
    {
        if (cJSON_IsArray(columns) && !cJSON_IsString(c)) {
            return error_set(err, ERROR_INVALID_TYPE, "columns", "columns must be strings, not %s",
                             json_type_name(c));
        }
        struct span name = cJSON_IsArray(columns) ? json_text(c, a) : json_key(c, a);
        if (!has_no_nul(name, "a column's name", err)) {
            return error_in(err, "%s", cJSON_IsArray(columns) ? "columns" : "[0]");
        }
        buffer_add_char(out, c == columns->child ? '(' : ',');
        add_quoted(out, name, '"');
    }
    buffer_add_str(out, ");\n");
    return cJSON_GetArraySize(columns) > 0 ||
           error_set(err, ERROR_INVALID_VALUE, "columns", "a table needs columns");
}

static bool add_rows(struct buffer *out, struct span table, const cJSON *rows, const cJSON *columns,
                     struct arena *a, struct error *err)
{
    int n = cJSON_GetArraySize(columns), i = 0;
    const cJSON *row, *v;
    cJSON_ArrayForEach(row, rows)
    {
        begin_row(out, table);
        if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != n) {
            error_set(err, ERROR_INVALID_VALUE, NULL, "a row must be a list of %d values", n);
            return error_in(err, "rows[%d]", i);
        }
        cJSON_ArrayForEach(v, row)
        {
            if (v != row->child) buffer_add_char(out, ',');
            if (!add_value(out, v, a, err)) return error_in(err, "rows[%d]", i);
        }
        buffer_add_str(out, ");\n");
        i++;
    }
    return true;
}

static bool add_objects(struct buffer *out, struct span table, const cJSON *list, struct arena *a,
                        struct error *err)
{
    const cJSON *row, *column;
    int i = 0;
    cJSON_ArrayForEach(row, list)
    {
        begin_row(out, table);
        if (!cJSON_IsObject(row)) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "a row must be an object, not %s",
                      json_type_name(row));
            return error_in(err, "[%d]", i);
        }
        struct members m = members_sort(row, a);
        if (m.at == NULL) return too_large(err);
        cJSON_ArrayForEach(column, list->child)
        {
            if (column != list->child->child) buffer_add_char(out, ',');
            const cJSON *v = members_find(&m, column->string);
            if (!add_value(out, v, a, err)) return error_in(err, "[%d]", i);
        }
        buffer_add_str(out, ");\n");
        i++;
    }
    return true;
}

static bool add_table(struct buffer *out, const cJSON *table, struct arena *a, struct error *err)
{
    struct span name = json_key(table, a);
    const cJSON *columns = json_get(table, "columns"), *rows = json_get(table, "rows");
    if (!has_no_nul(name, "a table's name", err)) return false;
    if (cJSON_IsArray(table) && cJSON_IsObject(table->child)) {
        return add_create(out, name, table->child, a, err) && add_objects(out, name, table, a, err);
    }
    if (cJSON_IsObject(table) && cJSON_IsArray(columns) && cJSON_IsArray(rows)) {
        return add_create(out, name, columns, a, err) && add_rows(out, name, rows, columns, a, err);
    }
    return error_set(err, ERROR_INVALID_TYPE, NULL,
                     "a table must be {\"columns\": [], \"rows\": []} or a list of objects");
}

/* ---- the database ---------------------------------------------------------------------------- */

static bool add_script(struct buffer *out, const cJSON *script, struct arena *a, struct error *err)
{
    if (!cJSON_IsString(script)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be texts, not %s",
                         json_type_name(script));
    }
    struct span text = json_text(script, a);
    buffer_add_span(out, text);
    buffer_add_str(out, "\n;\n");
    return has_no_nul(text, "a script", err);
}

/* The i-th of the database's scripts or tables. */
static bool add_part(struct buffer *out, const cJSON *part, int i, bool is_table, struct arena *a,
                     struct error *err)
{
    if (is_table) return add_table(out, part, a, err) || error_in(err, "%s", part->string);
    return add_script(out, part, a, err) || error_in(err, "[%d]", i);
}

bool tables_script(const cJSON *database, struct arena *a, struct span *out, struct error *err)
{
    if (cJSON_IsString(database)) {
        *out = json_text(database, a);
        return has_no_nul(*out, "a script", err);
    }
    if (!cJSON_IsArray(database) && !cJSON_IsObject(database)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL,
                         "must be an SQL script, a list of them, or an object of tables, not %s",
                         json_type_name(database));
    }
    struct buffer b;
    buffer_init(&b, MOST_BYTES);
    bool ok = true;
    const cJSON *part;
    int i = 0;
    cJSON_ArrayForEach(part, database)
    {
        ok = ok && add_part(&b, part, i++, cJSON_IsObject(database), a, err);
    }
    if (ok) {
        char *copy = b.failed ? NULL : arena_str(a, buffer_span(&b));
        *out = span_of(copy, b.n);
        ok = copy != NULL || too_large(err);
    }
    buffer_clear(&b);
    return ok;
}
