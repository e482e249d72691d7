/* engine/forward/weights.c - see weights.h.
 *
 * Two passes over one list of jobs, a job being one tensor and where its packed form hangs: the
 * first adds up sizes, then one mapping is reserved (in large pages where the system has them: a
 * forward pass reads all of it, in order), the second fills it with all threads. What has been read of
 * the file leaves memory slice by slice, so that a model is never there twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/weights.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/forward/pool.h"
#include "engine/tensor/quantise.h"

/* clang-format off */
#define MATRIX(name, input, rotated) \
    {offsetof(struct layer_tensors, name), offsetof(struct layer_weights, name), input, rotated}
static const struct placement matrix_places[] = {
    MATRIX(q,           INPUT_NORM,       ROTATED_HEADS),
    MATRIX(k,           INPUT_NORM,       ROTATED_HEADS),
    MATRIX(v,           INPUT_NORM,       ROTATED_NONE),
    MATRIX(o,           INPUT_HEADS,      ROTATED_NONE),
    MATRIX(gate,        INPUT_NORM,       ROTATED_NONE),
    MATRIX(up,          INPUT_NORM,       ROTATED_NONE),
    MATRIX(down,        INPUT_FF,         ROTATED_NONE),
    MATRIX(router,      INPUT_NORM,       ROTATED_NONE),
    MATRIX(gate_exps,   INPUT_EXPERTS,    ROTATED_NONE),
    MATRIX(up_exps,     INPUT_EXPERTS,    ROTATED_NONE),
    MATRIX(down_exps,   INPUT_EXPERTS_FF, ROTATED_NONE),
    MATRIX(gate_shared, INPUT_NORM,       ROTATED_NONE),
    MATRIX(up_shared,   INPUT_NORM,       ROTATED_NONE),
    MATRIX(down_shared, INPUT_SHARED_FF,  ROTATED_NONE),
    MATRIX(q_a,         INPUT_NORM,       ROTATED_NONE),
    MATRIX(q_b,         INPUT_LOW_Q,      ROTATED_MLA_Q),
    MATRIX(kv_a,        INPUT_NORM,       ROTATED_MLA_KV),
    MATRIX(k_b,         INPUT_NOPE,       ROTATED_NONE),
    MATRIX(v_b,         INPUT_LATENT,     ROTATED_NONE),
    MATRIX(mtp_eh_proj, INPUT_PAIR,       ROTATED_NONE),
};
#define VECTOR(name, rotated) MATRIX(name, INPUT_NONE, rotated)
static const struct placement vector_places[] = {
    VECTOR(attn_norm,     ROTATED_NONE),
    VECTOR(ffn_norm,      ROTATED_NONE),
    VECTOR(q_bias,        ROTATED_HEADS),
    VECTOR(k_bias,        ROTATED_HEADS),
    VECTOR(v_bias,        ROTATED_NONE),
    VECTOR(q_norm,        ROTATED_HEADS),
    VECTOR(k_norm,        ROTATED_HEADS),
    VECTOR(router_bias,   ROTATED_NONE),
    VECTOR(q_a_norm,      ROTATED_NONE),
    VECTOR(kv_a_norm,     ROTATED_NONE),
    VECTOR(mtp_enorm,     ROTATED_NONE),
    VECTOR(mtp_hnorm,     ROTATED_NONE),
    VECTOR(mtp_head_norm, ROTATED_NONE),
    VECTOR(o_bias,        ROTATED_NONE),
    VECTOR(q_a_bias,      ROTATED_NONE),
    VECTOR(kv_a_bias,     ROTATED_MLA_KV),
};
#undef VECTOR
#undef MATRIX
/* clang-format on */

enum {
    N_MATRICES = sizeof(matrix_places) / sizeof(matrix_places[0]),
    N_VECTORS = sizeof(vector_places) / sizeof(vector_places[0])
};

const struct placement *weights_placement(size_t tensor)
{
    for (int i = 0; i < N_MATRICES; i++) {
        if (matrix_places[i].tensor == tensor) return &matrix_places[i];
    }
    for (int i = 0; i < N_VECTORS; i++) {
        if (vector_places[i].tensor == tensor) return &vector_places[i];
    }
    return NULL;
}

enum rotated weights_rotated(const struct model_config *c, size_t tensor)
{
    const struct placement *p = weights_placement(tensor);
    if (p == NULL) return ROTATED_NONE;
    bool latent = p->rotated == ROTATED_HEADS && p->input != INPUT_NONE && c->mla.kv_rank > 0;
    return latent ? ROTATED_MLA_Q : p->rotated;
}

/* One tensor to bring over. Exactly one of matrix and vector is set. */
struct pack_job {
    const struct tensor *tensor;
    struct matrix *matrix;
    const float **vector;
    enum rotated rotated;
    enum quant type; /* of a matrix: the tensor's, or what it becomes */
    uint8_t *dst;
    size_t bytes;
};

struct packing {
    const struct model *model;
    const struct model_config *config;
    const struct weights_plan *plan;
    struct pack_job *jobs;
    int n_jobs;
    size_t bytes;
    uint8_t *scratch; /* scratch_bytes a thread, when something is quantised */
    size_t scratch_bytes;
};

/* ---- The list of jobs ---- */

static size_t round_to_line(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* What a tensor's type becomes. The matrices at both ends hurt most when they lose bits. */
static enum quant packed_type(const struct packing *p, const struct tensor *t, bool end)
{
    if (p->plan->quantise < 0 || panel_types[t->type].quantised) return t->type;
    enum quant want = (enum quant)p->plan->quantise;
    if (end && panel_types[want].quantised) want = QUANT_Q8_0;
    return t->shape[0] % quant_types[want].block == 0 ? want : t->type;
}

/* The type of a matrix in the weights that these are to be like: the tensor's own, or one that floats can
 * become. like NULL: *type as it is. */
static bool type_like(const struct tensor *t, const struct matrix *like, enum quant *type,
                      struct error *err)
{
    if (t->data == NULL || like == NULL) return true;
    *type = like->panels.type;
    bool floats = !panel_types[t->type].quantised;
    if (like->n > 0 && (t->type == *type || (floats && quantise_knows(*type)))) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "tensor %.90s is %s; it must be %s%s", t->name,
                     quant_types[t->type].name, like->n == 0 ? "absent" : quant_types[*type].name,
                     like->n > 0 && quantise_knows(*type) ? " or floats" : "");
}

static void add_matrix(struct packing *p, const struct tensor *t, struct matrix *m,
                       enum rotated rotated, enum quant type)
{
    if (t->data == NULL) return;
    *m = (struct matrix){.n = (int)t->shape[1], .k = (int)t->shape[0], .count = (int)t->shape[2]};
    panels_init(&m->panels, type, m->n, m->k);
    if (type != t->type) {
        size_t scratch = (size_t)m->k * sizeof(float) + PANEL * quant_bytes(type, m->k);
        if (scratch > p->scratch_bytes) p->scratch_bytes = scratch;
    }
    size_t one =
        p->plan->dense ? (size_t)m->n * (size_t)m->k * sizeof(float) : panels_bytes(&m->panels);
    size_t bytes = round_to_line(one * (size_t)m->count);
    p->jobs[p->n_jobs++] = (struct pack_job){
        .tensor = t, .matrix = m, .rotated = rotated, .type = type, .bytes = bytes};
    p->bytes += bytes;
}

static void add_vector(struct packing *p, const struct tensor *t, const float **v,
                       enum rotated rotated)
{
    if (t->data == NULL) return;
    size_t bytes = round_to_line((size_t)t->shape[0] * sizeof(float));
    p->jobs[p->n_jobs++] =
        (struct pack_job){.tensor = t, .vector = v, .rotated = rotated, .bytes = bytes};
    p->bytes += bytes;
}

/* The same matrix of the weights that these are to be like: as far from them as m from w. */
static const struct matrix *matrix_like(const struct packing *p, const struct weights *w, int layer,
                                        const struct matrix *m)
{
    const struct weights *like = p->plan->like;
    if (like == NULL) return NULL;
    if (layer < 0) return m == &w->embd ? &like->embd : &like->output;
    size_t at = (size_t)((const char *)m - (const char *)&w->layers[layer]);
    return (const struct matrix *)(const void *)((const char *)&like->layers[layer] + at);
}

static bool add_layer(struct packing *p, const struct layer_tensors *t, struct weights *w,
                      int layer, struct error *err)
{
    char *to = (char *)&w->layers[layer];
    for (int i = 0; i < N_MATRICES; i++) {
        const struct placement *r = &matrix_places[i];
        const struct tensor *from = (const struct tensor *)((const char *)t + r->tensor);
        struct matrix *m = (struct matrix *)(to + r->to);
        enum quant type = from == &t->router ? from->type : packed_type(p, from, false);
        if (!type_like(from, matrix_like(p, w, layer, m), &type, err)) return false;
        add_matrix(p, from, m, weights_rotated(p->config, r->tensor), type);
    }
    for (int i = 0; i < N_VECTORS; i++) {
        const struct placement *r = &vector_places[i];
        add_vector(p, (const struct tensor *)((const char *)t + r->tensor),
                   (const float **)(to + r->to), r->rotated);
    }
    return true;
}

static bool add_end(struct packing *p, const struct tensor *t, struct weights *w, struct matrix *m,
                    struct error *err)
{
    enum quant type = packed_type(p, t, true);
    if (!type_like(t, matrix_like(p, w, -1, m), &type, err)) return false;
    add_matrix(p, t, m, ROTATED_NONE, type);
    return true;
}

static bool list_jobs(struct packing *p, const struct model_tensors *t, struct weights *w,
                      struct error *err)
{
    p->jobs =
        mem_new(3 + (size_t)(N_MATRICES + N_VECTORS) * (size_t)w->n_layers, sizeof(*p->jobs), err);
    if (p->jobs == NULL || !add_end(p, &t->token_embd, w, &w->embd, err)) return false;
    if (t->output.data != t->token_embd.data && !add_end(p, &t->output, w, &w->output, err)) {
        return false;
    }
    add_vector(p, &t->output_norm, &w->output_norm, ROTATED_NONE);
    for (int i = 0; i < w->n_layers; i++) {
        if (!add_layer(p, &t->layers[i], w, i, err)) return false;
    }
    return true;
}

/* ---- Filling ---- */

static size_t row_bytes(const struct tensor *t)
{
    return quant_bytes(t->type, t->shape[0]);
}

/* Where matrix e of a tensor begins. */
static const uint8_t *matrix_data(const struct tensor *t, int e)
{
    if (t->parts != NULL) return t->parts[e];
    return (const uint8_t *)t->data + (size_t)e * (size_t)t->shape[1] * row_bytes(t);
}

/* Scales of row i of expert e of an FP8 tensor. */
static const float *f8_scales(const struct tensor *t, int e, int i)
{
    if (t->block_scales == NULL) return NULL;
    size_t across = ((size_t)t->shape[0] + F8_BLOCK - 1) / F8_BLOCK;
    size_t down = ((size_t)t->shape[1] + F8_BLOCK - 1) / F8_BLOCK;
    return t->block_scales + ((size_t)e * down + (size_t)i / F8_BLOCK) * across;
}

struct panel_fill {
    const struct packing *p;
    const struct pack_job *job;
    int begin, end; /* panels, counted through all experts */
    int per_task;   /* of them */
};

/* The rows of a panel in the file, NULL past the last one, and FP8's scales of each. */
struct panel_rows {
    const uint8_t *row[PANEL];
    const float *f8[PANEL];
};

static void find_rows(const struct packing *p, const struct pack_job *job, int index,
                      struct panel_rows *out)
{
    const struct tensor *t = job->tensor;
    const struct matrix *m = job->matrix;
    int panels = panels_count(&m->panels), expert = index / panels;
    int begin = index % panels * PANEL;
    const uint8_t *base = matrix_data(t, expert);
    *out = (struct panel_rows){.row = {NULL}};
    for (int r = 0; r < PANEL && begin + r < m->n; r++) {
        int row = rotated_source(p->config, job->rotated, begin + r);
        out->row[r] = base + (size_t)row * row_bytes(t);
        out->f8[r] = f8_scales(t, expert, row);
    }
}

static void row_floats(const struct pack_job *job, const struct panel_rows *rows, int r, float *dst)
{
    int k = job->matrix->k;
    quant_types[job->tensor->type].dequant(dst, rows->row[r], k);
    for (int i = 0; rows->f8[r] != NULL && i < k; i++) {
        dst[i] *= rows->f8[r][i / F8_BLOCK];
    }
}

/* Rows in the type that they become: scratch holds a row of floats, then the new rows. */
static void quantise_rows(const struct pack_job *job, struct panel_rows *rows, uint8_t *scratch)
{
    int k = job->matrix->k;
    float *floats = (float *)(void *)scratch;
    uint8_t *to = scratch + (size_t)k * sizeof(float);
    for (int r = 0; r < PANEL && rows->row[r] != NULL; r++) {
        row_floats(job, rows, r, floats);
        quantise_row(job->type, to, floats, k);
        rows->row[r] = to;
        rows->f8[r] = NULL;
        to += quant_bytes(job->type, k);
    }
}

/* Panel `index`, counted through all experts. */
static void fill_panel(const struct packing *p, const struct pack_job *job, int index, int thread)
{
    const struct matrix *m = job->matrix;
    int panels = panels_count(&m->panels);
    size_t first = (size_t)(index / panels) * (size_t)m->n + (size_t)(index % panels * PANEL);
    bool changes = job->type != job->tensor->type;
    struct panel_rows rows;
    find_rows(p, job, index, &rows);
    if (changes) quantise_rows(job, &rows, p->scratch + (size_t)thread * p->scratch_bytes);
    if (!p->plan->dense) {
        uint8_t *dst = job->dst + (size_t)index * m->panels.panel_bytes;
        panels_pack(&m->panels, rows.row, rows.f8, dst);
        return;
    }
    float *dst = (float *)(void *)job->dst + first * (size_t)m->k;
    for (int r = 0; r < PANEL && rows.row[r] != NULL; r++, dst += m->k) {
        if (changes) {
            quant_types[job->type].dequant(dst, rows.row[r], m->k);
        } else {
            row_floats(job, &rows, r, dst);
        }
    }
}

static void fill_task(void *arg, int task, int thread)
{
    const struct panel_fill *f = arg;
    int begin = f->begin + task * f->per_task, end = begin + f->per_task;
    for (int i = begin; i < end && i < f->end; i++) {
        fill_panel(f->p, f->job, i, thread);
    }
}

/* The rows that these panels were made of need not stay in memory beside them. Rows that rotation takes from
 * another slice come back from the file. */
static void drop_rows(const struct panel_fill *f)
{
    const struct matrix *m = f->job->matrix;
    const struct tensor *t = f->job->tensor;
    int panels = panels_count(&m->panels);
    for (int i = f->begin, next; i < f->end; i = next) {
        int expert = i / panels, first = i % panels * PANEL;
        next = (expert + 1) * panels < f->end ? (expert + 1) * panels : f->end;
        int rows = first + (next - i) * PANEL < m->n ? (next - i) * PANEL : m->n - first;
        const char *at = (const char *)matrix_data(t, expert) + (size_t)first * row_bytes(t);
        model_drop(f->p->model, span_of(at, (size_t)rows * row_bytes(t)));
    }
}

static bool fill_vector(const struct packing *p, const struct pack_job *job, struct error *err)
{
    const struct tensor *t = job->tensor;
    float *dst = (float *)(void *)job->dst, *src = mem_new((size_t)t->shape[0], sizeof(float), err);
    if (src == NULL) return false;
    quant_types[t->type].dequant(src, t->data, t->shape[0]);
    for (int i = 0; i < t->shape[0]; i++) {
        dst[i] = src[rotated_source(p->config, job->rotated, i)];
    }
    free(src);
    return true;
}

/* Slice by slice of the file. */
static void fill_matrix(const struct packing *p, const struct pack_job *job, struct pool *pool)
{
    const size_t slice = (size_t)16 << 20;
    size_t panel = PANEL * row_bytes(job->tensor);
    int n = panels_count(&job->matrix->panels) * job->matrix->count;
    int at_once = panel < slice ? (int)(slice / panel) : 1;
    struct panel_fill f = {.p = p, .job = job, .per_task = 4};
    for (f.begin = 0; f.begin < n; f.begin = f.end) {
        f.end = n - f.begin < at_once ? n : f.begin + at_once;
        pool_run(pool, fill_task, &f, (f.end - f.begin + f.per_task - 1) / f.per_task);
        drop_rows(&f);
    }
}

static bool fill_job(const struct packing *p, const struct pack_job *job, struct pool *pool,
                     struct error *err)
{
    if (job->vector != NULL) return fill_vector(p, job, err);
    fill_matrix(p, job, pool);
    return true;
}

/* Everything has its place in memory. */
static void place_all(const struct packing *p, const uint8_t *memory)
{
    const uint8_t *at = memory;
    for (int i = 0; i < p->n_jobs; i++) {
        const struct pack_job *job = &p->jobs[i];
        const float *floats = (const float *)(const void *)at;
        if (job->vector != NULL) {
            *job->vector = floats;
        } else if (p->plan->dense) {
            job->matrix->dense = floats;
        } else {
            job->matrix->panels.data = at;
        }
        at += job->bytes;
    }
    assert(at == memory + p->bytes);
}

static uint64_t layout_of(const struct packing *p)
{
    uint64_t h = hash_add(p->plan->dense, p->bytes);
    for (int i = 0; i < p->n_jobs; i++) {
        const struct pack_job *job = &p->jobs[i];
        const int64_t *shape = job->tensor->shape;
        uint64_t is[] = {job->bytes,         (uint64_t)shape[0],  (uint64_t)shape[1],
                         (uint64_t)shape[2], job->vector != NULL, job->rotated,
                         job->type,          job->tensor->type};
        for (size_t k = 0; k < sizeof(is) / sizeof(is[0]); k++) {
            h = hash_add(h, is[k]);
        }
    }
    return h;
}

/* What was packed before serves, if it is what packing would give. */
static bool take_packed(struct weights *w, const struct packing *p)
{
    const struct weights_packed *ready = &p->plan->packed;
    if (ready->file.p == NULL) return false;
    if (ready->bytes != p->bytes || ready->layout != w->layout) {
        file_unmap(ready->file);
        return false;
    }
    w->file = ready->file;
    w->bytes = p->bytes;
    w->memory = (const uint8_t *)ready->file.p + ready->at;
    return true;
}

static bool reserve(struct weights *w, struct packing *p, struct error *err)
{
    if (p->plan->most_bytes > 0 && (int64_t)p->bytes > p->plan->most_bytes) {
        return error_set(
            err, ERROR_NO_STORAGE, NULL,
            "the weights take %zu bytes of memory beside those that serve; %lld are free", p->bytes,
            (long long)p->plan->most_bytes);
    }
    void *memory = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for %zu bytes of weights",
                         p->bytes);
    }
    w->memory = memory;
    w->bytes = p->bytes;
    madvise(memory, p->bytes, MADV_HUGEPAGE); /* a wish: without it only slower */
    uint8_t *at = memory;
    for (int i = 0; i < p->n_jobs; i++) {
        p->jobs[i].dst = at;
        at += p->jobs[i].bytes;
    }
    assert(at == (uint8_t *)memory + p->bytes);
    return true;
}

/* ---- What inputs they want ---- */

void matrix_wants(const struct matrix *m, struct input_forms *forms)
{
    if (m->n == 0) return;
    if (m->dense != NULL) {
        forms->plain = true;
    } else if (panel_types[m->panels.type].quantised) {
        forms->i8 = true;
    } else {
        forms->f32 = true;
    }
}

static void list_wants(struct weights *w)
{
    matrix_wants(&w->output, &w->wants[INPUT_NORM]);
    for (int layer = 0; layer < w->n_layers; layer++) {
        const char *at = (const char *)&w->layers[layer];
        for (int i = 0; i < N_MATRICES; i++) {
            const struct placement *p = &matrix_places[i];
            matrix_wants((const struct matrix *)(const void *)(at + p->to), &w->wants[p->input]);
        }
    }
}

/* ---- What a step takes ---- */

static enum quant type_of(const struct matrix *m)
{
    return m->dense != NULL ? QUANT_F32 : m->panels.type;
}

static int64_t packed_bytes(const struct matrix *m)
{
    size_t floats = (size_t)m->n * (size_t)m->k * sizeof(float);
    return (int64_t)(m->dense != NULL ? floats : panels_bytes(&m->panels)) * m->count;
}

struct weights_work weights_work(const struct weights *w, int n_layers, int n_used)
{
    struct weights_work sum = {.bytes = packed_bytes(&w->output)};
    sum.output[type_of(&w->output)] = (int64_t)w->output.n * w->output.k;
    for (int i = 0; i < n_layers * N_MATRICES; i++) {
        const struct placement *p = &matrix_places[i % N_MATRICES];
        const char *layer = (const char *)&w->layers[i / N_MATRICES];
        const struct matrix *m = (const struct matrix *)(const void *)(layer + p->to);
        bool experts = p->input == INPUT_EXPERTS || p->input == INPUT_EXPERTS_FF;
        if (m->n == 0) continue;
        int64_t times = experts ? n_used : m->count;
        sum.layers[type_of(m)] += (int64_t)m->n * m->k * times;
        *(experts ? &sum.expert_bytes : &sum.bytes) += packed_bytes(m);
    }
    return sum;
}

/* ---- All of it ---- */

static bool is_stopped(const struct weights_plan *plan, struct error *err)
{
    if (plan->stop == NULL || !__atomic_load_n(plan->stop, __ATOMIC_RELAXED)) return false;
    error_set(err, ERROR_ABORTED, NULL, "the server ends");
    return true;
}

static bool fill_all(const struct packing *p, struct pool *pool, struct error *err)
{
    const struct weights_plan *plan = p->plan;
    size_t done = 0;
    for (int i = 0; i < p->n_jobs; i++) {
        if (is_stopped(plan, err) || !fill_job(p, &p->jobs[i], pool, err)) return false;
        done += p->jobs[i].bytes;
        if (plan->progress != NULL) plan->progress(plan->arg, done, p->bytes);
    }
    return true;
}

static bool pack_anew(struct weights *w, struct packing *p, struct pool *pool, struct error *err)
{
    if (!reserve(w, p, err)) return false;
    if (p->scratch_bytes > 0) {
        p->scratch_bytes = round_to_line(p->scratch_bytes);
        p->scratch = mem_new_aligned((size_t)pool_threads(pool), p->scratch_bytes, err);
        if (p->scratch == NULL) return false;
    }
    return fill_all(p, pool, err);
}

static bool pack_all(struct weights *w, struct packing *p, const struct model *m, struct pool *pool,
                     struct error *err)
{
    const struct model_tensors *t = model_tensors(m);
    w->layers = mem_new((size_t)w->n_layers, sizeof(*w->layers), err);
    if (w->layers == NULL || !list_jobs(p, t, w, err)) {
        file_unmap(p->plan->packed.file);
        return false;
    }
    w->layout = layout_of(p);
    if (!take_packed(w, p) && !pack_anew(w, p, pool, err)) return false;
    place_all(p, w->memory);
    if (w->output.n == 0) w->output = w->embd;
    list_wants(w);
    return true;
}

bool weights_type_of(const char *name, int *type, struct error *err)
{
    *type = name == NULL ? -1 : quant_from_name(span_str(name));
    if (name == NULL || (*type >= 0 && quantise_knows((enum quant) * type))) return true;
    return error_set(err, ERROR_INVALID_VALUE, "weights",
                     "weights is \"%.20s\"; f32, f16, bf16, q8_0, q4_0 or q4_1 expected", name);
}

struct weights *weights_pack(const struct model *m, const struct weights_plan *plan,
                             struct pool *pool, struct error *err)
{
    const struct model_config *c = model_config(m);
    struct packing p = {.model = m, .config = c, .plan = plan};
    struct weights *w = mem_new(1, sizeof(*w), err);
    if (w == NULL) {
        file_unmap(plan->packed.file);
        return NULL;
    }
    w->dense = plan->dense;
    w->n_layers = c->n_layers + c->n_mtp;
    bool packed = pack_all(w, &p, m, pool, err);
    free(p.jobs);
    free(p.scratch);
    if (packed) return w;
    weights_free(w);
    return NULL;
}

void weights_free(struct weights *w)
{
    if (w == NULL) return;
    file_unmap(w->file);
    if (w->memory != NULL && w->file.p == NULL) munmap((void *)(uintptr_t)w->memory, w->bytes);
    free(w->layers);
    free(w);
}

struct matrix matrix_at(const struct matrix *m, int i)
{
    struct matrix one = *m;
    assert(i >= 0 && i < m->count);
    one.count = 1;
    if (m->dense != NULL) {
        one.dense = m->dense + (size_t)i * (size_t)m->n * (size_t)m->k;
    } else {
        one.panels.data = m->panels.data + (size_t)i * panels_bytes(&m->panels);
    }
    return one;
}

void matrix_row(const struct matrix *m, int i, float *dst)
{
    assert(i >= 0 && i < m->n && m->count == 1);
    if (m->dense != NULL) {
        memcpy(dst, m->dense + (size_t)i * (size_t)m->k, (size_t)m->k * sizeof(float));
    } else {
        panels_row(&m->panels, i, dst);
    }
}
