/* server/http/metrics.c - see metrics.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/metrics.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/http/router.h"

/* Seconds; from a token of a small model to a long generation. */
const double metrics_bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                0.5,   1,      2.5,   5,    10,    30,   60,  300};

const int metrics_statuses[METRICS_STATUSES] = {0,   200, 308, 400, 401, 403, 404, 405, 408, 409,
                                                411, 413, 415, 416, 429, 500, 501, 503, 504, 507};

static size_t status_column(int status)
{
    for (size_t i = 0; i < METRICS_STATUSES; i++) {
        if (metrics_statuses[i] == status) return i;
    }
    return 0;
}

void metrics_clear(struct metrics *m)
{
    free(m->requests);
    free(m->ignored);
    m->requests = m->ignored = NULL;
}

void metrics_request(struct metrics *m, const struct route_table *routes, const struct route *route,
                     int status, double seconds)
{
    histogram_add(&m->duration, seconds);
    if (m->requests == NULL) {
        m->requests = mem_new((routes->n + 1) * METRICS_STATUSES, sizeof(*m->requests), NULL);
    }
    if (m->requests == NULL) return;
    size_t row = route == NULL ? routes->n : (size_t)(route - routes->rows);
    m->requests[row * METRICS_STATUSES + status_column(status)]++;
}

void metrics_ignored(struct metrics *m, const struct route_table *routes, const struct route *route,
                     size_t n)
{
    if (m->ignored == NULL) m->ignored = mem_new(routes->n, sizeof(*m->ignored), NULL);
    if (m->ignored != NULL) m->ignored[route - routes->rows] += n;
}

void histogram_add(struct histogram *h, double seconds)
{
    size_t i = 0;
    while (i < METRICS_BUCKETS && seconds > metrics_bounds[i]) {
        i++;
    }
    h->counts[i]++;
    h->n++;
    h->sum += seconds;
}
