/* engine/template/filters.c - filters on strings and numbers, and the ones on any value.
 *
 * A filter is not the method of its name. Jinja's filters take any value, which they turn into a
 * string first (as_text, in which markup stays markup), and several differ from Python in detail:
 * `title` begins words at other characters than str.title, `int` gives a fallback instead of an
 * error, `round` has methods. Where filter and method agree the filter calls the method
 * (text_method), so each rule stands once.
 *
 * Filters on sequences are lazy and live in filters_sequence.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "base/utf8.h"
#include "engine/template/routines.h"

#include "base/unicode.h"

#include <math.h>
#include <stdio.h>

#include "engine/template/access.h"
#include "engine/template/escape.h"
#include "engine/template/format.h"
#include "engine/template/iterate.h"
#include "engine/template/limits.h"
#include "engine/template/number.h"
#include "engine/template/render.h"

static bool give(const struct text_builder *b, struct value *out)
{
    *out = value_text(span_of(NULL, 0));
    return text_end(b, &out->text);
}

/* str(v) as a value, markup staying markup. */
static bool as_text(struct render *r, struct value v, struct value *out)
{
    *out = v;
    if (v.kind == VALUE_STRING) return true;
    *out = value_text(span_of(NULL, 0));
    return value_str(r, v, &out->text);
}

/* The str method of this name on str(self). */
static bool text_method(struct render *r, const char *name, struct value self,
                        const struct value *args, struct value *out)
{
    struct value text;
    return as_text(r, self, &text) && text_method_find(span_str(name))->call(r, text, args, out);
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool upper(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return text_method(r, "upper", self, args, out);
}

static bool lower(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return text_method(r, "lower", self, args, out);
}

static bool capitalize(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    return text_method(r, "capitalize", self, args, out);
}

static bool trim(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return text_method(r, "strip", self, args, out);
}

static bool center(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct value given[ROUTINE_PARAMETERS] = {args[0]};
    if (given[0].kind == VALUE_ABSENT) given[0] = value_int(80);
    return text_method(r, "center", self, given, out);
}

static bool is_title_break(uint32_t c)
{
    return unicode_is_space(c) || (c < 0x80 && c != 0 && strchr("-({[<", (int)c) != NULL);
}

/* Unlike str.title: a word begins after white space, - ( { [ or <. */
static bool title(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    struct span s;
    struct text_builder b = {0};
    if (!value_str(r, self, &s)) return false;
    for (size_t at = 0; at < s.n && !b.failed;) {
        size_t from = at, first;
        uint32_t c = text_next(s, &at);
        if (is_title_break(c)) {
            text_add_code(r, &b, c);
            continue;
        }
        first = at;
        for (size_t next = at; next < s.n && !is_title_break(text_next(s, &next));) {
            at = next;
        }
        text_add_case(r, &b, span_slice(s, from, first), CASE_UPPER);
        text_add_case(r, &b, span_slice(s, first, at), CASE_LOWER);
    }
    return give(&b, out);
}

static bool replace(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    struct value given[ROUTINE_PARAMETERS] = {0};
    if (!as_text(r, args[0], &given[0]) || !as_text(r, args[1], &given[1])) return false;
    if (args[2].kind != VALUE_NONE) given[2] = args[2];
    return text_method(r, "replace", self, given, out);
}

static bool string(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return as_text(r, self, out);
}

static bool safe(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    if (!as_text(r, self, out)) return false;
    out->sub = SUB_MARKUP;
    return true;
}

static bool escape(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return as_text(r, self, out) && escape_text(r, out);
}

static bool force_escape(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    (void)args;
    if (!as_text(r, self, out)) return false;
    out->sub = SUB_NONE;
    return escape_text(r, out);
}

static bool indent_of(struct render *r, struct value width, struct span *out)
{
    struct text_builder blanks = {0};
    int64_t n = 4;
    if (width.kind == VALUE_STRING) {
        *out = width.text;
        return true;
    }
    if (!argument_int(r, width, "width", &n)) return false;
    if (n > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "an indent of more than %d", TEMPLATE_MAX_WIDTH);
    }
    text_add_fill(r, &blanks, ' ', n);
    return text_end(&blanks, out);
}

static bool indent(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct span s, margin, line, whole;
    struct text_builder b = {0};
    bool first = value_truth(args[1]), blank = value_truth(args[2]);
    if (self.kind == VALUE_ABSENT || self.kind != VALUE_STRING) {
        return argument_text(r, self, "indent's text", &s) && false;
    }
    if (!indent_of(r, args[0], &margin)) return false;
    text_add(r, &b, self.text);
    text_add_char(r, &b, '\n'); /* as Jinja does: then there is at least one line */
    if (!text_end(&b, &s)) return false;
    b = (struct text_builder){0};
    size_t n = 0;
    for (size_t at = 0; text_next_line(s, &at, &line, &whole) && !b.failed; n++) {
        if (n > 0) text_add_char(r, &b, '\n');
        if (n == 0 ? first : blank || line.n > 0) text_add(r, &b, margin);
        text_add(r, &b, line);
    }
    return give(&b, out);
}

static bool truncate(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    int64_t length = 255, leeway = 5, n;
    struct span s = {0}, end = span_str("...");
    if (!argument_int(r, args[0], "length", &length)) return false;
    if (!argument_text(r, args[2], "end", &end)) return false;
    if (args[3].kind != VALUE_NONE && !argument_int(r, args[3], "leeway", &leeway)) return false;
    int64_t keep = length - (int64_t)utf8_count(end);
    if (keep < 0 || leeway < 0) {
        return render_fail(r, "truncate: the length is less than its end's");
    }
    *out = self;
    if (!value_length(r, self, &n)) return false;
    if (n - leeway <= length) return true;
    if (!argument_text(r, self, "what is truncated", &s)) return false;
    if (!render_charge_scan(r, s.n)) return false;
    struct span head = span_slice(s, 0, text_offset(s, (size_t)keep));
    size_t blank = span_find_last(head, span_str(" "));
    if (!value_truth(args[1]) && blank != SPAN_NONE) head.n = blank;
    struct text_builder b = {0};
    text_add(r, &b, head);
    text_add(r, &b, end);
    return give(&b, out);
}

static bool wordcount(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    (void)args;
    struct span s;
    int64_t n = 0;
    bool inside = false;
    if (!value_str(r, self, &s)) return false;
    for (size_t at = 0; at < s.n;) {
        uint32_t c = text_next(s, &at);
        bool word = c == '_' || code_is(c, CLASS_ALNUM);
        n += word && !inside;
        inside = word;
    }
    *out = value_int(n);
    return render_charge_scan(r, s.n);
}

static bool format(struct render *r, struct value self, const struct arguments *args,
                   struct value *out)
{
    struct span s;
    struct value values = value_tuple(args->positional.p, args->positional.n);
    if (!value_str(r, self, &s)) return false;
    if (args->n_named > 0) {
        struct dict *d;
        if (args->positional.n > 0) {
            return render_fail(r, "can't handle positional and keyword arguments at the same time");
        }
        if (!dict_new(r, args->n_named, &d)) return false;
        for (size_t i = 0; i < args->n_named; i++) {
            if (!dict_set(r, d, value_text(args->named[i].name), args->named[i].value)) {
                return false;
            }
        }
        values = (struct value){.kind = VALUE_DICT, .dict = d};
    }
    return format_percent(r, s, values, out);
}

static void add_quoted(struct render *r, struct text_builder *b, struct span s, bool query)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n && !b->failed; i++) {
        char c = s.p[i];
        bool plain = ascii_is_plain(&c, 1, query ? "_.-~" : "_.-~/");
        if (plain || (c == ' ' && query)) {
            text_add_char(r, b, plain ? c : '+');
        } else {
            text_add_char(r, b, '%');
            text_add_char(r, b, hex[(unsigned char)c >> 4]);
            text_add_char(r, b, hex[c & 15]);
        }
    }
}

static bool urlencode(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    (void)args;
    struct text_builder b = {0};
    struct span s;
    struct values pairs, pair;
    if (self.kind == VALUE_STRING || !value_is_iterable(self)) {
        if (!value_str(r, self, &s)) return false;
        add_quoted(r, &b, s, false);
        return give(&b, out);
    }
    if (self.kind == VALUE_DICT) {
        self = (struct value){.kind = VALUE_VIEW, .sub = SUB_ITEMS, .dict = self.dict};
    }
    if (!value_items(r, self, &pairs)) return false;
    for (size_t i = 0; i < pairs.n; i++) {
        if (!value_items(r, pairs.p[i], &pair)) return false;
        if (pair.n != 2) return render_fail(r, "urlencode takes pairs");
        for (size_t k = 0; k < 2; k++) {
            if (!value_str(r, pair.p[k], &s)) return false;
            if (k == 1 || i > 0) text_add_char(r, &b, k == 1 ? '=' : '&');
            add_quoted(r, &b, s, true);
        }
    }
    return give(&b, out);
}

static bool xmlattr(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    struct text_builder b = {0};
    bool space = args[0].kind == VALUE_ABSENT || value_truth(args[0]);
    if (self.kind != VALUE_DICT) return render_fail(r, "xmlattr takes a mapping");
    for (size_t i = 0; i < self.dict->n; i++) {
        const struct entry *e = &self.dict->entries[i];
        struct span key, text;
        if (e->value.kind == VALUE_NONE || e->value.kind == VALUE_UNDEFINED) continue;
        if (!value_str(r, e->key, &key) || !value_str(r, e->value, &text)) return false;
        for (size_t k = 0; k < key.n; k++) {
            if (key.p[k] != '\0' && strchr(" \t\n\v\f\r/>=", key.p[k]) != NULL) {
                return render_fail(r, "invalid character in attribute name");
            }
        }
        if (b.n > 0 || space) text_add_char(r, &b, ' ');
        escape_add(r, &b, key);
        text_add_str(r, &b, "=\"");
        escape_add(r, &b, text);
        text_add_char(r, &b, '"');
    }
    return give(&b, out);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool float_to_int(struct render *r, double f, struct value fallback, struct value *out)
{
    if (isnan(f)) {
        *out = fallback;
        return true;
    }
    if (fabs(f) >= 9223372036854775808.0) return render_fail(r, "an integer of more than 64 bits");
    *out = value_int((int64_t)f);
    return true;
}

static bool to_int(struct render *r, struct value self, const struct value *args, struct value *out)
{
    int64_t i, base = 10;
    double f;
    struct value fallback = args[0].kind == VALUE_ABSENT ? value_int(0) : args[0];
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    if (!argument_int(r, args[1], "base", &base)) return false;
    if (value_whole(self, &i)) {
        *out = value_int(i);
        return true;
    }
    if (self.kind == VALUE_BIG) {
        *out = self;
        return true;
    }
    if (self.kind == VALUE_FLOAT) return float_to_int(r, self.real, fallback, out);
    *out = fallback;
    if (self.kind != VALUE_STRING || base < 0 || base == 1 || base > 36) return true;
    if (!render_charge_scan(r, self.text.n)) return false;
    switch (number_parse_int(self.text, (int)base, &i)) {
    case NUMBER_OK:
        *out = value_int(i);
        return true;
    case NUMBER_TOO_LARGE:
        return render_fail(r, "an integer of more than 64 bits");
    case NUMBER_BAD:
        break;
    }
    if (!number_parse_float(self.text, &f) || isinf(f)) return true;
    return float_to_int(r, f, fallback, out);
}

static bool to_float(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    double f;
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    *out = args[0].kind == VALUE_ABSENT ? value_float(0) : args[0];
    if (value_real(self, &f)) *out = value_float(f);
    if (self.kind == VALUE_STRING && !render_charge_scan(r, self.text.n)) return false;
    if (self.kind == VALUE_STRING && number_parse_float(self.text, &f)) *out = value_float(f);
    return true;
}

static bool absolute(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)args;
    int64_t i;
    if (value_whole(self, &i)) {
        if (i == INT64_MIN) return render_fail(r, "an integer of more than 64 bits");
        *out = value_int(i < 0 ? -i : i);
        return true;
    }
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    if (self.kind == VALUE_BIG) {
        bool negative = self.text.p[0] == '-';
        *out = value_big(span_slice(self.text, negative, self.text.n));
        return true;
    }
    if (self.kind != VALUE_FLOAT) {
        return render_fail(r, "bad operand type for abs(): '%s'", value_type(self));
    }
    *out = value_float(fabs(self.real));
    return true;
}

/* round() of an integer to tens, hundreds...: ties to even. */
static int64_t round_int(int64_t i, int64_t digits)
{
    if (digits >= 0) return i;
    if (digits < -18) return 0;
    int64_t unit = 1;
    for (; digits < 0; digits++) {
        unit *= 10;
    }
    int64_t rest = i % unit, down = i - rest, half = unit / 2;
    int64_t size = rest < 0 ? -rest : rest;
    bool away = size > half || (size == half && (down / unit) % 2 != 0);
    return !away ? down : rest < 0 ? down - unit : down + unit;
}

static bool round_number(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    int64_t digits = 0, i;
    double f;
    struct span method = span_str("common");
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    if (!argument_int(r, args[0], "precision", &digits)) return false;
    if (!argument_text(r, args[1], "method", &method)) return false;
    bool common = span_is(method, "common"), up = span_is(method, "ceil");
    if (!common && !up && !span_is(method, "floor")) {
        return render_fail(r, "method must be common, ceil or floor");
    }
    if (!value_real(self, &f)) return render_fail(r, "type %s cannot be rounded", value_type(self));
    if (digits > 400) digits = 400;
    if (digits < -400) digits = -400;
    if (!render_charge(r, TEMPLATE_FLOAT_STEPS + (size_t)(digits < 0 ? 0 : digits))) return false;
    if (self.kind == VALUE_BIG) return render_fail(r, "an integer of more than 64 bits");
    if (common && value_whole(self, &i)) {
        *out = value_int(round_int(i, digits));
    } else if (common) {
        *out = value_float(number_round(f, (int)digits));
    } else {
        double scale = pow(10.0, (double)digits);
        *out = value_float((up ? ceil(f * scale) : floor(f * scale)) / scale);
    }
    return true;
}

static bool filesizeformat(struct render *r, struct value self, const struct value *args,
                           struct value *out)
{
    static const char *const binary[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
    static const char *const decimal[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    double f, base = value_truth(args[0]) ? 1024 : 1000;
    bool number =
        self.kind == VALUE_STRING ? number_parse_float(self.text, &f) : value_real(self, &f);
    if (!number) return render_fail(r, "filesizeformat takes a number");
    if (!render_charge(r, TEMPLATE_FLOAT_STEPS)) return false;
    struct text_builder b = {0};
    char text[64];
    if (f == 1) {
        text_add_str(r, &b, "1 Byte");
    } else if (f < base) {
        snprintf(text, sizeof(text), "%.0f Bytes", trunc(f));
        text_add_str(r, &b, text);
    } else {
        double unit = base * base;
        size_t i = 0;
        for (; i < 7 && f >= unit; i++) {
            unit *= base;
        }
        snprintf(text, sizeof(text), "%.1f %s", base * f / unit,
                 (base > 1000 ? binary : decimal)[i]);
        text_add_str(r, &b, text);
    }
    return give(&b, out);
}

/* ---- any value ------------------------------------------------------------------------------- */

static bool fallback(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r;
    struct value other = args[0].kind == VALUE_ABSENT ? value_text(span_str("")) : args[0];
    bool missing = self.kind == VALUE_UNDEFINED || (value_truth(args[1]) && !value_truth(self));
    *out = missing ? other : self;
    return true;
}

static bool length(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    *out = value_int(0);
    return value_length(r, self, &out->whole);
}

static bool attr(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct span name = {0};
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    if (!argument_text(r, args[0], "name", &name) || !own_attribute(r, self, name, out)) {
        return false;
    }
    if (out->kind == VALUE_ABSENT) {
        *out = (struct value){
            .kind = VALUE_UNDEFINED, .sub = SUB_ATTRIBUTE_OF, .owner = self.kind, .text = name};
    }
    return true;
}

static bool random_item(struct render *r, struct value self, const struct value *args,
                        struct value *out)
{
    (void)self, (void)args, (void)out;
    return render_fail(r, "the filter random is not supported: its choice is random");
}

static const struct routine filters[] = {
    {"abs", absolute, {NULL}, 0, NULL},
    {"attr", attr, {"name"}, 1, NULL},
    {"capitalize", capitalize, {NULL}, 0, NULL},
    {"center", center, {"width"}, 0, NULL},
    {"count", length, {NULL}, 0, NULL},
    {"d", fallback, {"default_value", "boolean"}, 0, NULL},
    {"default", fallback, {"default_value", "boolean"}, 0, NULL},
    {"e", escape, {NULL}, 0, NULL},
    {"escape", escape, {NULL}, 0, NULL},
    {"filesizeformat", filesizeformat, {"binary"}, 0, NULL},
    {"float", to_float, {"default"}, 0, NULL},
    {"forceescape", force_escape, {NULL}, 0, NULL},
    {"format", NULL, {NULL}, 0, format},
    {"indent", indent, {"width", "first", "blank"}, 0, NULL},
    {"int", to_int, {"default", "base"}, 0, NULL},
    {"length", length, {NULL}, 0, NULL},
    {"lower", lower, {NULL}, 0, NULL},
    {"random", random_item, {NULL}, 0, NULL},
    {"replace", replace, {"old", "new", "count"}, 2, NULL},
    {"round", round_number, {"precision", "method"}, 0, NULL},
    {"safe", safe, {NULL}, 0, NULL},
    {"string", string, {NULL}, 0, NULL},
    {"title", title, {NULL}, 0, NULL},
    {"tojson", tojson, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0, NULL},
    {"trim", trim, {"chars"}, 0, NULL},
    {"truncate", truncate, {"length", "killwords", "end", "leeway"}, 0, NULL},
    {"upper", upper, {NULL}, 0, NULL},
    {"urlencode", urlencode, {NULL}, 0, NULL},
    {"wordcount", wordcount, {NULL}, 0, NULL},
    {"xmlattr", xmlattr, {"autospace"}, 0, NULL},
};

const struct routine *filter_find(struct span name)
{
    const struct routine *x = routine_find(filters, sizeof(filters) / sizeof(*filters), name);
    return x != NULL ? x : sequence_filter_find(name);
}
