/* engine/tokenizer/split.h - cutting a text into words, pattern after pattern.
 *
 * Each step splits what the step before left whole; the words of the last step go
 * to a function, in order, as they are found, so no list of them is ever made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TOKENIZER_SPLIT_H
#define ENGINE_TOKENIZER_SPLIT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"
#include "engine/tokenizer/regex.h"
#include "engine/tokenizer/vocab_source.h"

struct split_step {
    struct regex *regex; /* owned by the tokenizer */
    enum split_behavior behavior;
    bool invert;
};

/* False stops the splitting. */
typedef bool split_sink(void *arg, struct span word);

/* Cut text by steps[0..n). matches[i] is scratch for step i. Bytes that are not
 * UTF-8 are not shown to the patterns: each run of them is a word. False when the
 * sink said so, or on a limit of a pattern (*err set). */
bool split_text(const struct split_step *steps, struct regex_match *const *matches, int n,
                struct span text, split_sink *sink, void *arg, struct error *err);

#endif
