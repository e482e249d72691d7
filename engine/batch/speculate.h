/* engine/batch/speculate.h - guessing the next tokens from the text itself.
 *
 * The last few tokens of a sequence are looked for earlier in it; what followed there is the
 * guess (prompt lookup decoding: Saxena 2023; the n-gram variant of speculative decoding, arXiv
 * 2211.17192). The step computes the guessed tokens as further rows, draws each row's token as it
 * would have anyway, and keeps them while guess and draw agree. Since a row's bits and a
 * position's draw depend on nothing else (forward.h, sampler.h), the output is the same with and
 * without.
 *
 * A wrong guess costs rows. So a sequence guesses more after success, less after failure, and
 * after repeated failure pauses, longer each time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_SPECULATE_H
#define ENGINE_BATCH_SPECULATE_H

#include <stdbool.h>

enum { SPECULATE_MAX = 8 }; /* tokens guessed at once, at most */

/* What a sequence has learnt about its guesses. All zeros to begin with. */
struct speculation {
    int length;   /* tokens to guess next time; 0: not decided yet */
    int pause;    /* steps to wait before guessing again */
    int failures; /* in a row, with nothing accepted */
};

/* Guess up to room tokens that follow prompt[0, n_prompt) output[0, n_output), n_output >= 1,
 * into draft. Returns how many; 0 when pausing, or when nothing earlier looks alike. */
int speculate_draft(struct speculation *s, const int *prompt, int n_prompt, const int *output,
                    int n_output, int room, int *draft);

/* Whether to go without a guess this time, after failures; counts the step. For guesses made elsewhere. */
bool speculate_pauses(struct speculation *s);

/* Of `drafted` guesses the first `accepted` were right. */
void speculate_learn(struct speculation *s, int drafted, int accepted);

#endif
