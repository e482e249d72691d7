/* tests/unit/test_execution.c - programs run for their own sake, beside what
 * tests/http/test_code_dialects.py asks as their clients do: a full queue, a client that has left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <unistd.h>

#include "tests/unit/judging.h"

enum { MANY = 8 };

static void on_done(void *arg)
{
    char byte = 1;
    ssize_t n = write(*(int *)arg, &byte, 1);
    (void)n;
}

static void wait_for(int fd, int n)
{
    char byte;
    for (int i = 0; i < n; i++) {
        assert_int_equal(read(fd, &byte, 1), 1); /* however long it takes */
    }
}

/* ---- replies ---------------------------------------------------------------------------------------- */

/* These clients' limits are times on the wall: long ones, as this machine may have other things to do. */
#define PATIENT ",\"compile_timeout\":300,\"run_timeout\":300"
#define PATIENT_MS "\"compile_timeout\":300000,\"run_timeout\":300000,"

/* clang-format off */
static const struct {
    const char *name;
    enum execution_dialect dialect;
    const char *body, *holds;
} replies[] = {
    {"a file in, a file out", EXECUTION_SANDBOX_FUSION,
     "{\"code\":\"open('b','w').write(open('a/x').read()*2)\",\"language\":\"python\",\"files\":{\"a/x\":\"aGk=\"},\"fetch_files\":[\"b\"]" PATIENT "}",
     "\"files\":{\"b\":\"aGloaQ==\"}"},
    {"bytes that are no text", EXECUTION_SANDBOX_FUSION,
     "{\"code\":\"printf 'a\\\\377\\\\000b'\",\"language\":\"bash\"" PATIENT "}", "\"stdout\":\"a\xEF\xBF\xBD\\u0000b\""},
    {"a compile error", EXECUTION_SANDBOX_FUSION,
     "{\"code\":\"int main(void){return x;}\",\"language\":\"c\"" PATIENT "}", "\"return_code\":1"},
    {"two sources", EXECUTION_PISTON,
     "{" PATIENT_MS "\"language\":\"c\",\"version\":\"*\",\"files\":[{\"content\":\"int f(void);int main(void){return f();}\"},{\"name\":\"f.c\",\"content\":\"int f(void){return 7;}\"}]}",
     "\"run\":{\"code\":7,\"signal\":null"},
    {"a test of the IOI", EXECUTION_PISTON,
     "{" PATIENT_MS "\"language\":\"cms_ioi\",\"version\":\"*\",\"files\":[{\"name\":\"graders/x.cpp\",\"content\":\"int f(int n){return n+1;}\"},{\"name\":\"input.txt\",\"content\":\"4\"},{\"name\":\"correct_output.txt\",\"content\":\"5\"},{\"name\":\"graders/grader.cpp\",\"content\":\"#include <iostream>\\nint f(int);int main(){int n;std::cin>>n;std::cout<<f(n);}\"}]}",
     "\"stdout\":\"1\",\"stderr\":\"Output is correct\""},
    {"a test of Codeforces", EXECUTION_PISTON,
     "{" PATIENT_MS "\"language\":\"cf_python3\",\"version\":\"*\",\"files\":[{\"name\":\"main.py\",\"content\":\"print(4)\"},{\"name\":\"input.txt\",\"content\":\"4\"},{\"name\":\"correct_output.txt\",\"content\":\"5\"},{\"name\":\"grader_config\",\"content\":\"TIME_LIMIT=60.0\"}]}",
     "\"stdout\":\"0\",\"stderr\":\"Output isn't correct\""},
    {"values and faults", EXECUTION_ROUTER,
     "{\"scripts\":[\"x = 6\\nx * 7\",\"1/0\"],\"languages\":[\"python\",\"python\"]}",
     "[{\"execution\":{\"results\":[{\"text\":\"42\",\"is_main_result\":true}]"},
};
/* clang-format on */

static void replies_are_right(void **state)
{
    (void)state;
    int news[2], failed = 0;
    assert_int_equal(pipe(news), 0);
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct error err = {0};
        struct buffer out;
        buffer_init(&out, 1 << 20);
        cJSON *body = json_parse(span_str(replies[i].body), &err);
        struct execution *x = execution_new(judge, replies[i].dialect, body, NULL, &err);
        if (x == NULL) fail_msg("%s: %s %s", replies[i].name, err.param, err.message);
        execution_start(x, on_done, &news[1]);
        wait_for(news[0], 1);
        bool good = execution_reply(x, &out, &err) && strstr(out.p, replies[i].holds) != NULL;
        if (!good) print_message("%s:\n  %s\n", replies[i].name, out.n > 0 ? out.p : err.message);
        failed += !good;
        buffer_clear(&out);
        execution_free(x);
    }
    close(news[0]);
    close(news[1]);
    assert_int_equal(failed, 0);
}

/* ---- a full queue, a client that has left ------------------------------------------------------------ */

static struct execution *sleeper(enum execution_dialect d)
{
    static const char *const bodies[EXECUTION_DIALECTS] = {
        [EXECUTION_SANDBOX_FUSION] =
            "{\"code\":\"sleep 1; echo x\",\"language\":\"bash\"" PATIENT "}",
        [EXECUTION_PISTON] =
            ("{" PATIENT_MS "\"language\":\"bash\",\"version\":\"*\",\"files\":[{\"content\":"
             "\"sleep 1; echo x\"}]}"),
        [EXECUTION_ROUTER] = "{\"scripts\":[\"sleep 1; echo x\"],\"languages\":[\"bash\"]}"};
    struct error err = {0};
    cJSON *body = json_parse(span_str(bodies[d]), &err);
    struct execution *x = execution_new(judge, d, body, NULL, &err);
    if (x == NULL) fail_msg("%s: %s", err.param, err.message);
    return x;
}

/* The waiting room holds one: of many at once some are refused, in the words their clients try again after. */
static void a_full_queue_says_so(void **state)
{
    static const enum error_code codes[EXECUTION_DIALECTS] = {
        [EXECUTION_SANDBOX_FUSION] = ERROR_TIMEOUT,
        [EXECUTION_PISTON] = ERROR_QUEUE_FULL,
        [EXECUTION_ROUTER] = ERROR_QUEUE_FULL};
    (void)state;
    for (int d = 0; d < EXECUTION_DIALECTS; d++) {
        struct execution *all[MANY];
        int news[2], refused = 0;
        assert_int_equal(pipe(news), 0);
        for (int i = 0; i < MANY; i++) {
            all[i] = sleeper((enum execution_dialect)d);
            execution_start(all[i], on_done, &news[1]);
        }
        wait_for(news[0], MANY);
        for (int i = 0; i < MANY; i++) {
            struct buffer out;
            struct error err = {0};
            buffer_init(&out, 1 << 20);
            if (execution_reply(all[i], &out, &err)) {
                assert_non_null(strstr(out.p, "x\\n"));
            } else {
                assert_int_equal(err.code, codes[d]);
                refused++;
            }
            buffer_clear(&out);
            execution_free(all[i]);
        }
        assert_true(refused > 0 && refused < MANY);
        close(news[0]);
        close(news[1]);
    }
}

static void a_cancelled_run_ends(void **state)
{
    (void)state;
    int news[2];
    assert_int_equal(pipe(news), 0);
    struct execution *x = sleeper(EXECUTION_SANDBOX_FUSION);
    execution_start(x, on_done, &news[1]);
    execution_cancel(x);
    wait_for(news[0], 1);
    execution_free(x);
    close(news[0]);
    close(news[1]);
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o;
    judging_options(&o);
    o.workers = 1;
    o.queue_items = 2;
    return judging_open(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_right),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(a_cancelled_run_ends),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
