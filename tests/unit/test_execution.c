/* tests/unit/test_execution.c - programs run for their own sake, where HTTP cannot easily get: a full queue, a
 * client that has left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "reward/reward.h"

enum { MANY = 8, PATIENCE_MS = 60000 };

static struct judge *judge;

static void on_done(void *arg)
{
    char byte = 1;
    ssize_t n = write(*(int *)arg, &byte, 1);
    (void)n;
}

static void wait_for(int fd, int n)
{
    char byte;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < n; i++) {
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        assert_int_equal(read(fd, &byte, 1), 1);
    }
}

static struct execution *sleeper(enum execution_dialect d)
{
    static const char *const bodies[EXECUTION_DIALECTS] = {
        [EXECUTION_SANDBOX_FUSION] = "{\"code\":\"sleep 1; echo x\",\"language\":\"bash\"}",
        [EXECUTION_PISTON] = "{\"language\":\"bash\",\"version\":\"*\",\"files\":[{\"content\":"
                             "\"sleep 1; echo x\"}]}",
        [EXECUTION_ROUTER] = "{\"scripts\":[\"sleep 1; echo x\"],\"languages\":[\"bash\"]}"};
    struct error err = {0};
    cJSON *body = json_parse(span_str(bodies[d]), &err);
    struct execution *x = execution_new(judge, d, body, &err);
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
    judge = judge_open(&(struct judge_options){.workers = 1, .queue_items = 1}, NULL);
    return judge == NULL ? -1 : 0;
}

static int close_judge(void **state)
{
    (void)state;
    judge_close(judge);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(a_cancelled_run_ends),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
