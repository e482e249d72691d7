/* server/generate/reasoning.h - telling a model's thoughts from its answer, as the text arrives.
 *
 * A reasoning model writes <think>thoughts</think>answer; some chat templates have already
 * written the opening tag at the end of the prompt. The text comes in deltas cut anywhere, inside
 * a tag too, so what might still become a tag is held back. New lines next to the tags belong to
 * the form, not to thought or answer: those after <think>, around </think> are dropped.
 *
 * Text that does not begin (after white space) with the opening tag is answer from its first byte.
 * After the closing tag everything is answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_REASONING_H
#define SERVER_GENERATE_REASONING_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/span.h"

/* Where an output that goes on from a turn's text stands. */
enum reasoning_start {
    REASONING_CLOSED, /* before any thoughts, or behind them */
    REASONING_OPENED, /* the text ends with the opening tag, white space aside */
    REASONING_BEGUN   /* in the midst of thoughts: the last opening tag is not closed */
};

struct reasoning {
    struct span open, close; /* the tags, borrowed; open.n == 0: all is answer */
    enum {
        REASONING_START,  /* only white space so far: a tag may follow */
        REASONING_LEAD,   /* inside, dropping new lines after the tag */
        REASONING_INSIDE, /* thoughts */
        REASONING_TRAIL,  /* after the closing tag, dropping new lines */
        REASONING_AFTER   /* answer */
    } state;
    struct buffer held; /* bytes whose side is not yet known */
};

/* Tags may be NULL: the model has none. start: what the prompt has begun. Clear with
 * reasoning_clear(). */
void reasoning_init(struct reasoning *r, const char *open, const char *close,
                    enum reasoning_start start);
/* Free what is held back. */
void reasoning_clear(struct reasoning *r);

/* Sort delta into what is thought and what is answer (both appended to). */
void reasoning_feed(struct reasoning *r, struct span delta, struct buffer *thought,
                    struct buffer *answer);

/* No more will come: what was held back goes to the side on which it stands. */
void reasoning_end(struct reasoning *r, struct buffer *thought, struct buffer *answer);

/* What a turn that is to go on, from its header on, has begun. Tags as above. */
enum reasoning_start reasoning_start(struct span turn, const char *open, const char *close);

#endif
