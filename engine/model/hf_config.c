/* engine/model/hf_config.c - see hf_config.h.
 *
 * Defaults are those of transformers' configuration classes. Every size is bounded before
 * anything is computed from it. Rotary embedding stands in rope_scaling and rope_theta (to
 * version 4) or rope_parameters (from 5 on).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/hf_config.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "engine/kernels/layout.h"
#include "engine/kernels/scalar_math.h"
#include "engine/model/roles.h"

enum { MAX_DIM = 1 << 20, MAX_CONTEXT = 1 << 24, MAX_EXPERTS = 4096 };

/* Reads fields and remembers the first failure. */
struct config_reader {
    const cJSON *json;
    const char *path;
    struct error *err;
    bool failed;
};

static void refuse(struct config_reader *r, const char *name, const char *why)
{
    if (r->failed) return;
    error_set(r->err, ERROR_BAD_FILE, NULL, "%.120s: %s %s", r->path, name, why);
    r->failed = true;
}

static void unsupported(struct config_reader *r, const char *name, const char *why)
{
    if (r->failed) return;
    error_set(r->err, ERROR_UNSUPPORTED, NULL, "%.120s: %s %s", r->path, name, why);
    r->failed = true;
}

/* The last reader failed with what is in err: make it a fault of the file. */
static void failed(struct config_reader *r, const struct error *why)
{
    error_set(r->err, ERROR_BAD_FILE, NULL, "%.100s: %.90s", r->path, why->message);
    r->failed = true;
}

/* absent: the value when there is no such field (or null); -1: the field is required. */
static int read_int(struct config_reader *r, const char *name, int max, int absent)
{
    struct error why = {0};
    int64_t v = absent;
    if (r->failed) return 0;
    if (!json_get_int(r->json, name, 0, max, &v, &why)) failed(r, &why);
    if (v < 0) refuse(r, name, "is missing");
    return r->failed ? 0 : (int)v;
}

static double read_double(struct config_reader *r, const char *name, double absent)
{
    struct error why = {0};
    double v = absent;
    if (!r->failed && !json_get_double(r->json, name, -1e30, 1e30, &v, &why)) failed(r, &why);
    return v;
}

static bool read_bool(struct config_reader *r, const char *name, bool absent)
{
    struct error why = {0};
    bool v = absent;
    if (!r->failed && !json_get_bool(r->json, name, &v, &why)) failed(r, &why);
    return v;
}

static struct span read_text(struct config_reader *r, const char *name, const char *absent)
{
    struct error why = {0};
    const char *v = absent;
    if (!r->failed && !json_get_string(r->json, name, &v, &why)) failed(r, &why);
    return span_str(v);
}

/* ---- sizes ---- */

static void read_sizes(struct config_reader *r, struct model_config *c)
{
    c->n_layers = read_int(r, "num_hidden_layers", MODEL_MAX_LAYERS, -1);
    c->n_embd = read_int(r, "hidden_size", MAX_DIM, -1);
    c->n_vocab = read_int(r, "vocab_size", 1 << 24, -1);
    c->n_ff = read_int(r, "intermediate_size", MAX_DIM, -1);
    c->n_heads = read_int(r, "num_attention_heads", 4096, -1);
    c->n_kv_heads = read_int(r, "num_key_value_heads", 4096, c->n_heads);
    c->context = read_int(r, "max_position_embeddings", MAX_CONTEXT, -1);
    c->rms_eps = (float)read_double(r, "rms_norm_eps", 1e-6);
    c->tied = read_bool(r, "tie_word_embeddings", false);
    if (c->n_layers < 1) refuse(r, "num_hidden_layers", "is 0");
    if (c->n_embd < 1) refuse(r, "hidden_size", "is 0");
    if (c->n_vocab < 1) refuse(r, "vocab_size", "is 0");
    if (c->n_ff < 1) refuse(r, "intermediate_size", "is 0");
    if (c->n_heads < 1) refuse(r, "num_attention_heads", "is 0");
    if (c->n_kv_heads < 1 || (c->n_heads > 0 && c->n_heads % c->n_kv_heads != 0)) {
        refuse(r, "num_key_value_heads", "does not divide num_attention_heads");
    }
    if (c->context < 1) refuse(r, "max_position_embeddings", "is 0");
    if (!(c->rms_eps >= 0 && c->rms_eps < 1)) refuse(r, "rms_norm_eps", "must be from 0 to 1");
}

static void read_latent(struct config_reader *r, struct model_config *c)
{
    c->mla.q_rank = read_int(r, "q_lora_rank", MAX_DIM, 0);
    c->mla.nope_dim = read_int(r, "qk_nope_head_dim", 4096, -1);
    c->mla.rope_dim = read_int(r, "qk_rope_head_dim", 4096, -1);
    c->mla.v_dim = read_int(r, "v_head_dim", 4096, -1);
    c->head_dim = c->mla.nope_dim + c->mla.rope_dim;
    c->rope.dim = c->mla.rope_dim;
    c->n_kv_heads = c->n_heads;
    if (c->mla.nope_dim < 1) refuse(r, "qk_nope_head_dim", "is 0");
    if (c->mla.v_dim < 1) refuse(r, "v_head_dim", "is 0");
    if (c->rope.dim < 2 || c->rope.dim % 2 != 0) refuse(r, "qk_rope_head_dim", "must be even");
}

static void read_heads(struct config_reader *r, struct model_config *c)
{
    c->mla.kv_rank = read_int(r, "kv_lora_rank", MAX_DIM, 0);
    if (c->mla.kv_rank > 0) {
        read_latent(r, c);
        return;
    }
    c->head_dim = read_int(r, "head_dim", 4096, c->n_heads > 0 ? c->n_embd / c->n_heads : 0);
    double part = read_double(r, "partial_rotary_factor", 1);
    if (!(part > 0 && part <= 1)) refuse(r, "partial_rotary_factor", "must be above 0, at most 1");
    if (r->failed) return;
    c->rope.dim = (int)(c->head_dim * part);
    if (c->head_dim < 1) refuse(r, "head_dim", "is 0");
    if (c->rope.dim < 2 || c->rope.dim % 2 != 0) refuse(r, "head_dim", "leaves no even rotation");
}

/* ---- rotary embedding ---- */

static double read_theta(struct config_reader *r, struct config_reader *rope)
{
    double theta = read_double(r, "rope_theta", 10000);
    if (rope->json != NULL) theta = read_double(rope, "rope_theta", theta);
    if (!(theta >= 1)) refuse(r, "rope_theta", "must be at least 1");
    return theta;
}

static double yarn_mscale(double factor, double m)
{
    return factor > 1 ? 0.1 * m * math_log(factor) + 1 : 1;
}

/* As _compute_yarn_parameters() in transformers: mscale and mscale_all_dim divide each other out
 * of the angles; DeepSeek's attention multiplies its scores by the square of the latter. */
static void read_yarn(struct config_reader *r, struct model_config *c)
{
    double factor = c->rope.factor, m = read_double(r, "mscale", 0);
    double all = read_double(r, "mscale_all_dim", 0);
    double ratio = m != 0 && all != 0 ? yarn_mscale(factor, m) / yarn_mscale(factor, all)
                                      : yarn_mscale(factor, 1);
    c->rope.scaling = ROPE_YARN;
    c->rope.beta_fast = read_double(r, "beta_fast", 32);
    c->rope.beta_slow = read_double(r, "beta_slow", 1);
    c->rope.attn_factor = read_double(r, "attention_factor", ratio);
    if (!(c->rope.beta_fast > 0 && c->rope.beta_slow > 0)) {
        refuse(r, "beta_fast and beta_slow", "must be above 0");
    }
    c->rope.ramp_within_pairs = !read_bool(r, "truncate", true);
    if (c->mla.kv_rank > 0 && all != 0) {
        c->attn_scale *= yarn_mscale(factor, all) * yarn_mscale(factor, all);
    }
}

/* Without a factor yarn goes by how far the context has grown. */
static double absent_factor(const struct model_config *c, struct span type)
{
    bool grows = span_is(type, "yarn") && c->rope.original_context > 0;
    return grows ? (double)c->context / c->rope.original_context : 0;
}

static void read_scaling(struct config_reader *r, struct model_config *c)
{
    struct span type = read_text(r, "rope_type", NULL);
    if (type.n == 0) type = read_text(r, "type", "default");
    /* dynamic: the base grows beyond max_position_embeddings, which is as far as we go */
    if (span_is(type, "default") || span_is(type, "dynamic")) return;
    c->rope.original_context =
        read_int(r, "original_max_position_embeddings", MAX_CONTEXT, c->context);
    c->rope.factor = read_double(r, "factor", absent_factor(c, type));
    if (!(c->rope.factor > 0)) refuse(r, "factor", "must be above 0");
    if (c->rope.original_context < 1) refuse(r, "original_max_position_embeddings", "is 0");
    if (r->failed) return;
    if (span_is(type, "linear")) {
        c->rope.scaling = ROPE_LINEAR;
    } else if (span_is(type, "llama3")) {
        c->rope.scaling = ROPE_LLAMA3;
        c->rope.low_freq = read_double(r, "low_freq_factor", 1);
        c->rope.high_freq = read_double(r, "high_freq_factor", 4);
        if (!(c->rope.high_freq > c->rope.low_freq)) {
            refuse(r, "high_freq_factor", "must be above low_freq_factor");
        }
    } else if (span_is(type, "yarn")) {
        read_yarn(r, c);
    } else {
        unsupported(r, "rope_type",
                    "is none that we know (default, dynamic, linear, llama3, yarn)");
    }
}

static void read_rope(struct config_reader *r, struct model_config *c)
{
    const cJSON *rope = json_get(r->json, "rope_parameters");
    if (rope == NULL) rope = json_get(r->json, "rope_scaling");
    struct config_reader sub = {.json = rope, .path = r->path, .err = r->err, .failed = r->failed};
    if (rope != NULL && !cJSON_IsObject(rope)) refuse(r, "rope_scaling", "must be an object");
    if (r->failed) return;
    c->attn_scale = 1 / sqrt((double)c->head_dim);
    c->rope.factor = c->rope.attn_factor = 1;
    c->rope.theta = read_theta(r, &sub);
    c->rope.interleaved = read_bool(r, "rope_interleave", c->rope.interleaved);
    if (rope != NULL) read_scaling(&sub, c);
    r->failed = r->failed || sub.failed;
}

/* ---- experts ---- */

static void check_experts(struct config_reader *r, const struct model_config *c)
{
    int experts = c->moe.n_experts, groups = c->moe.n_groups;
    if (c->moe.n_used < 1 || c->moe.n_used > experts) {
        refuse(r, "num_experts_per_tok", "must be from 1 to the number of experts");
    }
    if (c->moe.n_ff < 1) refuse(r, "moe_intermediate_size", "is 0");
    if (groups > 1 &&
        (experts % groups != 0 || c->moe.n_groups_used < 1 || c->moe.n_groups_used > groups ||
         c->moe.n_used > experts / groups * c->moe.n_groups_used)) {
        refuse(r, "n_group", "must divide the experts, and topk_group of them hold those used");
    }
    if (!isfinite(c->moe.scale)) refuse(r, "routed_scaling_factor", "is not finite");
}

static void read_deepseek(struct config_reader *r, struct model_config *c, bool v3)
{
    c->moe.n_experts = read_int(r, "n_routed_experts", MAX_EXPERTS, 0);
    if (c->moe.n_experts == 0) return;
    struct span method = read_text(r, "topk_method", v3 ? "noaux_tc" : "greedy");
    struct span gate = read_text(r, "scoring_func", v3 ? "sigmoid" : "softmax");
    bool groups = v3 || span_is(method, "group_limited_greedy");
    c->moe.n_shared = read_int(r, "n_shared_experts", 64, 0);
    int n_dense = read_int(r, "first_k_dense_replace", MODEL_MAX_LAYERS, 0);
    memset(c->moe.dense, true, (size_t)n_dense * sizeof(bool));
    c->moe.n_groups = groups ? read_int(r, "n_group", MAX_EXPERTS, 1) : 0;
    c->moe.n_groups_used = groups ? read_int(r, "topk_group", MAX_EXPERTS, 1) : 0;
    c->moe.scale = (float)read_double(r, "routed_scaling_factor", 1);
    c->moe.gate = span_is(gate, "sigmoid") ? GATE_SIGMOID : GATE_SOFTMAX;
    c->moe.group_by_best_two = v3;
    if (c->moe.gate == GATE_SOFTMAX && !span_is(gate, "softmax")) {
        unsupported(r, "scoring_func", "must be softmax or sigmoid");
    }
    if (v3 ? !span_is(method, "noaux_tc") : !groups && !span_is(method, "greedy")) {
        unsupported(r, "topk_method", "is none that we know for this model_type");
    }
    if (read_int(r, "moe_layer_freq", MODEL_MAX_LAYERS, 1) != 1) {
        unsupported(r, "moe_layer_freq", "must be 1");
    }
}

/* Every decoder_sparse_step-th layer has experts, unless it is listed. */
static void read_dense_layers(struct config_reader *r, struct model_config *c)
{
    int step = read_int(r, "decoder_sparse_step", MODEL_MAX_LAYERS, 1);
    const cJSON *listed;
    if (step < 1) refuse(r, "decoder_sparse_step", "is 0");
    if (r->failed) return;
    for (int i = 0; i < c->n_layers; i++) {
        c->moe.dense[i] = (i + 1) % step != 0;
    }
    cJSON_ArrayForEach(listed, json_get(r->json, "mlp_only_layers"))
    {
        double layer = listed->valuedouble;
        if (!cJSON_IsNumber(listed) || !(layer >= 0 && layer < c->n_layers)) {
            refuse(r, "mlp_only_layers", "must list numbers of layers");
            return;
        }
        c->moe.dense[(int)layer] = true;
    }
}

static void read_qwen3_moe(struct config_reader *r, struct model_config *c)
{
    /* as version 5 of transformers writes it */
    bool local = json_get(r->json, "num_experts") == NULL;
    c->moe.n_experts = read_int(r, local ? "num_local_experts" : "num_experts", MAX_EXPERTS, -1);
    c->moe.gate = GATE_SOFTMAX;
    c->moe.scale = 1;
    if (c->moe.n_experts == 0) refuse(r, "num_experts", "is 0");
    read_dense_layers(r, c);
}

static void read_moe(struct config_reader *r, struct model_config *c, struct span model_type)
{
    bool v3 = span_is(model_type, "deepseek_v3");
    if (span_is(model_type, "qwen3_moe")) {
        read_qwen3_moe(r, c);
    } else if (v3 || span_is(model_type, "deepseek_v2")) {
        read_deepseek(r, c, v3);
    }
    if (c->moe.n_experts == 0 || r->failed) return;
    c->moe.n_used = read_int(r, "num_experts_per_tok", MAX_EXPERTS, -1);
    c->moe.n_ff = read_int(r, "moe_intermediate_size", MAX_DIM, -1);
    c->moe.renormalise = read_bool(r, "norm_topk_prob", v3);
    check_experts(r, c);
}

/* ---- what would be computed wrongly ---- */

/* Attention to a sliding window is the same as full attention up to the window's length; longer
 * contexts are not offered. */
static void read_window(struct config_reader *r, struct model_config *c, struct span model_type)
{
    bool used = read_bool(r, "use_sliding_window", span_is(model_type, "mistral"));
    int window = read_int(r, "sliding_window", MAX_CONTEXT, 0);
    int full = read_int(r, "max_window_layers", MODEL_MAX_LAYERS, 0);
    if (used && window > 0 && window < c->context && full < c->n_layers) c->context = window;
}

static void check_quantisation(struct config_reader *r)
{
    const cJSON *q = json_get(r->json, "quantization_config");
    if (q == NULL) return;
    struct config_reader sub = {.json = q, .path = r->path, .err = r->err, .failed = r->failed};
    const cJSON *block = json_get(q, "weight_block_size");
    bool blocks = cJSON_GetArraySize(block) == 2 && block->child->valuedouble == F8_BLOCK &&
                  block->child->next->valuedouble == F8_BLOCK;
    if (!span_is(read_text(&sub, "quant_method", ""), "fp8")) {
        unsupported(&sub, "quantization_config.quant_method", "must be fp8");
    } else if (!blocks) {
        unsupported(&sub, "quantization_config.weight_block_size", "must be [128, 128]");
    }
    r->failed = r->failed || sub.failed;
}

static void check_details(struct config_reader *r)
{
    struct span act = read_text(r, "hidden_act", "silu");
    if (read_bool(r, "mlp_bias", false)) unsupported(r, "mlp_bias", "true is not supported");
    if (!span_is(act, "silu") && !span_is(act, "swish")) {
        unsupported(r, "hidden_act", "must be silu");
    }
    check_quantisation(r);
}

/* Qwen2 has its own whatever the file says, Mistral none. */
static bool biases_are_an_option(struct span model_type)
{
    return !span_is(model_type, "qwen2") && !span_is(model_type, "mistral");
}

static void read_all(struct config_reader *r, const struct arch **arch, struct model_config *c)
{
    struct span type = read_text(r, "model_type", "");
    if (r->failed) return;
    *arch = arch_of_hf(type);
    if (*arch == NULL) {
        char known[ARCH_LIST_BYTES];
        arch_list(true, known);
        error_set(r->err, ERROR_UNSUPPORTED, NULL, "%.100s: model_type \"%.40s\" is not one of %s",
                  r->path, type.p, known);
        r->failed = true;
        return;
    }
    c->rope.interleaved = (*arch)->hf_interleaved;
    read_sizes(r, c);
    read_heads(r, c);
    read_rope(r, c);
    read_moe(r, c, type);
    read_window(r, c, type);
    check_details(r);
    c->attn_bias = biases_are_an_option(type) && read_bool(r, "attention_bias", false);
    c->n_mtp = read_int(r, "num_nextn_predict_layers", 8, 0);
}

bool hf_config_read(struct span text, const char *path, const struct arch **arch,
                    struct model_config *c, struct error *err)
{
    struct error why = {0};
    struct config_reader r = {.path = path, .err = err};
    cJSON *json = json_parse(text, &why);
    r.json = json;
    *c = (struct model_config){0};
    if (!cJSON_IsObject(json)) {
        refuse(&r, "config", json == NULL ? why.message : "must be an object");
    }
    if (!r.failed) read_all(&r, arch, c);
    cJSON_Delete(json);
    return !r.failed;
}
