/* tests/unit/test_math_field.c - the field's constants are what field.h says, and commands are
 * sorted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <flint/ulong_extras.h>

#include "reward/math/field/field.h"

static void test_prime(void **state)
{
    (void)state;
    assert_true(n_is_prime(FIELD_P));
    assert_true(n_is_prime((FIELD_P - 1) / 2));
    assert_int_equal((FIELD_P + 1) % FIELD_ORDER, 0);
    assert_int_equal(FIELD_P % 4, 3);
}

static void test_arithmetic(void **state)
{
    (void)state;
    struct field a = field_hash(span_str("a"), 1), b = field_hash(span_str("b"), 1);
    struct field c = field_add(a, field_mul(b, FIELD_I));
    assert_true(field_eq(field_mul(c, field_inv(c)), FIELD_ONE));
    assert_true(
        field_eq(field_pow(c, 5), field_mul(field_mul(c, c), field_mul(c, field_mul(c, c)))));
    assert_true(field_eq(field_add(field_int(-7), field_int(7)), FIELD_ZERO));
    assert_true(field_eq(field_mul(FIELD_I, FIELD_I), field_int(-1)));
}

static void test_roots_of_unity(void **state)
{
    (void)state;
    assert_true(field_eq(field_pow(field_root_of_unity(1, FIELD_ORDER), FIELD_ORDER), FIELD_ONE));
    static const uint64_t primes[] = {2, 3, 5, 7, 11, 13};
    for (size_t i = 0; i < 6; i++) {
        assert_false(field_eq(field_root_of_unity(1, (int64_t)primes[i]), FIELD_ONE));
    }
    assert_true(field_eq(field_root_of_unity(1, 4), FIELD_I));
    /* 4 cos 36 = 1 + root of 5, and the Gauss sums' other kin */
    struct field cos36 = field_add(field_root_of_unity(1, 10), field_root_of_unity(-1, 10));
    assert_true(
        field_eq(field_mul(cos36, field_int(2)), field_add(FIELD_ONE, field_sqrt_prime(5))));
    assert_true(field_eq(field_add(field_root_of_unity(1, 12), field_root_of_unity(-1, 12)),
                         field_sqrt_prime(3)));
}

static void test_roots(void **state)
{
    (void)state;
    static const uint64_t primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 101, 65537};
    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
        struct field s = field_sqrt_prime(primes[i]);
        assert_true(field_eq(field_mul(s, s), field_residue(primes[i])));
    }
    for (uint64_t n = 1; n < 40; n += 2) {
        struct field r = field_odd_root(field_int(12345), n);
        assert_true(field_eq(field_pow(r, n), field_int(12345)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prime),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_roots_of_unity),
        cmocka_unit_test(test_roots),
    };
    return cmocka_run_group_tests_name("math_field", tests, NULL, NULL);
}
