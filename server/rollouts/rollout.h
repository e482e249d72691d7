/* server/rollouts/rollout.h - a call at work. Private to server/rollouts/.
 *
 *   rollout --+-- group (attempt 0) --+-- strand 0's generation --+-- sample 0
 *             |                       |                           +-- sample 1 ...
 *             |                       +-- strand 1's generation ----- ...
 *             +-- group (attempt 1) ...
 *
 * A sample: BEGUN (the engine has it, or will) -> ENDED (its tokens are there) -> AWAY (on the desk, or
 * at the judge) -> JUDGED. A sample that is not to be judged goes from BEGUN or ENDED to JUDGED at
 * once, with its mask cause; of one that is AWAY by then the judge is told, which sends it home soon.
 *
 * Invariants
 * (1) A group waits, runs, settles (the desk has it) or is done, in this order and never back.
 * (2) A group's `open` counts its samples that are not JUDGED; it settles when there are none.
 * (3) A sample that is AWAY is the pool's or the judge's: of it the loop touches ended_by, kept and
 *     mask_cause alone, which those do not, and given_up, which is made for it. A group that settles is
 *     the pool's.
 * (4) The rollout lives, and its exchange is held, while a sample is away, the desk is at work or its
 *     timer is open: `busy` counts these.
 *
 * Which samples count depends on their tokens and verdicts alone, never on what came first in time
 * (order.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROLLOUTS_ROLLOUT_H
#define SERVER_ROLLOUTS_ROLLOUT_H

#include <stdatomic.h>
#include <uv.h>

#include "server/generate/generation.h"
#include "server/http/exchange.h"
#include "server/http/inbox.h"
#include "server/rollouts/ask.h"

struct group;
struct rollout;

enum sample_stage { SAMPLE_BEGUN, SAMPLE_ENDED, SAMPLE_AWAY, SAMPLE_JUDGED };

/* A turn of a sample: what the server said before it, what the model wrote, what the judge says. */
struct rollout_turn {
    struct generation *own; /* of a turn after the first; NULL: the strand's */
    struct tokens said;     /* the server's message; owned */
    struct choice *choice;  /* the generation's; NULL: it never began, or was given whole */
    size_t kept;            /* of its sampled tokens; the others were cut off */
    struct arena *arena;
    struct judge_sample judged;
};

struct sample {
    struct message news; /* first: the judge's word comes back by it */
    struct group *group;
    const struct strand *strand;
    int index; /* in its group */
    enum sample_stage state;
    struct rollout_turn *turns; /* [n_turns]; the last one is at work; memory for all rounds */
    int n_turns;
    struct tokens next_said; /* with what it shall go on; empty: it shall not */
    const char *ended_by;    /* "cut", "deadline", "abort": from outside; NULL: by itself */
    const char *mask_cause;  /* why it does not count; NULL: it does */
    atomic_bool given_up;    /* its verdict is wanted no more: the judge shall send it home */
    struct buffer text;      /* where it is not the choice's own */
    int answer;              /* its class among the group's answers; -1: none */
    struct sample *next;     /* on the desk; or among those that wait to go on: */
    struct sample **link;    /* NULL: it is not among these */
};

/* The turn that is at work, or was the last. */
static inline struct rollout_turn *sample_turn(const struct sample *s)
{
    return &s->turns[s->n_turns - 1];
}

enum { GROUP_ANSWERS = 64 };

enum group_state { GROUP_WAITING, GROUP_RUNNING, GROUP_SETTLING, GROUP_DONE };

struct group {
    struct rollout *rollout;
    size_t attempt;
    const struct ask_prompt *prompt;
    enum group_state state;
    struct generation **strands; /* [prompt->n_strands] */
    struct sample *samples;      /* [n] */
    int n, open;
    bool decided; /* which samples count is known */
    /* [GROUP_ANSWERS]: the first sample of each class of answers; the desk's; NULL: nobody asks
     * who has the majority */
    struct sample **answers;
    int n_answers;
    const char *ending; /* "deadline", "abort", "no_memory": why samples that are not done end with
                           it; NULL: they need not */
    struct error error; /* of its advantages; ERROR_NONE: none */
    struct judge_group outcome; /* once settled */
    bool informative;           /* rewards differ; once settled */
    struct buffer text;         /* its JSON, once settled; */
    struct buffer *columns;     /* or, for arrays, what it adds to each (arrays.c); NULL: none */
    int64_t tokens, cached;
    int masked;
    struct group *next; /* on the desk */
};

/* Somebody who asked for the end, and waits for what exists. */
struct end_wait {
    void (*ended)(struct end_wait *w, struct rollout *r);
    size_t group;         /* an attempt's number; SIZE_MAX: all */
    struct buffer groups; /* JSON of those that it hears of, with commas between */
    struct end_wait *next, **link;
};

/* What a desk has to do. */
struct desk_load {
    struct sample *start, *finish;
    struct group *settle;
    bool advise;
};

struct rollout {
    struct exchange *exchange;
    char id[EXCHANGE_ID_BYTES];
    uint64_t client; /* whose it is */
    uint64_t started_ns;
    struct ask ask;
    struct error error;
    bool is_open; /* among the server's */

    struct group *groups; /* [ask.attempts] */
    size_t begun,
        open; /* groups begun, or past; those that are not done, ended before their turn or not */
    size_t samples_running; /* in the engine */
    size_t written;         /* groups written, in their order; or, as they complete: how many */
    size_t informative;     /* done ones whose rewards differ */
    struct judge_round *round;
    const char *ending; /* "deadline", "abort" for all; NULL: no */
    bool aborted;       /* it shall end as soon as it has begun */
    bool ended;         /* all that there will be is there */
    bool batched;       /* advantages look beyond a group: */
    bool advised;       /* they are there */

    size_t busy;
    struct desk_load desk, work; /* to be done; on the pool now */
    bool working;
    uv_work_t job;
    uv_timer_t timer;
    bool timed;

    struct sample *revised; /* waiting for room in the engine */
    struct end_wait *waits;
    struct rollout *next, **link; /* among the server's */
};

/* ---- group.c ---- */

/* Make g ready to begin: its samples and generations. False when there is no memory: it then has none. */
bool group_open(struct group *g, struct error *err);

/* s goes on with another turn, behind s->next_said. False: it cannot. */
bool group_go_on(struct sample *s, struct error *err);

/* Hand it to the engine. False as generation_start(): it can be tried again on ERROR_QUEUE_FULL. */
bool group_begin(struct group *g, struct error *err);

/* Of g, which is counted among the begun: samples that were given whole go to the judge as they are. */
void group_judge_given(struct group *g);

/* The engine has it, or has had it; or part of it. */
bool group_has_begun(const struct group *g);

/* End its samples that are not done: "deadline" or "abort". */
void group_end(struct group *g, const char *cause);

/* s has all that it will have: it counts if nothing has masked it. */
void group_judged(struct sample *s);

/* A sample has its verdict, or another token may have decided who counts. */
void group_look(struct group *g);

/* Its text is written: free its samples and generations. */
void group_drop(struct group *g);

/* Free all that it owns. */
void group_clear(struct group *g);

/* ---- desk.c: on the pool ---- */

/* s is ENDED: to the judge, soon. */
void desk_judge(struct sample *s);
/* g's samples are all JUDGED: statistics, advantages, text; then rollout_settled(). */
void desk_settle(struct group *g);
/* All groups are settled, but for advantages that look beyond a group: these, and texts; then
 * rollout_advised(). */
void desk_advise(struct rollout *r);

/* ---- rollout.c ---- */

/* g is done, but perhaps for its advantages. */
void rollout_settled(struct group *g);
/* These are there too. */
void rollout_advised(struct rollout *r);
/* s goes on with another turn, now or when the engine has room. False: it cannot. */
bool rollout_revise(struct sample *s);
/* s does not wait to go on any more; nothing where it does not. */
void rollout_forget(struct sample *s);
/* Something has ended: what waits may begin. */
void rollout_go_on(struct rollout *r);
/* End all that is not done: "deadline" or "abort". */
void rollout_end(struct rollout *r, const char *cause);
/* Has its reply a group of that number? Each prompt's; of attempts that are made as they are needed those
 * that have begun. */
bool rollout_has_group(const struct rollout *r, size_t attempt);
/* Has that one ended, and is its text there? Of advantages that look beyond a group only once all
 * have: until then the text may be in the making on the pool. */
bool rollout_group_is_over(const struct rollout *r, size_t attempt);
/* End that one, which it has: "abort". One whose turn has not come never begins, and its samples
 * have what was given of them. False: there is no memory for it. */
bool rollout_end_group(struct rollout *r, size_t attempt, struct error *err);
/* One thing more, or less, that keeps it alive (4). */
void rollout_hold(struct rollout *r);
void rollout_release(struct rollout *r);
/* The call of that name, of that client; NULL: there is none at work. */
struct rollout *rollout_find(struct server *s, const char *id, size_t n, uint64_t client);
/* w->ended() once what w waits for has ended: later, never at once. */
void rollout_wait(struct rollout *r, struct end_wait *w);
/* Wait no longer. */
void rollout_wait_stop(struct end_wait *w);

/* ---- arrays.c ---- */

/* g as arrays into g->columns, which stays NULL without memory. On the pool. */
void arrays_group(struct group *g);
/* Free these. */
void arrays_clear(struct group *g);
/* r's groups as an archive of arrays. On the pool. */
void arrays_write(const struct rollout *r, struct buffer *out);

/* ---- print.c ---- */

/* g as JSON into g->text. On the pool. */
void print_group(struct group *g);
/* "totals": {...} */
void print_totals(const struct rollout *r, struct buffer *out);

#endif
