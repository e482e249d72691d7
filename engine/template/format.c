/* engine/template/format.c - see format.h.
 *
 * Two small languages, one way of writing a field:
 *
 *   "%-5.2f" % x          read_percent_field --.
 *                                              +--> struct field --> format_field --> pad
 *   "{:<5.2f}".format(x)  read_spec -----------'
 *
 * They differ in where values come from (a tuple in order or a dict by name; positions, names and
 * their attributes and items), in flags, and in what is an error. format_field() knows how a type is
 * written; pad() alone knows widths, and counts them in characters.
 *
 * Widths and precisions come from the template and may be anything: text that would be too long
 * fails in the builder, whose memory is the rendering's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "engine/template/access.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

enum { MAX_PRECISION = 300 };

/* ---- one field ------------------------------------------------------------------------------- */

/* The rules of one field, as format() has them: [[fill]align][sign][#][0][width][,][.digits][type] */
struct field {
    uint32_t fill;
    char align; /* < > ^ = or 0 */
    char sign;  /* + - or blank */
    bool alternate, grouped, underscored;
    int64_t width, precision; /* precision -1: none */
    char type;                /* 0: by the value's type */
};

/* Fill body (with its sign) to the width. */
static void pad(struct render *r, struct text_builder *b, struct span sign, struct span body,
                const struct field *f, char align)
{
    int64_t gap = f->width - (int64_t)utf8_count(sign) - (int64_t)utf8_count(body);
    int64_t left = align == '>' ? gap : align == '^' ? gap / 2 : 0;
    uint32_t fill = f->fill == 0 ? ' ' : f->fill;
    if (gap < 0) gap = 0;
    if (left < 0) left = 0;
    text_add_fill(r, b, fill, left);
    text_add(r, b, sign);
    if (align == '=') text_add_fill(r, b, fill, gap);
    text_add(r, b, body);
    if (align == '<' || align == '^') text_add_fill(r, b, fill, gap - left);
}

/* Digits with a separator before every third from the point. */
static void add_grouped(struct render *r, struct text_builder *b, struct span digits,
                        char separator)
{
    size_t whole = 0;
    while (whole < digits.n && ascii_is_digit(digits.p[whole])) {
        whole++;
    }
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0) text_add_char(r, b, separator);
        text_add_char(r, b, digits.p[i]);
    }
    text_add(r, b, span_slice(digits, whole, digits.n));
}

static void add_number(struct render *r, struct text_builder *b, bool negative, struct span digits,
                       const struct field *f)
{
    char sign = negative ? '-' : f->sign == '-' || f->sign == '\0' ? '\0' : f->sign;
    struct text_builder grouped = {0};
    if (f->grouped || f->underscored) {
        add_grouped(r, &grouped, digits, f->grouped ? ',' : '_');
        digits = span_of(grouped.p, grouped.n);
    }
    pad(r, b, span_of(&sign, sign != '\0'), digits, f, f->align == '\0' ? '>' : f->align);
}

static bool format_int(struct render *r, struct text_builder *b, int64_t i, const struct field *f)
{
    char text[80];
    uint64_t size = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    size_t at = sizeof(text);
    unsigned base = f->type == 'x' || f->type == 'X' ? 16
                    : f->type == 'o'                 ? 8
                    : f->type == 'b'                 ? 2
                                                     : 10;
    const char *digits = f->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        text[--at] = digits[size % base];
        size /= base;
    } while (size > 0);
    if (f->alternate && base != 10) {
        text[--at] = f->type;
        text[--at] = '0';
    }
    add_number(r, b, i < 0, span_of(text + at, sizeof(text) - at), f);
    return !b->failed;
}

static bool format_float(struct render *r, struct text_builder *b, double d, const struct field *f)
{
    char text[700], form[] = "%.*f";
    bool percent = f->type == '%';
    int precision = f->precision < 0 ? 6 : (int)f->precision;
    if (f->precision > MAX_PRECISION) {
        return render_fail(r, "a precision of more than %d", MAX_PRECISION);
    }
    if (!render_charge(r, TEMPLATE_FLOAT_STEPS + (size_t)precision)) return false;
    form[3] = percent ? 'f' : f->type;
    if (f->type == '\0' && f->precision < 0) {
        struct text_builder repr = {0};
        value_print_float(r, &repr, fabs(d));
        add_number(r, b, signbit(d) != 0, span_of(repr.p, repr.n), f);
        return !b->failed;
    }
    if (f->type == '\0') form[3] = 'g';
    if (percent) d *= 100;
    snprintf(text, sizeof(text) - 2, form, precision, fabs(d));
    if (f->type == '\0' && strpbrk(text, ".en") == NULL) strcat(text, ".0");
    if (percent) strcat(text, "%");
    add_number(r, b, signbit(d) != 0, span_str(text), f);
    return !b->failed;
}

/* c as it may stand in a message. */
static char shown(char c)
{
    return c >= ' ' && c < 127 ? c : '?';
}

static bool format_text(struct render *r, struct text_builder *b, struct span s,
                        const struct field *f)
{
    if (f->precision >= 0) s = span_slice(s, 0, text_offset(s, (size_t)f->precision));
    pad(r, b, span_of(NULL, 0), s, f, f->align == '\0' || f->align == '=' ? '<' : f->align);
    return !b->failed;
}

/* Append v by the rules of f; a ValueError where its type has no such rule. */
static bool format_field(struct render *r, struct text_builder *b, struct value v,
                         const struct field *f)
{
    int64_t i;
    double d;
    struct span s;
    bool whole = value_whole(v, &i);
    if (f->width > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "a width of more than %d", TEMPLATE_MAX_WIDTH);
    }
    bool text =
        f->type == 's' ||
        (f->type == '\0' &&
         (v.kind == VALUE_BOOL ? f->width == 0 : v.kind != VALUE_INT && v.kind != VALUE_FLOAT));
    if (text) return value_str(r, v, &s) && format_text(r, b, s, f);
    if (f->type == 'c' && whole) {
        struct text_builder one = {0};
        text_add_code(r, &one, i < 0 || i > 0x10FFFF ? 0xFFFD : (uint32_t)i);
        return format_text(r, b, span_of(one.p, one.n), f);
    }
    if (whole && (f->type == '\0' || strchr("dnxXob", f->type) != NULL)) {
        return format_int(r, b, i, f);
    }
    if (value_real(v, &d) && (f->type == '\0' || strchr("eEfFgG%", f->type) != NULL)) {
        return format_float(r, b, d, f);
    }
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    return render_fail(r, "format '%c' does not fit a value of type '%s'", shown(f->type),
                       value_type(v));
}

static int64_t read_number(struct span s, size_t *at)
{
    int64_t n = 0;
    while (*at < s.n && ascii_is_digit(s.p[*at])) {
        if (n <= TEMPLATE_MAX_WIDTH) n = n * 10 + (s.p[*at] - '0');
        (*at)++;
    }
    return n;
}

static bool take(struct span s, size_t *at, char c)
{
    bool is = *at < s.n && s.p[*at] == c;
    *at += is;
    return is;
}

/* ---- % --------------------------------------------------------------------------------------- */

struct percent {
    struct span format;
    size_t at;
    struct value values;
    size_t used;
};

static bool next_value(struct render *r, struct percent *p, struct value *out)
{
    size_t n = p->values.kind == VALUE_TUPLE ? p->values.seq.n : 1;
    if (p->used >= n) return render_fail(r, "not enough arguments for format string");
    *out = p->values.kind == VALUE_TUPLE ? p->values.seq.p[p->used] : p->values;
    p->used++;
    return true;
}

/* (name) of %(name)s. */
static bool named_value(struct render *r, struct percent *p, struct value *out)
{
    size_t end = span_find(p->format, span_str(")"), p->at);
    if (end == SPAN_NONE) return render_fail(r, "incomplete format key");
    if (p->values.kind != VALUE_DICT) return render_fail(r, "format requires a mapping");
    struct span name = span_slice(p->format, p->at, end);
    const struct value *v = dict_find_text(r, p->values.dict, name);
    if (v == NULL) return render_fail(r, "KeyError: '%.*s'", text_excerpt(name), name.p);
    *out = *v;
    p->at = end + 1;
    p->used = 1;
    return true;
}

static bool star_or_number(struct render *r, struct percent *p, int64_t *n)
{
    struct value v;
    if (!take(p->format, &p->at, '*')) {
        *n = read_number(p->format, &p->at);
        return true;
    }
    return next_value(r, p, &v) && argument_int(r, v, "*", n);
}

static bool read_percent_field(struct render *r, struct percent *p, struct field *f)
{
    *f = (struct field){.precision = -1, .align = '>'};
    for (bool flag = true; flag;) {
        flag = false;
        if (take(p->format, &p->at, '-')) f->align = '<', flag = true;
        if (take(p->format, &p->at, '+')) f->sign = '+', flag = true;
        if (take(p->format, &p->at, ' ')) f->sign = f->sign == '+' ? '+' : ' ', flag = true;
        if (take(p->format, &p->at, '#')) f->alternate = flag = true;
        if (take(p->format, &p->at, '0')) f->fill = '0', flag = true;
    }
    if (!star_or_number(r, p, &f->width)) return false;
    if (take(p->format, &p->at, '.') && !star_or_number(r, p, &f->precision)) return false;
    while (p->at < p->format.n && strchr("hlL", p->format.p[p->at]) != NULL) {
        p->at++;
    }
    if (f->align == '<') f->fill = 0;
    if (f->fill == '0') f->align = '=';
    return true;
}

static bool add_percent(struct render *r, struct text_builder *b, struct value v, struct field *f)
{
    double d;
    struct span s;
    switch (f->type) {
    case 's':
    case 'r':
    case 'a':
        if (!(f->type == 's' ? value_str(r, v, &s) : value_repr(r, v, &s))) return false;
        if (f->fill == '0') f->fill = 0, f->align = '>';
        f->type = 's';
        return format_field(r, b, value_text(s), f);
    case 'd':
    case 'i':
    case 'u':
        f->type = 'd';
        if (v.kind == VALUE_FLOAT && fabs(v.real) < 9e18) v = value_int((int64_t)v.real);
        f->precision = -1;
        return format_field(r, b, v, f);
    case 'x':
    case 'X':
    case 'o':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        if (strchr("xXo", f->type) == NULL && value_real(v, &d)) v = value_float(d);
        return format_field(r, b, v, f);
    case 'c':
        if (v.kind == VALUE_STRING) f->type = 's';
        return format_field(r, b, v, f);
    default:
        return render_fail(r, "unsupported format character '%c'", shown(f->type));
    }
}

bool format_percent(struct render *r, struct span format, struct value values, struct value *out)
{
    struct percent p = {.format = format, .values = values};
    struct text_builder b = {0};
    if (!render_charge_scan(r, format.n)) return false;
    while (p.at < format.n && !b.failed) {
        size_t mark = span_find(format, span_str("%"), p.at);
        text_add(r, &b, span_slice(format, p.at, mark));
        if (mark == SPAN_NONE) break;
        p.at = mark + 1;
        if (take(format, &p.at, '%')) {
            text_add_char(r, &b, '%');
            continue;
        }
        struct value v;
        struct field f;
        bool named = take(format, &p.at, '(');
        if (named && !named_value(r, &p, &v)) return false;
        if (!read_percent_field(r, &p, &f)) return false;
        if (p.at >= format.n) return render_fail(r, "incomplete format");
        f.type = format.p[p.at++];
        if (!named && !next_value(r, &p, &v)) return false;
        if (!add_percent(r, &b, v, &f)) return false;
    }
    /* Python lets what has items go unused: all but tuples and strings. */
    bool spare = values.kind == VALUE_DICT || values.kind == VALUE_LIST ||
                 values.kind == VALUE_RANGE || values.kind == VALUE_UNDEFINED;
    bool counted = values.kind == VALUE_TUPLE ? p.used == values.seq.n : p.used == 1 || spare;
    if (!counted) return render_fail(r, "not all arguments converted during string formatting");
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text);
}

/* ---- {} -------------------------------------------------------------------------------------- */

static bool is_align(char c)
{
    return c == '<' || c == '>' || c == '^' || c == '=';
}

static bool read_spec(struct render *r, struct span s, struct field *f)
{
    size_t at = 0, second = 0;
    *f = (struct field){.precision = -1};
    if (s.n > 0) text_next(s, &second);
    if (second < s.n && is_align(s.p[second])) {
        f->fill = text_next(s, &at);
        f->align = s.p[at++];
    } else if (s.n > 0 && is_align(s.p[0])) {
        f->align = s.p[at++];
    }
    if (at < s.n && strchr("+- ", s.p[at]) != NULL) f->sign = s.p[at++];
    f->alternate = take(s, &at, '#');
    if (take(s, &at, '0') && f->align == '\0') {
        f->fill = '0';
        f->align = '=';
    }
    f->width = read_number(s, &at);
    f->grouped = take(s, &at, ',');
    f->underscored = take(s, &at, '_');
    if (take(s, &at, '.')) f->precision = read_number(s, &at);
    if (at < s.n) f->type = s.p[at++];
    return at == s.n || render_fail(r, "invalid format specifier");
}

struct braces {
    const struct arguments *args;
    size_t automatic; /* next number for {} */
};

/* What the name of a field begins with: nothing, a number or a keyword. */
static bool first_value(struct render *r, struct braces *x, struct span name, struct value *out)
{
    size_t at = 0;
    int64_t i = name.n == 0 ? (int64_t)x->automatic++ : read_number(name, &at);
    if (name.n == 0 || at == name.n) {
        if (i >= (int64_t)x->args->positional.n) {
            return render_fail(r, "replacement index %" PRId64 " out of range", i);
        }
        *out = x->args->positional.p[i];
        return true;
    }
    for (size_t k = 0; k < x->args->n_named; k++) {
        if (!span_eq(x->args->named[k].name, name)) continue;
        *out = x->args->named[k].value;
        return true;
    }
    return render_fail(r, "KeyError: '%.*s'", text_excerpt(name), name.p);
}

/* name, name.attribute, name[item]... */
static bool field_value(struct render *r, struct braces *x, struct span name, struct value *out)
{
    size_t at = 0;
    while (at < name.n && name.p[at] != '.' && name.p[at] != '[') {
        at++;
    }
    if (!first_value(r, x, span_slice(name, 0, at), out)) return false;
    while (at < name.n) {
        bool item = name.p[at++] == '[';
        size_t end = at, digits = at;
        while (end < name.n &&
               (item ? name.p[end] != ']' : name.p[end] != '.' && name.p[end] != '[')) {
            end++;
        }
        struct span part = span_slice(name, at, end);
        int64_t i = read_number(name, &digits);
        bool ok =
            !item ? get_attribute(r, *out, part, out)
                  : get_item(r, *out, part.n > 0 && digits == end ? value_int(i) : value_text(part),
                             out);
        if (!ok) return false;
        at = end + item;
    }
    return true;
}

/* field: name[!conversion][:spec], the inside of one pair of braces. */
static bool add_braces(struct render *r, struct text_builder *b, struct braces *x,
                       struct span field)
{
    struct value v;
    struct field f;
    struct span text;
    size_t colon = span_find(field, span_str(":"), 0);
    struct span spec =
        colon == SPAN_NONE ? span_of(NULL, 0) : span_slice(field, colon + 1, field.n);
    struct span name = span_slice(field, 0, colon);
    size_t mark = span_find(name, span_str("!"), 0);
    char conversion = mark != SPAN_NONE && mark + 1 < name.n ? name.p[mark + 1] : '\0';
    if (!field_value(r, x, span_slice(name, 0, mark), &v)) return false;
    if (conversion == 'r' || conversion == 's') {
        if (!(conversion == 'r' ? value_repr(r, v, &text) : value_str(r, v, &text))) return false;
        v = value_text(text);
    }
    return read_spec(r, spec, &f) && format_field(r, b, v, &f);
}

bool format_braces(struct render *r, struct span s, const struct arguments *args, struct value *out)
{
    struct braces x = {.args = args};
    struct text_builder b = {0};
    if (!render_charge_scan(r, s.n)) return false;
    for (size_t at = 0; at < s.n && !b.failed;) {
        char c = s.p[at++];
        if (c != '{' && c != '}') {
            text_add_char(r, &b, c);
            continue;
        }
        if (take(s, &at, c)) {
            text_add_char(r, &b, c);
            continue;
        }
        size_t end = span_find(s, span_str("}"), at);
        struct span field = span_slice(s, at, end);
        if (c == '}' || end == SPAN_NONE) {
            return render_fail(r, "single '%c' encountered in format string", c);
        }
        if (span_find(field, span_str("{"), 0) != SPAN_NONE) {
            return render_fail(r, "a field within a format field is not supported");
        }
        if (!add_braces(r, &b, &x, field)) return false;
        at = end + 1;
    }
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text);
}
