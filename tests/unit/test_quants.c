/* tests/unit/test_quants.c - the meaning of each tensor type.
 *
 * Half floats are held against their definition; blocks against values worked out by hand.
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

#include "engine/tensor/finite.h"
#include "engine/tensor/quants.h"

/* IEEE 754 binary16: a sign, 5 bits of exponent offset by 15, 10 bits of mantissa; subnormals below 2^-14. */
static float half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    float magnitude = exponent == 0    ? ldexpf((float)mantissa, -24)
                      : exponent < 31  ? ldexpf((float)(1024 + mantissa), exponent - 25)
                      : mantissa == 0  ? INFINITY
                                       : NAN;
    return bits >> 15 != 0 ? -magnitude : magnitude;
}

/* The half nearest to f, which is no NaN; of two the even one. */
static uint16_t nearest_half(float f)
{
    double x = fabs((double)f);
    unsigned sign = signbit(f) ? 0x8000 : 0, magnitude = 31 << 10;
    if (x < 0x1p-14) {
        magnitude = (unsigned)nearbyint(ldexp(x, 24));
    } else if (x < 0x1.ffep15) { /* halfway from the largest, whose mantissa is odd, to 2^16 */
        int e = ilogb(x);
        magnitude = (unsigned)(e + 14) * 1024 + (unsigned)nearbyint(ldexp(x, 10 - e));
    }
    return (uint16_t)(sign | magnitude);
}

static void halves_widen_as_defined(void **state)
{
    (void)state;
    for (uint32_t h = 0; h <= 0xFFFF; h++) {
        float want = half_value((uint16_t)h), got = f16_to_f32((uint16_t)h);
        if (isnan(want) ? !isnan(got) : memcmp(&want, &got, 4) != 0) fail_msg("half %04x", h);
    }
}

static void floats_narrow_to_the_nearest(void **state)
{
    (void)state;
    uint32_t u = 1;
    for (int i = 0; i < 3000000; i++) {
        u = i < 200000 ? 0x38000000u + (uint32_t)i * 1237u : u * 1664525u + 1013904223u;
        float f;
        memcpy(&f, &u, 4);
        uint16_t got = f32_to_f16(f);
        bool nan = isnan(f);
        if (nan ? (got & 0x7C00) != 0x7C00 || (got & 0x3FF) == 0 : got != nearest_half(f)) {
            fail_msg("%a: not %04x", (double)f, got);
        }
    }
}

static void e4m3_by_its_table(void **state)
{
    (void)state;
    static const struct {
        uint8_t b;
        float f;
    } cases[] = {{0x00, 0.f},  {0x01, 0x1p-9f}, {0x07, 7 * 0x1p-9f}, {0x08, 0x1p-6f}, {0x38, 1.f},
                 {0x3C, 1.5f}, {0x7E, 448.f},   {0xB8, -1.f},        {0xFE, -448.f}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (f8_e4m3_to_f32(cases[i].b) != cases[i].f) fail_msg("%02x", cases[i].b);
    }
    assert_true(isnan(f8_e4m3_to_f32(0x7F)) && isnan(f8_e4m3_to_f32(0xFF)));
    assert_true(signbit(f8_e4m3_to_f32(0x80)));
}

enum { ONE = 0x3C00, HALF = 0x3800, TWO = 0x4000 };

static void blocks_by_hand(void **state)
{
    (void)state;
    float w[256];

    struct q8_0 a = {.d = HALF, .q = {-128, 127, 3}};
    quant_types[QUANT_Q8_0].dequant(w, &a, 32);
    assert_true(w[0] == -64.f && w[1] == 63.5f && w[2] == 1.5f && w[31] == 0.f);

    struct q4_0 b = {.d = TWO, .q = {0x0F, 0x80}};
    quant_types[QUANT_Q4_0].dequant(w, &b, 32);
    assert_true(w[0] == 14.f && w[16] == -16.f && w[1] == -16.f && w[17] == 0.f);

    struct q4_1 c = {.d = TWO, .m = ONE, .q = {0x0F, 0x80}};
    quant_types[QUANT_Q4_1].dequant(w, &c, 32);
    assert_true(w[0] == 31.f && w[16] == 1.f && w[17] == 17.f);

    struct q5_0 d = {.d = ONE, .h = {0x01, 0, 0x02, 0}, .q = {0x01, 0x30}};
    quant_types[QUANT_Q5_0].dequant(w, &d, 32);
    assert_true(w[0] == 1.f && w[1] == -16.f && w[17] == 3.f && w[16] == -16.f);

    struct q5_1 e = {.d = ONE, .m = HALF, .h = {0, 0, 0, 0x80}, .q = {[15] = 0xF2}};
    quant_types[QUANT_Q5_1].dequant(w, &e, 32);
    assert_true(w[31] == 31.5f && w[15] == 2.5f && w[0] == 0.5f);
}

static void k_blocks_by_hand(void **state)
{
    (void)state;
    float w[256];

    /* scale 0 = 5, min 0 = 2; scale 7 = 63, min 7 = 33 */
    struct q4_k a = {
        .d = ONE, .dmin = HALF, .scales = {5, 0, 0, 0xC0, 2, 0, 0, 0x80, 0, 0, 0, 0x1F}};
    a.q[0] = 0x03;
    a.q[96] = 0xF0;
    quant_types[QUANT_Q4_K].dequant(w, &a, 256);
    assert_true(w[0] == 14.f && w[1] == -1.f);
    assert_true(w[224] == 63.f * 15 - 16.5f && w[225] == -16.5f);

    struct q5_k b = {.d = ONE, .scales = {1, 1}, .h = {0x03}};
    b.q[0] = 0x21;
    quant_types[QUANT_Q5_K].dequant(w, &b, 256);
    assert_true(w[0] == 17.f && w[32] == 18.f && w[64] == 0.f);

    struct q6_k c = {.d = TWO};
    memset(c.scales, 1, sizeof(c.scales));
    c.scales[15] = -2;
    c.ql[0] = 0x51;                    /* weight 0: 1, weight 64: 5 */
    c.qh[0] = 0x31;                    /* weight 0: + 16, weight 64: + 48 */
    c.ql[127] = 0xF0, c.qh[63] = 0xC0; /* weight 255: 63 */
    quant_types[QUANT_Q6_K].dequant(w, &c, 256);
    assert_true(w[0] == 2.f * (17 - 32) && w[64] == 2.f * (53 - 32) && w[1] == -64.f);
    assert_true(w[255] == -4.f * (63 - 32));
}

static void names_and_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < QUANT_COUNT; i++) {
        assert_int_equal(quant_from_name(span_str(quant_types[i].name)), i);
        if (quant_types[i].ggml < 0) continue;
        assert_int_equal(quant_from_ggml((uint32_t)quant_types[i].ggml), i);
        assert_string_equal(quant_ggml_name((uint32_t)quant_types[i].ggml), quant_types[i].name);
    }
    assert_int_equal(quant_from_name(span_str("q8_0")), QUANT_Q8_0);
    assert_int_equal(quant_from_ggml(19), -1);
    assert_null(quant_ggml_name(12345));
}

static bool all_finite(const float *f, int n)
{
    bool all = true;
    for (int i = 0; i < n; i++) {
        all = all && isfinite(f[i]) != 0;
    }
    return all;
}

/* Blocks of any bytes, of which some hold a NaN or an infinity: those whose weights do. */
static void finite_is_what_all_weights_are(void **state)
{
    (void)state;
    uint32_t u = 1;
    for (int type = 0; type < QUANT_COUNT; type++) {
        const struct quant_type *t = &quant_types[type];
        int n = t->block * 2, seen[2] = {0, 0};
        for (int i = 0; i < 4000; i++) {
            uint8_t raw[2 * 256 + 1]; /* not aligned */
            float weights[2 * 256];
            assert_true(n <= 2 * 256 && 2 * t->bytes < (int)sizeof(raw));
            for (size_t k = 0; k < sizeof(raw); k++) {
                u = u * 1664525u + 1013904223u;
                raw[k] = (uint8_t)(u >> 24);
            }
            t->dequant(weights, raw + 1, n);
            bool want = all_finite(weights, n);
            if (quant_is_finite((enum quant)type, raw + 1, n) != want)
                fail_msg("%s, %d", t->name, i);
            seen[want]++;
        }
        assert_true(seen[0] > 0 && seen[1] > 0);
    }
}

/* One at the very end of many. */
static void the_last_weight_is_looked_at(void **state)
{
    (void)state;
    static float floats[10001];
    assert_true(quant_is_finite(QUANT_F32, floats, 10001));
    floats[10000] = INFINITY;
    assert_true(quant_is_finite(QUANT_F32, floats, 10000));
    assert_false(quant_is_finite(QUANT_F32, floats, 10001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_widen_as_defined),
        cmocka_unit_test(floats_narrow_to_the_nearest),
        cmocka_unit_test(e4m3_by_its_table),
        cmocka_unit_test(blocks_by_hand),
        cmocka_unit_test(k_blocks_by_hand),
        cmocka_unit_test(names_and_numbers),
        cmocka_unit_test(finite_is_what_all_weights_are),
        cmocka_unit_test(the_last_weight_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
