/* tests/unit/test_hf_config.c - config.json: what it gives, and what is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/model/hf_config.h"

#define SIZES \
    "\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":2,\"vocab_size\":512," \
    "\"num_attention_heads\":4,\"max_position_embeddings\":4096"
#define LLAMA "\"model_type\":\"llama\"," SIZES
#define DEEPSEEK \
    SIZES ",\"kv_lora_rank\":32,\"qk_nope_head_dim\":16,\"qk_rope_head_dim\":8," \
          "\"v_head_dim\":16,\"moe_intermediate_size\":16,\"n_routed_experts\":16," \
          "\"num_experts_per_tok\":4,\"n_group\":4,\"topk_group\":2,\"n_shared_experts\":null"

static bool read_text(const char *text, struct model_config *c, struct error *err)
{
    const struct arch *arch;
    *err = (struct error){0};
    return hf_config_read(span_str(text), "folder/config.json", &arch, c, err);
}

static void read_right(const char *text, struct model_config *c)
{
    struct error err;
    if (!read_text(text, c, &err)) fail_msg("%s: %s", text, err.message);
}

static void defaults_are_those_of_transformers(void **state)
{
    (void)state;
    struct model_config c;
    read_right("{" LLAMA "}", &c);
    assert_int_equal(c.n_kv_heads, 4);
    assert_int_equal(c.head_dim, 16);
    assert_int_equal(c.rope.dim, 16);
    assert_true(c.rope.theta == 10000);
    assert_int_equal(c.rope.scaling, ROPE_PLAIN);
    assert_true(fabs(c.attn_scale - 0.25) < 1e-12);
    assert_false(c.tied);
}

/* rope_scaling and rope_theta of version 4, rope_parameters of version 5, "type" and "rope_type". */
static void every_spelling_of_rope_is_read(void **state)
{
    static const char *const texts[] = {
        "{" LLAMA ",\"rope_theta\":5e5,\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4.0,"
        "\"original_max_position_embeddings\":1024}}",
        "{" LLAMA ",\"rope_theta\":5e5,\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0,"
        "\"original_max_position_embeddings\":1024}}",
        "{" LLAMA ",\"rope_parameters\":{\"rope_theta\":5e5,\"rope_type\":\"yarn\",\"factor\":4.0,"
        "\"original_max_position_embeddings\":1024}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct model_config c;
        read_right(texts[i], &c);
        assert_true(c.rope.theta == 5e5 && c.rope.scaling == ROPE_YARN && c.rope.factor == 4);
        assert_int_equal(c.rope.original_context, 1024);
        assert_true(fabs(c.rope.attn_factor - (1 + 0.1 * log(4))) < 1e-12);
    }
}

static void deepseek_scales_its_scores(void **state)
{
    (void)state;
    struct model_config c;
    read_right("{\"model_type\":\"deepseek_v3\"," DEEPSEEK
               ",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":40,\"mscale\":1.0,"
               "\"mscale_all_dim\":1.0,\"original_max_position_embeddings\":64}}",
               &c);
    double m = 1 + 0.1 * log(40);
    assert_true(fabs(c.attn_scale - m * m / sqrt(24)) < 1e-12);
    assert_true(c.rope.attn_factor == 1);
    assert_true(c.moe.gate == GATE_SIGMOID && c.moe.group_by_best_two && c.moe.renormalise);
    assert_int_equal(c.moe.n_groups, 4);
    assert_int_equal(c.moe.n_shared, 0);
    assert_true(c.rope.interleaved);
}

static void a_version_2_model_groups_only_when_it_says_so(void **state)
{
    (void)state;
    struct model_config c;
    read_right("{\"model_type\":\"deepseek_v2\"," DEEPSEEK ",\"topk_method\":\"greedy\"}", &c);
    assert_int_equal(c.moe.n_groups, 0);
    assert_int_equal(c.moe.gate, GATE_SOFTMAX);
    read_right("{\"model_type\":\"deepseek_v2\"," DEEPSEEK
               ",\"topk_method\":\"group_limited_greedy\"}",
               &c);
    assert_int_equal(c.moe.n_groups, 4);
    assert_false(c.moe.group_by_best_two);
}

/* Sliding attention equals full attention up to the window. */
static void a_sliding_window_shortens_the_context(void **state)
{
    (void)state;
    struct model_config c;
    read_right("{\"model_type\":\"mistral\"," SIZES ",\"sliding_window\":1024}", &c);
    assert_int_equal(c.context, 1024);
    read_right("{\"model_type\":\"qwen2\"," SIZES
               ",\"sliding_window\":1024,\"use_sliding_window\":false}",
               &c);
    assert_int_equal(c.context, 4096);
    read_right("{\"model_type\":\"qwen2\"," SIZES ",\"sliding_window\":1024,"
               "\"use_sliding_window\":true,\"max_window_layers\":2}",
               &c);
    assert_int_equal(c.context, 4096);
}

/* Layer i of Qwen3-MoE has experts when step divides i + 1 and no list says otherwise. */
static void some_layers_have_no_experts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool dense[2];
    } cases[] = {
        {"\"mlp_only_layers\":[]", {false, false}},
        {"\"mlp_only_layers\":[1]", {false, true}},
        {"\"decoder_sparse_step\":2", {true, false}},
        {"\"decoder_sparse_step\":2,\"mlp_only_layers\":[0,1]", {true, true}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        struct model_config c;
        snprintf(text, sizeof(text),
                 "{\"model_type\":\"qwen3_moe\"," SIZES ",\"num_experts\":8,"
                 "\"num_experts_per_tok\":2,\"moe_intermediate_size\":8,%s}",
                 cases[i].text);
        read_right(text, &c);
        if (memcmp(c.moe.dense, cases[i].dense, sizeof(cases[i].dense)) != 0) {
            fail_msg("%s: %d %d", cases[i].text, c.moe.dense[0], c.moe.dense[1]);
        }
    }
}

static void either_name_counts_the_experts(void **state)
{
    static const char *const names[] = {"num_experts", "num_local_experts"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char text[512];
        struct model_config c;
        snprintf(text, sizeof(text),
                 "{\"model_type\":\"qwen3_moe\"," SIZES ",\"%s\":8,"
                 "\"num_experts_per_tok\":2,\"moe_intermediate_size\":8}",
                 names[i]);
        read_right(text, &c);
        assert_int_equal(c.moe.n_experts, 8);
    }
}

static void biases_are_read_where_they_are_an_option(void **state)
{
    (void)state;
    struct model_config c;
    read_right("{" LLAMA ",\"attention_bias\":true}", &c);
    assert_true(c.attn_bias);
    read_right("{" LLAMA "}", &c);
    assert_false(c.attn_bias);
    read_right("{\"model_type\":\"qwen2\"," SIZES ",\"attention_bias\":true}", &c);
    assert_false(c.attn_bias); /* it has others, always */
}

static const struct {
    const char *text, *says;
} wrong[] = {
    {"", "not valid JSON"},
    {"[]", "must be an object"},
    {"{}", "model_type \"\" is not one of llama"},
    {"{\"model_type\":\"bert\"}", "model_type \"bert\" is not one of llama"},
    {"{\"model_type\":\"llama\"}", "num_hidden_layers is missing"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":\"2\"}", "num_hidden_layers"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":1000000}", "num_hidden_layers"},
    {"{\"model_type\":\"llama\",\"num_hidden_layers\":0}", "hidden_size is missing"},
    {"{\"model_type\":\"llama\",\"hidden_size\":64,\"intermediate_size\":96,\"vocab_size\":512,"
     "\"num_attention_heads\":4,\"max_position_embeddings\":9,\"num_hidden_layers\":0}",
     "num_hidden_layers is 0"},
    {"{" LLAMA ",\"num_key_value_heads\":3}", "num_key_value_heads does not divide"},
    {"{" LLAMA ",\"num_key_value_heads\":0}", "num_key_value_heads"},
    {"{" LLAMA ",\"head_dim\":0}", "head_dim"},
    {"{" LLAMA ",\"rms_norm_eps\":-1}", "rms_norm_eps"},
    {"{" LLAMA ",\"rope_theta\":0}", "rope_theta"},
    {"{" LLAMA ",\"rope_scaling\":[]}", "rope_scaling must be an object"},
    {"{" LLAMA ",\"rope_scaling\":{\"type\":\"longrope\",\"factor\":2}}", "rope_type"},
    {"{" LLAMA ",\"rope_scaling\":{\"type\":\"linear\"}}", "factor must be above 0"},
    {"{" LLAMA ",\"mlp_bias\":true}", "mlp_bias"},
    {"{" LLAMA ",\"hidden_act\":\"gelu\"}", "hidden_act"},
    {"{" LLAMA ",\"quantization_config\":{\"quant_method\":\"gptq\"}}", "quant_method"},
    {"{" LLAMA ",\"quantization_config\":{\"quant_method\":\"fp8\"}}", "weight_block_size"},
    {"{\"model_type\":\"qwen3_moe\"," SIZES ",\"num_experts\":8,\"num_experts_per_tok\":9,"
     "\"moe_intermediate_size\":8}",
     "num_experts_per_tok"},
    {"{\"model_type\":\"qwen3_moe\"," SIZES ",\"num_experts\":8,\"decoder_sparse_step\":0}",
     "decoder_sparse_step"},
    {"{\"model_type\":\"qwen3_moe\"," SIZES ",\"num_experts\":8,\"mlp_only_layers\":[2]}",
     "mlp_only_layers"},
    {"{\"model_type\":\"qwen3_moe\"," SIZES ",\"num_experts\":8,\"mlp_only_layers\":[\"0\"]}",
     "mlp_only_layers"},
    {"{\"model_type\":\"deepseek_v3\"," DEEPSEEK ",\"scoring_func\":\"tanh\"}", "scoring_func"},
    {"{\"model_type\":\"deepseek_v2\"," DEEPSEEK ",\"topk_method\":\"noaux_tc\"}", "topk_method"},
};

static void what_would_be_computed_wrongly_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct model_config c;
        struct error err;
        bool ok = read_text(wrong[i].text, &c, &err);
        if (ok || strstr(err.message, wrong[i].says) == NULL ||
            strstr(err.message, "folder/config.json") == NULL) {
            fail_msg("%s: says \"%s\"", wrong[i].text, err.message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_transformers),
        cmocka_unit_test(every_spelling_of_rope_is_read),
        cmocka_unit_test(deepseek_scales_its_scores),
        cmocka_unit_test(a_version_2_model_groups_only_when_it_says_so),
        cmocka_unit_test(a_sliding_window_shortens_the_context),
        cmocka_unit_test(some_layers_have_no_experts),
        cmocka_unit_test(either_name_counts_the_experts),
        cmocka_unit_test(biases_are_read_where_they_are_an_option),
        cmocka_unit_test(what_would_be_computed_wrongly_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
