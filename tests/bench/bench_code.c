/* tests/bench/bench_code.c - test runs a second: small programs in the sandbox, beside the bare
 * fork and exec of the same command in the same run.
 *
 * LANES at a time, each in its sandbox, as a worker drives them. Runs a second say what one gets
 * of the machine as busy as it is; CPU milliseconds a run say what it costs on any: the program's own, and
 * all children's together (behind namespaces those of an interpreter that is kept warm are not
 * told). Then single runs, one after another, from order to result. The last line is the reward: one item with
 * many tests, JSON in to verdict out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "reward/code/run_limits.h"
#include "reward/code/sandbox.h"
#include "reward/code/trial.h"
#include "reward/reward.h"

enum { LANES = 2, TESTS = 400 };

static double seconds_since(uint64_t begun_ns)
{
    return (double)(clock_ns() - begun_ns) / 1e9;
}

/* CPU time of all children that have ended, and theirs. */
static double children_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/* ---- bare ------------------------------------------------------------------------------------------- */

static pid_t spawn(const char *const *argv, const char *folder)
{
    pid_t pid = fork();
    if (pid != 0) return pid;
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 4; i++) {
        dup2(null, i);
    }
    if (chdir(folder) == 0) execvp(argv[0], (char **)(uintptr_t)argv);
    _exit(127);
}

/* Python is warm in a sandbox (warm.h); bare it is started. */
static const char *const *bare_argv(const struct sandbox_run *run)
{
    static const char *const python[] = {"python3", "-S", "main.py", NULL};
    return run->warm ? python : run->argv;
}

/* Runs a second, LANES at a time. */
static double time_bare(const struct sandbox_run *run, int n)
{
    char folder[] = "/tmp/bench-code-XXXXXX", path[64];
    if (mkdtemp(folder) == NULL) return 0;
    snprintf(path, sizeof(path), "%s/%s", folder, run->files[0].name);
    FILE *f = fopen(path, "wb");
    if (f == NULL) return 0;
    fwrite(run->files[0].content.p, 1, run->files[0].content.n, f);
    fclose(f);
    chmod(path, 0755);
    uint64_t begun = clock_ns();
    for (int begun_runs = 0, ended = 0; ended < n;) {
        while (begun_runs < n && begun_runs - ended < LANES) {
            if (spawn(bare_argv(run), folder) > 0) begun_runs++;
        }
        ended += wait(NULL) > 0;
    }
    double rate = n / seconds_since(begun);
    unlink(path);
    rmdir(folder);
    return rate;
}

/* ---- in sandboxes ------------------------------------------------------------------------------------ */

struct lane {
    struct sandbox *box;
    bool busy;
    double cpu_ms; /* of its runs' processes */
};

static bool finish(struct lane *lane)
{
    struct sandbox_result r;
    struct error err = {0};
    sandbox_result_init(&r);
    bool ok = sandbox_finish(lane->box, &r, &err) && r.end == SANDBOX_EXITED && r.code == 0;
    if (!ok) fprintf(stderr, "a run failed: %s %s\n", err.message, r.error);
    lane->cpu_ms += r.cpu_ms;
    sandbox_result_clear(&r);
    lane->busy = false;
    return ok;
}

static double time_sandboxed(struct lane *lanes, const struct sandbox_run *run, int n)
{
    struct error err = {0};
    uint64_t begun = clock_ns();
    for (int left = n, ended = 0; ended < n;) {
        struct pollfd p[LANES];
        for (int i = 0; i < LANES; i++) {
            if (!lanes[i].busy && left > 0) {
                lanes[i].busy = sandbox_start(lanes[i].box, run, &err);
                left -= lanes[i].busy;
            }
            p[i] = (struct pollfd){.fd = lanes[i].busy ? sandbox_fd(lanes[i].box) : -1,
                                   .events = POLLIN};
        }
        poll(p, LANES, -1);
        for (int i = 0; i < LANES; i++) {
            if (!lanes[i].busy || p[i].revents == 0) continue;
            if (!finish(&lanes[i])) return 0;
            ended++;
        }
    }
    return n / seconds_since(begun);
}

static bool open_lanes(struct lane *lanes, bool namespaces)
{
    struct sandbox_options o = {.no_namespaces = !namespaces};
    struct error err = {0};
    for (int i = 0; i < LANES; i++) {
        lanes[i].box = sandbox_open(&o, &err);
        if (lanes[i].box == NULL) fprintf(stderr, "no sandbox: %s\n", err.message);
        if (lanes[i].box == NULL) return false;
    }
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Milliseconds from order to result, one at a time: the least, and the median. */
static void time_single(struct lane *lane, const struct sandbox_run *run, double *least,
                        double *median)
{
    enum { RUNS = 200 };
    double ms[RUNS] = {0};
    struct error err = {0};
    for (int i = 0; i < RUNS; i++) {
        uint64_t begun = clock_ns();
        if (!sandbox_start(lane->box, run, &err) || !finish(lane)) break;
        ms[i] = seconds_since(begun) * 1e3;
    }
    qsort(ms, RUNS, sizeof(ms[0]), by_size);
    *least = ms[0];
    *median = ms[RUNS / 2];
}

static void compare(const char *name, const struct sandbox_run *run, bool namespaces, int n)
{
    struct lane lanes[LANES] = {0};
    double cpu = children_ms(), bare = time_bare(run, n), bare_cpu = children_ms() - cpu;
    bool open = open_lanes(lanes, namespaces);
    double boxed = open ? time_sandboxed(lanes, run, n) : 0;
    bool has_namespaces = open && sandbox_layers(lanes[0].box)->namespaces;
    double own = 0, least = 0, median = 0;
    for (int i = 0; i < LANES; i++) {
        own += lanes[i].cpu_ms;
    }
    cpu = children_ms();
    for (int i = 0; i < LANES; i++) {
        sandbox_close(lanes[i].box);
    }
    cpu = children_ms() - cpu;
    if (open_lanes(lanes, namespaces)) time_single(&lanes[0], run, &least, &median);
    for (int i = 0; i < LANES; i++) {
        sandbox_close(lanes[i].box);
    }
    printf("%-7s %-11s %6.0f runs/s (bare %6.0f), CPU %.2f ms a run, all %.2f (bare %.2f); alone "
           "%.2f ms (least %.2f)\n",
           name, has_namespaces ? "namespaces" : "landlock", boxed, bare, own / n, cpu / n,
           bare_cpu / n, median, least);
}

/* A program of a language's, compiled where that is due. */
static void measure(const char *language, const char *source, int n)
{
    struct program p = {.language = language_find(span_str(language)), .source = span_str(source)};
    struct trial t;
    struct sandbox_file file;
    trial_init(&t);
    buffer_init(&p.binary, (size_t)64 << 20);
    if (trial_compile(&p, 10000, &t)) {
        struct sandbox_run run = trial_run_of(&p, &file);
        run.limits = run_limits(p.language, 6, (size_t)512 << 20, 1 << 20);
        compare(language, &run, true, n);
        compare(language, &run, false, n);
    } else {
        printf("%s: not compiled\n", language);
    }
    buffer_clear(&p.binary);
    trial_clear(&t);
}

/* ---- the reward --------------------------------------------------------------------------------------- */

static void on_done(void *arg, struct judge_job *job)
{
    char byte = 1;
    (void)job;
    if (write(*(int *)arg, &byte, 1) != 1) perror("write");
}

static void measure_reward(struct judge *judge)
{
    struct buffer body;
    struct error err = {0};
    int news[2];
    char byte;
    buffer_init(&body, 1 << 20);
    buffer_add_str(&body, "{\"completion\":\"```python\\nprint(sum(map(int, input().split())))\\n"
                          "```\",\"rewards\":[{\"name\":\"code\"}],\"tests\":[");
    for (int i = 0; i < TESTS; i++) {
        buffer_addf(&body, "%s{\"stdin\":\"%d 1\\n\",\"stdout\":\"%d\\n\"}", i > 0 ? "," : "", i,
                    i + 1);
    }
    buffer_add_str(&body, "]}");
    cJSON *json = json_parse(buffer_span(&body), &err);
    struct judge_job *job = judge_job_new(judge, JUDGE_NATIVE, json, &err);
    if (job == NULL || pipe(news) != 0) {
        printf("reward: %s\n", err.message);
        return;
    }
    uint64_t begun = clock_ns();
    judge_job_start(job, on_done, &news[1]);
    if (read(news[0], &byte, 1) != 1) perror("read");
    printf("reward   %d Python tests of one item: %.0f tests/s, reward %g\n", TESTS,
           TESTS / seconds_since(begun), judge_job_result(job, 0).reward);
    judge_job_free(job);
    buffer_clear(&body);
}

int main(void)
{
    struct judge_options o;
    judge_options_init(&o);
    o.default_rewards = "[{\"name\":\"code\"}]";
    struct judge *judge = judge_open(&o, NULL);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1); /* as in the sandbox */
    measure("python", "print(3)\n", 300);
    measure("c", "int main(void){return 0;}\n", 1000);
    if (judge != NULL) measure_reward(judge);
    judge_close(judge);
    return 0;
}
