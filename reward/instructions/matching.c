/* reward/instructions/matching.c - see matching.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/matching.h"

#include "base/buffer.h"
#include "reward/instructions/kwargs.h"
#include "reward/rules/pattern.h"
#include "reward/rules/unicode.h"

enum { FEW_MATCHES = 100, FEW_STEPS = 2000 }; /* together some 20 ms at worst */

static const char BORDER[] = "\\b";

static bool is_plain(const struct wanted *w)
{
    bool bordered = w->before != NULL && strcmp(w->before, BORDER) == 0;
    if ((w->before != NULL || w->behind != NULL) && !bordered) return false;
    for (size_t i = 0; i < w->keyword.n; i++) {
        if (strchr("\\.^$*+?{}[]|()", w->keyword.p[i]) != NULL) return false;
    }
    return true;
}

static enum check_result count_plain(const struct check_call *call, const struct wanted *w,
                                     struct span text, size_t *count)
{
    struct span keyword = w->keyword;
    if (w->ignore_case) {
        text = unicode_lower(text, call->arena);
        keyword = unicode_lower(keyword, call->arena);
        if (text.p == NULL || keyword.p == NULL) return CHECK_TOO_LARGE;
    }
    *count = 0;
    for (size_t at = 0; *count < w->most && (at = span_find(text, keyword, at)) != SPAN_NONE;) {
        bool is_one = w->before == NULL ||
                      (unicode_is_boundary(text, at) && unicode_is_boundary(text, at + keyword.n));
        *count += is_one;
        at += is_one ? keyword.n : 1;
    }
    return CHECK_YES;
}

/* The pattern compiled; NULL: err, under the argument's name. */
static struct pattern *compile(const struct check_call *call, const struct wanted *w)
{
    struct buffer source;
    buffer_init(&source, KWARG_MOST_BYTES + 64);
    buffer_add_str(&source, w->before == NULL ? "" : w->before);
    buffer_add_span(&source, w->keyword);
    buffer_add_str(&source, w->behind == NULL ? "" : w->behind);
    struct pattern *p =
        pattern_new(buffer_span(&source), w->ignore_case ? PATTERN_IGNORE_CASE : 0, call->err);
    buffer_clear(&source);
    if (p == NULL) error_at(call->err, "%s", w->name);
    return p;
}

enum check_result match_count(const struct check_call *call, const struct wanted *w,
                              struct span text, size_t *count)
{
    if (is_plain(w)) return count_plain(call, w, text, count);
    struct pattern *p = compile(call, w);
    if (p == NULL) return CHECK_BAD_KWARGS;
    size_t limit = call->in_worker || w->most < FEW_MATCHES ? w->most : FEW_MATCHES;
    enum pattern_result r =
        pattern_count(p, text, call->in_worker ? UINT32_MAX : FEW_STEPS, limit, count);
    pattern_free(p);
    if (r != PATTERN_TOO_HARD && (*count < limit || limit == w->most)) return CHECK_YES;
    return call->in_worker ? CHECK_TOO_HARD : CHECK_DEFER;
}
