/* reward/math/read/rewrite.c - answers said in words and other ways that the parser does not read.
 *
 * Each function knows one way of saying something and gives the same in LaTeX, or its argument
 * itself when it is said otherwise. None looks at the other side of a comparison.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/rewrite.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/read/words.h"

enum { LONGEST_PHRASE = 60, MAX_PARTS_BYTES = 4096 };

/* x between y z: the four as one text; x alone when the arena is full. */
static struct span join3(struct arena *a, struct span x, const char *between, struct span y,
                         const char *end)
{
    size_t middle = strlen(between), last = strlen(end);
    char *out = arena_alloc(a, x.n + middle + y.n + last + 1, 1);
    if (out == NULL) return x;
    if (x.n > 0) memcpy(out, x.p, x.n);
    memcpy(out + x.n, between, middle);
    memcpy(out + x.n + middle, y.p, y.n);
    memcpy(out + x.n + middle + y.n, end, last);
    return span_of(out, x.n + middle + y.n + last);
}

/* A text whose every backslash was doubled on its way, "\\\\begin{...}": with half of them. */
static struct span undoubled(struct arena *a, struct span s)
{
    if (span_find(s, span_str("\\\\begin{"), 0) == SPAN_NONE) return s;
    char *out = arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        out[n++] = s.p[i];
        if (s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '\\') i++;
    }
    return out == NULL ? s : span_of(out, n);
}

/* ---- words ------------------------------------------------------------------------------------- */

/* A phrase that stands for mathematics. */
struct phrase {
    const char *words, *latex;
};

/* In lower case, without articles and a full stop at the end. */
static const struct phrase english[] = {
    {"all real numbers", "\\mathbb{R}"},
    {"all reals", "\\mathbb{R}"},
    {"any real number", "\\mathbb{R}"},
    {"every real number", "\\mathbb{R}"},
    {"set of all real numbers", "\\mathbb{R}"},
    {"all integers", "\\mathbb{Z}"},
    {"no solution", "\\emptyset"},
    {"no solutions", "\\emptyset"},
    {"no real solution", "\\emptyset"},
    {"no real solutions", "\\emptyset"},
    {"no real roots", "\\emptyset"},
    {"no real root", "\\emptyset"},
    {"no roots", "\\emptyset"},
    {"there is no solution", "\\emptyset"},
    {"there are no solutions", "\\emptyset"},
    {"empty set", "\\emptyset"},
    {"infinity", "\\infty"},
    {"positive infinity", "\\infty"},
    {"negative infinity", "-\\infty"},
    {"minus infinity", "-\\infty"},
    {"dne", "\\text{does not exist}"},
    {"limit does not exist", "\\text{does not exist}"},
    {"undefined", "\\text{does not exist}"},
    {"divergent", "\\text{diverges}"},
    {"series diverges", "\\text{diverges}"},
    {"integral diverges", "\\text{diverges}"},
    {"it diverges", "\\text{diverges}"},
    {"diverges to infinity", "\\infty"},
    {"convergent", "\\text{converges}"},
    {"series converges", "\\text{converges}"},
    {"integral converges", "\\text{converges}"},
    {"it converges", "\\text{converges}"},
    {"yes", "\\text{true}"},
    {"no", "\\text{false}"},
    {"infinite", "\\infty"},
    {"infinitely many", "\\infty"},
    {"infinitely many solutions", "\\infty"},
    {"there are infinitely many", "\\infty"},
    {"there are infinitely many solutions", "\\infty"},
    {"infinite number of solutions", "\\infty"},
    {"all odd integers", "2k+1, k\\in\\mathbb{Z}"},
    {"odd integers", "2k+1, k\\in\\mathbb{Z}"},
    {"all even integers", "2k, k\\in\\mathbb{Z}"},
    {"even integers", "2k, k\\in\\mathbb{Z}"},
    {"all rational numbers", "\\mathbb{Q}"},
    {"all complex numbers", "\\mathbb{C}"},
    {"all natural numbers", "\\mathbb{N}"},
    {"all positive real numbers", "(0, \\infty)"},
    {"all positive reals", "(0, \\infty)"},
    {"all negative real numbers", "(-\\infty, 0)"},
    {"all nonnegative real numbers", "[0, \\infty)"},
    {"all non-negative real numbers", "[0, \\infty)"},
};

static const struct phrase chinese[] = {
    {"{}", "\\emptyset"},
    {"\xe6\x97\xa0\xe7\xa9\xb7\xe5\xa4\x9a", "\\infty"},                 /* infinitely many */
    {"\xe6\x97\xa0\xe8\xa7\xa3", "\\emptyset"},                          /* no solution */
    {"\xe6\x97\xa0\xe5\xae\x9e\xe6\x95\xb0\xe8\xa7\xa3", "\\emptyset"},  /* no real solution */
    {"\xe5\x85\xa8\xe4\xbd\x93\xe5\xae\x9e\xe6\x95\xb0", "\\mathbb{R}"}, /* all reals */
    {"\xe6\x89\x80\xe6\x9c\x89\xe5\xae\x9e\xe6\x95\xb0", "\\mathbb{R}"}, /* every real */
    {"\xe4\xb8\x8d\xe5\xad\x98\xe5\x9c\xa8", "\\text{does not exist}"},  /* does not exist */
    {"\xe6\xad\xa3\xe7\xa1\xae\xe7\x9a\x84", "\\text{true}"},
    {"\xe9\x94\x99\xe8\xaf\xaf\xe7\x9a\x84", "\\text{false}"},
    {"\xe6\xad\xa3\xe7\xa1\xae", "\\text{true}"}, /* right */
    {"\xe5\xaf\xb9", "\\text{true}"},
    {"\xe6\x98\xaf", "\\text{true}"},
    {"\xe9\x94\x99\xe8\xaf\xaf", "\\text{false}"}, /* wrong */
    {"\xe9\x94\x99", "\\text{false}"},
    {"\xe5\x90\xa6", "\\text{false}"},
};

/* The phrase that s is, NULL when it is in no row. */
static const struct phrase *find_phrase(const struct phrase *rows, size_t n, struct span s)
{
    for (size_t k = 0; k < n; k++) {
        if (span_is(s, rows[k].words)) return &rows[k];
    }
    return NULL;
}

/* What a phrase such as "all real numbers" means; s itself when it is none. */
static struct span meaning(struct arena *a, struct span s)
{
    const struct phrase *p = find_phrase(chinese, sizeof(chinese) / sizeof(chinese[0]), s);
    if (p != NULL) return span_str(p->latex);
    if (s.n < 2 || s.n > LONGEST_PHRASE) return s;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ' ' && s.p[i] != '-' && s.p[i] != '.' && !ascii_is_letter(s.p[i])) return s;
    }
    p = find_phrase(english, sizeof(english) / sizeof(english[0]), words_fold(a, s));
    return p == NULL ? s : span_str(p->latex);
}

/* ---- remarks and conditions -------------------------------------------------------------------- */

/* "1/2 (50 %)", "0.5 (or 1/2)": a value said twice, as "1/2 or 50 %"; s itself when it is none. */
static struct span said_twice(struct arena *a, struct span s)
{
    static const char *const openers[] = {"or ", "i.e. ", "i.e., ", "= "};
    size_t at = span_ends(s, span_str(")")) ? span_find_last(s, span_str("(")) : SPAN_NONE;
    if (at == SPAN_NONE || at == 0 || s.p[at - 1] != ' ') return s;
    struct span first = span_trim(span_slice(s, 0, at)),
                again = span_trim(span_slice(s, at + 1, s.n - 1));
    bool sure = span_ends(again, span_str("%"));
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (!words_opens(again, openers[i])) continue;
        again = span_slice(again, strlen(openers[i]), again.n);
        sure = true;
    }
    if (!sure || first.n == 0 ||
        !(ascii_is_digit(first.p[first.n - 1]) || first.p[first.n - 1] == '}')) {
        return s;
    }
    return join3(a, first, " or ", again, "");
}

/* "1011 in base 2", "1A (base 16)" as 1011_{2}; s itself when no base is named. */
static struct span with_base(struct arena *a, struct span s)
{
    static const char *const forms[] = {" in base ", " (base ", " base ", "\\text{ in base }",
                                        "\\text{ (base "};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t at = span_find(s, span_str(forms[i]), 0);
        if (at == SPAN_NONE || at == 0) continue;
        struct span digits = span_trim(span_slice(s, 0, at)),
                    base = span_slice(s, at + strlen(forms[i]), s.n);
        while (base.n > 0 && strchr(")} $", base.p[base.n - 1]) != NULL) {
            base.n--;
        }
        bool plain = digits.n > 0;
        for (size_t k = 0; k < digits.n; k++) {
            plain &= ascii_is_digit(digits.p[k]) || (digits.p[k] >= 'A' && digits.p[k] <= 'Z');
        }
        bool number = base.n >= 1 && base.n <= 2 && ascii_is_digit(base.p[0]) &&
                      ascii_is_digit(base.p[base.n - 1]);
        if (plain && number) return join3(a, digits, "_{", base, "}");
    }
    return s;
}

/* What follows form, whose first letter may be a capital, at the front of s; {NULL, 0} when it does
 * not stand there. */
static struct span after_form(struct span s, struct span form)
{
    bool first = s.n > form.n && (s.p[0] == form.p[0] || (s.p[0] | 0x20) == form.p[0]);
    bool all = first && span_starts(span_slice(s, 1, s.n), span_slice(form, 1, form.n));
    return all ? span_slice(s, form.n, s.n) : span_of(NULL, 0);
}

/* s without what may stand before a list of exceptions: "for x = ", "\text{", "}". */
static struct span exceptions_alone(struct span s)
{
    static const char *const skipped[] = {" ", "for ",    "}",     "x",   "=",
                                          "$", "\\text{", "\\neq", "\\ne"};
    for (size_t k = 0; k < sizeof(skipped) / sizeof(skipped[0]); k++) {
        while (words_opens(s, skipped[k])) {
            s = span_slice(s, strlen(skipped[k]), s.n);
            k = 0;
        }
    }
    return s;
}

/* "all real numbers except 3 and 5" as \mathbb{R}\setminus\{3, 5\}; s itself when it says
 * something else. */
static struct span with_exceptions(struct arena *a, struct span s)
{
    static const char *const forms[] = {"all real numbers except", "all reals except",
                                        "all real numbers but",    "every real number except",
                                        "any real number except",  "\\text{all real numbers except",
                                        "\\text{all reals except"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct span rest = exceptions_alone(after_form(s, span_str(forms[i])));
        while (span_ends(rest, span_str("$"))) {
            rest.n--;
        }
        if (rest.n > 0) return join3(a, span_of("", 0), "\\mathbb{R}\\setminus\\{", rest, "\\}");
    }
    return s;
}

/* y = 2x + 1 (x > 0) as y = 2x + 1, x > 0. */
static struct span with_condition(struct arena *a, struct span s)
{
    static const char *const signs[] = {"<", ">", "\\ge", "\\le", "\\ne", "\\in"};
    if (!span_ends(s, span_str(")"))) return s;
    size_t at = s.n, depth = 0;
    do {
        at--;
        depth += s.p[at] == ')' ? 1 : 0;
        depth -= s.p[at] == '(' ? 1 : 0;
    } while (at > 0 && depth > 0);
    struct span rest = span_slice(s, 0, at), inside = span_slice(s, at + 1, s.n - 1);
    if (at == 0 || !span_has(rest, '=') || span_has(inside, '(')) {
        return s;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (span_find(inside, span_str(signs[i]), 0) != SPAN_NONE) {
            return join3(a, rest, ", ", inside, "");
        }
    }
    return s;
}

/* s without one of the endings, *cut telling that it had one. */
static struct span without_ending(struct span s, const char *const *endings, size_t n, bool *cut)
{
    *cut = false;
    for (size_t i = 0; i < n && !*cut; i++) {
        *cut = span_ends(s, span_str(endings[i]));
        if (*cut) s = span_slice(s, 0, s.n - strlen(endings[i]));
    }
    return span_trim(s);
}

/* The letter name stands in s by itself, in no word or command. */
static bool has_letter(struct span s, char name)
{
    for (size_t i = 0; i < s.n; i++) {
        bool before = i > 0 && (ascii_is_letter(s.p[i - 1]) || s.p[i - 1] == '\\');
        bool after = i + 1 < s.n && ascii_is_letter(s.p[i + 1]);
        if (s.p[i] == name && !before && !after) return true;
    }
    return false;
}

/* "2x + 1 (x \in \mathbb{R})" as 2x + 1: that a letter of the answer is real says nothing new. s
 * itself when it ends otherwise; a letter that stands nowhere else is part of the answer. */
static struct span without_universe(struct arena *a, struct span s)
{
    static const char *const reals[] = {"\\mathbb{R}", "\\mathbb R", "\\R", "\xe2\x84\x9d"};
    static const char *const in[] = {"\\in", "\xe2\x88\x88"};
    static const char *const openers[] = {"\\forall",        "for all",
                                          "for every",       "\\text{for all }",
                                          "\\text{for all}", "\\text{ for all }"};
    (void)a;
    bool cut, paren = span_ends(s, span_str(")"));
    struct span rest = paren ? span_trim(span_slice(s, 0, s.n - 1)) : s;
    rest = without_ending(rest, reals, sizeof(reals) / sizeof(reals[0]), &cut);
    if (cut) rest = without_ending(rest, in, sizeof(in) / sizeof(in[0]), &cut);
    if (!cut || rest.n < 3 || !ascii_is_letter(rest.p[rest.n - 1])) return s;
    char name = rest.p[rest.n - 1];
    rest = span_trim(span_slice(rest, 0, rest.n - 1));
    if (paren) {
        if (!span_ends(rest, span_str("("))) return s;
        rest = span_trim(span_slice(rest, 0, rest.n - 1));
    }
    bool opened;
    rest = without_ending(rest, openers, sizeof(openers) / sizeof(openers[0]), &opened);
    while (rest.n > 0 && strchr("\\, ", rest.p[rest.n - 1]) != NULL) { /* "2x, \ x \in" */
        opened |= rest.p[rest.n - 1] == ',';
        rest.n--;
    }
    return (paren || opened) && has_letter(rest, name) ? rest : s;
}

/* "\\text{70 cm}^2" as "70 \\text{cm}^2": a number that was set with its unit. */
static struct span number_in_font(struct arena *a, struct span s)
{
    struct span head = span_str("\\text{");
    size_t i = head.n, end = span_starts(s, head) ? words_close(s, head.n - 1) : SPAN_NONE;
    if (end == SPAN_NONE || end == s.n) return s;
    while (i < end && memchr("0123456789.,-", s.p[i], 13) != NULL) {
        i++;
    }
    if (i == head.n || s.p[i] != ' ') return s;
    struct span number = span_slice(s, head.n, i), unit = span_slice(s, i + 1, s.n);
    return join3(a, number, " \\text{", unit, "");
}

/* The offset after words that say for which values a formula holds, at s.p[i]: "for all x",
 * "\\text{ for every real number } x", "\\forall x \\in \\mathbb{R}"; i itself when none stand
 * there. */
static size_t after_quantifier(struct span s, size_t i)
{
    static const char *const words[] = {"\\text{",     "\\forall",    "for all",    "for every",
                                        "for each",    "for any",     "real",       "integers",
                                        "integer",     "positive",    "numbers",    "number",
                                        "}",           "\\in",        "$",          "\\mathbb{R}",
                                        "\\mathbb{Z}", "\\mathbb{N}", "\\mathbb R", "\\,",
                                        "\\ ",         "~",           " "};
    bool says = false, letter = false;
    size_t from = i;
    for (bool again = true; again && i < s.n;) {
        again = false;
        for (size_t k = letter ? 1 : 0; k < sizeof(words) / sizeof(words[0]) && !again; k++) {
            again = words_opens(span_slice(s, i, s.n), words[k]);
            says |= again && k >= 1 && k <= 5;
            if (again) i += strlen(words[k]);
        }
        bool alone =
            i < s.n && ascii_is_letter(s.p[i]) && (i + 1 == s.n || !ascii_is_letter(s.p[i + 1]));
        if (again || letter || !says || !alone) continue;
        letter = again = true;
        i++;
    }
    return says && letter ? i : from;
}

/* "f(x) = 0 for all x and f(x) = x for all x" without what it holds for. */
static struct span without_quantifiers(struct arena *a, struct span s)
{
    bool may = span_find(s, span_str("for "), 0) != SPAN_NONE ||
               span_find(s, span_str("\\forall"), 0) != SPAN_NONE;
    char *out = may && s.n <= MAX_PARTS_BYTES ? arena_alloc(a, s.n + 1, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n;) {
        bool start = i > 0 && (s.p[i] == '\\' || s.p[i - 1] == ' ');
        size_t end = start ? after_quantifier(s, i) : i;
        bool inside = end > i && end < s.n && memchr(",;", s.p[end], 2) == NULL &&
                      !span_starts(span_slice(s, end, s.n), span_str("and")) &&
                      !span_starts(span_slice(s, end, s.n), span_str("or")) &&
                      !span_starts(span_slice(s, end, s.n), span_str("\\text{"));
        if (end > i && !inside) {
            i = end;
            if (n > 0 && i < s.n) out[n++] = ' ';
        } else {
            out[n++] = s.p[i++];
        }
    }
    return out == NULL ? s : span_trim(span_of(out, n));
}

/* "P(A|B) = 1/8" as "P = 1/8": what an event or a place says is no part of the value. */
static struct span without_event(struct arena *a, struct span s)
{
    static const char *const signs[] = {"|",     "\\mid", "\\vert",    "=",
                                        "\\cap", "\\cup", "\\overline"};
    size_t open = s.n == 0 ? SPAN_NONE : span_find(span_slice(s, 0, 16), span_str("("), 0);
    if (open == SPAN_NONE || open == 0) return s;
    for (size_t i = 0; i < open; i++) {
        if (!ascii_is_letter(s.p[i]) && strchr("\\{}_", s.p[i]) == NULL) return s;
    }
    size_t end = words_close(s, open), sign = end;
    while (sign < s.n && s.p[sign] == ' ') {
        sign++;
    }
    if (end == SPAN_NONE || sign >= s.n || s.p[sign] != '=') return s;
    struct span inside = span_slice(s, open, end);
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (span_find(inside, span_str(signs[i]), 0) == SPAN_NONE) continue;
        return join3(a, span_slice(s, 0, open), " ", span_slice(s, sign, s.n), "");
    }
    return s;
}

/* ---- derivatives ------------------------------------------------------------------------------- */

static const struct {
    const char *ratio, *primed;
} derivatives[] = {
    {"\\frac{dy}{dx}", "y'"},
    {"\\dfrac{dy}{dx}", "y'"},
    {"\\frac{d y}{d x}", "y'"},
    {"\\frac{\\mathrm{d}y}{\\mathrm{d}x}", "y'"},
    {"dy/dx", "y'"},
    {"\\frac{d^2y}{dx^2}", "y''"},
    {"\\frac{d^{2}y}{dx^{2}}", "y''"},
    {"\\dfrac{d^2y}{dx^2}", "y''"},
    {"\\frac{d^2 y}{dx^2}", "y''"},
    {"\\frac{d^2 y}{d x^2}", "y''"},
    {"d^2y/dx^2", "y''"},
    {"d\xc2\xb2y/dx\xc2\xb2", "y''"},
};

/* The row of derivatives[] that stands at s.p[i], in no word; their number when none does. */
static size_t derivative_at(struct span s, size_t i)
{
    size_t n = sizeof(derivatives) / sizeof(derivatives[0]), k = 0;
    if (i > 0 && ascii_is_letter(s.p[i - 1])) return n;
    for (; k < n; k++) {
        size_t end = i + strlen(derivatives[k].ratio);
        bool here = words_opens(span_slice(s, i, s.n), derivatives[k].ratio);
        if (here && (end == s.n || !ascii_is_letter(s.p[end]))) break;
    }
    return k;
}

/* \frac{dy}{dx}, dy/dx and their second powers, as y' and y'', which are shorter. */
static struct span with_primes(struct arena *a, struct span s)
{
    bool may = span_has(s, 'y') && span_has(s, 'd');
    char *out = may ? arena_alloc(a, s.n, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n;) {
        bool opens = s.p[i] == 'd' || s.p[i] == '\\';
        size_t k = opens ? derivative_at(s, i) : sizeof(derivatives) / sizeof(derivatives[0]);
        if (k == sizeof(derivatives) / sizeof(derivatives[0])) {
            out[n++] = s.p[i++];
            continue;
        }
        for (const char *c = derivatives[k].primed; *c != 0; c++) {
            out[n++] = *c;
        }
        i += strlen(derivatives[k].ratio);
    }
    return out == NULL ? s : span_of(out, n);
}

/* ---- parts ------------------------------------------------------------------------------------- */

/* The number in a circle at s.p[i], U+2460..2468, 0 when none is there. */
static int circled(struct span s, size_t i)
{
    bool is = i + 2 < s.n && (unsigned char)s.p[i] == 0xe2 && (unsigned char)s.p[i + 1] == 0x91;
    int n = is ? (unsigned char)s.p[i + 2] - 0xa0 + 1 : 0;
    return n >= 1 && n <= 9 ? n : 0;
}

/* The number in a circle or, unless they are a product, in parentheses at s.p[i]; *end the offset
 * after it. 0 when none is there. */
static int numbered(struct span s, size_t i, size_t *end)
{
    int n = circled(s, i);
    bool round =
        i + 2 < s.n && s.p[i] == '(' && s.p[i + 1] > '0' && s.p[i + 1] <= '9' && s.p[i + 2] == ')';
    *end = i + 3;
    return n > 0 ? n : round ? s.p[i + 1] - '0' : 0;
}

/* Numbers in circles, or numbers in parentheses with a sign between, and nothing else, as a list:
 * the statements that hold. */
static struct span circled_list(struct arena *a, struct span s)
{
    static const char *const joints[] = {
        "\xe3\x80\x81", "\xef\xbc\x8c", "\xe5\x92\x8c", ",", ";", "and", "\\text{", "}", " "};
    size_t next;
    bool first = s.n >= 3 && s.n <= 200 && numbered(s, 0, &next) > 0;
    bool product = first && s.p[0] == '(' && (s.n < 4 || s.p[3] == '(');
    char *out = !first || product ? NULL : arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n;) {
        size_t joint = 0;
        for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && joint == 0; k++) {
            if (words_opens(span_slice(s, i, s.n), joints[k])) joint = strlen(joints[k]);
        }
        int number = numbered(s, i, &next);
        if (number == 0 && joint == 0) return s;
        if (number > 0) {
            if (n > 0) out[n++] = ',';
            out[n++] = (char)('0' + number);
        }
        i += number > 0 ? 3 : joint;
    }
    return out == NULL || (s.p[0] == '(' && n == 1) ? s : span_of(out, n);
}

struct span rewrite_statements(struct arena *a, struct span s)
{
    char *out = s.n < 6 || s.n > 27 || s.p[0] != '(' ? NULL : arena_alloc(a, s.n, 1);
    size_t n = 0, end = 0;
    int last = 0;
    for (size_t i = 0; out != NULL && i < s.n; i = end) {
        int number = numbered(s, i, &end);
        if (number <= last) return span_of(NULL, 0);
        if (n > 0) out[n++] = ',';
        if (n > 0) out[n++] = ' ';
        out[n++] = (char)('0' + number);
        last = number;
    }
    return span_of(out, out == NULL ? 0 : n);
}

/* The labels of parts, in their order. */
enum { LABELS = 4 };
static const char *const label_series[][LABELS] = {
    {"(a)", "(b)", "(c)", "(d)"},
    {"(1)", "(2)", "(3)", "(4)"},
    {"(i)", "(ii)", "(iii)", "(iv)"},
    {"a)", "b)", "c)", "d)"},
    {"\xe2\x91\xa0", "\xe2\x91\xa1", "\xe2\x91\xa2", "\xe2\x91\xa3"}};

/* s begins with the first label of a series, and something stands between it and the second. */
static bool has_labels(struct span s, const char *const labels[LABELS])
{
    struct span first = span_str(labels[0]);
    size_t next = span_starts(s, first) ? span_find(s, span_str(labels[1]), 0) : SPAN_NONE;
    return next != SPAN_NONE && span_trim(span_slice(s, first.n, next)).n > 0;
}

/* What stands after each label, as a tuple: the parts have an order. */
static struct span tuple_of_parts(struct arena *a, struct span s, const char *const labels[LABELS])
{
    struct buffer out;
    buffer_init(&out, MAX_PARTS_BYTES);
    buffer_add_char(&out, '(');
    size_t from = strlen(labels[0]);
    for (int i = 1; i < LABELS; i++) {
        size_t at = span_find(s, span_str(labels[i]), from);
        if (at == SPAN_NONE) break;
        buffer_add_span(&out, span_slice(s, from, at));
        buffer_add_char(&out, ',');
        from = at + strlen(labels[i]);
    }
    buffer_add_span(&out, span_slice(s, from, s.n));
    buffer_add_char(&out, ')');
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span tuple = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return copy == NULL ? s : tuple;
}

/* "(a) 5, (b) 6" as "( 5, , 6)"; s itself when it is no such list. "(1)(2)" is a product. */
static struct span unlabelled(struct arena *a, struct span s)
{
    for (size_t k = 0; k < sizeof(label_series) / sizeof(label_series[0]); k++) {
        if (has_labels(s, label_series[k])) return tuple_of_parts(a, s, label_series[k]);
    }
    return s;
}

static struct span without_bullet(struct span line)
{
    bool bullet = line.n > 2 && (line.p[0] == '-' || line.p[0] == '*') && line.p[1] == ' ';
    if (bullet) return span_trim(span_slice(line, 2, line.n));
    struct span sign = span_str("\xe2\x80\xa2 ");
    return span_starts(line, sign) ? span_slice(line, sign.n, line.n) : line;
}

/* "x = 1" and "y = 2" on lines of their own, as one list. */
static struct span lines_of_equations(struct arena *a, struct span s)
{
    bool may = s.n > 0 && s.n < 400 && span_has(s, '\n') && s.p[0] != '\\';
    char *out = may ? arena_alloc(a, 2 * s.n, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0, end; out != NULL && i < s.n; i = end + 1) {
        const char *stop = memchr(s.p + i, '\n', s.n - i);
        end = stop == NULL ? s.n : (size_t)(stop - s.p);
        struct span line = without_bullet(span_trim(span_slice(s, i, end)));
        if (line.n == 0) continue;
        if (!span_has(line, '=') || span_has(line, '&')) return s;
        if (line.p[line.n - 1] == ',') line.n--;
        if (n > 0) out[n++] = ',';
        memcpy(out + n, line.p, line.n);
        n += line.n;
    }
    return out == NULL ? s : span_of(out, n);
}

/* The rows of an environment's inside: the last one, and whether some row before it states x and is
 * more than x = 2. */
static struct span last_step(struct span inside, char x, bool *derived)
{
    size_t from = 0, at;
    *derived = false;
    while ((at = span_find(inside, span_str("\\\\"), from)) != SPAN_NONE && at + 2 < inside.n) {
        struct span row = span_trim(span_slice(inside, from, at));
        bool named = row.n > 1 && row.p[0] == x && strchr(" &=", row.p[1]) != NULL;
        *derived |= row.n > 0 && has_letter(row, x) && !named;
        from = at + 2;
    }
    return span_trim(span_slice(inside, from, inside.n));
}

/* \begin{aligned} 2x + 1 &= 9 \\\\ x &= 4 \end{aligned}: steps, of which the last one is what they
 * lead to. */
static struct span derivation(struct arena *a, struct span s)
{
    static const char *const names[] = {"{align*}", "{aligned}", "{align}", "{gather*}"};
    struct span begin = span_str("\\begin"), end = span_str("\\end");
    for (size_t i = 0; span_starts(s, begin) && i < sizeof(names) / sizeof(names[0]); i++) {
        struct span name = span_str(names[i]);
        size_t close = span_find(s, end, begin.n);
        bool whole = close != SPAN_NONE && close + end.n + name.n == s.n && span_ends(s, name);
        if (!whole || !span_starts(span_slice(s, begin.n, s.n), name)) continue;
        struct span inside = span_slice(s, begin.n + name.n, close), row;
        bool derived;
        row = last_step(inside, 0, &derived);
        row = row.n == 0 ? row : last_step(inside, row.p[0], &derived);
        const char *sign = row.n == 0 ? NULL : memchr(row.p, '&', row.n);
        size_t at = sign == NULL ? 0 : (size_t)(sign - row.p);
        bool single =
            at > 0 && ascii_is_letter(row.p[0]) && span_trim(span_slice(row, 0, at)).n == 1;
        if (!single || !derived) return s;
        return join3(a, span_slice(row, 0, at), "", span_slice(row, at + 1, row.n), "");
    }
    return s;
}

/* How many digits s begins with. */
static size_t digits_of(struct span s)
{
    size_t i = 0;
    while (i < s.n && ascii_is_digit(s.p[i])) {
        i++;
    }
    return i;
}

/* "7 R 3", "7 remainder 3": a quotient and what is left, as a pair; s itself elsewhere. */
static struct span with_remainder(struct arena *a, struct span s)
{
    static const char *const words[] = {" with a remainder of ",
                                        " with remainder ",
                                        ", remainder ",
                                        " remainder ",
                                        " rem ",
                                        " R ",
                                        " r ",
                                        " R",
                                        " r"};
    size_t first = s.n > LONGEST_PHRASE ? 0 : digits_of(s);
    if (first == 0 || first == s.n) return s;
    struct span rest = span_slice(s, first, s.n);
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (!words_opens(rest, words[k])) continue;
        struct span last = span_slice(rest, strlen(words[k]), rest.n);
        if (last.n == 0 || digits_of(last) != last.n) continue;
        struct span pair = join3(a, span_str("("), "", span_slice(s, 0, first), ", ");
        return join3(a, pair, "", last, ")");
    }
    return s;
}

struct span rewrite_answer(struct arena *a, struct span s)
{
    static struct span (*const ways[])(struct arena *, struct span) = {
        lines_of_equations, undoubled,      derivation,          meaning,         circled_list,
        unlabelled,         said_twice,     with_base,           with_exceptions, without_universe,
        with_condition,     without_event,  without_quantifiers, with_primes,     rewrite_feet,
        number_in_font,     with_remainder, rewrite_counts,      rewrite_units,
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        s = ways[i](a, s);
    }
    return s;
}
