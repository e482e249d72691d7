/* server/cli/bench.c - touchstone bench: how fast this machine reads prompts and decodes.
 *
 * Beside each figure stands its share of the limit that binds it, measured in the same run:
 * multiply-adds for prompts and batches, memory bandwidth for one stream. `make bench`
 * (tests/bench/compare.py) puts other programs beside it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/cli/bench.h"
#include "server/cli/progress.h"

enum { MAX_TOKENS = 1 << 20, LONG_GENERATE = 32, LOAD_STREAMS = 32 };

struct bench_flags {
    const char *only, *batch;
    int64_t prompt, generate, read, context, repeat;
    bool json;
};

/* ---- what is measured ---- */

/* The part that the n bytes at word name, or BENCH_PARTS. */
static int find_part(const char *word, size_t n)
{
    int part = 0;
    while (part < BENCH_PARTS && !span_is(span_of(word, n), bench_part_names[part])) {
        part++;
    }
    return part;
}

/* "prompt,batch"; nothing: all. False when a word names none. */
static bool read_parts(const char *only, bool asked[BENCH_PARTS])
{
    for (int part = 0; part < BENCH_PARTS; part++) {
        asked[part] = *only == '\0';
    }
    for (const char *word = only; *word != '\0';) {
        size_t n = strcspn(word, ",");
        int part = find_part(word, n);
        if (part == BENCH_PARTS) return false;
        asked[part] = true;
        word += n + (word[n] == ',');
    }
    return true;
}

static void add_row(struct bench_report *r, enum bench_part part, int batch, int64_t prompt,
                    int64_t generate)
{
    assert(r->n < BENCH_MAX_ROWS); /* add_batches() leaves room for the other parts */
    r->rows[r->n++] = (struct bench_row){
        .part = part, .batch = batch, .prompt = (int)prompt, .generate = (int)generate};
}

/* "1,8,32". False when it is no such list. */
static bool add_batches(struct bench_report *r, const struct bench_flags *f)
{
    enum { SPARE = BENCH_PARTS }; /* rows of the other parts */
    for (const char *text = f->batch; *text != '\0';) {
        char *end;
        long b = strtol(text, &end, 10);
        bool fits = b >= 1 && b <= BENCH_MAX_BATCH && r->n < BENCH_MAX_ROWS - SPARE;
        if (end == text || !fits || (*end != ',' && *end != '\0')) return false;
        add_row(r, BENCH_BATCH, (int)b, f->prompt, f->generate);
        text = end + (*end == ',');
    }
    return *f->batch != '\0';
}

static bool in_range(int64_t x, int64_t max)
{
    return x >= 1 && x <= max;
}

/* The rows to measure, as the flags ask. */
static bool plan(const struct bench_flags *f, struct bench_report *r)
{
    bool asked[BENCH_PARTS];
    if (!read_parts(f->only, asked) || !in_range(f->prompt, MAX_TOKENS) ||
        !in_range(f->generate, MAX_TOKENS) || !in_range(f->read, MAX_TOKENS) ||
        !in_range(f->context, MAX_TOKENS) || !in_range(f->repeat, BENCH_MAX_REPEAT)) {
        return false;
    }
    if (asked[BENCH_PROMPT]) add_row(r, BENCH_PROMPT, 1, f->read, 1);
    if (asked[BENCH_BATCH] && !add_batches(r, f)) return false;
    if (asked[BENCH_CONTEXT]) add_row(r, BENCH_CONTEXT, 1, f->context, LONG_GENERATE);
    if (asked[BENCH_FIRST_TOKEN]) add_row(r, BENCH_FIRST_TOKEN, LOAD_STREAMS, f->prompt, 1);
    return true;
}

/* What does not fit the model's context is measured at its largest. */
static void fit_context(struct bench_report *r)
{
    for (int i = 0; i < r->n; i++) {
        struct bench_row *row = &r->rows[i];
        int room = r->info->context - row->generate;
        if (row->prompt > room) row->prompt = room > 1 ? room : 1;
    }
}

/* ---- memory ---- */

static int64_t resident_bytes(void)
{
    long long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL) return 0;
    int n = fscanf(f, "%lld %lld", &all, &resident);
    fclose(f);
    return n == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}

static int64_t peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}

/* ---- the command ---- */

/* What a row may take beside others, roughly: a prompt's tokens are read many at once, the generated ones
 * one by one. */
static double cost_of(const struct bench_row *row)
{
    return (double)row->batch * row->prompt + (double)row->generate * (16 + row->batch);
}

static bool measure_rows(struct engine *e, const struct bench_flags *f, struct bench_report *r,
                         uint64_t *draw, struct error *err)
{
    struct progress_line line;
    double all = 0, done = 0;
    bool ok = true;
    for (int i = 0; i < r->n; i++) {
        all += cost_of(&r->rows[i]);
    }
    progress_begin(&line, "measuring", true);
    for (int i = 0; ok && i < r->n; i++) {
        char more[40];
        snprintf(more, sizeof(more), "%d of %d", i + 1, r->n);
        progress_show(&line, done / all, more);
        ok = bench_measure(e, &r->rows[i], (int)f->repeat, draw, err);
        done += cost_of(&r->rows[i]);
    }
    progress_end(&line);
    return ok;
}

/* The limits first, and the memory before them: what they read is no part of the model. */
static bool measure_all(struct engine *e, const struct bench_flags *f, struct bench_report *r,
                        struct error *err)
{
    uint64_t draw = 1;
    r->info = engine_info(e);
    r->loaded_bytes = resident_bytes();
    fit_context(r);
    if (!bench_warm_up(e, &draw, err)) return false;
    if (!measure_rows(e, f, r, &draw, err)) return false;
    r->peak_bytes = peak_bytes();
    return engine_measure_limits(r->info->threads, r->info->isa, &r->limits, err);
}

static bool bench(const struct cli_settings *s, const struct bench_flags *f, struct bench_report *r,
                  struct error *err)
{
    struct engine_options o;
    if (!cli_engine_options(s, &o, err)) return false;
    o.prefix_cache = false; /* every prompt is computed, */
    o.speculate = false;    /* and every token decoded by itself */
    o.wake = bench_wake;
    if (o.max_queue < BENCH_MAX_BATCH) o.max_queue = BENCH_MAX_BATCH;
    bench_init();
    struct engine *e = engine_open(&o, err);
    bool ok = e != NULL && engine_wait(e, err) && measure_all(e, f, r, err);
    if (ok) (f->json ? bench_print_json : bench_print_tables)(r, stdout);
    engine_close(e);
    return ok;
}

static const char flag_help[] =
    "  --only LIST                  of prompt, batch, context, first-token [all]\n"
    "  --batch LIST                 samples that decode at once [1,2,4,8,16,32,64]\n"
    "  --prompt N                   prompt tokens of each of them [128]\n"
    "  --generate N                 tokens that each generates [64]\n"
    "  --read N                     tokens of the prompt that is only read [512]\n"
    "  --long N                     tokens of the long prompt [4096]\n"
    "  --repeat N                   runs of each, of which the median counts [3]\n"
    "  --json                       print JSON, not Markdown\n";

int cli_bench(int n, char **args)
{
    struct bench_flags f = {.prompt = 128,
                            .generate = 64,
                            .read = 512,
                            .context = 4096,
                            .repeat = 3,
                            .only = "",
                            .batch = "1,2,4,8,16,32,64"};
    const struct cli_flag flags[] = {
        {"--only", .text = &f.only},
        {"--batch", .text = &f.batch},
        {"--prompt", .integer = &f.prompt},
        {"--generate", .integer = &f.generate},
        {"--read", .integer = &f.read},
        {"--long", .integer = &f.context},
        {"--repeat", .integer = &f.repeat},
        {"--json", .on = &f.json},
        {.name = NULL},
    };
    struct cli_settings s;
    struct error err = {0};
    struct bench_report r = {0};
    static const struct cli_usage usage = {.text = "bench [--model PATH]\n\nMeasure prompt and "
                                                   "decode speed, beside this machine's limits.\n",
                                           .flag_help = flag_help,
                                           .sections = CLI_MODEL | CLI_LOG};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    if (!plan(&f, &r)) {
        fprintf(stderr, "touchstone: a flag has no such value (see touchstone bench --help)\n");
        cli_settings_clear(&s);
        return CLI_USAGE;
    }
    bool ok = bench(&s, &f, &r, &err);
    cli_settings_clear(&s);
    return ok ? CLI_OK : cli_fail(&err);
}
