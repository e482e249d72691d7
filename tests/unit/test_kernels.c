/* tests/unit/test_kernels.c - every set of kernels this CPU has against generic.c, bit for bit.
 *
 * Shapes, types and values are drawn from a fixed pseudo-random sequence; a failure names its
 * case. generic.c itself is tested against sums in double, and the functions of scalar_math.c
 * against libm.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar_math.h"
#include "engine/tensor/quants_coded.h"

enum { MAX_N = 80, MAX_K = 1280 };

static uint32_t state_of_random = 12345;

static uint32_t draw(uint32_t below)
{
    state_of_random = state_of_random * 1664525u + 1013904223u;
    return (state_of_random >> 8) % below;
}

static float draw_float(float scale)
{
    return ((float)draw(20001) - 10000.0f) * 1e-4f * scale;
}

static void *buffer(size_t bytes)
{
    void *p = mem_new_aligned(1, bytes, NULL);
    assert_non_null(p);
    return p;
}

static void same_bits(const float *want, const float *got, int n, const char *what, const char *set)
{
    for (int i = 0; i < n; i++) {
        if (memcmp(&want[i], &got[i], sizeof(float)) == 0) continue;
        fail_msg("%s, %s: element %d of %d is %a, generic says %a", what, set, i, n, (double)got[i],
                 (double)want[i]);
    }
}

/* ---- Weights ---- */

static void put_half(uint8_t *p, float f)
{
    uint16_t h = f32_to_f16(f);
    memcpy(p, &h, sizeof(h));
}

/* A row of k weights in the file's layout: random bits with sensible scales. */
static void draw_row(enum quant type, uint8_t *row, int k)
{
    const struct quant_type *t = &quant_types[type];
    for (int b = 0; b < k / t->block; b++, row += t->bytes) {
        for (int i = 0; i < t->bytes; i++) {
            row[i] = (uint8_t)draw(256);
        }
        float f = draw_float(1);
        uint16_t h;
        switch (type) {
        case QUANT_F32:
            memcpy(row, &f, sizeof(f));
            break;
        case QUANT_F16:
            put_half(row, f);
            break;
        case QUANT_BF16:
            h = f32_to_bf16(f);
            memcpy(row, &h, sizeof(h));
            break;
        case QUANT_F8_E4M3:
            if ((*row & 0x7f) == 0x7f) *row = 0x30; /* NaN */
            break;
        case QUANT_Q6_K:
            put_half(row + 208, draw_float(0.01f));
            break;
        case QUANT_Q2_K:
            put_half(row + 80, draw_float(0.01f));
            put_half(row + 82, draw_float(0.01f));
            break;
        case QUANT_Q3_K:
            put_half(row + 108, draw_float(0.01f));
            break;
        default:
            put_half(row, draw_float(0.1f));
            if (panel_types[type].minimum) put_half(row + 2, draw_float(0.1f));
        }
    }
}

struct matrix_case {
    struct panels p;
    uint8_t *rows, *packed;
    float *scales; /* FP8 */
    size_t row_bytes;
};

static void new_matrix(struct matrix_case *m, enum quant type, int n, int k)
{
    const struct quant_type *t = &quant_types[type];
    m->row_bytes = (size_t)(k / t->block) * (size_t)t->bytes;
    m->rows = buffer((size_t)n * m->row_bytes);
    m->scales = buffer(sizeof(float) * (size_t)n * MAX_K / F8_BLOCK);
    panels_init(&m->p, type, n, k);
    m->packed = buffer(panels_bytes(&m->p));
    m->p.data = m->packed;
    for (int i = 0; i < n * MAX_K / F8_BLOCK; i++) {
        m->scales[i] = 0.01f + fabsf(draw_float(0.1f));
    }
    for (int r = 0; r < n; r++) {
        draw_row(type, m->rows + (size_t)r * m->row_bytes, k);
    }
    for (int p = 0; p < panels_count(&m->p); p++) {
        const uint8_t *rows[PANEL] = {NULL};
        const float *f8[PANEL] = {NULL};
        for (int r = 0; r < PANEL && p * PANEL + r < n; r++) {
            rows[r] = m->rows + (size_t)(p * PANEL + r) * m->row_bytes;
            f8[r] = m->scales + (size_t)(p * PANEL + r) * (MAX_K / F8_BLOCK);
        }
        panels_pack(&m->p, rows, f8, m->packed + (size_t)p * m->p.panel_bytes);
    }
}

static void free_matrix(struct matrix_case *m)
{
    free(m->rows);
    free(m->packed);
    free(m->scales);
}

/* Row r as quants.c reads it. */
static void file_row(const struct matrix_case *m, int r, float *dst)
{
    quant_types[m->p.type].dequant(dst, m->rows + (size_t)r * m->row_bytes, m->p.k);
    for (int k = 0; m->p.type == QUANT_F8_E4M3 && k < m->p.k; k++) {
        dst[k] *= m->scales[r * (MAX_K / F8_BLOCK) + k / F8_BLOCK];
    }
}

static int draw_k(enum quant type)
{
    int unit = panel_types[type].quantised ? quant_types[type].block : 1;
    return unit * (1 + (int)draw((uint32_t)(unit == 1 ? 300 : MAX_K / unit)));
}

static void test_packing_loses_nothing(void **state)
{
    (void)state;
    float want[MAX_K], got[MAX_K];
    for (int i = 0; i < 20 * QUANT_COUNT; i++) {
        enum quant type = (enum quant)(i % QUANT_COUNT);
        struct matrix_case m;
        new_matrix(&m, type, 1 + (int)draw(40), draw_k(type));
        for (int r = 0; r < m.p.n; r++) {
            file_row(&m, r, want);
            panels_row(&m.p, r, got);
            same_bits(want, got, m.p.k, quant_types[type].name, "panels_row");
        }
        free_matrix(&m);
    }
}

static void test_packed_size(void **state)
{
    (void)state;
    for (int type = 0; type < QUANT_COUNT; type++) {
        struct panels p;
        panels_init(&p, (enum quant)type, 512, 1024);
        double file = 512.0 * 1024 / quant_types[type].block * quant_types[type].bytes;
        if (coded_values((enum quant)type) != NULL) {
            file = 512.0 * 1024 * 5.2 / 8; /* codes of 4 bits */
        }
        if ((double)panels_bytes(&p) > 1.05 * file) {
            fail_msg("%s: %zu bytes packed, %g in the file", quant_types[type].name,
                     panels_bytes(&p), file);
        }
    }
}

/* ---- Products ---- */

struct product_case {
    struct matrix_case m;
    struct act x;
    float *values; /* [rows, k] */
};

static void new_product(struct product_case *c, enum quant type, int rows, int n, int k)
{
    new_matrix(&c->m, type, n, k);
    c->x = (struct act){.rows = rows, .k = k, .quantised = panel_types[type].quantised};
    c->x.data = buffer(act_bytes(rows, k));
    c->values = buffer(sizeof(float) * (size_t)rows * (size_t)k);
    for (int i = 0; i < rows * k; i++) {
        c->values[i] = draw(50) == 0 ? 0 : draw_float(draw(20) == 0 ? 30 : 1);
        if (i / 32 % 17 == 3) c->values[i] = 0; /* whole blocks of zeros */
    }
}

static void free_product(struct product_case *c)
{
    free_matrix(&c->m);
    free(c->x.data);
    free(c->values);
}

/* Memory to be fetched: pieces of some lines. */
enum { SOON_PIECES = 4 };
static _Alignas(64) const uint8_t soon_memory[30 * 64];
static const struct stretch soon_pieces[SOON_PIECES] = {{soon_memory, 3 * 64},
                                                        {soon_memory + 8 * 64, 64},
                                                        {soon_memory + 4 * 64, 2 * 64},
                                                        {soon_memory + 12 * 64, 15 * 64}};

static struct fetch some_memory(void)
{
    return (struct fetch){.left = 21 * 64, .pieces = soon_pieces, .n_pieces = SOON_PIECES};
}

/* Whatever was fetched was taken off, in order, and nothing past the list looked at. */
static void check_fetched(const struct fetch *f)
{
    size_t taken = 0, behind = f->at == f->end ? 0 : (size_t)(f->end - f->at);
    ptrdiff_t pieces = f->pieces - soon_pieces;
    assert_in_range(pieces, 0, SOON_PIECES);
    assert_int_equal(pieces + f->n_pieces, SOON_PIECES);
    for (int i = 0; i < pieces; i++) {
        taken += soon_pieces[i].bytes;
    }
    assert_int_equal(some_memory().left - f->left, taken - behind);
}

/* y [rows, 16 * panels of w] */
static void multiply(const struct kernels *kernels, const struct product_case *c, float *y, int ld)
{
    void *scratch = buffer(KERNEL_SCRATCH);
    int half = c->x.rows / 2, k = c->x.k;
    kernels->act_put(&c->x, 0, half, 0, c->values, k, k);
    kernels->act_put(&c->x, half, c->x.rows - half, 0, c->values + half * k, k, k);
    int panels = panels_count(&c->m.p), tiles = act_tiles(&c->x);
    for (int p = 0; p < panels; p += PRODUCT_PANELS) {
        int n = panels - p < PRODUCT_PANELS ? panels - p : PRODUCT_PANELS;
        struct fetch soon = p == 0 ? some_memory() : (struct fetch){.left = 0};
        for (int t = 0; t < tiles; t += PRODUCT_TILES) {
            int count = tiles - t < PRODUCT_TILES ? tiles - t : PRODUCT_TILES;
            kernels->product(y + act_tile_row(&c->x, t) * ld + p * PANEL, ld, &c->m.p, p, n, &soon,
                             &c->x, t, count, scratch);
        }
        if (p == 0) check_fetched(&soon);
    }
    free(scratch);
}

static void check_product(enum quant type, int rows, int n, int k)
{
    struct product_case c;
    char what[80];
    new_product(&c, type, rows, n, k);
    int ld = (n + 63) / 64 * 64;
    size_t bytes = sizeof(float) * (size_t)rows * (size_t)ld;
    float *want = buffer(bytes), *got = buffer(bytes);
    multiply(&kernels_generic, &c, want, ld);
    snprintf(what, sizeof(what), "product %s rows %d n %d k %d", quant_types[type].name, rows, n,
             k);
    for (int i = 1; kernels_at(i) != NULL; i++) {
        if (!kernels_at(i)->usable()) continue;
        memset(got, 0, bytes);
        multiply(kernels_at(i), &c, got, ld);
        for (int r = 0; r < rows; r++) {
            same_bits(want + r * ld, got + r * ld, n, what, kernels_at(i)->name);
        }
    }
    free(want);
    free(got);
    free_product(&c);
}

static void test_products(void **state)
{
    (void)state;
    for (int type = 0; type < QUANT_COUNT; type++) {
        for (int rows = 1; rows <= 13; rows++) {
            check_product((enum quant)type, rows, 1 + (int)draw(MAX_N), draw_k((enum quant)type));
        }
        check_product((enum quant)type, 50, 48, draw_k((enum quant)type));
        check_product((enum quant)type, 200, 33, draw_k((enum quant)type));
    }
}

/* The largest integers a block can make: no set may saturate. */
static void test_extreme_weights(void **state)
{
    (void)state;
    for (int type = QUANT_Q8_0; type < QUANT_COUNT; type++) {
        for (int fill = 0; fill < 3; fill++) {
            struct product_case c;
            float want[2 * 16], got[2 * 16];
            new_product(&c, (enum quant)type, 2, 16, 256);
            size_t quants = c.m.p.scales;
            memset(c.m.packed, fill == 0 ? 0xff : fill == 1 ? 0 : 0x80, quants);
            for (int i = 0; i < 512; i++) {
                c.values[i] = i < 256 ? 1.0f : -1.0f; /* every q is 127 or -127 */
            }
            multiply(&kernels_generic, &c, want, 16);
            for (int i = 1; kernels_at(i) != NULL; i++) {
                if (!kernels_at(i)->usable()) continue;
                multiply(kernels_at(i), &c, got, 16);
                same_bits(want, got, 32, quant_types[type].name, kernels_at(i)->name);
            }
            free_product(&c);
        }
    }
}

/* generic.c against dequantised weights times activations, in double. */
static void test_products_are_products(void **state)
{
    (void)state;
    float row[MAX_K];
    for (int i = 0; i < 3 * QUANT_COUNT; i++) {
        enum quant type = (enum quant)(i % QUANT_COUNT);
        struct product_case c;
        float y[3 * 64];
        new_product(&c, type, 3, 20, draw_k(type));
        multiply(&kernels_generic, &c, y, 64);
        for (int n = 0; n < 20; n++) {
            file_row(&c.m, n, row);
            for (int r = 0; r < 3; r++) {
                double sum = 0, size = 1e-6;
                for (int k = 0; k < c.x.k; k++) {
                    double term = (double)row[k] * (double)c.values[r * c.x.k + k];
                    sum += term;
                    size += fabs(term);
                }
                /* a step of quantisation is 1/127 of the largest of 32, which may dwarf the rest */
                double allowed = c.x.quantised ? 0.2 * size + 0.5 : 1e-4 * size;
                if (fabs(sum - (double)y[r * 64 + n]) > allowed) {
                    fail_msg("%s k %d: %g, not %g", quant_types[type].name, c.x.k,
                             (double)y[r * 64 + n], sum);
                }
            }
        }
        free_product(&c);
    }
}

/* ---- Attention ---- */

enum { BLOCKS = ATTN_SPLIT / KV_BLOCK, MAX_TILES = 17, KEYS = 2 * ATTN_SPLIT };

/* Tiles whose first `shared` blocks are the same. */
struct attn_case {
    struct kv_shape shape;
    int rows, tiles, shared;
    uint8_t *cache;
    int32_t blocks[MAX_TILES][BLOCKS];
    const int32_t *tables[MAX_TILES];
    float *q, *k, *v; /* [KEYS, ...]; v of a latent: its keys */
    int n[MAX_TILES]; /* keys that some row of the tile sees */
    int visible[ATTN_ROWS];
};

struct attn_dims {
    int k, v;
    bool latent;
};

static float *draw_floats(int n, float range)
{
    float *x = buffer(sizeof(float) * (size_t)n);
    for (int i = 0; i < n; i++) {
        x[i] = draw_float(range);
    }
    return x;
}

/* Queries of a latent end in zeros. */
static float *draw_queries(const struct kv_shape *s, int rows)
{
    int row = s->latent ? s->row : s->k_dim;
    float *q = draw_floats(row * rows, 1);
    for (int i = 0; s->latent && i < row * rows; i++) {
        if (i % row >= s->k_dim) q[i] = 0;
    }
    return q;
}

/* What a tile's rows see: all that is shared, and most of n keys; in some tiles nothing behind that. */
static void draw_visible(struct attn_case *c, int tile, int n)
{
    int rows = c->rows / c->tiles, least = c->shared * KV_BLOCK;
    if (tile % 5 == 3) n = least;
    if (tile > 0 && n > least) n = least + (int)draw((uint32_t)(n - least + 1));
    c->n[tile] = n;
    for (int r = tile * rows; r < (tile + 1) * rows; r++) {
        int sees = n - (int)draw((uint32_t)(n < 5 ? n + (n == 0) : 5));
        c->visible[r] = sees < least ? least : sees;
    }
    if (n > 0) c->visible[tile * rows] = n;
}

/* c->rows, tiles and shared are set. */
static void new_attn(struct attn_case *c, enum kv_type type, const struct attn_dims *dims, int n)
{
    void (*init)(struct kv_shape *, enum kv_type, int, int) =
        dims->latent ? kv_shape_init_latent : kv_shape_init;
    init(&c->shape, type, dims->k, dims->v);
    c->cache = buffer(c->shape.bytes * BLOCKS * (size_t)c->tiles);
    c->q = draw_queries(&c->shape, c->rows);
    c->k = draw_floats(dims->k * KEYS, 2);
    c->v = dims->latent ? NULL : draw_floats(dims->v * KEYS, 100);
    for (int t = 0; t < c->tiles; t++) {
        for (int i = 0; i < BLOCKS; i++) {
            c->blocks[t][i] = (i < c->shared ? 0 : t) * BLOCKS + (i * 5 + 2) % BLOCKS;
        }
        c->tables[t] = c->blocks[t];
        draw_visible(c, t, n);
    }
}

static void free_attn(struct attn_case *c)
{
    free(c->cache);
    free(c->q);
    free(c->k);
    free(c->v);
}

/* Keys of a tile; what no row sees is no number. */
static void store_keys(const struct kernels *kernels, struct attn_case *c, int tile)
{
    for (int j = 0; j < c->n[tile]; j++) {
        int i = j < c->shared * KV_BLOCK ? j : (j + 37 * tile) % KEYS;
        kernels->kv_put(c->cache + (size_t)c->blocks[tile][j / KV_BLOCK] * c->shape.bytes,
                        &c->shape, j % KV_BLOCK, c->k + i * c->shape.k_dim,
                        c->v == NULL ? NULL : c->v + i * c->shape.v_dim);
    }
}

static void attend(const struct kernels *kernels, struct attn_case *c, float *o, float *m, float *l)
{
    void *scratch = buffer(KERNEL_SCRATCH);
    struct attn_split s = {.shape = &c->shape,
                           .base = c->cache,
                           .stride = c->shape.bytes,
                           .rows = c->rows,
                           .tiles = c->tiles,
                           .blocks = c->tables,
                           .shared = c->shared,
                           .q = c->q,
                           .visible = c->visible};
    /* behind the numbers of a latent there are zeros */
    memset(c->cache, c->shape.latent ? 0 : 0xff, c->shape.bytes * BLOCKS * (size_t)c->tiles);
    for (int t = 0; t < c->tiles; t++) {
        store_keys(kernels, c, t);
    }
    kernels->attend(&s, o, m, l, scratch);
    free(scratch);
}

/* Of each row that sees anything. */
static void check_rows(const struct attn_case *c, const float *const o[2], float m[2][ATTN_ROWS],
                       float l[2][ATTN_ROWS], const char *what, const char *set)
{
    for (int r = 0; r < c->rows; r++) {
        int at = r * c->shape.v_pad;
        if (c->visible[r] == 0) continue;
        same_bits(o[0] + at, o[1] + at, c->shape.v_dim, what, set);
        same_bits(&m[0][r], &m[1][r], 1, what, set);
        same_bits(&l[0][r], &l[1][r], 1, what, set);
    }
}

static void check_tiles(enum kv_type type, const struct attn_dims *dims, int rows, int tiles,
                        int shared, int n)
{
    struct attn_case c = {.rows = rows, .tiles = tiles, .shared = shared};
    char what[96];
    float m[2][ATTN_ROWS], l[2][ATTN_ROWS];
    new_attn(&c, type, dims, n);
    snprintf(what, sizeof(what), "attention type %d k %d v %d%s rows %d tiles %d shared %d keys %d",
             type, dims->k, dims->v, dims->latent ? " latent" : "", rows, tiles, shared, n);
    size_t bytes = sizeof(float) * (size_t)(rows * c.shape.v_pad);
    float *want = buffer(bytes), *got = buffer(bytes);
    attend(&kernels_generic, &c, want, m[0], l[0]);
    for (int i = 1; kernels_at(i) != NULL; i++) {
        if (!kernels_at(i)->usable()) continue;
        attend(kernels_at(i), &c, got, m[1], l[1]);
        check_rows(&c, (const float *const[2]){want, got}, m, l, what, kernels_at(i)->name);
    }
    free(want);
    free(got);
    free_attn(&c);
}

static void test_attention(void **state)
{
    (void)state;
    static const struct attn_dims dims[] = {{64, 64, false}, {128, 128, false}, {16, 16, false},
                                            {24, 24, false}, {80, 80, false},   {40, 32, false},
                                            {96, 96, false}, {576, 512, true},  {40, 24, true},
                                            {48, 32, true},  {18, 16, true},    {90, 70, true}};
    for (int type = KV_F32; type <= KV_Q8_0; type++) {
        for (size_t d = 0; d < sizeof(dims) / sizeof(dims[0]); d++) {
            for (int rows = 1; rows <= 13; rows++) {
                check_tiles((enum kv_type)type, &dims[d], rows, 1, 0, 1 + (int)draw(ATTN_SPLIT));
            }
        }
        check_tiles((enum kv_type)type, &dims[0], 12, 1, 0, ATTN_SPLIT);
        check_tiles((enum kv_type)type, &dims[0], ATTN_ROWS, 1, 0, ATTN_SPLIT);
    }
}

/* Groups of samples: what they share once for all rows, then what each has of its own. */
static void test_attention_of_groups(void **state)
{
    (void)state;
    static const struct attn_dims dims[] = {{64, 64, false}, {80, 80, false}, {40, 32, true}};
    static const int groups[][2] = {{2, 1},  {3, 1}, {17, 1}, {2, 3}, {3, 3},
                                    {16, 3}, {2, 7}, {6, 7},  {5, 9}, {4, 12}}; /* tiles, rows */
    static const int shared[] = {0, 1, 13, BLOCKS};
    for (int type = KV_F32; type <= KV_Q8_0; type++) {
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
            for (size_t j = 0; j < sizeof(shared) / sizeof(shared[0]); j++) {
                int n = shared[j] * KV_BLOCK;
                n += (int)draw((uint32_t)(ATTN_SPLIT - n + 1));
                check_tiles((enum kv_type)type, &dims[i % 3], groups[i][0] * groups[i][1],
                            groups[i][0], shared[j], n);
            }
        }
    }
}

/* generic.c against attention in double. */
static void check_is_attention(const struct attn_dims *dims)
{
    enum { N = 77, MAX_DIM = 64 };
    struct attn_case c = {.rows = 2, .tiles = 1};
    float o[2 * MAX_DIM], m[2], l[2];
    new_attn(&c, KV_F32, dims, N);
    const float *values = dims->latent ? c.k : c.v;
    int v_ld = dims->latent ? dims->k : dims->v;
    attend(&kernels_generic, &c, o, m, l);
    for (int r = 0; r < 2; r++) {
        double sum = 0, out[MAX_DIM] = {0};
        for (int j = 0; j < c.visible[r]; j++) {
            double score = 0;
            for (int d = 0; d < dims->k; d++) {
                float q = dims->latent ? c.q[r * c.shape.row + d] : c.q[d * 2 + r];
                score += (double)q * (double)c.k[j * dims->k + d];
            }
            double p = exp(score);
            sum += p;
            for (int d = 0; d < dims->v; d++) {
                out[d] += p * (double)values[j * v_ld + d];
            }
        }
        for (int d = 0; d < dims->v; d++) {
            double ours = (double)o[r * c.shape.v_pad + d] / (double)l[r];
            if (fabs(ours - out[d] / sum) > 1e-3) fail_msg("%g, not %g", ours, out[d] / sum);
        }
    }
    free_attn(&c);
}

static void test_attention_is_attention(void **state)
{
    (void)state;
    check_is_attention(&(struct attn_dims){32, 32, false});
    check_is_attention(&(struct attn_dims){40, 24, true});
}

static void test_merge_of_splits(void **state)
{
    (void)state;
    for (int i = 1; kernels_at(i) != NULL; i++) {
        float o[2][32], o2[32], m[2] = {1.5f, 1.5f}, l[2] = {3, 3};
        if (!kernels_at(i)->usable()) continue;
        for (int d = 0; d < 32; d++) {
            o[0][d] = o[1][d] = draw_float(5);
            o2[d] = draw_float(5);
        }
        kernels_generic.attn_merge(o[0], &m[0], &l[0], o2, 2.25f, 7, 32);
        kernels_at(i)->attn_merge(o[1], &m[1], &l[1], o2, 2.25f, 7, 32);
        same_bits(o[0], o[1], 32, "merge", kernels_at(i)->name);
        same_bits(l, l + 1, 1, "merge", kernels_at(i)->name);
        assert_true(m[0] == 2.25f && m[1] == 2.25f);
    }
}

/* ---- Rows ---- */

enum { ROW = 1100 };

static void draw_rows(float *a, float *b, float *c)
{
    for (int i = 0; i < ROW; i++) {
        a[i] = draw_float(9);
        b[i] = draw_float(9);
        c[i] = draw_float(1);
    }
}

static void rows_by(const struct kernels *k, const float *a, const float *b, const float *c, int n,
                    float *out)
{
    memcpy(out, a, (size_t)n * sizeof(float));
    k->swiglu(out, b, n);
    k->add(out, c, n);
    k->rms_norm(out, out, b, n, 1e-5f);
    k->scale(out + n, out, 0.37f, n);
    out[2 * n] = k->max(a, n);
    out[2 * n + 1] = (float)k->argmax(a, n);
    out[2 * n + 2] = k->sum_exp(a, n, out[2 * n]);
}

static void test_rows(void **state)
{
    (void)state;
    float a[ROW], b[ROW], c[ROW], want[2 * ROW + 3], got[2 * ROW + 3];
    char what[32];
    for (int n = 1; n < ROW; n += n < 70 ? 1 : 97) {
        draw_rows(a, b, c);
        rows_by(&kernels_generic, a, b, c, n, want);
        snprintf(what, sizeof(what), "rows of %d", n);
        for (int i = 1; kernels_at(i) != NULL; i++) {
            if (!kernels_at(i)->usable()) continue;
            rows_by(kernels_at(i), a, b, c, n, got);
            same_bits(want, got, 2 * n + 3, what, kernels_at(i)->name);
        }
    }
}

enum { ACC_LD = 150, ACC_K = 37 };

static void accumulate_by(const struct kernels *k, float *y, const float *x, const float *w,
                          int rows, int n)
{
    struct accumulation a = {.rows = rows, .w = w, .k = ACC_K, .ld = ACC_LD, .n = n};
    for (int r = 0; r < rows; r++) { /* in any order, at any distance */
        a.y[r] = y + (rows - 1 - r) * ACC_LD;
        a.x[r] = x + (r * 3 + 1) % 7 * ACC_K;
    }
    k->accumulate(&a);
}

/* Rows of every count, columns with and without a rest. */
static void test_accumulate(void **state)
{
    (void)state;
    static float x[7 * ACC_K], w[ACC_K * ACC_LD], want[4 * ACC_LD], got[4 * ACC_LD];
    static float start[4 * ACC_LD];
    for (int rows = 1; rows <= ACCUMULATE_ROWS; rows++) {
        for (int n = 1; n <= ACC_LD; n += n < 35 ? 1 : 19) {
            for (int i = 0; i < ACC_K * ACC_LD; i++) {
                w[i] = draw_float(2);
                if (i < 7 * ACC_K) x[i] = draw_float(3);
                if (i < 4 * ACC_LD) start[i] = draw_float(5);
            }
            memcpy(want, start, sizeof(start));
            accumulate_by(&kernels_generic, want, x, w, rows, n);
            assert_true(memcmp(want, start, sizeof(float)) != 0);
            for (int i = 1; kernels_at(i) != NULL; i++) {
                if (!kernels_at(i)->usable()) continue;
                memcpy(got, start, sizeof(start));
                accumulate_by(kernels_at(i), got, x, w, rows, n);
                same_bits(want, got, 4 * ACC_LD, "accumulate", kernels_at(i)->name);
            }
        }
    }
}

static void test_rope(void **state)
{
    (void)state;
    static const int dims[][2] = {{64, 64}, {128, 64}, {24, 24}, {16, 8}, {40, 20}};
    for (size_t d = 0; d < sizeof(dims) / sizeof(dims[0]); d++) {
        float want[3 * 128], got[3 * 128], cs[128];
        int n = 3 * dims[d][0];
        for (int i = 0; i < n; i++) {
            want[i] = draw_float(4);
            cs[i % 128] = draw_float(1);
        }
        float start[3 * 128];
        memcpy(start, want, sizeof(start));
        kernels_generic.rope(want, cs, 3, dims[d][0], dims[d][1]);
        for (int i = 1; kernels_at(i) != NULL; i++) {
            if (!kernels_at(i)->usable()) continue;
            memcpy(got, start, sizeof(got));
            kernels_at(i)->rope(got, cs, 3, dims[d][0], dims[d][1]);
            same_bits(want, got, n, "rope", kernels_at(i)->name);
        }
    }
}

static void test_argmax_takes_the_first(void **state)
{
    (void)state;
    for (int i = 0; kernels_at(i) != NULL; i++) {
        float x[70];
        if (!kernels_at(i)->usable()) continue;
        for (int j = 0; j < 70; j++) {
            x[j] = -1;
        }
        assert_int_equal(kernels_at(i)->argmax(x, 70), 0);
        x[69] = x[33] = x[34] = 2;
        assert_int_equal(kernels_at(i)->argmax(x, 70), 33);
        x[69] = 3;
        assert_int_equal(kernels_at(i)->argmax(x, 70), 69);
        assert_int_equal(kernels_at(i)->argmax(x, 69), 33);
    }
}

/* Words of a mask that are empty, full and neither; what lies behind the row stays as it is. */
static void test_keep(void **state)
{
    (void)state;
    enum { MOST = 300 };
    static const uint64_t words[] = {0, UINT64_MAX, 0x8000000000000001u, 0x00ff0f3355aa0000u,
                                     UINT64_MAX};
    float x[MOST], y[MOST + 1];
    for (int i = 0; i < MOST; i++) {
        x[i] = draw_float(9);
    }
    for (int n = 1; n <= MOST; n++) {
        float largest = -INFINITY;
        for (int i = 0; i < n; i++) {
            if (words[i / 64] >> (i % 64) & 1) largest = fmaxf(largest, x[i]);
        }
        for (int k = 0; kernels_at(k) != NULL; k++) {
            if (!kernels_at(k)->usable()) continue;
            y[n] = 123;
            float max = kernels_at(k)->keep(y, x, words, n);
            same_bits(&largest, &max, 1, "keep", kernels_at(k)->name);
            for (int i = 0; i < n; i++) {
                float want = words[i / 64] >> (i % 64) & 1 ? x[i] : -INFINITY;
                same_bits(&want, &y[i], 1, "keep", kernels_at(k)->name);
            }
            assert_true(y[n] == 123);
        }
    }
}

/* Every set's exp is math_expf(), seen through sum_exp() of one element. */
static void test_exp(void **state)
{
    (void)state;
    static const float edges[] = {0,    -0.0f, 1,       -1,    88,        88.1f,
                                  1000, -87,   -87.01f, -1000, -INFINITY, 1e-30f};
    for (int i = 0; kernels_at(i) != NULL; i++) {
        if (!kernels_at(i)->usable()) continue;
        for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++) {
            float want = math_expf(edges[j]), got = kernels_at(i)->sum_exp(&edges[j], 1, 0);
            same_bits(&want, &got, 1, "exp", kernels_at(i)->name);
        }
        for (float x = -90; x < 90; x += 0.01f) {
            float want = math_expf(x), got = kernels_at(i)->sum_exp(&x, 1, 0);
            same_bits(&want, &got, 1, "exp", kernels_at(i)->name);
        }
    }
}

static void test_scalar_math(void **state)
{
    (void)state;
    for (double x = -86.9; x < 87.9; x += 0.00137) {
        double want = exp((double)(float)x), got = (double)math_expf((float)x);
        if (fabs(got / want - 1) > 1.2e-7) fail_msg("expf(%g) is %g, not %g", x, got, want);
        if (fabs(math_exp(x) / exp(x) - 1) > 4e-16) fail_msg("exp(%g)", x);
    }
    for (double x = 1e-300; x < 1e300; x *= 1.0137) {
        if (fabs(math_log(x) - log(x)) > 4e-16 * fabs(log(x)) + 1e-16) fail_msg("log(%g)", x);
    }
    for (double x = -1e5; x < 1e6; x += 3.137) {
        double sine, cosine;
        math_sincos(x, &sine, &cosine);
        if (fabs(sine - sin(x)) > 1e-15 || fabs(cosine - cos(x)) > 1e-15) fail_msg("sincos(%g)", x);
    }
    assert_true(math_expf(-INFINITY) == 0 && math_logf(0) == -INFINITY);
    assert_true(math_expf(0) == 1 && math_logf(1) == 0);
}

static void test_pick(void **state)
{
    (void)state;
    struct error err = {0};
    assert_ptr_equal(kernels_pick("generic", &err), &kernels_generic);
    assert_non_null(kernels_pick(NULL, &err));
    assert_null(kernels_pick("mmx", &err));
    assert_int_equal(err.code, ERROR_INVALID_VALUE);
    assert_non_null(strstr(err.message, "generic"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing_loses_nothing),
        cmocka_unit_test(test_packed_size),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_extreme_weights),
        cmocka_unit_test(test_products_are_products),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_attention_of_groups),
        cmocka_unit_test(test_attention_is_attention),
        cmocka_unit_test(test_merge_of_splits),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_accumulate),
        cmocka_unit_test(test_rope),
        cmocka_unit_test(test_argmax_takes_the_first),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_scalar_math),
        cmocka_unit_test(test_pick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
