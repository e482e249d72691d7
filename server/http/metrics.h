/* server/http/metrics.h - counting: how many, how long. What is printed of it is
 * server/routes/service_metrics.c's.
 *
 * Plain numbers, as only the loop thread touches them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include <stdint.h>

struct route;
struct route_table;

enum { METRICS_BUCKETS = 16, METRICS_STATUSES = 24 };

/* Upper ends of the buckets, in seconds; and the statuses that are told apart, 0 for none. */
extern const double metrics_bounds[METRICS_BUCKETS];
extern const int metrics_statuses[METRICS_STATUSES];

struct histogram {
    uint64_t counts[METRICS_BUCKETS + 1]; /* the last: above every bound */
    uint64_t n;
    double sum;
};

/* All zeros is a valid start. */
struct metrics {
    uint64_t *requests; /* [routes + 1, METRICS_STATUSES]; owned; the last row: no route */
    struct histogram duration;
};

/* Free what m owns. */
void metrics_clear(struct metrics *m);

/* One exchange is over; route NULL: there was none; status 0: it was never answered. */
void metrics_request(struct metrics *m, const struct route_table *routes, const struct route *route,
                     int status, double seconds);

/* One more measurement. */
void histogram_add(struct histogram *h, double seconds);

#endif
