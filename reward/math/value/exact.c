/* reward/math/value/exact.c - constants compared exactly, by Calcium.
 *
 * Decides what fingerprints cannot: nested roots, logarithms, arctangents, and their sums. Only for
 * small expressions: Calcium's algebra is unbounded, so what goes in is bounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/value/exact.h"

#include "reward/math/field/rational.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"
#include "reward/math/value/arb.h"

enum { MAX_NODES = 120, MAX_EXPONENT = 400, MAX_INDEX = 12, MAX_DIGITS = 400 };

struct exact {
    struct math_work *w;
    ca_ctx_struct *ctx;
    bool common_log;
    int nodes;
};

/* A function at a, the value of e's first argument, into out. */
struct exact_call {
    struct exact *x;
    const struct expr *e;
    ca_srcptr a;
    ca_ptr out;
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
    struct interval v;
    bool odd = rational && r.d > 1 && r.d % 2 == 1; /* of a negative base the real value */
    bool turned = odd && interval_of(base, NULL, &v) && v.mid < 0;
    ca_init(b, x->ctx);
    ca_init(p, x->ctx);
    bool ok = eval(x, base, b) && eval(x, e, p);
    if (ok && turned) ca_neg(b, b, x->ctx);
    if (ok) ca_pow(out, b, p, x->ctx);
    if (ok && turned && r.n % 2 != 0) ca_neg(out, out, x->ctx);
    ca_clear(p, x->ctx);
    ca_clear(b, x->ctx);
    return ok;
}

/* ---- functions --------------------------------------------------------------------------------- */

bool exact_root(const struct exact_call *c)
{
    struct exact *x = c->x;
    const struct expr *e = c->e;
    struct rational n;
    struct interval v;
    if (!rational_of(e->arg[1], NULL, &n) || n.d != 1 || n.n < 1 || n.n > MAX_INDEX) return false;
    bool negative = n.n % 2 == 1 && interval_of(e->arg[0], NULL, &v) && v.mid < 0;
    ca_t b, p;
    ca_init(b, x->ctx);
    ca_init(p, x->ctx);
    ca_set(b, c->a, x->ctx);
    if (negative) ca_neg(b, b, x->ctx);
    ca_one(p, x->ctx);
    ca_div_si(p, p, n.n, x->ctx);
    ca_pow(c->out, b, p, x->ctx);
    if (negative) ca_neg(c->out, c->out, x->ctx);
    ca_clear(p, x->ctx);
    ca_clear(b, x->ctx);
    return true;
}

/* f is Calcium's ca_f. */
#define PLAIN(f) \
    bool exact_##f(const struct exact_call *c) \
    { \
        ca_##f(c->out, c->a, c->x->ctx); \
        return true; \
    }
PLAIN(sqrt)
PLAIN(exp)
PLAIN(abs)
PLAIN(asin)
PLAIN(acos)
PLAIN(atan)
#undef PLAIN

bool exact_circular(const struct exact_call *c)
{
    const struct function *f = &FUNCTIONS[c->e->op];
    ca_ctx_struct *ctx = c->x->ctx;
    ca_t one, sine, cosine;
    ca_init(one, ctx);
    ca_init(sine, ctx);
    ca_init(cosine, ctx);
    ca_one(one, ctx);
    ca_sin_cos(sine, cosine, c->a, ctx);
    const ca_srcptr part[] = {[PART_ONE] = one, [PART_SINE] = sine, [PART_COSINE] = cosine};
    ca_div(c->out, part[f->over], part[f->under], ctx);
    ca_clear(cosine, ctx);
    ca_clear(sine, ctx);
    ca_clear(one, ctx);
    return true;
}

bool exact_ln(const struct exact_call *c)
{
    ca_log(c->out, c->a, c->x->ctx);
    return true;
}

static void log_to_base(const struct exact_call *c, ca_ptr base)
{
    ca_log(c->out, c->a, c->x->ctx);
    ca_log(base, base, c->x->ctx);
    ca_div(c->out, c->out, base, c->x->ctx);
}

bool exact_log_base(const struct exact_call *c)
{
    ca_t b;
    ca_init(b, c->x->ctx);
    bool ok = eval(c->x, c->e->arg[1], b);
    if (ok) log_to_base(c, b);
    ca_clear(b, c->x->ctx);
    return ok;
}

bool exact_log(const struct exact_call *c)
{
    ca_t ten;
    if (!c->x->common_log) return exact_ln(c);
    ca_init(ten, c->x->ctx);
    ca_set_ui(ten, 10, c->x->ctx);
    log_to_base(c, ten);
    ca_clear(ten, c->x->ctx);
    return true;
}

static bool function(struct exact *x, const struct expr *e, ca_t out)
{
    const struct function *f = &FUNCTIONS[e->op];
    const struct function *g = f->exact != NULL ? f : &FUNCTIONS[f->of_inverse];
    if (g->exact == NULL || e->n < f->least || e->n > f->most) return false;
    ca_t a;
    ca_init(a, x->ctx);
    bool ok = eval(x, e->arg[0], a);
    if (ok && g != f) ca_inv(a, a, x->ctx);
    struct exact_call call = {x, e, a, out};
    ok = ok && g->exact(&call);
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
        ca_pi(out, x->ctx);
        return true;
    case C_E:
        ca_one(out, x->ctx);
        ca_exp(out, out, x->ctx);
        return true;
    case C_I:
        ca_i(out, x->ctx);
        return true;
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
