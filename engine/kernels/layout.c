/* engine/kernels/layout.c - see layout.h.
 *
 * Packing goes block by block through plain unsigned weights u[row][k]; reading back
 * (panels_block) is the generic kernel's and the embedding's way in. Speed matters little here: a
 * model is packed once, by all threads.
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

/* ---- Packing ---- */

/* Where the scales of a block lie, from the panel's beginning; *head gets those of its K head. */
static size_t scales_at(const struct panels *p, int block, size_t *head)
{
    const struct panel_type *t = &panel_types[p->type];
    assert(t->quantised && block >= 0 && block < p->k / ACT_BLOCK);
    size_t b = (size_t)block, scale = (size_t)t->scale_bytes;
    if (!t->super) return p->scales + b * scale;
    size_t per_head = (size_t)t->head_bytes + K_SUPER / ACT_BLOCK * scale;
    *head = p->scales + b / 8 * per_head;
    return *head + (size_t)t->head_bytes + b % 8 * scale;
}

static void put_half(uint8_t *dst, int r, uint16_t half)
{
    memcpy(dst + 2 * r, &half, sizeof(half));
}

/* 32 weights from nibbles q, low ones first, and bit `bit` + i of h as fifth. */
static void unpack_nibbles(uint8_t u[ACT_BLOCK], const uint8_t *q, const uint8_t *h)
{
    for (int i = 0; i < 16; i++) {
        u[i] = q[i] & 15;
        u[i + 16] = q[i] >> 4;
    }
    for (int i = 0; h != NULL && i < 32; i++) {
        u[i] |= (uint8_t)((h[i / 8] >> (i % 8) & 1) << 4);
    }
}

/* Sub-block j of 32 weights of a Q4_K or (h not NULL) Q5_K block. */
static void unpack_k(uint8_t u[ACT_BLOCK], const uint8_t *q, const uint8_t *h, int j)
{
    for (int i = 0; i < 32; i++) {
        uint8_t byte = q[j / 2 * 32 + i];
        u[i] = j % 2 == 0 ? byte & 15 : byte >> 4;
        if (h != NULL) u[i] |= (uint8_t)((h[i] >> j & 1) << 4);
    }
}

static void unpack_q6_k(uint8_t u[ACT_BLOCK], const struct q6_k *b, int j)
{
    const uint8_t *low = b->ql + j / 4 * 64 + j % 2 * 32, *high = b->qh + j / 4 * 32;
    for (int i = 0; i < 32; i++) {
        int nibble = j % 4 < 2 ? low[i] & 15 : low[i] >> 4;
        u[i] = (uint8_t)(nibble | (high[i] >> (2 * (j % 4)) & 3) << 4);
    }
}

union block {
    struct q8_0 q8_0;
    struct q4_0 q4_0;
    struct q4_1 q4_1;
    struct q5_0 q5_0;
    struct q5_1 q5_1;
    struct q4_k q4_k;
    struct q5_k q5_k;
    struct q6_k q6_k;
};

/* A block of 32 weights: one scale, with a minimum behind it in Q4_1 and Q5_1. */
static void unpack_small(enum quant type, const union block *b, int r, uint8_t u[ACT_BLOCK],
                         uint8_t *scales)
{
    switch (type) {
    case QUANT_Q4_0:
        unpack_nibbles(u, b->q4_0.q, NULL);
        put_half(scales, r, b->q4_0.d);
        break;
    case QUANT_Q4_1:
        unpack_nibbles(u, b->q4_1.q, NULL);
        put_half(scales, r, b->q4_1.d);
        put_half(scales + 32, r, b->q4_1.m);
        break;
    case QUANT_Q5_0:
        unpack_nibbles(u, b->q5_0.q, b->q5_0.h);
        put_half(scales, r, b->q5_0.d);
        break;
    case QUANT_Q5_1:
        unpack_nibbles(u, b->q5_1.q, b->q5_1.h);
        put_half(scales, r, b->q5_1.d);
        put_half(scales + 32, r, b->q5_1.m);
        break;
    default:
        assert(type == QUANT_Q8_0);
        for (int i = 0; i < 32; i++) {
            u[i] = (uint8_t)(b->q8_0.q[i] + 128);
        }
        put_half(scales, r, b->q8_0.d);
    }
}

/* Sub-block j of a block of 256 weights: its own scales, and the block's at head, which every
 * sub-block writes anew. */
static void unpack_super(enum quant type, const union block *b, int j, int r, uint8_t u[ACT_BLOCK],
                         uint8_t *scales, uint8_t *head)
{
    int scale, min;
    if (type == QUANT_Q6_K) {
        unpack_q6_k(u, &b->q6_k, j);
        put_half(head, r, b->q6_k.d);
        scales[r] = (uint8_t)b->q6_k.scales[2 * j];
        scales[16 + r] = (uint8_t)b->q6_k.scales[2 * j + 1];
        return;
    }
    assert(type == QUANT_Q4_K || type == QUANT_Q5_K);
    if (type == QUANT_Q4_K) unpack_k(u, b->q4_k.q, NULL, j);
    if (type == QUANT_Q5_K) unpack_k(u, b->q5_k.q, b->q5_k.h, j);
    quant_k_scale_min(b->q4_k.scales, j, &scale, &min); /* both types begin alike */
    put_half(head, r, b->q4_k.d);
    put_half(head + 32, r, b->q4_k.dmin);
    scales[r] = (uint8_t)scale;
    scales[16 + r] = (uint8_t)min;
}

/* Unpack block `block` of file row src into u, and its scales into panel row r of the panel at dst. */
static void unpack_block(const struct panels *p, const uint8_t *src, int block, int r,
                         uint8_t u[ACT_BLOCK], uint8_t *dst)
{
    size_t bytes = (size_t)quant_types[p->type].bytes, head = 0;
    int per_block = quant_types[p->type].block / ACT_BLOCK, j = block % per_block;
    union block b;
    memcpy(&b, src + (size_t)(block / per_block) * bytes, bytes);
    uint8_t *scales = dst + scales_at(p, block, &head);
    if (per_block == 1) {
        unpack_small(p->type, &b, r, u, scales);
    } else {
        unpack_super(p->type, &b, j, r, u, scales, dst + head);
    }
}

/* Interleave the 32 weights of row r into the panel's block at q (zeroed before). */
static void place_row(int bits, const uint8_t u[ACT_BLOCK], int r, uint8_t *q)
{
    for (int k = 0; k < ACT_BLOCK; k++) {
        int g = k / 4, at = r * 4 + k % 4;
        if (bits == 8) {
            q[g * 64 + at] = u[k];
            continue;
        }
        q[g % 4 * 64 + at] |= (uint8_t)((u[k] & 15) << (g / 4 * 4));
        if (bits == 5) q[256 + g * 8 + at / 8] |= (uint8_t)((u[k] >> 4) << (at % 8));
        if (bits == 6) q[256 + g / 4 * 64 + at] |= (uint8_t)((u[k] >> 4) << (g % 4 * 2));
    }
}

/* The scales of sub-block j of a block taken apart. */
static void put_coded_scales(const struct panels *p, const struct coded_block *b, int j, int r,
                             const uint8_t *file, uint8_t *scales, uint8_t *head)
{
    if (p->type == QUANT_IQ4_NL) {
        memcpy(scales + 2 * r, file, 2);
        return;
    }
    for (int half = 0; half < 2; half++) {
        scales[16 * half + r] = (uint8_t)b->scale[2 * j + half];
        if (p->type == QUANT_Q2_K) scales[32 + 16 * half + r] = b->min[2 * j + half];
    }
    if (p->type == QUANT_Q2_K) {
        memcpy(head + 2 * r, file + 80, 2);
        memcpy(head + 32 + 2 * r, file + 82, 2);
    } else {
        memcpy(head + 4 * r, &b->d, sizeof(b->d));
    }
}

/* Row r of a panel of a coded type, block by block of the file. */
static void pack_coded_row(const struct panels *p, const uint8_t *src, int r, uint8_t *dst)
{
    int parts = quant_types[p->type].block / ACT_BLOCK;
    for (int block = 0; block < p->k / ACT_BLOCK; block += parts) {
        struct coded_block b;
        coded_unpack(p->type, src, &b);
        for (int j = 0; j < parts; j++) {
            size_t head = 0, scales = scales_at(p, block + j, &head);
            size_t q = (size_t)(block + j) * (size_t)panel_types[p->type].block_bytes;
            put_coded_scales(p, &b, j, r, src, dst + scales, dst + head);
            place_row(panel_types[p->type].bits, b.code + ACT_BLOCK * j, r, dst + q);
        }
        src += quant_types[p->type].bytes;
    }
}

static void pack_coded(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    for (int r = 0; r < PANEL; r++) {
        if (rows[r] != NULL) pack_coded_row(p, rows[r], r, dst);
    }
}

static void pack_quantised(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    const struct panel_type *t = &panel_types[p->type];
    for (int block = 0; block < p->k / ACT_BLOCK; block++) {
        for (int r = 0; r < PANEL; r++) {
            uint8_t u[ACT_BLOCK];
            if (rows[r] == NULL) continue; /* scale 0 */
            unpack_block(p, rows[r], block, r, u, dst);
            place_row(t->bits, u, r, dst + (size_t)block * (size_t)t->block_bytes);
        }
    }
}

static void pack_floats(const struct panels *p, const uint8_t *const rows[PANEL], uint8_t *dst)
{
    size_t size = (size_t)quant_types[p->type].bytes;
    for (int r = 0; r < PANEL; r++) {
        for (size_t k = 0; rows[r] != NULL && k < (size_t)p->k; k++) {
            memcpy(dst + (k * PANEL + (size_t)r) * size, rows[r] + k * size, size);
        }
    }
}

void panels_pack(const struct panels *p, const uint8_t *const rows[PANEL],
                 const float *const f8[PANEL], uint8_t *dst)
{
    memset(dst, 0, p->panel_bytes);
    if (coded_values(p->type) != NULL) {
        pack_coded(p, rows, dst);
    } else if (panel_types[p->type].quantised) {
        pack_quantised(p, rows, dst);
    } else {
        pack_floats(p, rows, dst);
    }
    size_t n_scales = ((size_t)p->k + F8_BLOCK - 1) / F8_BLOCK;
    for (size_t i = 0; p->type == QUANT_F8_E4M3 && i < n_scales * PANEL; i++) {
        if (f8[i % PANEL] == NULL) continue;
        memcpy(dst + p->scales + i * sizeof(float), &f8[i % PANEL][i / PANEL], sizeof(float));
    }
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
    const uint8_t *scales = panel + scales_at(p, block, &head);
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
