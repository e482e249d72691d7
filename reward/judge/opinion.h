/* reward/judge/opinion.h - a second opinion: what the rules left undecided is asked of a model.
 * Inside reward/judge/ only; others see judge_set_model() (judge.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_OPINION_H
#define REWARD_JUDGE_OPINION_H

#include "reward/judge/judge.h"

struct opinions;
struct scored;
struct spec_list;

/* Start the threads that ask. NULL and an error when they cannot be started. */
struct opinions *opinions_open(const struct judge_model *model, struct error *err);

/* End them; nothing may wait any more. Accepts NULL. */
void opinions_close(struct opinions *o);

/* May all of list's rewards have what they want? Where there is no model (o NULL) none can be asked: false
 * names the option, from the list on ("[0].equivalence"). */
bool opinions_check(const struct opinions *o, const struct spec_list *list, struct error *err);

/* Take s, whose parts are all home, ask about those that are undecided and whose rewards want that
 * (scored_is_asked()), and then call its run's home(). False: too many wait; s stays the caller's.
 * Any thread. */
bool opinions_submit(struct opinions *o, struct scored *s);

#endif
