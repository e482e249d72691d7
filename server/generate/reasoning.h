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

/* Tags may be NULL: the model has none. opened: the prompt ends inside the thoughts. Clear with
 * reasoning_clear(). */
void reasoning_init(struct reasoning *r, const char *open, const char *close, bool opened);
/* Free what is held back. */
void reasoning_clear(struct reasoning *r);

/* Sort delta into what is thought and what is answer (both appended to). */
void reasoning_feed(struct reasoning *r, struct span delta, struct buffer *thought,
                    struct buffer *answer);

/* No more will come: what was held back goes to the side on which it stands. */
void reasoning_end(struct reasoning *r, struct buffer *thought, struct buffer *answer);

/* Does a prompt end with the opening tag, white space aside? */
bool reasoning_is_opened(struct span prompt, const char *open);

#endif
