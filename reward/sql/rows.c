/* reward/sql/rows.c - see rows.h.
 *
 * Without order, rows are sorted and then compared one by one. With columns in any order, columns
 * are matched that hold the same cells each as often, and the arrangements that leaves are tried
 * one after the other, a bounded number of them (Spider's test suites: result_eq). Nothing is
 * allocated for a trial.
 *
 *   (1) A row's cells lie side by side; rows are sorted as pointers to their first cell.
 *   (2) At most MOST_STEPS partners are chosen. Columns fit as their cells are equal, so those that
 *       fit are classes of as many in both results and no choice leads to a dead end, but for
 *       tolerances.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/sql/rows.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_FREE_COLUMNS = 64,
    MOST_ARRANGEMENTS = 200,
    MOST_STEPS = MOST_ARRANGEMENTS * MOST_FREE_COLUMNS
};

/* ---- packed ---------------------------------------------------------------------------------- */

void rows_pack(struct buffer *out, const struct cell *c)
{
    uint8_t kind = (uint8_t)c->kind;
    buffer_add(out, &kind, sizeof(kind));
    if (c->kind == CELL_INT) buffer_add(out, &c->i, sizeof(c->i));
    if (c->kind == CELL_REAL) buffer_add(out, &c->real, sizeof(c->real));
    if (c->kind == CELL_TEXT || c->kind == CELL_BLOB) {
        uint32_t n = (uint32_t)c->bytes.n;
        buffer_add(out, &n, sizeof(n));
        buffer_add_span(out, c->bytes);
    }
}

static bool take(struct span *rest, void *out, size_t n)
{
    if (rest->n < n) return false;
    memcpy(out, rest->p, n);
    *rest = span_slice(*rest, n, rest->n);
    return true;
}

static bool read_cell(struct span *rest, struct cell *c)
{
    uint8_t kind;
    uint32_t n;
    if (!take(rest, &kind, sizeof(kind)) || kind > CELL_REAL) return false;
    c->kind = (enum cell_kind)kind;
    if (c->kind == CELL_NULL) return true;
    if (c->kind == CELL_INT) return take(rest, &c->i, sizeof(c->i));
    if (c->kind == CELL_REAL) return take(rest, &c->real, sizeof(c->real)) && !isnan(c->real);
    if (!take(rest, &n, sizeof(n)) || rest->n < n) return false;
    c->bytes = span_slice(*rest, 0, n);
    *rest = span_slice(*rest, n, rest->n);
    return true;
}

bool rows_read(struct span packed, size_t columns, size_t n, struct arena *a, struct rows *out)
{
    if (columns > ROWS_MAX_COLUMNS || n > ROWS_MAX_CELLS || columns * n > ROWS_MAX_CELLS) {
        return false;
    }
    struct cell *cells = arena_alloc(a, columns * n + 1, sizeof(*cells));
    for (size_t i = 0; cells != NULL && i < columns * n; i++) {
        if (!read_cell(&packed, &cells[i])) return false;
    }
    *out = (struct rows){.cells = cells, .n = n, .columns = columns};
    return cells != NULL && packed.n == 0;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static bool is_number(const struct cell *c)
{
    return c->kind >= CELL_INT;
}

/* 64 bits of mantissa: whole numbers keep all their digits. */
static long double number(const struct cell *c)
{
    return c->kind == CELL_INT ? (long double)c->i : (long double)c->real;
}

static int order_of_bytes(struct span x, struct span y)
{
    size_t n = x.n < y.n ? x.n : y.n;
    int order = n == 0 ? 0 : memcmp(x.p, y.p, n);
    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

/* Numbers stand behind all else and are alike. */
static int order_beside_numbers(const struct cell *x, const struct cell *y)
{
    int a = is_number(x) ? CELL_INT : (int)x->kind, b = is_number(y) ? CELL_INT : (int)y->kind;
    if (a != b || a == CELL_NULL || a == CELL_INT) return a - b;
    return order_of_bytes(x->bytes, y->bytes);
}

static int order_of_numbers(const struct cell *x, const struct cell *y)
{
    if (!is_number(x) || !is_number(y)) return 0;
    return (number(x) > number(y)) - (number(x) < number(y));
}

static bool same_cell(const struct cell *x, const struct cell *y, const struct rows_comparison *how)
{
    if (!is_number(x) || !is_number(y)) return order_beside_numbers(x, y) == 0;
    if (x->kind == CELL_INT && y->kind == CELL_INT) return x->i == y->i;
    long double a = number(x), b = number(y), gap = a > b ? a - b : b - a;
    if (!(a > b) && !(a < b)) return true;
    if (!isfinite(a) || !isfinite(b)) return false;
    return gap <= how->absolute || gap <= how->relative * (a < 0 ? -a : a);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int order_of_rows(const void *x, const void *y, void *columns)
{
    const struct cell *a = *(const struct cell *const *)x, *b = *(const struct cell *const *)y;
    size_t n = *(const size_t *)columns;
    for (size_t i = 0; i < n; i++) {
        int order = order_beside_numbers(&a[i], &b[i]);
        if (order != 0) return order;
    }
    for (size_t i = 0; i < n; i++) {
        int order = order_of_numbers(&a[i], &b[i]);
        if (order != 0) return order;
    }
    return 0;
}

static bool same_row(const struct cell *x, const struct cell *y, size_t columns,
                     const struct rows_comparison *how)
{
    for (size_t i = 0; i < columns; i++) {
        if (!same_cell(&x[i], &y[i], how)) return false;
    }
    return true;
}

struct listed {
    const struct cell **at;
    size_t n;
};

/* The rows of r as they are compared, in room for all of them. */
static struct listed list_into(const struct cell **room, const struct rows *r,
                               const struct rows_comparison *how)
{
    size_t columns = r->columns, kept = 0;
    struct listed l = {room, r->n};
    for (size_t i = 0; i < r->n; i++) {
        l.at[i] = &r->cells[i * columns];
    }
    assert(r->n == 0 || l.at[r->n - 1] + columns == r->cells + r->n * columns); /* (1) */
    if (!how->ordered || how->distinct) {
        qsort_r(l.at, l.n, sizeof(*l.at), order_of_rows, &columns);
    }
    for (size_t i = 0; how->distinct && i < l.n; i++) {
        if (kept == 0 || !same_row(l.at[kept - 1], l.at[i], columns, how)) l.at[kept++] = l.at[i];
    }
    if (how->distinct) l.n = kept;
    return l;
}

/* at NULL: the arena is full. */
static struct listed list_rows(const struct rows *r, const struct rows_comparison *how,
                               struct arena *a)
{
    const struct cell **room = arena_alloc(a, r->n + 1, sizeof(*room));
    return room == NULL ? (struct listed){NULL, 0} : list_into(room, r, how);
}

static bool same_listed(struct listed p, struct listed q, size_t columns,
                        const struct rows_comparison *how)
{
    if (p.at == NULL || q.at == NULL || p.n != q.n) return false;
    for (size_t i = 0; i < p.n; i++) {
        if (!same_row(p.at[i], q.at[i], columns, how)) return false;
    }
    return true;
}

/* ---- columns in any order -------------------------------------------------------------------- */

struct arranging {
    const struct rows *given;
    const struct rows_comparison *how;
    size_t columns;
    struct listed wanted;
    bool fit[MOST_FREE_COLUMNS][MOST_FREE_COLUMNS]; /* wanted's column, given's */
    struct cell *cells;                             /* the arrangement under trial */
    const struct cell **room;                       /* its rows */
    size_t from[MOST_FREE_COLUMNS];                 /* column i is given's from[i] */
    bool taken[MOST_FREE_COLUMNS];
    int tries, steps;
};

static const struct rows *split_columns(const struct rows *r, struct arena *a)
{
    struct rows *columns = arena_alloc(a, r->columns, sizeof(*columns));
    struct cell *cells = arena_alloc(a, r->n * r->columns + 1, sizeof(*cells));
    if (columns == NULL || cells == NULL) return NULL;
    for (size_t c = 0; c < r->columns; c++) {
        columns[c] = (struct rows){.cells = cells, .n = r->n, .columns = 1};
        for (size_t i = 0; i < r->n; i++) {
            *cells++ = r->cells[i * r->columns + c];
        }
    }
    return columns;
}

/* Has column c partners enough for itself and all that have the same ones? */
static bool is_matched(const struct arranging *g, size_t c)
{
    size_t partners = 0, rivals = 0;
    for (size_t i = 0; i < g->columns; i++) {
        partners += g->fit[c][i];
        rivals += memcmp(g->fit[i], g->fit[c], sizeof(g->fit[c])) == 0;
    }
    return rivals <= partners;
}

/* Which columns hold the same cells each as often. False: some cannot all have partners, or the
 * arena is full. */
static bool find_fits(struct arranging *g, const struct rows *wanted, struct arena *a)
{
    struct rows_comparison alone = *g->how;
    const struct rows *x = split_columns(wanted, a), *y = split_columns(g->given, a);
    struct listed listed[MOST_FREE_COLUMNS];
    if (x == NULL || y == NULL) return false;
    alone.ordered = false;
    for (size_t k = 0; k < g->columns; k++) {
        listed[k] = list_rows(&y[k], &alone, a);
    }
    for (size_t c = 0; c < g->columns; c++) {
        struct listed one = list_rows(&x[c], &alone, a);
        for (size_t k = 0; k < g->columns; k++) {
            g->fit[c][k] = same_listed(one, listed[k], 1, &alone);
        }
    }
    bool all = true;
    for (size_t c = 0; c < g->columns; c++) {
        all = all && is_matched(g, c);
    }
    return all;
}

static bool try_arrangement(struct arranging *g)
{
    for (size_t i = 0; i < g->given->n; i++) {
        for (size_t c = 0; c < g->columns; c++) {
            g->cells[i * g->columns + c] = g->given->cells[i * g->columns + g->from[c]];
        }
    }
    struct rows arranged = {.cells = g->cells, .n = g->given->n, .columns = g->columns};
    g->tries++;
    return same_listed(g->wanted, list_into(g->room, &arranged, g->how), g->columns, g->how);
}

/* Columns before c have their partners. */
static bool arrange(struct arranging *g, size_t c)
{
    if (c == g->columns) return try_arrangement(g);
    for (size_t k = 0; k < g->columns && g->tries < MOST_ARRANGEMENTS; k++) {
        if (g->taken[k] || !g->fit[c][k]) continue;
        if (g->steps == MOST_STEPS) return false;
        g->steps++;
        assert(g->steps <= MOST_STEPS); /* (2) */
        g->taken[k] = true;
        g->from[c] = k;
        if (arrange(g, c + 1)) return true;
        g->taken[k] = false;
    }
    return false;
}

static bool same_rearranged(const struct rows *wanted, const struct rows *given,
                            const struct rows_comparison *how, struct arena *a)
{
    struct arranging g = {.given = given, .how = how, .columns = given->columns};
    assert(wanted->columns == given->columns && wanted->columns <= MOST_FREE_COLUMNS);
    if (!find_fits(&g, wanted, a)) return false;
    g.wanted = list_rows(wanted, how, a);
    g.cells = arena_alloc(a, given->n * given->columns + 1, sizeof(*g.cells));
    g.room = arena_alloc(a, given->n + 1, sizeof(*g.room));
    return g.wanted.at != NULL && g.cells != NULL && g.room != NULL && arrange(&g, 0);
}

bool rows_same(const struct rows *wanted, const struct rows *given,
               const struct rows_comparison *how, struct arena *a)
{
    if (wanted->columns != given->columns) return false;
    if (!how->distinct && wanted->n != given->n) return false;
    struct listed p = list_rows(wanted, how, a), q = list_rows(given, how, a);
    if (same_listed(p, q, wanted->columns, how)) return true;
    return how->any_columns && wanted->columns > 1 && wanted->columns <= MOST_FREE_COLUMNS &&
           same_rearranged(wanted, given, how, a);
}
