/* tests/golden/test_forward.c - the tiny golden models that are kept here, in every arithmetic.
 *
 * conformance_models.c does the same with all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/golden/forward_cases.h"

/* clang-format off */
static const struct golden committed[] = {
    {"tests/golden/data/llama-k256-q4_k_m.gguf", "tests/golden/data/llama-k256-q4_k_m.json", &exact, &eight_k, &eight_k, NULL, NULL},
    {"tests/golden/data/llama-coded.gguf",       "tests/golden/data/llama-coded.json",       &exact, &eight_k, &eight_k, NULL, NULL},
    {"tests/golden/data/qwen2-bias-q8_0.gguf",   "tests/golden/data/qwen2-bias-q8_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"tests/golden/data/qwen2-bias-q4_0.gguf",   "tests/golden/data/qwen2-bias-q4_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"tests/golden/data/qwen3-yarn-f16.gguf",    "tests/golden/data/qwen3-yarn-f16.json",    &exact, &exact,   &half, NULL, NULL},
    {"tests/golden/data/deepseek3-fp8",          "tests/golden/data/deepseek3-fp8.json",     &exact, &exact,   &half_routed, NULL, NULL},
    {"tests/golden/data/qwen3moe-uneven",        "tests/golden/data/qwen3moe-uneven.json",   &exact, &exact,   &half_routed, NULL, NULL},
    {"tests/golden/data/deepseek2-bias",         "tests/golden/data/deepseek2-bias.json",    &exact, &exact,   &half_routed, NULL, NULL},
    {"tests/golden/data/deepseek3-mtp",          "tests/golden/data/deepseek3-mtp.json",     &exact, &exact,   &half_routed, NULL, NULL},
};
/* clang-format on */

static void test_committed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(committed) / sizeof(committed[0]); i++) {
        check_golden(&committed[i], "");
    }
}

static void test_predictions(void **state)
{
    (void)state;
    check_predictions("tests/golden/data/deepseek3-mtp", "tests/golden/data/deepseek3-mtp.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_committed),
                                       cmocka_unit_test(test_predictions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
