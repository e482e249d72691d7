/* server/cli/stream.c - see stream.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/stream.h"

#include <assert.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>

#include "server/cli/keyboard.h"

static sem_t news; /* posted by the engine after a step, and by signals */
static volatile sig_atomic_t interrupted, ended; /* by Ctrl-C; by which other signal */

void stream_init(void)
{
    sem_init(&news, 0, 0);
}

void stream_wake(void *unused)
{
    (void)unused;
    sem_post(&news);
}

static void on_signal(int signal_number)
{
    if (signal_number == SIGINT) {
        interrupted = 1;
    } else {
        ended = signal_number;
    }
    sem_post(&news);
    keyboard_wake();
}

/* A read that waits ends with EINTR. What the program was begun to ignore stays ignored (nohup). */
static void catch_signal(int signal_number, int flags)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = flags}, before;
    sigaction(signal_number, NULL, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal_number, &act, NULL);
}

void stream_catch_interrupts(void)
{
    catch_signal(SIGINT, 0);
    catch_signal(SIGTERM, (int)SA_RESETHAND); /* a second one ends the program at once */
    catch_signal(SIGHUP, (int)SA_RESETHAND);
}

bool stream_interrupted(void)
{
    return interrupted != 0 || ended != 0;
}

int stream_status(int status)
{
    if (ended != 0) return 128 + (int)ended;
    return interrupted != 0 ? 128 + SIGINT : status;
}

void stream_resume(void)
{
    interrupted = 0;
}

/* What has come of a request. */
struct outcome {
    const struct stream_ears *ears;
    int live; /* samples that have not ended */
    int *n_tokens;
    struct error error;
};

static void take_event(const struct engine_event *ev, struct outcome *o)
{
    if (ev->n_text > 0) o->ears->text(o->ears->arg, ev->sample, span_of(ev->text, ev->n_text));
    *o->n_tokens += ev->type == EVENT_TOKEN;
    if (ev->type == EVENT_FAILED) {
        o->error = ev->error;
        o->live = 0;
    }
    if (ev->type != EVENT_DONE) return;
    assert(o->live > 0); /* a sample ends once */
    o->live--;
    if (o->ears->end != NULL) o->ears->end(o->ears->arg, ev->sample);
}

static void take_events(struct engine *e, struct outcome *o)
{
    for (struct engine_event *next, *ev = engine_take_events(e); ev != NULL; ev = next) {
        next = ev->next;
        take_event(ev, o);
        engine_event_free(ev);
    }
    fflush(stdout);
}

bool stream_run(struct engine *e, const struct engine_request *r, const struct stream_ears *ears,
                int *n_tokens, struct error *err)
{
    struct outcome o = {.ears = ears, .live = r->n, .n_tokens = n_tokens};
    bool cancelled = false;
    if (!engine_submit(e, r, err)) return false;
    while (o.live > 0) {
        while (sem_wait(&news) != 0) {
        }
        if (stream_interrupted() && !cancelled) {
            engine_cancel(e, r->id);
            cancelled = true;
        }
        take_events(e, &o);
    }
    if (o.error.code != ERROR_NONE) *err = o.error;
    return o.error.code == ERROR_NONE;
}
