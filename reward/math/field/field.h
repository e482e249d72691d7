/* reward/math/field/field.h - a finite field in which exact constants have images.
 *
 * F is GF(P^2) = GF(P)[i] with P = 2305843008973423919, chosen so that
 *   P + 1 is a multiple of 720720 = lcm(1..16): the roots of unity of those orders lie in F, so
 *     sines and cosines of rational multiples of pi with such denominators have exact images;
 *   (P - 1) / 2 is prime: every element of GF(P) has exactly one n-th root for every odd n < 10^18,
 *     so real odd roots have exact images;
 *   P = 3 (mod 4): i is not in GF(P), and one of q, -q has a square root in GF(P).
 * The square roots of 2, 3, 5, 7, 11 and 13 are the Gauss sums of the roots of unity; those of
 * other primes are free choices. Sending each such constant to its image is a ring homomorphism,
 * so different images prove different values. Equal images of different values happen by accident
 * with probability about degree / P at a point the writer of the text cannot choose.
 *
 * Elements are kept in Montgomery form (R = 2^64). Nothing here allocates.
 *
 *   (1) Both words are below P, so equal elements have equal words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIELD_FIELD_H
#define REWARD_MATH_FIELD_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define FIELD_P UINT64_C(2305843008973423919)

enum { FIELD_ORDER = 720720 }; /* of the root of unity that stands for exp(2 pi i / 720720) */

struct field {
    uint64_t re, im; /* Montgomery form, below FIELD_P */
};

extern const struct field FIELD_ZERO, FIELD_ONE, FIELD_I;

/* The image of n. */
struct field field_int(int64_t n);

/* n mod P */
struct field field_residue(uint64_t n);

/* An element of GF(P) that depends on every byte of s and on seed, and is never 0. */
struct field field_hash(struct span s, uint64_t seed);

/* a + b */
struct field field_add(struct field a, struct field b);

/* a - b */
struct field field_sub(struct field a, struct field b);

/* -a */
struct field field_neg(struct field a);

/* a b */
struct field field_mul(struct field a, struct field b);

/* 1 / a; a is not 0. */
struct field field_inv(struct field a);

/* a^n; 0^0 is 1. */
struct field field_pow(struct field a, uint64_t n);

/* a and b are one element: Montgomery form is unique. */
bool field_eq(struct field a, struct field b);

/* a is 0. */
bool field_is_zero(struct field a);

/* a lies in GF(P). */
static inline bool field_is_real(struct field a)
{
    return a.im == 0;
}

/* The image of exp(2 pi i k / n). n divides FIELD_ORDER. */
struct field field_root_of_unity(int64_t k, int64_t n);

/* The image of the square root of a prime q. */
struct field field_sqrt_prime(uint64_t q);

/* The one n-th root of a, which is in GF(P). n is odd and less than 2^32. */
struct field field_odd_root(struct field a, uint64_t n);

/* A mixing of 64 bits (splitmix64), for hashes of fields and names. */
uint64_t field_mix(uint64_t x);

/* a as two words out of Montgomery form: equal elements give equal words. */
uint64_t field_word(struct field a);

#endif
