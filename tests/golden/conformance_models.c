/* tests/golden/conformance_models.c - every golden model, from both containers, in every
 * arithmetic.
 *
 *   conformance_models [GOLDEN [NAME]]      default ../shared/golden, every model; NAME: those whose path holds it
 *
 * With SMOLLM2=<the 98 MB file that golden/README.md names> in the environment that model is run as
 * well. Without the folder nothing is run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/golden/forward_cases.h"

/* The golden README's rows. */
static const struct tolerance exact_lite = {"float32, deepseek2-lite", .max = 3e-3,
                                            .free_margin = 1e-3};
static const struct tolerance half_lite = {"F16 cache, deepseek2-lite", .median = 0.03,
                                           .p90 = 0.15};
static const struct tolerance eight_routed = {"8 bits, routed", .median = 0.1, .p90 = 0.3,
                                              .free_margin = 1.0};
static const struct tolerance eight_real = {"8 bits, SmolLM2", .mean = 0.09, .p99 = 0.7,
                                            .free_margin = 1.0, .top = 1.0};

/* clang-format off */
static const struct golden models[] = {
    {"llama-rope3/llama-rope3-f32.gguf",   "llama-rope3/golden.json",       &exact, &exact,   &half, NULL, NULL},
    {"llama-k256/llama-k256-q8_0.gguf",    "llama-k256/golden-q8_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"llama-k256/llama-k256-q4_0.gguf",    "llama-k256/golden-q4_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"llama-k256/llama-k256-q4_k_m.gguf",  "llama-k256/golden-q4_k_m.json", &exact, &eight_k, &eight_k, NULL, NULL},
    {"llama-k256/llama-k256-q6_k.gguf",    "llama-k256/golden-q6_k.json",   &exact, &eight_k, &eight_k, NULL, NULL},
    {"qwen2-bias/qwen2-bias-f32.gguf",     "qwen2-bias/golden.json",        &exact, &exact,   &half, NULL, NULL},
    {"qwen2-bias/qwen2-bias-q8_0.gguf",    "qwen2-bias/golden-q8_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"qwen2-bias/qwen2-bias-q4_0.gguf",    "qwen2-bias/golden-q4_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"qwen2-k256/qwen2-k256-q8_0.gguf",    "qwen2-k256/golden-q8_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"qwen2-k256/qwen2-k256-q4_0.gguf",    "qwen2-k256/golden-q4_0.json",   &exact, &eight,   &eight, NULL, NULL},
    {"qwen2-k256/qwen2-k256-q4_k_m.gguf",  "qwen2-k256/golden-q4_k_m.json", &exact, &eight_k, &eight_k, NULL, NULL},
    {"qwen2-k256/qwen2-k256-q6_k.gguf",    "qwen2-k256/golden-q6_k.json",   &exact, &eight_k, &eight_k, NULL, NULL},
    {"qwen3-tied/qwen3-tied-f32.gguf",     "qwen3-tied/golden.json",        &exact, &exact,   &half, NULL, NULL},
    {"qwen3-yarn/qwen3-yarn-f16.gguf",     "qwen3-yarn/golden.json",        &exact, &exact,   &half, NULL, NULL},
    {"llama-rope3/hf", "llama-rope3/golden.json", &exact, &exact, &half, NULL, NULL},
    {"llama-k256/hf", "llama-k256/golden.json", &exact, &exact, &half, NULL, NULL},
    {"qwen2-bias/hf", "qwen2-bias/golden.json", &exact, &exact, &half, NULL, NULL},
    {"qwen2-k256/hf", "qwen2-k256/golden.json", &exact, &exact, &half, NULL, NULL},
    {"qwen3-tied/hf", "qwen3-tied/golden.json", &exact, &exact, &half, NULL, NULL},
    {"qwen3-yarn/hf", "qwen3-yarn/golden.json", &exact, &exact, &half, NULL, NULL},

    /* quantised at load: the same weights as llama-quantize makes of these */
    {"llama-k256/hf", "llama-k256/golden-q8_0.json", &exact, &eight,        &eight,        "q8_0", NULL},
    {"qwen2-bias/hf", "qwen2-bias/golden-q8_0.json", &exact, &eight,        &eight,        "q8_0", NULL},
    {"qwen3moe/hf",   "qwen3moe/golden-q8_0.json",   &exact, &eight_routed, &eight_routed, "q8_0", NULL},

    {"qwen3moe/qwen3moe-f32.gguf",  "qwen3moe/golden.json",      &exact, &exact,        &half_routed, NULL, NULL},
    {"qwen3moe/qwen3moe-q8_0.gguf", "qwen3moe/golden-q8_0.json", &exact, &eight_routed, &eight_routed, NULL, NULL},
    {"qwen3moe/hf",                 "qwen3moe/golden.json",      &exact, &exact,        &half_routed, NULL, NULL},

    {"deepseek2-lite/deepseek2-lite-f32.gguf",    "deepseek2-lite/golden.json",  &exact_lite, &exact_lite, &half_lite, NULL, NULL},
    {"deepseek2-lite/hf",                         "deepseek2-lite/golden.json",  &exact_lite, &exact_lite, &half_lite, NULL, NULL},
    {"deepseek2-group/deepseek2-group-f32.gguf",  "deepseek2-group/golden.json", &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek2-group/hf",                        "deepseek2-group/golden.json", &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-mtp/deepseek3-mtp-bf16.gguf",     "deepseek3-mtp/golden.json",   &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-mtp/deepseek3-mtp-mtp-f32.gguf",  "deepseek3-mtp/golden.json",   &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-mtp/hf",                          "deepseek3-mtp/golden.json",   &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-shard/deepseek3-shard-f32.gguf",  "deepseek3-shard/golden.json", &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-shard/hf",                        "deepseek3-shard/golden.json", &exact, &exact, &half_routed, NULL, NULL},
    {"deepseek3-fp8/hf",                          "deepseek3-fp8/golden.json",   &exact, &exact, &half_routed, NULL, NULL},
};
/* clang-format on */

static const char *golden = "../shared/golden", *only = "";

static void every_model(void **state)
{
    (void)state;
    char dir[512];
    if (access(golden, R_OK) != 0) skip();
    snprintf(dir, sizeof(dir), "%s/", golden);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (strstr(models[i].model, only) != NULL) check_golden(&models[i], dir);
    }
}

static void predictions(void **state)
{
    static const char *const files[] = {"deepseek3-mtp/hf",
                                        "deepseek3-mtp/deepseek3-mtp-mtp-f32.gguf"};
    (void)state;
    if (access(golden, R_OK) != 0) skip();
    for (int i = 0; i < 2; i++) {
        char model[512], json[512];
        snprintf(model, sizeof(model), "%s/%s", golden, files[i]);
        snprintf(json, sizeof(json), "%s/deepseek3-mtp/golden.json", golden);
        if (strstr(model, only) != NULL) check_predictions(model, json);
    }
}

static void smollm2(void **state)
{
    (void)state;
    char json[512];
    const char *model = getenv("SMOLLM2");
    snprintf(json, sizeof(json), "%s/smollm2/golden.json", golden);
    if (model == NULL || model[0] == '\0' || access(json, R_OK) != 0) skip();
    const struct kernels *best = kernels_pick(NULL, NULL);
    compare(&(struct how){model, NULL, true, KV_F32, best, NULL}, json, "reference", &exact);
    compare(&(struct how){model, NULL, false, KV_F32, best, NULL}, json, "fast, KV f32", &eight_real);
    compare(&(struct how){model, NULL, false, KV_F16, best, NULL}, json, "fast, KV f16", &eight_real);
    compare(&(struct how){model, NULL, false, KV_Q8_0, best, NULL}, json, "fast, KV q8_0", &eight_real);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_model), cmocka_unit_test(predictions),
                                       cmocka_unit_test(smollm2)};
    if (argc > 1) golden = argv[1];
    if (argc > 2) only = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
