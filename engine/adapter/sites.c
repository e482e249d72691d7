/* engine/adapter/sites.c - see sites.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/adapter/sites.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ascii.h"
#include "engine/model/roles.h"

#define AT(field) offsetof(struct layer_tensors, field)
enum { NO_BIAS = -1 };

/* clang-format off */
static const struct {
    size_t tensor;
    enum adapter_input input;
    int bias; /* offset of the base's in struct layer_tensors */
    enum rotated rotated; /* of latent attention: other models have Hugging Face's rows in order */
} rows[ADAPTER_SITES] = {
    [SITE_Q]           = {AT(q),           ADAPTER_ATTN_NORM,  (int)AT(q_bias),    ROTATED_MLA_Q},
    [SITE_K]           = {AT(k),           ADAPTER_ATTN_NORM,  (int)AT(k_bias),    ROTATED_NONE},
    [SITE_V]           = {AT(v),           ADAPTER_ATTN_NORM,  (int)AT(v_bias),    ROTATED_NONE},
    [SITE_Q_A]         = {AT(q_a),         ADAPTER_ATTN_NORM,  (int)AT(q_a_bias),  ROTATED_NONE},
    [SITE_KV_A]        = {AT(kv_a),        ADAPTER_ATTN_NORM,  (int)AT(kv_a_bias), ROTATED_MLA_KV},
    [SITE_Q_B]         = {AT(q_b),         ADAPTER_LOW_Q,      NO_BIAS,            ROTATED_MLA_Q},
    [SITE_O]           = {AT(o),           ADAPTER_HEADS,      (int)AT(o_bias),    ROTATED_NONE},
    [SITE_GATE]        = {AT(gate),        ADAPTER_FFN_NORM,   NO_BIAS,            ROTATED_NONE},
    [SITE_UP]          = {AT(up),          ADAPTER_FFN_NORM,   NO_BIAS,            ROTATED_NONE},
    [SITE_ROUTER]      = {AT(router),      ADAPTER_FFN_NORM,   NO_BIAS,            ROTATED_NONE},
    [SITE_GATE_SHARED] = {AT(gate_shared), ADAPTER_FFN_NORM,   NO_BIAS,            ROTATED_NONE},
    [SITE_UP_SHARED]   = {AT(up_shared),   ADAPTER_FFN_NORM,   NO_BIAS,            ROTATED_NONE},
    [SITE_DOWN]        = {AT(down),        ADAPTER_FF,         NO_BIAS,            ROTATED_NONE},
    [SITE_DOWN_SHARED] = {AT(down_shared), ADAPTER_SHARED_FF,  NO_BIAS,            ROTATED_NONE},
    [SITE_GATE_EXPS]   = {AT(gate_exps),   ADAPTER_EXPERTS,    NO_BIAS,            ROTATED_NONE},
    [SITE_UP_EXPS]     = {AT(up_exps),     ADAPTER_EXPERTS,    NO_BIAS,            ROTATED_NONE},
    [SITE_DOWN_EXPS]   = {AT(down_exps),   ADAPTER_EXPERTS_FF, NO_BIAS,            ROTATED_NONE},
    [SITE_OUTPUT]      = {0,               ADAPTER_OUTPUT,     NO_BIAS,            ROTATED_NONE},
};
/* clang-format on */

enum adapter_input adapter_site_input(enum adapter_site site)
{
    return rows[site].input;
}

size_t adapter_site_tensor(enum adapter_site site)
{
    assert(site != SITE_OUTPUT);
    return rows[site].tensor;
}

size_t adapter_site_bias(enum adapter_site site)
{
    return rows[site].bias == NO_BIAS ? SITE_NO_BIAS : (size_t)rows[site].bias;
}

/* A number of at most 5 digits at *at; *at is moved past it. */
static bool take_number(struct span s, size_t *at, int *out)
{
    size_t from = *at;
    *out = 0;
    while (*at < s.n && *at - from < 5 && ascii_is_digit(s.p[*at])) {
        *out = *out * 10 + (s.p[(*at)++] - '0');
    }
    return *at > from && (s.p[from] != '0' || *at == from + 1); /* one way to write it */
}

/* module is name without its ".weight", a %d in it being the expert. */
static bool names(const char *name, struct span module, int *expert)
{
    struct span pattern = span_str(name), end = span_str(".weight");
    assert(span_ends(pattern, end));
    pattern.n -= end.n;
    size_t hole = span_find(pattern, span_str("%d"), 0), at = hole;
    *expert = -1;
    if (hole == SPAN_NONE) return span_eq(pattern, module);
    if (module.n < hole || memcmp(module.p, pattern.p, hole) != 0) return false;
    if (!take_number(module, &at, expert)) return false;
    return span_eq(span_slice(module, at, module.n), span_slice(pattern, hole + 2, pattern.n));
}

/* The role that has this tensor and a name in Hugging Face's files. */
static const struct role *role_of(size_t tensor)
{
    const struct role *r = layer_roles;
    while (r->gguf != NULL && (r->at != tensor || r->hf == NULL)) {
        r++;
    }
    return r->gguf == NULL ? NULL : r;
}

static const struct tensor *tensor_at(const struct layer_tensors *layer, size_t offset)
{
    return (const struct tensor *)(const void *)((const char *)layer + offset);
}

static bool is_there(const struct tensor *t)
{
    return t->n_dims > 0; /* its data may have been dropped */
}

/* The place of site `i` in this layer. */
static bool fill_place(const struct model *m, int i, int layer, int expert,
                       struct adapter_place *out)
{
    const struct layer_tensors *tensors = &model_tensors(m)->layers[layer];
    const struct tensor *t = tensor_at(tensors, rows[i].tensor);
    if (!is_there(t) || (expert >= 0 && expert >= t->shape[2])) return false;
    bool latent = model_config(m)->mla.kv_rank > 0;
    *out = (struct adapter_place){.site = (enum adapter_site)i,
                                  .input = rows[i].input,
                                  .layer = layer,
                                  .expert = expert,
                                  .k = (int)t->shape[0],
                                  .n = (int)t->shape[1],
                                  .rotated = latent ? rows[i].rotated : ROTATED_NONE};
    if (rows[i].bias != NO_BIAS) out->has_bias = is_there(tensor_at(tensors, (size_t)rows[i].bias));
    return true;
}

static const char *layer_place(const struct model *m, int layer, struct span module,
                               struct adapter_place *out)
{
    for (int i = 0; i < ADAPTER_SITES; i++) {
        if (i == SITE_OUTPUT) continue;
        const struct role *r = role_of(rows[i].tensor);
        int expert;
        assert(r != NULL);
        if (!names(r->hf, module, &expert)) continue;
        return fill_place(m, i, layer, expert, out) ? NULL : "is no module of this model";
    }
    return "is a module whose adapters are not computed";
}

const char *adapter_place(const struct model *m, struct span module, struct adapter_place *out)
{
    const struct model_config *c = model_config(m);
    struct span layers = span_str("model.layers.");
    size_t at = layers.n;
    int layer;
    *out = (struct adapter_place){.layer = -1, .expert = -1, .k = c->n_embd, .n = c->n_vocab};
    if (span_is(module, "model.embed_tokens")) {
        out->embedding = true;
        return NULL;
    }
    if (span_is(module, "lm_head")) {
        out->site = SITE_OUTPUT;
        out->input = ADAPTER_OUTPUT;
        return NULL;
    }
    if (!span_starts(module, layers)) return "is a module whose adapters are not computed";
    if (!take_number(module, &at, &layer) || at >= module.n || module.p[at] != '.') {
        return "is no module of this model";
    }
    if (layer >= c->n_layers) return "is of a layer that this model does not have";
    return layer_place(m, layer, span_slice(module, at + 1, module.n), out);
}
