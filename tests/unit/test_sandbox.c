/* tests/unit/test_sandbox.c - how runs end, what they can reach, what they leave; with namespaces
 * and without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reward/code/box.h"
#include "reward/code/sandbox.h"
#include "tests/unit/boxes.h"

struct expectation {
    const char *name, *shell, *input;
    enum sandbox_end end;
    int code;
    const char *out; /* NULL: any */
};

/* clang-format off */
static const struct expectation cases[] = {
    {"says hello",          "echo hello",                       "", SANDBOX_EXITED, 0, "hello\n"},
    {"stdin comes through", "cat",                              "one\ntwo\n", SANDBOX_EXITED, 0, "one\ntwo\n"},
    {"exit status",         "exit 7",                           "", SANDBOX_EXITED, 7, ""},
    {"signal",              "kill -SEGV $$",                    "", SANDBOX_SIGNALED, 11, NULL},
    {"endless loop",        "while :; do :; done",              "", SANDBOX_TIME, 9, NULL},
    {"endless output",      "while :; do echo yyyyyyyyyy; done", "", SANDBOX_OUTPUT, 9, NULL},
    {"writes its folder",   "echo x > f && cat f",              "", SANDBOX_EXITED, 0, "x\n"},
    {"folder is empty",     "ls -A",                            "", SANDBOX_EXITED, 0, ""},
    {"no home",             "ls /root /home 2>/dev/null | wc -l", "", SANDBOX_EXITED, 0, "0\n"},
    {"no passwords",        "cat /etc/passwd /etc/shadow 2>/dev/null", "", SANDBOX_EXITED, 1, ""},
    {"no proc",             "cat /proc/self/environ 2>/dev/null", "", SANDBOX_EXITED, 1, ""},
    {"cannot write /usr",   "touch /usr/x 2>/dev/null",         "", SANDBOX_EXITED, 1, ""},
    {"environment is made", "env | grep -c -v -E '^(PATH|HOME|TMPDIR|LANG|PYTHON|OPENBLAS|OMP|MALLOC|PWD|SHLVL|_)'", "", SANDBOX_EXITED, 1, "0\n"},
    {"core dumps are off",  "ulimit -c",                        "", SANDBOX_EXITED, 0, "0\n"},
    {"four descriptors",    "n=0; for i in 4 5 6 7 8 9; do if : 2>/dev/null >&$i; then n=1; fi; done; echo $n", "", SANDBOX_EXITED, 0, "0\n"},
};
/* clang-format on */

static void run_shell(struct sandbox *box, const char *shell, const char *input,
                      struct sandbox_result *r)
{
    const char *const argv[] = {"bash", "-c", shell, NULL};
    struct sandbox_run run = {.argv = argv, .input = span_str(input), .limits = standard};
    struct error err = {0};
    if (!sandbox_run(box, &run, r, &err)) fail_msg("%s", err.message);
}

static void ends_as_expected(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expectation *e = &cases[i];
        struct sandbox_result r;
        sandbox_result_init(&r);
        run_shell(box, e->shell, e->input, &r);
        if (r.end != e->end || r.code != e->code ||
            (e->out != NULL && !span_is(buffer_span(&r.out), e->out))) {
            fail_msg("%s: end %d code %d out '%.*s' err '%.*s' error '%s'", e->name, (int)r.end,
                     r.code, (int)r.out.n, r.out.p ? r.out.p : "", (int)r.err.n,
                     r.err.p ? r.err.p : "", r.error);
        }
        sandbox_result_clear(&r);
    }
}

static void brings_files(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    const char *const argv[] = {"./a/go", NULL};
    const char *const fetch[] = {"made", "missing", "link", NULL};
    struct sandbox_file files[] = {
        {"a/go", span_str("#!/bin/sh\ncat data > made; ln -s /etc/passwd link; echo ok >&3\n"),
         true},
        {"data", span_str("payload"), false},
    };
    struct sandbox_run run = {
        .argv = argv, .files = files, .n_files = 2, .fetch = fetch, .limits = standard};
    struct sandbox_result r;
    struct error err = {0};
    sandbox_result_init(&r);
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_int_equal(r.end, SANDBOX_EXITED);
    assert_int_equal(r.code, 0);
    assert_true(r.was_fetched[0] && span_is(buffer_span(&r.fetched[0]), "payload"));
    assert_false(r.was_fetched[1]);
    assert_false(r.was_fetched[2]);
    assert_true(span_is(buffer_span(&r.channel), "ok\n"));
    sandbox_result_clear(&r);
}

static void refuses_names(void **state)
{
    (void)state;
    static const char *const names[] = {"../x", "/x", "a/../../x", "", "a//b", "."};
    const char *const argv[] = {"true", NULL};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sandbox_file f = {names[i], span_str("x"), false};
        struct sandbox_run run = {.argv = argv, .files = &f, .n_files = 1, .limits = standard};
        struct error err = {0};
        if (sandbox_start(boxes[0], &run, &err)) fail_msg("\"%s\" was accepted", names[i]);
        assert_string_equal(err.param, "files");
    }
}

static void large_input_and_output(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    enum { N = 3 << 20 };
    char *text = malloc(N);
    memset(text, 'x', N);
    const char *const argv[] = {"cat", NULL};
    struct sandbox_run run = {.argv = argv, .input = span_of(text, N), .limits = standard};
    struct sandbox_result r;
    struct error err = {0};
    run.limits.output_bytes = N;
    sandbox_result_init(&r);
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_int_equal(r.end, SANDBOX_EXITED);
    assert_int_equal(r.out.n, N);
    sandbox_result_clear(&r);
    free(text);
}

/* The parent of a process, and whether it has that name. */
static pid_t parent_of(pid_t pid, const char *name)
{
    char path[64], found[32] = "";
    int parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL) return 0;
    if (fscanf(f, "%*d (%31[^)]) %*c %d", found, &parent) != 2) parent = 0;
    fclose(f);
    return name == NULL || strcmp(found, name) == 0 ? parent : 0;
}

/* A signal to every cell below this process, and to the process around each as well when `outer`; how many cells. */
static int signal_cells(int signal, bool outer)
{
    int n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; (e = readdir(proc)) != NULL;) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        pid_t parent = pid > 0 ? parent_of(pid, "ts-cell") : 0;
        if (parent == 0 || parent_of(parent, "ts-cell-outer") != getpid()) continue;
        if (outer) kill(parent, signal);
        n += kill(pid, signal) == 0;
    }
    closedir(proc);
    return n;
}

/* Until a program of that name runs right below one of our cells. */
static void wait_for_program(const char *name)
{
    for (bool found = false; !found;) {
        usleep(1000);
        DIR *proc = opendir("/proc");
        for (struct dirent *e; !found && (e = readdir(proc)) != NULL;) {
            pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
            pid_t cell = pid > 0 ? parent_of(pid, name) : 0;
            pid_t outer = cell > 0 ? parent_of(cell, "ts-cell") : 0;
            found = outer > 0 && parent_of(outer, "ts-cell-outer") == getpid();
        }
        closedir(proc);
    }
}

static void wait_until_gone(const char *folder)
{
    while (folder[0] != '\0' && access(folder, F_OK) == 0) {
        usleep(1000);
    }
}

static void a_killed_cell_is_replaced(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    struct error err = {0};
    const char *const argv[] = {"sleep", "50", NULL};
    struct sandbox_run run = {.argv = argv, .limits = standard};
    struct sandbox_result r;
    char folder[64];
    sandbox_result_init(&r);
    for (int outer = 0; outer < 2; outer++) {
        snprintf(folder, sizeof(folder), "%s", sandbox_folder(box));
        assert_true(sandbox_start(box, &run, &err));
        wait_for_program("sleep");
        signal_cells(SIGKILL, outer == 1);
        assert_false(sandbox_finish(box, &r, &err));
        run_shell(box, "echo again", "", &r);
        assert_true(span_is(buffer_span(&r.out), "again\n"));
        if (outer == 1) {
            box_sweep(); /* as the next server does: here nobody else was left to do it */
        }
        wait_until_gone(folder);
        assert_string_not_equal(sandbox_folder(box), folder[0] == '\0' ? "x" : folder);
    }
    sandbox_result_clear(&r);
}

/* Has a child of ours ended that nobody has reaped? */
static bool has_zombie(void)
{
    siginfo_t info = {0};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Killed or not, what was around a cell is reaped while the next runs go on. */
static void no_cell_is_left_as_a_zombie(void **state)
{
    struct sandbox *box = boxes[*(int *)*state];
    struct error err = {0};
    const char *const argv[] = {"sleep", "50", NULL};
    struct sandbox_run run = {.argv = argv, .limits = standard};
    struct sandbox_result r;
    sandbox_result_init(&r);
    for (int i = 0; i < 12; i++) {
        assert_true(sandbox_start(box, &run, &err));
        wait_for_program("sleep");
        signal_cells(SIGKILL, i % 2 == 1);
        assert_false(sandbox_finish(box, &r, &err));
        box_sweep();
    }
    for (int i = 0; i < 1000 && (i == 0 || has_zombie()); i++) {
        run_shell(boxes[0], "sleep 0.01", "", &r); /* cells of both were killed */
        run_shell(boxes[1], "sleep 0.01", "", &r);
    }
    assert_false(has_zombie());
    sandbox_result_clear(&r);
}

/* A cell that is killed between two runs is told by its descriptor and reaped, also where no run follows. */
static void an_idle_cell_leaves_no_zombie(void **state)
{
    struct sandbox_result r;
    (void)state;
    sandbox_result_init(&r);
    for (int outer = 0; outer < 2; outer++) {
        run_shell(boxes[0], "true", "", &r);
        run_shell(boxes[1], "true", "", &r);
        while (signal_cells(SIGKILL, outer == 1) < 2) {
            usleep(1000);
        }
        for (int i = 0; i < 2; i++) {
            struct pollfd p = {.fd = sandbox_fd(boxes[i]), .events = POLLIN};
            assert_int_equal(poll(&p, 1, -1), 1);
            while (sandbox_tend(boxes[i])) {
                usleep(1000);
            }
            assert_int_equal(sandbox_fd(boxes[i]), -1);
        }
        box_sweep();
        assert_false(has_zombie());
    }
    sandbox_result_clear(&r);
}

/* Processes that take all of a processor; ended by end_rivals(). */
enum { RIVALS = 8 };

static void begin_rivals(pid_t pids[RIVALS])
{
    for (int i = 0; i < RIVALS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] > 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setsid(); /* where the system shares by sessions, each has a share */
        for (;;) {
        }
    }
}

static void end_rivals(const pid_t pids[RIVALS])
{
    for (int i = 0; i < RIVALS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

/* This process, and what it begins from now on, runs on one processor. */
static void bind_to_one(cpu_set_t *before)
{
    cpu_set_t one;
    size_t cpu = 0;
    assert_int_equal(sched_getaffinity(0, sizeof(*before), before), 0);
    while (!CPU_ISSET(cpu, before)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* On a processor that nine share, a program has a ninth of its time on the wall. One that sleeps has waited for
 * nobody. */
static void waiting_for_a_processor_is_said(void **state)
{
    struct sandbox_options o = {.no_namespaces = *(int *)*state == 1};
    struct error err = {0};
    const char *const works[] = {"bash", "-c", "while :; do :; done", NULL};
    const char *const sleeps[] = {"sleep", "50", NULL};
    struct sandbox_run run = {.argv = works, .limits = standard};
    struct sandbox_result r;
    pid_t rivals[RIVALS];
    cpu_set_t before;
    if (access("/proc/self/schedstat", F_OK) != 0) skip();
    sandbox_result_init(&r);
    bind_to_one(&before);
    begin_rivals(rivals);
    struct sandbox *box = sandbox_open(&o, &err);
    run.limits.cpu_ms = 30000;
    run.limits.wall_ms = 1500;
    bool ran = box != NULL && sandbox_run(box, &run, &r, &err);
    end_rivals(rivals);
    sched_setaffinity(0, sizeof(before), &before);
    assert_true(ran);
    assert_int_equal(r.end, SANDBOX_TIME);
    assert_true(r.waited);
    assert_false(r.starved);
    run.argv = sleeps;
    run.limits.wall_ms = 3000;
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_int_equal(r.end, SANDBOX_TIME);
    assert_false(r.waited);
    sandbox_close(box);
    sandbox_result_clear(&r);
}

/* Nobody waits for a cell that has been stopped, nor for the process around it. */
static void a_stopped_cell_is_replaced(void **state)
{
    struct sandbox_options o = {.no_namespaces = *(int *)*state == 1, .grace_ms = 300};
    struct error err = {0};
    const char *const argv[] = {"sleep", "50", NULL};
    struct sandbox_run run = {.argv = argv, .limits = standard};
    struct sandbox_result r;
    run.limits.wall_ms = 1000;
    sandbox_result_init(&r);
    for (int outer = 0; outer < 2; outer++) {
        struct sandbox *box = sandbox_open(&o, &err);
        assert_non_null(box);
        while (signal_cells(SIGSTOP, outer == 1) == 0) {
            usleep(1000);
        }
        assert_true(sandbox_start(box, &run, &err));
        assert_false(sandbox_finish(box, &r, &err));
        run_shell(box, "echo again", "", &r);
        assert_true(span_is(buffer_span(&r.out), "again\n"));
        signal_cells(SIGCONT, true);
        sandbox_close(box);
    }
    sandbox_result_clear(&r);
}

/* Address space that is touched here and there costs the kernel page tables, which no process's
 * resident memory shows. */
static void page_tables_are_memory(void **state)
{
    static const char program[] =
        "#include <sys/mman.h>\nint main(void){for(;;){char*p=mmap(0,1ul<<36,3,0x4022,-1,0);"
        "if(p==MAP_FAILED)for(;;);for(unsigned long i=0;i<1ul<<36;i+=1ul<<21)(void)*(volatile "
        "char*)(p+i);}}";
    struct sandbox *box = boxes[*(int *)*state];
    struct error err = {0};
    const char *const compile[] = {"gcc", "-o", "p", "p.c", NULL}, *const fetch[] = {"p", NULL};
    const char *const start[] = {"./p", NULL};
    struct sandbox_file file = {"p.c", span_str(program), false};
    struct sandbox_run run = {
        .argv = compile, .files = &file, .n_files = 1, .fetch = fetch, .limits = standard};
    struct sandbox_result r, made;
    sandbox_result_init(&made);
    sandbox_result_init(&r);
    run.limits.address_bytes = 0;
    run.limits.cpu_ms = 10000;
    assert_true(sandbox_run(box, &run, &made, &err));
    assert_true(made.was_fetched[0]);
    file = (struct sandbox_file){"p", buffer_span(&made.fetched[0]), true};
    run = (struct sandbox_run){.argv = start, .files = &file, .n_files = 1, .limits = run.limits};
    run.limits.memory_bytes = 64 << 20;
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_int_equal(r.end, SANDBOX_MEMORY);
    sandbox_result_clear(&made);
    sandbox_result_clear(&r);
}

/* A disk with less room than a run may use, by whoever's doing: what fails then proves nothing. A
 * file system of its own is never full by another. */
static void a_full_disk_is_said(void **state)
{
    bool with = *(int *)*state == 0;
    struct sandbox *box = boxes[with ? 0 : 1];
    struct error err = {0};
    const char *const argv[] = {"false", NULL};
    struct sandbox_run run = {.argv = argv, .limits = standard};
    struct sandbox_result r;
    sandbox_result_init(&r);
    assert_true(sandbox_run(box, &run, &r, &err));
    assert_false(r.starved);
    if (!sandbox_layers(box)->private_tmpfs) {
        run.limits.work_bytes = (size_t)1 << 56;
        assert_true(sandbox_run(box, &run, &r, &err));
        assert_true(r.starved);
    }
    sandbox_result_clear(&r);
}

static void living_boxes_are_not_swept(void **state)
{
    (void)state;
    box_sweep();
    const char *folder = sandbox_folder(boxes[1]);
    assert_int_equal(access(folder, F_OK), 0);
}

int main(void)
{
    static int with = 0, without = 1;
    const struct CMUnitTest tests[] = {
        {"namespaces: ends as expected", ends_as_expected, NULL, NULL, &with},
        {"landlock: ends as expected", ends_as_expected, NULL, NULL, &without},
        {"namespaces: brings files", brings_files, NULL, NULL, &with},
        {"landlock: brings files", brings_files, NULL, NULL, &without},
        {"namespaces: large input and output", large_input_and_output, NULL, NULL, &with},
        {"landlock: large input and output", large_input_and_output, NULL, NULL, &without},
        {"namespaces: a killed cell is replaced", a_killed_cell_is_replaced, NULL, NULL, &with},
        {"landlock: a killed cell is replaced", a_killed_cell_is_replaced, NULL, NULL, &without},
        {"namespaces: no zombie", no_cell_is_left_as_a_zombie, NULL, NULL, &with},
        {"landlock: no zombie", no_cell_is_left_as_a_zombie, NULL, NULL, &without},
        cmocka_unit_test(an_idle_cell_leaves_no_zombie),
        {"namespaces: waiting for a processor is said", waiting_for_a_processor_is_said, NULL, NULL,
         &with},
        {"landlock: waiting for a processor is said", waiting_for_a_processor_is_said, NULL, NULL,
         &without},
        {"namespaces: a stopped cell is replaced", a_stopped_cell_is_replaced, NULL, NULL, &with},
        {"landlock: a stopped cell is replaced", a_stopped_cell_is_replaced, NULL, NULL, &without},
        {"namespaces: page tables are memory", page_tables_are_memory, NULL, NULL, &with},
        {"landlock: page tables are memory", page_tables_are_memory, NULL, NULL, &without},
        {"namespaces: a full disk is said", a_full_disk_is_said, NULL, NULL, &with},
        {"landlock: a full disk is said", a_full_disk_is_said, NULL, NULL, &without},
        cmocka_unit_test(living_boxes_are_not_swept),
        cmocka_unit_test(refuses_names),
    };
    return cmocka_run_group_tests(tests, open_boxes, close_boxes);
}
