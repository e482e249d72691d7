/* engine/model/roles.c - see roles.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/roles.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"

/* clang-format off */
#define MODEL(field) offsetof(struct model_tensors, field)
const struct role model_roles[] = {
    {MODEL(token_embd),  "token_embd.weight",  "model.embed_tokens.weight", 0, false, {DIM_EMBD, DIM_VOCAB}},
    {MODEL(output_norm), "output_norm.weight", "model.norm.weight",         0, false, {DIM_EMBD}},
    {MODEL(output),      "output.weight",      "lm_head.weight",            0, true,  {DIM_EMBD, DIM_VOCAB}},
    {.gguf = NULL},
};

enum {
    GQA = FEATURE_GQA, BIAS = FEATURE_GQA | FEATURE_QKV_BIAS, ATTN_BIAS = FEATURE_ATTN_BIAS, QK_NORM = FEATURE_GQA | FEATURE_QK_NORM, MLA = FEATURE_MLA,
    Q_LORA = FEATURE_MLA | FEATURE_Q_LORA, Q_DIRECT = FEATURE_MLA | FEATURE_Q_DIRECT, DENSE = FEATURE_DENSE,
    MOE = FEATURE_MOE, SHARED = FEATURE_MOE | FEATURE_SHARED, ROUTER_BIAS = FEATURE_MOE | FEATURE_ROUTER_BIAS,
    MTP = FEATURE_MTP,
};
#define LAYER(field) offsetof(struct layer_tensors, field)
const struct role layer_roles[] = {
    {LAYER(attn_norm),  "attn_norm.weight",     "input_layernorm.weight",          0, false, {DIM_EMBD}},
    {LAYER(ffn_norm),   "ffn_norm.weight",      "post_attention_layernorm.weight", 0, false, {DIM_EMBD}},
    {LAYER(o),          "attn_output.weight",   "self_attn.o_proj.weight",         0, false, {DIM_ATTN_OUT, DIM_EMBD}},

    {LAYER(q),          "attn_q.weight",        "self_attn.q_proj.weight",      GQA, false, {DIM_EMBD, DIM_Q}},
    {LAYER(k),          "attn_k.weight",        "self_attn.k_proj.weight",      GQA, false, {DIM_EMBD, DIM_KV}},
    {LAYER(v),          "attn_v.weight",        "self_attn.v_proj.weight",      GQA, false, {DIM_EMBD, DIM_KV}},
    {LAYER(q_bias),     "attn_q.bias",          "self_attn.q_proj.bias",        BIAS, false, {DIM_Q}},
    {LAYER(k_bias),     "attn_k.bias",          "self_attn.k_proj.bias",        BIAS, false, {DIM_KV}},
    {LAYER(v_bias),     "attn_v.bias",          "self_attn.v_proj.bias",        BIAS, false, {DIM_KV}},
    {LAYER(o_bias),     "attn_output.bias",     "self_attn.o_proj.bias",        ATTN_BIAS, false, {DIM_EMBD}},
    {LAYER(q_norm),     "attn_q_norm.weight",   "self_attn.q_norm.weight",      QK_NORM, false, {DIM_HEAD}},
    {LAYER(k_norm),     "attn_k_norm.weight",   "self_attn.k_norm.weight",      QK_NORM, false, {DIM_HEAD}},

    {LAYER(q),          "attn_q.weight",        "self_attn.q_proj.weight",           Q_DIRECT, false, {DIM_EMBD, DIM_Q}},
    {LAYER(q_a),        "attn_q_a.weight",      "self_attn.q_a_proj.weight",         Q_LORA, false, {DIM_EMBD, DIM_Q_RANK}},
    {LAYER(q_a_bias),   "attn_q_a.bias",        "self_attn.q_a_proj.bias",           Q_LORA | ATTN_BIAS, false, {DIM_Q_RANK}},
    {LAYER(q_a_norm),   "attn_q_a_norm.weight", "self_attn.q_a_layernorm.weight",    Q_LORA, false, {DIM_Q_RANK}},
    {LAYER(q_b),        "attn_q_b.weight",      "self_attn.q_b_proj.weight",         Q_LORA, false, {DIM_Q_RANK, DIM_Q}},
    {LAYER(kv_a),       "attn_kv_a_mqa.weight", "self_attn.kv_a_proj_with_mqa.weight", MLA, false, {DIM_EMBD, DIM_KV_A}},
    {LAYER(kv_a_bias),  "attn_kv_a_mqa.bias",   "self_attn.kv_a_proj_with_mqa.bias", MLA | ATTN_BIAS, false, {DIM_KV_A}},
    {LAYER(kv_a_norm),  "attn_kv_a_norm.weight", "self_attn.kv_a_layernorm.weight",  MLA, false, {DIM_KV_RANK}},
    {LAYER(k_b),        "attn_k_b.weight",      NULL, MLA, true, {DIM_NOPE, DIM_KV_RANK, DIM_HEADS}},
    {LAYER(v_b),        "attn_v_b.weight",      NULL, MLA, true, {DIM_KV_RANK, DIM_V, DIM_HEADS}},
    {LAYER(kv_b),       "attn_kv_b.weight",     "self_attn.kv_b_proj.weight",        MLA, true, {DIM_KV_RANK, DIM_KV_B}},

    {LAYER(gate),       "ffn_gate.weight",      "mlp.gate_proj.weight",         DENSE, false, {DIM_EMBD, DIM_FF}},
    {LAYER(up),         "ffn_up.weight",        "mlp.up_proj.weight",           DENSE, false, {DIM_EMBD, DIM_FF}},
    {LAYER(down),       "ffn_down.weight",      "mlp.down_proj.weight",         DENSE, false, {DIM_FF, DIM_EMBD}},

    {LAYER(router),      "ffn_gate_inp.weight", "mlp.gate.weight",              MOE, false, {DIM_EMBD, DIM_EXPERTS}},
    {LAYER(router_bias), "exp_probs_b.bias",    "mlp.gate.e_score_correction_bias", ROUTER_BIAS, true, {DIM_EXPERTS}},
    {LAYER(gate_exps),   "ffn_gate_exps.weight", "mlp.experts.%d.gate_proj.weight", MOE, false, {DIM_EMBD, DIM_EXPERT_FF, DIM_EXPERTS}},
    {LAYER(up_exps),     "ffn_up_exps.weight",   "mlp.experts.%d.up_proj.weight",   MOE, false, {DIM_EMBD, DIM_EXPERT_FF, DIM_EXPERTS}},
    {LAYER(down_exps),   "ffn_down_exps.weight", "mlp.experts.%d.down_proj.weight", MOE, false, {DIM_EXPERT_FF, DIM_EMBD, DIM_EXPERTS}},
    {LAYER(gate_shared), "ffn_gate_shexp.weight", "mlp.shared_experts.gate_proj.weight", SHARED, false, {DIM_EMBD, DIM_SHARED_FF}},
    {LAYER(up_shared),   "ffn_up_shexp.weight",   "mlp.shared_experts.up_proj.weight",   SHARED, false, {DIM_EMBD, DIM_SHARED_FF}},
    {LAYER(down_shared), "ffn_down_shexp.weight", "mlp.shared_experts.down_proj.weight", SHARED, false, {DIM_SHARED_FF, DIM_EMBD}},

    {LAYER(mtp_eh_proj),   "nextn.eh_proj.weight",          "eh_proj.weight",          MTP, false, {DIM_EMBD_2, DIM_EMBD}},
    {LAYER(mtp_enorm),     "nextn.enorm.weight",            "enorm.weight",            MTP, false, {DIM_EMBD}},
    {LAYER(mtp_hnorm),     "nextn.hnorm.weight",            "hnorm.weight",            MTP, false, {DIM_EMBD}},
    {LAYER(mtp_head_norm), "nextn.shared_head_norm.weight", "shared_head.norm.weight", MTP, false, {DIM_EMBD}},
    {LAYER(mtp_embd),      "nextn.embed_tokens.weight",     "embed_tokens.weight",     MTP, true, {DIM_EMBD, DIM_VOCAB}},
    {LAYER(mtp_head),      "nextn.shared_head_head.weight", "shared_head.head.weight", MTP, true, {DIM_EMBD, DIM_VOCAB}},
    {.gguf = NULL},
};
/* clang-format on */

static int64_t dim_size(const struct model_config *c, enum dim d)
{
    bool mla = c->mla.kv_rank > 0;
    switch (d) {
    case DIM_NONE:
        return 1;
    case DIM_EMBD:
        return c->n_embd;
    case DIM_EMBD_2:
        return 2 * (int64_t)c->n_embd;
    case DIM_VOCAB:
        return c->n_vocab;
    case DIM_Q:
        return (int64_t)c->n_heads * c->head_dim;
    case DIM_KV:
        return (int64_t)c->n_kv_heads * c->head_dim;
    case DIM_ATTN_OUT:
        return (int64_t)c->n_heads * (mla ? c->mla.v_dim : c->head_dim);
    case DIM_HEAD:
        return c->head_dim;
    case DIM_HEADS:
        return c->n_heads;
    case DIM_FF:
        return c->n_ff;
    case DIM_EXPERTS:
        return c->moe.n_experts;
    case DIM_EXPERT_FF:
        return c->moe.n_ff;
    case DIM_SHARED_FF:
        return (int64_t)c->moe.n_ff * c->moe.n_shared;
    case DIM_Q_RANK:
        return c->mla.q_rank;
    case DIM_KV_RANK:
        return c->mla.kv_rank;
    case DIM_KV_A:
        return (int64_t)c->mla.kv_rank + c->mla.rope_dim;
    case DIM_KV_B:
        return (int64_t)c->n_heads * (c->mla.nope_dim + c->mla.v_dim);
    case DIM_NOPE:
        return c->mla.nope_dim;
    case DIM_V:
        return c->mla.v_dim;
    }
    return 0;
}

unsigned layer_features(const struct model_config *c, unsigned arch, int layer)
{
    unsigned f = arch & (FEATURE_QKV_BIAS | FEATURE_QK_NORM | FEATURE_ROUTER_BIAS);
    if (c->mla.kv_rank > 0) {
        f |= FEATURE_MLA | (c->mla.q_rank > 0 ? FEATURE_Q_LORA : FEATURE_Q_DIRECT);
    } else {
        f |= FEATURE_GQA;
    }
    bool routed = c->moe.n_experts > 0 && (layer >= c->n_layers || !c->moe.dense[layer]);
    if (c->attn_bias) f |= FEATURE_QKV_BIAS | FEATURE_ATTN_BIAS;
    f |= routed ? FEATURE_MOE : FEATURE_DENSE;
    if (routed && c->moe.n_shared > 0) f |= FEATURE_SHARED;
    if (layer >= c->n_layers) f |= FEATURE_MTP;
    return f;
}

enum { SHAPE_BYTES = 100 }; /* four numbers of 64 bits */

/* As the file has it: a GGUF file's "{64, 576}", a safetensors file's "[576, 64]". */
static void shape_text(char out[SHAPE_BYTES], const int64_t shape[4], int n, bool slowest_first)
{
    size_t at = (size_t)snprintf(out, SHAPE_BYTES, slowest_first ? "[" : "{");
    for (int i = 0; i < n; i++) {
        long long size = (long long)shape[slowest_first ? n - 1 - i : i];
        at += (size_t)snprintf(out + at, SHAPE_BYTES - at, "%s%lld", i == 0 ? "" : ", ", size);
    }
    assert(at < SHAPE_BYTES - 1);
    snprintf(out + at, SHAPE_BYTES - at, slowest_first ? "]" : "}");
}

bool role_name(const struct role *r, bool hugging_face, int layer, int expert,
               char name[ROLE_NAME_BYTES])
{
    const char *own = hugging_face ? r->hf : r->gguf;
    size_t n = 0;
    if (own == NULL) return false;
    if (layer >= 0) {
        n = (size_t)snprintf(name, ROLE_NAME_BYTES, hugging_face ? "model.layers.%d." : "blk.%d.",
                             layer);
    }
    const char *hole = strstr(own, "%d");
    int head = hole == NULL ? (int)strlen(own) : (int)(hole - own);
    n += (size_t)snprintf(name + n, ROLE_NAME_BYTES - n, "%.*s", head, own);
    assert(n < ROLE_NAME_BYTES);
    if (hole != NULL) snprintf(name + n, ROLE_NAME_BYTES - n, "%d%s", expert, hole + 2);
    return true;
}

struct role_binding {
    const struct model_config *c;
    const struct tensor_source *from;
    struct error *err;
};

static bool check_shape(const struct role_binding *b, const struct role *r, const char *name,
                        const struct tensor *t)
{
    const struct tensor_source *from = b->from;
    int64_t want[4] = {1, 1, 1, 1};
    int n = 0;
    bool same = true;
    for (int i = 0; i < 4; i++) {
        if (i < 3 && r->shape[i] != DIM_NONE) {
            want[i] = dim_size(b->c, r->shape[i]);
            n = i + 1;
        }
        same = same && t->shape[i] == want[i];
    }
    if (same) return true;
    char wanted[SHAPE_BYTES], found[SHAPE_BYTES];
    int alone = from->hugging_face && strstr(r->hf, "%d") != NULL; /* of experts: one's */
    shape_text(wanted, want, n - alone, from->slowest_first);
    shape_text(found, t->shape, t->n_dims - alone, from->slowest_first);
    return error_set(b->err, ERROR_BAD_FILE, NULL, "%.90s: tensor %.128s has shape %s; %s expected",
                     from->path, name, found, wanted);
}

static bool bind_role(const struct role_binding *b, const struct role *r, int layer,
                      struct tensor *out)
{
    char name[ROLE_NAME_BYTES] = "";
    if (!b->from->find(b->from->arg, r, layer, out, b->err)) return false;
    role_name(r, b->from->hugging_face, layer, 0, name);
    if (out->data != NULL) return check_shape(b, r, name, out);
    return r->optional ||
           error_set(b->err, ERROR_BAD_FILE, NULL, "%.120s: no tensor %s", b->from->path, name);
}

static struct tensor *tensor_at(void *base, size_t offset)
{
    assert(offset % sizeof(struct tensor) == 0);
    return (struct tensor *)((char *)base + offset);
}

bool roles_bind(const struct model_config *c, unsigned arch_features,
                const struct tensor_source *from, struct model_tensors *t, struct error *err)
{
    struct role_binding b = {c, from, err};
    int n = c->n_layers + c->n_mtp;
    t->layers = mem_new((size_t)n, sizeof(*t->layers), err);
    if (t->layers == NULL) return false;
    for (const struct role *r = model_roles; r->gguf != NULL; r++) {
        if (!bind_role(&b, r, -1, tensor_at(t, r->at))) return false;
    }
    for (int i = 0; i < n; i++) {
        unsigned has = layer_features(c, arch_features, i);
        for (const struct role *r = layer_roles; r->gguf != NULL; r++) {
            if ((r->needs & ~has) != 0) continue;
            if (!bind_role(&b, r, i, tensor_at(&t->layers[i], r->at))) return false;
        }
    }
    if (t->output.data == NULL) t->output = t->token_embd;
    return true;
}
