/* server/generate/generation.h - one prompt and its samples, at work in the engine for an owner.
 *
 * Whoever wants text makes a generation, fills in what is asked, starts it, and is called back: a
 * completion that answers an HTTP request holds one for each of its prompts; a rollout or a job
 * may hold hundreds with no client connected. A generation knows nothing of HTTP.
 *
 *              generation_start()        its turn, engine      last sample, error
 *   NEW -------------------------> HELD ----------------> RUNNING ----------------------> ENDED
 *                                   |      not paused        |                              ^
 *                                   |                        | abort: the engine ends them  |
 *                                   \---- abort: at the next turn --------------------------/
 *
 * Those that are held stand in a line (admission.h), where clients take turns.
 *
 * generation_free() is possible in every state; the owner then hears nothing more.
 *
 * Invariants
 * (1) A generation is in exactly the list of its state: held, running, or none.
 * (2) token() comes for every token of a sample but one that ends it: that one, and the end, sample()
 *     brings, once for each sample, unless the generation fails; end() comes once for a generation
 *     that was started, as its last call. So whether it finished, was aborted or failed, the owner
 *     hears of it exactly once.
 * (3) Callbacks are made by generations_turn() alone, never from inside a call of the owner's. In
 *     any of them the owner may free this generation or others.
 * (4) `open` counts the samples that are not done; the engine knows the generation, by its id,
 *     exactly while it is running.
 * (5) Held samples and running ones together never are more than the engine takes, so what was
 *     accepted is not refused later for want of room.
 *
 * Memory: prompt, samples and what they collect belong to the generation. What `sampling` points
 * to is borrowed until end() or generation_free(): it may lie in the generation's arena.
 *
 * Loop thread only, but for generation_new() and what fills in a generation that is not started.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_GENERATION_H
#define SERVER_GENERATE_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "server/generate/choice.h"
#include "server/generate/line.h"
#include "server/http/metrics.h"

struct generation;
struct generations;

/* The owner's. token, sample, progress and sure may be NULL. */
struct generation_calls {
    void (*token)(struct generation *g, struct choice *c);  /* c has one token more */
    void (*sample)(struct generation *g, struct choice *c); /* c is done, with its last token */
    void (*end)(struct generation *g);                      /* g->error tells whether it failed */
    void (*progress)(struct generation *g); /* more of a prompt is computed that `progress` asks of */
    void (*sure)(struct generation *g); /* of one with can_refuse: it will not be; nothing is freed in it */
};

enum generation_state { GENERATION_NEW, GENERATION_HELD, GENERATION_RUNNING, GENERATION_ENDED };

enum { GENERATION_ARENA_BYTES = 256 << 20, GENERATION_MAX_SAMPLES = 1 << 16 };

struct generation {
    const struct generation_calls *calls;
    void *owner;
    struct arena *arena; /* its own; lives as long as it does */

    /* What is asked: the owner fills it in before the start. */
    struct tokens ids; /* the prompt; owned */
    struct span text;  /* the prompt as text, where the owner echoes it */
    size_t text_chars; /* its characters; */
    size_t added;      /* and tokens before it that it does not show */
    int n;             /* samples, 1 or more */
    int first_index;   /* of its first sample, for choice.index */
    int priority;
    bool can_refuse; /* its owner can still tell a client to come again: late in the line, it fails
                        with ERROR_QUEUE_FULL (generations_limit_wait()); never after a pause */
    uint64_t client; /* whose it is: clients take turns; 0: nobody's */
    uint64_t cache_salt;
    enum engine_pooling pooling; /* not POOLING_NONE: an embedding is made, and no token */
    struct adapter *adapter;               /* held; NULL: none */
    struct engine_sampling sampling;       /* neutral at first */
    struct form *own_form;                 /* owned: sampling's, where it is no owner's; or NULL */
    bool keeps_tokens;                     /* token records are kept */
    bool progress;                         /* the owner wants to hear how far the prompt is */
    struct tool_calls_wanted calls_wanted; /* in the text; format NULL: none */
    bool call_is_named;                    /* the client named the one tool: it ends with "stop" */
    const char *think_open, *think_close;  /* tags that set thoughts apart; NULL: all is answer */
    enum reasoning_start think_start;      /* what the prompt has begun of them */
    uint64_t born_ns;                      /* for the time to the first token */

    /* What came. */
    enum generation_state state;
    struct choice *choices; /* [n], from the start on */
    int open;
    int n_cached;                    /* prompt tokens that the cache had */
    int n_computed;                  /* with `progress`: prompt tokens so far, those included, */
    uint64_t computed_ns;            /* and when that was; 0: nothing was told */
    uint64_t started_ns, first_ns;   /* the engine took it; its first token came; 0: not yet */
    struct token_prob *probs, *tops; /* of the prompt [ids.n], [ids.n, n_top]; owned; NULL: none */
    int n_top;
    size_t report_bytes; /* that these take, of what requests may; 0: not asked for */
    float *embedding; /* [n_embd]; owned; NULL: none came */
    int refused_at; /* of the prompt, by a form that it was scored under; -1: nothing */
    struct error error; /* ERROR_NONE unless it failed */

    /* generation.c's */
    struct generations *all;
    uint64_t id;        /* the engine's name for it; 0: the engine does not know it */
    bool aborted;       /* its owner, or the server, asked for its end */
    bool began;         /* something has come */
    struct place place;   /* in the line, and of its party until it ends */
    uint64_t joined_ns; /* when it joined the line; */
    uint64_t n_pauses;  /* pauses there had been by then */
    double expected_s;  /* until it begins, as was expected then; negative: nothing was */
    struct generation *next, **link;
};

/* A generation that asks for nothing yet. NULL when there is no memory. */
struct generation *generation_new(const struct generation_calls *calls, void *owner,
                                  struct error *err);

/* What g's log-probabilities of its prompt will take of what requests may, from its start to its end. */
size_t generation_report_bytes(const struct generations *all, const struct generation *g);

/* May a client's request at that priority begin within the time that generations_limit_wait() sets?
 * Asked once a request, before any generation of it is started: what a request has begun it may
 * end. False and ERROR_QUEUE_FULL with the seconds until it may come again. */
bool generations_admit(struct generations *all, uint64_t client, int priority, struct error *err);

/* Let it wait for its turn at the engine. False when it cannot be: ERROR_QUEUE_FULL, ERROR_TOO_LONG,
 * ERROR_INVALID_VALUE, ERROR_NO_MEMORY; it is then as new, and no call comes. */
bool generation_start(struct generations *all, struct generation *g, struct error *err);

/* End it with what it has: every sample that is not done gets FINISH_ABORT, within a step, and
 * sample() and end() come as always. Nothing happens to one that is new or has ended. */
void generation_abort(struct generation *g);

/* Give it up and free it: the engine is told, the owner hears nothing more. Accepts NULL. */
void generation_free(struct generation *g);

/* ---- all of them ---- */

/* What happened to all, for metrics. Loop thread. */
struct generation_counts {
    struct histogram first_token, inter_token; /* seconds */
    struct histogram wait;                     /* seconds from the start to what comes first; */
    struct histogram expected;                 /* what had been expected, */
    struct histogram wait_error;               /* and by how much it was wrong, either way */
    uint64_t refused;                          /* requests, by generations_admit() and in the line; */
    uint64_t late;                             /* of them, in the line */
    uint64_t finished[4];                      /* samples by enum engine_finish */
    uint64_t cancelled;                        /* requests whose client left; completion.c counts */
    uint64_t prompt_ns, predicted_ns; /* from the engine to first tokens, from there to last ones */
    uint64_t followed;                /* tokens that came after a first one */
    size_t longest;                   /* tokens of a prompt and a sample of it, the most so far */
};

enum pause_mode {
    PAUSE_ABORT, /* those at work end now with what they have: finish reason "abort" */
    PAUSE_WAIT,  /* they run to their end */
    PAUSE_KEEP   /* they stand still, and go on where they stood */
};

/* wake(arg) asks for a generations_turn() soon; engine may be loading. NULL when there is no
 * memory. */
struct generations *generations_new(struct engine *engine, void (*wake)(void *arg), void *arg);

/* Who would wait longer for a turn is refused by generations_admit(), and who does wait longer, all the
 * same, in the line. 0, and at first: nobody is. */
void generations_limit_wait(struct generations *all, int max_wait_ms);

/* What answers are made of before they are written counts against q from now on, which must outlive it; before, it is
 * not bounded. */
void generations_bound_memory(struct generations *all, struct quota *q);
/* That quota, for what belongs to one. NULL: none; all may be NULL. */
struct quota *generations_memory(const struct generations *all);

/* None may be left. Accepts NULL. */
void generations_free(struct generations *all);

/* Take what the engine says and pass it on; start what was held; tell who waits for idleness. */
void generations_turn(struct generations *all);

/* Standing still between two training steps: no new generation starts, it waits in the line until
 * generations_resume(). What becomes of those that came before is the mode's. */
void generations_pause(struct generations *all, enum pause_mode mode);
/* All goes on: what was held starts with the next turn. */
void generations_resume(struct generations *all);
/* The end: all goes on, and whoever waits is refused no more. */
void generations_drain(struct generations *all);
/* Between generations_pause() and generations_resume(). */
bool generations_are_paused(const struct generations *all);

/* Abort all, held ones too. */
void generations_abort(struct generations *all);

/* Started and not ended. */
size_t generations_count(const struct generations *all);
/* Of them those that the engine knows. */
size_t generations_at_work(const struct generations *all);
/* Samples of those that the engine does not know yet. */
size_t generations_samples_held(const struct generations *all);

/* To read for metrics, and for what completion.c counts. */
struct generation_counts *generations_counts(struct generations *all);

/* idle(w) once no generation is at work: from a turn, never at once. */
struct idle_wait {
    void (*idle)(struct idle_wait *w);
    struct idle_wait *next, **link; /* link NULL: not waiting */
};
/* Wait; w stays its owner's and must live until idle(w) or idle_wait_stop(). */
void generations_wait_idle(struct generations *all, struct idle_wait *w);
/* Wait no longer; nothing happens when it does not wait. */
void idle_wait_stop(struct idle_wait *w);

#endif
