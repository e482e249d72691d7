/* base/reasoning_marks.h - how the families of reasoning models mark their thoughts.
 *
 * One table for both sides: serving splits thoughts from answers by it, and judging looks for answers
 * only behind it. A new family is a row.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_REASONING_MARKS_H
#define BASE_REASONING_MARKS_H

#include "base/span.h"

struct reasoning_mark {
    const char *open;   /* thoughts begin; a template may have written it already */
    const char *close;  /* thoughts end, and the answer begins right after it */
    const char *family; /* who writes it so */
};

/* Row i, NULL past the last. */
const struct reasoning_mark *reasoning_mark_at(int i);

/* s after the last mark that ends thoughts; s itself when there is none. *open: in what is left
 * thoughts begin that never end. Linear. */
struct span reasoning_after(struct span s, bool *open);

#endif
