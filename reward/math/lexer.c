/* reward/math/lexer.c - an answer's text as tokens.
 *
 * One pass, no backtracking but over numbers: whether a comma, a space or a dot between digits
 * groups thousands is decided where the number stands (number()). \text{...} is looked into: words
 * stay words, anything else is scanned in place, so \text{13}, \mathrm{e} and \text{ and } mean
 * what they look like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/lexer.h"

#include "reward/math/commands.h"
#include "reward/math/units.h"

enum { MAX_TEXT_DEPTH = 8, LOOKAHEAD = 12 };

struct lexer {
    struct arena *arena;
    struct token *out;
    size_t n, room;
    enum lexer_reading reading;
    int depth;       /* of ( [ \{, where commas separate */
    int env_depth;   /* of \begin */
    bool one_dollar; /* the text holds one $, so it is no delimiter */
    bool space;
    struct error *err;
    const char *base;
    struct token sink; /* where tokens past the limit go */
};

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes above ASCII are letters of some script: they make words. */
static bool is_word(int c)
{
    return is_letter(c) || (c & 0x80) != 0;
}

static int at(struct span s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

static bool fail(struct lexer *l, struct span s, size_t i, const char *what)
{
    return error_set(l->err, ERROR_UNPARSABLE, NULL, "%s at byte %zu", what,
                     (size_t)(s.p + i - l->base));
}

static struct token *push(struct lexer *l, enum token_kind kind, int op, struct span s, size_t i)
{
    if (l->n >= l->room) {
        error_set(l->err, ERROR_TOO_LARGE, NULL, "more than %d tokens", LEXER_MAX_TOKENS);
        l->n = l->room + 1; /* remembered: scan() fails */
        return &l->sink;
    }
    struct token *t = &l->out[l->n++];
    t->kind = (uint8_t)kind;
    t->op = (uint8_t)op;
    t->space = l->space;
    t->num = (struct num){.places = -1};
    size_t offset = (size_t)(s.p + i - l->base);
    t->pos = (uint32_t)offset;
    l->space = false;
    return t;
}

static enum token_kind last_kind(const struct lexer *l)
{
    return l->n == 0 || l->n > l->room ? T_END : (enum token_kind)l->out[l->n - 1].kind;
}

static bool ends_operand(enum token_kind k)
{
    return k == T_NUM || k == T_NAME || k == T_RBRACE || k == T_RP || k == T_DEGREE || k == T_BAR;
}

/* A unit may follow: a value stands before, or another unit. */
static bool after_value(const struct lexer *l)
{
    enum token_kind k = last_kind(l);
    return ends_operand(k) || k == T_TEXT || k == T_CONST;
}

/* 1.2 g/cm^3: a unit may follow the stroke after a letter that follows a number. */
static bool after_unit_stroke(const struct lexer *l)
{
    const struct token *t = l->n >= 3 && l->n <= l->room ? &l->out[l->n - 1] : NULL;
    return t != NULL && t->kind == T_DIV && (t[-1].kind == T_NAME || t[-1].kind == T_TEXT) &&
           t[-2].kind == T_NUM;
}

/* An "in" here is a unit: 5 in, 72 sq in. */
static bool is_inches(const struct lexer *l)
{
    if (last_kind(l) == T_NUM) return true;
    return last_kind(l) == T_TEXT && unit_prefix_power(l->out[l->n - 1].text) > 0;
}

static bool three_digits(struct span s, size_t i)
{
    return is_digit(at(s, i)) && is_digit(at(s, i + 1)) && is_digit(at(s, i + 2)) &&
           !is_digit(at(s, i + 3));
}

/* Length of a separator of thousands at s[i] that is one whatever stands around it: {,} \, \! */
static size_t sure_separator(struct span s, size_t i)
{
    static const char *const forms[] = {"{,}\\!", "{,}",   ", \\!", ",\\!", ",\\,", "\\,",
                                        "\\ ",    "{\\,}", "\\;",   ",\\ ", "\\!",  "~"};
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        size_t n = strlen(forms[f]);
        if (!span_starts(span_slice(s, i, s.n), span_str(forms[f]))) continue;
        while (at(s, i + n) == ' ')
            n++;
        if (three_digits(s, i + n)) return n;
    }
    return 0;
}

/* Length of what joins the digits before s[i] with three digits after, 0 when nothing does. */
static size_t thousands_separator(const struct lexer *l, struct span s, size_t i, size_t head)
{
    size_t n = sure_separator(s, i);
    if (n > 0) return n;
    if (l->depth > 0 || l->reading == READ_LIST || head > 3) return 0;
    int c = at(s, i);
    if (l->reading == READ_DECIMAL_COMMA) {
        return c == '.' && three_digits(s, i + 1) && (at(s, i + 4) == '.' || at(s, i + 4) == ',');
    }
    if (c == '.') { /* 1.000.000 */
        bool again = head == 0 && i >= 4 && at(s, i - 4) == '.';
        return three_digits(s, i + 1) && (again || (at(s, i + 4) == '.' && three_digits(s, i + 5)));
    }
    if (c != ',' && c != ' ' && c != '\'') return 0;
    return three_digits(s, i + 1);
}

/* Digits of a number gathered without their separators; only counted while p is NULL. */
struct digits {
    char *p;
    size_t n;
};

static size_t take_digits(struct span s, size_t i, struct digits *d)
{
    for (; is_digit(at(s, i)); i++) {
        if (d->p != NULL) d->p[d->n] = s.p[i];
        d->n++;
    }
    return i;
}

static size_t whole_part(const struct lexer *l, struct span s, size_t i, struct digits *d)
{
    size_t head = i;
    bool grouped = false, zero = at(s, i) == '0';
    i = take_digits(s, i, d);
    if (d->n == 0 || zero) return i;
    for (;;) {
        size_t n = thousands_separator(l, s, i, grouped ? 0 : i - head);
        if (n == 0) return i;
        grouped = true;
        i = take_digits(s, i + n, d);
    }
}

/* An exponent such as e-07 at s[i]; its length, 0 when there is none. */
static size_t exponent(struct span s, size_t i, int64_t *e)
{
    if (at(s, i) != 'e' && at(s, i) != 'E') return 0;
    size_t j = i + 1;
    bool minus = at(s, j) == '-';
    if (minus || at(s, j) == '+') j++;
    if (!is_digit(at(s, j))) return 0;
    int64_t v = 0;
    size_t first = j;
    for (; is_digit(at(s, j)); j++)
        if (j - first < 18) v = v * 10 + (at(s, j) - '0');
    if (j - first > 18) v = INT64_C(1000000000000000000);
    *e = minus ? -v : v;
    return j - i;
}

static void canonical(struct num *num, struct digits d)
{
    size_t head = 0;
    while (head < d.n && d.p[head] == '0')
        head++;
    while (d.n > head && d.p[d.n - 1] == '0') {
        d.n--;
        num->exp10++;
    }
    if (d.n == head) num->exp10 = 0;
    num->digits = span_of(d.p + head, d.n - head);
}

/* The digits of the number at s[i], counted or (d->p set) copied; the offset after them. */
static size_t mantissa(const struct lexer *l, struct span s, size_t i, struct digits *d,
                       struct num *num)
{
    d->n = 0;
    num->places = -1;
    i = whole_part(l, s, i, d);
    bool comma = l->reading == READ_DECIMAL_COMMA && at(s, i) == ',';
    if ((comma || at(s, i) == '.') && is_digit(at(s, i + 1))) {
        size_t whole = d->n;
        i = take_digits(s, i + 1, d);
        num->places = (int32_t)(d->n - whole);
    } else if (at(s, i) == '.' && (at(s, i + 1) == '\\' || at(s, i + 1) == '(')) {
        i++;
        num->places = 0;
    }
    return i;
}

static size_t number(struct lexer *l, struct span s, size_t i)
{
    size_t start = i;
    struct digits d = {NULL, 0};
    struct num num = {.places = -1};
    mantissa(l, s, start, &d, &num);
    d.p = arena_alloc(l->arena, d.n + 1, 1);
    if (d.p == NULL) return error_set(l->err, ERROR_NO_MEMORY, NULL, "no memory for a number"), s.n;
    i = mantissa(l, s, start, &d, &num);
    num.exp10 = num.places > 0 ? -(int64_t)num.places : 0;
    int64_t e = 0;
    size_t n = exponent(s, i, &e);
    num.exp10 += e;
    num.scientific = n > 0;
    canonical(&num, d);
    struct token *t = push(l, T_NUM, 0, s, start);
    t->num = num;
    t->text = span_slice(s, start, i + n);
    return i + n;
}

static bool scan(struct lexer *l, struct span s, int text_depth);

static bool has_words(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        if (!is_word(at(s, i))) {
            i++;
            continue;
        }
        size_t j = i;
        while (is_word(at(s, j)))
            j++;
        if (j - i >= 2 && command_find(span_slice(s, i, j)) == NULL) return true;
        i = j;
    }
    return false;
}

/* The offset after the brace that closes the one at s[i]; s.n when none does. */
static size_t group_end(struct span s, size_t i)
{
    int depth = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '{') {
            depth++;
        } else if (s.p[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return s.n;
}

static void blackboard(struct lexer *l, struct span inner, struct span s, size_t i)
{
    static const char letters[] = "RQZNC";
    const char *hit = inner.n == 1 ? memchr(letters, inner.p[0], sizeof(letters) - 1) : NULL;
    if (hit != NULL) {
        push(l, T_CONST, C_REALS + (int)(hit - letters), s, i);
    } else {
        push(l, T_NAME, 0, s, i)->text = inner;
    }
}

/* \text{...} and its like; op as in commands.c: 0 text, 1 upright mathematics, 2 blackboard. */
static size_t text_group(struct lexer *l, struct span s, size_t i, int op, int depth)
{
    while (at(s, i) == ' ')
        i++;
    if (op == 2 && is_letter(at(s, i))) { /* \mathbb R */
        blackboard(l, span_slice(s, i, i + 1), s, i);
        return i + 1;
    }
    if (at(s, i) != '{') return i; /* \rm x: a switch of fonts */
    size_t end = group_end(s, i), last = end > i && s.p[end - 1] == '}' ? end - 1 : end;
    struct span inner = span_trim(span_slice(s, i + 1, last));
    while (inner.n > 1 && inner.p[0] == '~')
        inner = span_trim(span_slice(inner, 1, inner.n));
    const struct command *c = command_find(inner);
    if (inner.n == 0) {
        l->space = true;
    } else if (span_is(inner, "to") && last_kind(l) == T_NUM) {
        push(l, T_COLON, 0, s, i);
    } else if (op == 2) {
        blackboard(l, inner, s, i);
    } else if (inner.n <= 3 && after_value(l) && unit_known(inner)) {
        push(l, T_TEXT, 0, s, i)->text = inner;
    } else if (c != NULL && inner.n > 1) {
        push(l, (enum token_kind)c->kind, c->op, s, i)->text = inner;
    } else if (depth < MAX_TEXT_DEPTH && !has_words(inner)) {
        scan(l, inner, depth + 1);
    } else {
        push(l, T_TEXT, 0, s, i)->text = inner;
    }
    l->space = true;
    return end;
}

static void letters(struct lexer *l, struct span s, size_t i, size_t end)
{
    for (; i < end; i++) {
        static const char ones[] = "ei";
        const char *hit = memchr(ones, s.p[i], 2);
        if (hit != NULL) {
            push(l, T_CONST, hit == ones ? C_E : C_I, s, i);
        } else {
            push(l, T_NAME, 0, s, i)->text = span_slice(s, i, i + 1);
        }
    }
}

/* Whether a bare word of letters means what the command of that name means. */
static bool plain_command(const struct command *c, size_t n)
{
    switch (c->kind) {
    case T_FUNC:
        return n >= 3 || span_is(span_str(c->name), "ln") || span_is(span_str(c->name), "tg");
    case T_NAME:
    case T_CONST:
        return n >= 2 && !span_is(span_str(c->name), "iu");
    case T_SQRT:
    case T_AND:
    case T_OR:
    case T_MOD:
    case T_PERCENT:
    case T_DEGREE:
    case T_SUM:
        return true;
    case T_FRAC:
        return n == 4 || n == 8;
    case T_BINOM:
        return span_is(span_str(c->name), "binom") || span_is(span_str(c->name), "binomial");
    case T_IGNORE:
        return span_is(span_str(c->name), "Matrix"); /* Matrix([[1, 2], [3, 4]]) */
    case T_CURRENCY:
        return n <= 3;
    case T_SETOP:
        return span_is(span_str(c->name), "union");
    case T_REL:
        return span_is(span_str(c->name), "in") || span_is(span_str(c->name), "equals");
    default:
        return false;
    }
}

static bool stop_word(struct span w)
{
    static const char *const words[] = {"is",  "are", "the", "for", "not", "no", "No",  "yes",
                                        "Yes", "was", "if",  "of",  "at",  "by", "per", "day",
                                        "all", "odd", "The", "an",  "as",  "so", "we"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_is(w, words[i])) return true;
    return false;
}

/* "sinx", "cosx", "lnx": a function and one letter. Its length, 0 when it is none. */
static size_t function_prefix(struct span w)
{
    if (w.n < 3 || w.n > 7) return 0;
    const struct command *c = command_find(span_slice(w, 0, w.n - 1));
    return c != NULL && c->kind == T_FUNC && plain_command(c, w.n - 1) ? w.n - 1 : 0;
}

/* "6.02 x 10^23": an x before a power of ten, apart from both numbers, multiplies. */
static bool is_times_sign(const struct lexer *l, struct span s, size_t i, size_t end)
{
    return end == i + 1 && (s.p[i] == 'x' || s.p[i] == 'X') && last_kind(l) == T_NUM && l->space &&
           (span_starts(span_slice(s, end, s.n), span_str(" 10^")) ||
            span_starts(span_slice(s, end, s.n), span_str(" 10**")));
}

/* "x=1orx=2": the length of an "or" that sticks to a number before it, 0 when none stands here. */
static size_t glued_or(const struct lexer *l, struct span s, size_t i, size_t end)
{
    enum token_kind k = last_kind(l);
    bool after = !l->space && (k == T_NUM || k == T_RP || k == T_RBRACE);
    return after && end > i + 2 && end < i + 5 && s.p[i] == 'o' && s.p[i + 1] == 'r' ? 2 : 0;
}

/* (-oo, 2) U (3, oo): the letter between two intervals. */
static bool is_union_letter(const struct lexer *l, struct span s, size_t i)
{
    if (last_kind(l) != T_RP && last_kind(l) != T_RB) return false;
    for (i++; at(s, i) == ' ';)
        i++;
    return at(s, i) == '(' || at(s, i) == '[';
}

static size_t word(struct lexer *l, struct span s, size_t i)
{
    size_t end = i;
    while (is_word(at(s, end)))
        end++;
    if (glued_or(l, s, i, end) > 0) {
        push(l, T_OR, 0, s, i);
        return i + 2;
    }
    struct span w = span_slice(s, i, end);
    bool foreign = false;
    for (size_t k = 0; k < w.n; k++)
        foreign |= (w.p[k] & 0x80) != 0;
    const struct command *c = command_find(w);
    bool inches = span_is(w, "in") && is_inches(l);
    if (span_is(w, "\xe5\x92\x8c") || span_is(w, "\xe4\xb8\x94")) {
        push(l, T_AND, 0, s, i); /* U+548C, U+4E14 */
    } else if (span_is(w, "\xe6\x88\x96")) {
        push(l, T_OR, 0, s, i); /* U+6216 */
    } else if (span_is(w, "h") && last_kind(l) == T_NUM && at(s, end) == ' ' &&
               is_digit(at(s, end + 1))) {
        push(l, T_TEXT, 0, s, i)->text = w; /* 2 h 15 min */
    } else if (span_is(w, "to") && last_kind(l) == T_NUM && is_digit(at(s, end + 1))) {
        push(l, T_COLON, 0, s, i); /* 3 to 4 */
    } else if (span_is(w, "U") && is_union_letter(l, s, i)) {
        push(l, T_SETOP, S_UNION, s, i);
    } else if (is_times_sign(l, s, i, end)) {
        push(l, T_TIMES, 0, s, i);
    } else if (c != NULL && plain_command(c, w.n) && !inches &&
               !(ends_operand(last_kind(l)) && span_is(w, "min") && at(s, end) != '(')) {
        if (c->kind != T_IGNORE) push(l, (enum token_kind)c->kind, c->op, s, i)->text = w;
    } else if (function_prefix(w) > 0) {
        size_t n = function_prefix(w);
        const struct command *f = command_find(span_slice(w, 0, n));
        push(l, T_FUNC, f->op, s, i);
        letters(l, s, i + n, end);
    } else if (foreign || w.n >= 4 || stop_word(w) ||
               (w.n >= 2 && (after_value(l) || after_unit_stroke(l)) && unit_known(w))) {
        push(l, T_TEXT, 0, s, i)->text = w;
    } else {
        letters(l, s, i, end);
    }
    return end;
}

/* A command that is not in the table but begins with one ("\quadx"): that one's length. */
static size_t known_prefix(struct span name)
{
    for (size_t n = name.n - 1; n >= 2 && name.n - n <= 2; n--)
        if (command_find(span_slice(name, 0, n)) != NULL) return n;
    return 0;
}

/* \mu before a unit is its prefix: "3 \mu m", "3\,\mu\text{m}". The offset after the unit, 0
 * when none follows. */
static size_t micro_unit(struct lexer *l, struct span s, size_t i, size_t start)
{
    static const char *const names[] = {"um", "us", "ug", "uA", "uF", "uC", "uL", "uV", "uH", "uT"};
    size_t brace = 0;
    if (last_kind(l) != T_NUM && last_kind(l) != T_RBRACE) return 0;
    while (at(s, i) == ' ')
        i++;
    if (at(s, i) == '\\') {
        const char *open = memchr(s.p + i, '{', s.n - i);
        struct span font = open == NULL ? span_of("", 0) : span_slice(s, i, (size_t)(open - s.p));
        if (!span_is(font, "\\text") && !span_is(font, "\\mathrm")) return 0;
        i += font.n + 1;
        brace = 1;
    }
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        if (at(s, i) != names[k][1] || is_letter(at(s, i + 1))) continue;
        if (brace == 1 && at(s, i + 1) != '}') return 0;
        push(l, T_TEXT, 0, s, start)->text = span_str(names[k]);
        return i + 1 + brace;
    }
    return 0;
}

/* \Omega after a number is the unit of resistance, also with a k or M before it. */
static bool is_ohm(struct lexer *l, struct span s, size_t start)
{
    const struct token *t = l->n > 0 && l->n <= l->room ? &l->out[l->n - 1] : NULL;
    if (t == NULL) return false;
    bool kilo = t->kind == T_NAME && l->n > 1 && t[-1].kind == T_NUM &&
                (span_is(t->text, "k") || span_is(t->text, "M"));
    const char *name = !kilo ? "ohm" : t->text.p[0] == 'k' ? "kohm" : "Mohm";
    if (kilo) l->n--;
    if (!kilo && t->kind != T_NUM) return false;
    push(l, T_TEXT, 0, s, start)->text = span_str(name);
    return true;
}

static size_t environment(struct lexer *l, struct span s, size_t i, const struct command *c)
{
    if (at(s, i) != '{') return fail(l, s, i, "\\begin without a name"), s.n;
    size_t end = group_end(s, i);
    struct span name = span_slice(s, i + 1, end - 1);
    l->env_depth += c->kind == T_BEGIN ? 1 : -1;
    push(l, (enum token_kind)c->kind, 0, s, i)->text = name;
    if (c->kind == T_BEGIN && span_is(name, "array") && at(s, end) == '{') end = group_end(s, end);
    return end;
}

static size_t command(struct lexer *l, struct span s, size_t i, int text_depth)
{
    size_t end = i + 1;
    while (is_letter(at(s, end)))
        end++;
    if (at(s, end) == '*') {
        struct span star = span_slice(s, i + 1, end + 1);
        if (span_is(star, "operatorname*")) end++;
    }
    struct span name = span_slice(s, i + 1, end);
    const struct command *c = command_find(name);
    if (c == NULL && name.n > 2) {
        size_t n = known_prefix(name);
        c = command_find(span_slice(name, 0, n));
        end = i + 1 + n;
        name = span_slice(name, 0, n);
    }
    if (span_is(name, "Omega") && is_ohm(l, s, i)) return end;
    size_t micro = span_is(name, "mu") ? micro_unit(l, s, end, i) : 0;
    if (micro > 0) return micro;
    if (c == NULL && at(s, end) == '{') return fail(l, s, i, "unknown command"), s.n;
    if (c == NULL) return push(l, T_NAME, 0, s, i)->text = name, end;
    switch (c->kind) {
    case T_IGNORE:
        l->space = true;
        if (at(s, end) == '.') { /* \left. */
            if (span_is(name, "left") || span_is(name, "right")) end++;
        }
        return end;
    case T_SKIPARG:
        while (at(s, end) == '*' || at(s, end) == ' ')
            end++;
        return at(s, end) == '{' ? group_end(s, end) : end;
    case T_TEXT:
        return text_group(l, s, end, c->op, text_depth);
    case T_BEGIN:
    case T_ENDENV:
        return environment(l, s, end, c);
    case T_LSET:
        l->depth++;
        break;
    case T_RSET:
        if (l->depth > 0) l->depth--;
        break;
    default:
        break;
    }
    push(l, (enum token_kind)c->kind, c->op, s, i)->text = name;
    return end;
}

/* A sign of money belongs to a number after s[i] or before it. */
static bool beside_number(const struct lexer *l, struct span s, size_t i)
{
    while (at(s, i) == ' ')
        i++;
    return is_digit(at(s, i)) || at(s, i) == '.' || last_kind(l) == T_NUM;
}

/* What follows a backslash. */
static size_t backslash(struct lexer *l, struct span s, size_t i, int text_depth)
{
    int c = at(s, i + 1);
    if (is_letter(c)) return command(l, s, i, text_depth);
    if (c == '\\') {
        size_t end = i + 2;
        while (is_letter(at(s, end)))
            end++;
        if (l->env_depth == 0 && end > i + 3 && command_find(span_slice(s, i + 2, end)) != NULL)
            return i + 1; /* "\\frac": a backslash too many */
        if (l->env_depth > 0) push(l, T_NEWROW, 0, s, i);
        l->space = true;
        if (at(s, i + 2) == '[') { /* \\[2mm] */
            const char *close = memchr(s.p + i + 2, ']', s.n - i - 2);
            if (close != NULL && l->env_depth > 0) return (size_t)(close - s.p) + 1;
        }
        return i + 2;
    }
    static const struct {
        char c;
        uint8_t kind;
    } ones[] = {{'{', T_LSET}, {'}', T_RSET}, {'%', T_PERCENT}, {'|', T_DBAR}, {'&', T_AND}};
    for (size_t k = 0; k < sizeof(ones) / sizeof(ones[0]); k++) {
        if (ones[k].c != c) continue;
        l->depth += c == '{' ? 1 : c == '}' && l->depth > 0 ? -1 : 0;
        push(l, (enum token_kind)ones[k].kind, 0, s, i);
        return i + 2;
    }
    if (c == '$' && beside_number(l, s, i + 2))
        push(l, T_CURRENCY, 0, s, i)->text = span_str("dollar");
    l->space = true; /* \, \; \! \: \( \) \[ \] "\ " and a backslash at the end */
    return i + 2 <= s.n ? i + 2 : s.n;
}

/* Whether s[i] (just after ^) is a degree sign; its length. */
static size_t degree_sign(struct span s, size_t i)
{
    static const char *const forms[] = {"{\\circ}",    "\\circ",    "{\\degree}",
                                        "\\degree",    "{\\circ }", "{ \\circ}",
                                        "{\\;\\circ}", "\\text{o}", "{\\text{o}}"};
    while (at(s, i) == ' ')
        i++;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        size_t n = strlen(forms[f]);
        if (span_starts(span_slice(s, i, s.n), span_str(forms[f])) &&
            (forms[f][n - 1] == '}' || !is_letter(at(s, i + n))))
            return i + n;
    }
    return 0;
}

static size_t operator_at(struct lexer *l, struct span s, size_t i)
{
    static const struct {
        const char *text;
        uint8_t kind, op;
    } table[] = {
        {"...", T_DOTS, 0},       {"**", T_POW, 0},         {"!=", T_REL, R_NE},
        {"<=", T_REL, R_LE},      {">=", T_REL, R_GE},      {"=<", T_REL, R_LE},
        {"=>", T_REL, R_IMPLIES}, {"->", T_REL, R_IMPLIES}, {":=", T_REL, R_EQ},
        {"==", T_REL, R_EQ},      {"+-", T_PM, 0},          {"=", T_REL, R_EQ},
        {"<", T_REL, R_LT},       {">", T_REL, R_GT},       {"+", T_PLUS, 0},
        {"-", T_MINUS, 0},        {"*", T_TIMES, 0},        {"/", T_DIV, 0},
        {"_", T_SUB, 0},          {"!", T_BANG, 0},         {"%", T_PERCENT, 0},
        {"'", T_PRIME, 0},        {"(", T_LP, 0},           {")", T_RP, 0},
        {"[", T_LB, 0},           {"]", T_RB, 0},           {"{", T_LBRACE, 0},
        {"}", T_RBRACE, 0},       {"|", T_BAR, 0},          {",", T_COMMA, 0},
        {";", T_SEMI, 0},         {":", T_COLON, 0},        {"&", T_AMP, 0},
    };
    for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
        size_t n = strlen(table[k].text);
        if (!span_starts(span_slice(s, i, s.n), span_str(table[k].text))) continue;
        int kind = table[k].kind;
        if (kind == T_LP || kind == T_LB) l->depth++;
        if ((kind == T_RP || kind == T_RB) && l->depth > 0) l->depth--;
        push(l, (enum token_kind)kind, table[k].op, s, i);
        return i + n;
    }
    return fail(l, s, i, "a character that is no mathematics"), s.n;
}

/* A base from 11 to 36 named by a subscript at s[i]: _{16}, _16. */
static bool large_base(struct span s, size_t i)
{
    if (at(s, i) != '_') return false;
    i += at(s, i + 1) == '{' ? 2 : 1;
    if (!is_digit(at(s, i)) || !is_digit(at(s, i + 1)) || is_digit(at(s, i + 2))) return false;
    int base = 10 * (at(s, i) - '0') + at(s, i + 1) - '0';
    return base > 10 && base <= 36;
}

static size_t alphanumeric_run(struct span s, size_t i, bool lower)
{
    while (is_digit(at(s, i)) || (at(s, i) >= 'A' && at(s, i) <= 'Z') ||
           (lower && at(s, i) >= 'a' && at(s, i) <= 'f'))
        i++;
    return i;
}

/* 2A_{16}, FF_{16}: digits of a base above ten; the offset after them, 0 when none stand here. */
static size_t large_digits(struct lexer *l, struct span s, size_t i)
{
    if (!is_digit(at(s, i)) && !(at(s, i) >= 'A' && at(s, i) <= 'Z')) return 0;
    size_t end = alphanumeric_run(s, i, false);
    if (end < i + 2 || !large_base(s, end)) return 0;
    push(l, T_NUM, 0, s, i)->text = span_slice(s, i, end);
    return end;
}

/* 0x2A, 0b101, 0o17, as a number and its base; the offset after it, 0 when none stands here. */
static size_t prefixed_digits(struct lexer *l, struct span s, size_t i)
{
    static const struct {
        char letter;
        const char *base;
    } kinds[] = {{'x', "16"}, {'b', "2"}, {'o', "8"}};
    if (at(s, i) != '0' || ends_operand(last_kind(l))) return 0;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t end = alphanumeric_run(s, i + 2, k == 0);
        if (at(s, i + 1) != kinds[k].letter || end == i + 2 || is_letter(at(s, end))) continue;
        push(l, T_NUM, 0, s, i)->text = span_slice(s, i + 2, end);
        push(l, T_SUB, 0, s, i);
        push(l, T_NUM, 0, s, i)->text = span_str(kinds[k].base);
        return end;
    }
    return 0;
}

static size_t scan_one(struct lexer *l, struct span s, size_t i, int text_depth)
{
    int c = at(s, i);
    size_t other_base = large_digits(l, s, i);
    if (other_base == 0) other_base = prefixed_digits(l, s, i);
    if (other_base > 0) return other_base;
    if (is_digit(c) || (c == '.' && is_digit(at(s, i + 1)))) return number(l, s, i);
    if (is_word(c)) return word(l, s, i);
    if (c == '\\') return backslash(l, s, i, text_depth);
    if (c == '$' && l->one_dollar && beside_number(l, s, i + 1)) {
        push(l, T_CURRENCY, 0, s, i)->text = span_str("dollar");
        return i + 1;
    }
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '$' || c == '~' || c == '"' ||
        c == '`') {
        l->space = true;
        return i + 1;
    }
    if (c == '.' && at(s, i + 1) != '.') { /* a full stop */
        l->space = true;
        return i + 1;
    }
    if (c == '^') {
        size_t end = degree_sign(s, i + 1);
        push(l, end > 0 ? T_DEGREE : T_POW, 0, s, i);
        return end > 0 ? end : i + 1;
    }
    return operator_at(l, s, i);
}

static bool scan(struct lexer *l, struct span s, int text_depth)
{
    for (size_t i = 0; i < s.n;) {
        i = scan_one(l, s, i, text_depth);
        if ((l->err != NULL && l->err->code != ERROR_NONE) || l->n > l->room) return false;
        if (i == 0) return false;
    }
    return true;
}

struct token *lexer_tokens(struct arena *a, struct span text, enum lexer_reading reading,
                           struct error *err)
{
    if (text.n > LEXER_MAX_BYTES) {
        error_set(err, ERROR_TOO_LARGE, NULL, "%zu bytes; at most %d", text.n, LEXER_MAX_BYTES);
        return NULL;
    }
    size_t room = text.n < LEXER_MAX_TOKENS ? text.n : LEXER_MAX_TOKENS;
    struct lexer l = {.arena = a, .room = room, .reading = reading, .err = err, .base = text.p};
    const char *dollar = text.n == 0 ? NULL : memchr(text.p, '$', text.n);
    if (dollar != NULL && (dollar == text.p || dollar[-1] != '\\'))
        l.one_dollar = memchr(dollar + 1, '$', text.n - 1 - (size_t)(dollar - text.p)) == NULL;
    l.out = arena_alloc(a, room + LOOKAHEAD, sizeof(*l.out));
    if (l.out == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for tokens");
        return NULL;
    }
    if (!scan(&l, text, 0)) return NULL;
    for (size_t i = l.n; i < l.n + LOOKAHEAD; i++) { /* the parser may look so far ahead */
        l.out[i].kind = T_END;
        l.out[i].pos = (uint32_t)text.n;
    }
    return l.out;
}
