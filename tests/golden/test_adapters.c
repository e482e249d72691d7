/* tests/golden/test_adapters.c - adapters against what PEFT computes, in every arithmetic.
 *
 * make_adapters.py says what each of them is. As for models, every set of kernels, any chunking, and a
 * batch beside rows without an adapter must give the same bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/golden/forward_cases.h"

#define DATA "tests/golden/data/"
#define ADAPTER(name) DATA "adapters/" name ".json"

/* clang-format off */
static const struct golden adapters[] = {
    {DATA "llama-k256-q4_k_m.gguf", ADAPTER("llama-plain"),    &exact, &eight_k, &eight_k,   NULL, DATA "adapters/llama-plain"},
    {DATA "llama-k256-q4_k_m.gguf", ADAPTER("llama-patterns"), &exact, &eight_k, &eight_k,   NULL, DATA "adapters/llama-patterns"},
    {DATA "qwen2-bias-q8_0.gguf",   ADAPTER("qwen2-dora"),     &exact, &eight,   &eight,     NULL, DATA "adapters/qwen2-dora"},
    {DATA "qwen3moe-uneven",        ADAPTER("qwen3moe-ends"),  &exact, &exact,   &half_routed, NULL, DATA "adapters/qwen3moe-ends"},
    {DATA "qwen3moe-uneven",        ADAPTER("qwen3moe-experts"), &exact, &exact, &half_routed, NULL, DATA "adapters/qwen3moe-experts"},
    {DATA "deepseek2-bias",         ADAPTER("deepseek2-latent"), &exact, &exact, &half_routed, NULL, DATA "adapters/deepseek2-latent"},
    {DATA "qwen2-bias-q8_0.gguf",   ADAPTER("qwen2-saved"),    &exact, &eight,   &eight,     NULL, DATA "adapters/qwen2-saved"},
    {DATA "qwen3moe-uneven",        ADAPTER("qwen3moe-whole"), &exact, &exact,   &half_routed, NULL, DATA "adapters/qwen3moe-whole"},
};
/* clang-format on */

static void test_adapters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(adapters) / sizeof(adapters[0]); i++) {
        check_golden(&adapters[i], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_adapters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
