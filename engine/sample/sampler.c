/* engine/sample/sampler.c - see sampler.h for the order of operations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/sampler.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar_math.h"
#include "engine/sample/probs.h"

/* What one thread needs while it works on a row. */
struct row_work {
    float *logits;           /* [n_vocab] after steps 1 to 4 */
    float *p;                /* [n_vocab] unnormalised probabilities */
    struct prob_item *items; /* [n_vocab] candidates */
    int *count;              /* [n_vocab] all 0 between rows */
    int *touched;            /* [n_vocab] ids whose count is not 0 */
    struct form_work form;
    const uint64_t *let; /* the tokens that the row's form lets through, as a mask; NULL: no form */
};

struct sampler {
    const struct kernels *kernels;
    int n_vocab, n_end, n_threads;
    int *end_ids;
    struct form_vocabulary *vocabulary;
    struct row_work *work; /* [n_threads] */
};

struct sampler *sampler_new(const struct kernels *kernels, int n_vocab, const int *end_ids,
                            int n_end, form_text_fn *text, const void *text_arg, int n_threads,
                            struct error *err)
{
    struct sampler *s = mem_new(1, sizeof(*s), err);
    if (s == NULL) return NULL;
    *s = (struct sampler){
        .kernels = kernels, .n_vocab = n_vocab, .n_end = n_end, .n_threads = n_threads};
    size_t v = (size_t)n_vocab;
    s->end_ids = mem_new((size_t)n_end, sizeof(int), err);
    s->work = mem_new((size_t)n_threads, sizeof(*s->work), err);
    s->vocabulary = form_vocabulary_new(n_vocab, end_ids, n_end, text, text_arg, err);
    bool ok = s->end_ids != NULL && s->work != NULL && s->vocabulary != NULL;
    for (int t = 0; ok && t < n_threads; t++) {
        struct row_work *w = &s->work[t];
        w->logits = mem_new_aligned(v, sizeof(float), err);
        w->p = mem_new_aligned(v, sizeof(float), err);
        w->items = mem_new(v, sizeof(*w->items), err);
        w->count = mem_new(v, sizeof(int), err);
        w->touched = mem_new(v, sizeof(int), err);
        ok = w->logits && w->p && w->items && w->count && w->touched &&
             form_work_init(&w->form, s->vocabulary, err);
    }
    if (!ok) {
        sampler_free(s);
        return NULL;
    }
    if (n_end > 0) memcpy(s->end_ids, end_ids, (size_t)n_end * sizeof(int));
    return s;
}

void sampler_free(struct sampler *s)
{
    if (s == NULL) return;
    for (int t = 0; s->work != NULL && t < s->n_threads; t++) {
        struct row_work *w = &s->work[t];
        free(w->logits);
        free(w->p);
        free(w->items);
        free(w->count);
        free(w->touched);
        form_work_clear(&w->form);
    }
    form_vocabulary_free(s->vocabulary);
    free(s->work);
    free(s->end_ids);
    free(s);
}

struct form_vocabulary *sampler_vocabulary(const struct sampler *s)
{
    return s->vocabulary;
}

static bool is_listed(const int *ids, int n, int id)
{
    for (int i = 0; i < n; i++) {
        if (ids[i] == id) return true;
    }
    return false;
}

/* An end token of the model? */
static bool is_end(const struct sampler *s, int id)
{
    return is_listed(s->end_ids, s->n_end, id);
}

bool sampler_stops(const struct sampler *s, const struct engine_sampling *c, int id)
{
    return is_listed(c->stop_ids, c->n_stop_ids, id) || (!c->ignore_eos && is_end(s, id));
}

/* A counter-based generator: splitmix64's finaliser over the counter's parts (Steele et al., OOPSLA 2014). */
double sampler_uniform(uint64_t seed, int sample, int position)
{
    uint64_t counter = (uint64_t)(uint32_t)sample << 32 | (uint32_t)position;
    return (double)(hash_add(0, hash_add(0, seed) ^ hash_add(0, ~counter)) >> 11) * 0x1p-53;
}

/* ---- steps 1 to 4 ---- */

static bool penalises(const struct engine_sampling *c)
{
    return c->repetition_penalty != 1.0f || c->presence_penalty != 0.0f ||
           c->frequency_penalty != 0.0f;
}

/* Is there anything to do in steps 2 to 4? */
static bool changes(const struct draw *d)
{
    const struct engine_sampling *c = d->sampling;
    return d->n_output < c->min_tokens || c->n_bias > 0 || c->n_bad > 0 || penalises(c);
}

static bool adjusts(const struct draw *d)
{
    return d->must != NULL || d->sampling->allowed_ids != NULL || d->form.form != NULL ||
           changes(d);
}

/* The logits of some ids alone. */
static void keep_ids(const struct draw *d, const int *ids, int n_ids, float *x, int n)
{
    for (int i = 0; i < n; i++) {
        x[i] = -INFINITY;
    }
    for (int i = 0; i < n_ids; i++) {
        x[ids[i]] = d->logits[ids[i]];
    }
}

/* x, where the form lets through, into w->logits. Returns the largest of it; -infinity: it lets
 * nothing through. */
static float keep_form(const struct sampler *s, struct row_work *w, const struct form_cursor *form,
                       bool skip_special, const float *x)
{
    form_mask(s->vocabulary, form, skip_special, &w->form);
    return s->kernels->keep(w->logits, x, w->form.mask, s->n_vocab);
}

static void mask_ends(const struct sampler *s, const struct engine_sampling *c, float *x)
{
    for (int i = 0; i < s->n_end; i++) {
        x[s->end_ids[i]] = -INFINITY;
    }
    for (int i = 0; i < c->n_stop_ids; i++) {
        x[c->stop_ids[i]] = -INFINITY;
    }
}

/* The last id of each bad word that the output ends with but for it. */
static void mask_bad(const struct draw *d, float *x)
{
    const struct engine_sampling *c = d->sampling;
    const int *word = c->bad_ids;
    for (int i = 0; i < c->n_bad; word += c->bad_lengths[i++]) {
        int before = c->bad_lengths[i] - 1, same = 0;
        if (before > d->n_output) continue;
        while (same < before && d->output[d->n_output - before + same] == word[same]) {
            same++;
        }
        if (same == before) x[word[before]] = -INFINITY;
    }
}

/* Count the output's ids; with a repetition penalty, mark those of the prompt alone by -1.
 * Returns how many different ones. */
static int count_ids(struct row_work *w, const struct draw *d)
{
    int n = 0;
    for (int i = 0; i < d->n_output; i++) {
        int id = d->output[i];
        if (w->count[id]++ == 0) w->touched[n++] = id;
    }
    for (int i = 0; d->sampling->repetition_penalty != 1.0f && i < d->n_prompt; i++) {
        int id = d->prompt[i];
        if (w->count[id] != 0) continue;
        w->count[id] = -1;
        w->touched[n++] = id;
    }
    return n;
}

static void penalise(struct row_work *w, const struct draw *d)
{
    const struct engine_sampling *c = d->sampling;
    float r = c->repetition_penalty;
    int n = count_ids(w, d);
    for (int i = 0; i < n; i++) {
        int id = w->touched[i], count = w->count[id] > 0 ? w->count[id] : 0;
        float x = w->logits[id];
        if (r != 1.0f) x = x > 0 ? x / r : x * r;
        x -= c->frequency_penalty * (float)count;
        if (count > 0) x -= c->presence_penalty;
        w->logits[id] = x;
        w->count[id] = 0;
    }
}

/* Steps 2 to 4 on w->logits. */
static void change(const struct sampler *s, struct row_work *w, const struct draw *d)
{
    const struct engine_sampling *c = d->sampling;
    if (d->n_output < c->min_tokens) mask_ends(s, c, w->logits);
    mask_bad(d, w->logits);
    for (int i = 0; i < c->n_bias; i++) {
        w->logits[c->bias[i].id] += c->bias[i].bias;
    }
    if (penalises(c)) penalise(w, d);
}

/* The logits after steps 1 to 4, the model's own where there is nothing to do; *max, the largest of
 * those, becomes the largest of these. NULL: every token is excluded. */
static const float *adjust(const struct sampler *s, struct row_work *w, const struct draw *d,
                           float *max)
{
    const struct engine_sampling *c = d->sampling;
    w->let = NULL;
    if (!adjusts(d)) return d->logits;
    if (d->must != NULL) {
        keep_ids(d, d->must, 1, w->logits, s->n_vocab);
        return probs_max(w->logits, s->n_vocab, max) ? w->logits : NULL;
    }
    if (c->allowed_ids != NULL) {
        keep_ids(d, c->allowed_ids, c->n_allowed, w->logits, s->n_vocab);
    } else if (d->form.form != NULL) {
        *max = keep_form(s, w, &d->form, c->skip_special_tokens, d->logits);
        w->let = w->form.mask;
        if (!changes(d)) return isfinite(*max) ? w->logits : NULL;
    } else {
        memcpy(w->logits, d->logits, (size_t)s->n_vocab * sizeof(float));
    }
    change(s, w, d);
    return probs_max(w->logits, s->n_vocab, max) ? w->logits : NULL;
}

/* What would keep an output of a form from its end, or from anything at all. */
static bool check_form(const struct sampler *s, const struct engine_sampling *c, struct error *err)
{
    const struct {
        const char *field;
        bool given;
    } rows[] = {{"min_tokens", c->min_tokens > 0},
                {"bad_words", c->n_bad > 0},
                {"ignore_eos", c->ignore_eos},
                {"allowed_token_ids", c->allowed_ids != NULL}};
    if (c->form == NULL) return true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].given) continue;
        return error_set(err, ERROR_INVALID_VALUE, rows[i].field,
                         "%s does not go with an output of a given form", rows[i].field);
    }
    return s->n_end > 0 || error_set(err, ERROR_UNSUPPORTED, "structured_outputs",
                                     "this model has no end token, so no output could be complete");
}

bool sampler_check(const struct sampler *s, const struct engine_sampling *c, struct error *err)
{
    if (!check_form(s, c, err)) return false;
    if (c->allowed_ids == NULL || c->min_tokens <= 0) return true;
    for (int i = 0; i < c->n_allowed; i++) {
        int id = c->allowed_ids[i];
        if (!is_end(s, id) && !is_listed(c->stop_ids, c->n_stop_ids, id)) return true;
    }
    return error_set(err, ERROR_INVALID_VALUE, "allowed_token_ids",
                     "only end and stop tokens are allowed, which min_tokens forbids");
}

/* ---- steps 5 to 8 ---- */

static bool filters(const struct engine_sampling *c)
{
    return c->top_k > 0 || c->top_p < 1.0f || c->min_p > 0.0f;
}

/* Steps 6 and 7: set to 0 in w->p what may not be drawn. The best token has p = 1. */
static void filter(const struct sampler *s, struct row_work *w, const struct engine_sampling *c)
{
    if (c->min_p > 0.0f) probs_keep_least(w->p, s->n_vocab, c->min_p);
    if (c->top_k > 0) probs_keep_count(w->p, s->n_vocab, c->top_k, w->items);
    if (c->top_p < 1.0f) probs_keep_share(w->p, s->n_vocab, c->top_p, w->items);
}

/* w->p from x. What belongs to words of a form's mask that let nothing through is 0 at once. */
static void weigh(const struct sampler *s, struct row_work *w, const float *x, float max,
                  float scale)
{
    if (w->let == NULL) {
        s->kernels->exp_row(w->p, x, s->n_vocab, max, scale);
        return;
    }
    int n_words = (s->n_vocab + 63) / 64;
    for (int from = 0, to; from < n_words; from = to) {
        bool none = w->let[from] == 0;
        for (to = from + 1; to < n_words && (w->let[to] == 0) == none;) {
            to++;
        }
        int at = 64 * from, n = (to < n_words ? 64 * to : s->n_vocab) - at;
        if (none) {
            memset(w->p + at, 0, (size_t)n * sizeof(float));
        } else {
            s->kernels->exp_row(w->p + at, x + at, n, max, scale);
        }
    }
}

/* Draw a token by x. w->p then holds what was drawn from, its sum in *sum. */
static int choose(const struct sampler *s, struct row_work *w, const struct draw *d, const float *x,
                  float max, double *sum)
{
    const struct engine_sampling *c = d->sampling;
    weigh(s, w, x, max, 1.0f / c->temperature);
    if (filters(c)) filter(s, w, c);
    *sum = probs_sum(w->p, s->n_vocab);
    assert(*sum >= 1); /* the best token's p is 1, and no filter takes it away */
    return probs_find(w->p, s->n_vocab, sampler_uniform(c->seed, d->sample, d->n_output) * *sum);
}

/* ---- the numbers reported ---- */

/* ln p(i) = (x[i] - max) * scale - log_sum */
struct dist {
    const float *x;
    float max, scale, log_sum;
};

/* The softmax of x, as it is. */
static struct dist plain_dist(const struct sampler *s, const float *x, float max)
{
    float sum = s->kernels->sum_exp(x, s->n_vocab, max);
    return (struct dist){x, max, 1.0f, math_logf(sum)};
}

/* What choose() drew from; what it filtered out gets the logit -infinity. */
static struct dist drawn_dist(const struct sampler *s, struct row_work *w, const float *x,
                              float max, float temperature, double sum)
{
    for (int i = 0; i < s->n_vocab; i++) {
        w->logits[i] = w->p[i] > 0.0f ? x[i] : -INFINITY;
    }
    return (struct dist){w->logits, max, 1.0f / temperature, (float)math_log(sum)};
}

/* The softmax of x at a temperature: drawn_dist() where nothing is filtered out, to the bit. */
static struct dist tempered_dist(const struct sampler *s, struct row_work *w, const float *x,
                                 float max, float temperature)
{
    s->kernels->exp_row(w->p, x, s->n_vocab, max, 1.0f / temperature);
    double sum = probs_sum(w->p, s->n_vocab);
    return (struct dist){x, max, 1.0f / temperature, (float)math_log(sum)};
}

static float log_prob(const struct dist *q, int id)
{
    return (q->x[id] - q->max) * q->scale - q->log_sum;
}

static struct token_prob report(const struct sampler *s, const struct dist *q, int id)
{
    return (struct token_prob){id, log_prob(q, id), probs_rank(q->x, s->n_vocab, id)};
}

/* The k best. */
static int report_top(const struct sampler *s, struct row_work *w, const struct dist *q, int k,
                      struct token_prob *top)
{
    int n = probs_top(q->x, s->n_vocab, k, w->items);
    for (int i = 0; i < n; i++) {
        int id = w->items[i].id;
        top[i] = (struct token_prob){id, log_prob(q, id), i + 1};
    }
    return n;
}

/* Those that were asked for. */
static int report_ids(const struct sampler *s, const struct dist *q, const int *ids, int n,
                      struct token_prob *top)
{
    for (int i = 0; i < n; i++) {
        top[i] = report(s, q, ids[i]);
    }
    return n;
}

/* The chosen token's, in what it was chosen from: for a greedy one the softmax of x (as `processed`). */
static float drawn_log_prob(const struct sampler *s, struct row_work *w, const struct draw *d,
                            const float *x, float max, double sum)
{
    bool greedy = d->sampling->temperature < SAMPLER_GREEDY;
    struct dist q =
        greedy ? plain_dist(s, x, max) : drawn_dist(s, w, x, max, d->sampling->temperature, sum);
    return log_prob(&q, d->token);
}

/* The ids that could be drawn instead of d's token, itself among them; w->p holds what it was drawn from. */
static void tell_support(const struct sampler *s, const struct row_work *w, struct draw *d)
{
    bool greedy = d->sampling->temperature < SAMPLER_GREEDY;
    d->n_support = 0;
    if (greedy) d->support[d->n_support++] = d->token;
    for (int id = 0; id < s->n_vocab && !greedy && d->n_support <= SUPPORT_MAX; id++) {
        if (w->p[id] <= 0.0f) continue;
        if (d->n_support < SUPPORT_MAX) d->support[d->n_support] = id;
        d->n_support++;
    }
    if (d->n_support > SUPPORT_MAX || d->n_support == s->n_vocab) d->n_support = -1;
}

bool sampler_draw(struct sampler *s, int thread, struct draw *d)
{
    struct row_work *w = &s->work[thread];
    const struct engine_sampling *c = d->sampling;
    float own_max, max;
    double sum = 0;
    if (!probs_max(d->logits, s->n_vocab, &own_max)) return false;
    max = own_max;
    const float *x = adjust(s, w, d, &max);
    if (x == NULL) return false;

    bool greedy = c->temperature < SAMPLER_GREEDY;
    d->token = greedy ? probs_first(x, s->n_vocab, max) : choose(s, w, d, x, max, &sum);
    assert(d->token >= 0 && d->token < s->n_vocab);
    d->n_top = 0;
    d->n_support = -1;
    if (c->support) tell_support(s, w, d);
    if (c->logprobs < 0) return true;
    struct dist q = !c->processed ? plain_dist(s, d->logits, own_max)
                    : greedy      ? plain_dist(s, x, max)
                                  : drawn_dist(s, w, x, max, c->temperature, sum);
    d->prob = report(s, &q, d->token);
    d->n_top = c->n_score_ids > 0 ? report_ids(s, &q, c->score_ids, c->n_score_ids, d->top)
                                  : report_top(s, w, &q, c->logprobs, d->top);
    if (c->both) d->drawn = drawn_log_prob(s, w, d, x, max, sum);
    return true;
}

bool sampler_score(struct sampler *s, int thread, const struct scoring *what,
                   struct token_prob *prob, struct token_prob *top, int *n_top)
{
    struct row_work *w = &s->work[thread];
    const float *x = what->logits;
    float max;
    if (!probs_max(x, s->n_vocab, &max)) return false;
    if (what->form.form != NULL) {
        max = keep_form(s, w, &what->form, what->skip_special, x);
        x = w->logits;
        if (!isfinite(max)) return false;
    }
    bool plain = what->temperature < SAMPLER_GREEDY;
    struct dist q = plain ? plain_dist(s, x, max) : tempered_dist(s, w, x, max, what->temperature);
    *prob = report(s, &q, what->id);
    if (isinf(x[what->id])) prob->rank = 0; /* it has no probability, and so no rank */
    *n_top = what->ids != NULL ? report_ids(s, &q, what->ids, what->k, top)
                               : report_top(s, w, &q, what->k, top);
    return true;
}
