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

/* What is printed, and where to. */
struct scrape {
    struct buffer *out;
    struct label label;
    const struct server *server;
    const struct generation_counts *counts;
    struct engine_stats engine; /* zeros until the model is loaded, as are */
    struct push_stats pushes;   /* these */
    struct judge_stats judge;
};

static const char *label_for(const struct scrape *s, const char *name)
{
    return is_vllms(name) ? s->label.text : "";
}

static void number(const struct scrape *s, const char *name, const char *type, const char *help,
                   double value)
{
    const char *own = label_for(s, name);
    print_head(s->out, name, type, help);
    buffer_addf(s->out, *own == '\0' ? "%s%s %.15g\n" : "%s{%s} %.15g\n", name, own, value);
}

static void gauge(const struct scrape *s, const char *name, const char *help, double value)
{
    number(s, name, "gauge", help, value);
}

static void counter(const struct scrape *s, const char *name, const char *help, uint64_t n)
{
    number(s, name, "counter", help, (double)n);
}

static void counter_of_seconds(const struct scrape *s, const char *name, const char *help,
                               double seconds)
{
    number(s, name, "counter", help, seconds);
}

static void histogram(const struct scrape *s, const char *name, const char *help,
                      const struct histogram *h)
{
    uint64_t below = 0;
    struct buffer *out = s->out;
    const char *own = label_for(s, name), *comma = *own == '\0' ? "" : ",";
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

static double seconds_of(uint64_t ns)
{
    return (double)ns / 1e9;
}

static double share(double part, double of)
{
    return of > 0 ? part / of : 0.0;
}

static double samples_waiting(const struct scrape *s)
{
    return s->engine.waiting + (double)generations_samples_held(s->server->generations);
}

/* ---- our own ---- */

static void print_server(const struct scrape *s)
{
    const struct generations *all = s->server->generations;
    gauge(s, "touchstone_uptime_seconds", "Since the start.",
          seconds_of(clock_ns() - s->server->started_ns));
    gauge(s, "touchstone_open_requests", "HTTP requests not yet completed.",
          (double)s->server->n_exchanges);
    gauge(s, "touchstone_generations", "Prompts at work or waiting for their turn.",
          (double)generations_count(all));
    gauge(s, "touchstone_generations_held", "Of them, waiting, by a pause or for others.",
          (double)(generations_count(all) - generations_at_work(all)));
    counter(s, "touchstone_generations_refused_total",
            "Requests that would have begun later than max-wait.", s->counts->refused);
    counter(s, "touchstone_generations_late_total",
            "Of them, those that had waited until it was clear.", s->counts->late);
    gauge(s, "touchstone_body_bytes", "Request bodies held in memory.",
          (double)s->server->buffered_bytes);
    gauge(s, "touchstone_request_memory_bytes",
          "Request bodies, their JSON and replies not yet read.",
          (double)quota_used(&s->server->memory));
    gauge(s, "touchstone_request_memory_limit_bytes", "What these may take together.",
          (double)s->server->memory.limit);
}

static void print_engine(const struct scrape *s)
{
    const struct engine_stats *e = &s->engine;
    gauge(s, "touchstone_sequences_running", "Samples being decoded.", e->running);
    gauge(s, "touchstone_sequences_waiting", "Samples in the queue.", samples_waiting(s));
    gauge(s, "touchstone_kv_blocks_used", "KV blocks of live sequences.", e->kv_blocks_used);
    gauge(s, "touchstone_kv_blocks", "KV blocks in all.", e->kv_blocks);
    counter(s, "touchstone_steps_total", "Engine steps.", e->steps);
    counter(s, "touchstone_prompt_tokens_total", "Prompt tokens taken in, cached ones included.",
            e->prompt_tokens + e->cached_tokens);
    counter(s, "touchstone_cached_tokens_total", "Prompt tokens found in the prefix cache.",
            e->cached_tokens);
    counter(s, "touchstone_generated_tokens_total", "Tokens sampled.", e->generated_tokens);
    counter(s, "touchstone_steps_put_aside_total",
            "Steps that another client's request was computed before, having come meanwhile.",
            e->put_aside);
    counter(s, "touchstone_preemptions_total", "Sequences put back for want of KV memory.",
            e->preemptions);
    counter(s, "touchstone_drafted_tokens_total", "Tokens guessed by speculation.",
            e->drafted_tokens);
    counter(s, "touchstone_accepted_tokens_total", "Of them, right.", e->accepted_tokens);
    counter_of_seconds(s, "touchstone_engine_busy_seconds_total", "In forward passes and sampling.",
                       e->busy_seconds);
}

static void print_samples(const struct scrape *s)
{
    counter(s, "touchstone_finished_stop_total", "Samples ended by a stop token or string.",
            s->counts->finished[FINISH_STOP]);
    counter(s, "touchstone_finished_length_total", "Samples ended by a length limit.",
            s->counts->finished[FINISH_LENGTH]);
    counter(s, "touchstone_finished_abort_total", "Samples ended by cancellation.",
            s->counts->finished[FINISH_ABORT]);
    counter(s, "touchstone_cancelled_requests_total", "Generation requests whose client left.",
            s->counts->cancelled);
}

static void print_weights(const struct scrape *s)
{
    counter(s, "touchstone_weight_pushes_total", "New weights that came to serve.",
            s->pushes.pushed);
    counter(s, "touchstone_weight_pushes_refused_total", "New weights that were refused.",
            s->pushes.refused);
    gauge(s, "touchstone_weight_staging", "1 while new weights are being staged.",
          s->pushes.staging);
    gauge(s, "touchstone_weight_versions", "Versions of the weights in memory.",
          s->pushes.resident);
    counter(s, "touchstone_recomputed_tokens_total",
            "Of samples that went on with other weights, computed anew.",
            s->engine.recomputed_tokens);
}

static void print_judge(const struct scrape *s)
{
    const struct judge_stats *j = &s->judge;
    counter(s, "touchstone_verify_requests_total", "Batches judged.", j->jobs);
    counter(s, "touchstone_verify_items_total", "Items judged.", j->items);
    counter(s, "touchstone_verify_item_errors_total", "Of them, malformed.", j->item_errors);
    counter(s, "touchstone_verify_refused_total",
            "Requests whose turn at the workers was expected later than max-wait, when they came "
            "or while they waited.",
            j->refused);
    counter(s, "touchstone_verify_waits_total", "Items that have had their turn at a worker.",
            j->waits);
    counter_of_seconds(s, "touchstone_verify_wait_seconds_total", "What they waited for it.",
                       j->wait_ms / 1000);
    counter_of_seconds(s, "touchstone_verify_wait_error_seconds_total",
                       "By how much that differed from what was expected.",
                       j->wait_error_ms / 1000);
    counter(s, "touchstone_verify_cannot_judge_total", "Verdicts not reached.", j->cannot_judge);
    counter(s, "touchstone_verify_deferred_total", "Verdicts left to a worker process.",
            j->deferred);
    counter(s, "touchstone_verify_timeouts_total", "Of them, out of their budget.", j->timeouts);
    counter(s, "touchstone_verify_worker_deaths_total", "Worker processes lost.", j->worker_deaths);
    gauge(s, "touchstone_verify_workers", "Worker processes alive.", j->workers);
    gauge(s, "touchstone_verify_workers_busy", "Of them, judging.", j->workers_busy);
    gauge(s, "touchstone_verify_waiting", "Deferred verdicts without a worker yet.",
          (double)j->waiting);
    gauge(s, "touchstone_code_memory_bytes",
          "Memory that programs now running may take, by their limits.", (double)j->promised);
    gauge(s, "touchstone_code_memory_most_bytes",
          "What it may come to, as last found out when none ran.", (double)j->promised_most);
}

/* ---- others' names ---- */

static void print_vllms(const struct scrape *s)
{
    const struct engine_stats *e = &s->engine;
    gauge(s, "vllm:num_requests_running", "As touchstone_sequences_running.", e->running);
    gauge(s, "vllm:num_requests_waiting", "As touchstone_sequences_waiting.", samples_waiting(s));
    gauge(s, "vllm:kv_cache_usage_perc", "Share of KV blocks in use, 0 to 1.",
          share(e->kv_blocks_used, e->kv_blocks));
    counter(s, "vllm:num_preemptions_total", "As touchstone_preemptions_total.", e->preemptions);
    counter(s, "vllm:prompt_tokens_total", "As touchstone_prompt_tokens_total.",
            e->prompt_tokens + e->cached_tokens);
    counter(s, "vllm:generation_tokens_total", "As touchstone_generated_tokens_total.",
            e->generated_tokens);
    counter(s, "vllm:prefix_cache_queries_total", "Prompt tokens looked up.",
            e->prompt_tokens + e->cached_tokens);
    counter(s, "vllm:prefix_cache_hits_total", "Prompt tokens found.", e->cached_tokens);
}

static void print_llama_servers(const struct scrape *s)
{
    const struct engine_stats *e = &s->engine;
    counter(s, "llamacpp:prompt_tokens_total", "Prompt tokens computed, cached ones not counted.",
            e->prompt_tokens);
    counter(s, "llamacpp:prompt_tokens_cached_total", "As touchstone_cached_tokens_total.",
            e->cached_tokens);
    counter_of_seconds(s, "llamacpp:prompt_seconds_total",
                       "Between a prompt's start and its first token.",
                       seconds_of(s->counts->prompt_ns));
    gauge(s, "llamacpp:prompt_tokens_seconds",
          "Prompt tokens a second, of one prompt, since the start.",
          share((double)e->prompt_tokens, seconds_of(s->counts->prompt_ns)));
    counter(s, "llamacpp:tokens_predicted_total", "As touchstone_generated_tokens_total.",
            e->generated_tokens);
    counter_of_seconds(s, "llamacpp:tokens_predicted_seconds_total",
                       "Between a sample's first and last token.",
                       seconds_of(s->counts->predicted_ns));
    gauge(s, "llamacpp:predicted_tokens_seconds",
          "Tokens a second, of one sample, since the start.",
          share((double)s->counts->followed, seconds_of(s->counts->predicted_ns)));
    counter(s, "llamacpp:n_tokens_max", "Tokens of the longest sequence so far.",
            s->counts->longest);
    gauge(s, "llamacpp:n_busy_slots_per_decode", "Tokens a step, since the start.",
          share((double)e->generated_tokens, (double)e->steps));
    counter(s, "llamacpp:spec_decode_num_drafts_total", "Guesses of one or more tokens.",
            e->drafts);
    counter(s, "llamacpp:spec_decode_num_draft_tokens_total", "As touchstone_drafted_tokens_total.",
            e->drafted_tokens);
    counter(s, "llamacpp:spec_decode_num_accepted_tokens_total",
            "As touchstone_accepted_tokens_total.", e->accepted_tokens);
    gauge(s, "llamacpp:requests_processing", "As touchstone_sequences_running.", e->running);
    gauge(s, "llamacpp:requests_deferred", "As touchstone_sequences_waiting.", samples_waiting(s));
    counter(s, "llamacpp:n_decode_total", "As touchstone_steps_total.", e->steps);
}

/* ---- all ---- */

static void print_histograms(const struct scrape *s)
{
    const struct generation_counts *counts = s->counts;
    const struct histogram *duration = &s->server->metrics.duration;
    histogram(s, "touchstone_request_seconds", "A request, from its head to its last byte.",
              duration);
    histogram(s, "touchstone_first_token_seconds",
              "From the request's head to a prompt's first token.", &counts->first_token);
    histogram(s, "touchstone_wait_seconds", "From a prompt's place in the line to its first token.",
              &counts->wait);
    histogram(s, "touchstone_wait_expected_seconds", "What had been expected of the same prompts.",
              &counts->expected);
    histogram(s, "touchstone_wait_error_seconds", "By how much that was wrong, either way.",
              &counts->wait_error);
    histogram(s, "touchstone_inter_token_seconds", "Between two tokens of a sample.",
              &counts->inter_token);
    histogram(s, "vllm:time_to_first_token_seconds", "As touchstone_first_token_seconds.",
              &counts->first_token);
    histogram(s, "vllm:inter_token_latency_seconds", "As touchstone_inter_token_seconds.",
              &counts->inter_token);
    histogram(s, "vllm:e2e_request_latency_seconds", "As touchstone_request_seconds.", duration);
}

static void print(const struct server *s, struct buffer *out)
{
    struct scrape now = {.out = out,
                         .label = label_of(s),
                         .server = s,
                         .counts = generations_counts(s->generations)};
    struct error err;
    if (engine_state(s->engine, &err) == ENGINE_READY) {
        engine_stats(s->engine, &now.engine);
        engine_push_stats(s->engine, &now.pushes);
    }
    judge_stats_get(s->judge, &now.judge);
    print_server(&now);
    print_engine(&now);
    print_samples(&now);
    print_weights(&now);
    print_judge(&now);
    print_vllms(&now);
    print_llama_servers(&now);
    print_requests(&s->metrics, s->parts.routes, out);
    print_ignored(&s->metrics, s->parts.routes, out);
    print_verdicts(s->judge, out);
    print_histograms(&now);
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
