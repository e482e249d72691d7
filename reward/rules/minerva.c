/* reward/rules/minerva.c - see minerva.h: literal replacements one after the other, then a few that
 * look for a command and its braces. Each is one pass from left to right, as str.replace and
 * re.sub are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/minerva.h"

#include "reward/rules/unicode.h"

/* A text being rewritten, as in a pipe: rules read in and write out, then the two change places. No
 * rule makes a text longer than ROOM times what came in. */
struct draft {
    char *in, *out;
    size_t n;
};

enum {
    ROOM = 5,         /* \sqrt and \frac add at most four braces to an argument of one byte */
    MAX_ANSWER = 8192 /* bytes: a rule may look from each command to the end of its line */
};

static struct span draft_text(const struct draft *d)
{
    return span_of(d->in, d->n);
}

static void swap(struct draft *d, size_t n)
{
    char *written = d->out;
    d->out = d->in;
    d->in = written;
    d->n = n;
}

static char *put(char *p, struct span s)
{
    return s.n == 0 ? p : mempcpy(p, s.p, s.n);
}

/* str.replace */
static void replace(struct draft *d, const char *before, const char *after)
{
    struct span s = draft_text(d), what = span_str(before);
    char *p = d->out;
    size_t at = 0, hit;
    while ((hit = span_find(s, what, at)) != SPAN_NONE) {
        p = put(p, span_slice(s, at, hit));
        p = put(p, span_str(after));
        at = hit + what.n;
    }
    if (at == 0) return;
    p = put(p, span_slice(s, at, s.n));
    swap(d, (size_t)(p - d->out));
}

/* Which bytes a text holds: most rules need one that it lacks. */
struct bytes {
    bool has[256];
};

static struct bytes bytes_of(struct span s)
{
    struct bytes b = {0};
    for (size_t i = 0; i < s.n; i++) {
        b.has[(unsigned char)s.p[i]] = true;
    }
    return b;
}

/* clang-format off */
static const char *const substitutions[][2] = {
    {"an ", ""}, {"a ", ""}, {".$", "$"}, {"\\$", ""}, {"\\ ", ""}, {" ", ""}, {"mbox", "text"},
    {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"},
};

static const char *const removed[] = {
    "square", "ways", "integers", "dollars", "mph", "inches", "hours", "km", "units", "\\ldots",
    "sue", "points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds",
    "meters", "meals", "edges", "students", "childrentickets", "multiples", "\\text{s}",
    "\\text{.}", "\\text{\ns}", "\\text{}^2", "\\text{}^3", "\\text{\n}", "\\text{}",
    "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", "\"", "\\dots",
};
/* clang-format on */

/* The end of the line that `at` is in. */
static size_t line_end(struct span s, size_t at)
{
    size_t end = span_find(s, span_str("\n"), at);
    return end == SPAN_NONE ? s.n : end;
}

/* A line that holds $...$ becomes that alone: (.*?)(\$)(.*?)(\$)(.*) -> $\3$ */
static void keep_formula(struct draft *d)
{
    struct span s = draft_text(d);
    char *p = d->out;
    for (size_t at = 0; at <= s.n;) {
        size_t end = line_end(s, at);
        struct span line = span_slice(s, at, end);
        size_t open = span_find(line, span_str("$"), 0);
        size_t close = open == SPAN_NONE ? SPAN_NONE : span_find(line, span_str("$"), open + 1);
        p = put(p, close == SPAN_NONE ? line : span_slice(line, open, close + 1));
        if (end < s.n) *p++ = '\n';
        at = end + 1;
    }
    swap(d, (size_t)(p - d->out));
}

/* \name{...} becomes what it holds, up to the first } of its line (to the last, when greedy). */
static void unwrap(struct draft *d, const char *open, bool greedy)
{
    struct span s = draft_text(d), what = span_str(open);
    char *p = d->out;
    size_t at = 0, hit;
    while ((hit = span_find(s, what, at)) != SPAN_NONE) {
        size_t body = hit + what.n;
        struct span line = span_slice(s, body, line_end(s, body));
        size_t close =
            greedy ? span_find_last(line, span_str("}")) : span_find(line, span_str("}"), 0);
        p = put(p, span_slice(s, at, hit));
        if (close == SPAN_NONE) { /* not closed on this line: it stays */
            p = put(p, what);
            at = body;
            continue;
        }
        p = put(p, span_slice(line, 0, close));
        at = body + close + 1;
    }
    p = put(p, span_slice(s, at, s.n));
    swap(d, (size_t)(p - d->out));
}

static size_t char_length(struct span s, size_t at)
{
    size_t n = 0;
    if (at < s.n) unicode_next(span_slice(s, at, s.n), &n);
    return n;
}

/* frac, then a character that is no {, then any but a line break: frac{\2}{\3} */
static void brace_frac(struct draft *d)
{
    struct span s = draft_text(d), what = span_str("frac");
    char *p = d->out;
    size_t at = 0, hit;
    while ((hit = span_find(s, what, at)) != SPAN_NONE) {
        size_t body = hit + what.n, first = char_length(s, body);
        size_t second = char_length(s, body + first);
        p = put(p, span_slice(s, at, body));
        at = body;
        if (first == 0 || second == 0 || s.p[body] == '{' || s.p[body + first] == '\n') continue;
        *p++ = '{';
        p = put(p, span_slice(s, body, body + first));
        p = put(p, span_str("}{"));
        p = put(p, span_slice(s, body + first, body + first + second));
        *p++ = '}';
        at = body + first + second;
    }
    p = put(p, span_slice(s, at, s.n));
    swap(d, (size_t)(p - d->out));
}

/* sqrt, then a character that is no {: sqrt{\2} */
static void brace_sqrt(struct draft *d)
{
    struct span s = draft_text(d), what = span_str("sqrt");
    char *p = d->out;
    size_t at = 0, hit;
    while ((hit = span_find(s, what, at)) != SPAN_NONE) {
        size_t body = hit + what.n, first = char_length(s, body);
        p = put(p, span_slice(s, at, body));
        at = body;
        if (first == 0 || s.p[body] == '{') continue;
        *p++ = '{';
        p = put(p, span_slice(s, body, body + first));
        *p++ = '}';
        at = body + first;
    }
    p = put(p, span_slice(s, at, s.n));
    swap(d, (size_t)(p - d->out));
}

/* str.isdigit() of the text without its commas, which must leave something. */
static bool is_number(struct span s)
{
    bool any = false;
    for (size_t at = 0, n; at < s.n; at += n) {
        uint32_t c = unicode_next(span_slice(s, at, s.n), &n);
        if (c == ',') continue;
        bool super = c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 ||
                     (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089);
        if (!unicode_is_digit(c) && !super) return false;
        any = true;
    }
    return any;
}

struct span minerva_normalize(struct span answer, struct arena *a)
{
    size_t equals = span_find_last(answer, span_str("="));
    if (equals != SPAN_NONE) answer = span_slice(answer, equals + 1, answer.n);
    struct draft d = {.n = answer.n};
    if (answer.n > MAX_ANSWER) return span_of(NULL, 0);
    d.in = arena_alloc(a, answer.n * ROOM + 8, 1);
    d.out = arena_alloc(a, answer.n * ROOM + 8, 1);
    if (d.in == NULL || d.out == NULL) return span_of(NULL, 0);
    put(d.in, answer);
    for (size_t i = 0; i < sizeof(substitutions) / sizeof(substitutions[0]); i++) {
        replace(&d, substitutions[i][0], substitutions[i][1]);
    }
    struct bytes left = bytes_of(draft_text(&d));
    for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++) {
        if (left.has[(unsigned char)removed[i][0]]) replace(&d, removed[i], "");
    }
    keep_formula(&d);
    unwrap(&d, "\\text{", false);
    unwrap(&d, "\\textbf{", false);
    unwrap(&d, "\\overline{", false);
    unwrap(&d, "\\boxed{", true);
    brace_frac(&d);
    brace_sqrt(&d);
    replace(&d, "$", "");
    if (is_number(draft_text(&d))) replace(&d, ",", "");
    return unicode_trim(draft_text(&d));
}
