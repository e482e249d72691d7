/* reward/math/find/marks.c - see marks.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/marks.h"

#include "base/reasoning_marks.h"
#include "reward/math/read/words.h"

static const struct span NOTHING = {NULL, 0};

/* ---- reasoning and chat markers ---------------------------------------------------------------- */

bool marks_after_reasoning(struct span s, const struct math_options *o, struct span *rest,
                           bool *open)
{
    *open = false;
    if (o->reasoning_end.n == 0) {
        *rest = reasoning_after(s, open);
        return true;
    }
    size_t at = span_find_last(s, o->reasoning_end);
    *rest = at == SPAN_NONE ? s : span_slice(s, at + o->reasoning_end.n, s.n);
    return at != SPAN_NONE;
}

/* ---- tags, brackets, hashes -------------------------------------------------------------------- */

struct span marks_tagged(struct span s, bool first)
{
    struct span open = span_str("<answer>"), close = span_str("</answer>");
    if (s.n == 0 || !span_has(s, '<')) return NOTHING;
    size_t from, to;
    if (first) {
        from = span_find(s, open, 0);
        if (from == SPAN_NONE) return NOTHING;
        to = span_find(s, close, from);
    } else {
        to = span_find_last(s, close);
        from = span_find_last(to == SPAN_NONE ? s : span_slice(s, 0, to), open);
        if (from == SPAN_NONE) return NOTHING;
    }
    struct span inside = span_slice(s, from + open.n, to == SPAN_NONE ? s.n : to);
    return inside.p == NULL ? span_of("", 0) : inside;
}

struct span marks_bracketed(struct span s, bool first)
{
    struct span found = NOTHING;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '[') continue;
        size_t end = words_close(s, i);
        if (end == SPAN_NONE) break;
        found = span_slice(s, i + 1, end - 1);
        if (first) break;
        i = end - 1;
    }
    return found;
}

struct span marks_hashed(struct span s, bool first)
{
    struct span mark = span_str("####");
    size_t at = first ? span_find(s, mark, 0) : span_find_last(s, mark);
    if (at == SPAN_NONE) return NOTHING;
    struct span line = span_slice(s, at + mark.n, s.n);
    const char *end = line.n == 0 ? NULL : memchr(line.p, '\n', line.n);
    if (end != NULL) line.n = (size_t)(end - line.p);
    return words_unwrap(line);
}
