/* engine/versions.c - see versions.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/versions.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/forward/weights.h"

/* ---- one version ---- */

struct resident *resident_new(struct weights *w, struct version_label *label, uint64_t content,
                              struct error *err)
{
    struct resident *r = mem_new(1, sizeof(*r), err);
    if (r == NULL) {
        weights_free(w);
        version_label_free(label);
        return NULL;
    }
    r->weights = w;
    r->version = (struct version){.number = label->number,
                                  .label = label,
                                  .content = content,
                                  .weights = w};
    return r;
}

void resident_free(struct resident *r)
{
    if (r == NULL) return;
    assert(r->version.users == 0);
    weights_free(r->weights);
    version_label_free(r->version.label);
    free(r);
}

static void free_list(struct resident *r)
{
    while (r != NULL) {
        struct resident *next = r->next;
        resident_free(r);
        r = next;
    }
}

/* ---- all of them ---- */

void versions_init(struct versions *v, int most)
{
    *v = (struct versions){.most = most};
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->changed, NULL);
}

void versions_clear(struct versions *v)
{
    if (v->most == 0) return; /* was never made */
    free_list(v->live);
    free_list(v->dead);
    pthread_cond_destroy(&v->changed);
    pthread_mutex_destroy(&v->lock);
}

/* Free the dead, without the lock meanwhile. */
static void bury(struct versions *v)
{
    while (v->dead != NULL) {
        struct resident *r = v->dead;
        v->dead = r->next;
        pthread_mutex_unlock(&v->lock);
        resident_free(r);
        pthread_mutex_lock(&v->lock);
        v->n--;
        assert(v->live == NULL || v->n >= 1); /* (2) */
    }
}

void versions_free_dead(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    bury(v);
    pthread_mutex_unlock(&v->lock);
}

bool versions_are_full(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    bool full = v->n >= v->most;
    pthread_mutex_unlock(&v->lock);
    return full;
}

void versions_pause(struct versions *v, bool paused)
{
    pthread_mutex_lock(&v->lock);
    v->paused = paused;
    pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&v->lock);
}

bool versions_reserve(struct versions *v, bool wait, bool in_pause, struct error *err)
{
    pthread_mutex_lock(&v->lock);
    bury(v);
    while (wait && !v->quit && (in_pause || !v->paused) && v->n >= v->most) {
        pthread_cond_wait(&v->changed, &v->lock);
        bury(v);
    }
    bool ok = v->n < v->most && !v->quit;
    if (v->quit) {
        error_set(err, ERROR_ABORTED, NULL, "the server ends");
    } else if (!ok) {
        error_set(
            err, ERROR_VERSIONS_BUSY, NULL,
            "%d versions of the weights are in memory, of at most %d: requests still run on the "
            "older ones%s",
            v->n, v->most,
            v->paused ? ", and are paused; the policies switch and abort take them off these" : "");
    }
    v->n += ok;
    assert(v->n <= v->most); /* (1) */
    pthread_mutex_unlock(&v->lock);
    return ok;
}

void versions_unreserve(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    v->n--;
    pthread_mutex_unlock(&v->lock);
}

void versions_serve(struct versions *v, struct resident *r)
{
    pthread_mutex_lock(&v->lock);
    r->next = v->live;
    v->live = r;
    if (r->next == NULL) v->n++; /* the first, for which nobody reserved room */
    pthread_mutex_unlock(&v->lock);
}

void versions_rename(struct versions *v, struct version_label *label)
{
    pthread_mutex_lock(&v->lock);
    version_label_free(v->live->version.label);
    v->live->version.label = label;
    pthread_mutex_unlock(&v->lock);
}

void versions_retire(struct versions *v)
{
    if (v->live == NULL || v->live->next == NULL) return; /* nobody else changes the list */
    bool any = false;
    pthread_mutex_lock(&v->lock);
    for (struct resident **at = &v->live->next; *at != NULL;) {
        struct resident *r = *at;
        if (r->version.users > 0 || r->pins > 0) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        r->next = v->dead;
        v->dead = r;
        any = true;
    }
    if (any) pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&v->lock);
}

struct version_label *versions_serving(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    struct version_label *l = version_label_share(v->live->version.label);
    pthread_mutex_unlock(&v->lock);
    return l;
}

const struct weights *versions_weights(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    const struct weights *w = v->live->weights;
    pthread_mutex_unlock(&v->lock);
    return w;
}

struct resident *versions_pin(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    struct resident *r = v->live;
    r->pins++;
    pthread_mutex_unlock(&v->lock);
    return r;
}

void versions_unpin(struct versions *v, struct resident *r)
{
    pthread_mutex_lock(&v->lock);
    r->pins--;
    assert(r->pins >= 0);
    pthread_mutex_unlock(&v->lock);
}

int versions_count(struct versions *v)
{
    pthread_mutex_lock(&v->lock);
    int n = v->n;
    pthread_mutex_unlock(&v->lock);
    return n;
}
