/* reward/math/find/choice.h - answers that are one of a few choices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_FIND_CHOICE_H
#define REWARD_MATH_FIND_CHOICE_H

#include <stdint.h>

#include "reward/math/work/options.h"

/* The choice that text names: "C", "(c)", "C. blue", "\text{(C)}", "E: a long answer". An index
 * into options->choices, or for letters without a list of choices 0 for A, 1 for B, ...; -1 when
 * it names none. bare_only: nothing may follow the letter. */
int choice_of(struct span text, const struct math_options *options, bool bare_only);

/* What stands after a choice's letter: 12 of "(B) 12" and "\textbf{(B)}\ 12"; *letter is the
 * letter. {NULL, 0} when s does not begin with one. */
struct span choice_content(struct span s, char *letter);

/* What a choice says, where the options tell its content and not only its letter; else {NULL, 0}. */
struct span choice_text(int choice, const struct math_options *options);

/* The choice whose letter stands alone at s.p[i] (a capital unless any_case), -1 when none does. */
int choice_alone_at(struct span s, size_t i, const struct math_options *options, bool any_case);

struct choice_found {
    int choice;     /* -1: none */
    struct span at; /* its letter's place */
    bool several;   /* more than one is offered: "A or B" */
    bool withdrawn; /* the last cue says something else: "Answer: unknown" */
};

/* The choice that a response settles on, by the strongest cue (choice_cue.c). cues_only: a letter
 * that no cue names is none. */
struct choice_found choice_in(struct span response, const struct math_options *options,
                              bool cues_only);

/* The letters that s calls right, as bits, 0 for none: "A is correct, B is not, C is correct". */
uint32_t choice_affirmed(struct span s, const struct math_options *options);

/* s holds no words but single letters, "or" and "and". */
bool choice_letters_only(struct span s);

/* Different choices among the last boxes or lines: all were named, as by somebody who hopes to hit.
 * Counts distinct letters in s that stand alone. */
int choice_count(struct span s, const struct math_options *options);

#endif
