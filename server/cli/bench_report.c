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

/* The figure of older reports: `rate` tokens a second times the model's parameters, over the limit
 * of the file's commonest type. */
static double bench_share_by_parameters(const struct bench_report *r, double rate)
{
    return rate * (double)r->info->parameters / macs_limit(r);
}

/* Seconds that a token's products take at the limit; so many rows of logits a token. */
static double token_seconds(const struct bench_report *r, double logits)
{
    double seconds = 0;
    for (int i = 0; i < r->info->n_work; i++) {
        const struct engine_work *w = &r->info->work[i];
        double limit = w->is_float ? r->limits.float_macs : r->limits.int8_macs;
        seconds += ((double)w->layers + (double)w->output * logits) / limit;
    }
    return seconds;
}

/* Shares, from 0 to 1, of the limit that binds: the multiply-adds of matrix products that were
 * really done (logits of rows that ask for them, chosen experts only) over what the kernels' own
 * instructions allow, each type with its own; and decoding reads the weights once for all samples. */
static double bench_prompt_share(const struct bench_report *r, const struct bench_row *row)
{
    return row->prompt_rate * token_seconds(r, 1.0 / row->prompt);
}

/* Rows choose experts each for itself: at most so many bytes of them are read. */
static double step_bytes(const struct engine_info *m, int batch)
{
    double chosen = batch * m->expert_share;
    return (double)m->step_bytes + (double)m->expert_bytes * (chosen < 1 ? chosen : 1);
}

/* The same of decoding. */
static double bench_decode_share(const struct bench_report *r, const struct bench_row *row)
{
    double steps = row->decode_rate / row->batch;
    double by_macs = row->decode_rate * token_seconds(r, 1);
    double by_reading = steps * step_bytes(r->info, row->batch) / r->limits.read_bytes;
    return by_macs > by_reading ? by_macs : by_reading;
}

/* ---- Markdown ---- */

/* "Q4_1 78.1 %, Q8_0 21.9 %", of the multiply-adds of a token with its logits. */
static void print_work(const struct engine_info *m, FILE *out)
{
    int64_t all = 0, logits = 0;
    for (int i = 0; i < m->n_work; i++) {
        all += m->work[i].layers + m->work[i].output;
        logits += m->work[i].output;
    }
    fprintf(out, "- a token takes %.1f M multiply-adds, %.1f M of them for its logits;",
            (double)all / 1e6, (double)logits / 1e6);
    for (int i = 0; i < m->n_work; i++) {
        double part = (double)(m->work[i].layers + m->work[i].output);
        fprintf(out, "%s %s %.1f %%", i == 0 ? " by type" : ",", m->work[i].type,
                100 * part / (double)all);
    }
    fprintf(out, "\n");
}

static void print_machine(const struct bench_report *r, FILE *out)
{
    const struct engine_info *m = r->info;
    fprintf(out, "%s, %s, %.1f M parameters; %s kernels, %d threads; touchstone %s\n\n", m->name,
            m->quantisation, (double)m->parameters / 1e6, m->isa, m->threads, TOUCHSTONE_VERSION);
    fprintf(out,
            "- this machine, in this run: %.0f G int8 multiply-adds/s (%s), %.0f G float32 (%s), "
            "%.1f GB/s read\n",
            r->limits.int8_macs / 1e9, r->limits.int8_loop, r->limits.float_macs / 1e9,
            r->limits.float_loop, r->limits.read_bytes / 1e9);
    print_work(m, out);
    fprintf(out, "- loaded in %.2f s\n", m->load_seconds);
    fprintf(out,
            "- memory: weights %.1f MB packed (%.2f times the file's %.1f MB), "
            "%.1f MB resident once loaded, %.1f MB at most\n",
            (double)m->packed_bytes / 1e6, (double)m->packed_bytes / (double)m->tensor_bytes,
            (double)m->tensor_bytes / 1e6, (double)r->loaded_bytes / 1e6,
            (double)r->peak_bytes / 1e6);
}

static void print_rate(FILE *out, double rate, double share, double by_parameters)
{
    if (rate > 0) {
        fprintf(out, " %9.1f | %7.1f%% | %8.1f%% |", rate, 100 * share, 100 * by_parameters);
    } else {
        fprintf(out, " %9s | %8s | %9s |", "", "", "");
    }
}

static void print_row(const struct bench_report *r, const struct bench_row *row, FILE *out)
{
    fprintf(out, "| %-11s | %5d | %6d | %8d |", bench_part_names[row->part], row->batch,
            row->prompt, row->generate);
    print_rate(out, row->prompt_rate, bench_prompt_share(r, row),
               bench_share_by_parameters(r, row->prompt_rate));
    print_rate(out, row->decode_rate, bench_decode_share(r, row),
               bench_share_by_parameters(r, row->decode_rate));
    fprintf(out, " %8.1f ms |", row->first_token * 1e3);
    if (row->first_token_worst > 0) {
        fprintf(out, " at worst %.1f ms", row->first_token_worst * 1e3);
    }
    fprintf(out, "\n");
}

void bench_print_tables(const struct bench_report *r, FILE *out)
{
    print_machine(r, out);
    fprintf(out, "\n| measured    | batch | prompt | generate | prompt t/s | of limit | by params "
                 "| decode t/s | of limit | by params | first token |\n"
                 "|-------------|------:|-------:|---------:|-----------:|---------:|----------:"
                 "|-----------:|---------:|----------:|------------:|\n");
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
    add_number(o, "prompt_share_by_parameters", bench_share_by_parameters(r, row->prompt_rate));
    add_number(o, "decode_tokens_per_s", row->decode_rate);
    add_number(o, "decode_share", bench_decode_share(r, row));
    add_number(o, "decode_share_by_parameters", bench_share_by_parameters(r, row->decode_rate));
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
    cJSON *work = cJSON_AddObjectToObject(o, "multiply_adds");
    for (int i = 0; i < m->n_work; i++) {
        cJSON *of_type = cJSON_AddObjectToObject(work, m->work[i].type);
        cJSON_AddNumberToObject(of_type, "layers", (double)m->work[i].layers);
        cJSON_AddNumberToObject(of_type, "output", (double)m->work[i].output);
    }
}

void bench_print_json(const struct bench_report *r, FILE *out)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", TOUCHSTONE_VERSION);
    add_model(o, r->info);
    cJSON_AddNumberToObject(o, "loaded_bytes", (double)r->loaded_bytes);
    cJSON_AddNumberToObject(o, "peak_bytes", (double)r->peak_bytes);
    cJSON *limits = cJSON_AddObjectToObject(o, "limits");
    cJSON_AddStringToObject(limits, "int8_loop", r->limits.int8_loop);
    cJSON_AddStringToObject(limits, "float_loop", r->limits.float_loop);
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
