/* server/generate/line.c - see line.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/line.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/paranoid.h"

/* A client, at all priorities together. */
struct tenant {
    struct tenant *next, **link;
    uint64_t client;
    size_t parties;
    double waiting, working; /* samples of its turns */
};

struct party {
    struct party *next, **link;
    struct tenant *tenant;
    int priority;
    double had;                /* tokens that it has had, on the line's clock */
    size_t members;            /* turns that wait or are at work */
    struct place *head, **end; /* those that wait */
    size_t waiting;
    struct load load; /* of them, together */
};

static double cost(const struct load *l)
{
    return l->prompt + l->output;
}

static void add(struct load *to, const struct load *l, double times)
{
    to->prompt += times * l->prompt;
    to->samples += times * l->samples;
    to->output += times * l->output;
}

/* (1), walked. */
static bool holds(const struct party *p)
{
    size_t n = 0;
    for (const struct place *t = p->head; t != NULL; t = t->next) {
        if (!t->waits || t->party != p) return false;
        n++;
    }
    return n == p->waiting && p->members >= n;
}

/* ---- tenants ---- */

static struct tenant *find_tenant(const struct line *l, uint64_t client)
{
    struct tenant *t = l->tenants;
    while (t != NULL && t->client != client) {
        t = t->next;
    }
    return t;
}

/* That client's, for one more party. */
static struct tenant *tenant_take(struct line *l, uint64_t client, struct error *err)
{
    struct tenant *t = find_tenant(l, client);
    if (t == NULL) {
        t = mem_new(1, sizeof(*t), err);
        if (t == NULL) return NULL;
        t->client = client;
        t->next = l->tenants;
        t->link = &l->tenants;
        if (t->next != NULL) t->next->link = &t->next;
        l->tenants = t;
        l->n_tenants++;
    }
    t->parties++;
    return t;
}

static void tenant_leave(struct line *l, struct tenant *t)
{
    if (--t->parties > 0) return;
    assert(t->waiting <= 0 && t->working <= 0); /* (4) */
    *t->link = t->next;
    if (t->next != NULL) t->next->link = t->link;
    l->n_tenants--;
    free(t);
}

/* ---- parties ---- */

static struct party *find(const struct line *l, uint64_t client, int priority)
{
    struct party *p = l->parties;
    while (p != NULL && (p->tenant->client != client || p->priority != priority)) {
        p = p->next;
    }
    return p;
}

static struct party *party_new(struct line *l, uint64_t client, int priority, struct error *err)
{
    struct party *p = mem_new(1, sizeof(*p), err);
    if (p == NULL) return NULL;
    p->tenant = tenant_take(l, client, err);
    if (p->tenant == NULL) {
        free(p);
        return NULL;
    }
    p->priority = priority;
    p->had = l->clock;
    p->end = &p->head;
    p->next = l->parties;
    p->link = &l->parties;
    if (p->next != NULL) p->next->link = &p->next;
    l->parties = p;
    return p;
}

static void party_free(struct line *l, struct party *p)
{
    assert(p->members == 0 && p->waiting == 0 && p->head == NULL); /* (2) */
    *p->link = p->next;
    if (p->next != NULL) p->next->link = p->link;
    tenant_leave(l, p->tenant);
    free(p);
}

/* Where a party stands that has a turn waiting from now on: not before the line. */
static double standing(const struct line *l, const struct party *p)
{
    if (p == NULL) return l->clock;
    return p->waiting > 0 || p->had > l->clock ? p->had : l->clock;
}

/* Does p go before q? Both have turns that wait. */
static bool goes_before(const struct party *p, const struct party *q)
{
    if (p->priority != q->priority) return p->priority < q->priority;
    if (p->had < q->had || p->had > q->had) return p->had < q->had;
    return p->head->number < q->head->number;
}

/* ---- turns ---- */

static void unlink_turn(struct place *t)
{
    struct party *p = t->party;
    assert(t->waits && p->waiting > 0); /* (1) */
    *t->link = t->next;
    if (t->next != NULL) {
        t->next->link = t->link;
    } else {
        p->end = t->link;
    }
    t->waits = false;
    p->waiting--;
    p->tenant->waiting -= t->load.samples;
    add(&p->load, &t->load, -1);
    if (p->waiting == 0) p->load = (struct load){0}; /* no crumbs of rounding */
    assert(!PARANOID || holds(p));                   /* (1) */
}

bool line_join(struct line *l, struct place *t, uint64_t client, int priority, struct error *err)
{
    assert(t->party == NULL);
    struct party *p = find(l, client, priority);
    if (p == NULL && (p = party_new(l, client, priority, err)) == NULL) return false;
    p->had = standing(l, p);
    t->party = p;
    t->waits = true;
    t->number = l->arrivals++;
    t->next = NULL;
    t->link = p->end;
    *p->end = t;
    p->end = &t->next;
    p->waiting++;
    p->members++;
    p->tenant->waiting += t->load.samples;
    add(&p->load, &t->load, 1);
    assert(!PARANOID || holds(p)); /* (1) */
    return true;
}

/* What a tenant may have at work and still take one of so many kept seats: they are for all alike. */
static double part_of(const struct line *l, int kept)
{
    size_t n = l->n_tenants;
    return n == 0 || (size_t)kept < n ? 1 : (double)kept / (double)n;
}

struct place *line_next(const struct line *l, uint64_t before, int kept)
{
    const struct party *first = NULL;
    double part = kept == LINE_ALL ? HUGE_VAL : part_of(l, kept);
    for (const struct party *p = l->parties; p != NULL; p = p->next) {
        if (p->waiting == 0 || p->head->number >= before || p->tenant->working >= part) continue;
        if (first == NULL || goes_before(p, first)) first = p;
    }
    return first == NULL ? NULL : first->head;
}

void line_take(struct line *l, struct place *t)
{
    struct party *p = t->party;
    double before = l->clock;
    unlink_turn(t);
    if (p->had > l->clock) l->clock = p->had;
    p->had += cost(&t->load);
    p->tenant->working += t->load.samples;
    assert(l->clock >= before); /* (3) */
}

void line_leave(struct line *l, struct place *t, double tokens)
{
    struct party *p = t->party;
    if (p == NULL) return;
    if (t->waits) {
        unlink_turn(t);
    } else {
        p->had += tokens - cost(&t->load);
        p->tenant->working -= t->load.samples;
    }
    t->party = NULL;
    assert(p->members > 0); /* (2) */
    if (--p->members == 0) party_free(l, p);
}

/* ---- what is ahead ---- */

/* The share of p's waiting turns that begin before its account has passed `until`. */
static double share_before(const struct party *p, double until)
{
    double mean = cost(&p->load) / (double)p->waiting;
    if (p->had > until) return 0;
    double turns = mean > 0 ? floor((until - p->had) / mean) + 1 : (double)p->waiting;
    return turns < (double)p->waiting ? turns / (double)p->waiting : 1;
}

struct load line_ahead(const struct line *l, uint64_t client, int priority)
{
    struct load ahead = {0};
    const struct party *own = find(l, client, priority);
    double until = standing(l, own) + (own == NULL ? 0 : cost(&own->load));
    for (const struct party *p = l->parties; p != NULL; p = p->next) {
        if (p->waiting == 0 || p->priority > priority) continue;
        bool all = p == own || p->priority < priority;
        add(&ahead, &p->load, all ? 1 : share_before(p, until));
    }
    return ahead;
}

bool line_is_light(const struct line *l, uint64_t client, int kept)
{
    const struct tenant *t = find_tenant(l, client);
    return t == NULL || t->working + t->waiting < part_of(l, kept);
}

struct load line_ahead_light(const struct line *l, int kept)
{
    struct load ahead = {0};
    double part = part_of(l, kept);
    for (const struct party *p = l->parties; p != NULL; p = p->next) {
        if (p->waiting == 0 || p->tenant->working >= part) continue;
        double share = (part - p->tenant->working) / p->load.samples;
        double head = 1 / (double)p->waiting;
        add(&ahead, &p->load, fmin(fmax(share, head), 1));
    }
    return ahead;
}
