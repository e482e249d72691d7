/* reward/math/find/runs.c - where in a sentence mathematics begins and ends.
 *
 * A sentence is words with mathematics among them: "so the limit is √2/2 for every a > 0". One
 * scanner cuts it into atoms (numbers, letters, signs, brackets, words), and a run is the longest
 * row of atoms that a formula may be made of. The parser then decides how much of a run reads; this
 * file only has to know what can not be mathematics: a word.
 *
 * (1) Atoms do not overlap, and each has at least one byte: the scan is linear.
 * (2) Every end of a run stands after an operand, outside of brackets.
 * (3) Where no operand stands no run begins: such a stretch is gone through twice at most, however
 *     many signs and brackets it has, and the search for the next run is linear.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/runs.h"

#include <assert.h>

#include "base/ascii.h"
#include "reward/math/find/formula.h"
#include "reward/math/read/words.h"
#include "reward/math/read/commands.h"
#include "reward/math/read/lexer.h"
#include "reward/math/read/units.h"

enum { MAX_RUN = 600, MAX_DIVISOR = 32 };

enum atom_kind {
    ATOM_STOP,    /* the sentence ends, or something that is neither word nor mathematics */
    ATOM_WORD,    /* prose */
    ATOM_VALUE,   /* a number, a formula in its signs, a constant, a fraction */
    ATOM_LETTER,  /* one letter: a variable */
    ATOM_PREFIX,  /* wants an operand after it: sin, a root, a sign of money */
    ATOM_SIGN,    /* + - or plus-minus: before or between operands */
    ATOM_INFIX,   /* between operands */
    ATOM_REL,     /* = < and so on */
    ATOM_POSTFIX, /* after an operand: ! % million */
    ATOM_UNIT,
    ATOM_OPEN,
    ATOM_CLOSE,
    ATOM_BAR,
    ATOM_COMMA, /* , ; */
    ATOM_JOIN,  /* and, or, to */
    ATOM_SPACE, /* nothing: spacing, \left */
};

struct atom {
    enum atom_kind kind;
    size_t from, to;
};

static int at(struct span s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

static size_t after_spaces(struct span s, size_t i)
{
    while (at(s, i) == ' ' || at(s, i) == '\t' || at(s, i) == '~') {
        i++;
    }
    return i;
}

static bool ends_operand(enum atom_kind k)
{
    return k == ATOM_VALUE || k == ATOM_LETTER || k == ATOM_POSTFIX || k == ATOM_UNIT ||
           k == ATOM_CLOSE || k == ATOM_BAR;
}

static bool is_one_of(struct span w, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (span_is(w, list[i])) return true;
    }
    return false;
}
#define IS_ONE_OF(w, list) is_one_of(w, list, sizeof(list) / sizeof((list)[0]))

/* ---- atoms ------------------------------------------------------------------------------------- */

/* 1.000.000: three digits after each point. */
static bool is_thousands(struct span s)
{
    size_t digits = 0, groups = 0;
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && s.p[i] != '.') {
            digits++;
            continue;
        }
        if (groups == 0 ? digits > 3 : digits != 3) return false;
        digits = 0;
        groups++;
    }
    return true;
}

/* Digits with points and commas between them, 3.2e8 and 5:30; a version (2.13.9) or an ordinal
 * (42nd) is a word. */
static struct atom number_atom(struct span s, size_t i)
{
    static const char *const ordinals[] = {"st", "nd", "rd", "th"};
    struct atom a = {ATOM_VALUE, i, i};
    int points = 0;
    while (ascii_is_digit(at(s, a.to)) ||
           (memchr(".,:", at(s, a.to), 3) != NULL && ascii_is_digit(at(s, a.to + 1)))) {
        points += at(s, a.to) == '.';
        a.to++;
    }
    size_t e = a.to + 1;
    if (at(s, a.to) == 'e' || at(s, a.to) == 'E') {
        e += at(s, e) == '-' || at(s, e) == '+';
        if (ascii_is_digit(at(s, e))) a.to = e;
        while (ascii_is_digit(at(s, a.to))) {
            a.to++;
        }
    }
    struct span tail = span_slice(s, a.to, a.to + 2);
    bool ordinal = IS_ONE_OF(tail, ordinals) && !ascii_is_letter(at(s, a.to + 2));
    if (ordinal) a.to += 2;
    bool version = points > 1 && !is_thousands(span_slice(s, i, a.to));
    if (ordinal || version) a.kind = ATOM_WORD;
    return a;
}

/* The offset after the groups in { } and [ ] that stand at s.p[i]. */
static size_t after_groups(struct span s, size_t i)
{
    for (int n = 0; n < 4 && (at(s, i) == '{' || (at(s, i) == '[' && n == 0)); n++) {
        size_t end = words_close(span_slice(s, 0, i + MAX_RUN), i);
        if (end == SPAN_NONE) return i;
        i = end;
    }
    return i;
}

/* \begin{...} to its \end{...}. */
static size_t after_environment(struct span s, size_t i)
{
    struct span end = span_str("\\end{");
    size_t close = span_find(span_slice(s, 0, i + MAX_RUN), end, i);
    return close == SPAN_NONE ? i : after_groups(s, close + 4);
}

/* What a command's row makes of it in a sentence. */
static enum atom_kind command_kind(const struct command *c)
{
    if (c == NULL) return ATOM_VALUE;
    switch (c->kind) {
    case T_FUNC:
    case T_LG:
    case T_SQRT:
        return ATOM_PREFIX;
    case T_CURRENCY:
        return ATOM_PREFIX;
    case T_PLUS:
    case T_MINUS:
    case T_PM:
        return ATOM_SIGN;
    case T_TIMES:
    case T_DIV:
    case T_SETOP:
    case T_MOD:
    case T_OVER:
    case T_CHOOSE:
        return ATOM_INFIX;
    case T_REL:
        return ATOM_REL;
    case T_PERCENT:
    case T_DEGREE:
    case T_PRIME:
        return ATOM_POSTFIX;
    case T_LSET:
    case T_LFLOOR:
    case T_LCEIL:
    case T_LANGLE:
        return ATOM_OPEN;
    case T_RSET:
    case T_RFLOOR:
    case T_RCEIL:
    case T_RANGLE:
        return ATOM_CLOSE;
    case T_AND:
    case T_OR:
        return ATOM_JOIN;
    case T_IGNORE:
        return ATOM_SPACE;
    default:
        return ATOM_VALUE;
    }
}

static struct atom command_atom(struct span s, size_t i, enum atom_kind before)
{
    struct atom a = {ATOM_VALUE, i, i + 2};
    if (at(s, i + 1) == '{') return a.kind = ATOM_OPEN, a;
    if (at(s, i + 1) == '}') return a.kind = ATOM_CLOSE, a;
    if (at(s, i + 1) == '%') return a.kind = ATOM_POSTFIX, a;
    if (at(s, i + 1) == '$') return a.kind = ATOM_PREFIX, a;
    if (at(s, i + 1) == '\\') return a.kind = ATOM_STOP, a;
    if (!ascii_is_letter(at(s, i + 1))) return a.kind = ATOM_SPACE, a;
    while (ascii_is_letter(at(s, a.to))) {
        a.to++;
    }
    struct span name = span_slice(s, i + 1, a.to);
    if (span_starts(name, span_str("text")) || span_is(name, "mbox")) {
        a.to = after_groups(s, a.to);
        bool inside = before == ATOM_OPEN || before == ATOM_INFIX; /* 1011_{\text{two}} */
        a.kind = ends_operand(before) ? ATOM_UNIT : inside ? ATOM_VALUE : ATOM_WORD;
        return a;
    }
    if (span_is(name, "begin")) return a.to = after_environment(s, i), a.to += a.to == i, a;
    a.kind = span_is(name, "left") || span_is(name, "right") ? ATOM_SPACE
                                                             : command_kind(command_find(name));
    size_t groups = after_groups(s, a.to);
    bool takes = a.kind == ATOM_VALUE || (a.kind == ATOM_PREFIX && at(s, a.to) != '[');
    if (takes && groups > a.to) {
        a.to = groups;
        a.kind = ATOM_VALUE;
    }
    return a;
}

/* One letter by itself: a variable where a formula may go on, else a word ("a", "I", a choice). */
static enum atom_kind letter_kind(struct span s, size_t i, enum atom_kind before, bool glued)
{
    size_t next = after_spaces(s, i + 1);
    int c = at(s, next);
    bool brief = (c == '.' && next == i + 1 && ascii_is_letter(at(s, i + 2))) ||
                 (i >= 2 && s.p[i - 1] == '.' && ascii_is_letter(s.p[i - 2]));
    if (brief) return ATOM_WORD; /* i.e., e.g. */
    bool i_am =
        at(s, i) == 'I' && at(s, i + 1) == ' ' && at(s, i + 2) >= 'a' && at(s, i + 2) <= 'z';
    if (i_am && before == ATOM_SIGN) return ATOM_WORD; /* 19 - I am certain */
    bool article = at(s, i) == 'a' || at(s, i) == 'A' || at(s, i) == 'I';
    bool operator= c != 0 && memchr("=<>^_+*/\\", c, 9) != NULL;
    bool call = next == i + 1 && (c == '(' || c == '[' || c == '\'');
    if (glued || operator|| call) return ATOM_LETTER;
    if (c == '-' && !ascii_is_letter(at(s, next + 1))) return ATOM_LETTER;
    if (before == ATOM_INFIX || before == ATOM_SIGN || before == ATOM_REL ||
        before == ATOM_PREFIX) {
        return ATOM_LETTER;
    }
    bool prose = ascii_is_letter(c) || c >= 0x80;
    if (article) {
        return before == ATOM_OPEN || (before == ATOM_COMMA && !prose && !ascii_is_digit(c))
                   ? ATOM_LETTER
                   : ATOM_WORD;
    }
    return prose ? ATOM_WORD : ATOM_LETTER;
}

/* Letters that are mathematics though no backslash stands before them: sin, pi, sqrt. */
static enum atom_kind known_word(struct span w, enum atom_kind before)
{
    static const char *const prose[] = {
        "max", "min", "arg", "det", "conj", "factorial", "ch",    "sh",     "th",       "sup",
        "inf", "deg", "dim", "ker", "Re",   "Im",        "angle", "exists", "parallel", "subset"};
    const struct command *c = command_find(w);
    if (c == NULL || IS_ONE_OF(w, prose)) return ATOM_WORD;
    switch (c->kind) {
    case T_FUNC:
    case T_SQRT:
        return ATOM_PREFIX;
    case T_NAME:
    case T_CONST:
        return ATOM_VALUE;
    case T_MOD:
        return ends_operand(before) ? ATOM_INFIX : ATOM_WORD;
    case T_PERCENT:
    case T_DEGREE:
        return ends_operand(before) ? ATOM_POSTFIX : ATOM_WORD;
    case T_CURRENCY:
        return w.n == 3 ? (ends_operand(before) ? ATOM_UNIT : ATOM_PREFIX) : ATOM_WORD;
    default:
        return ATOM_WORD;
    }
}

/* A word after a number: its unit, a magnitude, "percent". */
static enum atom_kind word_after_value(struct span s, size_t i, struct span w)
{
    static const char *const prose[] = {"in", "are", "as", "at", "am",
                                        "so", "is",  "to", "or", "day"};
    static const char *const powers[] = {"square", "cubic", "sq", "cu", "per"};
    static const char *const magnitudes[] = {"thousand", "million", "billion", "trillion"};
    static const char *const halves[] = {"pm", "PM", "am", "AM", "p", "a"};
    if (IS_ONE_OF(w, magnitudes) || span_is(w, "pct")) return ATOM_POSTFIX;
    bool hour = i >= 2 && ascii_is_digit(at(s, after_spaces(s, i) - 2));
    if (hour && IS_ONE_OF(w, halves) && w.n == 2) return ATOM_POSTFIX;
    if (span_is(w, "in")) { /* 5 in, 72 sq in. */
        int c = at(s, after_spaces(s, i + 2));
        return c == 0 || c == '.' || c == ',' ? ATOM_UNIT : ATOM_WORD;
    }
    if (IS_ONE_OF(w, prose)) return ATOM_WORD;
    if (IS_ONE_OF(w, powers)) {
        size_t from = after_spaces(s, i + w.n), to = from;
        while (ascii_is_letter(at(s, to))) {
            to++;
        }
        struct span next = span_slice(s, from, to);
        return unit_known(next) || span_is(next, "unit") || span_is(next, "units") ? ATOM_INFIX
                                                                                   : ATOM_WORD;
    }
    if (span_is(w, "unit") || span_is(w, "units") || unit_known(w)) return ATOM_UNIT;
    return ATOM_WORD;
}

/* The end of a word of prose: letters, with apostrophes and hyphens inside. */
static size_t word_end(struct span s, size_t i)
{
    for (;;) {
        int c = at(s, i), next = at(s, i + 1);
        bool joint = (c == '-' || c == '\'') && (ascii_is_letter(next) || next >= 0x80);
        bool letter = ascii_is_letter(c) || c >= 0x80 || ascii_is_digit(c);
        if (!letter && !joint && !(c == '.' && ascii_is_digit(next))) return i;
        i++;
    }
}

/* Two or three letters right beside an operator: a product of variables. */
static bool is_product(struct span s, size_t i, size_t to, bool glued, enum atom_kind before)
{
    size_t next = after_spaces(s, to);
    if (to - i > 3) return false;
    if (glued) return at(s, to) != '-';
    bool named = at(s, next) == '=' && at(s, i) <= 'Z' && at(s, to - 1) <= 'Z'; /* AB = 5 */
    bool tight = to < s.n && memchr("+*/^_=", at(s, to), 6) != NULL;
    bool after = i > 0 && memchr("+-*/^=", at(s, i - 1), 6) != NULL &&
                 (before == ATOM_INFIX || before == ATOM_SIGN || before == ATOM_REL);
    return named || tight || after;
}

/* The end of a word in another script, which may touch a number: "\xe6\x9c\x89" "12"
 * "\xe4\xb8\xaa". */
static size_t foreign_end(struct span s, size_t i)
{
    while (at(s, i) >= 0x80) {
        i++;
    }
    return i;
}

static struct atom foreign_atom(struct span s, size_t i, enum atom_kind before)
{
    static const char *const joints[] = {"\xe6\x88\x96", "\xe5\x92\x8c", "\xe4\xb8\x94",
                                         "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf", "\xeb\x98\x90\xeb\x8a\x94"};
    static const char *const apart[] = {"\xd0\xb8\xd0\xbb\xd0\xb8", "\xd0\xb8"}; /* Russian */
    struct span w = span_slice(s, i, foreign_end(s, i));
    if (ends_operand(before) && IS_ONE_OF(w, apart)) return (struct atom){ATOM_JOIN, i, i + w.n};
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && ends_operand(before); k++) {
        if (words_opens(w, joints[k])) {
            return (struct atom){ATOM_JOIN, i, i + strlen(joints[k])};
        }
    }
    return (struct atom){ATOM_WORD, i, foreign_end(s, i)};
}

/* "2 y 5", "2 e 5": Spanish and Italian. */
static bool joins_numbers(struct span s, size_t i, size_t to)
{
    if (to != i + 1 || (s.p[i] != 'y' && s.p[i] != 'e')) return false;
    bool number =
        ascii_is_digit(at(s, to + 1)) || (at(s, to + 1) == '-' && ascii_is_digit(at(s, to + 2)));
    return i > 1 && s.p[i - 1] == ' ' && ascii_is_digit(s.p[i - 2]) && at(s, to) == ' ' && number;
}

static struct atom letters_atom(struct span s, size_t i, enum atom_kind before)
{
    static const char *const joints[] = {"and", "or", "et", "ou", "und", "oder"};
    struct atom a = {ATOM_WORD, i, i};
    while (ascii_is_letter(at(s, a.to))) {
        a.to++;
    }
    struct span w = span_slice(s, i, a.to);
    bool glued =
        i > 0 && (ascii_is_digit(at(s, i - 1)) || at(s, i - 1) == ')') && ends_operand(before);
    bool numbered = ascii_is_digit(at(s, a.to)) && !glued; /* v2, AZYUK2A */
    bool hyphen = at(s, a.to) == '-' && ascii_is_letter(at(s, a.to + 1)) &&
                  ascii_is_letter(at(s, a.to + 2)) && !glued;
    bool clitic = at(s, a.to) == '\'' && ascii_is_letter(at(s, a.to + 1));
    if (at(s, a.to) >= 0x80) return a.to = foreign_end(s, a.to), a;
    if (numbered || hyphen || clitic) {
        if (numbered && known_word(w, before) == ATOM_PREFIX) return a.kind = ATOM_PREFIX, a;
        return a.to = word_end(s, a.to + (hyphen || clitic)), a;
    }
    if (ends_operand(before)) a.kind = word_after_value(s, i, w);
    if (a.kind != ATOM_WORD) return a;
    bool named = unit_known(w) || span_is(w, "units") || span_is(w, "unit");
    if (before == ATOM_INFIX && w.n > 1 && named) return a.kind = ATOM_UNIT, a; /* square metres */
    if (joins_numbers(s, i, a.to) && ends_operand(before)) return a.kind = ATOM_JOIN, a;
    if (w.n == 1) return a.kind = letter_kind(s, i, before, glued), a;
    bool joint = IS_ONE_OF(w, joints);
    if (joint && (ends_operand(before) || before == ATOM_COMMA)) a.kind = ATOM_JOIN;
    if (ends_operand(before) && span_is(w, "to") && ascii_is_digit(at(s, after_spaces(s, a.to)))) {
        a.kind = ATOM_JOIN;
    }
    if (a.kind == ATOM_WORD) a.kind = known_word(w, before);
    if (a.kind == ATOM_WORD && (at(s, a.to) == '_' || at(s, a.to) == '^')) a.kind = ATOM_VALUE;
    if (a.kind == ATOM_WORD && is_product(s, i, a.to, glued, before)) a.kind = ATOM_VALUE;
    return a;
}

/* "/(g K)" after a unit belongs to it: the offset after it, i itself when it does not stand there. */
static size_t after_divisor(struct span s, size_t i)
{
    if (at(s, i) != '/' || at(s, i + 1) != '(') return i;
    size_t end = words_close(span_slice(s, 0, i + MAX_DIVISOR), i + 1);
    return end == SPAN_NONE ? i : end;
}

static struct atom sign_atom(struct span s, size_t i, enum atom_kind before)
{
    struct atom a = {ATOM_STOP, i, i + 1};
    int c = at(s, i);
    size_t divisor = before == ATOM_UNIT ? after_divisor(s, i) : i;
    if (divisor > i) return (struct atom){ATOM_UNIT, i, divisor};
    bool tight = i > 0 && !ascii_is_space(at(s, i - 1));
    if (c == '+' || c == '-') a.kind = ATOM_SIGN;
    if (c == '*' || c == '/' || c == '^' || c == '_') a.kind = ATOM_INFIX;
    if (c == '=' || c == '<' || c == '>') a.kind = ATOM_REL;
    if (c == '!' && at(s, i + 1) == '=') a = (struct atom){ATOM_REL, i, i + 2};
    if (c == '%' || ((c == '!' || c == '\'') && tight && ends_operand(before) && a.to == i + 1)) {
        a.kind = ATOM_POSTFIX;
    }
    if (c == '(' || c == '[' || c == '{') a.kind = ATOM_OPEN;
    if (c == ')' || c == ']' || c == '}') a.kind = ATOM_CLOSE;
    if (c == '|') a.kind = ATOM_BAR;
    if (c == ',' || c == ';') a.kind = ATOM_COMMA;
    if (c == ':') { /* 3 : 4, 3:x; else it announces something */
        size_t next = after_spaces(s, i + 1);
        bool ratio = ends_operand(before) && (next == i + 1 || !tight) && at(s, next) != 0 &&
                     (ascii_is_digit(at(s, next)) || next == i + 1);
        a.kind = ratio ? ATOM_INFIX : ATOM_STOP;
    }
    if (c == '.' && at(s, i + 1) == '.' && at(s, i + 2) == '.') {
        return (struct atom){ATOM_VALUE, i, i + 3};
    }
    return a;
}

/* The atom at s.p[i], which is no space; `before` is the kind of the one before it. */
static struct atom atom_at(struct span s, size_t i, enum atom_kind before)
{
    struct formula f;
    int c = at(s, i);
    if ((c == '$' || c == '\\') && formula_at(s, i, NULL, &f)) {
        return (struct atom){ATOM_VALUE, i, f.to};
    }
    if (c == '$') return (struct atom){ATOM_PREFIX, i, i + 1};
    if (ascii_is_digit(c) || (c == '.' && ascii_is_digit(at(s, i + 1)))) return number_atom(s, i);
    if (ascii_is_letter(c)) return letters_atom(s, i, before);
    if (c == '\\') return command_atom(s, i, before);
    if (c >= 0x80) return foreign_atom(s, i, before);
    return sign_atom(s, i, before);
}

/* ---- runs -------------------------------------------------------------------------------------- */

struct scan {
    struct run *run;
    enum atom_kind before;
    int depth, bars;
    bool leads; /* a relation may come first: "= 5", "\approx 5" */
    bool rate;  /* the last value is one: "$198 per day or $990 for the week" is no list */
};

static void add_end(struct run *r, size_t to)
{
    if (r->n_ends == RUN_ENDS) { /* the shortest endings but the first go */
        memmove(r->end + 1, r->end + 2, (RUN_ENDS - 2) * sizeof(r->end[0]));
        r->n_ends--;
    }
    r->end[r->n_ends++] = to;
}

/* Whether the run goes on with this atom. */
static bool accepts(const struct scan *x, const struct atom *a)
{
    bool open = !ends_operand(x->before); /* an operand is wanted */
    switch (a->kind) {
    case ATOM_STOP:
    case ATOM_WORD:
        return false;
    case ATOM_INFIX:
    case ATOM_POSTFIX:
    case ATOM_UNIT:
    case ATOM_JOIN:
        if (a->kind == ATOM_JOIN && x->rate) return false;
        return !open || (a->kind == ATOM_UNIT && x->before == ATOM_INFIX) ||
               (a->kind == ATOM_JOIN && x->before == ATOM_COMMA) ||
               (a->kind == ATOM_INFIX && (x->before == ATOM_INFIX || x->before == ATOM_PREFIX));
    case ATOM_REL:
        return !open || x->before == ATOM_REL || (x->run->n_ends == 0 && x->leads);
    case ATOM_COMMA:
        return !open;
    case ATOM_CLOSE:
        return x->depth > 0;
    default:
        return true;
    }
}

static void take(struct scan *x, struct span s, const struct atom *a)
{
    bool constant = a->kind == ATOM_VALUE || a->kind == ATOM_REL || a->kind == ATOM_POSTFIX;
    x->run->tells |= constant || a->kind == ATOM_OPEN || a->kind == ATOM_INFIX;
    x->depth += (a->kind == ATOM_OPEN) - (a->kind == ATOM_CLOSE);
    x->bars += a->kind == ATOM_BAR;
    if (a->kind == ATOM_SPACE) return;
    x->rate |= a->kind == ATOM_INFIX && span_is(span_slice(s, a->from, a->to), "per");
    x->before = a->kind;
    if (!ends_operand(a->kind) || x->depth != 0 || x->bars % 2 != 0) return;
    assert(a->to <= s.n && a->to > x->run->from); /* (2) */
    add_end(x->run, a->to);
    if (a->kind == ATOM_UNIT) x->run->unit_end = a->to;
}

bool run_at(struct span s, size_t from, struct run *r)
{
    *r = (struct run){.from = from};
    struct span head = span_slice(s, from, s.n);
    struct scan x = {.run = r, .before = ATOM_STOP};
    x.leads = at(s, from) == '=' || span_starts(head, span_str("\\approx"));
    size_t limit = from + MAX_RUN, half = from, i = from;
    bool operand = false;
    while (i < s.n && i < limit) {
        int c = at(s, i);
        bool blank = c == ' ' || c == '\t' || c == '~' || c == '\r' || (c == '\n' && x.depth > 0);
        if (blank) {
            i++;
            continue;
        }
        struct atom a = atom_at(s, i, x.before);
        assert(a.from == i && a.to > i); /* (1) */
        if (!accepts(&x, &a)) break;
        take(&x, s, &a);
        operand |= ends_operand(a.kind);
        i = a.to;
        if (half == from && i >= from + MAX_RUN / 2) half = i;
    }
    if (!operand) r->barren = i < limit || i >= s.n ? i : half; /* (3) */
    return r->n_ends > 0;
}

/* The offset after the atom at s.p[i]. */
static size_t after_atom(struct span s, size_t i)
{
    if (ascii_is_space(at(s, i)) || at(s, i) == '~') return i + 1;
    return atom_at(s, i, ATOM_STOP).to;
}

bool run_next(struct span s, size_t i, struct run *r)
{
    for (size_t next; i < s.n; i = next) {
        int c = at(s, i);
        next = after_atom(s, i);
        if (ascii_is_space(c) || c == '~' || c == ',' || c == ';') continue;
        if (run_at(s, i, r)) return true;
        if (r->barren > next) next = r->barren;
        assert(next > i); /* (3) */
    }
    return false;
}

/* The offset after a sign of money at s.p[i]; i itself where none stands. */
static size_t after_money(struct span s, size_t i)
{
    static const char *const signs[] = {"$", "\\$", "\\euro ", "\\pounds "};
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), signs[k])) return i + strlen(signs[k]);
    }
    return i;
}

/* The offset after the second price of "$10-15" and "$10-$15", where the first one ends at s.p[end]; 0
 * where there is none. */
static size_t price_range_end(struct span s, size_t from, size_t end)
{
    static const char *const dashes[] = {"-", "\xe2\x80\x93"};
    if (after_money(s, from) == from) return 0;
    for (size_t k = 0; k < sizeof(dashes) / sizeof(dashes[0]); k++) {
        if (!words_opens(span_slice(s, end, s.n), dashes[k])) continue;
        size_t i = after_money(s, end + strlen(dashes[k]));
        if (ascii_is_digit(at(s, i))) return number_atom(s, i).to;
    }
    return 0;
}

struct span run_read(struct arena *a, struct span s, const struct run *r)
{
    for (int k = r->n_ends; k-- > 0;) {
        struct span t = span_trim(span_slice(s, r->from, r->end[k]));
        if (r->end[k] == r->unit_end) return t; /* without its unit it is another value */
        size_t range = price_range_end(s, r->from, r->end[k]);
        if (range > 0) return span_slice(s, r->from, range);
        if (formula_reads(a, words_unwrap(t))) return t;
    }
    return span_of(NULL, 0);
}
