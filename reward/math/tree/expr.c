/* reward/math/tree/expr.c - making and asking about trees.
 *
 * Trees share their parts: whoever changes one makes copies of the nodes on the way to the change
 * and borrows the rest. Nothing is freed before the item's arena is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/tree/expr.h"

#include <assert.h>
#include <stdio.h>

#include "reward/math/tree/functions.h"

#define MANY UINT32_MAX

struct expr *expr_new(struct arena *a, enum expr_kind kind, int op, uint32_t n)
{
    struct expr *e = arena_alloc(a, 1, sizeof(*e));
    if (e == NULL) return NULL;
    *e = (struct expr){.kind = (uint8_t)kind, .op = (uint8_t)op, .n = n};
    if (n > 0 && (e->arg = arena_alloc(a, n, sizeof(*e->arg))) == NULL) return NULL;
    return e;
}

const struct expr *expr_int(struct arena *a, int64_t n)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%llu",
                       (unsigned long long)(n < 0 ? 0 - (uint64_t)n : (uint64_t)n));
    struct expr *e = expr_new(a, E_NUM, 0, 0);
    if (e == NULL) return NULL;
    while (n != 0 && text[len - 1] == '0') {
        len--;
        e->num.exp10++;
    }
    assert(n == 0 || (len > 0 && text[0] != '0')); /* expr.h (2) */
    const char *copy = arena_str(a, span_of(text, n == 0 ? 0 : (size_t)len));
    if (copy == NULL) return NULL;
    e->num.digits = span_of(copy, n == 0 ? 0 : (size_t)len);
    e->num.places = -1;
    return n < 0 ? expr_1(a, E_NEG, 0, e) : e;
}

const struct expr *expr_scale(struct arena *a, int64_t num, int64_t den, int exp10)
{
    assert(den != 0);
    const struct expr *tens = expr_2(a, E_POW, 0, expr_int(a, 10), expr_int(a, exp10));
    return expr_2(a, E_MUL, 0, expr_2(a, E_DIV, 0, expr_int(a, num), expr_int(a, den)), tens);
}

struct expr *expr_1(struct arena *a, enum expr_kind kind, int op, const struct expr *x)
{
    if (x == NULL) return NULL;
    struct expr *e = expr_new(a, kind, op, 1);
    if (e == NULL) return NULL;
    e->arg[0] = x;
    e->pos = x->pos;
    return e;
}

struct expr *expr_2(struct arena *a, enum expr_kind kind, int op, const struct expr *x,
                    const struct expr *y)
{
    if (x == NULL || y == NULL) return NULL;
    struct expr *e = expr_new(a, kind, op, 2);
    if (e == NULL) return NULL;
    e->arg[0] = x;
    e->arg[1] = y;
    e->pos = x->pos;
    return e;
}

const struct expr *expr_sym(struct arena *a, struct span name)
{
    struct expr *e = expr_new(a, E_SYM, 0, 0);
    if (e != NULL) e->text = name;
    return e;
}

struct expr *expr_copy(struct arena *a, const struct expr *e)
{
    struct expr *copy = arena_alloc(a, 1, sizeof(*copy));
    if (copy == NULL) return NULL;
    *copy = *e;
    if (e->n == 0) return copy;
    copy->arg = arena_alloc(a, e->n, sizeof(*copy->arg));
    if (copy->arg == NULL) return NULL;
    memcpy(copy->arg, e->arg, e->n * sizeof(*copy->arg));
    return copy;
}

/* How many arguments a node of each kind has. */
static const struct {
    uint32_t least, most;
} arity[] = {
    [E_NUM] = {0, 0},        [E_SYM] = {0, 0},      [E_CONST] = {0, 0},
    [E_ADD] = {2, MANY},     [E_MUL] = {2, 2},      [E_DIV] = {2, 2},
    [E_POW] = {2, 2},        [E_NEG] = {1, 1},      [E_PM] = {1, 2},
    [E_FUNC] = {1, MANY},    [E_APPLY] = {0, MANY}, [E_PERCENT] = {1, 1},
    [E_DEGREE] = {1, 1},     [E_UNIT] = {1, 1},     [E_BASE] = {0, 0},
    [E_RATIO] = {2, MANY},   [E_LIST] = {1, MANY},  [E_TUPLE] = {0, MANY},
    [E_SET] = {0, MANY},     [E_SETOP] = {2, 2},    [E_BUILDER] = {2, 2},
    [E_MATRIX] = {1, MANY},  [E_REL] = {2, MANY},   [E_SUM] = {3, 3},
    [E_INTEGRAL] = {1, 3},   [E_LIMIT] = {2, 2},    [E_DERIVATIVE] = {1, 1},
    [E_TEXT] = {0, 0},       [E_DOTS] = {0, 0},
};

/* No leading and no trailing zero. */
static bool is_plain(struct span digits)
{
    return digits.n == 0 || (digits.p[0] != '0' && digits.p[digits.n - 1] != '0');
}

static bool node_is_sound(const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return is_plain(e->num.digits);
    case E_FUNC:
        return e->n >= FUNCTIONS[e->op].least && e->n <= FUNCTIONS[e->op].most;
    case E_MATRIX:
        return e->num.exp10 > 0 && e->n % e->num.exp10 == 0;
    case E_REL:
        return e->text.n == e->n - 1;
    default:
        return true;
    }
}

bool expr_is_sound(const struct expr *e)
{
    if (e == NULL || e->kind > E_DOTS || e->n < arity[e->kind].least ||
        e->n > arity[e->kind].most || !node_is_sound(e)) {
        return false;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!expr_is_sound(e->arg[i])) return false;
    }
    return true;
}

static bool binds(const struct expr *e)
{
    return e->kind == E_SUM || e->kind == E_INTEGRAL || e->kind == E_LIMIT;
}

const struct expr *expr_substitute(struct arena *a, const struct expr *e, struct span name,
                                   const struct expr *by)
{
    if (e == NULL) return NULL;
    if (e->kind == E_SYM) return span_eq(e->text, name) ? by : e;
    if (e->n == 0 || (binds(e) && span_eq(e->text, name))) return e;
    struct expr *copy = expr_copy(a, e);
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = expr_substitute(a, e->arg[i], name, by)) == NULL) return NULL;
    }
    return copy;
}

const struct expr *expr_name_constant(struct arena *a, const struct expr *e, int op,
                                      struct span name)
{
    if (e->kind == E_CONST) return e->op == op ? expr_sym(a, name) : e;
    if (e->n == 0) return e;
    struct expr *copy = expr_copy(a, e);
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = expr_name_constant(a, e->arg[i], op, name)) == NULL) return NULL;
    }
    return copy;
}

bool expr_has(const struct expr *e, enum expr_kind kind, int op)
{
    if (e->kind == kind && (op < 0 || e->op == op)) return true;
    for (uint32_t i = 0; i < e->n; i++) {
        if (expr_has(e->arg[i], kind, op)) return true;
    }
    return false;
}

bool expr_has_symbol(const struct expr *e, struct span name)
{
    if (e->kind == E_SYM) return span_eq(e->text, name);
    for (uint32_t i = 0; i < e->n; i++) {
        if (expr_has_symbol(e->arg[i], name)) return true;
    }
    return false;
}

struct bound {
    const struct bound *outer;
    struct span name;
};

static bool constant_under(const struct expr *e, const struct bound *b)
{
    if (e->kind == E_SYM) {
        for (; b != NULL; b = b->outer) {
            if (span_eq(b->name, e->text)) return true;
        }
        return false;
    }
    if (e->kind == E_APPLY || e->kind == E_TEXT || e->kind == E_DOTS || e->kind == E_DERIVATIVE) {
        return false;
    }
    struct bound here = {b, e->text};
    for (uint32_t i = 0; i < e->n; i++) {
        if (!constant_under(e->arg[i], binds(e) ? &here : b)) return false;
    }
    return true;
}

bool expr_is_constant(const struct expr *e)
{
    return constant_under(e, NULL);
}

static bool same_num(const struct num *a, const struct num *b)
{
    return a->open == b->open && span_eq(a->digits, b->digits) &&
           (a->digits.n == 0 || a->exp10 == b->exp10);
}

bool expr_same(const struct expr *a, const struct expr *b)
{
    if (a == b) return true;
    if (a->kind != b->kind || a->op != b->op || a->n != b->n) return false;
    if (a->kind == E_NUM) return same_num(&a->num, &b->num);
    if (!span_eq(a->text, b->text) || a->num.exp10 != b->num.exp10) return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (!expr_same(a->arg[i], b->arg[i])) return false;
    }
    return true;
}

bool expr_small_int(const struct expr *e, int64_t *out)
{
    if (e->kind == E_NEG) {
        if (!expr_small_int(e->arg[0], out)) return false;
        *out = -*out;
        return true;
    }
    if (e->kind != E_NUM || e->num.exp10 < 0 || e->num.digits.n + (size_t)e->num.exp10 > 18) {
        return false;
    }
    int64_t v = 0;
    for (size_t i = 0; i < e->num.digits.n; i++) {
        v = v * 10 + (e->num.digits.p[i] - '0');
    }
    for (int64_t i = 0; v != 0 && i < e->num.exp10; i++) {
        v *= 10;
    }
    *out = v;
    return true;
}

bool expr_small_ratio(const struct expr *e, int64_t *num, int64_t *den)
{
    *den = 1;
    if (expr_small_int(e, num)) return true;
    if (e->kind == E_NEG) {
        if (!expr_small_ratio(e->arg[0], num, den)) return false;
        *num = -*num;
        return true;
    }
    if (e->kind != E_DIV || !expr_small_int(e->arg[0], num) || !expr_small_int(e->arg[1], den) ||
        *den == 0) {
        return false;
    }
    int64_t a = *num < 0 ? -*num : *num, b = *den < 0 ? -*den : *den;
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    if (*den < 0) a = -a;
    *num /= a;
    *den /= a;
    assert(*den > 0);
    return true;
}

bool expr_is_scalar(const struct expr *e)
{
    switch ((enum expr_kind)e->kind) {
    case E_PM:
    case E_RATIO:
    case E_LIST:
    case E_TUPLE:
    case E_SET:
    case E_SETOP:
    case E_BUILDER:
    case E_MATRIX:
    case E_REL:
    case E_TEXT:
    case E_DOTS:
        return false;
    case E_CONST:
        return e->op < C_REALS;
    default:
        return true;
    }
}

const struct expr *expr_with_sign(struct arena *a, const struct expr *e, bool plus)
{
    if (e == NULL || !expr_has(e, E_PM, -1)) return e;
    if (e->kind == E_PM) {
        bool add = plus == (e->op == 0);
        const struct expr *x = expr_with_sign(a, e->arg[0], plus);
        if (e->n == 1) return add ? x : expr_1(a, E_NEG, 0, x);
        const struct expr *y = expr_with_sign(a, e->arg[1], plus);
        return expr_2(a, E_ADD, 0, x, add ? y : expr_1(a, E_NEG, 0, y));
    }
    struct expr *copy = expr_copy(a, e);
    for (uint32_t i = 0; copy != NULL && i < e->n; i++) {
        if ((copy->arg[i] = expr_with_sign(a, e->arg[i], plus)) == NULL) return NULL;
    }
    return copy;
}

int expr_infinity(const struct expr *e)
{
    if (e->kind == E_NEG) return -expr_infinity(e->arg[0]);
    return e->kind == E_CONST && e->op == C_INF ? 1 : 0;
}
