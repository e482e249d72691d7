/* tests/bench/bench_forms.c - what a form costs: compiling it, and the mask of each token of a document.
 *
 *   bench_forms TOKENIZER FILE [FILE ...]
 *
 * TOKENIZER is a GGUF file or a folder. A FILE is JSON: {"schema": ..., "tests": [{"data": ..., "valid":
 * true}, ...]}, as the schemas of JSONSchemaBench come. Valid documents, written compactly, are read
 * token by token as a model would write them: a mask, then the token. Times are the thread's CPU time;
 * a mask found in the cache counts as every other. Compare with another library by giving both the same
 * files and documents.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/model/gguf.h"
#include "engine/sample/form/vocabulary.h"
#include "engine/tokenizer/tokenizer.h"

struct times {
    double *us; /* owned */
    int n, room;
};

struct bench {
    struct tokenizer *tokenizer;
    struct form_vocabulary *vocabulary;
    struct form_work work;
    struct times compile, mask, accept;
    int refused, documents, unread;
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void add(struct times *t, double since)
{
    if (!mem_reserve(&t->us, t->n + 1, &t->room, sizeof(*t->us))) exit(1);
    t->us[t->n++] = now_us() - since;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, struct times *t)
{
    double sum = 0;
    qsort(t->us, (size_t)t->n, sizeof(*t->us), by_value);
    for (int i = 0; i < t->n; i++) {
        sum += t->us[i];
    }
    if (t->n == 0) return;
    printf("%-8s %8d  mean %8.1f us  p50 %8.1f  p90 %8.1f  p99 %8.1f  p99.9 %8.1f  worst %9.1f\n",
           name, t->n, sum / t->n, t->us[t->n / 2], t->us[t->n * 9 / 10], t->us[(int)(t->n * 0.99)],
           t->us[(int)(t->n * 0.999)], t->us[t->n - 1]);
    free(t->us);
}

static struct span text_of(const void *tokenizer, int id, bool skip_special)
{
    return tokenizer_piece(tokenizer, id, skip_special);
}

static bool set_up(struct bench *b, const char *path, struct error *err)
{
    struct gguf *g = span_ends(span_str(path), span_str(".gguf")) ? gguf_open(path, err) : NULL;
    b->tokenizer = g != NULL ? tokenizer_from_gguf(g, err) : tokenizer_from_hf(path, err);
    gguf_close(g);
    if (b->tokenizer == NULL) return false;
    int n = tokenizer_n_vocab(b->tokenizer), eos = tokenizer_eos(b->tokenizer);
    double start = now_us();
    b->vocabulary = form_vocabulary_new(n, &eos, 1, text_of, b->tokenizer, err);
    if (b->vocabulary == NULL || !form_work_init(&b->work, b->vocabulary, err)) return false;
    printf("vocabulary of %d: %.0f us\n", n, now_us() - start);
    return true;
}

static bool read_document(struct bench *b, const struct form *f, struct span text)
{
    struct tokens ids = {0};
    struct form_cursor c;
    bool fits = tokenizer_encode(b->tokenizer, text, (struct encode_flags){0}, &ids, NULL);
    form_cursor_begin(&c, f);
    for (size_t i = 0; fits && i < ids.n; i++) {
        double start = now_us();
        form_mask(b->vocabulary, &c, true, &b->work);
        add(&b->mask, start);
        bool allowed = form_mask_has(&b->work, ids.ids[i]);
        start = now_us();
        fits = form_accept(b->vocabulary, &c, ids.ids[i], true);
        add(&b->accept, start);
        if (fits != allowed) {
            printf("the mask and the form disagree about token %d\n", ids.ids[i]);
            exit(1);
        }
    }
    fits = fits && form_cursor_may_end(&c);
    tokens_clear(&ids);
    return fits;
}

static void run_file(struct bench *b, const char *path)
{
    struct buffer file, text;
    struct error err = {0};
    buffer_init(&file, 64 << 20);
    buffer_init(&text, 64 << 20);
    cJSON *root =
        file_read(path, 64 << 20, &file, &err) ? json_parse(buffer_span(&file), &err) : NULL;
    if (root == NULL || !json_print(cJSON_GetObjectItem(root, "schema"), &text)) {
        printf("%s: %s\n", path, err.message);
        exit(1);
    }
    const struct form_source source = {.type = FORM_SCHEMA, .text = buffer_span(&text)};
    double start = now_us();
    struct form *f = form_new(&source, &err);
    add(&b->compile, start);
    b->refused += f == NULL;
    const cJSON *test;
    cJSON_ArrayForEach(test, cJSON_GetObjectItem(root, "tests"))
    {
        if (f == NULL || !cJSON_IsTrue(cJSON_GetObjectItem(test, "valid"))) continue;
        buffer_drop(&text, text.n);
        json_print(cJSON_GetObjectItem(test, "data"), &text);
        b->documents++;
        b->unread += !read_document(b, f, buffer_span(&text));
    }
    form_free(f);
    cJSON_Delete(root);
    buffer_clear(&file);
    buffer_clear(&text);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct error err = {0};
    if (argc < 3) {
        printf("bench_forms TOKENIZER FILE [FILE ...]: nothing to measure\n");
        return 0;
    }
    if (!set_up(&b, argv[1], &err)) {
        printf("%s\n", err.message);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        run_file(&b, argv[i]);
    }
    printf("%d schemas, %d refused; %d documents, %d not read to their end (keys in another order, "
           "say)\n",
           argc - 2, b.refused, b.documents, b.unread);
    report("compile", &b.compile);
    report("mask", &b.mask);
    report("token", &b.accept);
    form_work_clear(&b.work);
    form_vocabulary_free(b.vocabulary);
    tokenizer_free(b.tokenizer);
    return 0;
}
