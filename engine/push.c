/* engine/push.c - see push.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/push.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine_impl.h"
#include "engine/pull.h"
#include "engine/stage.h"

enum { LOW_PRIORITY = 10 }; /* of nice(2): about a tenth of a busy core */

/* ---- handing over ---- */

/* Hand it to the engine thread, and wait until it has it. */
static bool install(struct engine *e, struct install what, struct error *err)
{
    const struct version_label *l =
        what.resident != NULL ? what.resident->version.label : what.label;
    assert(l == NULL || (l->sha256[0] != '\0' && l->name[0] != '\0')); /* (2) */
    mailbox_install(e->mailbox, &what);
    pthread_mutex_lock(&e->lock);
    while (!what.done) {
        pthread_cond_wait(&e->changed, &e->lock);
    }
    pthread_mutex_unlock(&e->lock);
    if (what.error.code == ERROR_NONE) return true;
    *err = what.error;
    return false;
}

/* The pool's threads take their priority from the one that makes them, which is this one. */
static bool begin_pool(struct staging *s, struct error *err)
{
    s->pool = pool_new(pool_threads(s->e->loaded.pool), false, err);
    return s->pool != NULL;
}

static bool stage_and_install(struct staging *s, struct error *err)
{
    struct engine *e = s->e;
    if (!begin_pool(s, err)) return false;
    struct resident *r = stage_weights(s, err);
    pool_free(s->pool);
    if (r == NULL) return false;
    struct install what = {.resident = r, .policy = (int)s->push->policy};
    if (!install(e, what, err)) {
        resident_free(r);
        return false;
    }
    base_clear(&e->base); /* what the next part or change applies to */
    e->base = s->next;
    s->next = (struct base){.fd = -1, .root = -1};
    return true;
}

/* Room for one version more. By a policy that lets no request stay where it is none stays on older weights either:
 * else a push would wait for those, for ever in a pause. */
static bool make_room(struct staging *s, struct error *err)
{
    struct versions *v = &s->e->versions;
    struct install leave = {.policy = (int)s->push->policy};
    bool stay = s->push->policy == PUSH_FINISH;
    if (!stay && versions_are_full(v) && !install(s->e, leave, err)) return false;
    bool wait = s->push->wait != PUSH_WAITS_NOT || !stay;
    return versions_reserve(v, wait, s->push->wait == PUSH_WAITS_IN_PAUSE || !stay, err);
}

static bool push_weights(struct staging *s, struct error *err)
{
    struct versions *v = &s->e->versions;
    if (!make_room(s, err)) return false;
    bool ok = stage_and_install(s, err);
    if (!ok) versions_unreserve(v);
    return ok;
}

/* What serves is called otherwise. */
static bool push_name(struct staging *s, struct error *err)
{
    struct version_label *was = versions_serving(&s->e->versions), *l = s->label;
    l->number = was->number;
    l->created = was->created;
    l->tensors = was->tensors;
    l->fingerprint = was->fingerprint;
    memcpy(l->sha256, was->sha256, sizeof(l->sha256));
    version_label_free(was);
    return install(s->e, (struct install){.label = version_label_share(l)}, err);
}

/* A checkpoint is brought up to date; what serves stays. */
static bool pull(struct staging *s, struct error *err)
{
    version_label_free(s->label);
    s->label = versions_serving(&s->e->versions);
    if (!begin_pool(s, err)) return false;
    bool ok = pull_run(s, err);
    pool_free(s->pool);
    return ok;
}

static bool push_what(struct staging *s, struct error *err)
{
    if (s->push->pull != NULL) return pull(s, err);
    return stage_has_weights(s->push) ? push_weights(s, err) : push_name(s, err);
}

static bool make_label(struct staging *s, struct error *err)
{
    struct version_label *l = s->label = version_label_new(s->push->number, err);
    if (l == NULL) return false;
    const char *name = s->push->version;
    if (name != NULL) {
        snprintf(l->name, sizeof(l->name), "%s", name);
    } else {
        snprintf(l->name, sizeof(l->name), "%llu", (unsigned long long)l->number);
    }
    l->created = clock_unix_s();
    return true;
}

/* What a client called by a number, no later push without a name is called. */
static void pass_number(struct versions *v, const char *name)
{
    enum { MOST_DIGITS = 18 };
    size_t n = strlen(name);
    if (n == 0 || n > MOST_DIGITS || strspn(name, "0123456789") != n) return;
    uint64_t number = strtoull(name, NULL, 10);
    pthread_mutex_lock(&v->lock);
    if (v->pushes < number) v->pushes = number;
    pthread_mutex_unlock(&v->lock);
}

static void run_push(struct engine *e, const struct engine_push *push)
{
    struct staging s = {.e = e, .push = push, .next = {.fd = -1, .root = -1}};
    struct push_result result = {.error.code = ERROR_NONE};
    struct error *err = &result.error;
    uint64_t start = clock_ns();
    bool ok = make_label(&s, err) && push_what(&s, err);
    if (ok) pass_number(&e->versions, s.label->name);
    result.label = ok ? s.label : NULL;
    result.seconds = (double)(clock_ns() - start) * 1e-9;
    pthread_mutex_lock(&e->lock);
    e->pushing = false;
    if (stage_has_weights(push)) *(ok ? &e->pushed : &e->refused) += 1;
    pthread_mutex_unlock(&e->lock);
    push->done(push->arg, &result);
    base_clear(&s.next);
    version_label_free(s.label);
}

/* ---- the keeper ---- */

/* The next push; NULL when there is none and the engine ends. Meanwhile what is retired is freed. */
static struct engine_push *next_push(struct engine *e)
{
    struct versions *v = &e->versions;
    struct engine_push *push;
    pthread_mutex_lock(&v->lock);
    while (!v->quit && e->push == NULL && v->dead == NULL) {
        pthread_cond_wait(&v->changed, &v->lock);
    }
    push = e->push;
    e->push = NULL;
    bool quit = v->quit;
    pthread_mutex_unlock(&v->lock);
    if (push == NULL && !quit) versions_free_dead(v);
    return push;
}

static void free_push(struct engine_push *push)
{
    arena_free(push->memory);
}

static void *keep(void *arg)
{
    struct engine *e = arg;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOW_PRIORITY);
    for (;;) {
        struct engine_push *push = next_push(e);
        if (push != NULL) {
            run_push(e, push);
            free_push(push);
        } else if (__atomic_load_n(&e->versions.quit, __ATOMIC_RELAXED)) {
            return NULL;
        }
    }
}

void engine_end_pushes(struct engine *e)
{
    pthread_mutex_lock(&e->versions.lock);
    __atomic_store_n(&e->versions.quit, true, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&e->versions.changed);
    pthread_mutex_unlock(&e->versions.lock);
}

void keeper_stop(struct engine *e)
{
    if (!e->keeping) return;
    engine_end_pushes(e);
    pthread_join(e->keeper, NULL);
    e->keeping = false;
}

/* ---- the door ---- */

static void copy_text(struct arena *a, const char **text)
{
    if (*text != NULL) *text = arena_str(a, span_str(*text));
}

static void copy_pull(struct arena *a, const struct engine_pull **pull)
{
    struct engine_pull *copy = *pull == NULL ? NULL : arena_alloc(a, 1, sizeof(*copy));
    if (copy != NULL) {
        *copy = **pull;
        copy_text(a, &copy->source);
        copy_text(a, &copy->last);
        copy_text(a, &copy->base);
        *pull = copy;
    }
}

static struct engine_push *copy_push(const struct engine_push *p, struct error *err)
{
    enum { PUSH_BYTES = 1 << 16 };
    struct arena *a = arena_new(PUSH_BYTES);
    struct engine_push *copy = a == NULL ? NULL : arena_alloc(a, 1, sizeof(*copy));
    if (copy != NULL) {
        *copy = *p;
        copy->memory = a;
        copy_text(a, &copy->path);
        copy_text(a, &copy->version);
        copy_text(a, &copy->base_version);
        copy_text(a, &copy->sha256);
        copy_text(a, &copy->staging_dir);
        copy_text(a, &copy->checkpoint_version);
        copy_pull(a, &copy->pull);
        if (!arena_failed(a)) return copy;
    }
    arena_free(a);
    error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a push");
    return NULL;
}

/* Always false. */
static bool says_ending(struct error *err)
{
    return error_set(err, ERROR_DRAINING, NULL, "the server ends");
}

/* Under the lock: nobody else pushes, and there is a keeper. */
static bool claim(struct engine *e, struct error *err)
{
    if (__atomic_load_n(&e->versions.quit, __ATOMIC_RELAXED)) return says_ending(err);
    if (e->pushing) {
        return error_set(err, ERROR_PUSH_IN_PROGRESS, NULL, "other weights are being staged");
    }
    if (!e->keeping && pthread_create(&e->keeper, NULL, keep, e) != 0) {
        return error_set(err, ERROR_SYSTEM, NULL,
                         "the thread that stages weights could not be started");
    }
    e->keeping = e->pushing = true;
    return true;
}

static bool check_push(const struct engine_push *p, struct error *err)
{
    size_t n = p->version == NULL ? 1 : strlen(p->version);
    if (n > 0 && n < VERSION_NAME_BYTES) return true;
    return error_set(err, ERROR_INVALID_VALUE, "version",
                     "a version's name has 1 to %d bytes, not %zu", VERSION_NAME_BYTES - 1, n);
}

/* Of one that has been claimed. False where pushes have been ended since: the keeper may have gone. */
static bool hand_to_keeper(struct engine *e, struct engine_push *push)
{
    pthread_mutex_lock(&e->versions.lock);
    bool goes = !e->versions.quit;
    assert(e->push == NULL); /* (1) */
    if (goes && stage_has_weights(push)) push->number = ++e->versions.pushes;
    if (goes) e->push = push;
    pthread_cond_broadcast(&e->versions.changed);
    pthread_mutex_unlock(&e->versions.lock);
    return goes;
}

bool engine_push(struct engine *e, const struct engine_push *p, struct error *err)
{
    if (!check_push(p, err)) return false;
    if (e->options.vocabulary_only) {
        return error_set(err, ERROR_NOT_AVAILABLE, NULL, "only the vocabulary was loaded");
    }
    struct engine_push *copy = copy_push(p, err);
    if (copy == NULL) return false;
    pthread_mutex_lock(&e->lock);
    bool ok = claim(e, err);
    pthread_mutex_unlock(&e->lock);
    if (!ok) {
        free_push(copy);
        return false;
    }
    if (hand_to_keeper(e, copy)) return true;
    pthread_mutex_lock(&e->lock);
    e->pushing = false;
    pthread_mutex_unlock(&e->lock);
    free_push(copy);
    return says_ending(err);
}

void engine_push_stats(struct engine *e, struct push_stats *out)
{
    pthread_mutex_lock(&e->lock);
    *out = (struct push_stats){.pushed = e->pushed, .refused = e->refused, .staging = e->pushing};
    pthread_mutex_unlock(&e->lock);
    out->resident = e->options.vocabulary_only ? 0 : versions_count(&e->versions);
}
