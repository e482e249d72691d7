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

#include <assert.h>

#include <math.h>

#include "reward/math/field/image.h"
#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

/* ---- functions ----------------------------------------------------------------------------------- */

/* f(x) as g(1/x). */
static bool of_inverse(struct fp *f, int g, const struct expr *x, struct field *out)
{
    struct expr one = {.kind = E_NUM, .num = {.digits = span_str("1"), .places = -1}};
    const struct expr *pair[] = {&one, x}, *arg;
    struct expr inverse = {.kind = E_DIV, .n = 2, .arg = pair};
    struct expr call = {.kind = E_FUNC, .op = (uint8_t)g, .n = 1, .arg = &arg};
    arg = &inverse;
    return image_of(f, &call, out);
}

static bool function(struct fp *f, const struct expr *e, struct field *out)
{
    const struct function *row = &FUNCTIONS[e->op];
    struct field x;
    if (row->image != NULL) return row->image(f, e, out);
    if (row->of_inverse != F_NONE) return of_inverse(f, row->of_inverse, e->arg[0], out);
    if (row->parity == PARITY_NONE || e->n != 1) return image_unknown(f, e, out);
    return image_of(f, e->arg[0], &x) && image_symmetric_atom(f, e->op, x, out);
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
        assert(digit >= 0 && digit < e->num.exp10); /* the parser takes no others */
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
        return image_unknown(f, e, out);
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
