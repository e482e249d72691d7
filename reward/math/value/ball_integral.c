/* reward/math/value/ball_integral.c - integrals by Arb's adaptive quadrature, to 100 bits and more.
 *
 * A proper integral is rigorous. One without end, or whose integrand has no value at a limit, is
 * taken along s from -S to S after a substitution that moves its ends to infinity:
 *
 *   a to infinity    x = a + e^s
 *   a to b           x = a + (b - a) / (1 + e^-s)
 *
 * For two values of S, and only where both agree: the difference, many times over, is added to
 * the radius.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball_eval.h"

enum {
    PREC = 128,
    GOAL = 140, /* bits of an improper integral */
    WORKING = 320,
    EVALUATIONS = 40000,
    REACH = 160,
    MORE_REACH = 190
};

enum path {
    PATH_STRAIGHT,
    PATH_UPWARDS /* from a up */,
    PATH_DOWNWARDS /* from a down */,
    PATH_INSIDE
};

struct integrand {
    struct eval *v;
    const struct expr *e;
    enum path path;
    acb_srcptr a, b;
};

/* x(s) and dx/ds on the integrand's path. */
static void along(const struct integrand *in, const acb_t s, acb_t x, acb_t slope, long prec)
{
    acb_t u;
    acb_init(u);
    if (in->path == PATH_INSIDE) {
        acb_neg(x, s);
        acb_exp(x, x, prec);
        acb_add_ui(x, x, 1, prec);
        acb_inv(x, x, prec); /* 1 / (1 + e^-s) */
        acb_exp(u, s, prec);
        acb_add_ui(u, u, 1, prec);
        acb_inv(u, u, prec); /* 1 / (1 + e^s), one minus that */
        acb_sub(slope, in->b, in->a, prec);
        acb_mul(u, u, x, prec);
        acb_mul(x, x, slope, prec);
        acb_add(x, x, in->a, prec);
        acb_mul(slope, slope, u, prec);
    } else {
        acb_exp(slope, s, prec);
        in->path == PATH_UPWARDS ? acb_add(x, in->a, slope, prec) : acb_sub(x, in->a, slope, prec);
    }
    acb_clear(u);
}

static int integrand_at(acb_ptr out, const acb_t s, void *param, slong order, slong prec)
{
    struct integrand *in = param;
    struct eval inner = *in->v;
    acb_t x, slope;
    acb_init(x);
    acb_init(slope);
    inner.prec = prec;
    inner.analytic = order != 0;
    if (in->path == PATH_STRAIGHT) {
        acb_set(x, s);
        acb_one(slope);
    } else {
        along(in, s, x, slope, prec);
    }
    if (work_expired(inner.w) || !ball_eval_at(&inner, in->e->arg[0], in->e->text, x, out)) {
        acb_indeterminate(out);
    } else {
        acb_mul(out, out, slope, prec);
    }
    acb_clear(slope);
    acb_clear(x);
    return 0;
}

static bool quadrature(struct integrand *in, const acb_t from, const acb_t to, long goal, long prec,
                       acb_t out)
{
    mag_t tolerance;
    acb_calc_integrate_opt_t options;
    acb_calc_integrate_opt_init(options);
    options->eval_limit = EVALUATIONS;
    mag_init(tolerance);
    mag_set_ui_2exp_si(tolerance, 1, -goal);
    acb_calc_integrate(out, integrand_at, in, from, to, goal, tolerance, options, prec);
    mag_clear(tolerance);
    return acb_is_finite(out);
}

/* Along the path from s = -reach to reach. */
static bool reaching(struct integrand *in, int reach, acb_t out)
{
    acb_t from, to;
    acb_init(from);
    acb_init(to);
    acb_set_si(from, -reach);
    acb_set_si(to, reach);
    bool ok = quadrature(in, from, to, GOAL, WORKING, out);
    acb_clear(to);
    acb_clear(from);
    return ok;
}

/* out with the difference from other, enlarged, as its error; false when they do not agree. */
static bool agree(acb_t out, const acb_t other)
{
    acb_t d;
    mag_t gap;
    acb_init(d);
    mag_init(gap);
    acb_sub(d, out, other, WORKING);
    acb_get_mag(gap, d);
    bool ok = mag_cmp_2exp_si(gap, -BALL_EXTRAPOLATED) < 0;
    mag_mul_2exp_si(gap, gap, 8);
    acb_add_error_mag(out, gap);
    mag_clear(gap);
    acb_clear(d);
    return ok;
}

static bool improper(struct integrand *in, acb_t out)
{
    acb_t farther;
    acb_init(farther);
    bool ok = reaching(in, REACH, out) && reaching(in, MORE_REACH, farther) && agree(out, farther);
    acb_clear(farther);
    return ok;
}

/* From a (0 when both ends are infinite) towards the infinities; out gets the sum, with its sign. */
static bool endless(struct integrand *in, int below, int above, acb_t out)
{
    acb_t half;
    acb_init(half);
    bool ok = below <= 0 && above >= 0;
    acb_zero(out);
    if (ok && above > 0) {
        in->path = PATH_UPWARDS;
        ok = improper(in, out);
    }
    if (ok && below < 0) {
        in->path = PATH_DOWNWARDS;
        ok = improper(in, half);
        acb_add(out, out, half, WORKING);
    }
    acb_clear(half);
    return ok;
}

/* The integrand is made of known functions only. */
static bool has_values(const struct expr *e)
{
    return !expr_has(e, E_APPLY, -1) && !expr_has(e, E_DERIVATIVE, -1);
}

bool ball_integral(struct eval *v, const struct expr *e, acb_t out)
{
    if (e->n != 3 || v->analytic || !has_values(e->arg[0])) return false;
    int below = expr_infinity(e->arg[1]), above = expr_infinity(e->arg[2]);
    acb_t a, b;
    acb_init(a);
    acb_init(b);
    struct integrand in = {v, e, PATH_STRAIGHT, a, b};
    long prec = v->prec < PREC ? v->prec : PREC;
    bool ok = below != 0 || ball_eval(v, e->arg[1], a);
    ok = ok && (above != 0 || ball_eval(v, e->arg[2], b));
    if (ok && (below != 0 || above != 0)) {
        in.a = below == 0 ? a : b;
        ok = endless(&in, below, above, out);
    } else if (ok && !quadrature(&in, a, b, prec, prec, out)) {
        in.path = PATH_INSIDE;
        ok = improper(&in, out);
    }
    acb_clear(b);
    acb_clear(a);
    return ok;
}
