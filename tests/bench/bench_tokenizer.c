/* tests/bench/bench_tokenizer.c - how fast texts are encoded and decoded.
 *
 *   bench_tokenizer [TOKENIZER [FILE]]
 *
 * TOKENIZER is a GGUF file or a folder (default: $MODEL, else a small one from the
 * tests), FILE a text (default: this repository's C sources, a megabyte of them). The
 * other rows are the worst cases: a megabyte that is one long word. Times are CPU
 * time of the fastest of five runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/model/gguf.h"
#include "engine/tokenizer/tokenizer.h"

enum { MEGABYTE = 1 << 20, RUNS = 5 };

static struct tokenizer *load(const char *path, struct error *err)
{
    if (!span_ends(span_str(path), span_str(".gguf"))) return tokenizer_from_hf(path, err);
    struct gguf *g = gguf_open(path, err);
    struct tokenizer *t = g == NULL ? NULL : tokenizer_from_gguf(g, err);
    gguf_close(g);
    return t;
}

/* A megabyte of this repository's sources, over and over. */
static void add_sources(struct buffer *out)
{
    glob_t files = {0};
    glob("*/*.[ch]", 0, NULL, &files);
    glob("*/*/*.[ch]", GLOB_APPEND, NULL, &files);
    for (size_t i = 0; files.gl_pathc > 0 && out->n < MEGABYTE; i++) {
        file_read(files.gl_pathv[i % files.gl_pathc], MEGABYTE, out, NULL);
    }
    globfree(&files);
    out->n = out->n < MEGABYTE ? out->n : MEGABYTE;
}

static void report(const struct tokenizer *t, const char *name, struct span text)
{
    uint64_t encode_ns = UINT64_MAX, decode_ns = UINT64_MAX;
    size_t n = 0;
    for (int i = 0; i < RUNS; i++) {
        struct tokens ids = {0};
        struct buffer out;
        buffer_init(&out, text.n * 4 + 16);
        uint64_t start = clock_cpu_ns();
        tokenizer_encode(t, text, (struct encode_flags){false, true, 0}, &ids, NULL);
        uint64_t middle = clock_cpu_ns();
        tokenizer_decode(t, ids.ids, ids.n, false, &out, NULL);
        uint64_t end = clock_cpu_ns();
        if (middle - start < encode_ns) encode_ns = middle - start;
        if (end - middle < decode_ns) decode_ns = end - middle;
        n = ids.n;
        tokens_clear(&ids);
        buffer_clear(&out);
    }
    printf("%-22s %8zu bytes %8zu tokens   encode %7.1f MB/s   decode %7.1f MB/s\n", name, text.n,
           n, (double)text.n * 1e3 / (double)encode_ns, (double)text.n * 1e3 / (double)decode_ns);
}

static void report_runs(const struct tokenizer *t)
{
    static const char *const units[] = {"a",   " ", "\n", "<", "7", "\xE4\xBD\xA0\xE5\xA5\xBD",
                                        "\xFF"};
    char *text = malloc(MEGABYTE);
    for (size_t u = 0; text != NULL && u < sizeof(units) / sizeof(units[0]); u++) {
        char name[32];
        size_t len = strlen(units[u]), n = MEGABYTE / len * len;
        for (size_t i = 0; i < n; i += len) {
            memcpy(text + i, units[u], len);
        }
        snprintf(name, sizeof(name), "run of %02x", (unsigned char)units[u][0]);
        report(t, name, span_of(text, n));
    }
    free(text);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : getenv("MODEL");
    struct error err = {0};
    struct buffer text;
    if (path == NULL) path = "tests/golden/data/tokenizers/llama-rope3";
    buffer_init(&text, (size_t)256 << 20);
    uint64_t start = clock_cpu_ns();
    struct tokenizer *t = load(path, &err);
    if (t == NULL || (argc > 2 && !file_read(argv[2], text.limit, &text, &err))) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    printf("%s: %d tokens, loaded in %.1f ms\n", path, tokenizer_n_vocab(t),
           (double)(clock_cpu_ns() - start) / 1e6);
    if (argc <= 2) add_sources(&text);
    report(t, argc > 2 ? "file" : "C sources", buffer_span(&text));
    report_runs(t);
    buffer_clear(&text);
    tokenizer_free(t);
    return EXIT_SUCCESS;
}
