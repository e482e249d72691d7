/* reward/math/field/image.h - evaluation in GF(P^2), divided by kind of function; inside fingerprint
 * only.
 *
 * One file a family of rules, each a partial function from expressions to field elements: false
 * means no image, because the value is none (division by 0), the work allowed is spent, or no rule
 * applies and no atom may stand in. Rules that used an atom, pi or e say so in fp.uses, on which
 * depends whether different images prove anything (fingerprint.c). The families call each other
 * through image_of().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIELD_IMAGE_H
#define REWARD_MATH_FIELD_IMAGE_H

#include "reward/math/field/fingerprint.h"

enum { USES_PI = 1, USES_E = 2, USES_ATOM = 4 };

/* One evaluation. */
struct fp {
    uint64_t seed;               /* of the point */
    int64_t steps;               /* left */
    unsigned uses;               /* USES_... so far */
    bool common_log;             /* \log is of base 10 */
    const struct binding *bound; /* values of bound names (sums), innermost first */
};

/* ---- fingerprint.c --------------------------------------------------------------------------- */

/* *out = v, and true: the last step of a rule that has an image. */
static inline bool image_set(struct field *out, struct field v)
{
    *out = v;
    return true;
}

/* Any expression. */
bool image_of(struct fp *f, const struct expr *e, struct field *out);

/* ---- image.c --------------------------------------------------------------------------------- */

/* A word that stands for a kind of node and its operator, at this point. */
uint64_t image_tag(struct fp *f, int kind, int op);

/* An element that depends on nothing but tag and x, of which nobody knows another relation. */
struct field image_atom_root(uint64_t t, struct field x);

/* The image of an unknown function of this tag at x: a 12th power, of image_atom_root(). */
struct field image_atom(struct fp *f, uint64_t t, struct field x);

/* root12^(12 r), when 12 r is whole. */
bool image_power_rational(struct field root12, struct rational r, struct field *out);

/* An exact number. */
struct field image_of_rational(struct rational r);

/* False when b is 0. */
bool image_divide(struct field a, struct field b, struct field *out);

/* A number as written; long ones cost steps. */
struct field image_of_number(struct fp *f, const struct num *num);

/* The element whose 12th power is the variable. */
struct field image_symbol_root(struct fp *f, struct span name);

/* C_PI, C_E or C_I; infinity and sets have no image. */
bool image_constant(struct fp *f, int op, struct field *out);

/* ---- image_root.c ---------------------------------------------------------------------------- */

/* The d-th root of e; of a negative number the square root is i times a real one, odd roots are real. */
bool image_root(struct fp *f, const struct expr *e, int64_t d, struct field *out);

/* ---- image_power.c --------------------------------------------------------------------------- */

/* A product taken apart: scale pi^pis i^is rest. */
struct factors {
    struct rational scale;
    int pis, is;
    bool other; /* rest is not just one */
    struct field rest;
};

/* e as such a product. */
bool image_split_product(struct fp *f, const struct expr *e, struct factors *s);

/* exp(i x) for a product x. */
bool image_cis_product(struct fp *f, struct factors s, struct field *out);

/* base^e */
bool image_power(struct fp *f, const struct expr *base, const struct expr *e, struct field *out);

/* ---- image_trig.c ---------------------------------------------------------------------------- */

/* r pi */
bool image_pi_times(struct fp *f, struct rational r, struct field *out);

/* ---- image_whole.c --------------------------------------------------------------------------- */

/* *v and r brought together by op: gcd, lcm (of fractions: of numerators over that of denominators),
 * min, max. False on overflow. */
bool image_fold_rational(int op, struct rational *v, struct rational r);

/* ---- image_gcd.c ----------------------------------------------------------------------------- */

/* F_GCD or F_LCM of products of powers. */
bool image_gcd_monomials(struct fp *f, const struct expr *e, struct field *out);

/* ---- image_atom.c ---------------------------------------------------------------------------- */

/* e, a function of which nothing is known: an atom of its name and its arguments. */
bool image_unknown(struct fp *f, const struct expr *e, struct field *out);

/* op at x for an even or odd function of which no more is known. */
bool image_symmetric_atom(struct fp *f, int op, struct field x, struct field *out);

/* ---- image_sum.c ----------------------------------------------------------------------------- */

/* E_SUM: a sum, or a product when op is 1. */
bool image_sum(struct fp *f, const struct expr *e, struct field *out);

/* E_INTEGRAL of a polynomial between limits. */
bool image_integral(struct fp *f, const struct expr *e, struct field *out);

/* ---- the column `image` of FUNCTIONS ----------------------------------------------------------- */

/* The image of e, an E_FUNC of the row's op with as many arguments as the row allows. arc: arcsin,
 * arccos, arctan. factorial: also n!!. fold_many: gcd, lcm, min, max. modulo: a - m floor(a / m);
 * residue_class: a mod m, of which only the class counts. */
#define IMAGE_COLUMN(X) \
    X(sqrt) \
    X(nth_root) X(exp) X(natural_log) X(plain_log) X(based_log) X(circular) X(hyperbolic) X(arc) \
        X(absolute) X(floor_or_ceil) X(factorial) X(binomial) X(permutations) X(fold_many) \
            X(modulo) X(residue_class)
#define DECLARE(name) bool image_##name(struct fp *f, const struct expr *e, struct field *out);
IMAGE_COLUMN(DECLARE)
#undef DECLARE

#endif
