/* engine/template/tojson.c - see routines.h.
 *
 * The text must be Python's to the byte, since it becomes part of a prompt: its separators (", " and
 * ": " on one line, "," before a new line), its floats (repr, with NaN and Infinity), its keys
 * (numbers, booleans and None become strings), its order (insertion, or sorted on request), and by
 * default every character as it stands.
 *
 * One writer holds the options and the level of indentation; write_value() recurses, bounded as all
 * rendering is. What json.dumps cannot write (undefined, a macro, a namespace) is its TypeError.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/routines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "engine/template/call.h"
#include "engine/template/iterate.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

struct writer {
    struct text_builder b;
    bool ascii, pretty, sorted;
    struct span indent, comma, colon;
    int level;
};

static bool write_value(struct render *r, struct writer *w, struct value v);

static void write_escape(struct render *r, struct writer *w, uint32_t c)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *name = c != 0 && c < 0x80 ? strchr(named, (char)c) : NULL;
    char text[16];
    if (name != NULL) {
        text_add_char(r, &w->b, '\\');
        text_add_char(r, &w->b, letters[name - named]);
        return;
    }
    if (c >= 0x10000) {
        c -= 0x10000;
        snprintf(text, sizeof(text), "\\u%04" PRIx32, 0xD800 + (c >> 10));
        text_add_str(r, &w->b, text);
        c = 0xDC00 + (c & 0x3FF);
    }
    snprintf(text, sizeof(text), "\\u%04" PRIx32, c);
    text_add_str(r, &w->b, text);
}

static void write_text(struct render *r, struct writer *w, struct span s)
{
    text_add_char(r, &w->b, '"');
    if (!render_charge_scan(r, s.n)) w->b.failed = true;
    size_t kept = 0;
    for (size_t at = 0; at < s.n && !w->b.failed;) {
        size_t from = at;
        uint32_t c = text_next(s, &at);
        if (c >= ' ' && c != '"' && c != '\\' && (c < 0x7F || !w->ascii || c == 0x7F)) continue;
        text_add(r, &w->b, span_slice(s, kept, from));
        write_escape(r, w, c);
        kept = at;
    }
    text_add(r, &w->b, span_slice(s, kept, s.n));
    text_add_char(r, &w->b, '"');
}

static void write_float(struct render *r, struct writer *w, double f)
{
    if (isnan(f) || isinf(f)) {
        text_add_str(r, &w->b, isnan(f) ? "NaN" : f < 0 ? "-Infinity" : "Infinity");
    } else {
        value_print_float(r, &w->b, f);
    }
}

static void write_newline(struct render *r, struct writer *w)
{
    if (!w->pretty) return;
    text_add_char(r, &w->b, '\n');
    for (int i = 0; i < w->level; i++) {
        text_add(r, &w->b, w->indent);
    }
}

static void write_between(struct render *r, struct writer *w, bool first)
{
    if (!first) text_add(r, &w->b, w->comma);
    write_newline(r, w);
}

static bool write_items(struct render *r, struct writer *w, struct values v)
{
    if (v.n == 0) {
        text_add_str(r, &w->b, "[]");
        return true;
    }
    text_add_char(r, &w->b, '[');
    w->level++;
    for (size_t i = 0; i < v.n; i++) {
        write_between(r, w, i == 0);
        if (!write_value(r, w, v.p[i])) return false;
    }
    w->level--;
    write_newline(r, w);
    text_add_char(r, &w->b, ']');
    return true;
}

static bool write_key(struct render *r, struct writer *w, struct value key)
{
    if (key.kind == VALUE_STRING) {
        write_text(r, w, key.text);
        return true;
    }
    if (key.kind > VALUE_STRING || key.kind == VALUE_UNDEFINED) {
        return render_fail(r, "keys must be str, int, float, bool or None, not %s",
                           value_type(key));
    }
    text_add_char(r, &w->b, '"');
    bool ok = write_value(r, w, key);
    text_add_char(r, &w->b, '"');
    return ok;
}

/* The entries by key, sorted as Python sorts items() (keys are distinct). */
static bool sort_entries(struct render *r, struct dict *d, struct values *out)
{
    struct value self = {.kind = VALUE_DICT, .dict = d};
    struct keyword sensitive = {span_str("case_sensitive"), value_bool(true)};
    struct arguments args = {.named = &sensitive, .n_named = 1};
    struct value sorted;
    if (!routine_call(r, filter_find(span_str("dictsort")), self, &args, &sorted)) return false;
    *out = sorted.seq;
    return true;
}

static bool write_entry(struct render *r, struct writer *w, struct value key, struct value v)
{
    if (!write_key(r, w, key)) return false;
    text_add(r, &w->b, w->colon);
    return write_value(r, w, v);
}

static bool write_dict(struct render *r, struct writer *w, struct dict *d)
{
    struct values sorted = {0};
    if (d->n == 0) {
        text_add_str(r, &w->b, "{}");
        return true;
    }
    if (w->sorted && !sort_entries(r, d, &sorted)) return false;
    text_add_char(r, &w->b, '{');
    w->level++;
    for (size_t i = 0; i < d->n; i++) {
        const struct value *pair = w->sorted ? sorted.p[i].seq.p : NULL;
        write_between(r, w, i == 0);
        bool ok = pair != NULL ? write_entry(r, w, pair[0], pair[1])
                               : write_entry(r, w, d->entries[i].key, d->entries[i].value);
        if (!ok) return false;
    }
    w->level--;
    write_newline(r, w);
    text_add_char(r, &w->b, '}');
    return true;
}

static bool write_kind(struct render *r, struct writer *w, struct value v)
{
    char text[24];
    switch ((enum value_kind)v.kind) {
    case VALUE_NONE:
        text_add_str(r, &w->b, "null");
        return true;
    case VALUE_BOOL:
        text_add_str(r, &w->b, v.truth ? "true" : "false");
        return true;
    case VALUE_INT:
        snprintf(text, sizeof(text), "%" PRId64, v.whole);
        text_add_str(r, &w->b, text);
        return true;
    case VALUE_BIG:
        text_add(r, &w->b, v.text);
        return true;
    case VALUE_FLOAT:
        write_float(r, w, v.real);
        return true;
    case VALUE_STRING:
        write_text(r, w, v.text);
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return write_items(r, w, v.seq);
    case VALUE_DICT:
        return write_dict(r, w, v.dict);
    default:
        return render_fail(r, "Object of type %s is not JSON serializable", value_type(v));
    }
}

static bool write_value(struct render *r, struct writer *w, struct value v)
{
    if (w->b.failed || !render_charge(r, 1) || !render_enter(r)) return false;
    bool ok = write_kind(r, w, v);
    render_leave(r);
    return ok && !w->b.failed;
}

static bool read_indent(struct render *r, struct writer *w, struct value v)
{
    int64_t n;
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_NONE) return true;
    w->pretty = true;
    w->comma = span_str(",");
    if (v.kind == VALUE_STRING) {
        w->indent = v.text;
        return true;
    }
    if (!value_whole(v, &n)) return render_fail(r, "indent must be a number or a string");
    if (n > TEMPLATE_MAX_WIDTH) {
        return render_fail(r, "an indent of more than %d", TEMPLATE_MAX_WIDTH);
    }
    struct text_builder blanks = {0};
    text_add_fill(r, &blanks, ' ', n);
    return text_end(&blanks, &w->indent);
}

static bool read_separators(struct render *r, struct writer *w, struct value v)
{
    struct values pair;
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_NONE) return true;
    if (!value_items(r, v, &pair)) return false;
    if (pair.n != 2) return render_fail(r, "separators must be two strings");
    return argument_text(r, pair.p[0], "a separator", &w->comma) &&
           argument_text(r, pair.p[1], "a separator", &w->colon);
}

bool tojson(struct render *r, struct value v, const struct value *args, struct value *out)
{
    struct writer w = {.comma = span_str(", "), .colon = span_str(": ")};
    w.ascii = value_truth(args[0]);
    w.sorted = value_truth(args[3]);
    if (!read_indent(r, &w, args[1]) || !read_separators(r, &w, args[2])) return false;
    *out = value_text(span_of(NULL, 0));
    return write_value(r, &w, v) && text_end(&w.b, &out->text);
}
