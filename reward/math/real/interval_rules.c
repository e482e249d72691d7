/* reward/math/real/interval_rules.c - arithmetic and functions of intervals.
 *
 * The error of a result is what its operands bring, through the function's slope, and the rounding
 * of the double that stands for it. Slopes are bounded over the whole interval, so where the slope
 * has no bound (near a pole, at the end of a domain) there is no value.
 *
 *   (1) An error is not negative: the exact value is never farther from mid.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/real/interval_rules.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "reward/math/tree/functions.h"

#define ULP DBL_EPSILON

/* ---- arithmetic -------------------------------------------------------------------------------- */

bool interval_make(double mid, double error, struct interval *out)
{
    assert(!(error < 0)); /* (1) */
    *out = (struct interval){mid, error + fabs(mid) * ULP};
    return isfinite(mid) && isfinite(out->error);
}

/* mid exactly, when whole numbers without error made it; else as interval_make(). */
bool interval_make_whole(bool whole, double mid, double error, struct interval *out)
{
    if (!whole || mid != floor(mid) || fabs(mid) > 9e15) return interval_make(mid, error, out);
    *out = (struct interval){mid, 0};
    return true;
}

bool interval_multiply(struct interval a, struct interval b, struct interval *out)
{
    double m = a.mid * b.mid;
    if (m == 0 && (a.mid != 0 && b.mid != 0)) return false; /* underflow */
    double error = fabs(a.mid) * b.error + fabs(b.mid) * a.error + a.error * b.error;
    bool whole = error == 0 && a.mid == floor(a.mid) && b.mid == floor(b.mid);
    return interval_make_whole(whole, m, error, out);
}

bool interval_divide(struct interval a, struct interval b, struct interval *out)
{
    double least = fabs(b.mid) - b.error;
    if (!(least > 0)) return false;
    double q = a.mid / b.mid;
    return interval_make(q, (a.error + fabs(q) * b.error) / least, out);
}

/* f at x, where |f'| <= slope within the error. */
static bool lipschitz(double value, double slope, struct interval x, struct interval *out)
{
    return interval_make(value, slope * x.error + fabs(value) * 8 * ULP, out);
}

static bool log_interval(struct interval x, struct interval *out)
{
    double least = x.mid - x.error;
    if (!(least > 0)) return false;
    return interval_make(log(x.mid), x.error / least + fabs(log(x.mid)) * 8 * ULP + ULP, out);
}

static bool exp_interval(struct interval x, struct interval *out)
{
    double v = exp(x.mid);
    return v > 1e-300 && x.error < 1 && interval_make(v, v * (x.error * 2 + 8 * ULP), out);
}

static bool whole_power(struct interval x, double n, struct interval *out)
{
    double v = pow(x.mid, n), least = fabs(x.mid) - x.error;
    if (n == 0) return interval_make(1, 0, out);
    if (!(least > 0)) return x.error == 0 && n > 0 && interval_make(0, 0, out);
    double relative = fabs(n) * x.error / least;
    return v != 0 && relative < 0.5 && interval_make(v, fabs(v) * (2 * relative + 8 * ULP), out);
}

bool interval_power(struct interval x, struct interval n, struct interval *out)
{
    if (n.error <= 2 * fabs(n.mid) * ULP && n.mid == floor(n.mid) && fabs(n.mid) < 1e6) {
        return whole_power(x, n.mid, out);
    }
    struct interval l, e;
    if (!(x.mid - x.error > 0)) return false;
    return log_interval(x, &l) && interval_multiply(l, n, &e) && exp_interval(e, out);
}

/* ---- functions --------------------------------------------------------------------------------- */

static bool root(struct interval x, double d, struct interval *out)
{
    if (d < 1 || d != floor(d)) return false;
    if (x.mid < 0 && fmod(d, 2) == 1) {
        x.mid = -x.mid;
        if (!root(x, d, out)) return false;
        out->mid = -out->mid;
        return true;
    }
    if (x.mid == 0 && x.error == 0) return interval_make(0, 0, out);
    double least = x.mid - x.error;
    if (!(least > 0)) return false;
    double v = d == 2 ? sqrt(x.mid) : pow(x.mid, 1 / d);
    return interval_make(v, v * x.error / least + v * 16 * ULP, out);
}

bool interval_sqrt(const struct interval_call *c, struct interval *out)
{
    return root(c->x, 2, out);
}

bool interval_root(const struct interval_call *c, struct interval *out)
{
    return c->y.error <= ULP * fabs(c->y.mid) && root(c->x, c->y.mid, out);
}

bool interval_exp(const struct interval_call *c, struct interval *out)
{
    return exp_interval(c->x, out);
}

bool interval_ln(const struct interval_call *c, struct interval *out)
{
    return log_interval(c->x, out);
}

bool interval_log_base(const struct interval_call *c, struct interval *out)
{
    struct interval l, b;
    return log_interval(c->x, &l) && log_interval(c->y, &b) && interval_divide(l, b, out);
}

bool interval_circular(const struct interval_call *c, struct interval *out)
{
    struct interval a = c->x, part[] = {{1, 0}, {0, 0}, {0, 0}};
    if (fabs(a.mid) > 1e6) return false;
    bool sine = interval_make(sin(a.mid), a.error + 2 * ULP, &part[PART_SINE]);
    if (!sine || !interval_make(cos(a.mid), a.error + 2 * ULP, &part[PART_COSINE])) return false;
    *out = part[c->f->over];
    return c->f->under == PART_ONE || interval_divide(part[c->f->over], part[c->f->under], out);
}

bool interval_hyperbolic(const struct interval_call *c, struct interval *out)
{
    struct interval a = c->x, t, part[] = {{1, 0}, {0, 0}, {0, 0}};
    if (fabs(a.mid) > 300 || a.error > 1) return false;
    if (c->f->over == PART_SINE && c->f->under == PART_COSINE) {
        return lipschitz(tanh(a.mid), 1, a, out);
    }
    if (c->f->over == PART_COSINE && c->f->under == PART_SINE) {
        return lipschitz(tanh(a.mid), 1, a, &t) && interval_divide(part[PART_ONE], t, out);
    }
    double even = cosh(a.mid), slope = 3 * even; /* |sinh| and cosh within 1 of a.mid */
    if (!lipschitz(sinh(a.mid), slope, a, &part[PART_SINE]) ||
        !lipschitz(even, slope, a, &part[PART_COSINE])) {
        return false;
    }
    *out = part[c->f->over];
    return c->f->under == PART_ONE || interval_divide(part[c->f->over], part[c->f->under], out);
}

bool interval_atan(const struct interval_call *c, struct interval *out)
{
    return lipschitz(atan(c->x.mid), 1, c->x, out);
}

/* arcsin (arccos) of x, whose value at c->x.mid is v. */
static bool arc(struct interval x, double v, struct interval *out)
{
    double far = fabs(x.mid) + x.error;
    if (!(far < 1)) return x.error == 0 && far == 1 && interval_make(v, 4 * ULP, out);
    return lipschitz(v, 1 / sqrt(1 - far * far), x, out);
}

bool interval_asin(const struct interval_call *c, struct interval *out)
{
    return arc(c->x, asin(c->x.mid), out);
}

bool interval_acos(const struct interval_call *c, struct interval *out)
{
    return arc(c->x, acos(c->x.mid), out);
}

bool interval_asinh(const struct interval_call *c, struct interval *out)
{
    return lipschitz(asinh(c->x.mid), 1, c->x, out);
}

bool interval_acosh(const struct interval_call *c, struct interval *out)
{
    double least = c->x.mid - c->x.error;
    return least > 1 && lipschitz(acosh(c->x.mid), 1 / sqrt(least * least - 1), c->x, out);
}

bool interval_atanh(const struct interval_call *c, struct interval *out)
{
    double far = fabs(c->x.mid) + c->x.error;
    return far < 1 && lipschitz(atanh(c->x.mid), 1 / (1 - far * far), c->x, out);
}

bool interval_erf(const struct interval_call *c, struct interval *out)
{
    return lipschitz(erf(c->x.mid), 1.13, c->x, out); /* its slope is 2 / sqrt(pi) at most */
}

bool interval_abs(const struct interval_call *c, struct interval *out)
{
    return interval_make(fabs(c->x.mid), c->x.error, out);
}

/* lo and hi are the ends of x, rounded. */
static bool rounded(double lo, double hi, struct interval *out)
{
    return lo == hi && fabs(lo) < 1e15 && interval_make(lo, 0, out);
}

bool interval_floor(const struct interval_call *c, struct interval *out)
{
    return rounded(floor(c->x.mid - c->x.error), floor(c->x.mid + c->x.error), out);
}

bool interval_ceil(const struct interval_call *c, struct interval *out)
{
    return rounded(ceil(c->x.mid - c->x.error), ceil(c->x.mid + c->x.error), out);
}

bool interval_factorial(const struct interval_call *c, struct interval *out)
{
    if (c->x.error != 0 && c->x.error > 1e-9) return false;
    if (c->x.mid < 0 || c->x.mid > 170) return false;
    double v = tgamma(c->x.mid + 1);
    return interval_make(v, v * (64 * ULP + 6 * c->x.error), out);
}

bool interval_binomial(const struct interval_call *c, struct interval *out)
{
    struct interval n = c->x, k = c->y;
    if (k.mid != floor(k.mid) || k.mid < 0 || k.mid > 200 || n.error > fabs(n.mid) * 4 * ULP) {
        return false;
    }
    double v = 1;
    for (double i = 0; i < k.mid; i++) {
        v *= (n.mid - i) / (i + 1);
    }
    double error = v == 0 ? 0 : fabs(v) * n.error * (k.mid + 1);
    return interval_make(v, fabs(v) * k.mid * 16 * ULP + error, out);
}

/* y or x, with the larger of both errors. */
static bool extreme(bool y, const struct interval_call *c, struct interval *out)
{
    *out = y ? c->y : c->x;
    out->error = c->x.error > c->y.error ? c->x.error : c->y.error;
    return true;
}

bool interval_min(const struct interval_call *c, struct interval *out)
{
    return extreme(c->y.mid < c->x.mid, c, out);
}

bool interval_max(const struct interval_call *c, struct interval *out)
{
    return extreme(c->y.mid >= c->x.mid, c, out);
}
