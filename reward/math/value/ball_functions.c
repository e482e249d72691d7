/* reward/math/value/ball_functions.c - functions of balls.
 *
 * Inside an integral (eval.analytic) a function has a value only where it is analytic: the ball of
 * the argument must not touch a branch cut, and parts, signs and steps have none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball_functions.h"

/* ---- powers ------------------------------------------------------------------------------------ */

/* x is a whole number, known exactly. */
bool ball_whole(acb_srcptr x, fmpz_t n)
{
    return acb_is_int(x) && arf_get_fmpz(n, arb_midref(acb_realref(x)), ARF_RND_DOWN) == 0;
}

bool ball_power(struct eval *v, acb_srcptr base, acb_srcptr e, acb_ptr out)
{
    fmpz_t n;
    bool ok = true;
    fmpz_init(n);
    if (ball_whole(e, n)) {
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

/* Inside an integral the two sides of 0 are two functions, each analytic in its half of the plane. */
bool ball_odd_power(struct eval *v, acb_srcptr base, acb_srcptr e, bool odd_p, acb_ptr out)
{
    bool left = arb_is_negative(acb_realref(base));
    if (v->analytic && !left && !arb_is_positive(acb_realref(base))) return false;
    if (!left || !(v->analytic || acb_is_real(base))) return ball_power(v, base, e, out);
    acb_t x;
    acb_init(x);
    acb_neg(x, base);
    bool ok = ball_power(v, x, e, out);
    if (odd_p) acb_neg(out, out);
    acb_clear(x);
    return ok;
}

/* The value of f at x alone. */
static bool apply(const struct ball_call *c, bool (*f)(const struct ball_call *), acb_srcptr x,
                  acb_ptr out)
{
    struct ball_call call = {c->v, x, c->y, out};
    return f(&call);
}

bool ball_sqrt(const struct ball_call *c)
{
    acb_sqrt_analytic(c->out, c->x, c->v->analytic, c->v->prec);
    return true;
}

/* The y-th root of x, of odd order the real one. */
bool ball_root(const struct ball_call *c)
{
    fmpz_t n;
    fmpz_init(n);
    bool odd = ball_whole(c->y, n) && fmpz_is_odd(n);
    bool negative = odd && acb_is_real(c->x) && arb_is_negative(acb_realref(c->x));
    fmpz_clear(n);
    acb_t inverse, y;
    acb_init(inverse);
    acb_init(y);
    acb_inv(inverse, c->y, c->v->prec);
    negative ? acb_neg(y, c->x) : acb_set(y, c->x);
    bool ok = ball_power(c->v, y, inverse, c->out);
    if (negative) acb_neg(c->out, c->out);
    acb_clear(y);
    acb_clear(inverse);
    return ok;
}

/* ---- entire functions, and those with poles alone ------------------------------------------------ */

/* f is Arb's acb_f. */
#define PLAIN(f) \
    bool ball_##f(const struct ball_call *c) \
    { \
        acb_##f(c->out, c->x, c->v->prec); \
        return true; \
    }
PLAIN(exp)
PLAIN(sin)
PLAIN(cos)
PLAIN(tan)
PLAIN(cot)
PLAIN(sec)
PLAIN(csc)
PLAIN(sinh)
PLAIN(cosh)
PLAIN(tanh)
PLAIN(coth)
PLAIN(sech)
PLAIN(csch)
#undef PLAIN

bool ball_erf(const struct ball_call *c)
{
    acb_hypgeom_erf(c->out, c->x, c->v->prec);
    return true;
}

/* ---- functions with branch cuts ------------------------------------------------------------------ */

/* x may lie on a cut: on the real axis or the imaginary one (the axis of part `along`), as far from
 * 0 as 1 or farther. */
static bool touches_far_cut(arb_srcptr along, arb_srcptr across)
{
    mag_t m;
    mag_init(m);
    arb_get_mag(m, along);
    bool far = mag_cmp_2exp_si(m, 0) >= 0;
    mag_clear(m);
    return arb_contains_zero(across) && far;
}

static bool off_real_cuts(const struct ball_call *c)
{
    return !c->v->analytic || !touches_far_cut(acb_realref(c->x), acb_imagref(c->x));
}

static bool off_imaginary_cuts(const struct ball_call *c)
{
    return !c->v->analytic || !touches_far_cut(acb_imagref(c->x), acb_realref(c->x));
}

bool ball_asin(const struct ball_call *c)
{
    acb_asin(c->out, c->x, c->v->prec);
    return off_real_cuts(c);
}

bool ball_acos(const struct ball_call *c)
{
    acb_acos(c->out, c->x, c->v->prec);
    return off_real_cuts(c);
}

bool ball_atan(const struct ball_call *c)
{
    acb_atan(c->out, c->x, c->v->prec);
    return off_imaginary_cuts(c);
}

bool ball_asinh(const struct ball_call *c)
{
    acb_asinh(c->out, c->x, c->v->prec);
    return off_imaginary_cuts(c);
}

bool ball_atanh(const struct ball_call *c)
{
    acb_atanh(c->out, c->x, c->v->prec);
    return off_real_cuts(c);
}

bool ball_acosh(const struct ball_call *c)
{
    arb_t one;
    arb_init(one);
    arb_one(one);
    bool on_cut = arb_contains_zero(acb_imagref(c->x)) && !arb_gt(acb_realref(c->x), one);
    arb_clear(one);
    acb_acosh(c->out, c->x, c->v->prec);
    return !(c->v->analytic && on_cut);
}

static bool logarithm(const struct ball_call *c, acb_srcptr x, acb_ptr out)
{
    if (acb_contains_zero(x)) return false;
    acb_log_analytic(out, x, c->v->analytic, c->v->prec);
    return true;
}

bool ball_ln(const struct ball_call *c)
{
    return logarithm(c, c->x, c->out);
}

bool ball_log_base(const struct ball_call *c)
{
    acb_t b;
    acb_init(b);
    bool ok = logarithm(c, c->x, c->out) && logarithm(c, c->y, b);
    if (ok) acb_div(c->out, c->out, b, c->v->prec);
    acb_clear(b);
    return ok;
}

/* \log, whose base is said by the evaluation. */
bool ball_log(const struct ball_call *c)
{
    acb_t ten;
    if (!c->v->o->common_log) return ball_ln(c);
    acb_init(ten);
    acb_set_si(ten, 10);
    struct ball_call call = {c->v, c->x, ten, c->out};
    bool ok = ball_log_base(&call);
    acb_clear(ten);
    return ok;
}

/* ---- parts, signs and steps: nowhere analytic ---------------------------------------------------- */

bool ball_abs(const struct ball_call *c)
{
    acb_real_abs(c->out, c->x, c->v->analytic, c->v->prec);
    if (c->v->analytic) return true;
    acb_abs(acb_realref(c->out), c->x, c->v->prec);
    arb_zero(acb_imagref(c->out));
    return true;
}

bool ball_re(const struct ball_call *c)
{
    acb_set_arb(c->out, acb_realref(c->x));
    return !c->v->analytic;
}

bool ball_im(const struct ball_call *c)
{
    acb_set_arb(c->out, acb_imagref(c->x));
    return !c->v->analytic;
}

bool ball_arg(const struct ball_call *c)
{
    acb_arg(acb_realref(c->out), c->x, c->v->prec);
    arb_zero(acb_imagref(c->out));
    return !c->v->analytic;
}

bool ball_conj(const struct ball_call *c)
{
    acb_conj(c->out, c->x);
    return !c->v->analytic;
}

bool ball_sgn(const struct ball_call *c)
{
    acb_sgn(c->out, c->x, c->v->prec);
    return !c->v->analytic;
}

/* x is real and known to a thousandth. */
static bool may_be_rounded(const struct ball_call *c)
{
    return acb_is_real(c->x) && !c->v->analytic &&
           mag_cmp_2exp_si(arb_radref(acb_realref(c->x)), -10) < 0;
}

bool ball_floor(const struct ball_call *c)
{
    bool ok = may_be_rounded(c);
    arb_floor(acb_realref(c->out), acb_realref(c->x), c->v->prec);
    arb_zero(acb_imagref(c->out));
    return ok;
}

bool ball_ceil(const struct ball_call *c)
{
    bool ok = may_be_rounded(c);
    arb_ceil(acb_realref(c->out), acb_realref(c->x), c->v->prec);
    arb_zero(acb_imagref(c->out));
    return ok;
}

/* x - y floor(x / y) */
bool ball_modulo(const struct ball_call *c)
{
    acb_t q, n;
    acb_init(q);
    acb_init(n);
    acb_div(q, c->x, c->y, c->v->prec);
    bool ok = acb_is_finite(q) && apply(c, ball_floor, q, n);
    if (ok) {
        acb_mul(q, n, c->y, c->v->prec);
        acb_sub(c->out, c->x, q, c->v->prec);
    }
    acb_clear(n);
    acb_clear(q);
    return ok;
}

static bool both_real(const struct ball_call *c)
{
    acb_zero(c->out);
    return acb_is_real(c->x) && acb_is_real(c->y) && !c->v->analytic;
}

bool ball_min(const struct ball_call *c)
{
    if (!both_real(c)) return false;
    arb_min(acb_realref(c->out), acb_realref(c->x), acb_realref(c->y), c->v->prec);
    return true;
}

bool ball_max(const struct ball_call *c)
{
    if (!both_real(c)) return false;
    arb_max(acb_realref(c->out), acb_realref(c->x), acb_realref(c->y), c->v->prec);
    return true;
}

/* ---- factorials -------------------------------------------------------------------------------- */

static bool moderate(acb_srcptr x, long bits)
{
    mag_t m;
    mag_init(m);
    acb_get_mag(m, x);
    bool ok = mag_cmp_2exp_si(m, bits) < 0;
    mag_clear(m);
    return ok;
}

static bool gamma_of(const struct ball_call *c, acb_srcptr x, acb_ptr out)
{
    if (!moderate(x, 40)) return false;
    acb_gamma(out, x, c->v->prec);
    return acb_is_finite(out);
}

bool ball_gamma(const struct ball_call *c)
{
    return gamma_of(c, c->x, c->out);
}

bool ball_zeta(const struct ball_call *c)
{
    if (!moderate(c->x, 10)) return false;
    acb_zeta(c->out, c->x, c->v->prec);
    return acb_is_finite(c->out);
}

bool ball_factorial(const struct ball_call *c)
{
    acb_t y;
    acb_init(y);
    acb_add_ui(y, c->x, 1, c->v->prec);
    bool ok = gamma_of(c, y, c->out);
    acb_clear(y);
    return ok;
}

/* n (n-1) ... (n-k+1) / k! */
static void falling_binomial(const struct ball_call *c, ulong k)
{
    acb_t a;
    arb_t b;
    acb_init(a);
    arb_init(b);
    acb_sub_ui(a, c->x, k, c->v->prec);
    acb_add_ui(a, a, 1, c->v->prec);
    acb_rising_ui(c->out, a, k, c->v->prec);
    arb_fac_ui(b, k, c->v->prec);
    acb_div_arb(c->out, c->out, b, c->v->prec);
    arb_clear(b);
    acb_clear(a);
}

/* x! / (y! (x - y)!) */
static bool binomial_of_factorials(const struct ball_call *c)
{
    acb_t a, b;
    acb_init(a);
    acb_init(b);
    acb_sub(b, c->x, c->y, c->v->prec);
    bool ok = apply(c, ball_factorial, c->x, c->out) && apply(c, ball_factorial, c->y, a);
    if (ok) acb_div(c->out, c->out, a, c->v->prec);
    ok = ok && apply(c, ball_factorial, b, a);
    if (ok) acb_div(c->out, c->out, a, c->v->prec);
    acb_clear(b);
    acb_clear(a);
    return ok;
}

bool ball_binomial(const struct ball_call *c)
{
    fmpz_t k;
    fmpz_init(k);
    bool small = ball_whole(c->y, k) && fmpz_cmp_si(k, 100000) <= 0;
    bool negative = fmpz_sgn(k) < 0;
    ulong count = small && !negative ? fmpz_get_ui(k) : 0;
    fmpz_clear(k);
    if (!small) return binomial_of_factorials(c);
    if (negative) {
        acb_zero(c->out);
    } else {
        falling_binomial(c, count);
    }
    return true;
}
