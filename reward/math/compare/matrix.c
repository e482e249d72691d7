/* reward/math/compare/matrix.c - arithmetic of matrices of expressions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/compare/matrix.h"

#include <assert.h>

#include "reward/math/field/rational.h"
#include "reward/math/tree/functions.h"

enum {
    MAX_CELLS = 400,
    MAX_POWER = 8,
    MAX_INVERSE = 4,
    MAX_DETERMINANT = 5,
    MAX_NODES = 1 << 19 /* of what is multiplied out, as a tree */
};

static uint32_t columns(const struct expr *m)
{
    assert(m->kind == E_MATRIX && m->num.exp10 > 0);
    return (uint32_t)m->num.exp10;
}

static uint32_t rows(const struct expr *m)
{
    assert(m->n % columns(m) == 0);
    return m->n / columns(m);
}

static struct expr *blank(struct arena *a, uint32_t r, uint32_t c)
{
    struct expr *m = r * c > MAX_CELLS ? NULL : expr_new(a, E_MATRIX, 0, r * c);
    if (m != NULL) m->num.exp10 = c;
    return m;
}

static const struct expr *add(struct arena *a, const struct expr *x, const struct expr *y)
{
    if (x->kind != E_MATRIX && y->kind != E_MATRIX) return expr_2(a, E_ADD, 0, x, y);
    if (x->kind != E_MATRIX || y->kind != E_MATRIX || x->n != y->n || columns(x) != columns(y)) {
        return NULL;
    }
    struct expr *m = blank(a, rows(x), columns(x));
    for (uint32_t i = 0; m != NULL && i < x->n; i++) {
        if ((m->arg[i] = expr_2(a, E_ADD, 0, x->arg[i], y->arg[i])) == NULL) return NULL;
    }
    return m;
}

/* Every cell of m combined with the scalar s; m itself, when it is a number (a determinant). */
static const struct expr *scale(struct arena *a, enum expr_kind kind, const struct expr *m,
                                const struct expr *s)
{
    if (m->kind != E_MATRIX) return s == NULL ? expr_1(a, kind, 0, m) : expr_2(a, kind, 0, m, s);
    struct expr *out = blank(a, rows(m), columns(m));
    for (uint32_t i = 0; out != NULL && i < m->n; i++) {
        out->arg[i] = s == NULL ? expr_1(a, kind, 0, m->arg[i]) : expr_2(a, kind, 0, m->arg[i], s);
        if (out->arg[i] == NULL) return NULL;
    }
    return out;
}

static const struct expr *multiply(struct arena *a, const struct expr *x, const struct expr *y)
{
    if (x->kind != E_MATRIX) return scale(a, E_MUL, y, x);
    if (y->kind != E_MATRIX) return scale(a, E_MUL, x, y);
    uint32_t n = columns(x), c = columns(y);
    if (n != rows(y)) return NULL;
    struct expr *m = blank(a, rows(x), c);
    for (uint32_t i = 0; m != NULL && i < m->n; i++) {
        struct expr *sum = expr_new(a, E_ADD, 0, n);
        if (sum == NULL) return NULL;
        for (uint32_t k = 0; k < n; k++) {
            if ((sum->arg[k] = expr_2(a, E_MUL, 0, x->arg[i / c * n + k], y->arg[k * c + i % c])) ==
                NULL) {
                return NULL;
            }
        }
        m->arg[i] = n == 1 ? sum->arg[0] : sum;
    }
    return m;
}

/* m without one row and column. */
static const struct expr *without(struct arena *a, const struct expr *m, uint32_t row,
                                  uint32_t column)
{
    uint32_t n = columns(m), k = 0;
    struct expr *out = blank(a, n - 1, n - 1);
    for (uint32_t i = 0; out != NULL && i < m->n; i++) {
        if (i / n != row && i % n != column) out->arg[k++] = m->arg[i];
    }
    assert(out == NULL || k == out->n);
    return out;
}

/* The determinant by the first row. */
static const struct expr *determinant(struct arena *a, const struct expr *m)
{
    uint32_t n = columns(m);
    if (rows(m) != n || n > MAX_DETERMINANT) return NULL;
    if (n == 1) return m->arg[0];
    struct expr *sum = expr_new(a, E_ADD, 0, n);
    if (sum == NULL) return NULL;
    for (uint32_t k = 0; k < n; k++) {
        const struct expr *minor = without(a, m, 0, k);
        if (minor == NULL) return NULL;
        const struct expr *term = expr_2(a, E_MUL, 0, m->arg[k], determinant(a, minor));
        sum->arg[k] = k % 2 == 0 ? term : expr_1(a, E_NEG, 0, term);
        if (sum->arg[k] == NULL) return NULL;
    }
    return sum;
}

/* By cofactors. */
static const struct expr *inverse(struct arena *a, const struct expr *m)
{
    uint32_t n = columns(m);
    const struct expr *d = n > 1 ? determinant(a, m) : NULL;
    struct expr *out = d == NULL || n > MAX_INVERSE ? NULL : blank(a, n, n);
    for (uint32_t i = 0; out != NULL && i < m->n; i++) {
        const struct expr *minor = without(a, m, i % n, i / n);
        const struct expr *c = minor == NULL ? NULL : determinant(a, minor);
        if ((i / n + i % n) % 2 != 0) c = expr_1(a, E_NEG, 0, c);
        if ((out->arg[i] = expr_2(a, E_DIV, 0, c, d)) == NULL) return NULL;
    }
    return out;
}

/* x^e; of a number (a determinant) an ordinary power. */
static const struct expr *power(struct arena *a, const struct expr *x, const struct expr *e)
{
    struct rational r;
    if (x->kind != E_MATRIX) return expr_2(a, E_POW, 0, x, e);
    if (e->kind == E_SYM && span_is(e->text, "T")) { /* transposed */
        struct expr *t = blank(a, columns(x), rows(x));
        for (uint32_t i = 0; t != NULL && i < x->n; i++) {
            t->arg[i % columns(x) * rows(x) + i / columns(x)] = x->arg[i];
        }
        return t;
    }
    if (!rational_of(e, NULL, &r) || r.d != 1 || r.n < -1 || r.n > MAX_POWER || r.n == 0) {
        return NULL;
    }
    if (r.n == -1) return inverse(a, x);
    const struct expr *m = x;
    for (int64_t i = 1; m != NULL && i < r.n; i++) {
        m = multiply(a, m, x);
    }
    return m;
}

/* Cells share what they are made of, so a product of n matrices takes little room and is a tree of 2^n nodes
 * and more, which nobody could walk. Has e at most *left? They are taken from it. */
static bool fits(const struct expr *e, uint32_t *left)
{
    if (*left == 0) return false;
    --*left;
    for (uint32_t i = 0; i < e->n; i++) {
        if (!fits(e->arg[i], left)) return false;
    }
    return true;
}

static const struct expr *expand(struct arena *a, const struct expr *e)
{
    const struct expr *x = e->n > 0 ? matrix_expand(a, e->arg[0]) : NULL, *y = NULL;
    if (x == NULL || (e->n == 2 && (y = matrix_expand(a, e->arg[1])) == NULL)) return NULL;
    switch ((enum expr_kind)e->kind) {
    case E_NEG:
        return scale(a, E_NEG, x, NULL);
    case E_MUL:
        return multiply(a, x, y);
    case E_DIV:
        return y->kind == E_MATRIX ? NULL : scale(a, E_DIV, x, y);
    case E_POW:
        return y->kind == E_MATRIX ? NULL : power(a, x, y);
    case E_ADD:
        for (uint32_t i = 1; x != NULL && i < e->n; i++) {
            y = matrix_expand(a, e->arg[i]);
            x = y == NULL ? NULL : add(a, x, y);
        }
        return x;
    case E_FUNC:
        return e->op == F_DET && x->kind == E_MATRIX ? determinant(a, x) : NULL;
    default:
        return NULL;
    }
}

const struct expr *matrix_expand(struct arena *a, const struct expr *e)
{
    if (e->kind == E_MATRIX || !expr_has(e, E_MATRIX, -1)) return e;
    const struct expr *m = expand(a, e);
    uint32_t left = MAX_NODES;
    return m != NULL && fits(m, &left) ? m : NULL;
}
