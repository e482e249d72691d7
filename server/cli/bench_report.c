/* server/cli/bench_report.c - the figures of `touchstone bench`, for people and for programs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/bench.h"

#include <string.h>

#include "base/json.h"
#include "base/version.h"

const char *const bench_part_names[BENCH_PARTS] = {
    [BENCH_PROMPT] = "prompt",
    [BENCH_BATCH] = "batch",
    [BENCH_CONTEXT] = "context",
    [BENCH_FIRST_TOKEN] = "first-token",
};

/* ---- shares ---- */

/* Quantised weights are multiplied as int8, float ones as float32. */
static double macs_limit(const struct bench_report *r)
{
    const char *type = r->info->quantisation;
    bool is_float = type[0] == 'F' || strcmp(type, "BF16") == 0;
    return is_float ? r->limits.float_macs : r->limits.int8_macs;
}

double bench_prompt_share(const struct bench_report *r, const struct bench_row *row)
{
    return row->prompt_rate * (double)r->info->parameters / macs_limit(r);
}

double bench_decode_share(const struct bench_report *r, const struct bench_row *row)
{
    double steps = row->decode_rate / row->batch;
    double by_macs = row->decode_rate * (double)r->info->parameters / macs_limit(r);
    double by_reading = steps * (double)r->info->packed_bytes / r->limits.read_bytes;
    return by_macs > by_reading ? by_macs : by_reading;
}

/* ---- Markdown ---- */

static void print_machine(const struct bench_report *r, FILE *out)
{
    const struct engine_info *m = r->info;
    fprintf(out, "%s, %s, %.1f M parameters; %s kernels, %d threads; touchstone %s\n\n", m->name,
            m->quantisation, (double)m->parameters / 1e6, m->isa, m->threads, TOUCHSTONE_VERSION);
    fprintf(out,
            "- this machine, in this run: %.0f G int8 multiply-adds/s, %.0f G float32, "
            "%.1f GB/s read\n",
            r->limits.int8_macs / 1e9, r->limits.float_macs / 1e9, r->limits.read_bytes / 1e9);
    fprintf(out, "- loaded in %.2f s\n", m->load_seconds);
    fprintf(out,
            "- memory: weights %.1f MB packed (%.2f times the file's %.1f MB), "
            "%.1f MB resident once loaded, %.1f MB at most\n",
            (double)m->packed_bytes / 1e6, (double)m->packed_bytes / (double)m->tensor_bytes,
            (double)m->tensor_bytes / 1e6, (double)r->loaded_bytes / 1e6,
            (double)r->peak_bytes / 1e6);
}

static void print_rate(FILE *out, double rate, double share)
{
    if (rate > 0) {
        fprintf(out, " %9.1f | %7.1f%% |", rate, 100 * share);
    } else {
        fprintf(out, " %9s | %8s |", "", "");
    }
}

static void print_row(const struct bench_report *r, const struct bench_row *row, FILE *out)
{
    fprintf(out, "| %-11s | %5d | %6d | %8d |", bench_part_names[row->part], row->batch,
            row->prompt, row->generate);
    print_rate(out, row->prompt_rate, bench_prompt_share(r, row));
    print_rate(out, row->decode_rate, bench_decode_share(r, row));
    fprintf(out, " %8.1f ms |", row->first_token * 1e3);
    if (row->first_token_worst > 0) {
        fprintf(out, " at worst %.1f ms", row->first_token_worst * 1e3);
    }
    fprintf(out, "\n");
}

void bench_print_tables(const struct bench_report *r, FILE *out)
{
    print_machine(r, out);
    fprintf(out, "\n| measured    | batch | prompt | generate | prompt t/s | of limit | decode t/s "
                 "| of limit | first token |\n"
                 "|-------------|------:|-------:|---------:|-----------:|---------:|-----------:"
                 "|---------:|------------:|\n");
    for (int i = 0; i < r->n; i++) {
        print_row(r, &r->rows[i], out);
    }
}

/* ---- JSON ---- */

static void add_number(cJSON *o, const char *name, double value)
{
    if (value > 0) cJSON_AddNumberToObject(o, name, value);
}

static cJSON *row_json(const struct bench_report *r, const struct bench_row *row)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "part", bench_part_names[row->part]);
    cJSON_AddNumberToObject(o, "batch", row->batch);
    cJSON_AddNumberToObject(o, "prompt", row->prompt);
    cJSON_AddNumberToObject(o, "generate", row->generate);
    add_number(o, "seconds", row->seconds);
    add_number(o, "prompt_tokens_per_s", row->prompt_rate);
    add_number(o, "prompt_share", bench_prompt_share(r, row));
    add_number(o, "decode_tokens_per_s", row->decode_rate);
    add_number(o, "decode_share", bench_decode_share(r, row));
    add_number(o, "first_token_s", row->first_token);
    add_number(o, "first_token_worst_s", row->first_token_worst);
    return o;
}

static void add_model(cJSON *o, const struct engine_info *m)
{
    json_put(o, "model", json_string(span_str(m->name)));
    cJSON_AddStringToObject(o, "quantisation", m->quantisation);
    cJSON_AddNumberToObject(o, "parameters", (double)m->parameters);
    cJSON_AddNumberToObject(o, "context", m->context);
    cJSON_AddNumberToObject(o, "tensor_bytes", (double)m->tensor_bytes);
    cJSON_AddNumberToObject(o, "packed_bytes", (double)m->packed_bytes);
    cJSON_AddStringToObject(o, "isa", m->isa);
    cJSON_AddNumberToObject(o, "threads", m->threads);
    cJSON_AddNumberToObject(o, "load_seconds", m->load_seconds);
}

void bench_print_json(const struct bench_report *r, FILE *out)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", TOUCHSTONE_VERSION);
    add_model(o, r->info);
    cJSON_AddNumberToObject(o, "loaded_bytes", (double)r->loaded_bytes);
    cJSON_AddNumberToObject(o, "peak_bytes", (double)r->peak_bytes);
    cJSON *limits = cJSON_AddObjectToObject(o, "limits");
    cJSON_AddNumberToObject(limits, "int8_macs", r->limits.int8_macs);
    cJSON_AddNumberToObject(limits, "float_macs", r->limits.float_macs);
    cJSON_AddNumberToObject(limits, "read_bytes", r->limits.read_bytes);
    cJSON *rows = cJSON_AddArrayToObject(o, "results");
    for (int i = 0; i < r->n; i++) {
        json_put(rows, NULL, row_json(r, &r->rows[i]));
    }
    char *text = cJSON_Print(o);
    fprintf(out, "%s\n", text == NULL ? "" : text);
    cJSON_free(text);
    cJSON_Delete(o);
}
