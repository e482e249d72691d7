/* engine/tokenizer/regex.c - see regex.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/mem.h"

enum {
    PATTERN_MAX = 64 * 1024,
    STACK_START = 64 * 1024,
    STACK_MAX = 64 * 1024 * 1024, /* grown only by patterns that backtrack into groups */
    DEPTH_KIB = 256 * 1024,       /* heap of the interpreter, where there is no JIT */
    STEPS_BASE = 10 * 1000 * 1000,
    STEPS_PER_BYTE = 16,
};

struct regex {
    pcre2_code *code;
    bool jit;
};

struct regex_match {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* NULL until the machine stack was too small */
};

/* Members of Oniguruma's classes, written so that they can stand inside brackets. */
#define SPACE_SET \
    "\\t-\\r\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}" \
    "\\x{3000}"
#define WORD_SET \
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\xB2\\xB3\\xB9\\xBC-\\xBE\\x{24B6}-\\x{24E9}" \
    "\\x{1F130}-\\x{1F149}\\x{1F150}-\\x{1F169}\\x{1F170}-\\x{1F189}"
#define HEX_SET "0-9A-Fa-f"

static const struct shorthand {
    char letter;
    const char *set;
    bool negated;
} shorthands[] = {
    {'s', SPACE_SET, false}, {'S', SPACE_SET, true}, {'w', WORD_SET, false},
    {'W', WORD_SET, true},   {'h', HEX_SET, false},  {'H', HEX_SET, true},
};

static const struct shorthand *shorthand_of(char letter)
{
    for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
        if (shorthands[i].letter == letter) return &shorthands[i];
    }
    return NULL;
}

struct rewriting {
    struct span in;
    size_t at;
    size_t class_start; /* where the first member of the open class would stand; 0: in no class */
    struct buffer *out;
    struct error *err;
};

static bool refuse(struct rewriting *w, const char *what)
{
    return error_set(w->err, ERROR_UNSUPPORTED, NULL, "pattern \"%.*s\": %s at byte %zu",
                     (int)(w->in.n > 80 ? 80 : w->in.n), w->in.p, what, w->at);
}

/* w->at is at a backslash. */
static bool rewrite_escape(struct rewriting *w)
{
    if (w->at + 1 >= w->in.n) return refuse(w, "a lone backslash");
    char c = w->in.p[w->at + 1];
    const struct shorthand *s = shorthand_of(c);
    if (s != NULL && w->class_start == 0) {
        buffer_addf(w->out, "[%s%s]", s->negated ? "^" : "", s->set);
    } else if (s != NULL && s->negated) {
        return refuse(w, "a negated shorthand inside a class is not supported");
    } else if (s != NULL) {
        buffer_add_str(w->out, s->set);
    } else if (c == 'u' && w->at + 6 <= w->in.n) {
        buffer_addf(w->out, "\\x{%.4s}", w->in.p + w->at + 2);
        w->at += 4;
    } else {
        buffer_add(w->out, w->in.p + w->at, 2);
    }
    w->at += 2;
    return true;
}

static bool rewrite_in_class(struct rewriting *w, char c)
{
    char next = w->at + 1 < w->in.n ? w->in.p[w->at + 1] : '\0';
    if (c == '&' && next == '&') return refuse(w, "class intersection is not supported");
    if (c == '[' && next != ':') return refuse(w, "a class inside a class is not supported");
    if (c == '[') { /* POSIX: copy up to its own bracket */
        size_t close = span_find(w->in, span_str(":]"), w->at);
        if (close == SPAN_NONE) return refuse(w, "an open POSIX class");
        buffer_add(w->out, w->in.p + w->at, close + 2 - w->at);
        w->at = close + 2;
        return true;
    }
    if (c == ']' && w->at > w->class_start) w->class_start = 0;
    buffer_add_char(w->out, c);
    w->at++;
    return true;
}

static bool rewrite_one(struct rewriting *w)
{
    char c = w->in.p[w->at];
    if (c == '\\') return rewrite_escape(w);
    if (w->class_start > 0) return rewrite_in_class(w, c);
    buffer_add_char(w->out, c);
    w->at++;
    if (c != '[') return true;
    if (w->at < w->in.n && w->in.p[w->at] == '^') {
        buffer_add_char(w->out, '^');
        w->at++;
    }
    w->class_start = w->at;
    return true;
}

static bool rewrite(struct span pattern, struct buffer *out, struct error *err)
{
    /* \s+$ from every start of a long run of spaces would be quadratic, and a match that exists
     * begins where the run does. */
    if (span_is(pattern, "\\s+$")) buffer_add_str(out, "(?<![" SPACE_SET "])");
    struct rewriting w = {.in = pattern, .out = out, .err = err};
    while (w.at < pattern.n) {
        if (!rewrite_one(&w)) return false;
    }
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a pattern");
}

static pcre2_code *compile(struct span p, struct error *err)
{
    int code;
    PCRE2_SIZE at;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a pattern");
        return NULL;
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)p.p, p.n, options, &code, &at, context);
    pcre2_compile_context_free(context);
    if (c != NULL) return c;
    if (code == PCRE2_ERROR_HEAP_FAILED) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a pattern");
        return NULL;
    }
    PCRE2_UCHAR why[120] = "";
    pcre2_get_error_message(code, why, sizeof(why));
    error_set(err, ERROR_UNSUPPORTED, NULL, "pattern \"%.*s\": %s at byte %zu",
              (int)(p.n > 80 ? 80 : p.n), p.p, (const char *)why, (size_t)at);
    return NULL;
}

struct regex *regex_new(struct span pattern, struct error *err)
{
    struct regex *r = mem_new(1, sizeof(*r), err);
    struct buffer rewritten;
    buffer_init(&rewritten, PATTERN_MAX);
    if (r != NULL && (pattern.n == 0 || pattern.n > PATTERN_MAX / 16)) {
        error_set(err, ERROR_UNSUPPORTED, NULL, "a pattern of %zu bytes; from 1 to %d", pattern.n,
                  PATTERN_MAX / 16);
    } else if (r != NULL && rewrite(pattern, &rewritten, err)) {
        r->code = compile(buffer_span(&rewritten), err);
    }
    buffer_clear(&rewritten);
    if (r == NULL || r->code == NULL) {
        free(r);
        return NULL;
    }
    /* else the interpreter works too */
    r->jit = pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0;
    return r;
}

void regex_free(struct regex *r)
{
    if (r == NULL) return;
    pcre2_code_free(r->code);
    free(r);
}

struct regex_match *regex_match_new(const struct regex *r, struct error *err)
{
    struct regex_match *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    m->context = pcre2_match_context_create(NULL);
    if (m->data == NULL || m->context == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for matching");
        regex_match_free(m);
        return NULL;
    }
    pcre2_set_heap_limit(m->context, DEPTH_KIB);
    return m;
}

void regex_match_free(struct regex_match *m)
{
    if (m == NULL) return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    free(m);
}

/* Give the JIT its own stack; false when it has one already or there is no memory. */
static bool grow_stack(struct regex_match *m)
{
    if (m->stack != NULL) return false;
    m->stack = pcre2_jit_stack_create(STACK_START, STACK_MAX, NULL);
    if (m->stack == NULL) return false;
    pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return true;
}

static int match_at(const struct regex *r, struct regex_match *m, struct span text, size_t from)
{
    PCRE2_SPTR subject = (PCRE2_SPTR)text.p;
    if (r->jit) return pcre2_jit_match(r->code, subject, text.n, from, 0, m->data, m->context);
    return pcre2_match(r->code, subject, text.n, from, PCRE2_NO_UTF_CHECK, m->data, m->context);
}

static enum regex_found failed(int code, struct error *err)
{
    PCRE2_UCHAR why[120] = "";
    pcre2_get_error_message(code, why, sizeof(why));
    error_set(err, ERROR_INTERNAL, NULL, "pre-tokenizer pattern: %s", (const char *)why);
    return REGEX_FAILED;
}

enum regex_found regex_next(const struct regex *r, struct regex_match *m, struct span text,
                            size_t from, size_t *begin, size_t *end, struct error *err)
{
    uint64_t steps = STEPS_BASE + (uint64_t)STEPS_PER_BYTE * text.n;
    pcre2_set_match_limit(m->context, steps > UINT32_MAX ? UINT32_MAX : (uint32_t)steps);
    while (from < text.n) {
        int found = match_at(r, m, text, from);
        if (found == PCRE2_ERROR_JIT_STACKLIMIT && grow_stack(m)) continue;
        if (found == PCRE2_ERROR_NOMATCH) return REGEX_NONE;
        if (found < 0) return failed(found, err);
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
        *begin = at[0];
        *end = at[1];
        if (*end > *begin) return REGEX_FOUND;
        from = *begin + 1; /* an empty match: look on from the next character */
        while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80) {
            from++;
        }
    }
    return REGEX_NONE;
}
