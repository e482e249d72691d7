/* reward/math/value/ball_series.c - sums without end, and limits, by their first terms.
 *
 * A sum whose terms shrink by a quarter each is added up. Others are accelerated: Levin's u
 * transformation of the partial sums, and Richardson's extrapolation of a limit's values at h =
 * 2^-k (half powers of h, also with logarithms, removed one after another). Both are carried out
 * with many more bits than are asked for, and twice with different numbers of terms; the value
 * counts only where the two agree in 110 bits, and their difference, many times over, is its
 * radius. Sums whose terms do not fall faster than 1/n (or fall and alternate) have no value.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/ball_series.h"

#include "reward/math/value/ball_eval.h"
#include "reward/math/value/calculus.h"
#include "reward/math/tree/functions.h"

enum {
    STEADY = 40,
    LEVIN_TERMS = 96,
    FEWER_TERMS = 88,
    POINTS_OF_LIMIT = 34,
    FIRST_POWER = 20, /* h = 2^-20 is the largest */
    STEPS_OF_DIVERGENCE = 4,
    EXTRA_BITS = 2000
};

/* ---- agreement --------------------------------------------------------------------------------- */

/* out with its distance from other, enlarged, as its error; false when they do not agree. */
static bool agree(acb_t out, const acb_t other, long prec)
{
    acb_t d;
    mag_t gap, size;
    acb_init(d);
    mag_init(gap);
    mag_init(size);
    acb_sub(d, out, other, prec);
    acb_get_mag(gap, d);
    acb_get_mag(size, out);
    mag_add_ui(size, size, 1);
    mag_mul_2exp_si(size, size, -BALL_EXTRAPOLATED);
    bool ok = acb_is_finite(out) && mag_cmp(gap, size) < 0;
    mag_mul_2exp_si(gap, gap, 10);
    acb_add_error_mag(out, gap);
    mag_clear(size);
    mag_clear(gap);
    acb_clear(d);
    return ok;
}

/* ---- sums -------------------------------------------------------------------------------------- */

/* Terms that shrink at least by a quarter each, over STEADY in a row: the rest is less than four
 * times the last term. */
static bool quick_sum(struct eval *v, const struct expr *e, acb_t out)
{
    acb_t k, term;
    mag_t size, before, bound;
    acb_init(k);
    acb_init(term);
    mag_init(size);
    mag_init(before);
    mag_init(bound);
    acb_zero(out);
    bool ok = ball_eval(v, e->arg[0], k), done = false;
    for (int i = 0, steady = 0, slow = 0; ok && !done && slow < STEADY && i < BALL_MAX_TERMS; i++) {
        ok = ball_eval_at(v, e->arg[2], e->text, k, term) && !work_expired(v->w);
        if (!ok) break;
        acb_add(out, out, term, v->prec);
        acb_add_ui(k, k, 1, v->prec);
        acb_get_mag(size, term);
        mag_mul_ui(bound, before, 3);
        mag_mul_2exp_si(bound, bound, -2);
        steady = i > 0 && mag_cmp(size, bound) <= 0 ? steady + 1 : 0;
        slow = steady > 0 ? 0 : slow + 1;
        mag_set(before, size);
        done = steady >= STEADY && mag_cmp_2exp_si(size, -v->prec - 8) < 0;
    }
    if (done) {
        mag_mul_2exp_si(size, size, 2);
        acb_add_error_mag(out, size);
    }
    mag_clear(bound);
    mag_clear(before);
    mag_clear(size);
    acb_clear(term);
    acb_clear(k);
    return ok && done;
}

/* The terms and partial sums from the first on. */
struct terms {
    acb_ptr term, sum;
    long prec;
};

static bool read_terms(struct eval *v, const struct expr *e, struct terms *t)
{
    acb_t k;
    acb_init(k);
    bool ok = ball_eval(v, e->arg[0], k);
    for (int i = 0; ok && i < LEVIN_TERMS; i++) {
        ok = ball_eval_at(v, e->arg[2], e->text, k, t->term + i) && !work_expired(v->w) &&
             !acb_contains_zero(t->term + i);
        if (!ok) break;
        acb_set(t->sum + i, t->term + i);
        if (i > 0) acb_add(t->sum + i, t->sum + i, t->sum + i - 1, t->prec);
        acb_add_ui(k, k, 1, t->prec);
    }
    acb_clear(k);
    return ok;
}

/* |term[2 n]| < share |term[n]| / 100. */
static bool falls(const struct terms *t, int n, ulong share)
{
    mag_t small, large;
    mag_init(small);
    mag_init(large);
    acb_get_mag(small, t->term + 2 * n);
    acb_get_mag_lower(large, t->term + n);
    mag_mul_ui(small, small, 100);
    mag_mul_ui(large, large, share);
    bool ok = mag_cmp(small, large) < 0;
    mag_clear(large);
    mag_clear(small);
    return ok;
}

/* Real terms that fall faster than 1/n, or fall and alternate. */
static bool converges(const struct terms *t)
{
    bool alternate = true, real = true;
    for (int i = LEVIN_TERMS / 4; i + 1 < LEVIN_TERMS; i++) {
        arb_srcptr a = acb_realref(t->term + i), b = acb_realref(t->term + i + 1);
        real &= acb_is_real(t->term + i);
        alternate &= arb_is_positive(a) ? arb_is_negative(b) : arb_is_positive(b);
    }
    ulong share = alternate ? 90 : 47;
    return real && falls(t, LEVIN_TERMS / 4, share) && falls(t, LEVIN_TERMS / 2 - 1, share);
}

/* Levin's u transformation of the first n + 1 partial sums. */
static void levin(const struct terms *t, int n, acb_t out)
{
    acb_t num, den, weight, x;
    fmpz_t c, power, top;
    acb_init(num);
    acb_init(den);
    acb_init(weight);
    acb_init(x);
    fmpz_init(c);
    fmpz_init(power);
    fmpz_init_set_ui(top, (ulong)n + 1);
    fmpz_pow_ui(top, top, (ulong)n - 1);
    for (int j = 0; j <= n; j++) { /* (-1)^j C(n, j) (j + 1)^(n - 1) / ((j + 1) term[j]) */
        fmpz_bin_uiui(c, (ulong)n, (ulong)j);
        fmpz_set_ui(power, (ulong)j + 1);
        fmpz_pow_ui(power, power, (ulong)n - 1);
        fmpz_mul(c, c, power);
        if (j % 2 != 0) fmpz_neg(c, c);
        acb_set_fmpz(weight, c);
        acb_div_fmpz(weight, weight, top, t->prec);
        acb_mul_ui(x, t->term + j, (ulong)j + 1, t->prec);
        acb_div(weight, weight, x, t->prec);
        acb_add(den, den, weight, t->prec);
        acb_addmul(num, weight, t->sum + j, t->prec);
    }
    acb_div(out, num, den, t->prec);
    fmpz_clear(top);
    fmpz_clear(power);
    fmpz_clear(c);
    acb_clear(x);
    acb_clear(weight);
    acb_clear(den);
    acb_clear(num);
}

static bool accelerated_sum(struct eval *v, const struct expr *e, acb_t out)
{
    struct eval fine = *v;
    acb_t fewer;
    struct terms t = {_acb_vec_init(LEVIN_TERMS), _acb_vec_init(LEVIN_TERMS), EXTRA_BITS};
    acb_init(fewer);
    fine.prec = EXTRA_BITS;
    bool ok = read_terms(&fine, e, &t) && converges(&t);
    if (ok) {
        levin(&t, LEVIN_TERMS - 1, out);
        levin(&t, FEWER_TERMS - 1, fewer);
        ok = agree(out, fewer, t.prec);
    }
    acb_clear(fewer);
    _acb_vec_clear(t.sum, LEVIN_TERMS);
    _acb_vec_clear(t.term, LEVIN_TERMS);
    return ok;
}

bool ball_endless_sum(struct eval *v, const struct expr *e, acb_t out)
{
    return quick_sum(v, e, out) || (!v->analytic && accelerated_sum(v, e, out));
}

/* ---- limits ------------------------------------------------------------------------------------ */

/* Where an endless variable stops by: at 1/h, at odd numbers, and (but for the letters of whole
 * numbers) between them, so that what alternates or oscillates is not taken for steady. */
enum stop { STOP_EVEN, STOP_ODD, STOP_BETWEEN, STOPS };

static bool is_whole_letter(struct span name)
{
    return name.n == 1 && strchr("nkmNij", name.p[0]) != NULL;
}

/* The body's value at h = 2^-k before or after the target, or at 1/h and a little more. */
static bool near_target(struct eval *v, const struct expr *e, int k, bool below, enum stop stop,
                        acb_t out)
{
    acb_t x, target;
    int endless = expr_infinity(e->arg[0]);
    acb_init(x);
    acb_init(target);
    acb_one(x);
    acb_mul_2exp_si(x, x, endless != 0 ? k : -k);
    if (endless != 0 && stop != STOP_EVEN) {
        acb_set_si(target, 1);
        if (stop == STOP_BETWEEN) acb_div_ui(target, target, 3, v->prec);
        acb_add(x, x, target, v->prec);
        acb_zero(target);
    }
    if (endless < 0 || (endless == 0 && below)) acb_neg(x, x);
    bool ok = endless != 0 || ball_eval(v, e->arg[0], target);
    acb_add(x, x, target, v->prec);
    ok = ok && ball_eval_at(v, e->arg[1], e->text, x, out) && acb_is_finite(out);
    acb_clear(target);
    acb_clear(x);
    return ok && !work_expired(v->w);
}

/* Remove h^(1/2), h, h^(3/2)..., each with powers of log h up to its own degree, from n values at
 * h, h/2, h/4...; *out is what stays of the last, *fewer of one step before. */
static void extrapolate(acb_ptr value, int n, long prec, acb_t out, acb_t fewer)
{
    arb_t root, factor, less;
    arb_init(root);
    arb_init(factor);
    arb_init(less);
    arb_sqrt_ui(root, 2, prec);
    arb_set(factor, root);
    for (int j = 1, half_power = 1, times = 0; j < n; j++) {
        arb_sub_ui(less, factor, 1, prec);
        for (int i = n - 1; i >= j; i--) { /* (2^(j/2) value[i] - value[i-1]) / (2^(j/2) - 1) */
            acb_mul_arb(out, value + i, factor, prec);
            acb_sub(out, out, value + i - 1, prec);
            acb_div_arb(out, out, less, prec);
            if (i == n - 1) acb_set(fewer, value + i);
            acb_set(value + i, out);
        }
        if (++times < 2 + half_power / 2) continue;
        times = 0;
        half_power++;
        arb_mul(factor, factor, root, prec);
    }
    acb_set(out, value + n - 1);
    arb_clear(less);
    arb_clear(factor);
    arb_clear(root);
}

static bool one_side(struct eval *v, const struct expr *e, bool below, enum stop stop, acb_t out)
{
    struct eval fine = *v;
    acb_t fewer;
    acb_ptr value = _acb_vec_init(POINTS_OF_LIMIT);
    bool ok = true;
    acb_init(fewer);
    fine.prec = EXTRA_BITS;
    for (int i = 0; ok && i < POINTS_OF_LIMIT; i++) {
        ok = near_target(&fine, e, FIRST_POWER + i, below, stop, value + i);
    }
    if (ok) {
        extrapolate(value, POINTS_OF_LIMIT, fine.prec, out, fewer);
        ok = agree(out, fewer, fine.prec);
    }
    acb_clear(fewer);
    _acb_vec_clear(value, POINTS_OF_LIMIT);
    return ok;
}

/* The real values at h, h^2, h^4, h^8 double in size at least, with one sign. */
static int side_divergence(struct eval *v, const struct expr *e, bool below)
{
    acb_t value;
    mag_t before, size;
    int sign = 0;
    acb_init(value);
    mag_init(before);
    mag_init(size);
    bool ok = true;
    for (int i = 0; ok && i < STEPS_OF_DIVERGENCE; i++) {
        ok = near_target(v, e, FIRST_POWER << i, below, STOP_ODD, value) && acb_is_real(value);
        int here = arb_is_positive(acb_realref(value))   ? 1
                   : arb_is_negative(acb_realref(value)) ? -1
                                                         : 0;
        acb_get_mag_lower(size, value);
        ok = ok && here != 0 && (i == 0 || here == sign) && mag_cmp(size, before) > 0;
        sign = here;
        acb_get_mag(before, value);
        mag_mul_ui(before, before, 15);
        mag_mul_2exp_si(before, before, -3);
    }
    mag_clear(size);
    mag_clear(before);
    acb_clear(value);
    return ok ? sign : 0;
}

/* A sum or integral to infinity whose terms times their index (x f(x)) go to a number other than 0,
 * or to infinity: as those of the harmonic series do, or slower. The sign of that; 0 when it cannot
 * be told. */
static int endless_divergence(struct math_work *w, const struct expr *e)
{
    struct interval v;
    bool sum = e->kind == E_SUM && e->op == 0;
    if (!sum && !(e->kind == E_INTEGRAL && e->n == 3)) return 0;
    const struct expr *from = e->arg[sum ? 0 : 1], *to = e->arg[sum ? 1 : 2],
                      *body = e->arg[sum ? 2 : 0];
    if (expr_infinity(to) != 1 || expr_infinity(from) != 0) return 0;
    bool quotient = body->kind == E_DIV;
    const struct expr *grown =
        expr_2(w->arena, E_MUL, 0, expr_sym(w->arena, e->text), quotient ? body->arg[0] : body);
    if (quotient) grown = expr_2(w->arena, E_DIV, 0, grown, body->arg[1]);
    struct expr *limit = expr_2(w->arena, E_LIMIT, 0, to, grown);
    if (limit == NULL) return 0;
    limit->text = e->text;
    const struct expr *value = calculus_expand(w->arena, limit);
    if (value == NULL || !expr_is_constant(value)) return 0;
    if (value->kind == E_LIMIT) return ball_divergence(w, value);
    if (!interval_of(value, NULL, &v)) return 0;
    return v.mid > v.error ? 1 : v.mid < -v.error ? -1 : 0;
}

int ball_divergence(struct math_work *w, const struct expr *e)
{
    struct ball_options o = {.point = NULL};
    struct eval v = {.w = w, .o = &o, .prec = 2 * EXTRA_BITS, .steps = 100000};
    if (e->kind == E_NEG) return -ball_divergence(w, e->arg[0]);
    if (e->kind == E_SUM || e->kind == E_INTEGRAL) return endless_divergence(w, e);
    if (e->kind != E_LIMIT || !expr_is_constant(e)) return 0;
    if (expr_infinity(e->arg[0]) != 0 || e->op != 0) return side_divergence(&v, e, e->op == 2);
    int above = side_divergence(&v, e, false), below = side_divergence(&v, e, true);
    return above == below ? above : 0;
}

/* An endless product: the exponential of the sum of its factors' logarithms. */
bool ball_endless_product(struct eval *v, const struct expr *e, acb_t out)
{
    struct expr sum = *e, log = {.kind = E_FUNC, .op = F_LN, .n = 1};
    const struct expr *body = e->arg[2], *args[] = {e->arg[0], e->arg[1], &log};
    log.arg = &body;
    sum.op = 0;
    sum.arg = args;
    if (!ball_endless_sum(v, &sum, out)) return false;
    acb_exp(out, out, v->prec);
    return true;
}

/* By every kind of stop alike. */
static bool limit_at_infinity(struct eval *v, const struct expr *e, acb_t out)
{
    acb_t other;
    int stops = is_whole_letter(e->text) ? STOP_BETWEEN : STOPS;
    acb_init(other);
    bool ok = one_side(v, e, false, STOP_EVEN, out);
    for (int stop = STOP_ODD; ok && stop < stops; stop++) {
        ok = one_side(v, e, false, (enum stop)stop, other) && acb_overlaps(other, out);
    }
    acb_clear(other);
    return ok;
}

bool ball_limit(struct eval *v, const struct expr *e, acb_t out)
{
    if (v->analytic) return false;
    if (expr_infinity(e->arg[0]) != 0) return limit_at_infinity(v, e, out);
    if (e->op != 0) return one_side(v, e, e->op == 2, STOP_EVEN, out);
    acb_t left;
    acb_init(left);
    bool ok = one_side(v, e, true, STOP_EVEN, left) && one_side(v, e, false, STOP_EVEN, out) &&
              acb_overlaps(left, out);
    acb_clear(left);
    return ok;
}
