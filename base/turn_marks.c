/* base/turn_marks.c - see turn_marks.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/turn_marks.h"

static const char *const marks[] = {"<|im_start|>",
                                    "<|im_end|>",
                                    "<|endoftext|>",
                                    "<|eot_id|>",
                                    "</s>",
                                    "<|end|>",
                                    "<|return|>",
                                    "<end_of_turn>",
                                    ("<\xef\xbd\x9c"
                                     "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>")};

/* The first of one kind of markers after which the same turn does not go on, as it does in harmony
 * from channel to channel. */
static size_t find_end(struct span s, struct span mark)
{
    struct span more = span_str("<|start|>assistant");
    size_t at = span_find(s, mark, 0);
    while (at != SPAN_NONE && span_starts(span_slice(s, at + mark.n, s.n), more)) {
        at = span_find(s, mark, at + mark.n);
    }
    return at;
}

struct span turn_text(struct span s)
{
    if (s.n == 0 || !span_has(s, '<')) return s;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = find_end(s, span_str(marks[i]));
        if (at != SPAN_NONE && span_trim(span_slice(s, 0, at)).n > 0) s = span_slice(s, 0, at);
    }
    return s;
}
