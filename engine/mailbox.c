/* engine/mailbox.c - see mailbox.h.
 *
 * (1) Every request between mailbox_submit() and the publishing of its end is in the table.
 * (2) A request is in the list of cancelled ones only while it is in the table.
 * (3) n_live is the number of samples of accepted requests whose end has not been published.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mailbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/paranoid.h"

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int n_live, max_live;
    struct request **buckets; /* the table, by id; [bucket_mask + 1] */
    uint64_t bucket_mask;
    struct request *submitted, *last_submitted;
    struct request *cancelled;
    struct install *install;
    bool reset_cache, quit;
    bool nudged;          /* something else is to be looked at */
    bool paused, resumed; /* resumed: since the news were last taken */
    struct engine_event *events, *last_event;
    struct engine_stats stats;
};

struct mailbox *mailbox_new(int max_samples, struct error *err)
{
    size_t n_buckets = 16;
    while (n_buckets < (size_t)max_samples && n_buckets < (size_t)1 << 20) {
        n_buckets *= 2;
    }
    struct mailbox *mb = mem_new(1, sizeof(*mb), err);
    struct request **buckets = mem_new(n_buckets, sizeof(*buckets), err);
    if (mb == NULL || buckets == NULL) {
        free(mb);
        free(buckets);
        return NULL;
    }
    pthread_mutex_init(&mb->lock, NULL);
    pthread_cond_init(&mb->news, NULL);
    mb->max_live = max_samples;
    mb->buckets = buckets;
    mb->bucket_mask = n_buckets - 1;
    return mb;
}

void mailbox_free(struct mailbox *mb)
{
    if (mb == NULL) return;
    while (mb->submitted != NULL) {
        struct request *r = mb->submitted;
        mb->submitted = r->next;
        request_free(r);
    }
    while (mb->events != NULL) {
        struct engine_event *ev = mb->events;
        mb->events = ev->next;
        engine_event_free(ev);
    }
    pthread_cond_destroy(&mb->news);
    pthread_mutex_destroy(&mb->lock);
    free(mb->buckets);
    free(mb);
}

/* Where the table points to request id, or would. */
static struct request **find(struct mailbox *mb, uint64_t id)
{
    struct request **at = &mb->buckets[hash_mix(id) & mb->bucket_mask];
    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->mailbox.same_bucket;
    }
    return at;
}

static bool accept(struct mailbox *mb, struct request *r, struct error *err)
{
    struct request **place = find(mb, r->id);
    if (*place != NULL) {
        return error_set(err, ERROR_INVALID_VALUE, "id", "request id %llu is in use",
                         (unsigned long long)r->id);
    }
    if (r->n > mb->max_live - mb->n_live) {
        return error_set(err, ERROR_QUEUE_FULL, NULL,
                         "the queue is full: %d samples are running or waiting; at most %d",
                         mb->n_live, mb->max_live);
    }
    *place = r;
    mb->n_live += r->n;
    r->next = NULL;
    *(mb->submitted == NULL ? &mb->submitted : &mb->last_submitted->next) = r;
    mb->last_submitted = r;
    return true;
}

bool mailbox_submit(struct mailbox *mb, struct request *r, struct error *err)
{
    pthread_mutex_lock(&mb->lock);
    bool ok = accept(mb, r, err);
    pthread_cond_signal(&mb->news);
    pthread_mutex_unlock(&mb->lock);
    return ok;
}

void mailbox_cancel(struct mailbox *mb, uint64_t id)
{
    pthread_mutex_lock(&mb->lock);
    struct request *r = *find(mb, id);
    if (r != NULL && !r->mailbox.cancelled) {
        r->mailbox.cancelled = true;
        r->mailbox.next_cancelled = mb->cancelled;
        mb->cancelled = r;
        pthread_cond_signal(&mb->news);
    }
    pthread_mutex_unlock(&mb->lock);
}

struct engine_event *mailbox_take_events(struct mailbox *mb)
{
    pthread_mutex_lock(&mb->lock);
    struct engine_event *events = mb->events;
    mb->events = mb->last_event = NULL;
    pthread_mutex_unlock(&mb->lock);
    return events;
}

static void raise_flag(struct mailbox *mb, bool *flag)
{
    pthread_mutex_lock(&mb->lock);
    *flag = true;
    pthread_cond_signal(&mb->news);
    pthread_mutex_unlock(&mb->lock);
}

void mailbox_reset_cache(struct mailbox *mb)
{
    raise_flag(mb, &mb->reset_cache);
}

void mailbox_nudge(struct mailbox *mb)
{
    raise_flag(mb, &mb->nudged);
}

void mailbox_install(struct mailbox *mb, struct install *what)
{
    pthread_mutex_lock(&mb->lock);
    assert(mb->install == NULL);
    mb->install = what;
    pthread_cond_signal(&mb->news);
    pthread_mutex_unlock(&mb->lock);
}

void mailbox_quit(struct mailbox *mb)
{
    raise_flag(mb, &mb->quit);
}

void mailbox_pause(struct mailbox *mb, bool paused)
{
    pthread_mutex_lock(&mb->lock);
    mb->resumed |= mb->paused && !paused;
    mb->paused = paused;
    pthread_cond_signal(&mb->news);
    pthread_mutex_unlock(&mb->lock);
}

void mailbox_stats(struct mailbox *mb, struct engine_stats *out)
{
    pthread_mutex_lock(&mb->lock);
    *out = mb->stats;
    pthread_mutex_unlock(&mb->lock);
}

/* (1), (2), (3): walks the table and the list. On the engine thread, between two publishings: the
 * samples of a request end one by one. */
static bool holds(struct mailbox *mb)
{
    int n = 0;
    for (uint64_t i = 0; i <= mb->bucket_mask; i++) {
        for (struct request *r = mb->buckets[i]; r != NULL; r = r->mailbox.same_bucket) {
            n += r->n_live;
        }
    }
    for (struct request *r = mb->cancelled; r != NULL; r = r->mailbox.next_cancelled) {
        if (*find(mb, r->id) != r || !r->mailbox.cancelled) return false;
    }
    return n == mb->n_live;
}

static bool has_news(const struct mailbox *mb)
{
    return mb->submitted || mb->cancelled || mb->install || mb->reset_cache || mb->resumed ||
           mb->nudged || mb->quit;
}

void mailbox_take_news(struct mailbox *mb, bool idle, struct mailbox_news *news)
{
    pthread_mutex_lock(&mb->lock);
    while (idle && !has_news(mb)) {
        pthread_cond_wait(&mb->news, &mb->lock);
    }
    assert(!PARANOID || holds(mb)); /* (2) */
    *news = (struct mailbox_news){mb->submitted,   mb->cancelled, mb->install,
                                  mb->reset_cache, mb->paused,    mb->quit};
    mb->submitted = mb->last_submitted = mb->cancelled = NULL;
    mb->install = NULL;
    mb->reset_cache = mb->resumed = mb->nudged = false;
    pthread_mutex_unlock(&mb->lock);
}

bool mailbox_any(struct mailbox *mb, bool (*is)(const void *arg, const struct request *r),
                 const void *arg)
{
    pthread_mutex_lock(&mb->lock);
    const struct request *r = mb->submitted;
    while (r != NULL && !is(arg, r)) {
        r = r->next;
    }
    pthread_mutex_unlock(&mb->lock);
    return r != NULL;
}

struct request *mailbox_take_submitted(struct mailbox *mb)
{
    pthread_mutex_lock(&mb->lock);
    struct request *list = mb->submitted;
    mb->submitted = mb->last_submitted = NULL;
    pthread_mutex_unlock(&mb->lock);
    return list;
}

/* (2): one that ended by itself may have been cancelled since the news were taken. */
static void forget_cancelled(struct mailbox *mb, struct request *r)
{
    struct request **at = &mb->cancelled;
    while (*at != NULL && *at != r) {
        at = &(*at)->mailbox.next_cancelled;
    }
    if (*at != NULL) *at = r->mailbox.next_cancelled;
}

static void forget(struct mailbox *mb, struct request *r)
{
    struct request **at = find(mb, r->id);
    assert(*at == r); /* (1) */
    *at = r->mailbox.same_bucket;
    if (r->mailbox.cancelled) forget_cancelled(mb, r);
}

bool mailbox_publish(struct mailbox *mb, struct results *r, const struct engine_stats *stats)
{
    bool any = r->first != NULL;
    pthread_mutex_lock(&mb->lock);
    for (struct request *q = r->ended; q != NULL; q = q->next) {
        forget(mb, q);
    }
    if (any) {
        *(mb->events == NULL ? &mb->events : &mb->last_event->next) = r->first;
        mb->last_event = r->last;
    }
    mb->n_live -= r->n_ended;
    assert(mb->n_live >= 0 && mb->n_live <= mb->max_live); /* (3) */
    mb->stats = *stats;
    pthread_mutex_unlock(&mb->lock);
    r->first = r->last = NULL;
    r->n_ended = 0;
    return any;
}
