/* server/generate/admission.h - when generations go to the engine, and which are told to come again.
 *
 * Generations wait in a line of ours (line.h), not in the engine's: the engine is given no more than
 * it can begin, because what it has it serves in order of arrival: no more samples than it has seats, and no
 * more prompts than it computes in a few steps. Of its seats, samples that it
 * decodes at once, max_sequences are for all; a few more are kept for clients that have less at work than their part
 * of these: whoever comes beside a flood of another begins at once. How long a newcomer would
 * wait is told from what the line and the engine have before it (forecast.h), from the engine's pace,
 * and from what the generations that have ended took: tokens for each sample that stopped by itself (those
 * that had to stop tell how long one may go on without), and the share of their prompts that the cache
 * did not have.
 *
 * Forecasts are held against what then comes (base/margin.h): who is let wait leaves room for what others have waited
 * longer than was forecast, and no forecast is shortened.
 *
 * A forecast may be wrong all the same, above all where the machine slows down. So a promise is kept in two
 * ways: whose forecast is too long is refused at once, and who has waited too long is refused in the line
 * instead of beginning late.
 *
 * Nothing here changes what is generated: the engine's bits do not depend on when it is asked.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_ADMISSION_H
#define SERVER_GENERATE_ADMISSION_H

#include "base/margin.h"
#include "engine/engine.h"
#include "server/generate/forecast.h"
#include "server/generate/line.h"

struct generation;

/* Zeroed but for what admission_init() sets. */
struct admission {
    struct engine *engine;
    struct line line;
    int max_wait_ms; /* who would wait longer is refused; 0: nobody is */
    uint64_t handed; /* samples, to the engine, ever */
    int working;     /* of them, those that have not ended */
    double reading;  /* tokens of prompts there that are not computed */
    struct margin margin;
    double lag; /* of the one that has waited longest: its wait so far to its forecast */
    double drawn,
        stops; /* tokens of late, and samples that ended before their limit did it: those that
                             have not ended tell, too, else the first ends of a flood were of short ones alone */
    double asked, missed;        /* prompt tokens of late, and those that the cache did not have */
    struct forecast_seat *taken; /* owned; for forecasts: what samples at the engine still take */
    size_t n_taken, room_taken;
};

/* Nothing has been seen yet. */
void admission_init(struct admission *a, struct engine *e);

/* Free what a owns. */
void admission_clear(struct admission *a);

/* May a request of that client at that priority begin soon enough? False and ERROR_QUEUE_FULL with
 * the seconds after which to come again, the wait that is expected. running: a list of generations at the engine. */
bool admission_check(struct admission *a, const struct generation *running, uint64_t client,
                     int priority, struct error *err);

/* Has one that waits waited so long that it could begin only after what was promised? */
bool admission_is_late(const struct admission *a, const struct generation *g, double waited_s);

/* Why it is refused: ERROR_QUEUE_FULL, and that it may come again after so many seconds. Always false. */
bool admission_say_late(const struct admission *a, double wait_s, struct error *err);

/* Seconds until one that joins now would begin, as forecast.h tells. */
double admission_wait_s(struct admission *a, const struct generation *running, uint64_t client,
                        int priority);

/* Seconds from when the engine gets it until its prompt is computed, about. */
double admission_prompt_s(const struct admission *a, const struct generation *g);

/* g waits for its turn. False: no memory. */
bool admission_join(struct admission *a, struct generation *g, struct error *err);

/* Does any wait that joined before that number? */
bool admission_waits(const struct admission *a, uint64_t before);

/* Whose turn it is, of these, when the engine can begin more; NULL: nobody's. A generation goes
 * whole, so its samples may be more than there are seats. */
struct generation *admission_next(const struct admission *a, uint64_t before);

/* g goes to the engine. */
void admission_hand(struct admission *a, struct generation *g);

/* g has ended, or waits no longer. */
void admission_leave(struct admission *a, struct generation *g);

/* What was forecast to wait that long, and has waited longest of those that wait, has so far waited so long.
 * A negative forecast: none waits. */
void admission_note_oldest(struct admission *a, double forecast_s, double waited_s);

/* What was forecast to wait that long has waited so long, now. */
void admission_note_wait(struct admission *a, uint64_t now_ns, double forecast_s, double waited_s);

/* A sample at work has a token more. */
void admission_note_token(struct admission *a);

/* A sample at work has ended: by itself, or because it had to. */
void admission_note_sample(struct admission *a, bool by_itself);

/* A generation's prompt is computed; the cache had so many of its tokens. */
void admission_note_prompt(struct admission *a, const struct generation *g);

#endif
