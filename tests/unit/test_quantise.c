/* tests/unit/test_quantise.c - rows quantised at load: known blocks, and how far a block may be
 * off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "engine/tensor/quantise.h"
#include "engine/forward/weights.h"

enum { N = 128 };

/* Steps between neighbours in units of the block's largest magnitude (Q4_1: of its range). */
static const struct {
    const char *name;
    enum quant type;
    double half_step;
} types[] = {
    {"F32", QUANT_F32, 0},
    {"F16", QUANT_F16, 0x1p-11},
    {"BF16", QUANT_BF16, 0x1p-8},
    {"Q8_0", QUANT_Q8_0, 0.5 / 127 + 0x1p-11},
    {"Q4_0", QUANT_Q4_0, 1.0 / 8 + 0x1p-11}, /* the other end of the range is cut off */
    {"Q4_1", QUANT_Q4_1, 2 * 0.5 / 15 + 0x1p-9},
};

static void every_weight_is_within_half_a_step(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        float x[N], y[N], largest[N / 32] = {0};
        uint8_t packed[N * sizeof(float)];
        for (int i = 0; i < N; i++) {
            x[i] = (float)(sin(i * 1.7) * exp(sin(i * 0.3)) * (i < 32 ? 1e-3 : 5));
            largest[i / 32] = fmaxf(largest[i / 32], fabsf(x[i]));
        }
        quantise_row(types[t].type, packed, x, N);
        quant_types[types[t].type].dequant(y, packed, N);
        for (int i = 0; i < N; i++) {
            double off = fabs((double)x[i] - (double)y[i]);
            if (off <= types[t].half_step * (double)largest[i / 32]) continue;
            fail_msg("%s: weight %d is %g, not %g", types[t].name, i, (double)y[i], (double)x[i]);
        }
    }
}

static void known_blocks(void **state)
{
    (void)state;
    float x[32] = {0};
    struct q8_0 q8;
    struct q4_0 q4;
    x[3] = -127;
    x[4] = 64.4f;
    quantise_row(QUANT_Q8_0, &q8, x, 32);
    assert_int_equal(q8.d, f32_to_f16(1));
    assert_int_equal(q8.q[3], -127);
    assert_int_equal(q8.q[4], 64);
    x[3] = -16; /* d = 2: -16 is stored as 0, 0 as 8 */
    x[4] = 6;
    quantise_row(QUANT_Q4_0, &q4, x, 32);
    assert_int_equal(q4.d, f32_to_f16(2));
    assert_int_equal(q4.q[3], 0x80);
    assert_int_equal(q4.q[4], 0x8b);
}

static void zeros_stay_zeros(void **state)
{
    (void)state;
    const float x[32] = {0};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        float y[32];
        uint8_t packed[32 * sizeof(float)];
        quantise_row(types[t].type, packed, x, 32);
        quant_types[types[t].type].dequant(y, packed, 32);
        for (int i = 0; i < 32; i++) {
            assert_true(y[i] == 0);
        }
    }
}

static void names(void **state)
{
    (void)state;
    struct error err = {0};
    int type = 0;
    assert_true(weights_type_of(NULL, &type, &err));
    assert_int_equal(type, -1);
    assert_true(weights_type_of("q4_0", &type, &err));
    assert_int_equal(type, QUANT_Q4_0);
    assert_false(weights_type_of("q6_k", &type, &err));
    assert_string_equal(err.param, "weights");
    assert_false(weights_type_of("nonsense", &type, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_weight_is_within_half_a_step),
        cmocka_unit_test(known_blocks),
        cmocka_unit_test(zeros_stay_zeros),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
