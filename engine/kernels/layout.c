/* engine/kernels/layout.c - see layout.h.
 *
 * Reading back (panels_block) is the generic kernel's and the embedding's way in. Packing is pack.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/kernels/layout.h"

#include <assert.h>
#include <string.h>

#include "engine/tensor/quants_coded.h"

/* clang-format off */
const struct panel_type panel_types[QUANT_COUNT] = {
    /*                  quantised bits offset minimum super halves block scale head coded */
    [QUANT_F32]     = {false,  0,   0,  false, false, false,  64,  0,  0, false},
    [QUANT_F16]     = {false,  0,   0,  false, false, false,  32,  0,  0, false},
    [QUANT_BF16]    = {false,  0,   0,  false, false, false,  32,  0,  0, false},
    [QUANT_F8_E4M3] = {false,  0,   0,  false, false, false,  16,  0,  0, false},
    [QUANT_Q8_0]    = {true,   8, 128,  false, false, false, 512, 32,  0, false},
    [QUANT_Q4_0]    = {true,   4,   8,  false, false, false, 256, 32,  0, false},
    [QUANT_Q4_1]    = {true,   4,   0,  true,  false, false, 256, 64,  0, false},
    [QUANT_Q5_0]    = {true,   5,  16,  false, false, false, 320, 32,  0, false},
    [QUANT_Q5_1]    = {true,   5,   0,  true,  false, false, 320, 64,  0, false},
    [QUANT_Q4_K]    = {true,   4,   0,  true,  true,  false, 256, 32, 64, false},
    [QUANT_Q5_K]    = {true,   5,   0,  true,  true,  false, 320, 32, 64, false},
    [QUANT_Q6_K]    = {true,   6,  32,  false, true,  true,  384, 32, 32, false},
    [QUANT_Q2_K]    = {true,   4,   0,  true,  true,  true,  256, 64, 64, false},
    [QUANT_Q3_K]    = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ4_NL]  = {true,   4,   0,  false, false, false, 256, 32,  0, true},
    [QUANT_IQ4_XS]  = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ2_XXS] = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ2_XS]  = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ2_S]   = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ3_XXS] = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
    [QUANT_IQ3_S]   = {true,   4,   0,  false, true,  true,  256, 32, 64, true},
};
/* clang-format on */

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

void panels_init(struct panels *p, enum quant type, int n, int k)
{
    const struct panel_type *t = &panel_types[type];
    assert(n > 0 && k > 0 && (!t->quantised || k % ACT_BLOCK == 0));
    size_t blocks = (size_t)(t->quantised ? k / ACT_BLOCK : k);
    size_t heads = ((size_t)k + K_SUPER - 1) / K_SUPER;
    size_t scales = blocks * (size_t)t->scale_bytes + heads * (size_t)t->head_bytes;
    if (type == QUANT_F8_E4M3) {
        scales = ((size_t)k + F8_BLOCK - 1) / F8_BLOCK * PANEL * sizeof(float);
    }
    *p = (struct panels){.type = type, .n = n, .k = k};
    p->scales = blocks * (size_t)t->block_bytes;
    p->panel_bytes = round_up(p->scales + scales, 64);
}

int panels_count(const struct panels *p)
{
    return (p->n + PANEL - 1) / PANEL;
}

size_t panels_bytes(const struct panels *p)
{
    return (size_t)panels_count(p) * p->panel_bytes;
}

size_t panels_scales_at(const struct panels *p, int block, size_t *head)
{
    const struct panel_type *t = &panel_types[p->type];
    assert(t->quantised && block >= 0 && block < p->k / ACT_BLOCK);
    size_t b = (size_t)block, scale = (size_t)t->scale_bytes;
    if (!t->super) return p->scales + b * scale;
    size_t per_head = (size_t)t->head_bytes + K_SUPER / ACT_BLOCK * scale;
    *head = p->scales + b / 8 * per_head;
    return *head + (size_t)t->head_bytes + b % 8 * scale;
}

/* ---- Reading back ---- */

static float half_at(const uint8_t *p, int r)
{
    uint16_t h;
    memcpy(&h, p + 2 * r, sizeof(h));
    return f16_to_f32(h);
}

static float float_at(const uint8_t *p, int r)
{
    float f;
    memcpy(&f, p + 4 * r, sizeof(f));
    return f;
}

static int stored_weight(int bits, const uint8_t *q, int k, int r)
{
    int g = k / 4, at = r * 4 + k % 4;
    if (bits == 8) return q[g * 64 + at];
    int u = q[g % 4 * 64 + at] >> (g / 4 * 4) & 15;
    if (bits == 5) u |= (q[256 + g * 8 + at / 8] >> (at % 8) & 1) << 4;
    if (bits == 6) u |= (q[256 + g / 4 * 64 + at] >> (g % 4 * 2) & 3) << 4;
    return u;
}

/* The integer that weight k of row r is. */
static int weight_at(const struct panels *p, const uint8_t *q, int k, int r)
{
    const struct panel_type *t = &panel_types[p->type];
    int u = stored_weight(t->bits, q, k, r);
    return t->coded ? coded_values(p->type)[u] : u - t->offset;
}

static void block_scales(const struct panels *p, const uint8_t *panel, int block, int r,
                         struct panel_block *out)
{
    const struct panel_type *t = &panel_types[p->type];
    size_t head = 0;
    const uint8_t *scales = panel + panels_scales_at(p, block, &head);
    float d = t->super && t->coded ? float_at(panel + head, r)
                                   : half_at(t->super ? panel + head : scales, r);
    out->m[0][r] = out->m[1][r] = 0;
    if (t->halves) {
        float dmin = t->minimum ? half_at(panel + head + 32, r) : 0;
        for (int half = 0; half < 2; half++) {
            out->d[half][r] = d * (float)(int8_t)scales[16 * half + r];
            if (t->minimum) out->m[half][r] = -(dmin * (float)scales[32 + 16 * half + r]);
        }
        return;
    }
    out->d[0][r] = out->d[1][r] = t->super ? d * (float)scales[r] : d;
    if (t->minimum) {
        out->m[0][r] = t->super ? -(half_at(panel + head + 32, r) * (float)scales[16 + r])
                                : half_at(scales + 32, r);
        out->m[1][r] = out->m[0][r];
    }
}

void panels_block(const struct panels *p, int panel, int block, struct panel_block *out)
{
    const struct panel_type *t = &panel_types[p->type];
    const uint8_t *at = p->data + (size_t)panel * p->panel_bytes;
    const uint8_t *q = at + (size_t)block * (size_t)t->block_bytes;
    for (int k = 0; k < ACT_BLOCK; k++) {
        for (int r = 0; r < PANEL; r++) {
            out->w[k][r] = (int8_t)weight_at(p, q, k, r);
        }
    }
    for (int r = 0; r < PANEL; r++) {
        block_scales(p, at, block, r, out);
    }
}

float panels_float(const struct panels *p, int panel, int k, int r)
{
    size_t size = (size_t)quant_types[p->type].bytes, i = (size_t)k * PANEL + (size_t)r;
    const uint8_t *at = p->data + (size_t)panel * p->panel_bytes;
    float w, scale;
    quant_types[p->type].dequant(&w, at + i * size, 1);
    if (p->type != QUANT_F8_E4M3) return w;
    size_t j = (size_t)(k / F8_BLOCK) * PANEL + (size_t)r;
    memcpy(&scale, at + p->scales + j * sizeof(scale), sizeof(scale));
    return w * scale;
}

void panels_row(const struct panels *p, int n, float *dst)
{
    const struct panel_type *t = &panel_types[p->type];
    int panel = n / PANEL, r = n % PANEL;
    if (!t->quantised) {
        for (int k = 0; k < p->k; k++) {
            dst[k] = panels_float(p, panel, k, r);
        }
        return;
    }
    const uint8_t *at = p->data + (size_t)panel * p->panel_bytes;
    struct panel_block scales;
    for (int block = 0; block < p->k / ACT_BLOCK; block++) {
        const uint8_t *q = at + (size_t)block * (size_t)t->block_bytes;
        block_scales(p, at, block, r, &scales);
        for (int i = 0; i < ACT_BLOCK; i++) {
            float w = (float)weight_at(p, q, i, r);
            float scaled = scales.d[i / 16][r] * w; /* + 0 would turn -0 into 0 */
            *dst++ = t->minimum ? scaled + scales.m[i / 16][r] : scaled;
        }
    }
}

/* ---- Cached keys and values ---- */

static size_t kv_bytes(enum kv_type type)
{
    return type == KV_F32 ? 4 : type == KV_F16 ? 2 : 1;
}

static int kv_pad(enum kv_type type, int dim)
{
    return (int)round_up((size_t)dim, type == KV_Q8_0 ? ACT_BLOCK : PANEL);
}

/* Values begin at s->v; the scales of Q8_0 follow them. */
static void place_values(struct kv_shape *s)
{
    size_t numbers = (size_t)KV_BLOCK * (size_t)s->row;
    size_t scales = s->type == KV_Q8_0 ? numbers / ACT_BLOCK * 2 : 0;
    s->v_scales = s->v + numbers * kv_bytes(s->type);
    s->bytes = round_up(s->v_scales + scales, 64);
}

void kv_shape_init(struct kv_shape *s, enum kv_type type, int k_dim, int v_dim)
{
    *s = (struct kv_shape){.type = type, .k_dim = k_dim, .v_dim = v_dim};
    size_t k_scales = ((size_t)k_dim + ACT_BLOCK - 1) / ACT_BLOCK * KV_BLOCK * 2;
    s->v_pad = s->row = kv_pad(type, v_dim);
    s->k_scales = (size_t)k_dim * KV_BLOCK * kv_bytes(type);
    s->v = round_up(s->k_scales + (type == KV_Q8_0 ? k_scales : 0), 64);
    place_values(s);
}

void kv_shape_init_latent(struct kv_shape *s, enum kv_type type, int k_dim, int v_dim)
{
    *s = (struct kv_shape){.type = type, .k_dim = k_dim, .v_dim = v_dim, .latent = true};
    s->v_pad = kv_pad(type, v_dim);
    s->row = kv_pad(type, k_dim);
    place_values(s);
}
