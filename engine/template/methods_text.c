/* engine/template/methods_text.c - the methods of str.
 *
 * Every method is a row of the table at the end and a function above it. Python counts characters
 * where we hold UTF-8, so a method that takes or gives an index converts at its edges: window()
 * turns a start and an end into bytes once, the search itself is a search of bytes, and only a
 * place that was found is counted back into characters.
 *
 * Each walk over a string charges the rendering for it before it begins (render_charge_scan,
 * render_charge_copy): there is no method by which a short template could work for long.
 *
 * What Python's version refuses (an empty separator, an index that is no integer) is refused in its
 * words, because templates show them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/format.h"

#include "base/unicode.h"
#include "base/utf8.h"
#include "engine/template/iterate.h"
#include "engine/template/limits.h"
#include "engine/template/routines.h"
#include "engine/template/render.h"

static bool give(const struct text_builder *b, struct value *out)
{
    *out = value_text(span_of(NULL, 0));
    return text_end(b, &out->text);
}

static bool give_span(struct value *out, struct span s)
{
    *out = value_text(s);
    return true;
}

/* ---- case ------------------------------------------------------------------------------------ */

static bool change_case(struct render *r, struct span s, enum text_case to, struct value *out)
{
    struct text_builder b = {0};
    text_add_case(r, &b, s, to);
    return give(&b, out);
}

static bool upper(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return change_case(r, self.text, CASE_UPPER, out);
}

static bool lower(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return change_case(r, self.text, CASE_LOWER, out);
}

static bool casefold(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    struct text_builder b = {0};
    for (size_t at = 0; at < self.text.n && !b.failed;) {
        text_add_folded(r, &b, text_next(self.text, &at));
    }
    return give(&b, out);
}

static bool swapcase(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return change_case(r, self.text, CASE_SWAP, out);
}

static bool capitalize(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    (void)args;
    struct text_builder b = {0};
    size_t first = text_offset(self.text, 1);
    text_add_case(r, &b, span_slice(self.text, 0, first), CASE_TITLE_CHAR);
    text_add_case(r, &b, span_slice(self.text, first, self.text.n), CASE_LOWER);
    return give(&b, out);
}

/* A cased letter after another is lower case, else title case. */
static bool title(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    struct text_builder b = {0};
    bool after_cased = false;
    for (size_t at = 0, next = 0; at < self.text.n && !b.failed; at = next) {
        uint32_t c = text_next(self.text, &next);
        text_add_case_at(r, &b, self.text, &at, after_cased ? CASE_LOWER : CASE_TITLE_CHAR);
        after_cased = code_is_cased(c);
    }
    return give(&b, out);
}

/* ---- strip, pad ------------------------------------------------------------------------------ */

static bool strip_with(struct render *r, struct span s, struct value chars,
                       struct span (*how)(struct span, const struct span *), struct value *out)
{
    struct span set = {0};
    bool given = chars.kind != VALUE_ABSENT && chars.kind != VALUE_NONE;
    if (given && !argument_text(r, chars, "strip's argument", &set)) return false;
    if (!render_charge_scan(r, given ? (set.n + 1) * s.n : s.n)) return false;
    return give_span(out, how(s, given ? &set : NULL));
}

static bool strip(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return strip_with(r, self.text, args[0], text_strip, out);
}

static bool lstrip(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return strip_with(r, self.text, args[0], text_lstrip, out);
}

static bool rstrip(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return strip_with(r, self.text, args[0], text_rstrip, out);
}

static bool removeprefix(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    struct span x = {0}, s = self.text;
    if (!argument_text(r, args[0], "prefix", &x)) return false;
    if (!render_charge_copy(r, x.n)) return false;
    return give_span(out, span_starts(s, x) ? span_slice(s, x.n, s.n) : s);
}

static bool removesuffix(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    struct span x = {0}, s = self.text;
    if (!argument_text(r, args[0], "suffix", &x)) return false;
    if (!render_charge_copy(r, x.n)) return false;
    return give_span(out, span_ends(s, x) ? span_slice(s, 0, s.n - x.n) : s);
}

/* left: how many of gap fill characters go before. */
static bool fill(struct render *r, struct value self, const struct value *args, char align,
                 struct value *out)
{
    int64_t width = 0;
    struct span with = span_str(" ");
    struct text_builder b = {0};
    if (!argument_int(r, args[0], "width", &width)) return false;
    if (!argument_text(r, args[1], "fillchar", &with)) return false;
    if (utf8_count(with) != 1) return render_fail(r, "the fill character must be exactly one");
    if (width > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "a width of more than %d", TEMPLATE_MAX_WIDTH);
    }
    int64_t gap = width - (int64_t)utf8_count(self.text);
    if (gap < 0) gap = 0;
    int64_t left = align == '>' ? gap : align == '<' ? 0 : gap / 2 + (gap & width & 1);
    size_t at = 0;
    uint32_t c = text_next(with, &at);
    text_add_fill(r, &b, c, left);
    text_add(r, &b, self.text);
    text_add_fill(r, &b, c, gap - left);
    return give(&b, out);
}

static bool center(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return fill(r, self, args, '^', out);
}

static bool ljust(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return fill(r, self, args, '<', out);
}

static bool rjust(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return fill(r, self, args, '>', out);
}

static bool zfill(struct render *r, struct value self, const struct value *args, struct value *out)
{
    int64_t width = 0;
    struct text_builder b = {0};
    if (!argument_int(r, args[0], "width", &width)) return false;
    if (width > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "a width of more than %d", TEMPLATE_MAX_WIDTH);
    }
    size_t sign = self.text.n > 0 && (self.text.p[0] == '-' || self.text.p[0] == '+');
    text_add(r, &b, span_slice(self.text, 0, sign));
    text_add_fill(r, &b, '0', width - (int64_t)utf8_count(self.text));
    text_add(r, &b, span_slice(self.text, sign, self.text.n));
    return give(&b, out);
}

static bool expandtabs(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    int64_t size = 8, column = 0;
    struct text_builder b = {0};
    if (!argument_int(r, args[0], "tabsize", &size)) return false;
    if (size > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "a width of more than %d", TEMPLATE_MAX_WIDTH);
    }
    for (size_t at = 0; at < self.text.n && !b.failed;) {
        uint32_t c = text_next(self.text, &at);
        int64_t gap = c == '\t' && size > 0 ? size - column % size : 0;
        text_add_fill(r, &b, ' ', gap);
        if (c != '\t') text_add_code(r, &b, c);
        column = c == '\n' || c == '\r' ? 0 : column + (c == '\t' ? gap : 1);
    }
    return give(&b, out);
}

/* ---- find ------------------------------------------------------------------------------------ */

/* The part of s between the characters start and end; *from is its byte offset. False for bounds
 * that are wrong, *empty when start lies behind the end. */
static bool window(struct render *r, struct span s, struct value start, struct value end,
                   struct span *out, size_t *from, bool *empty)
{
    int64_t n, lo = 0, hi;
    *out = s;
    *from = 0;
    *empty = false;
    bool starts = start.kind != VALUE_ABSENT && start.kind != VALUE_NONE;
    bool ends = end.kind != VALUE_ABSENT && end.kind != VALUE_NONE;
    if (!render_charge_scan(r, s.n)) return false;
    if (!starts && !ends) return true;
    n = hi = (int64_t)utf8_count(s);
    if (starts && !argument_int(r, start, "start", &lo)) return false;
    if (ends && !argument_int(r, end, "end", &hi)) return false;
    if (lo < 0) lo = lo + n < 0 ? 0 : lo + n;
    if (hi < 0) hi = hi + n < 0 ? 0 : hi + n;
    if (hi > n) hi = n;
    *empty = lo > hi;
    if (*empty) return true;
    *from = text_offset(s, (size_t)lo);
    *out = span_slice(s, *from, text_offset(s, (size_t)hi));
    return true;
}

/* Character index where args[0] is found, or -1. */
static bool find_index(struct render *r, struct value self, const struct value *args,
                       bool from_right, int64_t *out)
{
    struct span what = {0}, s;
    size_t from;
    bool empty;
    *out = -1;
    if (!argument_text(r, args[0], "what to find", &what)) return false;
    if (!window(r, self.text, args[1], args[2], &s, &from, &empty)) return false;
    if (empty) return true;
    size_t at = from_right ? span_find_last(s, what) : span_find(s, what, 0);
    if (at != SPAN_NONE) *out = (int64_t)utf8_count(span_slice(self.text, 0, from + at));
    return true;
}

static bool find(struct render *r, struct value self, const struct value *args, struct value *out)
{
    *out = value_int(0);
    return find_index(r, self, args, false, &out->whole);
}

static bool rfind(struct render *r, struct value self, const struct value *args, struct value *out)
{
    *out = value_int(0);
    return find_index(r, self, args, true, &out->whole);
}

static bool index_of(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    return find(r, self, args, out) && (out->whole >= 0 || render_fail(r, "substring not found"));
}

static bool rindex_of(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    return rfind(r, self, args, out) && (out->whole >= 0 || render_fail(r, "substring not found"));
}

static bool count(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct span what = {0}, s;
    size_t from;
    bool empty;
    *out = value_int(0);
    if (!argument_text(r, args[0], "what to count", &what)) return false;
    if (!window(r, self.text, args[1], args[2], &s, &from, &empty) || empty) return empty;
    if (what.n == 0) {
        out->whole = (int64_t)utf8_count(s) + 1;
        return true;
    }
    for (size_t at = 0; (at = span_find(s, what, at)) != SPAN_NONE; at += what.n) {
        out->whole++;
        if (!render_charge(r, 1)) return false;
    }
    return true;
}

/* startswith, endswith: args[0] is a string or a tuple of strings. */
static bool touches(struct render *r, struct value self, const struct value *args,
                    bool (*how)(struct span, struct span), struct value *out)
{
    struct span s, x = {0};
    size_t from;
    bool empty;
    *out = value_bool(false);
    if (!window(r, self.text, args[1], args[2], &s, &from, &empty)) return false;
    size_t n = args[0].kind == VALUE_TUPLE ? args[0].seq.n : 1;
    for (size_t i = 0; i < n && !out->truth; i++) {
        struct value one = args[0].kind == VALUE_TUPLE ? args[0].seq.p[i] : args[0];
        if (!argument_text(r, one, "what a string begins or ends with", &x)) return false;
        out->truth = !empty && how(s, x);
    }
    return true;
}

static bool startswith(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    return touches(r, self, args, span_starts, out);
}

static bool endswith(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    return touches(r, self, args, span_ends, out);
}

/* ---- split, join, replace -------------------------------------------------------------------- */

static bool add_part(struct render *r, struct item_list *l, struct span s)
{
    return item_list_add(r, l, value_text(s));
}

static bool split_space(struct render *r, struct span s, int64_t most, struct item_list *l)
{
    for (s = text_lstrip(s, NULL); s.n > 0; s = text_lstrip(s, NULL)) {
        size_t end = 0;
        for (size_t at = 0; at < s.n;) {
            if (unicode_is_space(text_next(s, &at))) break;
            end = at;
        }
        if (most >= 0 && (int64_t)l->n >= most) return add_part(r, l, s);
        if (!add_part(r, l, span_slice(s, 0, end)) || !render_charge(r, 1)) return false;
        s = span_slice(s, end, s.n);
    }
    return true;
}

static bool rsplit_space(struct render *r, struct span s, int64_t most, struct item_list *l)
{
    for (s = text_rstrip(s, NULL); s.n > 0; s = text_rstrip(s, NULL)) {
        size_t from = s.n;
        for (size_t at = s.n; at > 0;) {
            if (unicode_is_space(text_previous(s, &at))) break;
            from = at;
        }
        if (most >= 0 && (int64_t)l->n >= most) return add_part(r, l, s);
        if (!add_part(r, l, span_slice(s, from, s.n)) || !render_charge(r, 1)) return false;
        s = span_slice(s, 0, from);
    }
    return true;
}

static bool split_at(struct render *r, struct span s, struct span separator, int64_t most,
                     struct item_list *l)
{
    for (size_t at; most < 0 || (int64_t)l->n < most; s = span_slice(s, at + separator.n, s.n)) {
        at = span_find(s, separator, 0);
        if (at == SPAN_NONE) break;
        if (!add_part(r, l, span_slice(s, 0, at)) || !render_charge(r, 1)) return false;
    }
    return add_part(r, l, s);
}

static bool rsplit_at(struct render *r, struct span s, struct span separator, int64_t most,
                      struct item_list *l)
{
    for (size_t at; most < 0 || (int64_t)l->n < most; s = span_slice(s, 0, at)) {
        at = span_find_last(s, separator);
        if (at == SPAN_NONE) break;
        if (!add_part(r, l, span_slice(s, at + separator.n, s.n))) return false;
        if (!render_charge(r, 1)) return false;
    }
    return add_part(r, l, s);
}

static bool split_with(struct render *r, struct value self, const struct value *args,
                       bool from_right, struct value *out)
{
    int64_t most = -1;
    struct span separator = {0};
    struct item_list l = {0};
    bool ok, space = args[0].kind == VALUE_ABSENT || args[0].kind == VALUE_NONE;
    if (!argument_int(r, args[1], "maxsplit", &most)) return false;
    if (!space && !argument_text(r, args[0], "separator", &separator)) return false;
    if (!space && separator.n == 0) return render_fail(r, "empty separator");
    if (!render_charge_scan(r, self.text.n)) return false;
    if (space) {
        ok =
            from_right ? rsplit_space(r, self.text, most, &l) : split_space(r, self.text, most, &l);
    } else {
        ok = from_right ? rsplit_at(r, self.text, separator, most, &l)
                        : split_at(r, self.text, separator, most, &l);
    }
    for (size_t i = 0; from_right && i < l.n / 2; i++) {
        struct value swap = l.p[i];
        l.p[i] = l.p[l.n - 1 - i];
        l.p[l.n - 1 - i] = swap;
    }
    *out = value_list(l.p, l.n);
    return ok;
}

static bool split(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return split_with(r, self, args, false, out);
}

static bool rsplit(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return split_with(r, self, args, true, out);
}

static bool splitlines(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    struct item_list l = {0};
    struct span line, whole;
    for (size_t at = 0; text_next_line(self.text, &at, &line, &whole);) {
        if (!add_part(r, &l, value_truth(args[0]) ? whole : line) || !render_charge(r, 1)) {
            return false;
        }
    }
    *out = value_list(l.p, l.n);
    return true;
}

static bool partition_at(struct render *r, struct value self, const struct value *args,
                         bool from_right, struct value *out)
{
    struct span x = {0}, s = self.text;
    struct value *p = render_alloc(r, 3, sizeof(*p));
    if (p == NULL || !argument_text(r, args[0], "separator", &x)) return false;
    if (x.n == 0) return render_fail(r, "empty separator");
    size_t at = from_right ? span_find_last(s, x) : span_find(s, x, 0);
    p[0] = p[1] = p[2] = value_text(span_str(""));
    if (at == SPAN_NONE) {
        p[from_right ? 2 : 0] = self;
    } else {
        p[0] = value_text(span_slice(s, 0, at));
        p[1] = value_text(x);
        p[2] = value_text(span_slice(s, at + x.n, s.n));
    }
    *out = value_tuple(p, 3);
    return render_charge_scan(r, s.n);
}

static bool partition(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    return partition_at(r, self, args, false, out);
}

static bool rpartition(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    return partition_at(r, self, args, true, out);
}

static bool join(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct iterator *it;
    struct value v;
    struct text_builder b = {0};
    enum iterator_result result;
    if (!iterate(r, args[0], &it)) return false;
    for (size_t i = 0; (result = iterator_next(r, it, &v)) == ITERATOR_ITEM; i++) {
        struct span s = {0};
        if (v.kind != VALUE_STRING) {
            return render_fail(r, "sequence item %zu: expected str instance, %s found", i,
                               value_type(v));
        }
        s = v.text;
        if (i > 0) text_add(r, &b, self.text);
        text_add(r, &b, s);
        if (b.failed) return false;
    }
    return result == ITERATOR_END && give(&b, out);
}

/* "" stands before every character and at the end. */
static void replace_nothing(struct render *r, struct text_builder *b, struct span s,
                            struct span with, int64_t most)
{
    size_t at = 0;
    for (int64_t i = 0; (most < 0 || i < most) && !b->failed; i++) {
        size_t from = at;
        text_add(r, b, with);
        if (at == s.n) return;
        text_next(s, &at);
        text_add(r, b, span_slice(s, from, at));
    }
    text_add(r, b, span_slice(s, at, s.n));
}

static bool replace(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    int64_t most = -1;
    struct span old = {0}, new = {0}, s = self.text;
    struct text_builder b = {0};
    if (!argument_text(r, args[0], "replace's first argument", &old)) return false;
    if (!argument_text(r, args[1], "replace's second argument", &new)) return false;
    if (!argument_int(r, args[2], "count", &most)) return false;
    if (old.n == 0) {
        replace_nothing(r, &b, s, new, most);
        return give(&b, out);
    }
    size_t from = 0;
    for (int64_t i = 0; (most < 0 || i < most) && !b.failed; i++) {
        size_t at = span_find(s, old, from);
        if (at == SPAN_NONE) break;
        text_add(r, &b, span_slice(s, from, at));
        text_add(r, &b, new);
        from = at + old.n;
        if (!render_charge(r, 1)) return false;
    }
    text_add(r, &b, span_slice(s, from, s.n));
    return give(&b, out) && render_charge_scan(r, s.n);
}

static bool format(struct render *r, struct value self, const struct arguments *args,
                   struct value *out)
{
    return format_braces(r, self.text, args, out);
}

/* ---- what kind of characters ----------------------------------------------------------------- */

/* Are all of this class? empty: the answer for "". */
static bool all_are(struct render *r, struct span s, enum text_class class, bool empty,
                    struct value *out)
{
    bool all = s.n > 0 || empty;
    for (size_t at = 0; at < s.n && all;) {
        all = code_is(text_next(s, &at), class);
    }
    *out = value_bool(all);
    return render_charge_scan(r, s.n);
}

static bool isalpha_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_ALPHA, false, out);
}

static bool isalnum_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_ALNUM, false, out);
}

static bool isdigit_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_DIGIT, false, out);
}

static bool isdecimal_(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_DECIMAL, false, out);
}

static bool isnumeric_(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_NUMERIC, false, out);
}

static bool isspace_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_SPACE, false, out);
}

static bool isprintable_(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_PRINTABLE, true, out);
}

static bool isascii_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return all_are(r, self.text, CLASS_ASCII, true, out);
}

static bool isidentifier_(struct render *r, struct value self, const struct value *args,
                          struct value *out)
{
    (void)args;
    bool all = self.text.n > 0;
    for (size_t at = 0; at < self.text.n && all;) {
        bool first = at == 0;
        uint32_t c = text_next(self.text, &at);
        all = c == '_' || code_is(c, CLASS_ALPHA) || (!first && code_is(c, CLASS_DECIMAL));
    }
    *out = value_bool(all);
    return render_charge_scan(r, self.text.n);
}

/* Some character is in this case and none in another. */
static bool one_case(struct render *r, struct span s, bool (*is)(uint32_t), struct value *out)
{
    bool some = false, other = false;
    for (size_t at = 0; at < s.n && !other;) {
        uint32_t c = text_next(s, &at);
        some = some || is(c);
        other = code_is_cased(c) && !is(c);
    }
    *out = value_bool(some && !other);
    return render_charge_scan(r, s.n);
}

static bool isupper_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return one_case(r, self.text, code_is_upper, out);
}

static bool islower_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    return one_case(r, self.text, code_is_lower, out);
}

static bool istitle_(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    bool some = false, good = true, after_cased = false;
    for (size_t at = 0; at < self.text.n && good;) {
        uint32_t c = text_next(self.text, &at);
        bool cased = code_is_cased(c), small = code_is_lower(c);
        good = !cased || small == after_cased;
        some = some || cased;
        after_cased = cased;
    }
    *out = value_bool(some && good);
    return render_charge_scan(r, self.text.n);
}

static const struct routine methods[] = {
    {"capitalize", capitalize, {NULL}, 0, NULL},
    {"casefold", casefold, {NULL}, 0, NULL},
    {"center", center, {"width", "fillchar"}, 1, NULL},
    {"count", count, {"sub", "start", "end"}, 1, NULL},
    {"endswith", endswith, {"suffix", "start", "end"}, 1, NULL},
    {"expandtabs", expandtabs, {"tabsize"}, 0, NULL},
    {"find", find, {"sub", "start", "end"}, 1, NULL},
    {"format", NULL, {NULL}, 0, format},
    {"index", index_of, {"sub", "start", "end"}, 1, NULL},
    {"isalnum", isalnum_, {NULL}, 0, NULL},
    {"isalpha", isalpha_, {NULL}, 0, NULL},
    {"isascii", isascii_, {NULL}, 0, NULL},
    {"isdecimal", isdecimal_, {NULL}, 0, NULL},
    {"isdigit", isdigit_, {NULL}, 0, NULL},
    {"isidentifier", isidentifier_, {NULL}, 0, NULL},
    {"islower", islower_, {NULL}, 0, NULL},
    {"isnumeric", isnumeric_, {NULL}, 0, NULL},
    {"isprintable", isprintable_, {NULL}, 0, NULL},
    {"isspace", isspace_, {NULL}, 0, NULL},
    {"istitle", istitle_, {NULL}, 0, NULL},
    {"isupper", isupper_, {NULL}, 0, NULL},
    {"join", join, {"iterable"}, 1, NULL},
    {"ljust", ljust, {"width", "fillchar"}, 1, NULL},
    {"lower", lower, {NULL}, 0, NULL},
    {"lstrip", lstrip, {"chars"}, 0, NULL},
    {"partition", partition, {"sep"}, 1, NULL},
    {"removeprefix", removeprefix, {"prefix"}, 1, NULL},
    {"removesuffix", removesuffix, {"suffix"}, 1, NULL},
    {"replace", replace, {"old", "new", "count"}, 2, NULL},
    {"rfind", rfind, {"sub", "start", "end"}, 1, NULL},
    {"rindex", rindex_of, {"sub", "start", "end"}, 1, NULL},
    {"rjust", rjust, {"width", "fillchar"}, 1, NULL},
    {"rpartition", rpartition, {"sep"}, 1, NULL},
    {"rsplit", rsplit, {"sep", "maxsplit"}, 0, NULL},
    {"rstrip", rstrip, {"chars"}, 0, NULL},
    {"split", split, {"sep", "maxsplit"}, 0, NULL},
    {"splitlines", splitlines, {"keepends"}, 0, NULL},
    {"startswith", startswith, {"prefix", "start", "end"}, 1, NULL},
    {"strip", strip, {"chars"}, 0, NULL},
    {"swapcase", swapcase, {NULL}, 0, NULL},
    {"title", title, {NULL}, 0, NULL},
    {"upper", upper, {NULL}, 0, NULL},
    {"zfill", zfill, {"width"}, 1, NULL},
};

const struct routine *text_method_find(struct span name)
{
    return routine_find(methods, sizeof(methods) / sizeof(*methods), name);
}
