/* server/routes/service_metrics.c - GET /metrics: everything that is counted, for Prometheus (text
 * format 0.0.4).
 *
 * Counters of our own are plain numbers, as only the loop thread touches them; those of the
 * engine and the judge are asked for when somebody scrapes. Beside our names stand those of vLLM
 * and llama-server that mean the same, so that their dashboards work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/http/router.h"
#include "server/http/state.h"

static void print_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A series is a path, whatever methods it has: it is printed at the first of their rows. */
static bool is_first(const struct route_table *table, size_t r)
{
    for (size_t i = 0; r < table->n && i < r; i++) {
        if (strcmp(table->rows[i].path, table->rows[r].path) == 0) return false;
    }
    return true;
}

/* The sum of counts[row * stride] over rows of the same path as r's. */
static uint64_t sum_of_path(const struct route_table *table, size_t r, const uint64_t *counts,
                            size_t stride)
{
    uint64_t n = r == table->n ? counts[r * stride] : 0;
    for (size_t i = r; i < table->n; i++) {
        if (strcmp(table->rows[i].path, table->rows[r].path) == 0) n += counts[i * stride];
    }
    return n;
}

static void print_requests(const struct metrics *m, const struct route_table *table,
                           struct buffer *out)
{
    static const char name[] = "touchstone_requests_total";
    print_head(out, name, "counter",
               "HTTP requests by route and status; status 0: the client left.");
    for (size_t r = 0; m->requests != NULL && r <= table->n; r++) {
        const char *path = r < table->n ? table->rows[r].path : "none";
        if (!is_first(table, r)) continue;
        for (size_t c = 0; c < METRICS_STATUSES; c++) {
            uint64_t n = sum_of_path(table, r, m->requests + c, METRICS_STATUSES);
            if (n == 0) continue;
            buffer_addf(out, "%s{route=\"%s\",status=\"%d\"} %llu\n", name, path,
                        metrics_statuses[c], (unsigned long long)n);
        }
    }
}

static void print_ignored(const struct metrics *m, const struct route_table *table,
                          struct buffer *out)
{
    static const char name[] = "touchstone_ignored_fields_total";
    print_head(out, name, "counter",
               "Fields of bodies that no table names, passed over, by route.");
    for (size_t r = 0; m->ignored != NULL && r < table->n; r++) {
        uint64_t n = is_first(table, r) ? sum_of_path(table, r, m->ignored, 1) : 0;
        if (n == 0) continue;
        buffer_addf(out, "%s{route=\"%s\"} %llu\n", name, table->rows[r].path,
                    (unsigned long long)n);
    }
}

static void print_verdicts(struct judge *judge, struct buffer *out)
{
    static const char name[] = "touchstone_verify_verdicts_total";
    struct judge_verdict given[JUDGE_VERDICTS];
    size_t n = judge_verdicts_get(judge, given);
    print_head(out, name, "counter", "Verdicts by what they are and their cause.");
    for (size_t i = 0; i < n; i++) {
        buffer_addf(out, "%s{verdict=\"%s\",cause=\"%s\"} %llu\n", name, given[i].verdict,
                    given[i].cause, (unsigned long long)given[i].n);
    }
}

/* model_name="...", which vLLM's metrics have and its dashboards choose by; nothing for others, and
 * before the model is loaded. */
struct label {
    char text[300];
};

static bool is_vllms(const char *name)
{
    return strncmp(name, "vllm:", 5) == 0;
}

static struct label label_of(const struct server *s)
{
    struct label l = {""};
    struct error err;
    size_t n = 0;
    if (engine_state(s->engine, &err) != ENGINE_READY) return l;
    n += (size_t)snprintf(l.text, sizeof(l.text), "model_name=\"");
    for (const char *p = engine_info(s->engine)->name; *p != '\0' && n < sizeof(l.text) - 4; p++) {
        bool control = (unsigned char)*p < ' ';
        if (*p == '"' || *p == '\\') l.text[n++] = '\\';
        l.text[n++] = control ? ' ' : *p;
    }
    l.text[n] = '"';
    return l;
}

static void print_histogram(struct buffer *out, const char *name, const char *help,
                            const char *label, const struct histogram *h)
{
    uint64_t below = 0;
    const char *own = is_vllms(name) ? label : "", *comma = *own == '\0' ? "" : ",";
    const char *open = *own == '\0' ? "" : "{", *close = *own == '\0' ? "" : "}";
    print_head(out, name, "histogram", help);
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        below += h->counts[i];
        buffer_addf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, own, comma, metrics_bounds[i],
                    (unsigned long long)below);
    }
    buffer_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, own, comma,
                (unsigned long long)h->n);
    buffer_addf(out, "%s_sum%s%s%s %.9g\n%s_count%s%s%s %llu\n", name, open, own, close, h->sum,
                name, open, own, close, (unsigned long long)h->n);
}

/* Everything a plain number can be computed from. */
struct sample {
    const struct server *server;
    struct engine_stats engine;
    struct push_stats pushes;
    struct judge_stats judge;
    const struct generation_counts *counts;
};

static double running(const struct sample *s)
{
    return s->engine.running;
}
static double waiting(const struct sample *s)
{
    return s->engine.waiting + (double)generations_samples_held(s->server->generations);
}
static double kv_used(const struct sample *s)
{
    return s->engine.kv_blocks_used;
}
static double kv_blocks(const struct sample *s)
{
    return s->engine.kv_blocks;
}
static double kv_share(const struct sample *s)
{
    return s->engine.kv_blocks == 0 ? 0.0 : (double)s->engine.kv_blocks_used / s->engine.kv_blocks;
}
static double steps(const struct sample *s)
{
    return (double)s->engine.steps;
}
static double prompt_tokens(const struct sample *s)
{
    return (double)(s->engine.prompt_tokens + s->engine.cached_tokens);
}
static double cached_tokens(const struct sample *s)
{
    return (double)s->engine.cached_tokens;
}
static double generated_tokens(const struct sample *s)
{
    return (double)s->engine.generated_tokens;
}
static double preemptions(const struct sample *s)
{
    return (double)s->engine.preemptions;
}
static double drafts(const struct sample *s)
{
    return (double)s->engine.drafts;
}
static double drafted(const struct sample *s)
{
    return (double)s->engine.drafted_tokens;
}
static double accepted(const struct sample *s)
{
    return (double)s->engine.accepted_tokens;
}
static double busy_seconds(const struct sample *s)
{
    return s->engine.busy_seconds;
}
static double finished_stop(const struct sample *s)
{
    return (double)s->counts->finished[FINISH_STOP];
}
static double finished_length(const struct sample *s)
{
    return (double)s->counts->finished[FINISH_LENGTH];
}
static double finished_abort(const struct sample *s)
{
    return (double)s->counts->finished[FINISH_ABORT];
}
static double cancelled(const struct sample *s)
{
    return (double)s->counts->cancelled;
}
static double generations(const struct sample *s)
{
    return (double)generations_count(s->server->generations);
}
static double generations_held(const struct sample *s)
{
    const struct generations *all = s->server->generations;
    return (double)(generations_count(all) - generations_at_work(all));
}
static double late(const struct sample *s)
{
    return (double)s->counts->late;
}

static double refused(const struct sample *s)
{
    return (double)s->counts->refused;
}
static double open_requests(const struct sample *s)
{
    return (double)s->server->n_exchanges;
}
static double request_memory(const struct sample *s)
{
    return (double)quota_used(&s->server->memory);
}
static double request_memory_limit(const struct sample *s)
{
    return (double)s->server->memory.limit;
}
static double body_bytes(const struct sample *s)
{
    return (double)s->server->buffered_bytes;
}
static double uptime(const struct sample *s)
{
    return (double)(clock_ns() - s->server->started_ns) / 1e9;
}
static double verify_requests(const struct sample *s)
{
    return (double)s->judge.jobs;
}
static double verify_items(const struct sample *s)
{
    return (double)s->judge.items;
}
static double verify_errors(const struct sample *s)
{
    return (double)s->judge.item_errors;
}
static double verify_refused(const struct sample *s)
{
    return (double)s->judge.refused;
}

static double verify_waits(const struct sample *s)
{
    return (double)s->judge.waits;
}

static double verify_wait_seconds(const struct sample *s)
{
    return s->judge.wait_ms / 1000;
}

static double verify_wait_error_seconds(const struct sample *s)
{
    return s->judge.wait_error_ms / 1000;
}

static double verify_cannot_judge(const struct sample *s)
{
    return (double)s->judge.cannot_judge;
}
static double verify_deferred(const struct sample *s)
{
    return (double)s->judge.deferred;
}
static double verify_timeouts(const struct sample *s)
{
    return (double)s->judge.timeouts;
}
static double verify_deaths(const struct sample *s)
{
    return (double)s->judge.worker_deaths;
}
static double code_promised(const struct sample *s)
{
    return (double)s->judge.promised;
}
static double code_promised_most(const struct sample *s)
{
    return (double)s->judge.promised_most;
}
static double verify_workers(const struct sample *s)
{
    return s->judge.workers;
}
static double weight_pushes(const struct sample *s)
{
    return (double)s->pushes.pushed;
}
static double weight_refused(const struct sample *s)
{
    return (double)s->pushes.refused;
}
static double weight_staging(const struct sample *s)
{
    return s->pushes.staging;
}
static double weight_versions(const struct sample *s)
{
    return s->pushes.resident;
}
static double recomputed(const struct sample *s)
{
    return (double)s->engine.recomputed_tokens;
}
static double verify_busy(const struct sample *s)
{
    return s->judge.workers_busy;
}
static double verify_waiting(const struct sample *s)
{
    return (double)s->judge.waiting;
}

static double prompt_computed(const struct sample *s)
{
    return (double)s->engine.prompt_tokens;
}
static double prompt_seconds(const struct sample *s)
{
    return (double)s->counts->prompt_ns / 1e9;
}
static double predicted_seconds(const struct sample *s)
{
    return (double)s->counts->predicted_ns / 1e9;
}
static double longest(const struct sample *s)
{
    return (double)s->counts->longest;
}
static double share(double part, double of)
{
    return of > 0 ? part / of : 0.0;
}
static double prompt_rate(const struct sample *s)
{
    return share(prompt_computed(s), prompt_seconds(s));
}
static double predicted_rate(const struct sample *s)
{
    return share((double)s->counts->followed, predicted_seconds(s));
}
static double busy_places(const struct sample *s)
{
    return share((double)s->engine.generated_tokens, (double)s->engine.steps);
}

/* clang-format off */
static const struct number {
    const char *name, *type, *help;
    double (*value)(const struct sample *s);
} numbers[] = {
    {"touchstone_uptime_seconds", "gauge", "Since the start.", uptime},
    {"touchstone_open_requests", "gauge", "HTTP requests not yet completed.", open_requests},
    {"touchstone_generations", "gauge", "Prompts at work or waiting for their turn.", generations},
    {"touchstone_generations_held", "gauge", "Of them, waiting, by a pause or for others.", generations_held},
    {"touchstone_generations_refused_total", "counter", "Requests that would have begun later than max-wait.", refused},
    {"touchstone_generations_late_total", "counter", "Of them, those that had waited until it was clear.", late},
    {"touchstone_body_bytes", "gauge", "Request bodies held in memory.", body_bytes},
    {"touchstone_request_memory_bytes", "gauge", "Request bodies, their JSON and replies not yet read.", request_memory},
    {"touchstone_request_memory_limit_bytes", "gauge", "What these may take together.", request_memory_limit},
    {"touchstone_sequences_running", "gauge", "Samples being decoded.", running},
    {"touchstone_sequences_waiting", "gauge", "Samples in the queue.", waiting},
    {"touchstone_kv_blocks_used", "gauge", "KV blocks of live sequences.", kv_used},
    {"touchstone_kv_blocks", "gauge", "KV blocks in all.", kv_blocks},
    {"touchstone_steps_total", "counter", "Engine steps.", steps},
    {"touchstone_prompt_tokens_total", "counter", "Prompt tokens taken in, cached ones included.", prompt_tokens},
    {"touchstone_cached_tokens_total", "counter", "Prompt tokens found in the prefix cache.", cached_tokens},
    {"touchstone_generated_tokens_total", "counter", "Tokens sampled.", generated_tokens},
    {"touchstone_preemptions_total", "counter", "Sequences put back for want of KV memory.", preemptions},
    {"touchstone_drafted_tokens_total", "counter", "Tokens guessed by speculation.", drafted},
    {"touchstone_accepted_tokens_total", "counter", "Of them, right.", accepted},
    {"touchstone_engine_busy_seconds_total", "counter", "In forward passes and sampling.", busy_seconds},
    {"touchstone_finished_stop_total", "counter", "Samples ended by a stop token or string.", finished_stop},
    {"touchstone_finished_length_total", "counter", "Samples ended by a length limit.", finished_length},
    {"touchstone_finished_abort_total", "counter", "Samples ended by cancellation.", finished_abort},
    {"touchstone_cancelled_requests_total", "counter", "Generation requests whose client left.", cancelled},
    {"touchstone_weight_pushes_total", "counter", "New weights that came to serve.", weight_pushes},
    {"touchstone_weight_pushes_refused_total", "counter", "New weights that were refused.", weight_refused},
    {"touchstone_weight_staging", "gauge", "1 while new weights are being staged.", weight_staging},
    {"touchstone_weight_versions", "gauge", "Versions of the weights in memory.", weight_versions},
    {"touchstone_recomputed_tokens_total", "counter", "Of samples that went on with other weights, computed anew.", recomputed},
    {"touchstone_verify_requests_total", "counter", "Batches judged.", verify_requests},
    {"touchstone_verify_items_total", "counter", "Items judged.", verify_items},
    {"touchstone_verify_item_errors_total", "counter", "Of them, malformed.", verify_errors},
    {"touchstone_verify_refused_total", "counter", "Requests whose turn at the workers was expected later than max-wait.", verify_refused},
    {"touchstone_verify_waits_total", "counter", "Items that have had their turn at a worker.", verify_waits},
    {"touchstone_verify_wait_seconds_total", "counter", "What they waited for it.", verify_wait_seconds},
    {"touchstone_verify_wait_error_seconds_total", "counter", "By how much that differed from what was expected.", verify_wait_error_seconds},
    {"touchstone_verify_cannot_judge_total", "counter", "Verdicts not reached.", verify_cannot_judge},
    {"touchstone_verify_deferred_total", "counter", "Verdicts left to a worker process.", verify_deferred},
    {"touchstone_verify_timeouts_total", "counter", "Of them, out of their budget.", verify_timeouts},
    {"touchstone_verify_worker_deaths_total", "counter", "Worker processes lost.", verify_deaths},
    {"touchstone_verify_workers", "gauge", "Worker processes alive.", verify_workers},
    {"touchstone_verify_workers_busy", "gauge", "Of them, judging.", verify_busy},
    {"touchstone_verify_waiting", "gauge", "Deferred verdicts without a worker yet.", verify_waiting},
    {"touchstone_code_memory_bytes", "gauge", "Memory that programs now running may take, by their limits.", code_promised},
    {"touchstone_code_memory_most_bytes", "gauge", "What it may come to, as last found out when none ran.", code_promised_most},
    /* vLLM's names */
    {"vllm:num_requests_running", "gauge", "As touchstone_sequences_running.", running},
    {"vllm:num_requests_waiting", "gauge", "As touchstone_sequences_waiting.", waiting},
    {"vllm:kv_cache_usage_perc", "gauge", "Share of KV blocks in use, 0 to 1.", kv_share},
    {"vllm:num_preemptions_total", "counter", "As touchstone_preemptions_total.", preemptions},
    {"vllm:prompt_tokens_total", "counter", "As touchstone_prompt_tokens_total.", prompt_tokens},
    {"vllm:generation_tokens_total", "counter", "As touchstone_generated_tokens_total.", generated_tokens},
    {"vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked up.", prompt_tokens},
    {"vllm:prefix_cache_hits_total", "counter", "Prompt tokens found.", cached_tokens},
    /* llama-server's names */
    {"llamacpp:prompt_tokens_total", "counter", "Prompt tokens computed, cached ones not counted.", prompt_computed},
    {"llamacpp:prompt_tokens_cached_total", "counter", "As touchstone_cached_tokens_total.", cached_tokens},
    {"llamacpp:prompt_seconds_total", "counter", "Between a prompt's start and its first token.", prompt_seconds},
    {"llamacpp:prompt_tokens_seconds", "gauge", "Prompt tokens a second, of one prompt, since the start.", prompt_rate},
    {"llamacpp:tokens_predicted_total", "counter", "As touchstone_generated_tokens_total.", generated_tokens},
    {"llamacpp:tokens_predicted_seconds_total", "counter", "Between a sample's first and last token.", predicted_seconds},
    {"llamacpp:predicted_tokens_seconds", "gauge", "Tokens a second, of one sample, since the start.", predicted_rate},
    {"llamacpp:n_tokens_max", "counter", "Tokens of the longest sequence so far.", longest},
    {"llamacpp:n_busy_slots_per_decode", "gauge", "Tokens a step, since the start.", busy_places},
    {"llamacpp:spec_decode_num_drafts_total", "counter", "Guesses of one or more tokens.", drafts},
    {"llamacpp:spec_decode_num_draft_tokens_total", "counter", "As touchstone_drafted_tokens_total.", drafted},
    {"llamacpp:spec_decode_num_accepted_tokens_total", "counter", "As touchstone_accepted_tokens_total.", accepted},
    {"llamacpp:requests_processing", "gauge", "As touchstone_sequences_running.", running},
    {"llamacpp:requests_deferred", "gauge", "As touchstone_sequences_waiting.", waiting},
    {"llamacpp:n_decode_total", "counter", "As touchstone_steps_total.", steps},
};
/* clang-format on */

static void print(const struct server *s, struct buffer *out)
{
    const struct generation_counts *counts = generations_counts(s->generations);
    struct sample now = {.server = s, .counts = counts};
    struct label label = label_of(s);
    struct error err;
    if (engine_state(s->engine, &err) == ENGINE_READY) {
        engine_stats(s->engine, &now.engine);
        engine_push_stats(s->engine, &now.pushes);
    }
    judge_stats_get(s->judge, &now.judge);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        print_head(out, numbers[i].name, numbers[i].type, numbers[i].help);
        const char *own = is_vllms(numbers[i].name) ? label.text : "";
        buffer_addf(out, *own == '\0' ? "%s%s %.15g\n" : "%s{%s} %.15g\n", numbers[i].name, own,
                    numbers[i].value(&now));
    }
    print_requests(&s->metrics, s->parts.routes, out);
    print_ignored(&s->metrics, s->parts.routes, out);
    print_verdicts(s->judge, out);
    print_histogram(out, "touchstone_request_seconds", "A request, from its head to its last byte.",
                    label.text, &s->metrics.duration);
    print_histogram(out, "touchstone_first_token_seconds",
                    "From the request's head to a prompt's first token.", label.text,
                    &counts->first_token);
    print_histogram(out, "touchstone_wait_seconds",
                    "From a prompt's place in the line to its first token.", label.text,
                    &counts->wait);
    print_histogram(out, "touchstone_wait_expected_seconds",
                    "What had been expected of the same prompts.", label.text, &counts->expected);
    print_histogram(out, "touchstone_wait_error_seconds", "By how much that was wrong, either way.",
                    label.text, &counts->wait_error);
    print_histogram(out, "touchstone_inter_token_seconds", "Between two tokens of a sample.",
                    label.text, &counts->inter_token);
    print_histogram(out, "vllm:time_to_first_token_seconds", "As touchstone_first_token_seconds.",
                    label.text, &counts->first_token);
    print_histogram(out, "vllm:inter_token_latency_seconds", "As touchstone_inter_token_seconds.",
                    label.text, &counts->inter_token);
    print_histogram(out, "vllm:e2e_request_latency_seconds", "As touchstone_request_seconds.",
                    label.text, &s->metrics.duration);
}

void service_metrics_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    print(x->server, &out);
    exchange_reply(x, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
    char start[24];
    snprintf(start, sizeof(start), "%lld", (long long)x->server->started_unix_s);
    exchange_add_header(x, "Process-Start-Time-Unix", start); /* llama-server's */
}
