/* engine/forward/mla.c - see mla.h.
 *
 *   norm(x) -> q_a -> norm -> q_b (or q directly) -> q: heads x (nope, rope)
 *           -> kv_a -> latent, k_rope;  latent -> norm;  k_rope, q's rope parts -> rotate
 *   cache (latent, k_rope);  query of head h = (k_b[h] q_nope[h], q_rope[h])
 *   attention over the cache -> a latent per head -> v_b[h] -> out
 *
 * The heads' small matrices are one linear_run(): head h's rows are view h of an input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/mla.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* One head's product. */
struct head {
    struct matrix w;
    struct input in;
    struct product product;
};

struct mla {
    const struct compute *c;
    const struct model_config *config;
    struct kv_store *kv;
    struct attention *attention;
    struct lora *lora;
    int heads, q_dim, latent_dim; /* of all heads' queries; of a cached key */

    float *q_a;              /* [max_rows, q_rank] */
    float *q;                /* [max_rows, q_dim] */
    float *latent;           /* [max_rows, latent_dim] */
    float *absorbed;         /* [max_rows, heads, latent_dim] queries on the latent */
    float *found;            /* [max_rows, heads, kv_rank] attention's result */
    struct input low_q;      /* norm(q_a) */
    struct input nope;       /* views: q_nope of each head */
    struct input result;     /* views: found of each head */
    struct head *head;       /* [heads] */
    struct linear_job *jobs; /* [heads] */

    /* of the layer at work */
    int layer;
    const struct layer_weights *l;
    const struct rows *rows;
};

/* ---- making and freeing ---- */

static bool new_buffers(struct mla *m, int max_rows, struct error *err)
{
    size_t rows = (size_t)max_rows, heads = (size_t)m->heads;
    size_t rank = (size_t)m->config->mla.kv_rank, q_rank = (size_t)m->config->mla.q_rank;
    m->q_a = mem_new_aligned(rows, (q_rank + 1) * sizeof(float), err);
    m->q = mem_new_aligned(rows, (size_t)m->q_dim * sizeof(float), err);
    m->latent = mem_new_aligned(rows, (size_t)m->latent_dim * sizeof(float), err);
    m->absorbed = mem_new_aligned(rows * heads, (size_t)m->latent_dim * sizeof(float), err);
    m->found = mem_new_aligned(rows * heads, rank * sizeof(float), err);
    m->head = mem_new(heads, sizeof(*m->head), err);
    m->jobs = mem_new(heads, sizeof(*m->jobs), err);
    return m->q_a != NULL && m->q != NULL && m->latent != NULL && m->absorbed != NULL &&
           m->found != NULL && m->head != NULL && m->jobs != NULL;
}

static void init_views(const struct mla *m, struct input *in, int k, int max_rows)
{
    input_init(in, k, input_view_rows(k, max_rows * m->heads, m->heads));
}

struct mla *mla_new(const struct compute *c, const struct model_config *config, struct kv_store *kv,
                    struct attention *attention, struct lora *lora, int max_rows,
                    struct error *err)
{
    struct mla *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->c = c;
    m->config = config;
    m->kv = kv;
    m->attention = attention;
    m->lora = lora;
    m->heads = config->n_heads;
    m->q_dim = config->n_heads * config->head_dim;
    m->latent_dim = config->mla.kv_rank + config->mla.rope_dim;
    input_init(&m->low_q, config->mla.q_rank, max_rows);
    init_views(m, &m->nope, config->mla.nope_dim, max_rows);
    init_views(m, &m->result, config->mla.kv_rank, max_rows);
    if (new_buffers(m, max_rows, err)) return m;
    mla_free(m);
    return NULL;
}

void mla_free(struct mla *m)
{
    if (m == NULL) return;
    free(m->q_a);
    free(m->q);
    free(m->latent);
    free(m->absorbed);
    free(m->found);
    free(m->head);
    free(m->jobs);
    input_clear(&m->low_q);
    input_clear(&m->nope);
    input_clear(&m->result);
    free(m);
}

bool mla_reserve(struct mla *m, const struct weights *w, struct error *err)
{
    return input_reserve(&m->low_q, w->wants[INPUT_LOW_Q], err) &&
           input_reserve(&m->nope, w->wants[INPUT_NOPE], err) &&
           input_reserve(&m->result, w->wants[INPUT_LATENT], err);
}

bool mla_reserve_adapters(struct mla *m, struct error *err)
{
    return input_reserve(&m->low_q, (struct input_forms){.plain = true}, err);
}

/* ---- a layer ---- */

static void project(struct mla *m, const struct input *norm)
{
    const struct layer_weights *l = m->l;
    int rank = m->config->mla.q_rank;
    bool low = rank > 0;
    const struct product down[] = {
        {.w = low ? &l->q_a : &l->q,
         .out = low ? m->q_a : m->q,
         .ld = low ? rank : m->q_dim,
         .bias = low ? l->q_a_bias : NULL,
         .low = lora_rows(m->lora, low ? SITE_Q_A : SITE_Q, 0)},
        {.w = &l->kv_a,
         .out = m->latent,
         .ld = m->latent_dim,
         .bias = l->kv_a_bias,
         .low = lora_rows(m->lora, SITE_KV_A, 0)},
    };
    const struct product up = {
        .w = &l->q_b, .out = m->q, .ld = m->q_dim, .low = lora_rows(m->lora, SITE_Q_B, 0)};
    lora_down(m->lora, m->layer, ADAPTER_ATTN_NORM, norm);
    linear_products(m->c, norm, down, 2);
    if (!low) return;
    input_fill(m->c, &m->low_q, norm->rows, m->q_a, rank, l->q_a_norm, m->config->rms_eps);
    lora_down(m->lora, m->layer, ADAPTER_LOW_Q, &m->low_q);
    linear_products(m->c, &m->low_q, &up, 1);
}

/* A row's latent is normalised, rotated and cached. */
static void cache_latent(const struct mla *m, int row, const float *angles)
{
    const struct row *r = &m->rows->row[row];
    int rank = m->config->mla.kv_rank, rope = m->config->mla.rope_dim;
    float *latent = m->latent + (size_t)row * (size_t)m->latent_dim;
    size_t stride;
    uint8_t *base = kv_store_at(m->kv, m->layer, 0, &stride);
    uint8_t *block = base + (size_t)r->run->blocks[r->pos / KV_BLOCK] * stride;
    m->c->kernels->rms_norm(latent, latent, m->l->kv_a_norm, rank, m->config->rms_eps);
    m->c->kernels->rope(latent + rank, angles, 1, rope, rope);
    m->c->kernels->kv_put(block, kv_store_shape(m->kv), r->pos % KV_BLOCK, latent, NULL);
}

/* A row's queries are rotated and laid out for the heads' products. */
static void split_query(const struct mla *m, int row, const float *angles)
{
    int rank = m->config->mla.kv_rank, rope = m->config->mla.rope_dim;
    int nope = m->config->mla.nope_dim, dim = m->config->head_dim;
    float *q = m->q + (size_t)row * (size_t)m->q_dim;
    float *to = m->absorbed + (size_t)row * (size_t)(m->heads * m->latent_dim);
    m->c->kernels->rope(q + nope, angles, m->heads, dim, rope);
    for (int h = 0; h < m->heads; h++, q += dim, to += m->latent_dim) {
        input_put(m->c, &m->head[h].in, row, 0, q, nope);
        memcpy(to + rank, q + nope, (size_t)rope * sizeof(float));
    }
}

/* Neighbours in a cache block share cache lines, so whole blocks stay together. */
static void rows_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct mla *m = arg;
    int end = (task + 1) * KV_BLOCK;
    for (int row = task * KV_BLOCK; row < end && row < m->rows->n; row++) {
        const float *angles = m->rows->angles + (size_t)row * (size_t)m->config->rope.dim;
        cache_latent(m, row, angles);
        split_query(m, row, angles);
    }
}

static void split_result(void *arg, int row, int thread)
{
    (void)thread;
    const struct mla *m = arg;
    int rank = m->config->mla.kv_rank;
    const float *from = m->found + (size_t)row * (size_t)(m->heads * rank);
    for (int h = 0; h < m->heads; h++) {
        input_put(m->c, &m->head[h].in, row, 0, from + h * rank, rank);
    }
}

/* Head h: its matrix of `all` takes view h of in to columns h * width of out. */
static void plan_heads(struct mla *m, const struct matrix *all, const struct input *in, float *out,
                       int ld, int width)
{
    for (int h = 0; h < m->heads; h++) {
        struct head *head = &m->head[h];
        head->w = matrix_at(all, h);
        head->in = input_view(in, h, h * m->rows->n, m->rows->n);
        head->product = (struct product){.w = &head->w, .out = out + h * width, .ld = ld};
        m->jobs[h] = (struct linear_job){.in = &head->in, .p = &head->product, .n_products = 1};
    }
}

void mla_attend(struct mla *m, const struct weights *w, int layer, const struct rows *rows,
                const struct input *norm, float *out, int ld_out)
{
    int rank = m->config->mla.kv_rank, width = m->heads * m->latent_dim;
    m->layer = layer;
    m->l = &w->layers[layer];
    m->rows = rows;
    input_use(&m->low_q, lora_wants(m->lora, w->wants[INPUT_LOW_Q]));
    input_use(&m->nope, w->wants[INPUT_NOPE]);
    input_use(&m->result, w->wants[INPUT_LATENT]);
    project(m, norm);
    plan_heads(m, &m->l->k_b, &m->nope, m->absorbed, width, m->latent_dim);
    pool_run(m->c->pool, rows_task, m, (rows->n + KV_BLOCK - 1) / KV_BLOCK);
    linear_run(m->c, m->jobs, m->heads);
    attention_layer(m->attention, layer, m->absorbed, width, m->found, m->heads * rank);
    plan_heads(m, &m->l->v_b, &m->result, out, ld_out, m->config->mla.v_dim);
    pool_run(m->c->pool, split_result, m, rows->n);
    linear_run(m->c, m->jobs, m->heads);
}
