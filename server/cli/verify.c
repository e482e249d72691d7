/* server/cli/verify.c - touchstone verify: items in, verdicts out, one JSON a line, on all cores.
 *
 * The results go to stdout; on a terminal a progress line and always a summary go to stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/cli/explain.h"

struct progress {
    uint64_t started_ns, shown_ns;
    bool on_terminal;
};

static double seconds_since(uint64_t ns)
{
    return (double)(clock_ns() - ns) * 1e-9;
}

static void show_progress(void *arg, uint64_t lines)
{
    struct progress *p = arg;
    if (!p->on_terminal || seconds_since(p->shown_ns) < 0.1) return;
    p->shown_ns = clock_ns();
    double s = seconds_since(p->started_ns);
    fprintf(stderr, "\r\033[K%llu judged, %.0f/s", (unsigned long long)lines,
            s > 0 ? (double)lines / s : 0.0);
}

static void print_summary(const struct progress *p, const struct judge_summary *s)
{
    double seconds = seconds_since(p->started_ns);
    if (p->on_terminal) fprintf(stderr, "\r\033[K");
    fprintf(stderr, "%llu items in %.2f s (%.0f/s)\n", (unsigned long long)s->items, seconds,
            seconds > 0 ? (double)s->items / seconds : 0.0);
    fprintf(stderr, "  correct       %10llu\n  incorrect     %10llu\n  cannot judge  %10llu\n",
            (unsigned long long)s->correct, (unsigned long long)s->incorrect,
            (unsigned long long)s->cannot_judge);
    fprintf(stderr, "  errors        %10llu\n", (unsigned long long)s->errors);
    if (s->rewarded > 0) {
        fprintf(stderr, "  mean reward   %10.4f\n", s->reward_sum / (double)s->rewarded);
    }
}

/* How the command was asked to show what it finds. */
struct showing {
    int threads;
    bool quiet, explain;
};

/* The results that judge_lines() wrote, for readers. */
static void explain_results(struct span results)
{
    while (results.n > 0) {
        const char *end = memchr(results.p, '\n', results.n);
        size_t line = end == NULL ? results.n : (size_t)(end - results.p) + 1;
        explain_result(span_slice(results, 0, line), stdout);
        results = span_slice(results, line, results.n);
    }
}

static bool judge_file(struct judge *judge, const char *path, const struct showing *show,
                       struct error *err)
{
    char *results = NULL;
    size_t n_results = 0;
    bool from_stdin = path == NULL || strcmp(path, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(path, "rb");
    if (in == NULL) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.200s: %s", path, strerror(errno));
    }
    FILE *out = show->explain ? open_memstream(&results, &n_results) : stdout;
    struct progress p = {.started_ns = clock_ns(),
                         .on_terminal = !show->quiet && isatty(STDERR_FILENO)};
    struct judge_summary sum = {0};
    const struct judge_file file = {
        .in = in, .out = out, .threads = show->threads, .progress = show_progress, .arg = &p};
    bool ok = out == NULL ? error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the results")
                          : judge_lines(judge, &file, &sum, err);
    if (show->explain && out != NULL) {
        fclose(out);
        explain_results(span_of(results, n_results));
        free(results);
    }
    if (ok && !show->quiet) print_summary(&p, &sum);
    if (!from_stdin) fclose(in);
    return ok;
}

int cli_verify(int n, char **args)
{
    struct showing show = {0};
    const char *rewards = NULL;
    char *explained = NULL;
    const struct cli_flag flags[] = {{"--quiet", .on = &show.quiet},
                                     {"--explain", .on = &show.explain},
                                     {"--rewards", .text = &rewards},
                                     {.name = NULL}};
    struct cli_settings s;
    struct error err = {0};
    if (!cli_read(
            "verify [FILE.jsonl|-]\n\n"
            "Items in, verdicts out, one JSON a line, with the fields of POST /verify.\n\n",
            "  --rewards JSON               rewards of items that name none [verify-rewards]\n"
            "  --explain                    for readers: what was seen, tried and decided, a line "
            "a step\n"
            "  --quiet                      no progress, no summary\n",
            flags, &n, args, &s)) {
        return CLI_USAGE;
    }
    struct judge_options o = s.judge;
    if (rewards != NULL) o.default_rewards = rewards;
    if (show.explain) o.default_rewards = explained = explain_rewards(o.default_rewards, &err);
    struct judge *judge = show.explain && explained == NULL ? NULL : judge_open(&o, &err);
    show.threads = s.engine.threads;
    bool ok = judge != NULL && judge_file(judge, n > 0 ? args[0] : NULL, &show, &err);
    judge_close(judge);
    free(explained);
    cli_settings_clear(&s);
    return ok ? CLI_OK : cli_fail(&err);
}
