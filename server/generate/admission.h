/* server/generate/admission.h - when generations go to the engine, and which are told to come again.
 *
 * Generations wait in a line of ours (line.h), not in the engine's: the engine is given no more than
 * it can soon begin, because what it has it serves in order of arrival. How long a newcomer would
 * wait is told from what the line and the engine have before it (forecast.h), from the engine's pace,
 * and from what the generations that have ended took: tokens of a sample, and the share of their
 * prompts that the cache did not have.
 *
 * Nothing here changes what is generated: the engine's bits do not depend on when it is asked.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_ADMISSION_H
#define SERVER_GENERATE_ADMISSION_H

#include "engine/engine.h"
#include "server/generate/line.h"

struct generation;

/* Zeroed but for engine. */
struct admission {
    struct engine *engine;
    struct line line;
    int max_wait_ms;      /* who would wait longer is refused; 0: nobody is */
    uint64_t handed;      /* samples, to the engine, ever */
    double mean_tokens;   /* of the samples that have ended; 0: none has */
    double asked, missed; /* prompt tokens of late, and those that the cache did not have */
    double *taken;        /* owned; for forecasts: tokens that samples at the engine still take */
    size_t n_taken, room_taken;
};

/* Free what a owns. */
void admission_clear(struct admission *a);

/* May a request of that client at that priority begin soon enough? False and ERROR_QUEUE_FULL with
 * the seconds after which to come again. running: a list of generations at the engine. */
bool admission_check(struct admission *a, const struct generation *running, uint64_t client,
                     int priority, struct error *err);

/* Seconds until one that joins now would begin. */
double admission_wait_s(struct admission *a, const struct generation *running, uint64_t client,
                        int priority);

/* Seconds that its own prompt takes, about. */
double admission_prompt_s(const struct admission *a, const struct generation *g);

/* g waits for its turn. False: no memory. */
bool admission_join(struct admission *a, struct generation *g, struct error *err);

/* Samples that the engine may be given now. A generation goes whole, so the last may pass it. */
int admission_places(const struct admission *a);

/* Whose turn it is, of those that joined before that number; NULL: nobody's. */
struct generation *admission_next(const struct admission *a, uint64_t before);

/* g goes to the engine. */
void admission_hand(struct admission *a, struct generation *g);

/* g has ended, or waits no longer. */
void admission_leave(struct admission *a, struct generation *g);

/* A sample has ended by itself after so many tokens. */
void admission_note_sample(struct admission *a, int tokens);

/* A generation's prompt is computed; the cache had so many of its tokens. */
void admission_note_prompt(struct admission *a, const struct generation *g);

#endif
