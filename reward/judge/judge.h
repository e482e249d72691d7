/* reward/judge/judge.h - the judge itself: opened once, asked by everybody, counted.
 *
 * Threads: judge_open() before the process has any thread of its own; everything else from any
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_JUDGE_H
#define REWARD_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

/* The version of the rules: the same version gives the same verdicts. In every reply. */
#define REWARD_RULES "1"

struct judge;
struct settings_table;

struct judge_options {
    int workers;                 /* most verifier processes; 0: eight a processor, at most 64 */
    int item_budget_ms;          /* CPU time of one deferred item */
    int64_t worker_memory_bytes; /* address space of one verifier process */
    size_t queue_items;          /* deferred items waiting, of all clients */
    int max_wait_ms; /* a request whose turn at the workers may well come later is refused; 0: none is */
    bool code_unsafe;            /* run code even where the sandbox has too few walls */
    int max_items;               /* of one request; lines of a stream are not counted */
    const char *default_rewards; /* JSON list for requests that name none; NULL: accuracy, format */
    int64_t program_bytes;       /* memory of all programs together; 0: half of what is free */
};

/* The settings of the options above: their names, defaults and help (config/settings.h). */
extern const struct settings_table judge_settings;

/* Every setting at its default, the rest as docs say; then set what differs. */
void judge_options_init(struct judge_options *o);

/* First thing in main(): should the process that forks the verifier processes be lost, a judge
 * executes this program again to be another, and that one never returns from here. In a program that
 * does not call it a lost one stays lost. */
void judge_begin(int argc, char *const *argv);

/* Start the verifier processes. Call once, before any thread exists: they are forked from here.
 * NULL and an error when they cannot be started or default_rewards is wrong. Free with
 * judge_close(). */
struct judge *judge_open(const struct judge_options *o, struct error *err);

/* Every job and stream must be freed first. Ends the verifier processes. Accepts NULL. */
void judge_close(struct judge *judge);

/* How many tokens the served model makes of a text, negative when it cannot say. Called from any
 * thread that starts jobs. Without one, rewards counted in tokens need the item's own count. Set
 * before the first job. */
void judge_set_tokenizer(struct judge *judge, long (*count_tokens)(void *arg, struct span text),
                         void *arg);

/* A model that is asked whether two answers to a question are the same, where the rules cannot say
 * and the reward list wants it. */
enum judge_opinion { OPINION_NONE, OPINION_SAME, OPINION_DIFFERENT };

struct judge_question {
    struct span prompt, gold, response; /* good until the function returns; prompt may be empty */
};

struct judge_model {
    /* Blocks until the model has answered, or its time is up: OPINION_NONE then, and for any answer
     * but yes or no. Several threads call it at once. */
    enum judge_opinion (*ask)(void *arg, const struct judge_question *q);
    void *arg;
    int threads; /* how many may ask at once, 1 to 64 */
};

/* Ask that model from now on. Once, after judge_open() and before the first job. False and err when
 * no thread can be started. */
bool judge_set_model(struct judge *judge, const struct judge_model *model, struct error *err);

/* The seconds that a client's next turn at the verifier processes is expected to take, at least 1, where it
 * may well come later than max_wait_ms; it then counts as refused. 0: it may come now. Any thread. */
int judge_busy_s(struct judge *judge, uint64_t client);

/* What the judge has done since it was opened, for /metrics. */
struct judge_stats {
    uint64_t jobs;          /* requests */
    uint64_t items;         /* judged, errors included */
    uint64_t item_errors;   /* of them: malformed or lacking a field */
    uint64_t cannot_judge;  /* parts without a verdict */
    uint64_t deferred;      /* parts that went to a worker */
    uint64_t timeouts;      /* of them: out of budget */
    uint64_t worker_deaths; /* workers lost for any reason, timeouts included */
    bool lost;              /* no verifier process can be started now: what needs one waits */
    int workers;            /* now alive */
    int workers_busy;       /* now judging */
    size_t waiting;         /* deferred parts not yet with a worker */
    uint64_t waits;         /* deferred parts that have had their turn; */
    double wait_ms,
        wait_error_ms; /* what they waited, and how far that was from what was expected */
    uint64_t refused;  /* requests whose turn was expected too late */
    int64_t promised, promised_most; /* bytes that programs now at work may take; the bound on it */
};

/* A copy of them. Any thread. */
void judge_stats_get(struct judge *judge, struct judge_stats *out);

/* How often a verdict was given for a cause since the judge was opened. */
struct judge_verdict {
    const char *verdict; /* "correct", "incorrect", "cannot_judge" */
    const char *cause;   /* a literal; "": none */
    uint64_t n;
};
enum { JUDGE_VERDICTS = 288 };

/* All that were given: as many of out as are returned. Any thread. */
size_t judge_verdicts_get(struct judge *judge, struct judge_verdict out[JUDGE_VERDICTS]);

#endif
