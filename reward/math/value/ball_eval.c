/* reward/math/value/ball_eval.c - an expression's value as a ball.
 *
 * Every step is bounded before it is taken: exponents to 62 bits, factorials' arguments to 2^40,
 * sums to BALL_MAX_TERMS terms. Endless sums, integrals and limits are in ball_series.c and
 * ball_integral.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball_eval.h"

#include <assert.h>

#include "reward/math/tree/functions.h"
#include "reward/math/value/ball_functions.h"

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
        if (span_eq(b->name, name)) {
            acb_set(out, b->value);
            return true;
        }
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

/* f of many arguments, two by two; of one, that and itself. */
static bool folded(struct eval *v, const struct function *f, const struct expr *e, acb_t out)
{
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    bool ok = ball_eval(v, e->arg[0], x);
    for (uint32_t i = e->n > 1; ok && i < e->n; i++) {
        struct ball_call call = {v, x, y, out};
        ok = ball_eval(v, e->arg[i], y) && f->ball(&call);
        acb_set(x, out);
    }
    acb_clear(y);
    acb_clear(x);
    return ok;
}

static bool function(struct eval *v, const struct expr *e, acb_t out)
{
    const struct function *f = &FUNCTIONS[e->op];
    const struct function *g = f->ball != NULL ? f : &FUNCTIONS[f->of_inverse];
    if (g->ball == NULL || e->n < f->least || e->n > f->most) return false;
    if (f->most == FUNCTION_MANY) return folded(v, f, e, out);
    acb_t x, y;
    acb_init(x);
    acb_init(y);
    struct ball_call call = {v, x, y, out};
    bool ok = ball_eval(v, e->arg[0], x) && (e->n == 1 || ball_eval(v, e->arg[1], y));
    if (ok && g != f) acb_inv(x, x, v->prec);
    ok = ok && g->ball(&call);
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
    assert(v->bound == &here); /* who binds a name lets it go */
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
    bool ok = ball_eval(v, e->arg[0], from) && ball_eval(v, e->arg[1], to) && ball_whole(from, a) &&
              ball_whole(to, b);
    fmpz_sub(b, b, a);
    ok = ok && fmpz_cmp_si(b, BALL_MAX_TERMS) < 0;
    long n = ok && fmpz_sgn(b) >= 0 ? fmpz_get_si(b) + 1 : 0;
    assert(n >= 0 && n <= BALL_MAX_TERMS);
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
    int64_t p, q;
    if (ok && e->kind == E_POW && expr_small_ratio(e->arg[1], &p, &q) && q > 1 && q % 2 == 1) {
        ok = ball_odd_power(v, x, y, p % 2 != 0, out);
    } else if (ok && e->kind == E_POW) {
        ok = ball_power(v, x, y, out);
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
