/* server/routes/service_weights.c - the routes by which trainers send new weights, of every dialect.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "server/http/exchange.h"

/* Weights come to those routes through NCCL, as pickled handles of GPU memory, or as a path to a new checkpoint. */
void service_no_weights_handle(struct exchange *x)
{
    struct error err = {0};
    error_set(
        &err, ERROR_NOT_AVAILABLE, NULL,
        "this server cannot change its weights while it runs: start it anew with the new model "
        "(--model PATH); generation, scoring and /verify are not affected");
    exchange_fail(x, &err);
}
