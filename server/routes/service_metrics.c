/* server/routes/service_metrics.c - GET /metrics, for Prometheus.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "server/http/exchange.h"
#include "server/metrics.h"

void metrics_handle(struct exchange *x)
{
    struct buffer out;
    buffer_init(&out, EXCHANGE_REPLY_BYTES);
    metrics_print(x->server, &out);
    exchange_reply(x, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}
