/* server/weights/refused.c - ways of sending weights that need NCCL, a GPU's memory or Python objects on both
 * sides, and what works instead.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/weights/weights.h"

#include "server/http/exchange.h"

void weights_refuse_handle(struct exchange *x)
{
    struct error err = {0};
    error_set(
        &err, ERROR_NOT_AVAILABLE, NULL,
        "weights are not taken through NCCL, GPU memory or pickles: POST /v1/weights {\"path\"} or "
        "/update_weights_from_disk takes a folder or a GGUF file, PUT /v1/weights a safetensors "
        "stream");
    exchange_fail(x, &err);
}
