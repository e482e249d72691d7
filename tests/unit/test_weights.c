/* tests/unit/test_weights.c - packing: how much memory it takes, what it gives back, what it
 * reports.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/model/model.h"
#include "engine/model/tally.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"

static const char *const models[] = {
    "models/touchstone-tiny.gguf",
    "tests/golden/data/llama-k256-q4_k_m.gguf",
    "tests/golden/data/qwen2-bias-q8_0.gguf",
    "tests/golden/data/qwen3-yarn-f16.gguf",
};

/* Bytes of a file that this process has in memory through its mappings of it. */
static long mapped_bytes(const char *path)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    const char *slash = strrchr(path, '/');
    char line[4352];
    bool ours = false;
    long sum = 0, kb;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strstr(line, "-") != NULL && strstr(line, " r") != NULL) {
            ours = strstr(line, slash + 1) != NULL;
        }
        if (ours && sscanf(line, "Rss: %ld kB", &kb) == 1) sum += kb * 1024;
    }
    fclose(f);
    return sum;
}

struct reports {
    size_t last, total;
    int n;
    bool grows;
};

static void on_progress(void *arg, size_t done, size_t total)
{
    struct reports *r = arg;
    r->grows = r->grows && done > r->last && (r->n == 0 || total == r->total);
    r->last = done;
    r->total = total;
    r->n++;
}

static struct model *open_model(const char *path)
{
    struct error err = {0};
    struct model *m = model_open(path, &err);
    if (m == NULL) fail_msg("%s: %s", path, err.message);
    return m;
}

static void test_packed_size_and_dropped_file(void **state)
{
    (void)state;
    struct pool *pool = pool_new(2, false, NULL);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct model *m = open_model(models[i]);
        struct weights *w = weights_pack(m, &(struct weights_plan){.quantise = -1}, pool, NULL);
        assert_non_null(w);
        double tensors = (double)model_tally(m).all_bytes;
        /* a tensor's size is rounded to cache lines, and rows to panels of 16: small models round most */
        double most = 1.15 * tensors;
        if ((double)w->bytes > most) {
            fail_msg("%s: %zu bytes packed of %.0f", models[i], w->bytes, tensors);
        }
        /* What was packed has left, but for edges: a read maps some 64 KiB around it too, of neighbours that have
         * left already. What that comes to is chance, and nearly all of a small file. */
        long beside = mapped_bytes(models[i]);
        if (tensors > 1 << 20 && (double)beside > 0.15 * tensors + 131072) {
            fail_msg("%s: %ld bytes are there twice", models[i], beside);
        }
        model_drop_tensors(m);
        long left = mapped_bytes(models[i]);
        if ((double)left > 0.15 * tensors + 65536) {
            fail_msg("%s: %ld bytes stay mapped", models[i], left);
        }
        weights_free(w);
        model_close(m);
    }
    pool_free(pool);
}

static void test_progress(void **state)
{
    (void)state;
    struct pool *pool = pool_new(2, false, NULL);
    struct model *m = open_model(models[0]);
    struct reports r = {.grows = true};
    struct weights *w = weights_pack(m, &(struct weights_plan){.quantise = -1, .progress = on_progress, .arg = &r}, pool, NULL);
    assert_non_null(w);
    assert_true(r.grows && r.n > 10);
    assert_int_equal(r.last, w->bytes);
    assert_int_equal(r.total, w->bytes);
    weights_free(w);
    model_close(m);
    pool_free(pool);
}

/* The number of threads changes nothing. */
static void test_threads_pack_alike(void **state)
{
    (void)state;
    struct model *m = open_model(models[1]);
    struct weights *w[2];
    for (int i = 0; i < 2; i++) {
        struct pool *pool = pool_new(1 + 3 * i, false, NULL);
        w[i] = weights_pack(m, &(struct weights_plan){.quantise = -1}, pool, NULL);
        assert_non_null(w[i]);
        pool_free(pool);
    }
    assert_int_equal(w[0]->bytes, w[1]->bytes);
    assert_memory_equal(w[0]->memory, w[1]->memory, w[0]->bytes);
    weights_free(w[0]);
    weights_free(w[1]);
    model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_size_and_dropped_file),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_threads_pack_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
