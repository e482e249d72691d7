/* engine/hashing.c - see hashing.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/hashing.h"

#include "engine/forward/pool.h"

static void hash_line(void *arg, int task, int thread)
{
    struct hashing *h = arg;
    struct content_line *line = &h->content->lines[task];
    (void)thread;
    if (h->stop != NULL && __atomic_load_n(h->stop, __ATOMIC_RELAXED)) return; /* nobody reads it */
    content_hash(line);
    if (h->check_finite && !content_is_finite(line)) {
        __atomic_store_n(&h->bad, line, __ATOMIC_RELAXED);
    }
    model_drop(h->model, line->bytes); /* packing reads it again, piece by piece */
}

void hashing_run(struct hashing *h, struct pool *pool)
{
    pool_run(pool, hash_line, h, (int)h->content->n);
}
