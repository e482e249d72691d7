/* reward/math/field/image.c - atoms, numbers, constants: what every rule of image.h begins with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/image.h"

#include <assert.h>

uint64_t image_tag(struct fp *f, int kind, int op)
{
    return field_mix(f->seed ^ ((uint64_t)kind << 32) ^ (uint64_t)op);
}

/* A 12th power that stands for an unknown of this tag and argument. */
struct field image_atom_root(uint64_t t, struct field x)
{
    uint64_t word = field_word(x);
    return field_hash(span_of(&word, sizeof(word)), t);
}

struct field image_atom(struct fp *f, uint64_t t, struct field x)
{
    f->uses |= USES_ATOM;
    return field_pow(image_atom_root(t, x), 12);
}

bool image_power_rational(struct field root12, struct rational r, struct field *out)
{
    assert(r.d > 0); /* rational.h (1) */
    if (12 % r.d != 0) return false;
    int64_t n;
    if (__builtin_mul_overflow(r.n, 12 / r.d, &n)) return false;
    struct field v = field_pow(root12, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
    if (n < 0 && field_is_zero(v)) return false;
    *out = n < 0 ? field_inv(v) : v;
    return true;
}

struct field image_of_rational(struct rational r)
{
    struct field v = field_int(r.n);
    assert(r.d > 0 && (uint64_t)r.d < FIELD_P); /* rational.h (2) */
    return r.d == 1 ? v : field_mul(v, field_inv(field_int(r.d)));
}

bool image_divide(struct field a, struct field b, struct field *out)
{
    if (field_is_zero(b)) return false;
    *out = field_mul(a, field_inv(b));
    return true;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

struct field image_of_number(struct fp *f, const struct num *num)
{
    struct field v = FIELD_ZERO, ten18 = field_residue(UINT64_C(1000000000000000000));
    size_t i = 0, head = num->digits.n % 18;
    f->steps -= (int64_t)(num->digits.n / 18);
    while (i < num->digits.n) {
        size_t end = i == 0 && head > 0 ? head : i + 18;
        uint64_t chunk = 0;
        assert(end <= num->digits.n); /* a short chunk first, then whole ones */
        for (; i < end; i++) {
            chunk = chunk * 10 + (uint64_t)(num->digits.p[i] - '0');
        }
        v = field_add(field_mul(v, ten18), field_residue(chunk));
    }
    if (num->exp10 == 0 || num->digits.n == 0) return v;
    bool minus = num->exp10 < 0;
    struct field scale =
        field_pow(field_int(10), minus ? 0 - (uint64_t)num->exp10 : (uint64_t)num->exp10);
    return field_mul(v, minus ? field_inv(scale) : scale);
}

struct field image_symbol_root(struct fp *f, struct span name)
{
    return field_hash(name, f->seed);
}

bool image_constant(struct fp *f, int op, struct field *out)
{
    switch (op) {
    case C_PI:
        f->uses |= USES_PI;
        *out = field_pow(field_hash(span_str("\\pi"), f->seed), 12);
        return true;
    case C_E:
        f->uses |= USES_E;
        *out = field_pow(field_hash(span_str("\\e"), f->seed), 60);
        return true;
    case C_I:
        *out = FIELD_I;
        return true;
    default:
        return false; /* infinity and sets are no numbers */
    }
}
