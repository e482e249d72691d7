/* server/http/inbox.c - see inbox.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/inbox.h"

#include <stddef.h>

#include "base/mem.h"

int inbox_init(struct inbox *in)
{
    in->first = NULL;
    in->last = &in->first;
    return uv_mutex_init(&in->lock);
}

void inbox_clear(struct inbox *in)
{
    uv_mutex_destroy(&in->lock);
}

void inbox_post(struct inbox *in, struct message *m)
{
    m->next = NULL;
    uv_mutex_lock(&in->lock);
    *in->last = m;
    in->last = &m->next;
    uv_mutex_unlock(&in->lock);
}

void inbox_deliver(struct inbox *in)
{
    uv_mutex_lock(&in->lock);
    struct message *m = in->first;
    in->first = NULL;
    in->last = &in->first;
    uv_mutex_unlock(&in->lock);
    while (m != NULL) {
        struct message *next = m->next; /* deliver() may free or post m again */
        mem_forget();                   /* what failed for another is not m's concern */
        m->deliver(m);
        m = next;
    }
}
