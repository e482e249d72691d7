/* engine/model/gguf_model.c - see gguf_model.h.
 *
 * Keys are "<architecture>.<name>"; llama.cpp's converter decides what they mean. Every size is
 * bounded before anything is computed from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/gguf_model.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/kernels/scalar_math.h"
#include "engine/model/roles.h"

enum { MAX_DIM = 1 << 20, MAX_CONTEXT = 1 << 24, MAX_EXPERTS = 4096 };

/* Reads "<arch>.<name>" keys and remembers the first failure. */
struct gguf_reader {
    const struct gguf *g;
    const char *prefix;
    struct error *err;
    bool failed;
};

static const char *full_key(const struct gguf_reader *r, const char *name, char key[128])
{
    snprintf(key, 128, "%s.%s", r->prefix, name);
    return key;
}

/* absent: the value when there is no such key; -1 means the key is required. */
static int read_int(struct gguf_reader *r, const char *name, int max, int absent)
{
    char key[128];
    int64_t v = absent;
    if (r->failed) return 0;
    if (!gguf_get_int(r->g, full_key(r, name, key), 0, max, &v, r->err)) r->failed = true;
    if (!r->failed && v < 0) {
        error_set(r->err, ERROR_BAD_FILE, NULL, "%.160s: no %s", gguf_path(r->g), key);
        r->failed = true;
    }
    return (int)v;
}

/* As read_int(); or an array with a number a layer, as some converters write it, all of them alike. */
static int read_per_layer(struct gguf_reader *r, const char *name, int max, int absent)
{
    char key[128];
    const struct gguf_value *v = gguf_find(r->g, full_key(r, name, key));
    if (r->failed || v == NULL || v->type != GGUF_ARRAY) return read_int(r, name, max, absent);
    int64_t first = 0;
    bool fits = gguf_array_of_ints(v) && v->n > 0;
    if (fits) first = gguf_array_int(v, 0);
    if (!fits || first < 0 || first > max) {
        error_set(r->err, ERROR_BAD_FILE, NULL, "%.100s: %s must be integers from 0 to %d",
                  gguf_path(r->g), key, max);
        r->failed = true;
    }
    for (uint64_t i = 1; !r->failed && i < v->n; i++) {
        if (gguf_array_int(v, i) == first) continue;
        error_set(r->err, ERROR_UNSUPPORTED, NULL,
                  "%.100s: %s differs between layers (%lld and %lld); only models whose layers are "
                  "alike are supported",
                  gguf_path(r->g), key, (long long)first, (long long)gguf_array_int(v, i));
        r->failed = true;
    }
    return (int)first;
}

static double read_float(struct gguf_reader *r, const char *name, double absent)
{
    char key[128];
    double v = absent;
    if (!r->failed && !gguf_get_float(r->g, full_key(r, name, key), &v, r->err)) r->failed = true;
    if (!r->failed && !isfinite(v)) {
        error_set(r->err, ERROR_BAD_FILE, NULL, "%.160s: %s is not finite", gguf_path(r->g), key);
        r->failed = true;
    }
    return v;
}

static bool read_bool(struct gguf_reader *r, const char *name, bool absent)
{
    char key[128];
    bool v = absent;
    if (!r->failed && !gguf_get_bool(r->g, full_key(r, name, key), &v, r->err)) r->failed = true;
    return v;
}

static struct span read_text(struct gguf_reader *r, const char *name)
{
    char key[128];
    struct span v = {NULL, 0};
    if (!r->failed && !gguf_get_string(r->g, full_key(r, name, key), &v, r->err)) r->failed = true;
    return v;
}

static void refuse(struct gguf_reader *r, const char *name, const char *why)
{
    if (r->failed) return;
    error_set(r->err, ERROR_BAD_FILE, NULL, "%.100s: %s.%s %s", gguf_path(r->g), r->prefix, name,
              why);
    r->failed = true;
}

static void read_sizes(struct gguf_reader *r, struct model_config *c)
{
    int blocks = read_int(r, "block_count", MODEL_MAX_LAYERS, -1);
    c->n_mtp = read_int(r, "nextn_predict_layers", 8, 0);
    c->n_layers = blocks - c->n_mtp;
    c->n_embd = read_int(r, "embedding_length", MAX_DIM, -1);
    c->n_ff = read_per_layer(r, "feed_forward_length", MAX_DIM, 0);
    c->n_heads = read_per_layer(r, "attention.head_count", 4096, -1);
    c->n_kv_heads = read_per_layer(r, "attention.head_count_kv", 4096, c->n_heads);
    c->context = read_int(r, "context_length", MAX_CONTEXT, -1);
    c->rms_eps = (float)read_float(r, "attention.layer_norm_rms_epsilon", 1e-5);
    int pooling = read_int(r, "pooling_type", INT_MAX, 0);
    c->pooling = pooling <= MODEL_POOLING_LAST ? pooling : MODEL_POOLING_UNKNOWN;
    if (c->n_layers < 1) refuse(r, "block_count", "leaves no layer");
    if (c->n_embd < 1) refuse(r, "embedding_length", "is 0");
    if (c->n_heads < 1) refuse(r, "attention.head_count", "is 0");
    if (c->n_kv_heads < 1 || (c->n_heads > 0 && c->n_heads % c->n_kv_heads != 0)) {
        refuse(r, "attention.head_count_kv", "does not divide the heads");
    }
    if (c->context < 1) refuse(r, "context_length", "is 0");
}

static void read_heads(struct gguf_reader *r, struct model_config *c)
{
    int absent = c->n_heads > 0 ? c->n_embd / c->n_heads : 0;
    c->mla.kv_rank = read_int(r, "attention.kv_lora_rank", MAX_DIM, 0);
    if (c->mla.kv_rank == 0) {
        c->head_dim = read_int(r, "attention.key_length", 4096, absent);
        if (read_int(r, "attention.value_length", 4096, c->head_dim) != c->head_dim) {
            refuse(r, "attention.value_length", "differs from key_length");
        }
        c->rope.dim = read_int(r, "rope.dimension_count", 4096, c->head_dim);
    } else {
        /* before llama.cpp computed on the latent, key_length and value_length had this meaning */
        c->head_dim = read_int(r, "attention.key_length_mla", 4096,
                               read_int(r, "attention.key_length", 4096, -1));
        c->mla.v_dim = read_int(r, "attention.value_length_mla", 4096,
                                read_int(r, "attention.value_length", 4096, -1));
        c->mla.q_rank = read_int(r, "attention.q_lora_rank", MAX_DIM, 0);
        c->rope.dim = read_int(r, "rope.dimension_count", 4096, -1);
        c->mla.rope_dim = c->rope.dim;
        c->mla.nope_dim = c->head_dim - c->rope.dim;
        c->n_kv_heads = c->n_heads;
        if (c->mla.v_dim < 1) refuse(r, "attention.value_length_mla", "is 0");
        if (c->mla.nope_dim < 1) {
            refuse(r, "attention.key_length_mla", "is not above rope.dimension_count");
        }
    }
    if (c->head_dim < 1) refuse(r, "attention.key_length", "is 0");
    if (c->rope.dim < 2 || c->rope.dim % 2 != 0 || c->rope.dim > c->head_dim) {
        refuse(r, "rope.dimension_count", "must be even and at most the head's size");
    }
}

/* YaRN (arXiv 2309.00071): cos and sin are scaled by 0.1 ln(s) + 1, or by yarn_attn_factor.
 * DeepSeek-V2's variant leaves them alone and scales the scores by the square of m ln(s) + 1
 * instead; m is yarn_log_multiplier. */
static void read_yarn(struct gguf_reader *r, struct model_config *c)
{
    double log_factor = math_log(c->rope.factor);
    c->rope.scaling = ROPE_YARN;
    c->rope.beta_fast = read_float(r, "rope.scaling.yarn_beta_fast", 32);
    c->rope.beta_slow = read_float(r, "rope.scaling.yarn_beta_slow", 1);
    double attn_factor = read_float(r, "rope.scaling.attn_factor", 1);
    if (c->mla.kv_rank > 0) {
        double m = 1 + read_float(r, "rope.scaling.yarn_log_multiplier", 0) * log_factor;
        c->attn_scale *= m * m * attn_factor * attn_factor;
    } else {
        double usual = log_factor > 0 ? 1 + 0.1 * log_factor : 1;
        c->rope.attn_factor = attn_factor * read_float(r, "rope.scaling.yarn_attn_factor", usual);
    }
    if (c->rope.original_context < 1) {
        refuse(r, "rope.scaling.original_context_length", "is missing");
    }
}

static void read_rope(struct gguf_reader *r, struct model_config *c)
{
    c->attn_scale = c->head_dim > 0 ? 1 / sqrt((double)c->head_dim) : 1;
    c->rope.theta = read_float(r, "rope.freq_base", 10000);
    c->rope.attn_factor = 1;
    c->rope.factor = read_float(r, "rope.scaling.factor", read_float(r, "rope.scale_linear", 1));
    c->rope.original_context = read_int(r, "rope.scaling.original_context_length", MAX_CONTEXT, 0);
    if (!(c->rope.theta >= 1)) refuse(r, "rope.freq_base", "must be at least 1");
    if (!(c->rope.factor > 0)) refuse(r, "rope.scaling.factor", "must be above 0");
    if (r->failed) return;
    struct span type = read_text(r, "rope.scaling.type");
    if (span_is(type, "yarn")) {
        read_yarn(r, c);
    } else if (span_is(type, "linear") || (type.n == 0 && c->rope.factor != 1)) {
        c->rope.scaling = ROPE_LINEAR;
    } else if (type.n > 0 && !span_is(type, "none") && !span_is(type, "llama3")) {
        refuse(r, "rope.scaling.type", "is none that we know (none, linear, yarn)");
    } /* llama3's factors lie in rope_freqs.weight */
}

/* Sigmoid (2) where there is a bias on the choice: configurations need not name it, so converted
 * files may not. */
static int usual_gate(const struct gguf *g, int first_routed)
{
    char name[64];
    snprintf(name, sizeof(name), "blk.%d.exp_probs_b.bias", first_routed);
    return gguf_tensor_find(g, name) != NULL ? 2 : 1;
}

static void read_moe(struct gguf_reader *r, struct model_config *c)
{
    c->moe.n_experts = read_int(r, "expert_count", MAX_EXPERTS, 0);
    if (c->moe.n_experts == 0) return;
    int n_dense = read_int(r, "leading_dense_block_count", MODEL_MAX_LAYERS, 0);
    bool v3 = read_int(r, "expert_gating_func", 3, usual_gate(r->g, n_dense)) == 2;
    c->moe.gate = v3 ? GATE_SIGMOID : GATE_SOFTMAX;
    c->moe.group_by_best_two = v3;
    c->moe.n_used = read_int(r, "expert_used_count", MAX_EXPERTS, -1);
    c->moe.n_ff = read_int(r, "expert_feed_forward_length", MAX_DIM, -1);
    c->moe.n_shared = read_int(r, "expert_shared_count", 64, 0);
    memset(c->moe.dense, true, (size_t)n_dense * sizeof(bool));
    c->moe.n_groups = read_int(r, "expert_group_count", MAX_EXPERTS, 1);
    c->moe.n_groups_used = read_int(r, "expert_group_used_count", MAX_EXPERTS, 1);
    c->moe.scale = (float)read_float(r, "expert_weights_scale", 1);
    c->moe.renormalise = read_bool(r, "expert_weights_norm", c->mla.kv_rank == 0);
    if (c->moe.scale == 0) c->moe.scale = 1; /* llama.cpp writes 0 for "none" */
    if (c->moe.n_used < 1 || c->moe.n_used > c->moe.n_experts) {
        refuse(r, "expert_used_count", "must be from 1 to expert_count");
    }
    if (c->moe.n_ff < 1) refuse(r, "expert_feed_forward_length", "is 0");
    int groups = c->moe.n_groups;
    if (groups > 1 && (c->moe.n_experts % groups != 0 || c->moe.n_groups_used < 1 ||
                       c->moe.n_groups_used > groups ||
                       c->moe.n_used > c->moe.n_experts / groups * c->moe.n_groups_used)) {
        refuse(r, "expert_group_count",
               "must divide expert_count; the groups used must hold the experts used");
    }
}

static bool find_tensor(const void *source, const struct role *role, int layer, struct tensor *out,
                        struct error *err)
{
    const struct gguf *g = source;
    char name[ROLE_NAME_BYTES];
    if (!role_name(role, false, layer, 0, name)) return true;
    const struct gguf_tensor *t = gguf_tensor_find(g, name);
    if (t == NULL) return true;
    int type = quant_from_ggml(t->ggml_type);
    if (type < 0) {
        const char *known = quant_ggml_name(t->ggml_type);
        char list[QUANT_LIST_BYTES];
        quant_list(list);
        return error_set(err, ERROR_UNSUPPORTED, NULL, "%.50s: %.36s has type %s (%u), none of %s",
                         gguf_path(g), name, known == NULL ? "unknown" : known, t->ggml_type, list);
    }
    *out = (struct tensor){.name = role->gguf,
                           .type = (enum quant)type,
                           .n_dims = t->n_dims,
                           .shape = {t->shape[0], t->shape[1], t->shape[2], t->shape[3]},
                           .data = t->data,
                           .bytes = t->bytes};
    return true;
}

static bool read_vocab_size(const struct gguf *g, struct model_config *c, struct error *err)
{
    const struct gguf_tensor *t = gguf_tensor_find(g, "token_embd.weight");
    if (t == NULL || t->n_dims != 2 || t->shape[1] > 1 << 24) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.160s: no usable tensor token_embd.weight",
                         gguf_path(g));
    }
    c->n_vocab = (int)t->shape[1];
    c->tied = gguf_tensor_find(g, "output.weight") == NULL;
    return true;
}

/* A llama or Qwen3 file says so by having them. */
static void find_biases(const struct gguf *g, unsigned features, struct model_config *c)
{
    static const char *const names[] = {"blk.0.attn_q.bias", "blk.0.attn_q_a.bias",
                                        "blk.0.attn_kv_a_mqa.bias", "blk.0.attn_output.bias"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bool usual = i == 0 && (features & FEATURE_QKV_BIAS) != 0;
        if (!usual && gguf_tensor_find(g, names[i]) != NULL) c->attn_bias = true;
    }
}

static bool read_freq_factors(const struct gguf *g, struct model_config *c, struct error *err)
{
    const struct gguf_tensor *t = gguf_tensor_find(g, "rope_freqs.weight");
    if (t == NULL) return true;
    if (quant_from_ggml(t->ggml_type) != QUANT_F32 || t->n_dims != 1 ||
        t->shape[0] != c->rope.dim / 2) {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.120s: rope_freqs.weight must be %d F32 numbers", gguf_path(g),
                         c->rope.dim / 2);
    }
    c->rope.freq_factors = (const float *)(const void *)t->data; /* aligned: offsets are checked */
    return true;
}

bool gguf_model_read(const struct gguf *g, const struct arch **arch, struct model_config *c,
                     struct model_tensors *t, struct error *err)
{
    struct span name = {NULL, 0};
    if (!gguf_get_string(g, "general.architecture", &name, err)) return false;
    *arch = arch_of_gguf(name);
    if (*arch == NULL) {
        char known[ARCH_LIST_BYTES];
        arch_list(false, known);
        return error_set(err, ERROR_UNSUPPORTED, NULL,
                         "%.100s: architecture \"%.*s\" is not one of %s", gguf_path(g),
                         (int)(name.n < 40 ? name.n : 40), name.n == 0 ? "" : name.p, known);
    }
    *c = (struct model_config){0};
    sampling_defaults_clear(&c->sampling);
    sampling_defaults_read_gguf(g, &c->sampling);
    c->rope.interleaved = (*arch)->gguf_interleaved;
    if (!read_vocab_size(g, c, err)) return false;
    find_biases(g, (*arch)->features, c);
    struct gguf_reader r = {.g = g, .prefix = (*arch)->gguf, .err = err};
    read_sizes(&r, c);
    read_heads(&r, c);
    read_rope(&r, c);
    read_moe(&r, c);
    if (r.failed || !read_freq_factors(g, c, err)) return false;
    struct tensor_source from = {.path = gguf_path(g), .find = find_tensor, .arg = g};
    return roles_bind(c, (*arch)->features, &from, t, err);
}
