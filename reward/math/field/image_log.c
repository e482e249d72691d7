/* reward/math/field/image_log.c - logarithms: a sum over an argument's factors and primes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"
#include "reward/math/tree/functions.h"

/* The natural logarithm of e. */
static bool ln(struct fp *f, const struct expr *e, struct field *out);

static struct field ln_whole(struct fp *f, uint64_t n)
{
    struct field v = FIELD_ZERO;
    for (uint64_t q = 2; n > 1; q += q == 2 ? 1 : 2) {
        if (q * q > n || q > 10000) q = n;
        int64_t k = 0;
        for (; n % q == 0; n /= q) {
            k++;
        }
        if (k == 0) continue;
        v = field_add(v, field_mul(field_int(k),
                                   image_atom(f, image_tag(f, E_FUNC, F_LN), field_residue(q))));
        f->steps -= 20;
    }
    f->steps -= 20;
    return v;
}

static bool ln_scaled(struct fp *f, const struct expr *base, const struct expr *by,
                      struct field *out)
{
    struct field a, b;
    if (!ln(f, base, &a) || !image_of(f, by, &b)) return false;
    *out = field_mul(a, b);
    return true;
}

static bool ln(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational r;
    struct field a, b;
    if ((f->steps -= 4) < 0) return false;
    if (rational_of(e, f->bound, &r) && r.n > 0) {
        *out = field_sub(ln_whole(f, (uint64_t)r.n), ln_whole(f, (uint64_t)r.d));
        return true;
    }
    switch ((enum expr_kind)e->kind) {
    case E_CONST:
        if (e->op == C_E) return image_set(out, FIELD_ONE);
        break;
    case E_POW:
        return ln_scaled(f, e->arg[0], e->arg[1], out);
    case E_MUL:
        if (!ln(f, e->arg[0], &a) || !ln(f, e->arg[1], &b)) return false;
        *out = field_add(a, b);
        return true;
    case E_DIV:
        if (!ln(f, e->arg[0], &a) || !ln(f, e->arg[1], &b)) return false;
        *out = field_sub(a, b);
        return true;
    case E_FUNC:
        if (e->op == F_SQRT) {
            if (!ln(f, e->arg[0], &a)) return false;
            *out = field_mul(a, field_inv(field_int(2)));
            return true;
        }
        if (e->op == F_EXP) return image_of(f, e->arg[0], out);
        break;
    default:
        break;
    }
    if (!image_of(f, e, &a) || field_is_zero(a)) return false;
    *out = image_atom(f, image_tag(f, E_FUNC, F_LN), a);
    return true;
}

static bool log_to_base(struct fp *f, const struct expr *x, const struct expr *base,
                        struct field *out)
{
    struct field a, b;
    return ln(f, x, &a) && ln(f, base, &b) && image_divide(a, b, out);
}

bool image_natural_log(struct fp *f, const struct expr *e, struct field *out)
{
    return ln(f, e->arg[0], out);
}

bool image_plain_log(struct fp *f, const struct expr *e, struct field *out)
{
    const struct expr ten = {.kind = E_NUM,
                             .num = {.digits = span_str("1"), .exp10 = 1, .places = -1}};
    return f->common_log ? log_to_base(f, e->arg[0], &ten, out) : ln(f, e->arg[0], out);
}

bool image_based_log(struct fp *f, const struct expr *e, struct field *out)
{
    return log_to_base(f, e->arg[0], e->arg[1], out);
}
