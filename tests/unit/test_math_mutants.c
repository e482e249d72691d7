/* tests/unit/test_math_mutants.c - the other way round: a right answer, changed in one place, is wrong.
 *
 * Each right pair of tests/data is judged; then its answer is changed in one place (a sign, a digit,
 * a letter, a bracket, the order, a unit, a word that denies or changes it, a second guess) and judged again. What
 * is still paid must be one of the changes that mean nothing, and the table `reasons` says which
 * these are and why.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/ascii.h"

enum kind { SIGN, DIGIT, LETTER, BRACKET, ORDER, UNIT, NEGATION, SPOKEN, GUESS, KINDS };

static const char *const kind_names[KINDS] = {"sign", "digit",    "letter", "bracket", "order",
                                              "unit", "negation", "word",   "guess"};

enum { ROOM = 16384, WANTED = 5000 };

struct mutant {
    enum kind kind;
    struct span gold;
    struct span text;      /* the changed response */
    struct span answer;    /* what it had as its answer before */
    size_t at;             /* where in answer the change is */
    char was;              /* the byte there */
    enum math_cause cause; /* why it is still right */
};

static struct {
    int pairs, made[KINDS], survived, unexplained;
    int by_reason[32];
} tally;

/* ---- why a mutant may be right ----------------------------------------------------------------- */

static bool has(struct span s, const char *what)
{
    return span_find(s, span_str(what), 0) != SPAN_NONE;
}

/* The answer's bytes before and after the change. */
static struct span head(const struct mutant *m)
{
    return span_slice(m->answer, 0, m->at);
}

static struct span tail(const struct mutant *m)
{
    return span_slice(m->answer, m->at + 1, m->answer.n);
}

static bool is_family(struct span s)
{
    return has(s, "\\mathbb{Z}") || has(s, "\\mathbb Z") || has(s, "\\text{ integer") ||
           has(s, "integer");
}

static bool in_name(const struct mutant *m)
{
    size_t sign = span_find(m->answer, span_str("="), 0);
    return sign != SPAN_NONE && m->at < sign && !has(m->gold, "=");
}

static bool before_last_sign(const struct mutant *m)
{
    size_t sign = span_find_last(m->answer, span_str("="));
    bool chain = !has(m->gold, "=") || has(m->gold, "&=");
    return sign != SPAN_NONE && m->at < sign && chain;
}

static bool in_index(const struct mutant *m)
{
    struct span before = head(m);
    return span_ends(before, span_str("_")) || span_ends(before, span_str("_{"));
}

static bool sign_of_zero(const struct mutant *m)
{
    struct span after = tail(m);
    bool number = after.n > 0 && (ascii_is_digit(after.p[0]) || after.p[0] == '.');
    bool zero = span_is(m->gold, "-0");
    return zero || (m->kind == SIGN && m->was == '0' && !number);
}

static bool sign_in_family(const struct mutant *m)
{
    bool sign = m->kind == SIGN || m->kind == SPOKEN || m->kind == DIGIT;
    return sign && (is_family(m->gold) || is_family(m->answer));
}

static bool sign_in_even_function(const struct mutant *m)
{
    static const char *const even[] = {"\\cos", "cos",   "|",     "^2",  "^{2}", "\\gcd",
                                       "lcm",   "\\sec", "\\cot", "abs", "\\pm"};
    bool found = false;
    for (size_t i = 0; i < sizeof(even) / sizeof(even[0]); i++) {
        found |= has(m->answer, even[i]);
    }
    return (m->kind == SIGN || m->kind == SPOKEN) && found;
}

static bool bracket_of_infinity(const struct mutant *m)
{
    struct span after = tail(m);
    return m->kind == BRACKET &&
           (span_starts(after, span_str("-\\infty")) || span_starts(after, span_str("-inf")) ||
            span_starts(after, span_str("-\xe2\x88\x9e")));
}

/* "(3,-2" and "(1,2,3": no interval, so its brackets are only brackets. */
static bool bracket_of_no_interval(const struct mutant *m)
{
    if (m->kind != BRACKET) return false;
    double x = 0, y = 0;
    struct span g = m->gold;
    if (g.n > 1 && g.p[0] == '(' && has(g, "),")) return true; /* a list of tuples */
    bool pair = sscanf(g.p, "(%lf,%lf", &x, &y) == 2 || sscanf(g.p, "[%lf,%lf", &x, &y) == 2;
    bool interval =
        has(g, "infty") || (has(g, "<") && g.p[0] != '<') || has(g, "\\le ") || has(g, "\\cup");
    return (!pair || x >= y) && !interval;
}

static bool order_of_set(const struct mutant *m)
{
    bool choices = has(m->gold, "(A)") || has(m->gold, "(1)");
    return m->kind == ORDER && (m->answer.p[0] != '(' || has(m->answer, "\\in") || choices);
}

static bool beyond_rounding(const struct mutant *m)
{
    return m->kind == DIGIT && m->cause == MATH_EQUAL_AFTER_ROUNDING;
}

static bool after_approx(const struct mutant *m)
{
    struct span before = head(m);
    return has(before, "\\approx") || has(before, "\xe2\x89\x88") || has(before, "approx");
}

/* The change is in the unit of a value whose reference has none, or in words after the value. */
static bool in_dropped_unit(const struct mutant *m)
{
    size_t digit = 0;
    for (size_t i = 0; i < m->at && i < m->answer.n; i++) {
        if (ascii_is_digit(m->answer.p[i]) || m->answer.p[i] == '}') digit = i + 1;
    }
    bool letters = digit > 0;
    bool gold_bare = true;
    for (size_t i = 0; i < m->gold.n; i++) {
        gold_bare &= !(i > 0 && m->gold.p[i - 1] == ' ' && ascii_is_letter(m->gold.p[i]));
    }
    return (m->kind == UNIT || m->kind == LETTER || m->kind == DIGIT || m->kind == SIGN) &&
           letters && gold_bare && !has(m->gold, "text") &&
           (has(head(m), "\\text") || has(head(m), " "));
}

static bool name_unknown_to_gold(const struct mutant *m)
{
    if (m->kind != LETTER) return false;
    for (size_t i = 0; i < m->gold.n; i++) {
        bool inside = (i > 0 && (ascii_is_letter(m->gold.p[i - 1]) || m->gold.p[i - 1] == '\\')) ||
                      (i + 1 < m->gold.n && ascii_is_letter(m->gold.p[i + 1]));
        if (m->gold.p[i] == m->was && !inside) return false;
    }
    return true;
}

static bool imaginary_unit(const struct mutant *m)
{
    return m->kind == LETTER && m->was == 'i';
}

static bool constant_of_integration(const struct mutant *m)
{
    return m->kind == LETTER && (m->was == 'C' || m->was == 'A' || m->was == 'B');
}

static bool name_of_solutions(const struct mutant *m)
{
    return m->kind == LETTER && (is_family(m->answer) || has(m->gold, ",") || has(m->gold, "or"));
}

static bool name_of_bound(const struct mutant *m)
{
    static const char *const binders[] = {"\\{", "\\mapsto", "y(", "\\mid"};
    bool bound = false;
    for (size_t i = 0; i < sizeof(binders) / sizeof(binders[0]); i++) {
        bound |= has(m->answer, binders[i]) || has(m->text, binders[i]);
    }
    return m->kind == LETTER && bound;
}

/* 2023--2024, a dash in TeX, less one sign: the reference itself. */
static bool is_reference(const struct mutant *m)
{
    return m->kind == SIGN && has(m->answer, "--") && span_find(m->text, m->gold, 0) != SPAN_NONE;
}

static bool in_remark(const struct mutant *m)
{
    return has(m->text, "Yes, ") || has(m->answer, "pt]");
}

static bool said_before(const struct mutant *m)
{
    return m->kind == NEGATION && has(m->text, "is 13 - 8.");
}

static bool same_value(const struct mutant *m)
{
    static const struct {
        const char *gold, *answer;
    } rows[] = {
        {"\\binom{7}{3}", "4"}, /* choose 3 or leave 3 */
        {"\\binom{5}{2}", "3"},
        {"\\gcd(2^{90},2^{40})", "91"},
        {"5 \\bmod 10", "mod"}, /* other members of the residue */
        {"(-32)^{2/5}", "2"},   /* an even power */
        {"\\ln|x|+C", "4x"},    /* ln 4 belongs to the constant */
        {"\\{0,\\pm1\\}", "minus 0"},
        {"\\lim_{x\\to0^+}x^2\\ln x", ""}, /* 1 ln 1 and half of 0 are 0 too */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (span_is(m->gold, rows[i].gold) && has(m->text, rows[i].answer)) return true;
    }
    return false;
}

static bool no_value(const struct mutant *m)
{
    bool name = ascii_is_letter(m->gold.p[0]) || (m->gold.p[0] & 0x80) != 0 ||
                span_starts(m->gold, span_str("\\text"));
    return m->kind == SPOKEN && name;
}

/* July 5 is of the same year. */
static bool day_of_year(const struct mutant *m)
{
    return m->kind == DIGIT && span_is(m->gold, "1776") && has(m->text, ", 1776");
}

struct reason {
    const char *why;
    bool (*explains)(const struct mutant *m);
};

static const struct reason reasons[] = {
    {"the name before = is not asked for", in_name},
    {"of a chain of = the last value counts", before_last_sign},
    {"an index is a name", in_index},
    {"-0 is 0", sign_of_zero},
    {"a family is the set of its values: signs and starts may give the same", sign_in_family},
    {"an even function, or both signs anyway", sign_in_even_function},
    {"infinity belongs to no interval", bracket_of_infinity},
    {"brackets of a tuple or a call, which no interval is", bracket_of_no_interval},
    {"sets and lists have no order", order_of_set},
    {"digits beyond those that rounding asks for", beyond_rounding},
    {"an approximation after the value", after_approx},
    {"a unit, or a word after the value, where the reference has none", in_dropped_unit},
    {"a bound name that the reference does not have", name_unknown_to_gold},
    {"engineers' j is i", imaginary_unit},
    {"constants of integration have any name", constant_of_integration},
    {"the unknown's name in a list of its values", name_of_solutions},
    {"a bound name", name_of_bound},
    {"a dash of two signs less one is a dash", is_reference},
    {"words after yes, or a row's height", in_remark},
    {"said before it is denied", said_before},
    {"another day of the year that is asked for", day_of_year},
    {"the same value", same_value},
    {"words before a letter or name mean nothing", no_value},
};

enum { REASONS = sizeof(reasons) / sizeof(reasons[0]) };

/* ---- judging ----------------------------------------------------------------------------------- */

/* In a process of its own: what must be computed in full may end it. */
static enum math_verdict judge_in_full(struct arena *a, struct span gold, struct span text,
                                       const struct math_options *o)
{
    struct math_result r;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        math_judge(a, text, &gold, 1, o, MATH_FULL, &r);
        _exit((int)r.verdict);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? (enum math_verdict)WEXITSTATUS(status) : MATH_CANNOT_JUDGE;
}

static enum math_verdict judge(struct arena *a, struct span gold, struct span text,
                               struct math_result *r)
{
    struct math_options o = MATH_DEFAULTS;
    o.budget_s = 2;
    math_judge(a, text, &gold, 1, &o, MATH_CHEAP, r);
    if (r->verdict == MATH_DEFER) r->verdict = judge_in_full(a, gold, text, &o);
    return r->verdict;
}

static void try_mutant(struct mutant *m)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct math_result r;
    tally.made[m->kind]++;
    if (judge(a, m->gold, m->text, &r) == MATH_CORRECT) {
        tally.survived++;
        m->cause = r.cause;
        int why = 0;
        while (why < REASONS && !reasons[why].explains(m)) {
            why++;
        }
        if (why < REASONS) {
            tally.by_reason[why]++;
        } else {
            tally.unexplained++;
            print_error("%s: gold %.*s, still right: %.*s (%s, %.*s)\n", kind_names[m->kind],
                        (int)m->gold.n, m->gold.p, (int)m->text.n, m->text.p,
                        math_cause_name(r.cause), (int)r.extracted.n, r.extracted.p);
        }
    }
    arena_free(a);
}

/* ---- changing ---------------------------------------------------------------------------------- */

/* text with the n bytes at `at` replaced, judged. */
static void change(const struct mutant *like, struct span text, size_t at, size_t n,
                   const char *with, size_t answer_from)
{
    static char room[ROOM];
    size_t w = strlen(with);
    struct mutant m = *like;
    if (text.n + w >= ROOM) return;
    memcpy(room, text.p, at);
    memcpy(room + at, with, w);
    memcpy(room + at + w, text.p + at + n, text.n - at - n);
    m.text = span_of(room, text.n - n + w);
    m.at = at - answer_from;
    m.was = at < text.n ? text.p[at] : 0;
    try_mutant(&m);
}

static bool is_word_letter(struct span s, size_t i)
{
    return i < s.n && (ascii_is_letter(s.p[i]) || s.p[i] == '\\');
}

static void mutate_at(const struct mutant *m, struct span text, size_t from, size_t i)
{
    struct mutant like = *m;
    char c = text.p[i], next[2] = {0, 0};
    int before = i > 0 ? (unsigned char)text.p[i - 1] : ' ';
    if (ascii_is_digit(c)) {
        like.kind = DIGIT;
        next[0] = c == '9' ? '0' : (char)(c + 1);
        change(&like, text, i, 1, next, from);
        bool starts = !ascii_is_digit(before) && !ascii_is_letter(before) && before != '.' &&
                      before != '_' && before != ',';
        like.kind = SIGN;
        if (starts && before == '-') change(&like, text, i - 1, 1, "", from);
        if (starts && before != '-' && before != '}' && before < 0x80) {
            change(&like, text, i, 0, "-", from);
        }
    }
    if (ascii_is_letter(c) && !is_word_letter(text, i + 1) && !ascii_is_letter(before) &&
        before != '\\') {
        like.kind = LETTER;
        next[0] = (c | 0x20) == 'z' ? (char)(c - 1) : (char)(c + 1);
        change(&like, text, i, 1, next, from);
    }
    if ((c == '(' || c == '[') && before != '\\' && !ascii_is_letter(before)) {
        like.kind = BRACKET;
        change(&like, text, i, 1, c == '(' ? "[" : "(", from);
    }
}

static void mutate_units(const struct mutant *m, struct span text, size_t from, size_t to)
{
    static const char *const units[][2] = {{"cm", "m"},
                                           {"km", "m"},
                                           {"kg", "g"},
                                           {"hours", "days"},
                                           {"minutes", "hours"},
                                           {"mm", "m"},
                                           {"percent", "degrees"},
                                           {"cents", "dollars"}};
    struct mutant like = *m;
    like.kind = UNIT;
    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        size_t at = span_find(span_slice(text, 0, to), span_str(units[k][0]), from);
        bool word = at != SPAN_NONE && (at == 0 || !ascii_is_letter(text.p[at - 1])) &&
                    !is_word_letter(text, at + strlen(units[k][0]));
        if (word) change(&like, text, at, strlen(units[k][0]), units[k][1], from);
    }
}

/* "(a, b" as "(b, a": the two sides of the first comma of the answer. */
static void mutate_order(const struct mutant *m, struct span text, size_t from, size_t to)
{
    struct mutant like = *m;
    char with[400];
    size_t open = from, comma = from, end;
    while (open < to && strchr("([{", text.p[open]) == NULL) {
        open++;
    }
    comma = open;
    while (comma < to && text.p[comma] != ',') {
        comma++;
    }
    end = comma + 1;
    while (end < to && strchr(",)]}\\", text.p[end]) == NULL) {
        end++;
    }
    if (comma >= to || end >= to || end - open > sizeof(with) - 8) return;
    like.kind = ORDER;
    snprintf(with, sizeof(with), "%.*s,%.*s", (int)(end - comma - 1), text.p + comma + 1,
             (int)(comma - open - 1), text.p + open + 1);
    change(&like, text, open + 1, end - open - 1, with, from);
}

/* Words before the answer, where a sentence states it. */
static void mutate_words(const struct mutant *m, struct span text, size_t from)
{
    static const struct {
        enum kind kind;
        const char *words;
    } words[] = {
        {NEGATION, "not "}, {SPOKEN, "minus "}, {SPOKEN, "half of "}, {SPOKEN, "less than "}};
    struct mutant like = *m;
    size_t at = from;
    while (at > 0 && strchr("$*(\\[`", text.p[at - 1]) != NULL) {
        at--;
    }
    if (at < 3 || memcmp(text.p + at - 3, "is ", 3) != 0) return;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        like.kind = words[k].kind;
        change(&like, text, at, 0, words[k].words, from);
    }
}

/* A number, and another one said to be the same: "7 = 4321", "4321 \\approx 7". */
static void mutate_guesses(const struct mutant *m, struct span text, size_t from, size_t to)
{
    static const char *const behind[] = {" = 4321", " \\approx 4321"};
    static const char *const front[] = {"4321 = ", "4321 \\approx "};
    struct mutant like = *m;
    like.kind = GUESS;
    bool ends = to == text.n || text.p[to] == '}' || text.p[to] == '$';
    for (size_t i = from; i < to; i++) {
        ends &= ascii_is_digit(text.p[i]) != 0;
    }
    if (!ends || (from > 0 && strchr("{$", text.p[from - 1]) == NULL)) return;
    for (size_t k = 0; k < sizeof(front) / sizeof(front[0]); k++) {
        change(&like, text, from, 0, front[k], from);
        change(&like, text, to, 0, behind[k], from);
    }
}

static void mutate_pair(struct span gold, struct span text)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct math_result r;
    size_t from = SPAN_NONE;
    if (judge(a, gold, text, &r) == MATH_CORRECT && r.extracted.n > 0) {
        bool inside = r.extracted.p >= text.p && r.extracted.p < text.p + text.n;
        from = inside ? (size_t)(r.extracted.p - text.p) : span_find_last(text, r.extracted);
    }
    if (from != SPAN_NONE) {
        size_t to = from + r.extracted.n;
        struct mutant m = {.gold = gold, .answer = span_slice(text, from, to)};
        tally.pairs++;
        for (size_t i = from; i < to; i++) {
            mutate_at(&m, text, from, i);
        }
        mutate_units(&m, text, from, to);
        mutate_order(&m, text, from, to);
        mutate_words(&m, text, from);
        mutate_guesses(&m, text, from, to);
    }
    arena_free(a);
}

/* ---- the pairs --------------------------------------------------------------------------------- */

static void row(char *line, int *wrong)
{
    (void)wrong;
    char *response = strstr(line, " || ");
    if (line[0] != '=' || response == NULL) return;
    *response = 0;
    response += 4;
    unescape_response(response);
    mutate_pair(span_str(line + 2), span_str(response));
}

/* A row of notations: each spelling, in a box and in a sentence, against the first. */
static void notation(char *line, int *wrong)
{
    static const char *const forms[] = {"So $\\boxed{%s}$.", "The answer is %s, as required."};
    static char text[ROOM];
    (void)wrong;
    char *others = strstr(line, " !! ");
    if (others != NULL) *others = 0;
    struct span first = {line, strlen(line)};
    for (char *spelling = line; spelling != NULL;) {
        char *end = strstr(spelling, " ~~ ");
        if (end != NULL) *end = 0;
        if (spelling == line) first.n = strlen(line);
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            snprintf(text, sizeof(text), forms[k], spelling);
            mutate_pair(first, span_str(text));
        }
        spelling = end == NULL ? NULL : end + 4;
    }
}

static void test_mutants(void **state)
{
    (void)state;
    int unused = 0, made = 0;
    check_lines("tests/data/responses.txt", row, &unused);
    check_lines("tests/data/field.txt", row, &unused);
    check_lines("tests/data/notations.txt", notation, &unused);
    for (int k = 0; k < KINDS; k++) {
        print_message("%-9s %d\n", kind_names[k], tally.made[k]);
        made += tally.made[k];
    }
    print_message("%d mutants of %d pairs, %d still right\n", made, tally.pairs, tally.survived);
    for (int k = 0; k < REASONS; k++) {
        print_message("  %4d  %s\n", tally.by_reason[k], reasons[k].why);
    }
    assert_true(made >= WANTED);
    assert_int_equal(tally.unexplained, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutants)};
    return cmocka_run_group_tests_name("math_mutants", tests, NULL, NULL);
}
