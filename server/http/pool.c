/* server/http/pool.c - see pool.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/pool.h"

#include <assert.h>
#include <stddef.h>

#include "base/processors.h"

void pool_init(struct pool *p, uv_loop_t *loop)
{
    int most = processors_usable() / 2;
    *p = (struct pool){.loop = loop, .most = most < 1 ? 1 : most};
    p->end = &p->first;
}

static void on_work(uv_work_t *work)
{
    struct pool_job *j = work->data;
    j->run(j);
}

static bool begin(struct pool *p, struct pool_job *j);

/* A large job has ended: the next may begin. */
static void go_on(struct pool *p)
{
    assert(p->large > 0);
    p->large--;
    struct pool_job *j = p->first;
    if (j == NULL) return;
    p->first = j->next;
    if (p->first == NULL) p->end = &p->first;
    if (begin(p, j)) return;
    j->run(j); /* better late than never */
    j->done(j);
}

static void on_done(uv_work_t *work, int status)
{
    struct pool_job *j = work->data;
    struct pool *p = j->pool;
    (void)status; /* never cancelled */
    if (j->large) go_on(p);
    assert(p->first == NULL || p->large == p->most); /* (1) */
    j->done(j);
}

static bool begin(struct pool *p, struct pool_job *j)
{
    j->work.data = j;
    if (uv_queue_work(p->loop, &j->work, on_work, on_done) != 0) return false;
    p->large += j->large;
    return true;
}

bool pool_submit(struct pool *p, struct pool_job *j)
{
    j->pool = p;
    j->next = NULL;
    if (!j->large || p->large < p->most) return begin(p, j);
    *p->end = j;
    p->end = &j->next;
    assert(p->large == p->most); /* (1) */
    return true;
}
