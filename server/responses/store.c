/* server/responses/store.c - see store.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/responses/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/clock.h"
#include "base/mem.h"

enum { BUCKETS = 1024 };

struct entry {
    struct entry *older, *newer; /* the list */
    struct entry *next;          /* in its bucket */
    uint64_t owner, born_ns;
    char id[RESPONSE_ID_BYTES];
    size_t n_reply, n_messages;
    char text[]; /* the reply, then the messages */
};

struct response_store {
    pthread_mutex_t lock;
    size_t most, most_bytes;
    uint64_t ttl_ns;
    struct entry *oldest, *newest;
    struct entry *buckets[BUCKETS];
    size_t n, bytes;
};

struct response_store *response_store_new(int most, int64_t most_bytes, int64_t ttl_ms)
{
    struct response_store *s = mem_new(1, sizeof(*s), NULL);
    if (s == NULL) return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->most = (size_t)most;
    s->most_bytes = (size_t)most_bytes;
    s->ttl_ns = clock_ms_to_ns(ttl_ms);
    return s;
}

static size_t size_of(const struct entry *e)
{
    return sizeof(*e) + e->n_reply + e->n_messages;
}

static struct entry **bucket_of(struct response_store *s, struct span id)
{
    return &s->buckets[hash_mix(hash_bytes(id)) % BUCKETS];
}

/* Out of bucket and list; freed. */
static void forget(struct response_store *s, struct entry *e)
{
    struct entry **at = bucket_of(s, span_str(e->id));
    while (*at != NULL && *at != e) {
        at = &(*at)->next;
    }
    assert(*at == e); /* (2) */
    *at = e->next;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    assert(s->n > 0 && s->bytes >= size_of(e)); /* (1) */
    s->n--;
    s->bytes -= size_of(e);
    free(e);
}

/* What is too old goes, and then the oldest until there is room for `bytes` in one more. */
static void make_room(struct response_store *s, size_t bytes, uint64_t now_ns)
{
    while (s->oldest != NULL && now_ns - s->oldest->born_ns > s->ttl_ns) {
        forget(s, s->oldest);
    }
    while (s->n >= s->most || s->bytes + bytes > s->most_bytes) {
        assert(s->oldest != NULL);
        forget(s, s->oldest);
    }
}

void response_store_free(struct response_store *s)
{
    if (s == NULL) return;
    while (s->oldest != NULL) {
        forget(s, s->oldest);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct entry *new_entry(const char *id, const struct response_kept *what)
{
    size_t n = sizeof(struct entry) + what->reply.n + what->messages.n;
    struct entry *e = mem_new(1, n, NULL);
    if (e == NULL) return NULL;
    assert(strlen(id) < sizeof(e->id));
    memcpy(e->id, id, strlen(id) + 1);
    e->n_reply = what->reply.n;
    e->n_messages = what->messages.n;
    memcpy(e->text, what->reply.p, e->n_reply);
    memcpy(e->text + e->n_reply, what->messages.p, e->n_messages);
    return e;
}

bool response_store_put(struct response_store *s, const char *id, uint64_t owner,
                        const struct response_kept *what, uint64_t now_ns)
{
    size_t bytes = sizeof(struct entry) + what->reply.n + what->messages.n;
    if (s->most == 0 || bytes > s->most_bytes) return false;
    struct entry *e = new_entry(id, what);
    if (e == NULL) return false;
    e->owner = owner;
    e->born_ns = now_ns;
    pthread_mutex_lock(&s->lock);
    make_room(s, bytes, now_ns);
    struct entry **at = bucket_of(s, span_str(id));
    e->next = *at;
    *at = e;
    e->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
    s->n++;
    s->bytes += bytes;
    assert(s->n <= s->most && s->bytes <= s->most_bytes); /* (1) */
    pthread_mutex_unlock(&s->lock);
    return true;
}

/* Under the lock. */
static struct entry *find(struct response_store *s, struct span id, uint64_t owner, uint64_t now_ns)
{
    for (struct entry *e = *bucket_of(s, id); e != NULL; e = e->next) {
        if (!span_is(id, e->id)) continue;
        return e->owner == owner && now_ns - e->born_ns <= s->ttl_ns ? e : NULL;
    }
    return NULL;
}

enum response_found response_store_get(struct response_store *s, struct span id, uint64_t owner,
                                       uint64_t now_ns, struct arena *a, struct response_kept *out)
{
    enum response_found found = RESPONSE_UNKNOWN;
    pthread_mutex_lock(&s->lock);
    const struct entry *e = find(s, id, owner, now_ns);
    if (e != NULL) {
        const char *text = arena_str(a, span_of(e->text, e->n_reply + e->n_messages));
        found = text == NULL ? RESPONSE_NO_MEMORY : RESPONSE_FOUND;
        if (text != NULL) {
            out->reply = span_of(text, e->n_reply);
            out->messages = span_of(text + e->n_reply, e->n_messages);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool response_store_drop(struct response_store *s, struct span id, uint64_t owner, uint64_t now_ns)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, id, owner, now_ns);
    if (e != NULL) forget(s, e);
    pthread_mutex_unlock(&s->lock);
    return e != NULL;
}

void response_store_count(struct response_store *s, size_t *n, size_t *bytes)
{
    pthread_mutex_lock(&s->lock);
    *n = s->n;
    *bytes = s->bytes;
    pthread_mutex_unlock(&s->lock);
}
