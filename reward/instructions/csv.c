/* reward/instructions/csv.c - see csv.h.
 *
 * A field that begins with " goes on to the next single ", line breaks included; "" in it is one;
 * what stands behind its end belongs to it too. Inside other fields " is a character.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/csv.h"

static bool ends_field(const struct csv *c)
{
    return c->at >= c->text.n || c->text.p[c->at] == c->delimiter || c->text.p[c->at] == '\n' ||
           c->text.p[c->at] == '\r';
}

/* What stands between quotation marks, behind out; *n grows. */
static void read_quoted(struct csv *c, char *out, size_t *n)
{
    for (c->at++; c->at < c->text.n; c->at++) {
        bool quote = c->text.p[c->at] == '"';
        bool twice = quote && c->at + 1 < c->text.n && c->text.p[c->at + 1] == '"';
        if (quote && !twice) {
            c->at++;
            return;
        }
        c->at += twice;
        out[(*n)++] = c->text.p[c->at];
    }
}

/* The field at hand, written to out. */
static struct span read_field(struct csv *c, char *out)
{
    size_t n = 0;
    if (c->at < c->text.n && c->text.p[c->at] == '"') read_quoted(c, out, &n);
    while (!ends_field(c)) {
        out[n++] = c->text.p[c->at++];
    }
    return span_of(out, n);
}

bool csv_next(struct csv *c, struct arena *a, struct csv_row *row)
{
    row->n = 0;
    if (c->at >= c->text.n) return false;
    if (c->out == NULL) c->out = arena_alloc(a, c->text.n + 1, 1);
    c->failed = c->out == NULL;
    if (c->failed) return false;
    if (c->text.p[c->at] != '\n' && c->text.p[c->at] != '\r') {
        for (;;) {
            struct span field = read_field(c, c->out);
            if (row->n < CSV_MOST_FIELDS) row->fields[row->n] = field;
            row->n++;
            c->out += field.n;
            if (c->at >= c->text.n || c->text.p[c->at] != c->delimiter) break;
            c->at++;
        }
    }
    if (c->at < c->text.n && c->text.p[c->at] == '\r') c->at++;
    if (c->at < c->text.n && c->text.p[c->at] == '\n') c->at++;
    return true;
}
