/* tests/unit/test_adapter.c - what adapter_config.json makes of a module, which modules there are, and who
 * holds an adapter.
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

#include "base/file.h"
#include "engine/adapter/config.h"
#include "engine/adapter/read.h"
#include "engine/adapter/sites.h"

#define DATA "tests/golden/data/"

static const struct {
    const char *config, *module;
    int rank;
    double scale;
} sizes[] = {
    {"{}", "model.layers.0.self_attn.q_proj", 8, 1},
    {"{\"r\":16,\"lora_alpha\":8}", "lm_head", 16, 0.5},
    {"{\"r\":16,\"lora_alpha\":8,\"use_rslora\":true}", "lm_head", 16, 2},
    {"{\"r\":4,\"lora_alpha\":4,\"rank_pattern\":{\"q_proj\":2}}",
     "model.layers.0.self_attn.q_proj", 2, 2},
    {"{\"r\":4,\"lora_alpha\":4,\"rank_pattern\":{\"q_proj\":2}}",
     "model.layers.0.self_attn.xq_proj", 4, 1},
    {"{\"r\":4,\"lora_alpha\":4,\"rank_pattern\":{\"layers.1.self_attn.q_proj\":2}}",
     "model.layers.11.self_attn.q_proj", 4, 1},
    {"{\"r\":4,\"lora_alpha\":4,\"rank_pattern\":{\"layers\\\\.[01]\\\\.mlp.*\":8}}",
     "model.layers.1.mlp.up_proj", 8, 0.5},
    {"{\"r\":4,\"lora_alpha\":4,\"rank_pattern\":{\"layers\\\\.[01]\\\\.mlp.*\":8}}",
     "model.layers.2.mlp.up_proj", 4, 1},
    /* the first that fits */
    {"{\"r\":4,\"lora_alpha\":4,\"alpha_pattern\":{\"mlp.up_proj\":12,\"up_proj\":20}}",
     "model.layers.2.mlp.up_proj", 4, 3},
    {"{\"modules_to_save\":[\"x\"],\"target_modules\":\"all-linear\",\"loftq_config\":{},"
     "\"layer_replication\":null,\"use_qalora\":false,\"qalora_group_size\":16,\"new\":0}",
     "lm_head", 8, 1},
    {"{\"fan_in_fan_out\":true,\"ensure_weight_tying\":true}", "lm_head", 8, 1},
};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct error err = {0};
        struct adapter_size size;
        struct adapter_config *c = adapter_config_read(span_str(sizes[i].config), &err);
        if (c == NULL) fail_msg("%s: %s", sizes[i].config, err.message);
        assert_true(adapter_config_size(c, span_str(sizes[i].module), &size, &err));
        if (size.rank != sizes[i].rank || fabs(size.scale - sizes[i].scale) > 1e-12) {
            fail_msg("%s, %s: rank %d scale %g", sizes[i].config, sizes[i].module, size.rank,
                     size.scale);
        }
        adapter_config_free(c);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *config, *named;
    } cases[] = {
        {"[]", "object"},
        {"{\"r\":0}", "r"},
        {"{\"r\":513}", "r"},
        {"{\"r\":2.5}", "r"},
        {"{\"lora_alpha\":\"8\"}", "lora_alpha"},
        {"{\"layer_replication\":[[0,4]]}", "layer_replication"},
        {"{\"target_parameters\":[\"experts.gate_up_proj\"]}", "target_parameters"},
        {"{\"bias\":\"some\"}", "bias"},
        {"{\"init_lora_weights\":\"olora\"}", "init_lora_weights"},
        {"{\"alpha_pattern\":{\"q\":\"1\"}}", "alpha_pattern"},
        {"{\"rank_pattern\":{\"q\":1000}}", "rank_pattern"},
        {"{\"rank_pattern\":[1]}", "rank_pattern"},
        {"{\"whatever\":1}", "whatever"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        assert_null(adapter_config_read(span_str(cases[i].config), &err));
        bool named = strstr(err.message, cases[i].named) != NULL ||
                     strstr(err.param, cases[i].named) != NULL;
        if (!named) fail_msg("%s: %s", cases[i].config, err.message);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *module;
        int site, layer, expert; /* site -1: refused */
    } cases[] = {
        {"model.layers.0.self_attn.q_proj", SITE_Q, 0, -1},
        {"model.layers.3.mlp.gate_proj", SITE_GATE, 3, -1},
        {"model.layers.1.mlp.gate", SITE_ROUTER, 1, -1},
        {"model.layers.1.mlp.experts.5.down_proj", SITE_DOWN_EXPS, 1, 5},
        {"lm_head", SITE_OUTPUT, -1, -1},
        {"model.layers.1.mlp.experts.6.down_proj", -1, 0, 0},  /* there are 6 */
        {"model.layers.1.mlp.experts.05.down_proj", -1, 0, 0}, /* one way to write it */
        {"model.layers.01.self_attn.q_proj", -1, 0, 0},
        {"model.layers.1.mlp.gate_proj", -1, 0, 0}, /* that layer has experts */
        {"model.layers.4.self_attn.q_proj", -1, 0, 0},
        {"model.layers.123456.self_attn.q_proj", -1, 0, 0},
        {"model.layers.0.self_attn.q_norm", -1, 0, 0},
        {"model.layers.0", -1, 0, 0},
        {"model.norm", -1, 0, 0},
        {"", -1, 0, 0},
    };
    struct error err = {0};
    struct model *m = model_open(DATA "qwen3moe-uneven", &err);
    assert_non_null(m);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct adapter_place p;
        bool found = adapter_place(m, span_str(cases[i].module), &p) == NULL;
        if (found != (cases[i].site >= 0)) fail_msg("%s: %d", cases[i].module, (int)found);
        if (!found) continue;
        assert_int_equal(p.site, cases[i].site);
        assert_int_equal(p.layer, cases[i].layer);
        assert_int_equal(p.expert, cases[i].expert);
    }
    model_close(m);
}

/* Equal content has one name wherever it lies; whoever holds it keeps it. */
static void test_content_and_holders(void **state)
{
    (void)state;
    struct error err = {0};
    struct model *m = model_open(DATA "llama-k256-q4_k_m.gguf", &err);
    model_drop_tensors(m);
    struct adapter *a = adapter_open(m, DATA "adapters/llama-plain", &err);
    struct adapter *b = adapter_open(m, DATA "adapters/llama-plain", &err);
    struct adapter *c = adapter_open(m, DATA "adapters/llama-patterns", &err);
    if (a == NULL || b == NULL || c == NULL) fail_msg("%s", err.message);
    assert_true(a->content == b->content && a->content != c->content && a->content != 0);
    assert_string_equal(a->sha256, b->sha256);
    assert_ptr_equal(adapter_hold(a), a);
    adapter_release(a);
    assert_int_equal(a->max_rank, 4); /* still there */
    adapter_release(a);
    adapter_release(b);
    adapter_release(c);
    assert_null(adapter_open(m, DATA "adapters/qwen2-dora", &err)); /* another model's */
    assert_null(adapter_open(m, DATA, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_places), cmocka_unit_test(test_content_and_holders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
