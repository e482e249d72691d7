/* server/metrics.h - what is counted, and its text for Prometheus.
 *
 * Counters of our own are plain numbers, as only the loop thread touches them; those of the
 * engine and the judge are asked for when somebody scrapes. Beside our names stand those of vLLM
 * and llama-server that mean the same, so that their dashboards work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stdint.h>

#include "base/buffer.h"

struct route;
struct server;

enum { METRICS_BUCKETS = 16, METRICS_STATUSES = 24 };

struct histogram {
    uint64_t counts[METRICS_BUCKETS + 1]; /* the last: above every bound */
    uint64_t n;
    double sum;
};

/* All zeros is a valid start. */
struct metrics {
    uint64_t *requests; /* [routes + 1, METRICS_STATUSES]; owned */
    struct histogram duration, first_token, inter_token;
    uint64_t cancelled;   /* generations whose client left */
    uint64_t finished[4]; /* choices by enum engine_finish */
};

void metrics_clear(struct metrics *m);

/* One exchange is over; status 0: it was never answered. */
void metrics_request(struct metrics *m, const struct route *route, int status, double seconds);

void histogram_add(struct histogram *h, double seconds);

/* Prometheus text format 0.0.4 of everything, appended. */
void metrics_print(const struct server *s, struct buffer *out);

#endif
