/* server/http/metrics.h - counting: how many, how long. What is printed of it is
 * server/routes/service_metrics.c's.
 *
 * Plain numbers, as only the loop thread touches them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct route;
struct route_table;

enum { METRICS_BUCKETS = 16, METRICS_STATUSES = 20 };

/* Upper ends of the buckets, in seconds. */
extern const double metrics_bounds[METRICS_BUCKETS];
/* Every status that we answer with, each once, behind 0, which stands for none. */
extern const int metrics_statuses[METRICS_STATUSES];

struct histogram {
    uint64_t counts[METRICS_BUCKETS + 1]; /* the last: above every bound */
    uint64_t n;
    double sum;
};

/* All zeros is a valid start. */
struct metrics {
    uint64_t *requests; /* [routes + 1, METRICS_STATUSES]; owned; the last row: no route */
    uint64_t *ignored;  /* [routes]; owned: fields passed over */
    struct histogram duration;
};

/* Free what m owns. */
void metrics_clear(struct metrics *m);

/* One exchange is over; route NULL: there was none; status 0: it was never answered. */
void metrics_request(struct metrics *m, const struct route_table *routes, const struct route *route,
                     int status, double seconds);

/* A request to route had n fields that were passed over. */
void metrics_ignored(struct metrics *m, const struct route_table *routes, const struct route *route,
                     size_t n);

/* One more measurement. */
void histogram_add(struct histogram *h, double seconds);

#endif
