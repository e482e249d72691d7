/* engine/forward/lora_merge.c - see lora_merge.h.
 *
 * A piece is a matrix (of an expert: its own) or a bias; its rows are made anew by all threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/lora_merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/adapter/sites.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"
#include "engine/model/rotated.h"
#include "engine/tensor/quantise.h"

enum { ROWS_PER_TASK = 16 };

/* Where a tensor's bytes lay at first. */
struct place {
    const char *at;
    struct content_line *line;
};

struct merging {
    struct model *m;
    const struct model_config *config;
    const struct adapter *a;
    struct pool *pool;
    struct content *content;
    struct place *places; /* [content->n] in order of addresses */
    char *scratch;        /* scratch_bytes a thread */
    size_t scratch_bytes;
    struct error *err;
};

/* Rows to be made anew. */
struct piece {
    const struct merging *g;
    const char *name; /* of the tensor */
    enum quant type;
    int k, n;
    enum rotated rotated;
    char *data;                      /* the rows, made anew where they lie */
    const struct adapter_down *down; /* of a product; NULL: of the embedding */
    const struct adapter_up *up;
    size_t scratch_row; /* where a row of the type lies in scratch, behind the floats */
    bool bad;           /* atomic: a number is not finite */
};

/* ---- a row ---- */

/* What is added to row i, in the packed base's order: delta [k]. */
static void site_delta(const struct piece *p, int i, float *delta)
{
    const struct adapter_up *up = p->up;
    const float *b = adapter_panel(up, i - i % ADAPTER_PANEL) + i % ADAPTER_PANEL;
    for (int j = 0; j < p->k; j++) {
        const float *a = p->down->a + (size_t)j * (size_t)p->down->ld + up->at;
        double sum = 0;
        for (int r = 0; r < up->rank; r++) {
            sum += (double)b[(size_t)r * ADAPTER_PANEL] * (double)a[r];
        }
        delta[j] = (float)sum;
    }
}

static void embedding_delta(const struct piece *p, int i, float *delta)
{
    const struct adapter *a = p->g->a;
    const float *row = a->embd.a + (size_t)i * (size_t)a->embd.ld_a;
    for (int j = 0; j < p->k; j++) {
        double sum = 0;
        for (int r = 0; r < a->embd.rank; r++) {
            sum += (double)a->embd.b[(size_t)r * (size_t)a->embd.ld_b + (size_t)j] * (double)row[r];
        }
        delta[j] = (float)sum;
    }
}

/* Row i of the matrix in place of the base's. */
static void full_row(const struct piece *p, int i, float *w)
{
    if (p->down == NULL) {
        memcpy(w, p->g->a->embd.full + (size_t)i * (size_t)p->k, (size_t)p->k * sizeof(float));
        return;
    }
    const struct adapter_up *up = p->up;
    const float *from =
        up->full + (size_t)(i - i % ADAPTER_PANEL) * (size_t)up->k + i % ADAPTER_PANEL;
    for (int j = 0; j < p->k; j++) {
        w[j] = from[(size_t)j * ADAPTER_PANEL];
    }
}

static bool is_full(const struct piece *p)
{
    return p->down == NULL ? p->g->a->embd.full != NULL : p->up->full != NULL;
}

static bool adds(const struct piece *p)
{
    return p->down == NULL ? p->g->a->embd.rank > 0 : p->up->rank > 0;
}

/* v as the type keeps it; row is room for one. */
static void round_to(const struct piece *p, float *v, char *row)
{
    quantise_row(p->type, row, v, p->k);
    quant_types[p->type].dequant(v, row, p->k);
}

/* DoRA's: W + B A, each row as long as the adapter says. */
static void stretch(const struct piece *p, int i, float *w, const float *delta)
{
    double squares = 0;
    for (int j = 0; j < p->k; j++) {
        double sum = (double)w[j] + (double)delta[j];
        squares += sum * sum;
    }
    double gain = (double)p->up->magnitude[i] / sqrt(squares);
    for (int j = 0; j < p->k; j++) {
        w[j] = (float)(gain * ((double)w[j] + (double)delta[j]));
    }
}

/* Row i in the packed base's order. False: a number of it is not finite. */
static bool merge_row(const struct piece *p, int i, char *scratch)
{
    size_t bytes = quant_bytes(p->type, p->k);
    size_t at = (size_t)rotated_source(p->g->config, p->rotated, i) * bytes;
    float *w = (float *)(void *)scratch, *delta = w + p->k;
    char *row = scratch + p->scratch_row;
    bool half = p->type == QUANT_F16 || p->type == QUANT_BF16, finite = true;
    quant_types[p->type].dequant(w, p->data + at, p->k);
    if (is_full(p)) {
        full_row(p, i, w);
        round_to(p, w, row);
    }
    if (adds(p)) {
        (p->down == NULL ? embedding_delta : site_delta)(p, i, delta);
        bool dora = p->down != NULL && p->up->magnitude != NULL;
        if (dora) stretch(p, i, w, delta);
        if (half && p->down == NULL) round_to(p, delta, row);
        for (int j = 0; j < p->k && !dora; j++) {
            w[j] += delta[j];
        }
    }
    quantise_row(p->type, row, w, p->k);
    quant_types[p->type].dequant(w, row, p->k);
    for (int j = 0; j < p->k; j++) {
        finite &= isfinite(w[j]) != 0;
    }
    memcpy(p->data + at, row, bytes);
    return finite;
}

static void merge_task(void *arg, int task, int thread)
{
    struct piece *p = arg;
    char *scratch = p->g->scratch + (size_t)thread * p->g->scratch_bytes;
    int end = (task + 1) * ROWS_PER_TASK;
    for (int i = task * ROWS_PER_TASK; i < end && i < p->n; i++) {
        if (!merge_row(p, i, scratch)) __atomic_store_n(&p->bad, true, __ATOMIC_RELAXED);
    }
}

/* ---- a piece ---- */

static int by_address(const void *a, const void *b)
{
    const char *x = ((const struct place *)a)->at, *y = ((const struct place *)b)->at;
    return (x > y) - (x < y);
}

static bool list_places(struct merging *g)
{
    g->places = mem_new(g->content->n + 1, sizeof(*g->places), g->err);
    if (g->places == NULL) return false;
    for (size_t i = 0; i < g->content->n; i++) {
        g->places[i] = (struct place){g->content->lines[i].bytes.p, &g->content->lines[i]};
    }
    qsort(g->places, g->content->n, sizeof(*g->places), by_address);
    return true;
}

/* The line of the bytes that lay at `data`; NULL: none that has so many. */
static struct content_line *line_at(const struct merging *g, const void *data, size_t bytes)
{
    struct place key = {.at = data};
    const struct place *found =
        bsearch(&key, g->places, g->content->n, sizeof(*g->places), by_address);
    return found != NULL && found->line->bytes.n == bytes ? found->line : NULL;
}

static bool refuse(const struct merging *g, const char *name, const char *why)
{
    return error_set(g->err, ERROR_UNSUPPORTED, NULL, "tensor %.120s %s", name, why);
}

/* Room for a row of floats twice and one of the type. */
static bool reserve_scratch(struct merging *g, struct piece *p)
{
    p->scratch_row = (size_t)p->k * 2 * sizeof(float);
    size_t bytes = (p->scratch_row + quant_bytes(p->type, p->k) + 63) / 64 * 64;
    if (bytes <= g->scratch_bytes) return true;
    free(g->scratch);
    g->scratch_bytes = bytes;
    g->scratch = mem_new_aligned((size_t)pool_threads(g->pool), bytes, g->err);
    return g->scratch != NULL;
}

static bool run_piece(struct merging *g, struct piece *p)
{
    p->g = g;
    if (!reserve_scratch(g, p)) return false;
    pool_run(g->pool, merge_task, p, (p->n + ROWS_PER_TASK - 1) / ROWS_PER_TASK);
    return !p->bad || error_set(g->err, ERROR_INVALID_VALUE, NULL,
                                "tensor %.120s is not finite once the adapter is merged", p->name);
}

/* A copy of these bytes in m's memory; the line that has them has the copy. NULL on failure. */
static char *own_bytes(const struct merging *g, const char *name, const void *data, size_t bytes)
{
    struct content_line *line = line_at(g, data, bytes);
    if (line == NULL) {
        refuse(g, name,
               "lies in no place of its own in the file, so nothing can be merged into it");
        return NULL;
    }
    char *copy = model_room(g->m, bytes, g->err);
    if (copy == NULL) return NULL;
    memcpy(copy, data, bytes);
    line->bytes.p = copy;
    return copy;
}

/* layer -1: of none. */
static bool check_type(const struct merging *g, const struct tensor *t, int layer)
{
    char of[32] = "";
    if (quantise_knows(t->type)) return true;
    if (layer >= 0) snprintf(of, sizeof(of), " (of layer %d)", layer);
    return error_set(g->err, ERROR_UNSUPPORTED, NULL,
                     "tensor %.120s%s is %s, which nothing can be merged into: serve the adapter "
                     "without merging it",
                     t->name, of, quant_types[t->type].name);
}

/* ---- tensors ---- */

static bool is_touched(const struct adapter_up *up)
{
    return up->rank > 0 || up->full != NULL;
}

/* Matrix e of a tensor is an expert's, or the only one. */
static const struct adapter_parts *parts_of(const struct merging *g, int layer, int e,
                                            enum adapter_site site)
{
    enum adapter_input input = adapter_site_input(site);
    bool experts = input == ADAPTER_EXPERTS || input == ADAPTER_EXPERTS_FF;
    return adapter_parts(g->a, layer, experts ? e : -1);
}

static const struct adapter_up *up_of(const struct merging *g, int layer, int e,
                                      enum adapter_site site)
{
    const struct adapter_parts *p = parts_of(g, layer, e, site);
    return p != NULL && is_touched(&p->up[site]) ? &p->up[site] : NULL;
}

static bool any_touched(const struct merging *g, const struct tensor *t, int layer,
                        enum adapter_site site)
{
    bool any = false;
    for (int e = 0; t->data != NULL && e < t->shape[2] && !any; e++) {
        any = up_of(g, layer, e, site) != NULL;
    }
    return any;
}

/* Experts' matrices that lie apart: a list of our own, of which single ones may be changed. */
static char **own_parts(const struct merging *g, struct tensor *t)
{
    size_t bytes = (size_t)t->shape[2] * sizeof(char *);
    char **parts = model_room(g->m, bytes, g->err);
    if (parts == NULL) return NULL;
    memcpy(parts, t->parts, bytes);
    t->parts = (const void *const *)parts;
    return parts;
}

static struct piece piece_of(const struct tensor *t, char *data, enum rotated rotated)
{
    return (struct piece){.name = t->name,
                          .type = t->type,
                          .k = (int)t->shape[0],
                          .n = (int)t->shape[1],
                          .rotated = rotated,
                          .data = data};
}

static bool merge_matrix(struct merging *g, struct tensor *t, int layer, enum adapter_site site,
                         enum rotated rotated)
{
    char *whole = NULL, **parts = NULL;
    size_t bytes = quant_bytes(t->type, (int)t->shape[0]) * (size_t)t->shape[1];
    if (!any_touched(g, t, layer, site)) return true;
    if (!check_type(g, t, layer)) return false;
    if (t->parts != NULL) {
        parts = own_parts(g, t);
    } else {
        whole = own_bytes(g, t->name, t->data, bytes * (size_t)t->shape[2]);
    }
    if (parts == NULL && whole == NULL) return false;
    if (whole != NULL) t->data = whole;
    for (int e = 0; e < t->shape[2]; e++) {
        const struct adapter_up *up = up_of(g, layer, e, site);
        if (up == NULL) continue;
        if (parts != NULL) parts[e] = own_bytes(g, t->name, parts[e], bytes);
        char *data = parts != NULL ? parts[e] : whole + (size_t)e * bytes;
        if (data == NULL) return false;
        struct piece p = piece_of(t, data, rotated);
        p.down = &parts_of(g, layer, e, site)->down[adapter_site_input(site)];
        p.up = up;
        if (!run_piece(g, &p)) return false;
    }
    if (parts != NULL) t->data = parts[0];
    return true;
}

/* A bias in place of the base's. */
static bool merge_bias(struct merging *g, struct tensor *t, int layer, const float *bias,
                       enum rotated rotated)
{
    int n = (int)t->shape[0];
    if (bias == NULL) return true;
    if (!check_type(g, t, layer)) return false;
    char *data = own_bytes(g, t->name, t->data, quant_bytes(t->type, n));
    float *row = mem_new((size_t)n, sizeof(float), g->err);
    if (data != NULL && row != NULL) {
        for (int i = 0; i < n; i++) {
            row[rotated_source(g->config, rotated, i)] = bias[i];
        }
        quantise_row(t->type, data, row, n);
        t->data = data;
    }
    free(row);
    return data != NULL && row != NULL;
}

static struct tensor *tensor_at(struct layer_tensors *layer, size_t offset)
{
    return (struct tensor *)(void *)((char *)layer + offset);
}

static bool merge_site(struct merging *g, int layer, enum adapter_site site)
{
    struct layer_tensors *all = &model_edit(g->m)->layers[layer];
    size_t offset = adapter_site_tensor(site), bias = adapter_site_bias(site);
    const struct adapter_up *up = &g->a->layers[layer].up[site];
    enum rotated rotated = weights_rotated(g->config, offset);
    return merge_matrix(g, tensor_at(all, offset), layer, site, rotated) &&
           (bias == SITE_NO_BIAS ||
            merge_bias(g, tensor_at(all, bias), layer, up->bias, weights_rotated(g->config, bias)));
}

/* ---- both ends ---- */

static bool merge_embedding(struct merging *g, struct tensor *t)
{
    if (g->a->embd.rank == 0 && g->a->embd.full == NULL) return true;
    if (!check_type(g, t, -1)) return false;
    char *data = own_bytes(g, t->name, t->data, t->bytes);
    if (data == NULL) return false;
    struct piece p = piece_of(t, data, ROTATED_NONE);
    t->data = data;
    return run_piece(g, &p);
}

/* The output's own matrix, its line the copy of the embedding's. */
static bool untie(struct merging *g, const struct model_tensors *t, struct content_line *line)
{
    const struct content_line *embd = line_at(g, t->token_embd.data, t->token_embd.bytes);
    if (embd == NULL) {
        return refuse(g, t->token_embd.name, "lies in no place of its own in the file");
    }
    *line = *embd;
    line->name = span_str(model_safetensors(g->m) != NULL ? "lm_head.weight" : "output.weight");
    return true;
}

/* A tied model stays so where both ends have come to be the same. */
static bool merge_tied(struct merging *g, struct model_tensors *t)
{
    struct content_line output;
    if (!is_touched(&g->a->model.up[SITE_OUTPUT]) && g->a->embd.rank == 0 &&
        g->a->embd.full == NULL)
        return true;
    if (!untie(g, t, &output)) return false;
    size_t bytes = t->token_embd.bytes;
    const void *embd = t->token_embd.data;
    struct content_line *line = line_at(g, embd, bytes);
    if (!merge_matrix(g, &t->output, -1, SITE_OUTPUT, ROTATED_NONE)) return false;
    line->bytes.p = embd; /* merge_matrix() took it for the output's */
    output.bytes.p = t->output.data;
    if (!merge_embedding(g, &t->token_embd)) return false;
    if (memcmp(t->output.data, t->token_embd.data, bytes) != 0) {
        return content_add(g->content, &output, g->err);
    }
    t->output.data = t->token_embd.data;
    return true;
}

static bool merge_ends(struct merging *g)
{
    struct model_tensors *t = model_edit(g->m);
    if (t->output.data == t->token_embd.data) return merge_tied(g, t);
    return merge_matrix(g, &t->output, -1, SITE_OUTPUT, ROTATED_NONE) &&
           merge_embedding(g, &t->token_embd);
}

static bool merge_all(struct merging *g)
{
    for (int layer = 0; layer < g->a->n_layers; layer++) {
        for (int site = 0; site < ADAPTER_SITES; site++) {
            if (site != SITE_OUTPUT && !merge_site(g, layer, (enum adapter_site)site)) return false;
        }
    }
    return merge_ends(g); /* the last: it may move lines */
}

/* What merge_matrix() takes for a tensor. */
static int64_t matrix_bytes(const struct merging *g, const struct tensor *t, int layer,
                            enum adapter_site site)
{
    int64_t one = (int64_t)quant_bytes(t->type, (int)t->shape[0]) * t->shape[1], sum = 0;
    if (!any_touched(g, t, layer, site)) return 0;
    if (t->parts == NULL) return one * t->shape[2];
    for (int e = 0; e < t->shape[2]; e++) {
        if (up_of(g, layer, e, site) != NULL) sum += one;
    }
    return sum;
}

/* What all of it takes, but for biases. */
static int64_t bytes_needed(const struct merging *g)
{
    const struct model_tensors *t = model_tensors(g->m);
    int64_t sum = matrix_bytes(g, &t->output, -1, SITE_OUTPUT);
    if (g->a->embd.rank > 0 || g->a->embd.full != NULL) sum += (int64_t)t->token_embd.bytes;
    for (int layer = 0; layer < g->a->n_layers; layer++) {
        for (int site = 0; site < ADAPTER_SITES; site++) {
            if (site == SITE_OUTPUT) continue;
            size_t offset = adapter_site_tensor((enum adapter_site)site);
            const char *at = (const char *)&t->layers[layer] + offset;
            sum += matrix_bytes(g, (const struct tensor *)(const void *)at, layer,
                                (enum adapter_site)site);
        }
    }
    return sum;
}

static bool has_memory(const struct merging *g, int64_t most)
{
    int64_t needed = most > 0 ? bytes_needed(g) : 0;
    return needed <= most ||
           error_set(g->err, ERROR_NO_STORAGE, NULL,
                     "what is merged takes %lld bytes of memory while it loads; %lld are free",
                     (long long)needed, (long long)most);
}

bool lora_merge(struct model *m, const struct adapter *a, struct pool *pool, int64_t most_bytes,
                struct content *content, struct error *err)
{
    struct merging g = {
        .m = m, .config = model_config(m), .a = a, .pool = pool, .content = content, .err = err};
    bool ok = has_memory(&g, most_bytes) && list_places(&g) && merge_all(&g);
    free(g.places);
    free(g.scratch);
    return ok;
}
