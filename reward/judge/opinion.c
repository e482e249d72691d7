/* reward/judge/opinion.c - see opinion.h.
 *
 * A few threads take scored completions from one queue and ask, blocking: they hold no verifier
 * process and no thread that judges. The queue is bounded; what finds it full keeps the verdict that
 * the rules gave. Each answer has a time limit of its own, which is the asking function's.
 *
 *   (1) n_waiting is the length of the queue, at most MOST_WAITING.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/opinion.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/scored.h"

enum { MOST_WAITING = 4096, MOST_THREADS = 64 };

struct waiting {
    struct waiting *next;
    struct scored *scored;
};

struct opinions {
    struct judge_model model;
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct waiting *first, **last;
    size_t n_waiting;
    bool closing;
    pthread_t threads[MOST_THREADS];
    int n_threads;
};

bool opinions_check(const struct opinions *o, const struct spec_list *list, struct error *err)
{
    for (int i = 0; i < list->n && o == NULL; i++) {
        const struct spec *s = &list->specs[i];
        if (s->reward->wants_opinion == NULL || !s->reward->wants_opinion(s->options)) continue;
        error_set(err, ERROR_NOT_AVAILABLE, "equivalence",
                  "no model may be asked here: touchstone serve has one with --judge-model");
        return error_in(err, "[%d]", i);
    }
    return true;
}

/* The gold as the model is shown it: a text, a number in its digits, a list as JSON. */
static struct span gold_text(const cJSON *answer, struct arena *a)
{
    if (cJSON_IsNumber(answer)) return json_decimal(answer, a);
    if (!cJSON_IsArray(answer)) return json_text(answer, a);
    struct buffer b;
    buffer_init(&b, 1 << 20);
    json_print(answer, &b);
    char *copy = b.failed ? NULL : arena_str(a, buffer_span(&b));
    struct span text = span_of(copy, copy == NULL ? 0 : b.n);
    buffer_clear(&b);
    return text;
}

static void ask(struct opinions *o, struct scored *s, struct desk *d)
{
    struct reward_call call;
    struct error e = {0};
    if (d->arena == NULL || !scored_call(s, d, &call, &e)) return;
    struct judge_question q = {
        .prompt = call.prompt, .gold = gold_text(call.answer, d->arena), .response = call.content};
    for (int i = 0; i < s->specs->n && q.gold.n > 0; i++) {
        if (!scored_is_asked(s, i) || scored_is_cancelled(s)) continue;
        s->parts[i].opinion = o->model.ask(o->model.arg, &q);
    }
}

static struct scored *take(struct opinions *o)
{
    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->closing) {
        pthread_cond_wait(&o->news, &o->lock);
    }
    struct waiting *w = o->first;
    if (w != NULL) {
        o->first = w->next;
        if (o->first == NULL) o->last = &o->first;
        assert(o->n_waiting > 0 && o->n_waiting <= MOST_WAITING); /* (1) */
        o->n_waiting--;
    }
    pthread_mutex_unlock(&o->lock);
    struct scored *s = w == NULL ? NULL : w->scored;
    free(w);
    return s;
}

static void *serve(void *arg)
{
    struct opinions *o = arg;
    struct desk d;
    desk_init(&d);
    for (struct scored *s; (s = take(o)) != NULL;) {
        ask(o, s, &d);
        s->run->home(s->run, s);
    }
    desk_clear(&d);
    return NULL;
}

struct opinions *opinions_open(const struct judge_model *model, struct error *err)
{
    struct opinions *o = mem_new(1, sizeof(*o), err);
    if (o == NULL) return NULL;
    o->model = *model;
    o->last = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->news, NULL);
    int n = model->threads < MOST_THREADS ? model->threads : MOST_THREADS;
    while (o->n_threads < n && pthread_create(&o->threads[o->n_threads], NULL, serve, o) == 0) {
        o->n_threads++;
    }
    if (o->n_threads > 0) return o;
    opinions_close(o);
    error_set(err, ERROR_SYSTEM, NULL, "no thread can be started that asks the judge model");
    return NULL;
}

void opinions_close(struct opinions *o)
{
    if (o == NULL) return;
    pthread_mutex_lock(&o->lock);
    assert(o->n_waiting == 0); /* every job was freed before */
    o->closing = true;
    pthread_cond_broadcast(&o->news);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < o->n_threads; i++) {
        pthread_join(o->threads[i], NULL);
    }
    pthread_cond_destroy(&o->news);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

bool opinions_submit(struct opinions *o, struct scored *s)
{
    struct waiting *w = mem_new(1, sizeof(*w), NULL);
    if (w == NULL) return false;
    *w = (struct waiting){.scored = s};
    pthread_mutex_lock(&o->lock);
    bool room = o->n_waiting < MOST_WAITING;
    if (room) {
        *o->last = w;
        o->last = &w->next;
        o->n_waiting++;
        pthread_cond_signal(&o->news);
    }
    pthread_mutex_unlock(&o->lock);
    if (!room) free(w);
    return room;
}
