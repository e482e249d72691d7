/* reward/math/field/image_atom.c - functions of which little or nothing is known: atoms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <math.h>

#include "reward/math/real/interval.h"
#include "reward/math/tree/functions.h"

/* f(x) for an unknown f is a value of its own, as free as a variable, where x is exact; not the
 * value of an operator that has a meaning, though none that is known here. */
static bool is_free(const struct expr *e)
{
    return (e->kind == E_APPLY && e->op == 0) || (e->kind == E_FUNC && e->op == F_PMOD);
}

bool image_unknown(struct fp *f, const struct expr *e, struct field *out)
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

/* f(-x) = f(x), or -f(x): one atom for both signs. */
bool image_symmetric_atom(struct fp *f, int op, struct field x, struct field *out)
{
    bool odd = FUNCTIONS[op].parity == PARITY_ODD;
    bool flip = field_word(x) > field_word(field_neg(x));
    struct field v = image_atom(f, image_tag(f, E_FUNC, op), flip ? field_neg(x) : x);
    if (odd && field_is_zero(x)) return image_set(out, FIELD_ZERO);
    return image_set(out, odd && flip ? field_neg(v) : v);
}

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
    return field_is_zero(a) ? image_set(out, a) : image_symmetric_atom(f, F_ABS, a, out);
}

bool image_absolute(struct fp *f, const struct expr *e, struct field *out)
{
    return absolute(f, e->arg[0], out);
}

/* a mod m, as the class of a: of whole numbers the least residue counts. */
bool image_residue_class(struct fp *f, const struct expr *e, struct field *out)
{
    struct rational m;
    uint64_t r;
    struct field modulus;
    if (e->n != 2 || !rational_of(e->arg[1], f->bound, &m) || m.d != 1 || m.n < 1 ||
        m.n >= INT64_MAX / 4 ||
        !fingerprint_residue(e->arg[0], (uint64_t)m.n, f->bound, &f->steps, &r)) {
        return image_unknown(f, e, out);
    }
    unsigned before = f->uses;
    modulus = field_int(m.n);
    *out = image_atom(f, image_tag(f, E_FUNC, F_PMOD) ^ field_mix(r), modulus);
    f->uses = before;
    return true;
}
