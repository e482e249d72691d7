/* engine/tokenizer/normalizer.c - see normalizer.h.
 *
 * Normal forms are found region by region. A character is *inert* here when it is a
 * starter that never changes and never composes with what precedes it; nearly all
 * text is inert. Only the stretch from the last inert character before a lively one
 * up to the next inert one goes through unicode_form.c, and a text of inert
 * characters is not even copied.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/normalizer.h"

#include "base/utf8.h"
#include "engine/tokenizer/unicode_form.h"

/* Ranges of characters that are inert in NFC: quick check Yes and combining class 0
 * (DerivedNormalizationProps.txt). Not all there are, only the common ones. */
static const struct {
    uint32_t first, last;
} inert_nfc[] = {
    {0x0000, 0x02FF}, {0x0400, 0x0482}, {0x048A, 0x0590}, {0x2010, 0x20CF}, {0x3001, 0x3029},
    {0x3041, 0x3096}, {0x309B, 0x30FF}, {0x3400, 0x9FFF}, {0xAC00, 0xD7A3}, {0xFF00, 0xFFEF},
};

/* In the other forms only ASCII is treated so: there even Latin-1 letters may decompose. */
static bool is_inert(enum normalize_kind kind, uint32_t c)
{
    if (c < 0x80) return true;
    if (kind != NORMALIZE_NFC) return false;
    for (size_t i = 0; i < sizeof(inert_nfc) / sizeof(inert_nfc[0]); i++) {
        if (c <= inert_nfc[i].last) return c >= inert_nfc[i].first;
    }
    return false;
}

static bool add_form(enum normalize_kind kind, struct span region, struct buffer *out)
{
    bool compose = kind == NORMALIZE_NFC || kind == NORMALIZE_NFKC;
    bool compat = kind == NORMALIZE_NFKC || kind == NORMALIZE_NFKD;
    return unicode_form_add(region, compose, compat, out);
}

struct cursor {
    struct span text;
    size_t at;
};

/* The length of the character at c->at, 0 at the end and at what is no UTF-8. */
static size_t peek(const struct cursor *c, uint32_t *code_point)
{
    if (c->at < c->text.n && (unsigned char)c->text.p[c->at] < 0x80) {
        *code_point = (unsigned char)c->text.p[c->at];
        return 1;
    }
    return utf8_decode(span_slice(c->text, c->at, c->text.n), code_point);
}

/* Skip inert characters (and bytes that are no characters). Returns where the last
 * character skipped begins, if it is one that a lively successor may compose with;
 * else c->at. */
static size_t skip_inert(struct cursor *c, enum normalize_kind kind)
{
    size_t last = c->at;
    while (c->at < c->text.n) {
        uint32_t code_point = 0;
        size_t n = peek(c, &code_point);
        if (n > 0 && !is_inert(kind, code_point)) return last;
        last = n > 0 ? c->at : c->at + 1;
        c->at += n > 0 ? n : 1;
    }
    return last;
}

static void skip_lively(struct cursor *c, enum normalize_kind kind)
{
    uint32_t code_point;
    for (size_t n; (n = peek(c, &code_point)) > 0 && !is_inert(kind, code_point);) {
        c->at += n;
    }
}

/* *text in the normal form; *text is left alone when it has it. */
static bool to_form(enum normalize_kind kind, struct span *text, struct buffer *out)
{
    struct cursor c = {.text = *text};
    size_t done = 0;
    for (;;) {
        size_t region = skip_inert(&c, kind);
        if (c.at == text->n) break;
        skip_lively(&c, kind);
        buffer_add(out, text->p + done, region - done);
        if (!add_form(kind, span_slice(*text, region, c.at), out)) return false;
        done = c.at;
    }
    if (done == 0) return true;
    buffer_add(out, text->p + done, text->n - done);
    *text = buffer_span(out);
    return !out->failed;
}

static bool replace(const struct vocab_normalizer *step, struct span *text, struct buffer *out)
{
    size_t at = span_find(*text, step->from, 0), done = 0;
    if (at == SPAN_NONE) return true;
    for (; at != SPAN_NONE; at = span_find(*text, step->from, done)) {
        buffer_add(out, text->p + done, at - done);
        buffer_add_span(out, step->to);
        done = at + step->from.n;
    }
    buffer_add(out, text->p + done, text->n - done);
    *text = buffer_span(out);
    return !out->failed;
}

static bool prepend(const struct vocab_normalizer *step, struct span *text, struct buffer *out)
{
    if (text->n == 0) return true;
    buffer_add_span(out, step->to);
    buffer_add_span(out, *text);
    *text = buffer_span(out);
    return !out->failed;
}

static bool apply_one(const struct vocab_normalizer *step, struct span *text, struct buffer *out)
{
    switch (step->kind) {
    case NORMALIZE_PREPEND:
        return prepend(step, text, out);
    case NORMALIZE_REPLACE:
        return replace(step, text, out);
    default:
        return to_form(step->kind, text, out);
    }
}

bool normalizer_apply(const struct vocab_normalizer *steps, int n, struct span text,
                      struct buffer scratch[2], struct span *out, struct error *err)
{
    int next = 0; /* the scratch that text does not lie in */
    for (int i = 0; i < n; i++) {
        struct buffer *to = &scratch[next];
        to->n = 0;
        to->failed = false;
        const char *before = text.p;
        if (!apply_one(&steps[i], &text, to)) {
            return error_set(err, ERROR_TOO_LARGE, NULL,
                             "normalizing %zu bytes of text took more than %zu", text.n, to->limit);
        }
        if (text.p != before) next = 1 - next;
    }
    *out = text;
    return true;
}
