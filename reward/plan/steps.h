/* reward/plan/steps.h - a plan's text read into steps.
 *
 *   pddl           a run of (name arg...) groups; `;` comments; a time stamp "N:" may stand before a
 *                  group, stamps must not go down; anything else is malformed
 *   planbench-nl   PlanBench's sentences: a line is one action, put into words by its domain
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_PLAN_STEPS_H
#define REWARD_PLAN_STEPS_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum { STEPS_MAX = 10000, STEP_MAX_NAMES = 64 };

/* names[0] is the action, the rest its arguments; lower case. */
struct step {
    struct span *names;
    int n;
};

struct steps {
    struct step *list;
    int n;
    bool too_many; /* more than STEPS_MAX; the rest was not read */
};

/* False: malformed, or a is full. */
bool steps_read_pddl(struct span text, struct arena *a, struct steps *out);

/* How a domain puts actions and objects into words. */
struct wording {
    struct template
    {
        struct span action;
        struct span text; /* "stack the {} on top of the {}", lower case */
    }
    *templates;
    int n_templates;
    struct phrase {
        struct span object;
        struct span text; /* "red block", lower case */
    } * phrases;          /* longest first */
    int n_phrases;
};

/* From {"actions": {name: template}, "objects": {name: phrase}}, in a. NULL and err when it is not so. */
const struct wording *wording_read(const cJSON *nl, struct arena *a, struct error *err);

/* False: a line that matches no template (unless lenient, which passes it over), or a is full. */
bool steps_read_sentences(struct span text, const struct wording *w, bool lenient, struct arena *a,
                          struct steps *out);

#endif
