/* tests/unit/test_sandbox.c - how runs end, what they can reach, what they leave; with namespaces and
 * without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reward/code/sandbox.h"

static struct sandbox *boxes[2]; /* with namespaces (where permitted), without */

static const struct sandbox_limits standard = {.cpu_ms = 2000,
                                               .wall_ms = 6000,
                                               .memory_bytes = 256 << 20,
                                               .address_bytes = 256 << 20,
                                               .output_bytes = 64 << 10,
                                               .work_bytes = 8 << 20,
                                               .work_files = 64,
                                               .processes = 16,
                                               .open_files = 64};

static int open_boxes(void **state)
{
    (void)state;
    struct error err = {0};
    for (int i = 0; i < 2; i++) {
        struct sandbox_options o = {.no_namespaces = i == 1};
        boxes[i] = sandbox_open(&o, &err);
        if (boxes[i] == NULL) {
            fprintf(stderr, "%s\n", err.message);
            return -1;
        }
    }
    return 0;
}

static int close_boxes(void **state)
{
    (void)state;
    sandbox_close(boxes[0]);
    sandbox_close(boxes[1]);
    return 0;
}

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
        cmocka_unit_test(refuses_names),
    };
    return cmocka_run_group_tests(tests, open_boxes, close_boxes);
}
