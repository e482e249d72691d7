/* engine/sample/form/form_store.c - see form_store.h.
 *
 * A form is compiled outside of the lock. When several threads compile the same one, the first that is done is
 * kept, and the others take it in place of theirs: masks are made once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/form_store.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

struct place {
    struct form *form; /* NULL: free */
    uint64_t used;     /* when last */
};

struct form_store {
    pthread_mutex_t lock;
    uint64_t now;
    struct place places[FORM_STORE];
};

struct form_store *form_store_new(struct error *err)
{
    struct form_store *s = mem_new(1, sizeof(*s), err);
    if (s != NULL) pthread_mutex_init(&s->lock, NULL);
    return s;
}

void form_store_free(struct form_store *s)
{
    if (s == NULL) return;
    for (int i = 0; i < FORM_STORE; i++) {
        form_free(s->places[i].form);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* The form of that key, for who asks; NULL: there is none. The lock is held. */
static struct form *share(struct form_store *s, struct span key)
{
    for (int i = 0; i < FORM_STORE; i++) {
        struct place *p = &s->places[i];
        if (p->form == NULL || !span_eq(form_key(p->form), key)) continue;
        if (form_bytes(p->form) <= FORM_STORE_BYTES) {
            p->used = ++s->now;
            return form_share(p->form);
        }
        form_free(p->form); /* grown: those who use it keep it */
        *p = (struct place){0};
        break;
    }
    return NULL;
}

static struct form *find(struct form_store *s, struct span key)
{
    pthread_mutex_lock(&s->lock);
    struct form *found = share(s, key);
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* f, or the equal one that has come before it. */
static struct form *keep(struct form_store *s, struct form *f)
{
    pthread_mutex_lock(&s->lock);
    struct form *first = share(s, form_key(f));
    struct place *oldest = &s->places[0];
    for (int i = 1; i < FORM_STORE; i++) {
        if (s->places[i].used < oldest->used) oldest = &s->places[i];
    }
    if (first == NULL) {
        form_free(oldest->form);
        *oldest = (struct place){form_share(f), ++s->now};
    }
    pthread_mutex_unlock(&s->lock);
    if (first == NULL) return f;
    form_free(f);
    return first;
}

struct form *form_store_get(struct form_store *s, const struct form_source *source,
                            struct error *err)
{
    struct buffer key;
    buffer_init(&key, FORM_KEY_BYTES);
    form_source_key(source, &key);
    struct form *f = key.failed ? NULL : find(s, buffer_span(&key));
    buffer_clear(&key);
    if (f != NULL) return f;
    f = form_new(source, err);
    return f != NULL && form_bytes(f) <= FORM_STORE_BYTES ? keep(s, f) : f;
}
