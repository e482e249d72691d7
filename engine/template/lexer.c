/* engine/template/lexer.c - see lexer.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/lexer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "engine/template/limits.h"
#include "engine/template/text.h"

enum { MAX_BRACKETS = TEMPLATE_MAX_HEIGHT };

struct lexer {
    struct arena *arena;
    struct error *err;
    struct span s;
    size_t at;
    int line;
    bool line_starting;          /* what was read last ended a line: lstrip_blocks applies */
    char brackets[MAX_BRACKETS]; /* the closing ones that are awaited */
    int n_brackets;
    struct token *tokens;
    size_t n, room;
};

static bool fail(struct lexer *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct lexer *l, const char *fmt, ...)
{
    char words[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    return error_set(l->err, ERROR_TEMPLATE, "chat_template", "line %d: %s", l->line, words);
}

static bool no_memory(struct lexer *l)
{
    return fail(l, "the template is too large");
}

/* A new token of this kind, or NULL. */
static struct token *push(struct lexer *l, enum token_kind kind)
{
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 256 : l->room * 2;
        struct token *p = arena_alloc(l->arena, room, sizeof(*p));
        if (p == NULL) {
            no_memory(l);
            return NULL;
        }
        if (l->n > 0) memcpy(p, l->tokens, l->n * sizeof(*p));
        l->tokens = p;
        l->room = room;
    }
    assert(l->n < l->room);
    struct token *t = &l->tokens[l->n++];
    *t = (struct token){.kind = kind, .line = l->line};
    return t;
}

static bool push_text(struct lexer *l, enum token_kind kind, struct span text)
{
    struct token *t = push(l, kind);
    if (t == NULL) return false;
    t->text = text;
    return true;
}

static struct span rest(const struct lexer *l)
{
    return span_slice(l->s, l->at, l->s.n);
}

static bool looking_at(const struct lexer *l, const char *what)
{
    return span_starts(rest(l), span_str(what));
}

/* Step over n bytes, counting lines. */
static void skip(struct lexer *l, size_t n)
{
    assert(n <= l->s.n - l->at);
    for (size_t end = l->at + n; l->at < end; l->at++) {
        l->line += l->s.p[l->at] == '\n';
    }
}

static size_t count_space(struct span s, size_t from)
{
    size_t at = from;
    while (at < s.n) {
        size_t next = at;
        if (!unicode_is_space(text_next(s, &next))) break;
        at = next;
    }
    return at - from;
}

static void skip_space(struct lexer *l)
{
    skip(l, count_space(l->s, l->at));
}

/* ---- between the tags ------------------------------------------------------------------- */

/* The text before a tag whose sign is '-', '+' or 0, as white space control leaves it. */
static struct span strip_before(const struct lexer *l, struct span text, char sign, bool variable)
{
    if (sign == '-') return text_rstrip(text, NULL);
    if (sign == '+' || variable) return text;
    size_t newline = text.n;
    while (newline > 0 && text.p[newline - 1] != '\n') {
        newline--;
    }
    if (newline == 0 && !l->line_starting) return text;
    return count_space(text, newline) == text.n - newline ? span_slice(text, 0, newline) : text;
}

/* Emit the text from l->at to tag, which begins with a delimiter of two bytes and perhaps a sign. */
static bool text_before(struct lexer *l, size_t tag, bool variable, char *sign)
{
    char c = tag + 2 < l->s.n ? l->s.p[tag + 2] : '\0';
    *sign = c == '-' || c == '+' ? c : '\0';
    struct span text = span_slice(l->s, l->at, tag);
    struct span kept = strip_before(l, text, *sign, variable);
    if (kept.n > 0 && !push_text(l, TOKEN_DATA, kept)) return false;
    skip(l, text.n + 2 + (*sign != '\0'));
    l->line_starting = false;
    return true;
}

/* After a tag's end of n bytes that began with sign: the white space it takes with it. */
static void tag_end(struct lexer *l, size_t n, char sign, bool trim)
{
    skip(l, n);
    if (sign == '-') {
        skip_space(l);
    } else if (sign != '+' && trim && looking_at(l, "\n")) {
        skip(l, 1);
    }
    l->line_starting = l->s.p[l->at - 1] == '\n';
}

static bool read_comment(struct lexer *l)
{
    size_t end = span_find(l->s, span_str("#}"), l->at);
    if (l->at == l->s.n) return true; /* Jinja says nothing when nothing follows {# */
    if (end == SPAN_NONE) return fail(l, "missing end of comment tag");
    char sign = end > l->at ? l->s.p[end - 1] : '\0';
    skip(l, end - l->at);
    tag_end(l, 2, sign, true);
    return true;
}

/* When a {% at `at` (sign stepped over) opens or closes a raw block named word: the bytes up to
 * and with its %}, and the sign before that. 0 otherwise. */
static size_t raw_tag(struct span s, size_t at, const char *word, char *sign)
{
    size_t from = at;
    at += count_space(s, at);
    if (!span_starts(span_slice(s, at, s.n), span_str(word))) return 0;
    at += strlen(word);
    at += count_space(s, at);
    *sign = '\0';
    if (at < s.n && (s.p[at] == '-' || s.p[at] == '+')) *sign = s.p[at++];
    if (!span_starts(span_slice(s, at, s.n), span_str("%}"))) return 0;
    return at + 2 - from;
}

/* The text of a raw block, as it stands up to {% endraw %}. */
static bool read_raw(struct lexer *l)
{
    if (l->at == l->s.n) return true; /* as with a comment */
    for (size_t at = l->at;; at += 2) {
        at = span_find(l->s, span_str("{%"), at);
        if (at == SPAN_NONE) return fail(l, "missing end of raw directive");
        char c = at + 2 < l->s.n ? l->s.p[at + 2] : '\0', sign, end_sign;
        size_t n = raw_tag(l->s, at + 2 + (c == '-' || c == '+'), "endraw", &end_sign);
        if (n == 0) continue;
        if (!text_before(l, at, false, &sign)) return false;
        tag_end(l, n, end_sign, true);
        return true;
    }
}

static bool read_tag(struct lexer *l, enum token_kind begin);

/* From a {% whose sign has been stepped over. */
static bool read_block(struct lexer *l)
{
    char sign;
    size_t n = raw_tag(l->s, l->at, "raw", &sign);
    if (n == 0 || sign == '+') return read_tag(l, TOKEN_BLOCK_BEGIN);
    tag_end(l, n, sign, false);
    return read_raw(l);
}

static size_t find_tag(const struct lexer *l)
{
    for (size_t at = l->at; at + 1 < l->s.n; at++) {
        const char *brace = memchr(l->s.p + at, '{', l->s.n - 1 - at);
        if (brace == NULL) break;
        at = (size_t)(brace - l->s.p);
        if (brace[1] == '%' || brace[1] == '{' || brace[1] == '#') return at;
    }
    return SPAN_NONE;
}

static bool read_root(struct lexer *l)
{
    size_t tag = find_tag(l);
    if (tag == SPAN_NONE) {
        bool ok = push_text(l, TOKEN_DATA, rest(l));
        skip(l, l->s.n - l->at);
        return ok;
    }
    char kind = l->s.p[tag + 1], sign;
    if (!text_before(l, tag, kind == '{', &sign)) return false;
    if (kind == '#') return read_comment(l);
    return kind == '%' ? read_block(l) : read_tag(l, TOKEN_VARIABLE_BEGIN);
}

/* ---- inside the tags --------------------------------------------------------------------- */

static bool is_name_byte(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Bytes of digits in base at `at`, with single _ between them. */
static size_t count_digits(struct span s, size_t at, int base)
{
    size_t from = at;
    for (; at < s.n; at++) {
        char c = s.p[at] == '_' && at > from && at + 1 < s.n ? s.p[at + 1] : s.p[at];
        int lower = c | 0x20;
        int digit = ascii_is_digit(c)              ? c - '0'
                    : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                   : 99;
        if (digit >= base) break;
    }
    return at - from;
}

/* The bytes of the number at `at`; *real tells which kind. */
static size_t scan_number(struct span s, size_t at, int *base, bool *real)
{
    size_t n = count_digits(s, at, 10), fraction = 0, exponent = 0;
    char prefix = s.n - at > 2 && s.p[at] == '0' ? (char)(s.p[at + 1] | 0x20) : '\0';
    *base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
    *real = false;
    if (*base != 10) {
        size_t from = at + 2 + (s.p[at + 2] == '_');
        size_t digits = count_digits(s, from, *base);
        if (digits > 0) return from + digits - at;
        *base = 10;
    }
    if (at + n < s.n && s.p[at + n] == '.') {
        fraction = count_digits(s, at + n + 1, 10);
        if (fraction > 0) n += 1 + fraction;
    }
    if (at + n < s.n && (s.p[at + n] | 0x20) == 'e') {
        size_t sign = at + n + 1 < s.n && (s.p[at + n + 1] == '+' || s.p[at + n + 1] == '-');
        exponent = count_digits(s, at + n + 1 + sign, 10);
        if (exponent > 0) n += 1 + sign + exponent;
    }
    *real = fraction > 0 || exponent > 0;
    if (!*real && s.p[at] == '0') { /* 0 and 00 are numbers, 012 is two */
        size_t zeros = 1;
        while (zeros < n && (s.p[at + zeros] == '0' || s.p[at + zeros] == '_')) {
            zeros++;
        }
        return s.p[at + zeros - 1] == '_' ? zeros - 1 : zeros;
    }
    return n;
}

static bool read_number(struct lexer *l)
{
    int base;
    bool real;
    size_t n = scan_number(l->s, l->at, &base, &real), m = 0;
    char digits[400];
    if (n >= sizeof(digits)) return fail(l, "a number of %zu digits", n);
    for (size_t i = base == 10 ? 0 : 2; i < n; i++) {
        if (l->s.p[l->at + i] != '_') digits[m++] = l->s.p[l->at + i];
    }
    digits[m] = '\0';
    struct token *t = push(l, real ? TOKEN_FLOAT : TOKEN_INT);
    if (t == NULL) return false;
    errno = 0;
    if (real) {
        t->real = strtod(digits, NULL);
    } else {
        t->whole = strtoll(digits, NULL, base);
        if (errno == ERANGE) return fail(l, "integer %.40s does not fit 64 bits", digits);
    }
    skip(l, n);
    return true;
}

/* One escape at *at (after the backslash) into out; Python's rules. Returns the bytes written, or
 * SPAN_NONE. */
static size_t read_escape(struct lexer *l, struct span s, size_t *at, char *out)
{
    static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
    char c = s.p[(*at)++];
    const char *known = memchr(letters, c, sizeof(letters) - 1);
    if (known != NULL) {
        *out = values[known - letters];
        return 1;
    }
    if (c == '\n') return 0;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 3;
    bool octal = c >= '0' && c <= '7';
    if (octal) (*at)--;
    if (!octal && digits == 3) {
        if (c == 'N') {
            fail(l, "\\N{...} is not supported in a string: write the character itself");
            return SPAN_NONE;
        }
        out[0] = '\\';
        out[1] = c;
        return 2;
    }
    uint32_t code = 0;
    int n = 0;
    for (; n < digits && *at < s.n && count_digits(span_slice(s, 0, *at + 1), *at, octal ? 8 : 16);
         n++, (*at)++) {
        char d = s.p[*at];
        uint32_t digit = (uint32_t)(ascii_is_digit(d) ? d - '0' : (d | 0x20) - 'a' + 10);
        code = octal ? code << 3 | digit : code << 4 | digit;
    }
    size_t written = octal || n == digits ? utf8_encode(code, out) : 0;
    if (written == 0) fail(l, "bad escape in a string");
    return written == 0 ? SPAN_NONE : written;
}

/* raw, the inside of a string literal, with its escapes resolved. */
static bool unescape(struct lexer *l, struct span raw, struct span *out)
{
    if (raw.n == 0 || memchr(raw.p, '\\', raw.n) == NULL) {
        *out = raw;
        return true;
    }
    char *p = arena_alloc(l->arena, raw.n + 4, 1);
    if (p == NULL) return no_memory(l);
    size_t n = 0;
    for (size_t at = 0; at < raw.n;) {
        char c = raw.p[at++];
        if (c != '\\') {
            p[n++] = c;
            continue;
        }
        size_t written = read_escape(l, raw, &at, p + n);
        if (written == SPAN_NONE) return false;
        n += written;
    }
    *out = span_of(p, n);
    return true;
}

static bool read_string(struct lexer *l)
{
    char quote = l->s.p[l->at];
    size_t end = l->at + 1;
    while (end < l->s.n && l->s.p[end] != quote) {
        end += l->s.p[end] == '\\' ? 2 : 1;
    }
    if (end >= l->s.n) return fail(l, "a string is not closed");
    struct span text = {0};
    if (!unescape(l, span_slice(l->s, l->at + 1, end), &text)) return false;
    if (!push_text(l, TOKEN_STRING, text)) return false;
    skip(l, end + 1 - l->at);
    return true;
}

static bool balance(struct lexer *l, char c)
{
    static const char open[] = "([{", close[] = ")]}";
    const char *opens = strchr(open, c);
    if (opens != NULL) {
        if (l->n_brackets == MAX_BRACKETS) return fail(l, "brackets are nested too deeply");
        l->brackets[l->n_brackets++] = close[opens - open];
        return true;
    }
    if (strchr(close, c) == NULL) return true;
    if (l->n_brackets == 0) return fail(l, "unexpected '%c'", c);
    char want = l->brackets[--l->n_brackets];
    return c == want || fail(l, "unexpected '%c', expected '%c'", c, want);
}

static bool read_operator(struct lexer *l)
{
    static const char *const two[] = {"//", "**", "==", "!=", ">=", "<="};
    size_t n = 1;
    for (size_t i = 0; i < sizeof(two) / sizeof(*two); i++) {
        if (looking_at(l, two[i])) n = 2;
    }
    char c = l->s.p[l->at];
    if (n == 1 && (c == '\0' || strchr("+-/*%~[](){}><=.:|,;", c) == NULL)) {
        return fail(l, "unexpected character '%c'", c >= ' ' && c < 127 ? c : '?');
    }
    if (n == 1 && !balance(l, c)) return false;
    if (!push_text(l, TOKEN_OPERATOR, span_slice(l->s, l->at, l->at + n))) return false;
    skip(l, n);
    return true;
}

static bool read_name(struct lexer *l)
{
    size_t end = l->at;
    while (end < l->s.n && is_name_byte(l->s.p[end])) {
        end++;
    }
    if (end - l->at > TEMPLATE_MAX_NAME_BYTES) {
        return fail(l, "a name of more than %d bytes", TEMPLATE_MAX_NAME_BYTES);
    }
    bool ok = push_text(l, TOKEN_NAME, span_slice(l->s, l->at, end));
    skip(l, end - l->at);
    return ok;
}

/* At the end of the tag? Then the bytes of its delimiter with the sign. */
static size_t at_tag_end(const struct lexer *l, bool block, char *sign)
{
    const char *close = block ? "%}" : "}}";
    char c = l->s.p[l->at];
    *sign = c == '-' || (c == '+' && block) ? c : '\0';
    size_t n = *sign != '\0';
    return span_starts(span_slice(l->s, l->at + n, l->s.n), span_str(close)) ? n + 2 : 0;
}

/* The tokens of a {% or {{ tag up to and with its end. */
static bool read_tag(struct lexer *l, enum token_kind begin)
{
    bool block = begin == TOKEN_BLOCK_BEGIN;
    if (push(l, begin) == NULL) return false;
    l->n_brackets = 0;
    for (;;) {
        skip_space(l);
        if (l->at == l->s.n) return fail(l, "unexpected end of template inside a tag");
        char c = l->s.p[l->at], sign;
        size_t end = l->n_brackets == 0 ? at_tag_end(l, block, &sign) : 0;
        if (end > 0) {
            if (push(l, block ? TOKEN_BLOCK_END : TOKEN_VARIABLE_END) == NULL) return false;
            tag_end(l, end, sign, block);
            return true;
        }
        bool ok = ascii_is_digit(c)       ? read_number(l)
                  : is_name_byte(c)       ? read_name(l)
                  : c == '\'' || c == '"' ? read_string(l)
                                          : read_operator(l);
        if (!ok) return false;
    }
}

bool lexer_run(struct arena *a, struct span source, struct template_tokens *out, struct error *err)
{
    struct lexer *l = arena_alloc(a, 1, sizeof(*l));
    if (l == NULL) return error_set(err, ERROR_NO_MEMORY, "chat_template", "out of memory");
    *l = (struct lexer){.arena = a, .err = err, .s = source, .line = 1, .line_starting = true};
    while (l->at < l->s.n) {
        if (!read_root(l)) return false;
    }
    if (push(l, TOKEN_EOF) == NULL) return false;
    *out = (struct template_tokens){l->tokens, l->n};
    return true;
}

bool lexer_normalise(struct arena *a, struct span source, struct span *out, struct error *err)
{
    char *p = arena_alloc(a, source.n + 1, 1);
    if (p == NULL) return error_set(err, ERROR_NO_MEMORY, "chat_template", "out of memory");
    size_t n = 0;
    for (size_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        if (c == '\r') {
            c = '\n';
            if (i + 1 < source.n && source.p[i + 1] == '\n') i++;
        }
        p[n++] = c;
    }
    if (n > 0 && p[n - 1] == '\n') n--;
    *out = span_of(p, n);
    return true;
}
