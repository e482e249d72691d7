/* tests/unit/test_metrics.c - what is counted of requests: each under the status of its answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "server/http/metrics.h"
#include "server/http/router.h"

static size_t times_listed(int status)
{
    size_t n = 0;
    for (size_t i = 0; i < METRICS_STATUSES; i++) {
        n += metrics_statuses[i] == status;
    }
    return n;
}

/* A status that is not listed would be counted as that of clients who left, and one that is listed
 * twice would be two series of one name, for which Prometheus refuses the whole page. */
static void every_status_has_a_column_of_its_own(void **state)
{
    (void)state;
    for (int code = 0; code < ERROR_CODES; code++) {
        int status = error_status((enum error_code)code);
        if (times_listed(status) != 1) {
            fail_msg("%d is listed %zu times", status, times_listed(status));
        }
    }
    for (size_t i = 0; i < METRICS_STATUSES; i++) {
        assert_int_equal(times_listed(metrics_statuses[i]), 1);
    }
}

static void a_request_counts_once(void **state)
{
    static const struct route rows[] = {{.method = "GET", .path = "/a"},
                                        {.method = "GET", .path = "/b"}};
    static const struct route_table routes = {.rows = rows, .n = 2};
    struct metrics m = {0};
    (void)state;
    for (size_t c = 0; c < METRICS_STATUSES; c++) {
        metrics_request(&m, &routes, &rows[1], metrics_statuses[c], 0.5);
        metrics_request(&m, &routes, NULL, metrics_statuses[c], 0.5);
    }
    for (size_t c = 0; c < METRICS_STATUSES; c++) {
        assert_int_equal(m.requests[0 * METRICS_STATUSES + c], 0);
        assert_int_equal(m.requests[1 * METRICS_STATUSES + c], 1);
        assert_int_equal(m.requests[2 * METRICS_STATUSES + c], 1); /* of no route */
    }
    assert_int_equal(m.duration.n, 2 * METRICS_STATUSES);
    metrics_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_column_of_its_own),
        cmocka_unit_test(a_request_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
