/* tests/unit/test_kv_store.c - blocks lie apart, have the promised size, and are copied whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/kernels/layout.h"
#include "engine/forward/kv_store.h"

static const struct model_config gqa = {
    .n_layers = 3, .n_heads = 6, .n_kv_heads = 2, .head_dim = 40};
static const struct model_config latent = {.n_layers = 2,
                                           .n_mtp = 1,
                                           .n_heads = 8,
                                           .n_kv_heads = 8,
                                           .head_dim = 48,
                                           .mla = {.kv_rank = 64, .nope_dim = 32, .rope_dim = 16}};

/* Fill every head of every block of every layer with its own byte, then look. */
static void check_blocks(const struct model_config *c, enum kv_type type, int layers, int heads)
{
    enum { N = 5 };
    struct kv_store *s = kv_store_new(c, type, N, NULL);
    assert_non_null(s);
    assert_int_equal(kv_store_blocks(s), N);
    assert_int_equal(kv_store_heads(s), heads);
    size_t bytes = kv_store_shape(s)->bytes, stride;
    assert_int_equal(kv_block_bytes(c, type), (int64_t)bytes * layers * heads);
    for (int i = 0; i < layers * heads * N; i++) {
        uint8_t *at = kv_store_at(s, i / N / heads, i / N % heads, &stride);
        memset(at + (size_t)(i % N) * stride, i, bytes);
    }
    kv_store_copy(s, 4, 1);
    for (int i = 0; i < layers * heads * N; i++) {
        const uint8_t *at = kv_store_at(s, i / N / heads, i / N % heads, &stride);
        at += (size_t)(i % N) * stride;
        int want = i % N == 4 ? i - 3 : i;
        if (at[0] != want || at[bytes - 1] != want) fail_msg("block %d holds %d", i, at[0]);
    }
    kv_store_free(s);
}

static void test_blocks(void **state)
{
    (void)state;
    for (int type = KV_F32; type <= KV_Q8_0; type++) {
        check_blocks(&gqa, (enum kv_type)type, 3, 2);
        check_blocks(&latent, (enum kv_type)type, 3, 1);
    }
}

static void test_shape(void **state)
{
    (void)state;
    struct kv_shape s;
    kv_shape_init(&s, KV_F16, 64, 64);
    assert_int_equal(s.bytes, 2 * 2 * 64 * KV_BLOCK);
    kv_shape_init(&s, KV_Q8_0, 64, 64); /* a byte each and a half per 32 */
    assert_int_equal(s.bytes, 2 * (64 + 4) * KV_BLOCK);
    kv_shape_init(&s, KV_F32, 40, 40);
    assert_int_equal(s.v_pad, 48);
    kv_shape_init_latent(&s, KV_F16, 512 + 64,
                         512); /* DeepSeek-R1's: the latent once, the rotated part beside it */
    assert_int_equal(s.bytes, 2 * (512 + 64) * KV_BLOCK);
    kv_shape_init_latent(&s, KV_Q8_0, 40, 24);
    assert_int_equal(s.row, 64);
    assert_int_equal(s.v_pad, 32);
    assert_int_equal(s.bytes, (64 + 2 * 2) * KV_BLOCK);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct error err = {0};
    struct model_config huge = {
        .n_layers = 1024, .n_heads = 4096, .n_kv_heads = 4096, .head_dim = 4096};
    assert_null(kv_store_new(&huge, KV_F32, INT32_MAX, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_null(kv_store_new(&gqa, KV_F32, 0, &err));
    kv_store_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
