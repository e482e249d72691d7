/* reward/math/value/ball_eval.c - an expression's value as a ball.
 *
 * Every step is bounded before it is taken: exponents to 62 bits, factorials' arguments to 2^40,
 * sums to BALL_MAX_TERMS terms. Endless sums, integrals and limits are in ball_series.c and
 * ball_integral.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball_eval.h"

#include <acb_hypgeom.h>

enum { MAX_DIGITS = 1100000 };

static bool number(const struct num *num, long prec, acb_t out)
{
    if (num->digits.n > MAX_DIGITS) return false;
    char small[64], *text = num->digits.n < sizeof(small) ? small : flint_malloc(num->digits.n + 1);
    memcpy(text, num->digits.p == NULL ? "" : num->digits.p, num->digits.n);
    text[num->digits.n] = 0;
    fmpz_t n, e;
    arb_t ten;
    fmpz_init(n);
    fmpz_init(e);
    arb_init(ten);
    if (num->digits.n > 0) fmpz_set_str(n, text, 10);
    fmpz_set_si(e, num->exp10);
    arb_set_si(ten, 10);
    arb_pow_fmpz(ten, ten, e, prec + 8);
    acb_set_fmpz(out, n);
    acb_mul_arb(out, out, ten, prec);
    arb_clear(ten);
    fmpz_clear(e);
    fmpz_clear(n);
    if (text != small) flint_free(text);
    return true;
}

static bool symbol(struct eval *v, struct span name, acb_t out)
{
    for (const struct bound_ball *b = v->bound; b != NULL; b = b->outer) {
        if (span_eq(b->name, name)) return acb_set(out, b->value), true;
    }
    if (v->o->point == NULL) return false;
    acb_set_d(out, point_value(v->o->point, name));
    return true;
}

static bool constant(int op, long prec, acb_t out)
{
    acb_zero(out);
    switch (op) {
    case C_PI:
        acb_const_pi(out, prec);
        return true;
    case C_E:
        arb_const_e(acb_realref(out), prec);
        return true;
    case C_I:
        acb_onei(out);
        return true;
    default:
        return false;
    }
}

/* x is a whole number, known exactly. */
static bool whole(const acb_t x, fmpz_t n)
{
    return acb_is_int(x) && arf_get_fmpz(n, arb_midref(acb_realref(x)), ARF_RND_DOWN) == 0;
}

static bool power(struct eval *v, const acb_t base, const acb_t e, acb_t out)
{
    fmpz_t n;
    bool ok = true;
    fmpz_init(n);
    if (whole(e, n)) {
        ok = fmpz_bits(n) <= 62;
        if (ok) acb_pow_fmpz(out, base, n, v->prec);
    } else if (acb_contains_zero(base)) {
        ok = acb_is_zero(base) && arb_is_positive(acb_realref(e));
        if (ok) acb_zero(out);
    } else {
        acb_pow_analytic(out, base, e, v->analytic, v->prec);
    }
    fmpz_clear(n);
    return ok;
}

static bool root(struct eval *v, const acb_t x, const acb_t degree, acb_t out)
{
    fmpz_t n;
    fmpz_init(n);
    bool odd = whole(degree, n) && fmpz_is_odd(n);
    bool negative = odd && acb_is_real(x) && arb_is_negative(acb_realref(x));
    fmpz_clear(n);
    acb_t inverse, y;
    acb_init(inverse);
    acb_init(y);
    acb_inv(inverse, degree, v->prec);
    negative ? acb_neg(y, x) : acb_set(y, x);
    bool ok = power(v, y, inverse, out);
    if (negative) acb_neg(out, out);
    acb_clear(y);
    acb_clear(inverse);
    return ok;
}

static bool two_functions(struct eval *v, int op, const acb_t x, acb_t out)
{
    long p = v->prec;
    switch (op) {
    case F_SIN:
        return acb_sin(out, x, p), true;
    case F_COS:
        return acb_cos(out, x, p), true;
    case F_TAN:
        return acb_tan(out, x, p), true;
    case F_COT:
        return acb_cot(out, x, p), true;
    case F_SEC:
        return acb_sec(out, x, p), true;
    case F_CSC:
        return acb_csc(out, x, p), true;
    case F_SINH:
        return acb_sinh(out, x, p), true;
    case F_COSH:
        return acb_cosh(out, x, p), true;
    case F_TANH:
        return acb_tanh(out, x, p), true;
    case F_COTH:
        return acb_coth(out, x, p), true;
    case F_SECH:
        return acb_sech(out, x, p), true;
    case F_CSCH:
        return acb_csch(out, x, p), true;
    case F_ASIN:
        return acb_asin(out, x, p), true;
    case F_ACOS:
        return acb_acos(out, x, p), true;
    case F_ATAN:
        return acb_atan(out, x, p), true;
    case F_ASINH:
        return acb_asinh(out, x, p), true;
    case F_ACOSH:
        return acb_acosh(out, x, p), true;
    case F_ATANH:
        return acb_atanh(out, x, p), true;
    default:
        return false;
    }
}

/* arcsec x = arccos 1/x, and so on. */
static bool reciprocal_inverse(struct eval *v, int op, const acb_t x, acb_t out)
{
    acb_t y;
    acb_init(y);
    acb_inv(y, x, v->prec);
    bool ok = two_functions(v, op == F_ASEC ? F_ACOS : op == F_ACSC ? F_ASIN : F_ATAN, y, out);
    acb_clear(y);
    return ok;
}

static bool real_function(struct eval *v, int op, const acb_t x, acb_t out)
{
    arb_t r;
    bool ok = true;
    arb_init(r);
    switch (op) {
    case F_ABS:
        if (v->analytic) {
            acb_real_abs(out, x, 1, v->prec);
        } else {
            acb_abs(r, x, v->prec);
            acb_set_arb(out, r);
        }
        break;
    case F_RE:
        acb_set_arb(out, acb_realref(x));
        break;
    case F_IM:
        acb_set_arb(out, acb_imagref(x));
        break;
    case F_ARG:
        acb_arg(r, x, v->prec);
        acb_set_arb(out, r);
        break;
    case F_CONJ:
        acb_conj(out, x);
        break;
    case F_SGN:
        acb_sgn(out, x, v->prec);
        break;
    case F_FLOOR:
    case F_CEIL:
        ok = acb_is_real(x) && !v->analytic && mag_cmp_2exp_si(arb_radref(acb_realref(x)), -10) < 0;
        op == F_FLOOR ? arb_floor(r, acb_realref(x), v->prec)
                      : arb_ceil(r, acb_realref(x), v->prec);
        acb_set_arb(out, r);
        break;
    default:
        ok = false;
        break;
    }
    arb_clear(r);
    return ok;
}

static bool moderate(const acb_t x, long bits)
{
    mag_t m;
    mag_init(m);
    acb_get_mag(m, x);
    bool ok = mag_cmp_2exp_si(m, bits) < 0;
    mag_clear(m);
    return ok;
}

static bool factorial(struct eval *v, const acb_t x, acb_t out)
{
    if (!moderate(x, 40)) return false;
    acb_t y;
    acb_init(y);
    acb_add_ui(y, x, 1, v->prec);
    acb_gamma(out, y, v->prec);
    acb_clear(y);
    return acb_is_finite(out);
}

static bool binomial(struct eval *v, const acb_t n, const acb_t k, acb_t out)
{
    fmpz_t whole_k;
    fmpz_init(whole_k);
    bool small = whole(k, whole_k) && fmpz_cmp_si(whole_k, 100000) <= 0;
    long count = small ? fmpz_get_si(whole_k) : 0;
    fmpz_clear(whole_k);
    acb_t a, b;
    acb_init(a);
    acb_init(b);
    bool ok = true;
    if (small && count >= 0) { /* n (n-1) ... / k! */
        acb_sub_ui(a, n, (ulong)count, v->prec);
        acb_add_ui(a, a, 1, v->prec);
        acb_rising_ui(out, a, (ulong)count, v->prec);
        arb_fac_ui(acb_realref(b), (ulong)count, v->prec);
        acb_div(out, out, b, v->prec);
    } else if (small) {
        acb_zero(out);
    } else {
        acb_sub(b, n, k, v->prec);
        ok = factorial(v, n, out) && factorial(v, k, a);
        if (ok) acb_div(out, out, a, v->prec);
        ok = ok && factorial(v, b, a);
        if (ok) acb_div(out, out, a, v->prec);
    }
    acb_clear(b);
    acb_clear(a);
    return ok;
}

static bool logarithm(struct eval *v, const acb_t x, acb_t out)
{
    if (acb_contains_zero(x)) return false;
    acb_log_analytic(out, x, v->analytic, v->prec);
    return true;
}

static bool log_of(struct eval *v, int op, const acb_t x, const acb_t base, acb_t out)
{
    acb_t b;
    acb_init(b);
    bool ok = logarithm(v, x, out);
    if (op == F_LOG && v->o->common_log) {
        acb_set_si(b, 10);
        acb_log(b, b, v->prec);
        acb_div(out, out, b, v->prec);
    } else if (op == F_LOGB) {
        ok = ok && logarithm(v, base, b);
        if (ok) acb_div(out, out, b, v->prec);
    }
    acb_clear(b);
    return ok;
}

static bool modulo(struct eval *v, const acb_t a, const acb_t m, acb_t out)
{
    acb_t q;
    acb_init(q);
    acb_div(q, a, m, v->prec);
    bool ok = acb_is_finite(q) && real_function(v, F_FLOOR, q, out);
    if (ok) {
        acb_mul(q, out, m, v->prec);
        acb_sub(out, a, q, v->prec);
    }
    acb_clear(q);
    return ok;
}

static bool extreme(struct eval *v, const struct expr *e, acb_t out)
{
    acb_t x;
    acb_init(x);
    bool ok = ball_eval(v, e->arg[0], out) && acb_is_real(out) && !v->analytic;
    for (uint32_t i = 1; ok && i < e->n; i++) {
        ok = ball_eval(v, e->arg[i], x) && acb_is_real(x);
        if (!ok) break;
        if (e->op == F_MIN) {
            arb_min(acb_realref(out), acb_realref(out), acb_realref(x), v->prec);
        } else {
            arb_max(acb_realref(out), acb_realref(out), acb_realref(x), v->prec);
        }
    }
    acb_clear(x);
    return ok;
}

static bool function_of(struct eval *v, int op, const acb_t x, const acb_t y, acb_t out)
{
    acb_t two;
    bool ok;
    switch ((enum func_op)op) {
    case F_SQRT:
        acb_sqrt_analytic(out, x, v->analytic, v->prec);
        return true;
    case F_ROOT:
        return root(v, x, y, out);
    case F_EXP:
        acb_exp(out, x, v->prec);
        return true;
    case F_LN:
    case F_LOG:
    case F_LOGB:
        return log_of(v, op, x, y, out);
    case F_FACT:
        return factorial(v, x, out);
    case F_GAMMA:
        acb_init(two);
        acb_sub_ui(two, x, 1, v->prec);
        ok = factorial(v, two, out);
        acb_clear(two);
        return ok;
    case F_BINOM:
        return binomial(v, x, y, out);
    case F_MOD:
        return modulo(v, x, y, out);
    case F_ACOT:
    case F_ASEC:
    case F_ACSC:
        return reciprocal_inverse(v, op, x, out);
    default:
        return two_functions(v, op, x, out) || real_function(v, op, x, out);
    }
}

static bool function(struct eval *v, const struct expr *e, acb_t out)
{
    if (e->op == F_MIN || e->op == F_MAX) return extreme(v, e, out);
    if (e->n == 0 || e->n > 2) return false;
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    bool ok = ball_eval(v, e->arg[0], x) && (e->n == 1 || ball_eval(v, e->arg[1], y)) &&
              function_of(v, e->op, x, y, out);
    acb_clear(y);
    acb_clear(x);
    return ok;
}

/* body with name = value */
bool ball_eval_at(struct eval *v, const struct expr *body, struct span name, const acb_t value,
                  acb_t out)
{
    struct bound_ball here = {v->bound, name, value};
    v->bound = &here;
    bool ok = ball_eval(v, body, out);
    v->bound = here.outer;
    return ok;
}

static bool sum(struct eval *v, const struct expr *e, acb_t out)
{
    if (e->arg[1]->kind == E_CONST && e->arg[1]->op == C_INF) {
        return e->op == 0 ? ball_endless_sum(v, e, out) : ball_endless_product(v, e, out);
    }
    acb_t from, to, term;
    fmpz_t a, b;
    acb_init(from);
    acb_init(to);
    acb_init(term);
    fmpz_init(a);
    fmpz_init(b);
    bool ok = ball_eval(v, e->arg[0], from) && ball_eval(v, e->arg[1], to) && whole(from, a) &&
              whole(to, b);
    fmpz_sub(b, b, a);
    ok = ok && fmpz_cmp_si(b, BALL_MAX_TERMS) < 0;
    long n = ok && fmpz_sgn(b) >= 0 ? fmpz_get_si(b) + 1 : 0;
    acb_set_si(out, e->op == 0 ? 0 : 1);
    for (long i = 0; ok && i < n; i++) {
        ok =
            ball_eval_at(v, e->arg[2], e->text, from, term) && !(i % 16 == 0 && work_expired(v->w));
        e->op == 0 ? acb_add(out, out, term, v->prec) : acb_mul(out, out, term, v->prec);
        acb_add_ui(from, from, 1, v->prec);
    }
    fmpz_clear(b);
    fmpz_clear(a);
    acb_clear(term);
    acb_clear(to);
    acb_clear(from);
    return ok;
}

static bool many(struct eval *v, const struct expr *e, acb_t out)
{
    acb_t x;
    acb_init(x);
    acb_set_si(out, e->kind == E_ADD ? 0 : 1);
    bool ok = true;
    for (uint32_t i = 0; ok && i < e->n; i++) {
        ok = ball_eval(v, e->arg[i], x);
        e->kind == E_ADD ? acb_add(out, out, x, v->prec) : acb_mul(out, out, x, v->prec);
    }
    acb_clear(x);
    return ok;
}

static bool pair(struct eval *v, const struct expr *e, acb_t out)
{
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    bool ok = e->n == 2 && ball_eval(v, e->arg[0], x) && ball_eval(v, e->arg[1], y);
    if (ok && e->kind == E_POW) {
        ok = power(v, x, y, out);
    } else if (ok) {
        ok = !acb_contains_zero(y);
        acb_div(out, x, y, v->prec);
    }
    acb_clear(y);
    acb_clear(x);
    return ok;
}

bool ball_eval(struct eval *v, const struct expr *e, acb_t out)
{
    if (--v->steps < 0 || ((v->steps & 63) == 0 && work_expired(v->w))) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        return !e->num.open && number(&e->num, v->prec, out);
    case E_SYM:
        return symbol(v, e->text, out);
    case E_CONST:
        return constant(e->op, v->prec, out);
    case E_ADD:
    case E_MUL:
        return many(v, e, out);
    case E_DIV:
    case E_POW:
    case E_RATIO:
        return pair(v, e, out);
    case E_NEG:
        if (!ball_eval(v, e->arg[0], out)) return false;
        acb_neg(out, out);
        return true;
    case E_FUNC:
        return function(v, e, out);
    case E_PERCENT:
        if (!ball_eval(v, e->arg[0], out)) return false;
        acb_div_ui(out, out, 100, v->prec);
        return true;
    case E_DEGREE: {
        if (!ball_eval(v, e->arg[0], out)) return false;
        acb_t pi;
        acb_init(pi);
        acb_const_pi(pi, v->prec);
        acb_mul(out, out, pi, v->prec);
        acb_div_ui(out, out, 180, v->prec);
        acb_clear(pi);
        return true;
    }
    case E_UNIT:
        return ball_eval(v, e->arg[0], out);
    case E_SUM:
        return sum(v, e, out);
    case E_INTEGRAL:
        return ball_integral(v, e, out);
    case E_LIMIT:
        return ball_limit(v, e, out);
    default:
        return false;
    }
}

bool ball_of(struct math_work *w, const struct expr *e, const struct ball_options *o, long prec,
             acb_t out)
{
    struct eval v = {.w = w, .o = o, .prec = prec, .steps = 4000000};
    return ball_eval(&v, e, out);
}
