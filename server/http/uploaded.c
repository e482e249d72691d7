/* server/http/uploaded.c - see uploaded.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/uploaded.h"

#include <assert.h>
#include <string.h>

static bool is(const struct uploaded *d, const char *id, uint64_t owner)
{
    return id[0] != '\0' && d->owner == owner && strcmp(d->id, id) == 0;
}

void uploaded_note(struct uploaded_list *l, const struct upload *u, struct span reply,
                   uint64_t now_ns)
{
    if (u->id[0] == '\0' || reply.n > UPLOADED_REPLY_BYTES) return;
    uploaded_forget(l, u->id, u->owner);
    assert(l->next < UPLOADED_MOST); /* (1) */
    struct uploaded *d = &l->items[l->next];
    l->next = (l->next + 1) % UPLOADED_MOST;
    d->owner = u->owner;
    d->total = u->total;
    d->at_ns = now_ns;
    d->reply_bytes = reply.n;
    memcpy(d->id, u->id, sizeof(d->id));
    memcpy(d->reply, reply.p, reply.n);
}

const struct uploaded *uploaded_find(const struct uploaded_list *l, const char *id, uint64_t owner,
                                     uint64_t now_ns)
{
    for (size_t i = 0; i < UPLOADED_MOST; i++) {
        const struct uploaded *d = &l->items[i];
        bool fresh = now_ns <= d->at_ns + (uint64_t)UPLOADED_S * 1000000000u;
        if (fresh && is(d, id, owner)) return d;
    }
    return NULL;
}

void uploaded_forget(struct uploaded_list *l, const char *id, uint64_t owner)
{
    for (size_t i = 0; i < UPLOADED_MOST; i++) {
        if (is(&l->items[i], id, owner)) l->items[i].id[0] = '\0';
    }
}
