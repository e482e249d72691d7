/* tests/bench/bench_forms.c - what a form costs: compiling it, and the mask of each token of a document.
 *
 *   bench_forms [-o LINES] TOKENIZER FILE [FILE ...]
 *
 * TOKENIZER is a GGUF file or a folder. A FILE is JSON: {"schema": ..., "tests": [{"data": ..., "valid":
 * true}, ...]}, as the schemas of JSONSchemaBench come. Documents, written compactly, are read
 * token by token as a model would write them: a mask, then the token; the times are those of valid ones. Times are
 * the thread's CPU time; a mask found in the cache counts as every other. A valid document that is not read
 * to its end and an invalid one that is are named. With -o, what was read is written to LINES, so that
 * another library can read the same tokens: tests/bench/forms_beside.py.
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
#include "tests/bench/median.h"

struct times {
    double *us; /* owned */
    int n, room;
    double worst;
    const char *where; /* the file of the worst; borrowed */
};

struct bench {
    struct tokenizer *tokenizer;
    struct form_vocabulary *vocabulary;
    struct form_work work;
    struct times compile, mask, accept;
    int refused, valid, unread, invalid, taken;
    const char *file; /* being read */
    FILE *lines;      /* of -o, or NULL */
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void add(const struct bench *b, struct times *t, double since)
{
    double us = now_us() - since;
    if (!mem_reserve(&t->us, t->n + 1, &t->room, sizeof(*t->us))) exit(1);
    t->us[t->n++] = us;
    if (us <= t->worst) return;
    t->worst = us;
    t->where = b->file;
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
    printf("         the worst: %s\n", t->where);
    free(t->us);
}

static struct span text_of(const void *tokenizer, int id, bool skip_special)
{
    return tokenizer_piece(tokenizer, id, skip_special);
}

/* {"tokens": [bytes as hexadecimal, ...], "eos": id} */
static void write_vocabulary(const struct bench *b, int n, int eos)
{
    fprintf(b->lines, "{\"eos\": %d, \"tokens\": [", eos);
    for (int id = 0; id < n; id++) {
        struct span text = tokenizer_piece(b->tokenizer, id, false);
        fprintf(b->lines, "%s\"", id == 0 ? "" : ", ");
        for (size_t i = 0; i < text.n; i++) {
            fprintf(b->lines, "%02x", (unsigned char)text.p[i]);
        }
        fprintf(b->lines, "\"");
    }
    fprintf(b->lines, "]}\n");
}

/* {"valid": true or false, "document": [ids]}, of the schema written last */
static void write_document(const struct bench *b, const struct tokens *ids, bool valid)
{
    fprintf(b->lines, "{\"valid\": %s, \"document\": [", valid ? "true" : "false");
    for (size_t i = 0; i < ids->n; i++) {
        fprintf(b->lines, "%s%d", i == 0 ? "" : ", ", ids->ids[i]);
    }
    fprintf(b->lines, "]}\n");
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
    if (b->lines != NULL) write_vocabulary(b, n, eos);
    return true;
}

/* Is it read to its end? */
static bool read_document(struct bench *b, const struct form *f, struct span text, bool valid)
{
    struct tokens ids = {0};
    struct form_cursor c;
    bool fits = tokenizer_encode(b->tokenizer, text, (struct encode_flags){0}, &ids, NULL);
    if (fits && b->lines != NULL) write_document(b, &ids, valid);
    form_cursor_begin(&c, f);
    for (size_t i = 0; fits && i < ids.n; i++) {
        double start = now_us();
        form_mask(b->vocabulary, &c, true, &b->work);
        if (valid) add(b, &b->mask, start);
        bool allowed = form_mask_has(&b->work, ids.ids[i]);
        start = now_us();
        fits = form_accept(b->vocabulary, &c, ids.ids[i], true);
        if (valid) add(b, &b->accept, start);
        if (fits != allowed) {
            printf("the mask and the form disagree about token %d%s\n", ids.ids[i],
                   form_has_failed(f) ? ": the form has failed" : "");
            exit(1);
        }
    }
    fits = fits && form_cursor_may_end(&c);
    tokens_clear(&ids);
    return fits;
}

static void run_test(struct bench *b, const struct form *f, const cJSON *test)
{
    bool valid = cJSON_IsTrue(cJSON_GetObjectItem(test, "valid"));
    struct buffer text;
    buffer_init(&text, 64 << 20);
    json_print(cJSON_GetObjectItem(test, "data"), &text);
    bool read = read_document(b, f, buffer_span(&text), valid);
    b->valid += valid;
    b->invalid += !valid;
    b->unread += valid && !read;
    b->taken += !valid && read;
    if (read != valid) printf("%s: %s: %.300s\n", valid ? "refused" : "TAKEN", b->file, text.p);
    buffer_clear(&text);
}

static void run_file(struct bench *b, const char *path)
{
    struct buffer file, text;
    struct error err = {0};
    b->file = path;
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
    add(b, &b->compile, start);
    b->refused += f == NULL;
    if (b->lines != NULL)
        fprintf(b->lines, "{\"schema\": %.*s}\n", (int)source.text.n, source.text.p);
    const cJSON *test;
    cJSON_ArrayForEach(test, cJSON_GetObjectItem(root, "tests"))
    {
        if (f != NULL) run_test(b, f, test);
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
    if (argc > 2 && strcmp(argv[1], "-o") == 0) {
        b.lines = fopen(argv[2], "w");
        argv += 2;
        argc -= 2;
    }
    if (argc < 3) {
        printf("bench_forms [-o LINES] TOKENIZER FILE [FILE ...]: nothing to measure\n");
        return 0;
    }
    if (!set_up(&b, argv[1], &err)) {
        printf("%s\n", err.message);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        run_file(&b, argv[i]);
    }
    printf("%d schemas, %d refused; %d valid documents, %d refused (keys in another order, say); "
           "%d invalid ones, %d taken\n",
           argc - 2, b.refused, b.valid, b.unread, b.invalid, b.taken);
    report("compile", &b.compile);
    report("mask", &b.mask);
    report("token", &b.accept);
    if (b.lines != NULL) fclose(b.lines);
    form_work_clear(&b.work);
    form_vocabulary_free(b.vocabulary);
    tokenizer_free(b.tokenizer);
    return 0;
}
