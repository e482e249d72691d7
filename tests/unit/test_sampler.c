/* tests/unit/test_sampler.c - the sampler against the definitions, written out naively in double.
 *
 * naive() follows sampler.h step by step with a full sort. What may be drawn and with which
 * probability must agree; draws must follow those probabilities, and depend on (seed, sample,
 * position) only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernels/kernels.h"
#include "engine/sample/probs.h"
#include "engine/sample/sampler.h"

enum { VOCAB = 5000, TOP = 30, END = 3 };

static const int prompt[] = {1, 2, 7, 7, 100, 4999};
static const int output[] = {7, 9, 9, 9, 50};
static const int allowed[] = {0, 3, 7, 9, 50, 51, 52, 1000, 1001, 4999};
static const int stop_ids[] = {51, 52};
static const struct logit_bias bias[] = {{9, 4}, {1000, -3}, {4000, 9}};

static const struct {
    const char *name;
    float temperature;
    int top_k;
    float top_p, min_p, repetition, presence, frequency;
    int min_tokens;
    bool allowed, biased;
} cases[] = {
    {"plain", 1, 0, 1, 0, 1, 0, 0, 0, false, false},
    {"cold", 0.3f, 0, 1, 0, 1, 0, 0, 0, false, false},
    {"hot", 5, 0, 1, 0, 1, 0, 0, 0, false, false},
    {"greedy", 0, 0, 1, 0, 1, 0, 0, 0, false, false},
    {"top-k", 1, 10, 1, 0, 1, 0, 0, 0, false, false},
    {"top-k of one", 1, 1, 1, 0, 1, 0, 0, 0, false, false},
    {"top-k of many", 1, 3000, 1, 0, 1, 0, 0, 0, false, false},
    {"top-k past the vocabulary", 1, 9999, 1, 0, 1, 0, 0, 0, false, false},
    {"top-p", 1, 0, 0.9f, 0, 1, 0, 0, 0, false, false},
    {"top-p, flat", 20, 0, 0.5f, 0, 1, 0, 0, 0, false, false},
    {"top-p of nothing", 1, 0, 0, 0, 1, 0, 0, 0, false, false},
    {"top-p of nearly all", 1, 0, 0.9999f, 0, 1, 0, 0, 0, false, false},
    {"min-p", 1, 0, 1, 0.02f, 1, 0, 0, 0, false, false},
    {"all three", 0.8f, 50, 0.8f, 0.01f, 1, 0, 0, 0, false, false},
    {"repetition", 1, 0, 1, 0, 1.5f, 0, 0, 0, false, false},
    {"presence and frequency", 1, 0, 1, 0, 1, 1.5f, 0.7f, 0, false, false},
    {"rewarded repetition, greedy", 0, 0, 1, 0, 0.1f, -2, -1, 0, false, false},
    {"bias", 1, 0, 1, 0, 1, 0, 0, 0, false, true},
    {"allowed", 1, 0, 1, 0, 1, 0, 0, 0, true, false},
    {"allowed, no end yet", 1, 0, 1, 0, 1, 0, 0, 6, true, true},
    {"everything", 0.7f, 6, 0.9f, 0.001f, 1.2f, 0.5f, 0.2f, 6, true, true},
};

/* Logits with a few clear favourites, ties among them. */
static struct span no_text(const void *arg, int id, bool skip_special)
{
    (void)arg;
    (void)id;
    (void)skip_special;
    return span_of(NULL, 0);
}

static void make_logits(float *x)
{
    unsigned seed = 12345;
    for (int i = 0; i < VOCAB; i++) {
        float sum = 0;
        for (int j = 0; j < 4; j++) {
            seed = seed * 1664525u + 1013904223u;
            sum += (float)(seed >> 8) * 0x1p-24f - 0.5f;
        }
        x[i] = sum * 4;
    }
    x[9] = x[50] = x[51] = 6.5f;
    x[1000] = 7;
    x[4999] = x[7] = 5;
    x[3] = 6;
}

static struct engine_sampling sampling_of(size_t i)
{
    struct engine_sampling c;
    engine_sampling_init(&c);
    c.temperature = cases[i].temperature;
    c.top_k = cases[i].top_k;
    c.top_p = cases[i].top_p;
    c.min_p = cases[i].min_p;
    c.repetition_penalty = cases[i].repetition;
    c.presence_penalty = cases[i].presence;
    c.frequency_penalty = cases[i].frequency;
    c.min_tokens = cases[i].min_tokens;
    c.stop_ids = stop_ids;
    c.n_stop_ids = 2;
    if (cases[i].allowed) c.allowed_ids = allowed, c.n_allowed = 10;
    if (cases[i].biased) c.bias = bias, c.n_bias = 3;
    c.logprobs = TOP;
    return c;
}

/* ---- the definitions ---- */

struct entry {
    int id;
    double logit, p;
};

static int by_logit(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->logit != y->logit) return x->logit < y->logit ? 1 : -1;
    return x->id - y->id;
}

static bool is_in(int id, const int *list, int n)
{
    for (int i = 0; i < n; i++) {
        if (list[i] == id) return true;
    }
    return false;
}

static int times(int id)
{
    int n = 0;
    for (int i = 0; i < 5; i++) {
        n += output[i] == id;
    }
    return n;
}

static double adjusted(const float *x, int id, const struct engine_sampling *c)
{
    double l = (double)x[id];
    if (c->allowed_ids != NULL && !is_in(id, allowed, 10)) return -HUGE_VAL;
    if (5 < c->min_tokens && (id == END || is_in(id, stop_ids, 2))) return -HUGE_VAL;
    for (int i = 0; i < c->n_bias; i++) {
        if (bias[i].id == id) l += (double)bias[i].bias;
    }
    double r = (double)c->repetition_penalty;
    if (is_in(id, prompt, 6) || times(id) > 0) l = l > 0 ? l / r : l * r;
    l -= (double)c->frequency_penalty * times(id);
    if (times(id) > 0) l -= (double)c->presence_penalty;
    return l;
}

static double weigh(struct entry *e, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += e[i].p;
    }
    return sum;
}

/* All that may be drawn, best first, with probabilities. Returns how many. */
static int naive(const float *x, const struct engine_sampling *c, struct entry *e)
{
    int n = 0;
    double t = c->temperature < SAMPLER_GREEDY ? 1 : (double)c->temperature;
    for (int i = 0; i < VOCAB; i++) {
        double l = adjusted(x, i, c);
        if (isfinite(l)) e[n++] = (struct entry){i, l, 0};
    }
    qsort(e, (size_t)n, sizeof(*e), by_logit);
    for (int i = 0; i < n; i++) {
        e[i].p = exp((e[i].logit - e[0].logit) / t);
    }
    while (n > 1 && e[n - 1].p < (double)c->min_p) {
        n--;
    }
    if (c->top_k > 0 && n > c->top_k) n = c->top_k;
    double whole = weigh(e, n);
    while (c->top_p < 1 && n > 1 && weigh(e, n - 1) >= (double)c->top_p * whole) {
        n--;
    }
    whole = weigh(e, n);
    for (int i = 0; i < n; i++) {
        e[i].p /= whole;
    }
    return n;
}

/* ---- comparing ---- */

struct bench {
    struct sampler *s;
    float *x;
    struct entry *want;
    struct token_prob top[LOGPROBS_MAX];
};

static struct bench *bench_new(void)
{
    static const int end = END;
    struct bench *b = calloc(1, sizeof(*b));
    b->x = aligned_alloc(64, VOCAB * sizeof(float) + 64 - VOCAB * sizeof(float) % 64);
    b->want = calloc(VOCAB, sizeof(*b->want));
    b->s = sampler_new(kernels_pick(NULL, NULL), VOCAB, &end, 1, no_text, NULL, 1, NULL);
    assert_non_null(b->s);
    make_logits(b->x);
    return b;
}

static void bench_free(struct bench *b)
{
    sampler_free(b->s);
    free(b->x);
    free(b->want);
    free(b);
}

static struct draw draw_of(struct bench *b, const struct engine_sampling *c, int sample)
{
    return (struct draw){.logits = b->x,
                         .sampling = c,
                         .prompt = prompt,
                         .n_prompt = 6,
                         .output = output,
                         .n_output = 5,
                         .sample = sample,
                         .top = b->top};
}

static void assert_close(const char *name, const char *what, double a, double b, double tolerance)
{
    if (fabs(a - b) > tolerance) fail_msg("%s: %s is %.9g, expected %.9g", name, what, a, b);
}

static void test_processed_distribution(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_sampling c = sampling_of(i);
        c.processed = true;
        int n = naive(b->x, &c, b->want);
        struct draw d = draw_of(b, &c, 0);
        assert_true(sampler_draw(b->s, 0, &d));
        int shown = n < TOP ? n : TOP;
        if (d.n_top != shown) {
            fail_msg("%s: %d alternatives, not %d", cases[i].name, d.n_top, shown);
        }
        for (int j = 0; j < shown; j++) {
            const struct entry *e = &b->want[j];
            if (d.top[j].id != e->id || d.top[j].rank != j + 1) {
                fail_msg("%s: place %d has %d, not %d", cases[i].name, j, d.top[j].id, e->id);
            }
            assert_close(cases[i].name, "log-probability", (double)d.top[j].logprob, log(e->p),
                         3e-5);
        }
    }
    bench_free(b);
}

static int by_id(const void *a, const void *b)
{
    return ((const struct entry *)a)->id - ((const struct entry *)b)->id;
}

/* The ids that could be drawn: naive()'s, in rising order; one of a greedy token; none where nothing is cut
 * off, or more than SUPPORT_MAX are left. */
static void test_support(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    static int support[SUPPORT_MAX];
    int told = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_sampling c = sampling_of(i);
        bool greedy = c.temperature < SAMPLER_GREEDY;
        c.support = true;
        int n = greedy ? 1 : naive(b->x, &c, b->want);
        struct draw d = draw_of(b, &c, 0);
        d.support = support;
        assert_true(sampler_draw(b->s, 0, &d));
        if (greedy) b->want[0].id = d.token;
        if (n > SUPPORT_MAX) {
            assert_int_equal(d.n_support, -1);
            continue;
        }
        told++;
        if (d.n_support != n) fail_msg("%s: %d ids, not %d", cases[i].name, d.n_support, n);
        qsort(b->want, (size_t)n, sizeof(*b->want), by_id);
        for (int j = 0; j < n; j++) {
            assert_int_equal(support[j], b->want[j].id);
        }
    }
    assert_true(told > 8);
    bench_free(b);
}

static void test_own_distribution(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct engine_sampling plain;
    engine_sampling_init(&plain);
    int n = naive(b->x, &plain, b->want);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_sampling c = sampling_of(i);
        struct draw d = draw_of(b, &c, 1);
        struct token_prob scored, top[TOP];
        int n_top;
        assert_true(sampler_draw(b->s, 0, &d));
        int at = 0;
        while (at < n && b->want[at].id != d.token) {
            at++;
        }
        assert_int_equal(d.prob.rank, at + 1);
        assert_close(cases[i].name, "log-probability", (double)d.prob.logprob, log(b->want[at].p),
                     3e-5);
        assert_int_equal(d.n_top, TOP);
        for (int j = 0; j < TOP; j++) {
            assert_int_equal(d.top[j].id, b->want[j].id);
        }
        assert_true(sampler_score(b->s, 0,
                                  &(struct scoring){.logits = b->x, .id = d.token, .k = TOP},
                                  &scored, top, &n_top));
        assert_memory_equal(&scored, &d.prob, sizeof(scored)); /* the same bits */
        assert_memory_equal(top, d.top, sizeof(top));
    }
    bench_free(b);
}

/* How often each token comes: within five standard deviations of what naive() says. */
static void test_draws_follow_it(void **state)
{
    (void)state;
    enum { DRAWS = 3000 };
    struct bench *b = bench_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_sampling c = sampling_of(i);
        int n = naive(b->x, &c, b->want), counts[VOCAB] = {0};
        if (c.temperature < SAMPLER_GREEDY) n = 1, b->want[0].p = 1;
        c.logprobs = LOGPROBS_NONE;
        c.seed = 42 + i;
        for (int j = 0; j < DRAWS; j++) {
            struct draw d = draw_of(b, &c, j);
            assert_true(sampler_draw(b->s, 0, &d));
            counts[d.token]++;
        }
        int total = 0;
        for (int j = 0; j < n; j++) {
            double p = b->want[j].p, sigma = sqrt(DRAWS * p * (1 - p));
            int got = counts[b->want[j].id];
            total += got;
            if (DRAWS * p < 10) continue; /* too rare for a normal approximation */
            assert_close(cases[i].name, "a token's count", got, DRAWS * p, 5 * sigma);
        }
        if (total != DRAWS) fail_msg("%s: %d excluded tokens drawn", cases[i].name, DRAWS - total);
    }
    bench_free(b);
}

static void test_uniform(void **state)
{
    (void)state;
    double sum = 0, squares = 0, neighbours = 0, last = 0.5;
    int n = 0;
    for (int sample = 0; sample < 100; sample++) {
        for (int position = 0; position < 100; position++, n++) {
            double u = sampler_uniform(7, sample, position);
            assert_true(u >= 0 && u < 1);
            sum += u;
            squares += (u - 0.5) * (u - 0.5);
            neighbours += (u - 0.5) * (last - 0.5);
            last = u;
        }
    }
    assert_close("uniform", "mean", sum / n, 0.5, 0.015);
    assert_close("uniform", "variance", squares / n, 1.0 / 12, 0.004);
    assert_close("uniform", "correlation", neighbours / n, 0, 0.004);
    assert_true(sampler_uniform(7, 1, 2) == sampler_uniform(7, 1, 2));
    assert_true(sampler_uniform(7, 1, 2) != sampler_uniform(7, 2, 1));
    assert_true(sampler_uniform(7, 1, 2) != sampler_uniform(8, 1, 2));
}

static void test_nothing_to_choose(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct engine_sampling c;
    static const int ends[] = {END};
    engine_sampling_init(&c);
    b->x[4321] = NAN;
    struct draw d = draw_of(b, &c, 0);
    assert_false(sampler_draw(b->s, 0, &d));
    b->x[4321] = 0;
    assert_true(sampler_draw(b->s, 0, &d));
    b->x[17] = INFINITY;
    assert_false(sampler_draw(b->s, 0, &d));
    b->x[17] = -INFINITY; /* a token that cannot come is no fault */
    assert_true(sampler_draw(b->s, 0, &d));
    c.allowed_ids = ends;
    c.n_allowed = 1;
    c.min_tokens = 100;
    assert_false(sampler_draw(b->s, 0, &d));
    bench_free(b);
}

/* ---- forms ---- */

/* Token i is the number i in decimals, END nothing. */
static struct span decimals(const void *arg, int id, bool skip_special)
{
    static char texts[VOCAB][8];
    (void)arg;
    (void)skip_special;
    if (id == END) return span_of(NULL, 0);
    snprintf(texts[id], sizeof(texts[id]), "%d", id);
    return span_str(texts[id]);
}

static int first_digit(int id)
{
    while (id >= 10) {
        id /= 10;
    }
    return id;
}

/* Which numbers each lets through as the first token. */
static bool is_seven(int id)
{
    return id == 7;
}

static bool begins_with_4(int id)
{
    return first_digit(id) == 4;
}

static bool has_low_digits(int id)
{
    while (id >= 10 && id % 10 < 5) {
        id /= 10;
    }
    return id < 5;
}

static bool begins_with_no_9(int id)
{
    return first_digit(id) != 9;
}

static const struct {
    const char *regex;
    bool (*has)(int id);
} forms[] = {{"7", is_seven},
             {"4[0-9]{3}", begins_with_4},
             {"[0-4]+", has_low_digits},
             {"0|[1-8][0-9]*", begins_with_no_9}};

static void assert_same_draw(const struct draw *a, const struct draw *b, const char *name,
                             const char *regex)
{
    bool same = a->token == b->token && memcmp(&a->prob, &b->prob, sizeof(a->prob)) == 0 &&
                a->n_top == b->n_top && a->n_support == b->n_support &&
                memcmp(a->top, b->top, (size_t)a->n_top * sizeof(*a->top)) == 0 &&
                (a->n_support < 0 ||
                 memcmp(a->support, b->support, (size_t)a->n_support * sizeof(int)) == 0);
    if (!same) fail_msg("%s, \"%s\": tokens %d and %d", name, regex, a->token, b->token);
}

/* A form leaves what logits of -infinity leave, to the bit. */
static void test_forms(void **state)
{
    (void)state;
    static int support[2][SUPPORT_MAX];
    static struct token_prob top[TOP];
    struct bench *b = bench_new();
    sampler_free(b->s);
    static const int end = END;
    b->s = sampler_new(kernels_pick(NULL, NULL), VOCAB, &end, 1, decimals, NULL, 1, NULL);
    float *kept = calloc(VOCAB, sizeof(*kept));
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        const struct form_source source = {.type = FORM_REGEX, .text = span_str(forms[f].regex)};
        struct form *form = form_new(&source, NULL);
        assert_non_null(form);
        for (int id = 0; id < VOCAB; id++) {
            kept[id] = id != END && forms[f].has(id) ? b->x[id] : -INFINITY;
        }
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct engine_sampling c = sampling_of(i);
            if (c.allowed_ids != NULL || c.min_tokens > 0) continue;
            c.processed = c.support = true;
            for (int sample = 0; sample < 20; sample++) {
                struct draw by_form = draw_of(b, &c, sample), by_logits = by_form;
                form_cursor_begin(&by_form.form, form);
                by_form.support = support[0];
                by_logits.support = support[1];
                by_logits.top = top;
                by_logits.logits = kept;
                assert_true(sampler_draw(b->s, 0, &by_form) && sampler_draw(b->s, 0, &by_logits));
                assert_same_draw(&by_form, &by_logits, cases[i].name, forms[f].regex);
            }
        }
        form_free(form);
    }
    free(kept);
    bench_free(b);
}

/* ---- selection ---- */

static void test_top_of_ties(void **state)
{
    (void)state;
    enum { N = 1000 };
    static float x[N];
    static struct prob_item items[N];
    for (int k = 1; k <= N; k += 37) {
        for (int i = 0; i < N; i++) {
            x[i] = (float)(i % 3);
        }
        assert_int_equal(probs_top(x, N, k, items), k);
        for (int i = 0; i < k; i++) { /* all 2s by id, then the 1s, then the 0s */
            int block = i < 333 ? 0 : i < 666 ? 1 : 2;
            int id = block == 2 ? 3 * (i - 666) : 3 * (i - 333 * block) + 2 - block;
            if (items[i].id != id) fail_msg("k %d: place %d has %d, not %d", k, i, items[i].id, id);
        }
        probs_keep_count(x, N, k < 600 ? k : 600, items);
        int kept = 0;
        for (int i = 0; i < N; i++) {
            kept += x[i] > 0;
        }
        assert_int_equal(kept, k < 600 ? k : 600);
    }
}

static int best_first(const void *a, const void *b)
{
    const struct prob_item *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* How many of the sorted ones reach a share. All are multiples of 2^-20, so that sums are exact. */
static int naive_share(const struct prob_item *sorted, int n, double target)
{
    double sum = 0;
    int kept = 0;
    while (kept < n && (kept == 0 || sum < target)) {
        sum += (double)sorted[kept++].value;
    }
    return kept;
}

/* Nuclei of rows that are flat, and of ones with few favourites; many are equal. */
static void test_shares(void **state)
{
    (void)state;
    enum { N = 20001 };
    static const float shares[] = {0, 0.001f, 0.5f, 0.9f, 0.95f, 0.999f};
    static float p[N];
    static struct prob_item sorted[N], items[N];
    for (int steep = 0; steep < 12; steep++) {
        for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
            unsigned seed = 99;
            for (int i = 0; i < N; i++) {
                seed = seed * 1664525u + 1013904223u;
                float v = powf((float)(seed >> 8) * 0x1p-24f, (float)(steep * steep) / 2);
                p[i] = i == 77 ? 1 : floorf(v * 0x1p20f) * 0x1p-20f;
                sorted[i] = (struct prob_item){p[i], i};
            }
            qsort(sorted, N, sizeof(sorted[0]), best_first);
            int kept = naive_share(sorted, N, (double)shares[s] * probs_sum(p, N));
            probs_keep_share(p, N, shares[s], items);
            for (int i = 0; i < N; i++) {
                assert_true(p[sorted[i].id] == (i < kept ? sorted[i].value : 0));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_processed_distribution),
        cmocka_unit_test(test_support),
        cmocka_unit_test(test_own_distribution),
        cmocka_unit_test(test_draws_follow_it),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_nothing_to_choose),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_top_of_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
