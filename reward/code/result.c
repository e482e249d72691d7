/* reward/code/result.c - the buffers of a run's result, on both sides of the cell's socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/cell.h"

#include <string.h>

void sandbox_result_init(struct sandbox_result *r)
{
    memset(r, 0, sizeof(*r));
    buffer_init(&r->out, CELL_MAX_ORDER);
    buffer_init(&r->err, CELL_MAX_ORDER);
    buffer_init(&r->channel, CELL_MAX_ORDER);
    for (int i = 0; i < SANDBOX_MAX_FETCH; i++) {
        buffer_init(&r->fetched[i], CELL_MAX_ORDER);
    }
}

void sandbox_result_clear(struct sandbox_result *r)
{
    buffer_clear(&r->out);
    buffer_clear(&r->err);
    buffer_clear(&r->channel);
    for (int i = 0; i < SANDBOX_MAX_FETCH; i++) {
        buffer_clear(&r->fetched[i]);
    }
}
