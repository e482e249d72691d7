/* reward/rules/text.h - the parts of a response that several rewards look at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_TEXT_H
#define REWARD_RULES_TEXT_H

#include "base/arena.h"
#include "base/span.h"
#include "reward/row/row.h"

/* head and tail as one text: one of them when the other is empty, else new in a. {NULL, 0} when a
 * is full. */
struct span text_join(struct span head, struct span tail, struct arena *a);

/* What comes after the reasoning, whatever family's marks it has (base/reasoning_marks.h); the whole
 * text when there is none, nothing when some is still open. */
struct span text_after_think(struct span text);

/* What the last \boxed{...} or \fbox{...} with balanced braces holds; p NULL when there is none. */
struct span text_last_box(struct span text);

/* What the last <answer> block holds, up to its </answer> (or the next <answer>, or the end when it
 * is not closed: *closed false); p NULL when there is none. */
struct span text_last_answer(struct span text);

/* The answer of a response for rewards that judge its text: the last closed <answer> block after
 * the thinking if there is one, else all after the thinking. White space trimmed. */
struct span text_answer(struct span text);

/* What TinyZero and Logic-RL look at: the text after the first "Assistant:", or else after the
 * first "<|im_start|>assistant"; p NULL when it has neither. */
struct span text_assistant_part(struct span text);

/* The last match of <answer>(.*?)</answer>, found from left to right as Python's re does; p NULL
 * when there is none. (text_last_answer() starts from the last <answer> instead.) */
struct span text_matched_answer(struct span text);

/* SCORE_CANNOT with the cause too_large. */
enum score_status text_too_large(struct reward_out *out);

/* SCORE_CANNOT with the cause no_memory. */
enum score_status text_no_memory(struct reward_out *out);

#endif
