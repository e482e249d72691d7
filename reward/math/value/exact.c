/* reward/math/value/exact.c - constants compared exactly, by Calcium.
 *
 * Decides what fingerprints cannot: nested roots, logarithms, arctangents, and their sums. Only for
 * small expressions: Calcium's algebra is unbounded, so what goes in is bounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <calcium/ca.h>

#include "reward/math/value/ball.h"
#include "reward/math/field/rational.h"

enum { MAX_NODES = 120, MAX_EXPONENT = 400, MAX_INDEX = 12, MAX_DIGITS = 400 };

struct exact {
    struct math_work *w;
    ca_ctx_struct *ctx;
    bool common_log;
    int nodes;
};

static bool eval(struct exact *x, const struct expr *e, ca_t out);

static bool number(struct exact *x, const struct num *num, ca_t out)
{
    char text[MAX_DIGITS + 1];
    if (num->digits.n > MAX_DIGITS || num->exp10 > MAX_DIGITS || num->exp10 < -MAX_DIGITS) {
        return false;
    }
    memcpy(text, num->digits.p == NULL ? "" : num->digits.p, num->digits.n);
    text[num->digits.n] = 0;
    fmpq_t q;
    fmpz_t ten;
    fmpq_init(q);
    fmpz_init(ten);
    if (num->digits.n > 0) fmpz_set_str(fmpq_numref(q), text, 10);
    fmpz_set_ui(ten, 10);
    fmpz_pow_ui(ten, ten, (ulong)(num->exp10 < 0 ? -num->exp10 : num->exp10));
    num->exp10 < 0 ? fmpq_div_fmpz(q, q, ten) : fmpq_mul_fmpz(q, q, ten);
    ca_set_fmpq(out, q, x->ctx);
    fmpz_clear(ten);
    fmpq_clear(q);
    return true;
}

/* base^r for a small rational r. */
static bool power(struct exact *x, const struct expr *base, const struct expr *e, ca_t out)
{
    struct rational r;
    ca_t b, p;
    bool rational = rational_of(e, NULL, &r);
    if (rational && (r.d > MAX_INDEX || r.n > MAX_EXPONENT || r.n < -MAX_EXPONENT)) return false;
    ca_init(b, x->ctx);
    ca_init(p, x->ctx);
    bool ok = eval(x, base, b) && eval(x, e, p);
    if (ok) ca_pow(out, b, p, x->ctx);
    ca_clear(p, x->ctx);
    ca_clear(b, x->ctx);
    return ok;
}

static bool root(struct exact *x, const struct expr *e, ca_t out)
{
    struct rational n;
    struct interval v;
    if (!rational_of(e->arg[1], NULL, &n) || n.d != 1 || n.n < 1 || n.n > MAX_INDEX) return false;
    bool negative = n.n % 2 == 1 && interval_of(e->arg[0], NULL, &v) && v.mid < 0;
    ca_t b, p;
    ca_init(b, x->ctx);
    ca_init(p, x->ctx);
    bool ok = eval(x, e->arg[0], b);
    if (ok) {
        if (negative) ca_neg(b, b, x->ctx);
        ca_one(p, x->ctx);
        ca_div_si(p, p, n.n, x->ctx);
        ca_pow(out, b, p, x->ctx);
        if (negative) ca_neg(out, out, x->ctx);
    }
    ca_clear(p, x->ctx);
    ca_clear(b, x->ctx);
    return ok;
}

static bool trigonometric(struct exact *x, int op, const ca_t a, ca_t out)
{
    ca_t s, c;
    ca_init(s, x->ctx);
    ca_init(c, x->ctx);
    ca_sin_cos(s, c, a, x->ctx);
    switch (op) {
    case F_SIN:
        ca_set(out, s, x->ctx);
        break;
    case F_COS:
        ca_set(out, c, x->ctx);
        break;
    case F_TAN:
        ca_div(out, s, c, x->ctx);
        break;
    case F_COT:
        ca_div(out, c, s, x->ctx);
        break;
    case F_SEC:
        ca_inv(out, c, x->ctx);
        break;
    default:
        ca_inv(out, s, x->ctx);
        break;
    }
    ca_clear(c, x->ctx);
    ca_clear(s, x->ctx);
    return true;
}

static bool logarithm(struct exact *x, const struct expr *e, const ca_t a, ca_t out)
{
    ca_t b;
    bool ok = true;
    ca_init(b, x->ctx);
    ca_log(out, a, x->ctx);
    if (e->op == F_LOGB) {
        ok = eval(x, e->arg[1], b);
    } else {
        ca_set_ui(b, 10, x->ctx);
    }
    if (ok && (e->op == F_LOGB || (e->op == F_LOG && x->common_log))) {
        ca_log(b, b, x->ctx);
        ca_div(out, out, b, x->ctx);
    }
    ca_clear(b, x->ctx);
    return ok;
}

static bool function(struct exact *x, const struct expr *e, ca_t out)
{
    if (e->op == F_ROOT) return root(x, e, out);
    ca_t a;
    ca_init(a, x->ctx);
    bool ok = eval(x, e->arg[0], a);
    if (ok) {
        switch ((enum func_op)e->op) {
        case F_SQRT:
            ca_sqrt(out, a, x->ctx);
            break;
        case F_EXP:
            ca_exp(out, a, x->ctx);
            break;
        case F_LN:
        case F_LOG:
        case F_LOGB:
            ok = logarithm(x, e, a, out);
            break;
        case F_ABS:
            ca_abs(out, a, x->ctx);
            break;
        case F_SIN:
        case F_COS:
        case F_TAN:
        case F_COT:
        case F_SEC:
        case F_CSC:
            ok = trigonometric(x, e->op, a, out);
            break;
        case F_ATAN:
            ca_atan(out, a, x->ctx);
            break;
        case F_ASIN:
            ca_asin(out, a, x->ctx);
            break;
        case F_ACOS:
            ca_acos(out, a, x->ctx);
            break;
        default:
            ok = false;
            break;
        }
    }
    ca_clear(a, x->ctx);
    return ok;
}

static bool many(struct exact *x, const struct expr *e, ca_t out)
{
    ca_t a;
    bool ok = eval(x, e->arg[0], out);
    ca_init(a, x->ctx);
    for (uint32_t i = 1; ok && i < e->n; i++) {
        ok = eval(x, e->arg[i], a);
        if (!ok) break;
        if (e->kind == E_ADD) {
            ca_add(out, out, a, x->ctx);
        } else if (e->kind == E_MUL) {
            ca_mul(out, out, a, x->ctx);
        } else {
            ca_div(out, out, a, x->ctx);
        }
    }
    ca_clear(a, x->ctx);
    return ok;
}

static bool constant(struct exact *x, int op, ca_t out)
{
    switch (op) {
    case C_PI:
        return ca_pi(out, x->ctx), true;
    case C_E:
        return ca_one(out, x->ctx), ca_exp(out, out, x->ctx), true;
    case C_I:
        return ca_i(out, x->ctx), true;
    default:
        return false;
    }
}

static bool eval(struct exact *x, const struct expr *e, ca_t out)
{
    if (++x->nodes > MAX_NODES || work_expired(x->w)) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return !e->num.open && number(x, &e->num, out);
    case E_CONST:
        return constant(x, e->op, out);
    case E_ADD:
    case E_MUL:
    case E_DIV:
        return many(x, e, out);
    case E_POW:
        return power(x, e->arg[0], e->arg[1], out);
    case E_NEG:
        if (!eval(x, e->arg[0], out)) return false;
        ca_neg(out, out, x->ctx);
        return true;
    case E_FUNC:
        return function(x, e, out);
    case E_PERCENT:
        if (!eval(x, e->arg[0], out)) return false;
        ca_div_ui(out, out, 100, x->ctx);
        return true;
    case E_DEGREE: {
        if (!eval(x, e->arg[0], out)) return false;
        ca_t pi;
        ca_init(pi, x->ctx);
        ca_pi(pi, x->ctx);
        ca_mul(out, out, pi, x->ctx);
        ca_div_ui(out, out, 180, x->ctx);
        ca_clear(pi, x->ctx);
        return true;
    }
    case E_UNIT:
        return eval(x, e->arg[0], out);
    default:
        return false;
    }
}

enum equality exact_equal(struct math_work *w, const struct expr *x, const struct expr *y,
                          bool common_log)
{
    ca_ctx_t ctx;
    ca_t a, b;
    ca_ctx_init(ctx);
    ca_ctx_set_option(ctx, CA_OPT_QQBAR_DEG_LIMIT, 60);
    ca_ctx_set_option(ctx, CA_OPT_PREC_LIMIT, 1024);
    ca_ctx_set_option(ctx, CA_OPT_LLL_PREC, 128);
    ca_init(a, ctx);
    ca_init(b, ctx);
    struct exact e = {w, ctx, common_log, 0};
    truth_t t = T_UNKNOWN;
    if (eval(&e, x, a) && eval(&e, y, b) && !work_expired(w)) t = ca_check_equal(a, b, ctx);
    bool number_a = ca_check_is_number(a, ctx) == T_TRUE;
    ca_clear(b, ctx);
    ca_clear(a, ctx);
    ca_ctx_clear(ctx);
    if (!number_a || t == T_UNKNOWN) return EQ_UNKNOWN;
    return t == T_TRUE ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}
