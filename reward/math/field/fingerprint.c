/* reward/math/field/fingerprint.c - evaluation in GF(P^2).
 *
 * The rules that keep atoms consistent:
 *
 *   transcendental points are 12th powers, so their roots of order 2, 3, 4, 6 and 12 exist;
 *   e is the 60th power of a point, so e^(a/b) is exact for b that divide 60;
 *   exp(i x) is a product over x's terms of norm-one elements, so cos and sin of sums, multiples and
 *   halves follow the addition formulas;
 *   b^x is a product over x's terms, b's factors and b's primes;
 *   ln is a sum over an argument's factors and primes.
 *
 * An image is exact when no atom was used and at most one of pi and e was: pi alone (or e alone) is
 * a free point because it is transcendental, while nobody knows whether the two are independent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/fingerprint.h"

#include <math.h>

#include "reward/math/field/image.h"
#include "reward/math/value/interval.h"

/* ---- absolute values --------------------------------------------------------------------------- */

static bool absolute(struct fp *f, const struct expr *x, struct field *out)
{
    struct interval v;
    struct field a, b;
    if (expr_is_constant(x) && f->bound == NULL && interval_of(x, NULL, &v) &&
        fabs(v.mid) > v.error) {
        if (!image_of(f, x, &a)) return false;
        *out = v.mid < 0 ? field_neg(a) : a;
        return true;
    }
    switch ((enum expr_kind)x->kind) {
    case E_NEG:
        return absolute(f, x->arg[0], out);
    case E_MUL:
        if (!absolute(f, x->arg[0], &a) || !absolute(f, x->arg[1], &b)) return false;
        *out = field_mul(a, b);
        return true;
    case E_DIV:
        return absolute(f, x->arg[0], &a) && absolute(f, x->arg[1], &b) && image_divide(a, b, out);
    case E_FUNC:
        if (x->op == F_ABS) return absolute(f, x->arg[0], out);
        break;
    default:
        break;
    }
    if (!image_of(f, x, &a)) return false;
    bool flip = field_word(a) > field_word(field_neg(a));
    *out =
        field_is_zero(a) ? a : image_atom(f, image_tag(f, E_FUNC, F_ABS), flip ? field_neg(a) : a);
    return true;
}

/* ---- the choice -------------------------------------------------------------------------------- */

/* f(x) for an unknown f is a value of its own, as free as a variable, where x is exact. */
static bool is_free(const struct expr *e)
{
    return e->kind == E_APPLY || (e->kind == E_FUNC && e->op == F_PMOD);
}

static bool unknown_function(struct fp *f, const struct expr *e, struct field *out)
{
    unsigned before = f->uses;
    struct field x, mixed = FIELD_ZERO;
    uint64_t t = image_tag(f, e->kind, e->kind == E_FUNC ? e->op : 0);
    for (size_t i = 0; i < e->text.n; i++) {
        t = field_mix(t ^ (unsigned char)e->text.p[i]);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        if (!image_of(f, e->arg[i], &x)) return false;
        t = field_mix(t ^ field_word(x));
        mixed = x;
    }
    bool exact = is_free(e) && ((f->uses ^ before) & USES_ATOM) == 0;
    unsigned after = f->uses;
    *out = image_atom(f, t, mixed);
    if (exact) f->uses = after;
    return true;
}

/* a mod m, as the class of a: of whole numbers the least residue counts. */
static bool residue_class(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational m;
    uint64_t r;
    struct field modulus;
    if (e->n != 2 || !rational_of(e->arg[1], f->bound, &m) || m.d != 1 || m.n < 1 ||
        m.n >= INT64_MAX / 4 ||
        !fingerprint_residue(e->arg[0], (uint64_t)m.n, f->bound, &f->steps, &r)) {
        return unknown_function(f, e, out);
    }
    unsigned before = f->uses;
    modulus = field_int(m.n);
    *out = image_atom(f, image_tag(f, E_FUNC, F_PMOD) ^ field_mix(r), modulus);
    f->uses = before;
    return true;
}

static bool permutations(struct fp *f, const struct expr *n, const struct expr *k,
                         struct field *out)
{
    struct field chosen, orders;
    if (!image_binomial(f, n, k, &chosen) || !image_factorial(f, F_FACT, k, &orders)) return false;
    *out = field_mul(chosen, orders);
    return true;
}

static bool function(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    struct expr base = {.kind = E_CONST, .op = C_E};
    const struct expr *x = e->arg[0];
    switch ((enum func_op)e->op) {
    case F_SQRT:
        return image_root(f, x, 2, out);
    case F_ROOT:
        if (rational_of(e->arg[1], f->bound, &r) && r.d == 1 && r.n > 0) {
            return image_root(f, x, r.n, out);
        }
        {
            struct expr one = {.kind = E_NUM, .num = {.digits = span_str("1"), .places = -1}};
            const struct expr *pair[] = {&one, e->arg[1]};
            struct expr inverse = {.kind = E_DIV, .n = 2, .arg = pair};
            return image_power(f, x, &inverse, out);
        }
    case F_SIN:
    case F_COS:
    case F_TAN:
    case F_COT:
    case F_SEC:
    case F_CSC:
        return image_circular(f, e->op, x, out);
    case F_ASIN:
    case F_ACOS:
    case F_ATAN:
        return image_inverse_circular(f, e->op, x, out);
    case F_SINH:
    case F_COSH:
    case F_TANH:
    case F_COTH:
    case F_SECH:
    case F_CSCH:
        return image_hyperbolic(f, e->op, x, out);
    case F_ASINH:
    case F_ATANH: {
        struct field v;
        return image_of(f, x, &v) && image_odd_atom(f, e->op, v, out);
    }
    case F_EXP:
        return image_power(f, &base, x, out);
    case F_LN:
        return image_ln(f, x, out);
    case F_LOG:
        if (!f->common_log) return image_ln(f, x, out);
        base = (struct expr){.kind = E_NUM,
                             .num = {.digits = span_str("1"), .exp10 = 1, .places = -1}};
        return image_log_base(f, x, &base, out);
    case F_LOGB:
        return image_log_base(f, x, e->arg[1], out);
    case F_ABS:
        return absolute(f, x, out);
    case F_FLOOR:
    case F_CEIL:
        return image_floor_or_ceil(f, e, out);
    case F_FACT:
    case F_FACT2:
        return image_factorial(f, e->op, x, out);
    case F_BINOM:
        return e->n == 2 && image_binomial(f, x, e->arg[1], out);
    case F_GCD:
    case F_LCM:
    case F_MIN:
    case F_MAX:
        return image_fold_many(f, e, out);
    case F_PERM: /* n!/(n - k)! */
        return e->n == 2 && permutations(f, x, e->arg[1], out);
    case F_PMOD:
        return residue_class(f, e, out);
    case F_MOD:
        return e->n == 2 && image_modulo(f, x, e->arg[1], out);
    default:
        return unknown_function(f, e, out);
    }
}

static bool based(const struct expr *e, struct field *out)
{
    struct field v = FIELD_ZERO, base = field_int(e->num.exp10), scale = FIELD_ONE;
    bool point = false;
    for (size_t i = 0; i < e->text.n; i++) {
        char c = e->text.p[i];
        if (c == '.') {
            point = true;
            continue;
        }
        int digit = c <= '9' ? c - '0' : c <= 'Z' ? c - 'A' + 10 : c - 'a' + 10;
        v = field_add(field_mul(v, base), field_int(digit));
        if (point) scale = field_mul(scale, base);
    }
    *out = field_mul(v, field_inv(scale));
    return true;
}

static bool symbol(struct fp *f, const struct expr *e, struct field *out)
{
    const struct binding *b = binding_find(f->bound, e->text);
    *out = b != NULL ? b->image : field_pow(image_symbol_root(f, e->text), 12);
    return true;
}

bool image_of(struct fp *f, const struct expr *e, struct field *out)
{
    struct field a, b;
    if (--f->steps < 0) return false;
    switch ((enum expr_kind)e->kind) {
    case E_NUM:
        *out = image_of_number(f, &e->num);
        if (e->num.open) *out = image_atom(f, image_tag(f, E_NUM, 1), *out);
        return true;
    case E_SYM:
        return symbol(f, e, out);
    case E_CONST:
        return image_constant(f, e->op, out);
    case E_ADD:
        a = FIELD_ZERO;
        for (uint32_t i = 0; i < e->n; i++) {
            if (!image_of(f, e->arg[i], &b)) return false;
            a = field_add(a, b);
        }
        return image_set(out, a);
    case E_MUL:
        if (!image_of(f, e->arg[0], &a) || !image_of(f, e->arg[1], &b)) return false;
        return image_set(out, field_mul(a, b));
    case E_DIV:
        f->steps -= 40;
        return image_of(f, e->arg[0], &a) && image_of(f, e->arg[1], &b) && image_divide(a, b, out);
    case E_POW:
        f->steps -= 20;
        return image_power(f, e->arg[0], e->arg[1], out);
    case E_NEG:
        if (!image_of(f, e->arg[0], &a)) return false;
        return image_set(out, field_neg(a));
    case E_FUNC:
        return function(f, e, out);
    case E_APPLY:
        return unknown_function(f, e, out);
    case E_PERCENT:
        return image_of(f, e->arg[0], &a) && image_divide(a, field_int(100), out);
    case E_DEGREE:
        if (!image_of(f, e->arg[0], &a) || !image_pi_times(f, (struct rational){1, 180}, &b)) {
            return false;
        }
        return image_set(out, field_mul(a, b));
    case E_UNIT:
        return image_of(f, e->arg[0], out);
    case E_BASE:
        return based(e, out);
    case E_RATIO:
        return e->n == 2 && image_of(f, e->arg[0], &a) && image_of(f, e->arg[1], &b) &&
               image_divide(a, b, out);
    case E_SUM:
        return image_sum(f, e, out);
    case E_INTEGRAL:
        return image_integral(f, e, out);
    default:
        return false;
    }
}

bool fingerprint_zero(const struct expr *e)
{
    struct fingerprint f;
    for (uint64_t seed = 11; seed < 13; seed++) {
        struct fingerprint_options o = {.seed = seed, .steps = 10000};
        if (e == NULL || !fingerprint_of(e, &o, &f) || !field_is_zero(f.image)) return false;
    }
    return true;
}

bool fingerprint_of(const struct expr *e, const struct fingerprint_options *o,
                    struct fingerprint *out)
{
    struct fp f = {.seed = o->seed, .steps = o->steps, .common_log = o->common_log};
    if (!image_of(&f, e, &out->image)) return false;
    out->exact = (f.uses & USES_ATOM) == 0 && f.uses != (USES_PI | USES_E);
    return true;
}
