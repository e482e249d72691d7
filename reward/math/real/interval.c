/* reward/math/real/interval.c - an expression's value at a real point, in double precision.
 *
 * One walk over the tree; what is added, multiplied and applied is in interval_rules.c. Work is
 * bounded by steps, so a sum of a thousand terms of a long body has no value here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/real/interval.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "reward/math/real/interval_rules.h"
#include "reward/math/tree/functions.h"

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

/* Bits that depend on every byte of name and on seed. They place the points at which expressions are compared,
 * and verdicts hang on those: so they stay as they are, whatever becomes of base/hash.h. */
static uint64_t bits_of(struct span name, uint64_t seed)
{
    uint64_t x = seed;
    for (size_t i = 0; i < name.n; i++) {
        x = (x ^ (unsigned char)name.p[i]) * UINT64_C(0x9E3779B97F4A7C15);
        x ^= x >> 29;
    }
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    return x ^ x >> 32;
}

/* The signed points at which name is negative, as bits: four of the seven. Any two different fours
 * share one, and neither holds the other, so two names with different rows are once both negative
 * and once of two signs: |x| is told from x, and |x y| from x y. No two small letters share a row. */
static unsigned negative_at(struct span name, uint64_t bits)
{
    static const uint8_t fours[] = {
        0x0F, 0x17, 0x1B, 0x1D, 0x1E, 0x27, 0x2B, 0x2D, 0x2E, 0x33, 0x35, 0x36,
        0x39, 0x3A, 0x3C, 0x47, 0x4B, 0x4D, 0x4E, 0x53, 0x55, 0x56, 0x59, 0x5A,
        0x5C, 0x63, 0x65, 0x66, 0x69, 0x6A, 0x6C, 0x71, 0x72, 0x74, 0x78,
    };
    uint64_t row = name.n == 1 ? (unsigned char)name.p[0] : bits >> 40;
    return fours[row % (sizeof(fours) / sizeof(fours[0]))];
}

double point_value(const struct point *p, struct span name)
{
    assert(p->k >= 0 && p->k < POINTS);
    uint64_t x = bits_of(name, p->seed + (uint64_t)p->k * 977);
    if (p->k == 0 || p->k > POINT_LAST_SIGNED) return 2 + (double)(x % 23);
    double v = (double)(20 + x % 400) / 64; /* 0.3 to 6.6 */
    if (p->k < POINT_FIRST_SIGNED) return v;
    unsigned signs = negative_at(name, bits_of(name, p->seed));
    return signs >> (p->k - POINT_FIRST_SIGNED) & 1 ? -v : v;
}

bool interval_apart(struct interval a, struct interval b)
{
    assert(!(a.error < 0) && !(b.error < 0)); /* interval_rules.c (1) */
    return fabs(a.mid - b.mid) > (a.error + b.error) * 1.01 + DBL_MIN;
}

static bool evaluate(struct evaluation *ev, const struct expr *e, struct interval *out);

/* x lies in d, all of it. */
static bool inside(struct domain d, struct interval x)
{
    double low = x.mid - x.error, high = x.mid + x.error;
    if (d.least == d.most) return false; /* not known */
    return d.outside ? low >= d.most || high <= d.least : low >= d.least && high <= d.most;
}

/* f of many arguments, two by two; of one, that. */
static bool folded(struct evaluation *ev, const struct function *f, const struct expr *e,
                   struct interval *out)
{
    struct interval_call call = {.f = f};
    if (!evaluate(ev, e->arg[0], out)) return false;
    for (uint32_t i = 1; i < e->n; i++) {
        call.x = *out;
        if (!evaluate(ev, e->arg[i], &call.y) || !f->interval(&call, out)) return false;
    }
    return true;
}

static bool function(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    const struct function *f = &FUNCTIONS[e->op];
    const struct function *g = f->interval != NULL ? f : &FUNCTIONS[f->of_inverse];
    struct interval_call call = {.f = g};
    if (g->interval == NULL || e->n < f->least || e->n > f->most) return false;
    if (f->most == FUNCTION_MANY) return folded(ev, f, e, out);
    if (!evaluate(ev, e->arg[0], &call.x) || !inside(f->domain, call.x)) return false;
    if (e->n == 2 && !evaluate(ev, e->arg[1], &call.y)) return false;
    if (g != f && !interval_divide((struct interval){1, 0}, call.x, &call.x)) return false;
    return g->interval(&call, out);
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
    return interval_make_whole(num->exp10 >= 0, v, num->exp10 == 0 && n < 16 ? 0 : v * 8 * ULP,
                               out);
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
        if (!ok || (e->op == 0 ? !interval_make(v.mid + x.mid, v.error + x.error, &v)
                               : !interval_multiply(v, x, &v))) {
            return false;
        }
    }
    *out = v;
    return true;
}

/* x^(p/q) of a negative x is real where q is odd: -(-x)^(p/q), or without the sign for an even p. */
static bool power(struct evaluation *ev, const struct expr *e, struct interval *out)
{
    struct interval x, n;
    int64_t p, q;
    if (!evaluate(ev, e->arg[0], &x) || !evaluate(ev, e->arg[1], &n)) return false;
    bool turned = x.mid + x.error < 0 && expr_small_ratio(e->arg[1], &p, &q) && q > 1 && q % 2 == 1;
    if (turned) x.mid = -x.mid;
    if (!interval_power(x, n, out)) return false;
    if (turned && p % 2 != 0) out->mid = -out->mid;
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
        return interval_make(e->op == C_PI ? 3.14159265358979323846 : 2.71828182845904523536, 0,
                             out);
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
        return interval_make_whole(whole && size < 9e15, a.mid, a.error + size * ULP * e->n, out);
    }
    case E_MUL:
        return evaluate(ev, e->arg[0], &a) && evaluate(ev, e->arg[1], &b) &&
               interval_multiply(a, b, out);
    case E_DIV:
    case E_RATIO:
        return e->n == 2 && evaluate(ev, e->arg[0], &a) && evaluate(ev, e->arg[1], &b) &&
               interval_divide(a, b, out);
    case E_POW:
        return power(ev, e, out);
    case E_NEG:
        if (!evaluate(ev, e->arg[0], &a)) return false;
        *out = (struct interval){-a.mid, a.error};
        return true;
    case E_FUNC:
        return function(ev, e, out);
    case E_PERCENT:
        return evaluate(ev, e->arg[0], &a) && interval_divide(a, (struct interval){100, 0}, out);
    case E_DEGREE:
        return evaluate(ev, e->arg[0], &a) &&
               interval_multiply(a, (struct interval){0.017453292519943295, 1e-17}, out);
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
