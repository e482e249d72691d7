/* server/cli/verify.c - touchstone verify: items in, verdicts out, one JSON a line, on all cores.
 *
 * The results go to stdout; on a terminal a progress line and always a summary go to stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/cli/explain.h"
#include "server/cli/progress.h"

enum { MAX_NAMES = 1 << 20, LOOK_MS = 100, READ_BYTES = 1 << 16 };

static volatile sig_atomic_t stop_signal; /* which came: no more lines are read */

static void on_stop(int signal_number)
{
    stop_signal = signal_number;
}

/* A signal may come to any thread, and interrupts the one that waits for input only if it is that one: so input is
 * waited for a moment at a time, and ends when reading shall. */
static ssize_t read_some(void *cookie, char *to, size_t n)
{
    struct pollfd in = {.fd = *(const int *)cookie, .events = POLLIN};
    while (stop_signal == 0) {
        int ready = poll(&in, 1, LOOK_MS);
        if (ready > 0) return read(in.fd, to, n);
        if (ready < 0 && errno != EINTR) return -1;
    }
    return 0;
}

/* The descriptor's text, for lines. fd stays the caller's. NULL: no memory. */
static FILE *open_lines(int *fd)
{
    FILE *in = fopencookie(fd, "r", (cookie_io_functions_t){.read = read_some});
    if (in != NULL) setvbuf(in, NULL, _IOFBF, READ_BYTES);
    return in;
}

struct progress {
    uint64_t started_ns;
    struct progress_line line;
    int in;
    int64_t size; /* of the file; 0: not known */
};

static double seconds_since(uint64_t ns)
{
    return (double)(clock_ns() - ns) * 1e-9;
}

static int64_t size_of(int in)
{
    struct stat st;
    return fstat(in, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : 0;
}

static void show_progress(void *arg, uint64_t lines)
{
    struct progress *p = arg;
    char more[80];
    double s = seconds_since(p->started_ns);
    double at = p->size > 0 ? (double)lseek(p->in, 0, SEEK_CUR) / (double)p->size : -1;
    snprintf(more, sizeof(more), "%llu items, %.0f/s", (unsigned long long)lines,
             s > 0 ? (double)lines / s : 0.0);
    progress_show(&p->line, at > 1 ? -1 : at, more);
}

static void print_summary(struct progress *p, const struct judge_summary *s)
{
    double seconds = seconds_since(p->started_ns);
    progress_end(&p->line);
    fprintf(stderr, "%llu items in %.2f s (%.0f/s)\n", (unsigned long long)s->items, seconds,
            seconds > 0 ? (double)s->items / seconds : 0.0);
    fprintf(stderr, "  correct       %10llu\n  incorrect     %10llu\n  cannot judge  %10llu\n",
            (unsigned long long)s->correct, (unsigned long long)s->incorrect,
            (unsigned long long)s->cannot_judge);
    fprintf(stderr, "  errors        %10llu\n", (unsigned long long)s->errors);
    if (s->rewarded > 0) {
        fprintf(stderr, "  mean reward   %10.4f\n", s->reward_sum / (double)s->rewarded);
    }
    for (int i = 0; i < SUMMARY_PARTS && s->parts[i].n > 0; i++) {
        fprintf(stderr, "    %-20s %.4f\n", s->parts[i].label,
                s->parts[i].sum / (double)s->parts[i].n);
    }
    for (int i = 0; i < SUMMARY_CAUSES && s->causes[i].cause != NULL; i++) {
        fprintf(stderr, "%s%s %llu", i == 0 ? "  causes        " : ", ", s->causes[i].cause,
                (unsigned long long)s->causes[i].n);
    }
    if (s->causes[0].cause != NULL) fputc('\n', stderr);
    if (stop_signal != 0) {
        fprintf(stderr, "stopped; the results are whole, of the first %llu items\n",
                (unsigned long long)s->items);
    }
}

/* How the command was asked to show what it finds. */
struct showing {
    int threads;
    bool quiet, explain, strict;
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

/* A file of which nothing could be judged is not what was meant; with --strict no line may be. */
static bool check_summary(const struct judge_summary *s, bool strict, struct error *err)
{
    bool none = s->items > 0 && s->errors == s->items;
    if (!none && !(strict && s->errors > 0)) return true;
    return error_set(err, ERROR_INVALID_VALUE, NULL, "%llu of %llu lines are in error",
                     (unsigned long long)s->errors, (unsigned long long)s->items);
}

static bool judge_file(struct judge *judge, const char *path, const struct showing *show,
                       struct error *err)
{
    char *results = NULL;
    size_t n_results = 0;
    bool from_stdin = path == NULL || strcmp(path, "-") == 0;
    int in = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.200s: %s", path, strerror(errno));
    }
    FILE *lines = open_lines(&in);
    FILE *out = show->explain ? open_memstream(&results, &n_results) : stdout;
    bool apart = !isatty(STDOUT_FILENO) || show->explain; /* the line does not run into results */
    struct progress p = {.started_ns = clock_ns(), .in = in, .size = size_of(in)};
    progress_begin(&p.line, "judging", !show->quiet && apart);
    struct judge_summary sum = {0};
    const struct judge_file file = {.in = lines,
                                    .out = out,
                                    .threads = show->threads,
                                    .progress = show_progress,
                                    .arg = &p,
                                    .stop = &stop_signal};
    bool ok = lines != NULL && out != NULL
                  ? judge_lines(judge, &file, &sum, err)
                  : error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the results");
    if (show->explain && out != NULL) {
        fclose(out);
        explain_results(span_of(results, n_results));
        free(results);
    }
    if (ok && !show->quiet) print_summary(&p, &sum);
    if (lines != NULL) fclose(lines);
    if (!from_stdin) close(in);
    return ok && check_summary(&sum, show->strict, err);
}

/* "accuracy,format" as the JSON list that it is short for, new; JSON stays as it is. NULL: no memory. */
static char *expand_names(const char *text)
{
    struct buffer out;
    struct span names = span_trim(span_str(text));
    bool json = names.n > 0 && strchr("[{", names.p[0]) != NULL;
    if (json) return mem_text(names, NULL);
    buffer_init(&out, MAX_NAMES);
    emit_array(&out, NULL);
    while (names.n > 0) {
        size_t comma = span_find(names, span_str(","), 0);
        size_t n = comma == SPAN_NONE ? names.n : comma;
        emit_object(&out, NULL);
        emit_text(&out, "name", span_trim(span_slice(names, 0, n)));
        emit_close(&out, '}');
        names = span_slice(names, n < names.n ? n + 1 : n, names.n);
    }
    emit_close(&out, ']');
    return buffer_take(&out);
}

/* The first ends reading, and what was read is judged and written; a second one ends the program. */
static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

static const struct cli_usage usage = {
    .text =
        "verify [FILE.jsonl|-]\n\n"
        "Items in, verdicts out, one JSON a line, with the fields of POST /verify. Ctrl-C ends it "
        "after\n"
        "what was read: the results so far are whole.\n",
    .flag_help =
        "  --rewards JSON|NAMES         rewards of items that name none: as in a request, or "
        "accuracy,format [verify-rewards]\n"
        "  --explain                    for readers: what was seen, tried and decided, a line a "
        "step\n"
        "  --strict                     status 1 when any line is in error, not only when all are\n"
        "  --quiet                      no progress, no summary, no log below warnings\n"
        "  --threads N                  judging threads; 0: one for each core [0]\n",
    .sections = CLI_VERIFY | CLI_LOG,
    .operands = 1,
    .one_more = "one file at a time"};

int cli_verify(int n, char **args)
{
    struct showing show = {0};
    const char *rewards = NULL;
    char *explained = NULL, *named = NULL;
    const struct cli_flag flags[] = {{"--quiet", .on = &show.quiet},
                                     {"--explain", .on = &show.explain},
                                     {"--strict", .on = &show.strict},
                                     {"--rewards", .text = &rewards},
                                     {.name = NULL}};
    struct cli_settings s;
    struct error err = {0};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    if (show.quiet && s.log.level < LOG_WARN) log_setup(LOG_WARN, s.log.format == CLI_LOG_JSON);
    catch_signals();
    struct judge_options o = s.judge;
    if (rewards != NULL) o.default_rewards = named = expand_names(rewards);
    if (show.explain) o.default_rewards = explained = explain_rewards(o.default_rewards, &err);
    struct judge *judge = show.explain && explained == NULL ? NULL : judge_open(&o, &err);
    show.threads = s.engine.threads;
    bool ok = judge != NULL && judge_file(judge, n > 0 ? args[0] : NULL, &show, &err);
    judge_close(judge);
    free(explained);
    free(named);
    cli_settings_clear(&s);
    int status = ok ? cli_end_output() : cli_fail(&err);
    return stop_signal != 0 && status == CLI_OK ? 128 + (int)stop_signal : status;
}
