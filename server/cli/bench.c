/* server/cli/bench.c - touchstone bench: how fast this machine reads prompts and decodes.
 *
 * Every figure goes through the engine as a server's requests do. Prompts are different random tokens, no
 * prefix is shared and no token drafted; outputs run to their full length. Beside each figure stands its share of the limit that
 * binds it, measured in the same run: int8 multiply-adds for prompts and batches, memory bandwidth for one
 * stream.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

enum { MAX_BATCHES = 32, MAX_BATCH = 4096, MAX_REPEAT = 100 };

struct figures {
    int batch, prompt, generate;
    double prompt_rate; /* tokens/s until the last sample's first token */
    double decode_rate; /* tokens/s after it, all samples together */
    double first_token; /* seconds until the first sample's first token */
};

static sem_t news;

static void on_wake(void *arg)
{
    (void)arg;
    sem_post(&news);
}

/* ---- one run ---- */

struct run {
    int started, ended,
        tokens_after; /* samples with a first token; done; tokens since all had one */
    uint64_t began_ns, first_ns, all_started_ns;
};

static void take_event(struct run *r, const struct engine_event *ev, int batch, bool *seen)
{
    if (ev->type == EVENT_TOKEN) {
        if (!seen[ev->request_id]) {
            seen[ev->request_id] = true;
            if (r->started == 0) r->first_ns = clock_ns();
            if (++r->started == batch) r->all_started_ns = clock_ns();
        } else if (r->started == batch) {
            r->tokens_after++;
        }
    }
    r->ended += ev->type == EVENT_DONE || ev->type == EVENT_FAILED;
}

static bool submit_all(struct engine *e, const struct figures *f, uint64_t *draw, struct error *err)
{
    int *ids = mem_new((size_t)f->prompt, sizeof(*ids), err);
    bool ok = ids != NULL;
    for (int i = 0; ok && i < f->batch; i++) {
        for (int t = 0; t < f->prompt; t++) {
            *draw = *draw * 6364136223846793005u + 1442695040888963407u;
            ids[t] = (int)((*draw >> 33) % (uint64_t)engine_info(e)->n_vocab);
        }
        struct engine_request r = {
            .id = (uint64_t)i, .ids = ids, .n_ids = (size_t)f->prompt, .n = 1};
        engine_sampling_init(&r.sampling);
        r.sampling.temperature = 0;
        r.sampling.ignore_eos = true;
        r.sampling.max_tokens = f->generate;
        ok = engine_submit(e, &r, err);
    }
    free(ids);
    return ok;
}

static bool measure(struct engine *e, struct figures *f, uint64_t *draw, struct error *err)
{
    bool *seen = mem_new((size_t)f->batch, sizeof(*seen), err);
    struct run r = {.began_ns = clock_ns()};
    bool ok = seen != NULL && submit_all(e, f, draw, err);
    while (ok && r.ended < f->batch) {
        while (sem_wait(&news) != 0) {
        }
        for (struct engine_event *next, *ev = engine_take_events(e); ev != NULL; ev = next) {
            next = ev->next;
            if (ev->type == EVENT_FAILED) {
                *err = ev->error;
                ok = false;
            }
            take_event(&r, ev, f->batch, seen);
            engine_event_free(ev);
        }
    }
    uint64_t ended_ns = clock_ns();
    free(seen);
    if (!ok) return false;
    double prompt_s = (double)(r.all_started_ns - r.began_ns) * 1e-9;
    double decode_s = (double)(ended_ns - r.all_started_ns) * 1e-9;
    f->first_token = (double)(r.first_ns - r.began_ns) * 1e-9;
    f->prompt_rate = (double)f->batch * f->prompt / prompt_s;
    f->decode_rate = r.tokens_after == 0 ? 0 : (double)r.tokens_after / decode_s;
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof(*x), by_value);
    return x[n / 2];
}

/* The median of each figure over some runs. */
static bool measure_often(struct engine *e, struct figures *f, int repeat, struct error *err)
{
    double prompt[MAX_REPEAT], decode[MAX_REPEAT], first[MAX_REPEAT];
    uint64_t draw = 1;
    for (int i = 0; i < repeat; i++) {
        if (!measure(e, f, &draw, err)) return false;
        prompt[i] = f->prompt_rate;
        decode[i] = f->decode_rate;
        first[i] = f->first_token;
    }
    f->prompt_rate = median(prompt, repeat);
    f->decode_rate = median(decode, repeat);
    f->first_token = median(first, repeat);
    return true;
}

/* ---- printing ---- */

struct report {
    const struct engine_info *info;
    struct engine_limits limits;
    struct figures figures[MAX_BATCHES];
    int n;
};

/* Shares of the binding limit: a token's multiply-adds are about its parameters, and a single stream reads
 * all packed weights a token. */
static double prompt_share(const struct report *r, const struct figures *f)
{
    return f->prompt_rate * (double)r->info->parameters / r->limits.int8_macs;
}

static double decode_share(const struct report *r, const struct figures *f)
{
    double by_macs = f->decode_rate * (double)r->info->parameters / r->limits.int8_macs;
    double by_reading =
        f->decode_rate / f->batch * (double)r->info->packed_bytes / r->limits.read_bytes;
    return by_macs > by_reading ? by_macs : by_reading;
}

static void print_table(const struct report *r)
{
    printf("%s, %s, %.1f M parameters, %.1f MB; %s kernels, %d threads\n", r->info->name,
           r->info->quantisation, (double)r->info->parameters / 1e6,
           (double)r->info->packed_bytes / 1e6, r->info->isa, r->info->threads);
    printf("this machine: %.0f G int8 multiply-adds/s, %.0f G float32, %.1f GB/s read\n",
           r->limits.int8_macs / 1e9, r->limits.float_macs / 1e9, r->limits.read_bytes / 1e9);
    printf("loaded in %.2f s\n\n", r->info->load_seconds);
    printf("| batch | prompt | generated | prompt tokens/s | of limit | decode tokens/s | of limit "
           "| first token |\n"
           "|------:|-------:|----------:|----------------:|---------:|----------------:|---------:"
           "|------------:|\n");
    for (int i = 0; i < r->n; i++) {
        const struct figures *f = &r->figures[i];
        printf("| %5d | %6d | %9d | %15.1f | %7.1f%% | %15.1f | %7.1f%% | %8.1f ms |\n", f->batch,
               f->prompt, f->generate, f->prompt_rate, 100 * prompt_share(r, f), f->decode_rate,
               100 * decode_share(r, f), f->first_token * 1e3);
    }
}

static void print_json(const struct report *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "model", json_string(span_str(r->info->name)));
    cJSON_AddStringToObject(o, "quantisation", r->info->quantisation);
    cJSON_AddNumberToObject(o, "parameters", (double)r->info->parameters);
    cJSON_AddNumberToObject(o, "packed_bytes", (double)r->info->packed_bytes);
    cJSON_AddStringToObject(o, "isa", r->info->isa);
    cJSON_AddNumberToObject(o, "threads", r->info->threads);
    cJSON_AddNumberToObject(o, "load_seconds", r->info->load_seconds);
    cJSON *limits = cJSON_AddObjectToObject(o, "limits");
    cJSON_AddNumberToObject(limits, "int8_macs", r->limits.int8_macs);
    cJSON_AddNumberToObject(limits, "float_macs", r->limits.float_macs);
    cJSON_AddNumberToObject(limits, "read_bytes", r->limits.read_bytes);
    cJSON *rows = cJSON_AddArrayToObject(o, "results");
    for (int i = 0; i < r->n; i++) {
        const struct figures *f = &r->figures[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddNumberToObject(row, "batch", f->batch);
        cJSON_AddNumberToObject(row, "prompt", f->prompt);
        cJSON_AddNumberToObject(row, "generate", f->generate);
        cJSON_AddNumberToObject(row, "prompt_tokens_per_s", f->prompt_rate);
        cJSON_AddNumberToObject(row, "prompt_share", prompt_share(r, f));
        cJSON_AddNumberToObject(row, "decode_tokens_per_s", f->decode_rate);
        cJSON_AddNumberToObject(row, "decode_share", decode_share(r, f));
        cJSON_AddNumberToObject(row, "first_token_s", f->first_token);
        cJSON_AddItemToArray(rows, row);
    }
    char *text = cJSON_Print(o);
    puts(text == NULL ? "" : text);
    cJSON_free(text);
    cJSON_Delete(o);
}

/* ---- the command ---- */

/* "1,8,32" */
static int read_batches(const char *text, int batches[MAX_BATCHES])
{
    int n = 0;
    while (*text != '\0') {
        char *end;
        long b = strtol(text, &end, 10);
        if (end == text || b < 1 || b > MAX_BATCH || n == MAX_BATCHES) return 0;
        batches[n++] = (int)b;
        if (*end != ',' && *end != '\0') return 0;
        text = end + (*end == ',');
    }
    return n;
}

struct bench_flags {
    int64_t prompt, generate, repeat;
    const char *batch;
    bool json;
};

static bool bench(struct engine *e, const struct bench_flags *f, const int *batches, int n,
                  struct error *err)
{
    struct report r = {.info = engine_info(e), .n = n};
    if (!engine_measure_limits(r.info->threads, &r.limits, err)) return false;
    for (int i = 0; i < n; i++) {
        r.figures[i] = (struct figures){
            .batch = batches[i], .prompt = (int)f->prompt, .generate = (int)f->generate};
        if (!measure_often(e, &r.figures[i], (int)f->repeat, err)) return false;
    }
    (f->json ? print_json : print_table)(&r);
    return true;
}

int cli_bench(int n, char **args)
{
    struct bench_flags f = {
        .prompt = 128, .generate = 64, .repeat = 3, .batch = "1,2,4,8,16,32,64"};
    const struct cli_flag flags[] = {
        {"--prompt", .integer = &f.prompt}, {"--generate", .integer = &f.generate},
        {"--repeat", .integer = &f.repeat}, {"--batch", .text = &f.batch},
        {"--json", .on = &f.json},          {.name = NULL},
    };
    struct settings s;
    struct error err = {0};
    struct engine_options o;
    int batches[MAX_BATCHES];
    if (!cli_read("bench [--model PATH]\n\nMeasure prompt and decode speed, beside this machine's "
                  "limits.\n\n",
                  "  --prompt N                   prompt tokens of each sample [128]\n"
                  "  --generate N                 tokens generated by each [64]\n"
                  "  --batch LIST                 samples at once [1,2,4,8,16,32,64]\n"
                  "  --repeat N                   runs of each, of which the median counts [3]\n"
                  "  --json                       print JSON, not a table\n",
                  flags, &n, args, &s)) {
        return CLI_USAGE;
    }
    int n_batches = read_batches(f.batch, batches);
    if (n != 0 || n_batches == 0 || f.prompt < 1 || f.prompt > 1 << 20 || f.generate < 1 ||
        f.generate > 1 << 20 || f.repeat < 1 || f.repeat > MAX_REPEAT) {
        fprintf(stderr, "touchstone: a number is out of range (see touchstone bench --help)\n");
        settings_clear(&s);
        return CLI_USAGE;
    }
    sem_init(&news, 0, 0);
    struct engine *e = NULL;
    s.prefix_cache = false; /* every prompt is computed, */
    s.speculate = false;    /* and every token decoded by itself */
    if (cli_engine_options(&s, &o, &err)) {
        o.wake = on_wake;
        if (o.max_queue < MAX_BATCH) o.max_queue = MAX_BATCH;
        e = engine_open(&o, &err);
    }
    bool ok = e != NULL && engine_wait(e, &err) && bench(e, &f, batches, n_batches, &err);
    engine_close(e);
    settings_clear(&s);
    return ok ? CLI_OK : cli_fail(&err);
}
