/* engine/model/alike.c - see alike.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/alike.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/model/content.h"
#include "engine/model/gguf.h"
#include "engine/model/roles.h"
#include "engine/model/safetensors.h"

/* ---- sizes and constants ---- */

enum kind { INT, FLOAT, DOUBLE, BOOL };

#define SIZE(field, kind) \
    { \
#field, offsetof(struct model_config, field), kind \
    }
/* clang-format off */
static const struct {
    const char *name;
    size_t at;
    enum kind kind;
} sizes[] = {
    SIZE(n_layers, INT), SIZE(n_embd, INT), SIZE(n_vocab, INT), SIZE(n_heads, INT), SIZE(n_kv_heads, INT),
    SIZE(head_dim, INT), SIZE(n_ff, INT), SIZE(rms_eps, FLOAT), SIZE(tied, BOOL), SIZE(rope.theta, DOUBLE),
    SIZE(rope.dim, INT), SIZE(rope.scaling, INT), SIZE(rope.factor, DOUBLE), SIZE(rope.original_context, INT),
    SIZE(rope.low_freq, DOUBLE), SIZE(rope.high_freq, DOUBLE), SIZE(rope.beta_fast, DOUBLE),
    SIZE(rope.beta_slow, DOUBLE), SIZE(rope.ramp_within_pairs, BOOL), SIZE(rope.attn_factor, DOUBLE),
    SIZE(attn_scale, DOUBLE), SIZE(attn_bias, BOOL), SIZE(moe.n_experts, INT), SIZE(moe.n_used, INT),
    SIZE(moe.n_shared, INT), SIZE(moe.n_ff, INT), SIZE(moe.n_groups, INT), SIZE(moe.n_groups_used, INT),
    SIZE(moe.group_by_best_two, BOOL), SIZE(moe.gate, INT), SIZE(moe.renormalise, BOOL), SIZE(moe.scale, FLOAT),
    SIZE(mla.q_rank, INT), SIZE(mla.kv_rank, INT), SIZE(mla.nope_dim, INT), SIZE(mla.rope_dim, INT),
    SIZE(mla.v_dim, INT), SIZE(n_mtp, INT),
};
/* clang-format on */
#undef SIZE
static_assert(sizeof(enum rope_scaling) == sizeof(int) && sizeof(enum expert_gate) == sizeof(int),
              "INT");

static double value_of(const struct model_config *c, size_t at, enum kind kind)
{
    const char *p = (const char *)c + at;
    switch (kind) {
    case INT:
        return *(const int *)(const void *)p;
    case FLOAT:
        return (double)*(const float *)(const void *)p;
    case DOUBLE:
        return *(const double *)(const void *)p;
    case BOOL:
        return *(const bool *)(const void *)p;
    }
    return 0;
}

static bool same_factors(const struct model_config *a, const struct model_config *b)
{
    const float *x = a->rope.freq_factors, *y = b->rope.freq_factors;
    if (x == NULL || y == NULL) return x == y;
    return memcmp(x, y, (size_t)a->rope.dim / 2 * sizeof(float)) == 0;
}

bool model_alike(const struct model *served, const struct model *m, struct error *err)
{
    const struct model_config *a = model_config(served), *b = model_config(m);
    if (strcmp(model_architecture(served), model_architecture(m)) != 0) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "the architecture is %s; that of the served model is %s",
                         model_architecture(m), model_architecture(served));
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double was = value_of(a, sizes[i].at, sizes[i].kind);
        double is = value_of(b, sizes[i].at, sizes[i].kind);
        if (is == was) continue;
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "%s is %.9g; that of the served model is %.9g", sizes[i].name, is, was);
    }
    if (memcmp(a->moe.dense, b->moe.dense, sizeof(a->moe.dense)) != 0 || !same_factors(a, b)) {
        return error_set(
            err, ERROR_INVALID_VALUE, NULL,
            "which layers have experts, or rope's factors, differ from the served model's");
    }
    return true;
}

uint64_t model_sizes_hash(const struct model *m)
{
    const struct model_config *c = model_config(m);
    uint64_t h = hash_bytes(span_str(model_architecture(m)));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double value = value_of(c, sizes[i].at, sizes[i].kind) + 0.0; /* -0 is 0 */
        uint64_t bits;
        memcpy(&bits, &value, sizeof(bits));
        h = hash_add(h, bits);
    }
    h = hash_add(h, hash_bytes(span_of(c->moe.dense, sizeof(c->moe.dense))));
    if (c->rope.freq_factors == NULL) return h;
    size_t bytes = (size_t)c->rope.dim / 2 * sizeof(float);
    return hash_add(h, hash_bytes(span_of(c->rope.freq_factors, bytes)));
}

/* ---- tensors ---- */

static_assert(sizeof(struct layer_tensors) % sizeof(struct tensor) == 0, "nothing but tensors");

static bool has_all(const struct tensor *was, const struct tensor *is, size_t n, int layer,
                    struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool split = i == offsetof(struct layer_tensors, kv_b) / sizeof(struct tensor); /* kv_b.h */
        if (split || was[i].data == NULL || is[i].data != NULL) continue;
        if (layer < 0) {
            return error_set(err, ERROR_INVALID_VALUE, NULL, "no tensor %s", was[i].name);
        }
        return error_set(err, ERROR_INVALID_VALUE, NULL, "no tensor %s (of layer %d)", was[i].name,
                         layer);
    }
    return true;
}

bool model_complete(const struct model *served, const struct model *m, struct error *err)
{
    const struct model_config *c = model_config(served);
    const struct model_tensors *was = model_tensors(served), *is = model_tensors(m);
    bool head = !c->tied && is->output.data == is->token_embd.data;
    if (head) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "no tensor %s", was->output.name);
    }
    for (int i = 0; i < c->n_layers + c->n_mtp; i++) {
        size_t n = sizeof(struct layer_tensors) / sizeof(struct tensor);
        if (!has_all((const struct tensor *)&was->layers[i], (const struct tensor *)&is->layers[i],
                     n, i, err)) {
            return false;
        }
    }
    return true;
}

struct claims {
    const struct content *c;
    bool *claimed; /* [c->n] */
    bool hugging_face;
};

static void claim(struct claims *k, const char *name)
{
    const struct content_line *l = content_find(k->c, span_str(name));
    if (l != NULL) k->claimed[l - k->c->lines] = true;
}

static void claim_role(struct claims *k, const struct role *r, int layer, int n_experts)
{
    char name[ROLE_NAME_BYTES], scales[ROLE_NAME_BYTES + 16];
    bool apart = k->hugging_face && r->hf != NULL && strstr(r->hf, "%d") != NULL;
    for (int expert = 0; expert < (apart ? n_experts : 1); expert++) {
        if (!role_name(r, k->hugging_face, layer, expert, name)) return;
        claim(k, name);
        snprintf(scales, sizeof(scales), "%s_scale_inv", name);
        claim(k, scales);
    }
}

static void claim_all(struct claims *k, const struct model *m)
{
    const struct model_config *c = model_config(m);
    for (const struct role *r = model_roles; r->gguf != NULL; r++) {
        claim_role(k, r, -1, 0);
    }
    for (int layer = 0; layer < c->n_layers + c->n_mtp; layer++) {
        unsigned has = model_layer_features(m, layer);
        for (const struct role *r = layer_roles; r->gguf != NULL; r++) {
            if ((r->needs & ~has) == 0) claim_role(k, r, layer, c->moe.n_experts);
        }
    }
    claim(k, "rope_freqs.weight");
}

static bool has_tensor(const struct model *m, const char *name)
{
    const struct safetensors *s = model_safetensors(m);
    return s != NULL ? safetensors_find(s, name) != NULL
                     : gguf_tensor_find(model_gguf(m), name) != NULL;
}

/* A tied model's output matrix, where its file has it, is the embedding once more. */
static bool check_tied(const struct content *c, bool hugging_face, struct error *err)
{
    const char *out_name = hugging_face ? "lm_head.weight" : "output.weight";
    const char *in_name = hugging_face ? "model.embed_tokens.weight" : "token_embd.weight";
    const struct content_line *out = content_find(c, span_str(out_name));
    const struct content_line *in = content_find(c, span_str(in_name));
    if (out == NULL || in == NULL || span_eq(out->bytes, in->bytes)) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL,
                     "tensor %s is not the equal of %s, to which the served model ties it",
                     out_name, in_name);
}

/* Rotary factors come as a tensor in GGUF's names; a stream of them cannot change those that serve. */
static bool check_factors(const struct content *c, const struct model *served, struct error *err)
{
    const struct content_line *line = content_find(c, span_str("rope_freqs.weight"));
    const struct model_config *config = model_config(served);
    const float *factors = config->rope.freq_factors;
    size_t bytes = (size_t)config->rope.dim / 2 * sizeof(float);
    if (line == NULL) return true;
    bool same =
        factors != NULL && line->bytes.n == bytes && memcmp(line->bytes.p, factors, bytes) == 0;
    return same || error_set(err, ERROR_INVALID_VALUE, NULL,
                             "tensor rope_freqs.weight differs from the served model's");
}

static bool find_stranger(const struct claims *k, const struct model *served, struct error *err)
{
    for (size_t i = 0; i < k->c->n; i++) {
        char name[ROLE_NAME_BYTES];
        struct span full = k->c->lines[i].name;
        if (k->claimed[i]) continue;
        snprintf(name, sizeof(name), "%.*s", (int)(full.n < 150 ? full.n : 150), full.p);
        if (has_tensor(served, name)) continue;
        return error_set(err, ERROR_INVALID_VALUE, NULL, "tensor %s is none of the served model's",
                         name);
    }
    return true;
}

bool model_no_stranger(const struct model *served, const struct model *m, struct error *err)
{
    struct content c;
    if (!content_list(m, &c, err)) return false;
    bool hugging_face = content_find(&c, span_str("model.embed_tokens.weight")) != NULL;
    struct claims k = {.c = &c, .hugging_face = hugging_face};
    k.claimed = mem_new(c.n + 1, sizeof(*k.claimed), err);
    bool ok = k.claimed != NULL;
    if (ok) claim_all(&k, m);
    ok = ok && find_stranger(&k, served, err);
    if (ok && model_safetensors(m) != NULL) ok = check_factors(&c, served, err);
    if (ok && model_config(m)->tied) ok = check_tied(&c, hugging_face, err);
    free(k.claimed);
    content_clear(&c);
    return ok;
}
