/* reward/math/field/field.c - arithmetic of GF(P^2), Montgomery's way.
 *
 * The constants below were found by search: P is the largest 61-bit prime with the three
 * properties that field.h lists; tests/unit/test_math_field.c checks each of them again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/field/field.h"

#include "base/hash.h"

#include <assert.h>

#define P FIELD_P
#define MINUS_P_INV UINT64_C(14892913107118218801) /* -1/P mod 2^64 */
#define R_MOD_P UINT64_C(1922160264)               /* 2^64 mod P: the image of 1 */
#define R2_MOD_P UINT64_C(1388857071527125777)     /* 2^128 mod P */

__extension__ typedef unsigned __int128 uint128;

const struct field FIELD_ZERO = {0, 0}, FIELD_ONE = {R_MOD_P, 0}, FIELD_I = {0, R_MOD_P};

static uint64_t reduce(uint128 t)
{
    uint64_t m = (uint64_t)t * MINUS_P_INV;
    uint64_t r = (uint64_t)((t + (uint128)m * P) >> 64);
    return r >= P ? r - P : r;
}

static uint64_t mul(uint64_t a, uint64_t b)
{
    return reduce((uint128)a * b);
}

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t s = a + b;
    return s >= P ? s - P : s;
}

static uint64_t sub(uint64_t a, uint64_t b)
{
    return a >= b ? a - b : a + P - b;
}

static uint64_t to_mont(uint64_t n)
{
    return mul(n % P, R2_MOD_P);
}

static uint64_t power(uint64_t a, uint64_t n)
{
    uint64_t r = R_MOD_P;
    for (; n > 0; n >>= 1) {
        if (n & 1) r = mul(r, a);
        a = mul(a, a);
    }
    return r;
}

struct field field_residue(uint64_t n)
{
    return (struct field){to_mont(n), 0};
}

struct field field_int(int64_t n)
{
    return n >= 0 ? field_residue((uint64_t)n) : field_neg(field_residue(0 - (uint64_t)n));
}

uint64_t field_mix(uint64_t x)
{
    return hash_mix(x + HASH_STEP);
}

struct field field_hash(struct span s, uint64_t seed)
{
    uint64_t h = field_mix(seed ^ s.n);
    for (size_t i = 0; i < s.n; i++) {
        h = field_mix(h ^ (unsigned char)s.p[i]);
    }
    return field_residue(h % (P - 1) + 1);
}

struct field field_add(struct field a, struct field b)
{
    return (struct field){add(a.re, b.re), add(a.im, b.im)};
}

struct field field_sub(struct field a, struct field b)
{
    return (struct field){sub(a.re, b.re), sub(a.im, b.im)};
}

struct field field_neg(struct field a)
{
    return field_sub(FIELD_ZERO, a);
}

struct field field_mul(struct field a, struct field b)
{
    if ((a.im | b.im) == 0) return (struct field){mul(a.re, b.re), 0};
    return (struct field){sub(mul(a.re, b.re), mul(a.im, b.im)),
                          add(mul(a.re, b.im), mul(a.im, b.re))};
}

struct field field_inv(struct field a)
{
    assert(!field_is_zero(a));
    if (a.im == 0) return (struct field){power(a.re, P - 2), 0};
    uint64_t norm = power(add(mul(a.re, a.re), mul(a.im, a.im)), P - 2);
    return (struct field){mul(a.re, norm), mul(sub(0, a.im), norm)};
}

struct field field_pow(struct field a, uint64_t n)
{
    if (a.im == 0) return (struct field){power(a.re, n), 0};
    struct field r = FIELD_ONE;
    for (; n > 0; n >>= 1) {
        if (n & 1) r = field_mul(r, a);
        a = field_mul(a, a);
    }
    return r;
}

bool field_eq(struct field a, struct field b)
{
    return a.re == b.re && a.im == b.im;
}

bool field_is_zero(struct field a)
{
    return (a.re | a.im) == 0;
}

struct field field_root_of_unity(int64_t k, int64_t n)
{
    assert(n > 0 && FIELD_ORDER % n == 0);
    int64_t e = k % n;
    if (e < 0) e += n;
    struct field zeta = {to_mont(UINT64_C(1861930194766268446)),
                         to_mont(UINT64_C(1079624166088668455))};
    return field_pow(zeta, (uint64_t)e * (uint64_t)(FIELD_ORDER / n));
}

/* Square roots that the roots of unity fix: sums of Gauss. */
static const struct {
    uint64_t prime, root;
} gauss[] = {
    {2, UINT64_C(1658725621434855321)},  {3, UINT64_C(210795956197957915)},
    {5, UINT64_C(424311714507546500)},   {7, UINT64_C(1434163194164080220)},
    {11, UINT64_C(1196771264418055958)}, {13, UINT64_C(764140167364285366)},
};

struct field field_sqrt_prime(uint64_t q)
{
    for (size_t i = 0; i < sizeof(gauss) / sizeof(gauss[0]); i++) {
        if (gauss[i].prime == q) return field_residue(gauss[i].root);
    }
    uint64_t a = to_mont(q), root = power(a, (P + 1) / 4);
    if (mul(root, root) == a) return (struct field){root, 0};
    root = power(sub(0, a), (P + 1) / 4); /* -q is the square */
    assert(mul(root, root) == sub(0, a)); /* P = 3 (mod 4): one of q and -q has a root */
    return (struct field){0, root};
}

struct field field_odd_root(struct field a, uint64_t n)
{
    assert(field_is_real(a) && n % 2 == 1 && n <= UINT32_MAX);
    /* The exponent is n's inverse modulo P - 1 = 2q: (1 + k (P - 1)) / n for the k that divides. */
    uint64_t m = (P - 1) % n, inverse = 0;
    int64_t r0 = (int64_t)n, r1 = (int64_t)m, t0 = 0, t1 = 1;
    while (r1 != 0) {
        int64_t q = r0 / r1, r2 = r0 - q * r1, t2 = t0 - q * t1;
        r0 = r1, r1 = r2, t0 = t1, t1 = t2;
    }
    assert(r0 == 1); /* (P - 1) / 2 is prime, so n and P - 1 have no common factor */
    inverse = (uint64_t)(t0 < 0 ? t0 + (int64_t)n : t0); /* of P - 1 modulo n */
    uint64_t k = n == 1 ? 0 : n - inverse;
    uint64_t e = n == 1 ? 1 : (uint64_t)(((uint128)k * (P - 1) + 1) / n);
    return (struct field){power(a.re, e), 0};
}

uint64_t field_word(struct field a)
{
    assert(a.re < P && a.im < P); /* (1) */
    return field_mix(reduce(a.re)) ^ reduce(a.im);
}
