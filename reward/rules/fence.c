/* reward/rules/fence.c - see fence.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/fence.h"

#include <ctype.h>

struct fence {
    char mark;
    size_t length;
    struct span info; /* first word after the marks */
};

/* At most three spaces, then three or more of one mark. */
static bool read_fence(struct span line, struct fence *f)
{
    size_t i = 0;
    while (i < line.n && i < 3 && line.p[i] == ' ') {
        i++;
    }
    if (i == line.n || (line.p[i] != '`' && line.p[i] != '~')) return false;
    f->mark = line.p[i];
    size_t from = i;
    while (i < line.n && line.p[i] == f->mark) {
        i++;
    }
    f->length = i - from;
    struct span rest = span_trim(span_slice(line, i, line.n));
    if (f->mark == '`' && span_find(rest, span_str("`"), 0) != SPAN_NONE) return false;
    size_t word = 0;
    while (word < rest.n && !isspace((unsigned char)rest.p[word]) && rest.p[word] != '{' &&
           rest.p[word] != ',') {
        word++;
    }
    f->info = span_slice(rest, 0, word);
    return f->length >= 3;
}

static bool closes(const struct fence *open, const struct fence *f)
{
    return f->mark == open->mark && f->length >= open->length && f->info.n == 0;
}

bool fence_next(struct span text, size_t *at, struct fence_block *out)
{
    struct fence open = {0}, f;
    size_t body = 0;
    while (*at < text.n) {
        size_t line_at = *at, end = span_find(text, span_str("\n"), line_at);
        *at = end == SPAN_NONE ? text.n : end + 1;
        struct span line = span_slice(text, line_at, end == SPAN_NONE ? text.n : end);
        if (!read_fence(line, &f)) continue;
        if (open.length == 0) {
            open = f;
            body = *at;
        } else if (closes(&open, &f)) {
            *out = (struct fence_block){open.info, span_slice(text, body, line_at)};
            return true;
        }
    }
    return false;
}
