/* engine/load.c - see load.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/reasoning_marks.h"
#include "engine/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/adapter/read.h"
#include "engine/forward/forward.h"
#include "engine/forward/lora_merge.h"
#include "base/machine_memory.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/kv_store.h"
#include "engine/hashing.h"
#include "engine/model/content.h"
#include "engine/model/gguf.h"
#include "engine/model/model.h"
#include "engine/model/tally.h"
#include "engine/packed_cache.h"
#include "engine/template/limits.h"
#include "engine/template/template.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/versions.h"

/* ---- model, tokenizer, template ---- */

static bool open_model(struct loaded *l, const struct engine_options *o, struct error *err)
{
    if (o->vocabulary_only) return true;
    l->model = model_open(o->model_path, err);
    if (l->model == NULL) return false;
    l->n_vocab = model_config(l->model)->n_vocab;
    return true;
}

static bool open_tokenizer(struct loaded *l, const struct engine_options *o, struct error *err)
{
    if (file_is_folder(o->model_path)) {
        l->tokenizer = tokenizer_from_hf(o->model_path, err);
        return l->tokenizer != NULL;
    }
    if (l->model == NULL) {
        l->vocabulary = gguf_open(o->model_path, err);
        if (l->vocabulary == NULL) return false;
    }
    l->tokenizer =
        tokenizer_from_gguf(l->model == NULL ? l->vocabulary : model_gguf(l->model), err);
    return l->tokenizer != NULL;
}

/* The template that stands in a file of its own. What was asked for by name must be usable. */
static bool open_named_template(struct loaded *l, const char *path, struct error *err)
{
    struct buffer text;
    buffer_init(&text, TEMPLATE_MAX_SOURCE);
    if (file_read(path, TEMPLATE_MAX_SOURCE, &text, err)) {
        l->template = template_new(buffer_span(&text), err);
    }
    buffer_clear(&text);
    return l->template != NULL || error_at(err, "chat-template");
}

/* A model's own template that cannot be read costs chats, not completions. False: memory is out. */
static bool open_template(struct loaded *l, const char *path, struct error *err)
{
    if (path != NULL) return open_named_template(l, path, err);
    struct span source = tokenizer_chat_template(l->tokenizer);
    if (source.n == 0) {
        error_set(&l->template_error, ERROR_TEMPLATE, NULL, "the model has no chat template");
        return true;
    }
    mem_forget();
    l->template = template_new(source, &l->template_error);
    if (l->template == NULL && mem_ran_out()) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the chat template");
    }
    if (l->template == NULL) {
        log_line(LOG_WARN, "chat_template_unusable", LOG_S("error", l->template_error.message),
                 LOG_END);
    }
    return true;
}

/* ---- what there is to say about it ---- */

static const char *commonest(const struct model_tally *t)
{
    int best = 0;
    for (int i = 1; i < QUANT_COUNT; i++) {
        if (t->parameters[i] > t->parameters[best]) best = i;
    }
    return quant_types[best].name;
}

/* The first family whose marks the tokenizer knows as tokens, or the template writes. */
enum { KEPT_PART = 8 }; /* so many seats of the batch are one more */

static void describe_tags(struct loaded *l)
{
    struct span source =
        l->template != NULL ? template_source(l->template) : tokenizer_chat_template(l->tokenizer);
    const struct reasoning_mark *m;
    for (int i = 0; (m = reasoning_mark_at(i)) != NULL; i++) {
        bool tokens = tokenizer_find(l->tokenizer, span_str(m->open)) >= 0 &&
                      tokenizer_find(l->tokenizer, span_str(m->close)) >= 0;
        if (!tokens && span_find(source, span_str(m->open), 0) == SPAN_NONE) continue;
        l->info.think_open = m->open;
        l->info.think_close = m->close;
        return;
    }
}

/* The last part of a path, without ".gguf". */
static void name_file(const char *path, char *out, size_t room)
{
    struct span s = span_str(path);
    while (s.n > 1 && s.p[s.n - 1] == '/') {
        s.n--;
    }
    size_t slash = span_find_last(s, span_str("/"));
    if (slash != SPAN_NONE && slash + 1 < s.n) s = span_slice(s, slash + 1, s.n);
    if (s.n > 5 && span_ends(s, span_str(".gguf"))) s.n -= 5;
    snprintf(out, room, "%.*s", (int)s.n, s.p);
}

/* What was set, else what the model's files say, else the last position's, which has seen all. */
static enum engine_pooling pooling_of(const struct engine_options *o, const struct model_config *c)
{
    static const enum engine_pooling known[] = {[MODEL_POOLING_UNKNOWN] = POOLING_LAST,
                                                [MODEL_POOLING_MEAN] = POOLING_MEAN,
                                                [MODEL_POOLING_CLS] = POOLING_CLS,
                                                [MODEL_POOLING_LAST] = POOLING_LAST};
    return o->pooling != POOLING_NONE ? o->pooling : known[c->pooling];
}

/* What was set, else what the model's files recommend, where that is wanted. */
static void choose_sampling(struct engine_info *info, const struct engine_options *o,
                            const struct sampling_defaults *own)
{
    for (int i = 0; i < SAMPLING_DEFAULTS; i++) {
        double said = o->generation_config == 0 ? own->value[i] : (double)NAN;
        info->sampling.value[i] = isnan(o->sampling.value[i]) ? said : o->sampling.value[i];
    }
    info->sampling.seed = o->sampling.seed;
}

static void describe(struct loaded *l, const struct engine_options *o)
{
    struct engine_info *info = &l->info;
    struct stat st;
    name_file(o->model_path, l->file_name, sizeof(l->file_name));
    info->path = o->model_path;
    info->name = info->title = info->file_name = l->file_name;
    sampling_defaults_clear(&info->sampling);
    info->bos_token = tokenizer_bos(l->tokenizer);
    info->eos_token = tokenizer_eos(l->tokenizer);
    if (l->template != NULL) info->chat_template = template_source(l->template);
    info->n_vocab = tokenizer_n_vocab(l->tokenizer);
    if (l->model != NULL) {
        struct model_tally t = model_tally(l->model);
        info->title = model_name(l->model);
        info->architecture = model_architecture(l->model);
        info->quantisation = commonest(&t);
        info->parameters = t.all_parameters;
        info->tensor_bytes = t.all_bytes;
        info->n_vocab = l->n_vocab;
        info->n_layers = model_config(l->model)->n_layers;
        info->n_used =
            model_config(l->model)->moe.n_experts > 0 ? model_config(l->model)->moe.n_used : 0;
        info->n_embd = model_config(l->model)->n_embd;
        info->pooling = pooling_of(o, model_config(l->model));
        choose_sampling(info, o, &model_config(l->model)->sampling);
    }
    if (o->name != NULL) info->name = o->name;
    info->max_sequences = o->max_sequences;
    info->seats = o->max_sequences + o->max_sequences / KEPT_PART;
    info->max_queue = o->max_queue;
    info->step_tokens = o->step_tokens;
    info->created = stat(o->model_path, &st) == 0 ? (int64_t)st.st_mtime : 0;
    info->has_chat_template = l->template != NULL;
    describe_tags(l);
}

/* ---- memory for keys and values ---- */

static enum kv_type kv_type_of(const struct engine_options *o)
{
    static const enum kv_type types[] = {
        [ENGINE_KV_F16] = KV_F16, [ENGINE_KV_F32] = KV_F32, [ENGINE_KV_Q8_0] = KV_Q8_0};
    return o->kind == ENGINE_REFERENCE ? KV_F32 : types[o->kv];
}

static bool choose_context(struct loaded *l, const struct engine_options *o, struct error *err)
{
    int trained = model_config(l->model)->context;
    if (o->context > trained) {
        return error_set(err, ERROR_INVALID_VALUE, "context",
                         "context is %d; the model was trained for %d", o->context, trained);
    }
    l->info.context = o->context > 0 ? o->context : trained;
    return true;
}

/* As many blocks as the budget pays for and the sequences can need; what does not fit shortens
 * the context, so that a sequence alone always fits. */
static bool size_cache(struct loaded *l, const struct engine_options *o, struct error *err)
{
    struct engine_info *info = &l->info;
    int64_t bytes = kv_block_bytes(model_config(l->model), kv_type_of(o));
    int64_t needed = (int64_t)o->max_sequences * ((info->context + KV_BLOCK - 1) / KV_BLOCK);
    int64_t budget = o->kv_bytes > 0 ? o->kv_bytes : machine_free_memory() / 4;
    int64_t blocks = budget / bytes < needed ? budget / bytes : needed;
    if (blocks > INT32_MAX / KV_BLOCK) blocks = INT32_MAX / KV_BLOCK;
    if (blocks < 2) {
        return error_set(err, ERROR_NO_MEMORY, "kv_bytes",
                         "%lld bytes for the KV cache hold %lld blocks of %lld bytes; 2 are needed",
                         (long long)budget, (long long)blocks, (long long)bytes);
    }
    if (blocks * KV_BLOCK < info->context) info->context = (int)blocks * KV_BLOCK;
    info->kv_block_tokens = KV_BLOCK;
    info->kv_blocks = (int)blocks;
    info->kv_bytes_per_token = bytes / KV_BLOCK;
    return true;
}

static void copy_block(void *store, int32_t dst, int32_t src)
{
    kv_store_copy(store, dst, src);
}

static bool make_cache(struct loaded *l, const struct engine_options *o, struct error *err)
{
    if (!choose_context(l, o, err) || !size_cache(l, o, err)) return false;
    l->store = kv_store_new(model_config(l->model), kv_type_of(o), l->info.kv_blocks, err);
    if (l->store == NULL) return false;
    struct kv_cache_options c = {.n_blocks = l->info.kv_blocks,
                                 .n_sequences = l->info.seats,
                                 .longest = l->info.context,
                                 .prefix_cache = o->prefix_cache,
                                 .copy = copy_block,
                                 .copy_arg = l->store};
    l->kv = kv_cache_new(&c, err);
    return l->kv != NULL;
}

/* ---- computing ---- */

/* What the weights loaded at start are called. */
static struct version_label *label_of(struct loaded *l, const struct packed_label *is,
                                      struct error *err)
{
    struct version_label *label = version_label_new(0, err);
    if (label == NULL) return NULL;
    memcpy(label->sha256, is->sha256, sizeof(label->sha256));
    memcpy(l->sha256, is->sha256, sizeof(l->sha256));
    label->tensors = is->tensors;
    label->created = clock_unix_s();
    snprintf(label->name, sizeof(label->name), "0");
    return label;
}

static bool merge(struct loaded *l, const struct engine_options *o, struct content *c,
                  struct error *err)
{
    uint64_t start = clock_ns();
    if (o->merge == NULL) return true;
    struct adapter *a = adapter_open(l->model, o->merge, err);
    bool ok = a != NULL && lora_merge(l->model, a, l->pool, machine_free_memory(), c, err);
    if (ok) {
        log_line(LOG_INFO, "adapter_merged", LOG_S("path", o->merge), LOG_S("sha256", a->sha256),
                 LOG_I("rank", a->max_rank), LOG_F("seconds", (double)(clock_ns() - start) * 1e-9),
                 LOG_END);
    }
    adapter_release(a);
    return ok || error_at(err, "merge");
}

/* Every line, whose numbers must be finite: a model with one that is not would write nonsense without a word. */
static bool hash_all(const struct loaded *l, struct content *c, struct error *err)
{
    struct hashing h = {.model = l->model, .content = c, .check_finite = true};
    hashing_run(&h, l->pool);
    return h.bad == NULL || content_refuse(h.bad, ERROR_BAD_FILE, err);
}

/* The tensors as they shall serve, hashed. */
static bool prepare(struct loaded *l, const struct engine_options *o, struct packed_label *label,
                    struct error *err)
{
    struct content c = {0};
    bool ok = content_list(l->model, &c, err) && merge(l, o, &c, err) && hash_all(l, &c, err);
    if (ok) {
        content_sum(&c, label->sha256);
        label->tensors = c.n;
    }
    content_clear(&c);
    return ok;
}

/* Packed, or taken from the cache, which then has them. */
static struct weights *packed(struct loaded *l, const struct engine_options *o,
                              struct packed_label *label, struct error *err)
{
    struct weights_plan plan = l->weights_plan;
    struct packed_cache cache;
    packed_cache_open(&cache, o->merge == NULL ? o->packed_cache : NULL, o->packed_cache_bytes,
                      l->model, &plan);
    bool ok = packed_cache_load(&cache, l->pool, &plan.packed, label) || prepare(l, o, label, err);
    struct weights *w = ok ? weights_pack(l->model, &plan, l->pool, err) : NULL;
    if (w != NULL && w->file.p == NULL) packed_cache_save(&cache, l->model, w, label, l->pool);
    packed_cache_close(&cache);
    return w;
}

_Static_assert((int)QUANT_COUNT <= (int)ENGINE_MAX_TYPES, "every type may be in use");

static void describe_work(struct engine_info *info, const struct weights *w,
                          const struct model_config *c)
{
    struct weights_work work = weights_work(w, c->n_layers, c->moe.n_used);
    info->step_bytes = work.bytes;
    info->expert_bytes = work.expert_bytes;
    if (c->moe.n_experts > 0) info->expert_share = (double)c->moe.n_used / c->moe.n_experts;
    for (int i = 0; i < QUANT_COUNT; i++) {
        if (work.layers[i] + work.output[i] == 0) continue;
        info->work[info->n_work++] = (struct engine_work){.type = quant_types[i].name,
                                                          .is_float = !panel_types[i].quantised,
                                                          .layers = work.layers[i],
                                                          .output = work.output[i]};
    }
}

static bool pack_weights(struct loaded *l, const struct engine_options *o, struct error *err)
{
    struct weights_plan *plan = &l->weights_plan;
    *plan = (struct weights_plan){
        .dense = o->kind == ENGINE_REFERENCE, .progress = o->progress, .arg = o->progress_arg};
    if (!weights_type_of(o->weights, &plan->quantise, err)) return false;
    l->pool = pool_new(o->threads, o->pin_threads, err);
    if (l->pool == NULL) return false;
    l->info.threads = pool_threads(l->pool);
    struct packed_label is;
    struct weights *w = packed(l, o, &is, err);
    struct version_label *label = w != NULL ? label_of(l, &is, err) : NULL;
    if (label == NULL) {
        weights_free(w);
        return false;
    }
    l->info.packed_bytes = (int64_t)w->bytes;
    describe_work(&l->info, w, model_config(l->model));
    l->numerics = (struct numerics){
        .model = l->model, .reference = o->kind == ENGINE_REFERENCE, .kv = kv_type_of(o)};
    label->fingerprint = fingerprint_of_weights(&l->numerics, w, label->sha256);
    l->first = resident_new(w, label, content_key(label->sha256), err);
    model_drop_tensors(l->model);
    return l->first != NULL;
}

static int *collect_ends(const struct loaded *l, int *n, struct error *err)
{
    int *ids = mem_new((size_t)l->n_vocab, sizeof(int), err);
    *n = 0;
    for (int id = 0; ids != NULL && id < l->n_vocab; id++) {
        if (tokenizer_is_eog(l->tokenizer, id)) ids[(*n)++] = id;
    }
    return ids;
}

static struct span token_text(const void *tokenizer, int id, bool skip_special)
{
    return tokenizer_piece(tokenizer, id, skip_special);
}

static bool make_sampler(struct loaded *l, const struct kernels *kernels, struct error *err)
{
    int n, *ends = collect_ends(l, &n, err);
    if (ends == NULL) return false;
    l->sampler =
        sampler_new(kernels, l->n_vocab, ends, n, token_text, l->tokenizer, l->info.threads, err);
    l->forms = form_store_new(err);
    free(ends);
    return l->sampler != NULL && l->forms != NULL;
}

static bool run_forward(void *forward, const struct weights *w, const struct forward_run *runs,
                        int n, bool (*leave)(void *arg), void *arg)
{
    return forward_start(forward, w, runs, n, leave, arg);
}

static void run_resume(void *forward, const struct forward_run *runs, int n)
{
    forward_resume(forward, runs, n);
}

static void run_logits(void *forward, const int *rows, int n, float *logits)
{
    forward_logits(forward, rows, n, logits);
}

static void run_guess(void *forward, const struct forward_run *runs, const int *first_row,
                      int n_runs, float *logits, int n_logits, int *guesses)
{
    forward_guess(forward, runs, first_row, n_runs, logits, n_logits, guesses);
}

static void tell_routes(const void *arg, const struct sequence *q, struct engine_event *ev)
{
    const struct loaded *l = arg;
    size_t size = (size_t)kv_store_routes_size(l->store), bytes = size * sizeof(int16_t);
    const int32_t *blocks = kv_cache_table(l->kv, q->kv);
    int known = kv_cache_tokens(l->kv, q->kv), all = sequence_length(q) - 1;
    int n = known < all ? known : all;
    ev->routes = mem_new((size_t)n + 1, bytes, NULL);
    if (ev->routes == NULL) return;
    for (int i = 0; i < n; i++) {
        memcpy(ev->routes + (size_t)i * size,
               kv_store_routes(l->store, blocks[i / KV_BLOCK], i % KV_BLOCK), bytes);
    }
    ev->n_routes = n;
    ev->routes_size = (int)size;
}

static void run_hidden(void *forward, int row, float *out)
{
    forward_hidden(forward, row, out);
}

/* The part of a row's price that one more token to attend to costs: by multiplications, each of which
 * costs several times what one of a product of small integers does, since it is of floats that
 * are read once. */
static double reach_rows(const struct model_config *c, int64_t parameters)
{
    const double dearer = 8;
    double value_dim = c->mla.kv_rank > 0 ? c->mla.v_dim : c->head_dim;
    double each = (double)c->n_layers * c->n_heads * (c->head_dim + value_dim);
    return parameters > 0 ? dearer * each / (double)parameters : 0;
}

static bool make_step(struct loaded *l, const struct engine_options *o, struct error *err)
{
    struct scheduler_options so = {.max_running = l->info.seats,
                                   .step_tokens =
                                       o->step_tokens < KV_BLOCK ? KV_BLOCK : o->step_tokens,
                                   .prefix_cache = o->prefix_cache,
                                   .speculate = o->speculate};
    int max_rows = scheduler_max_rows(&so);
    const struct kernels *kernels = kernels_pick(o->isa, err);
    if (kernels == NULL) return false;
    l->info.isa = kernels->name;
    l->forward = forward_new(model_config(l->model), kernels, l->store, l->pool, max_rows, err);
    if (l->forward == NULL || !forward_reserve(l->forward, l->first->weights, err)) return false;
    if (!make_sampler(l, kernels, err)) return false;
    so.vocabulary = sampler_vocabulary(l->sampler);
    l->scheduler = scheduler_new(&so, l->kv, err);
    if (l->scheduler == NULL) return false;
    scheduler_serve(l->scheduler, &l->first->version);
    l->deliver = (struct deliver){.scheduler = l->scheduler,
                                  .sampler = l->sampler,
                                  .token_text = token_text,
                                  .token_text_arg = l->tokenizer,
                                  .routes = kv_store_routes_size(l->store) > 0 ? tell_routes : NULL,
                                  .routes_arg = l};
    bool guesses = o->speculate && model_config(l->model)->n_mtp > 0;
    struct step_parts parts = {.runner = {l->forward, run_forward, run_resume, run_logits,
                                          guesses ? run_guess : NULL, run_hidden},
                               .scheduler = l->scheduler,
                               .kv = l->kv,
                               .sampler = l->sampler,
                               .deliver = &l->deliver,
                               .pool = l->pool,
                               .n_vocab = l->n_vocab,
                               .n_embd = l->info.n_embd,
                               .max_rows = max_rows,
                               .max_running = l->info.seats,
                               .reach_rows =
                                   reach_rows(model_config(l->model), l->info.parameters)};
    l->step = step_new(&parts, err);
    return l->step != NULL;
}

bool engine_load(struct loaded *l, const struct engine_options *o, struct error *err)
{
    uint64_t start = clock_ns();
    if (!open_model(l, o, err) || !open_tokenizer(l, o, err) ||
        !open_template(l, o->template_path, err)) {
        return false;
    }
    describe(l, o);
    if (l->model != NULL &&
        !(pack_weights(l, o, err) && make_cache(l, o, err) && make_step(l, o, err))) {
        return false;
    }
    l->info.load_seconds = (double)(clock_ns() - start) * 1e-9;
    return true;
}

void engine_unload(struct loaded *l)
{
    step_free(l->step);
    sampler_free(l->sampler);
    form_store_free(l->forms);
    scheduler_free(l->scheduler);
    forward_free(l->forward);
    kv_cache_free(l->kv);
    kv_store_free(l->store);
    resident_free(l->first);
    pool_free(l->pool);
    template_free(l->template);
    tokenizer_free(l->tokenizer);
    gguf_close(l->vocabulary);
    model_close(l->model);
}
