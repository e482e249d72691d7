/* reward/math/value/interval.c - real values in double precision, with a bound on the error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/interval.h"

#include <float.h>
#include <math.h>

#include "reward/math/field/field.h"

#define ULP DBL_EPSILON

struct bound_real {
    const struct bound_real *outer;
    struct span name;
    double value;
};

struct evaluation {
    const struct point *point;
    const struct bound_real *bound;
    int steps;
};

double point_value(const struct point *p, struct span name)
{
    struct field h = field_hash(name, p->seed + (uint64_t)p->k * 977);
    uint64_t x = field_word(h);
    if (p->k == 0 || p->k >= 5) return 2 + (double)(x % 9);
    double v = (double)(20 + x % 400) / 64; /* 0.3 to 6.6 */
    return p->k >= 3 && (x >> 32) % 2 ? -v : v;
}

static bool make(double mid, double error, struct interval *out)
{
    *out = (struct interval){mid, error + fabs(mid) * ULP};
    return isfinite(mid) && isfinite(out->error);
}

/* mid exactly, when whole numbers without error made it; else as make(). */
static bool make_whole(bool whole, double mid, double error, struct interval *out)
{
    if (!whole || mid != floor(mid) || fabs(mid) > 9e15) return make(mid, error, out);
    *out = (struct interval){mid, 0};
    return true;
}

bool interval_apart(struct interval a, struct interval b)
{
    return fabs(a.mid - b.mid) > (a.error + b.error) * 1.01 + DBL_MIN;
}

static bool multiply(struct interval a, struct interval b, struct interval *out)
{
    double m = a.mid * b.mid;
    if (m == 0 && (a.mid != 0 && b.mid != 0)) return false; /* underflow */
    double error = fabs(a.mid) * b.error + fabs(b.mid) * a.error + a.error * b.error;
    bool whole = error == 0 && a.mid == floor(a.mid) && b.mid == floor(b.mid);
    return make_whole(whole, m, error, out);
}

static bool divide(struct interval a, struct interval b, struct interval *out)
{
    double least = fabs(b.mid) - b.error;
    if (!(least > 0)) return false;
    double q = a.mid / b.mid;
    return make(q, (a.error + fabs(q) * b.error) / least, out);
}

/* f at x, where |f'| <= slope within the error. */
static bool lipschitz(double value, double slope, struct interval x, struct interval *out)
{
    return make(value, slope * x.error + fabs(value) * 8 * ULP, out);
}

static bool log_interval(struct interval x, struct interval *out)
{
    double least = x.mid - x.error;
    if (!(least > 0)) return false;
    return make(log(x.mid), x.error / least + fabs(log(x.mid)) * 8 * ULP + ULP, out);
}

static bool exp_interval(struct interval x, struct interval *out)
{
    double v = exp(x.mid);
    return v > 1e-300 && x.error < 1 && make(v, v * (x.error * 2 + 8 * ULP), out);
}

static bool whole_power(struct interval x, double n, struct interval *out)
{
    double v = pow(x.mid, n), least = fabs(x.mid) - x.error;
    if (n == 0) return make(1, 0, out);
    if (!(least > 0)) return x.error == 0 && n > 0 && make(0, 0, out);
    double relative = fabs(n) * x.error / least;
    return v != 0 && relative < 0.5 && make(v, fabs(v) * (2 * relative + 8 * ULP), out);
}

static bool power(struct interval x, struct interval n, struct interval *out)
{
    if (n.error <= 2 * fabs(n.mid) * ULP && n.mid == floor(n.mid) && fabs(n.mid) < 1e6) {
        return whole_power(x, n.mid, out);
    }
    struct interval l, e;
    if (!(x.mid - x.error > 0)) return false;
    return log_interval(x, &l) && multiply(l, n, &e) && exp_interval(e, out);
}

static bool root(struct interval x, double d, struct interval *out)
{
    if (d < 1 || d != floor(d)) return false;
    if (x.mid < 0 && fmod(d, 2) == 1) {
        x.mid = -x.mid;
        if (!root(x, d, out)) return false;
        out->mid = -out->mid;
        return true;
    }
    if (x.mid == 0 && x.error == 0) return make(0, 0, out);
    double least = x.mid - x.error;
    if (!(least > 0)) return false;
    double v = d == 2 ? sqrt(x.mid) : pow(x.mid, 1 / d);
    return make(v, v * x.error / least + v * 16 * ULP, out);
}

static bool sine_cosine(int op, struct interval x, struct interval *out)
{
    if (fabs(x.mid) > 1e6) return false;
    return op == F_SIN ? make(sin(x.mid), x.error + 2 * ULP, out)
                       : make(cos(x.mid), x.error + 2 * ULP, out);
}

static bool circular(int op, struct interval x, struct interval *out)
{
    struct interval s, c, one = {1, 0};
    if (op == F_SIN || op == F_COS) return sine_cosine(op, x, out);
    if (!sine_cosine(F_SIN, x, &s) || !sine_cosine(F_COS, x, &c)) return false;
    switch (op) {
    case F_TAN:
        return divide(s, c, out);
    case F_COT:
        return divide(c, s, out);
    case F_SEC:
        return divide(one, c, out);
    default:
        return divide(one, s, out);
    }
}

static bool hyperbolic(int op, struct interval x, struct interval *out)
{
    if (fabs(x.mid) > 300 || x.error > 1) return false;
    double c = cosh(x.mid);
    struct interval s, one = {1, 0};
    switch (op) {
    case F_SINH:
        return lipschitz(sinh(x.mid), 3 * c, x, out);
    case F_COSH:
        return lipschitz(c, 3 * c, x, out);
    case F_TANH:
        return lipschitz(tanh(x.mid), 1, x, out);
    case F_COTH:
        return lipschitz(tanh(x.mid), 1, x, &s) && divide(one, s, out);
    case F_SECH:
        return lipschitz(c, 3 * c, x, &s) && divide(one, s, out);
    default:
        return lipschitz(sinh(x.mid), 3 * c, x, &s) && divide(one, s, out);
    }
}

static bool inverse(int op, struct interval x, struct interval *out)
{
    double far = fabs(x.mid) + x.error;
    switch (op) {
    case F_ATAN:
        return lipschitz(atan(x.mid), 1, x, out);
    case F_ASINH:
        return lipschitz(asinh(x.mid), 1, x, out);
    case F_ASIN:
    case F_ACOS:
        if (!(far < 1)) {
            return x.error == 0 && far == 1 &&
                   make(op == F_ASIN ? asin(x.mid) : acos(x.mid), 4 * ULP, out);
        }
        return lipschitz(op == F_ASIN ? asin(x.mid) : acos(x.mid), 1 / sqrt(1 - far * far), x, out);
    case F_ATANH:
        return far < 1 && lipschitz(atanh(x.mid), 1 / (1 - far * far), x, out);
    case F_ACOSH: {
        double least = x.mid - x.error;
        return least > 1 && lipschitz(acosh(x.mid), 1 / sqrt(least * least - 1), x, out);
    }
    default:
        return false;
    }
}

static bool rounded(int op, struct interval x, struct interval *out)
{
    double lo = op == F_FLOOR ? floor(x.mid - x.error) : ceil(x.mid - x.error);
    double hi = op == F_FLOOR ? floor(x.mid + x.error) : ceil(x.mid + x.error);
    return lo == hi && fabs(lo) < 1e15 && make(lo, 0, out);
}

static bool factorial(struct interval x, struct interval *out)
{
    if (x.error != 0 && x.error > 1e-9) return false;
    if (x.mid < 0 || x.mid > 170) return false;
    double v = tgamma(x.mid + 1);
    return make(v, v * (64 * ULP + 6 * x.error), out);
}

static bool evaluate(struct evaluation *ev, const struct expr *e, struct interval *out);

static bool binomial(struct interval n, struct interval k, struct interval *out)
{
    if (k.mid != floor(k.mid) || k.mid < 0 || k.mid > 200 || n.error > fabs(n.mid) * 4 * ULP) {
        return false;
    }
    double v = 1;
    for (double i = 0; i < k.mid; i++) {
        v *= (n.mid - i) / (i + 1);
    }
    return make(v, fabs(v) * k.mid * 16 * ULP + (v == 0 ? 0 : fabs(v) * n.error * (k.mid + 1)),
                out);
}

static bool extreme(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    struct interval x;
    if (!evaluate(ev, e->arg[0], out)) return false;
    for (uint32_t i = 1; i < e->n; i++) {
        if (!evaluate(ev, e->arg[i], &x)) return false;
        double error = x.error > out->error ? x.error : out->error;
        if ((e->op == F_MIN) == (x.mid < out->mid)) *out = x;
        out->error = error;
    }
    return true;
}

static bool logarithm(struct evaluation *ev, const struct expr *e, struct interval x,
                      struct interval *out)
{
    struct interval l, b;
    if (!log_interval(x, &l)) return false;
    if (e->op != F_LOGB) {
        *out = l;
        return true;
    }
    return evaluate(ev, e->arg[1], &b) && log_interval(b, &b) && divide(l, b, out);
}

static bool function(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    struct interval x, y = {0, 0};
    if (e->op == F_MIN || e->op == F_MAX) return extreme(ev, e, out);
    if (e->n == 0 || !evaluate(ev, e->arg[0], &x)) return false;
    if (e->n == 2 && !evaluate(ev, e->arg[1], &y)) return false;
    switch ((enum func_op)e->op) {
    case F_SQRT:
        return root(x, 2, out);
    case F_ROOT:
        return y.error <= ULP * fabs(y.mid) && root(x, y.mid, out);
    case F_SIN:
    case F_COS:
    case F_TAN:
    case F_COT:
    case F_SEC:
    case F_CSC:
        return circular(e->op, x, out);
    case F_SINH:
    case F_COSH:
    case F_TANH:
    case F_COTH:
    case F_SECH:
    case F_CSCH:
        return hyperbolic(e->op, x, out);
    case F_ASIN:
    case F_ACOS:
    case F_ATAN:
    case F_ASINH:
    case F_ACOSH:
    case F_ATANH:
        return inverse(e->op, x, out);
    case F_EXP:
        return exp_interval(x, out);
    case F_LN:
    case F_LOGB:
        return logarithm(ev, e, x, out);
    case F_ABS:
        return make(fabs(x.mid), x.error, out);
    case F_FLOOR:
    case F_CEIL:
        return rounded(e->op, x, out);
    case F_FACT:
        return factorial(x, out);
    case F_BINOM:
        return e->n == 2 && binomial(x, y, out);
    default:
        return false; /* \log has no base here: fingerprints and balls know the choice */
    }
}

static bool number(const struct num *num, struct interval *out)
{
    double v = 0;
    size_t n = num->digits.n < 19 ? num->digits.n : 19;
    if (num->exp10 > 400 || num->exp10 < -400 || num->digits.n > 400) return false;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (num->digits.p[i] - '0');
    }
    v = v * pow(10, (double)(num->exp10 + (int64_t)(num->digits.n - n)));
    if (v != 0 && (v < 1e-290 || v > 1e290)) return false;
    return make_whole(num->exp10 >= 0, v, num->exp10 == 0 && n < 16 ? 0 : v * 8 * ULP, out);
}

static bool symbol(const struct evaluation *ev, struct span name, struct interval *out)
{
    for (const struct bound_real *b = ev->bound; b != NULL; b = b->outer) {
        if (span_eq(b->name, name)) {
            *out = (struct interval){b->value, 0};
            return true;
        }
    }
    if (ev->point == NULL) return false;
    *out = (struct interval){point_value(ev->point, name), 0};
    return true;
}

static bool sum(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    struct interval from, to, x, v = {e->op == 0 ? 0 : 1, 0};
    if (!evaluate(ev, e->arg[0], &from) || !evaluate(ev, e->arg[1], &to)) return false;
    if (from.mid != floor(from.mid) || to.mid != floor(to.mid) || to.mid - from.mid > 1000) {
        return false;
    }
    for (double k = from.mid; k <= to.mid; k++) {
        struct bound_real here = {ev->bound, e->text, k};
        ev->bound = &here;
        bool ok = evaluate(ev, e->arg[2], &x);
        ev->bound = here.outer;
        if (!ok ||
            (e->op == 0 ? !make(v.mid + x.mid, v.error + x.error, &v) : !multiply(v, x, &v))) {
            return false;
        }
    }
    *out = v;
    return true;
}

static bool evaluate(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    struct interval a, b;
    if (--ev->steps < 0) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        if (!number(&e->num, out)) return false;
        if (e->num.open) out->error += pow(10, -(double)e->num.places);
        return true;
    case E_SYM:
        return symbol(ev, e->text, out);
    case E_CONST:
        if (e->op != C_PI && e->op != C_E) return false;
        return make(e->op == C_PI ? 3.14159265358979323846 : 2.71828182845904523536, 0, out);
    case E_ADD: {
        double size = 0;
        bool whole = true;
        a = (struct interval){0, 0};
        for (uint32_t i = 0; i < e->n; i++) {
            if (!evaluate(ev, e->arg[i], &b)) return false;
            a.mid += b.mid;
            a.error += b.error;
            size += fabs(b.mid);
            whole &= b.error == 0 && b.mid == floor(b.mid);
        }
        return make_whole(whole && size < 9e15, a.mid, a.error + size * ULP * e->n, out);
    }
    case E_MUL:
        return evaluate(ev, e->arg[0], &a) && evaluate(ev, e->arg[1], &b) && multiply(a, b, out);
    case E_DIV:
    case E_RATIO:
        return e->n == 2 && evaluate(ev, e->arg[0], &a) && evaluate(ev, e->arg[1], &b) &&
               divide(a, b, out);
    case E_POW:
        return evaluate(ev, e->arg[0], &a) && evaluate(ev, e->arg[1], &b) && power(a, b, out);
    case E_NEG:
        if (!evaluate(ev, e->arg[0], &a)) return false;
        *out = (struct interval){-a.mid, a.error};
        return true;
    case E_FUNC:
        return function(ev, e, out);
    case E_PERCENT:
        return evaluate(ev, e->arg[0], &a) && divide(a, (struct interval){100, 0}, out);
    case E_DEGREE:
        return evaluate(ev, e->arg[0], &a) &&
               multiply(a, (struct interval){0.017453292519943295, 1e-17}, out);
    case E_UNIT:
        return evaluate(ev, e->arg[0], out);
    case E_SUM:
        return sum(ev, e, out);
    default:
        return false;
    }
}

bool interval_of(const struct expr *e, const struct point *p, struct interval *out)
{
    struct evaluation ev = {.point = p, .steps = 2000};
    return evaluate(&ev, e, out);
}
