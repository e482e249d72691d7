/* reward/math/find/boxes.c - \boxed{}, \fbox{} and their like.
 *
 * The last box holds the answer; but people give one answer in several boxes, box it again
 * rounded, and take a box back. So boxes are read from the front into a run, and it is the text
 * between two of them (joint_of()) that tells what the next one is: it goes on with the run,
 * begins another, or counts for nothing. That text joins only where it is short and ends with a
 * comma, an "and" or the label of a part, but for the name of what the next box holds ("y =").
 *
 * At the end the run is read. All joined: a list, or a tuple where labels give the parts an order.
 * Three or more different ones without a word between: a list too, so that the last of many
 * guesses does not pay. Else the last box alone.
 *
 * A box that is never closed means that the response was cut off in it: there is no answer then,
 * and the box before it is not taken for one. Looking for a closing brace may go to the end of the
 * text, so it is given up after MAX_UNCLOSED in a row. Spans lead into the response; what is
 * joined is new in the caller's arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/boxes.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/find/taken_back.h"
#include "reward/math/read/words.h"

enum { MAX_BOXES = 64, MAX_UNCLOSED = 16, MAX_POWER = 16 };

struct box {
    struct span inside;
    size_t from, to;
};

/* \boxed 7 and \boxed\frac12: no braces, one token: a command with what sticks to it, a number, or
 * a letter alone. "\boxed please" is none. */
static size_t bare_token(struct span s, size_t i)
{
    size_t j = i;
    bool command = j < s.n && s.p[j] == '\\';
    if (command) j++;
    while (j < s.n && strchr(" \n\t$.,;{}", s.p[j]) == NULL) {
        j++;
    }
    if (!command && j > i + 1 && ascii_is_letter(s.p[i])) return i;
    return j;
}

/* The box whose name stands at s.p[i]; false when none does or it is never closed. */
static bool box_at(struct span s, size_t i, struct box *b)
{
    static const char *const names[] = {"\\boxed", "\\fbox", "\\framebox"};
    struct span rest = span_slice(s, i, s.n);
    struct span glm = span_str("<|begin_of_box|>"), glm_end = span_str("<|end_of_box|>");
    if (span_starts(rest, glm)) {
        size_t end = span_find(s, glm_end, i);
        if (end == SPAN_NONE) return false;
        *b = (struct box){span_slice(s, i + glm.n, end), i, end + glm_end.n};
        return true;
    }
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        struct span name = span_str(names[k]);
        if (!span_starts(rest, name)) continue;
        size_t j = i + name.n;
        while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\n')) {
            j++;
        }
        if (j >= s.n) return false;
        if (s.p[j] == '{') {
            size_t end = words_close(s, j);
            if (end == SPAN_NONE) return false;
            *b = (struct box){span_slice(s, j + 1, end - 1), i, end};
            return true;
        }
        size_t end = bare_token(s, j);
        if (end == j) return false;
        *b = (struct box){span_slice(s, j, end), i, end};
        return true;
    }
    return false;
}

bool boxes_cut_off(struct span s)
{
    size_t a = span_find_last(s, span_str("\\boxed{")), b = span_find_last(s, span_str("\\fbox{"));
    struct box unused;
    if (a != SPAN_NONE && (b == SPAN_NONE || a > b)) return !box_at(s, a, &unused);
    return b != SPAN_NONE && !box_at(s, b, &unused);
}

/* The next backslash or < at or after `from`: where a box may begin. */
static size_t next_sign(struct span s, size_t from)
{
    while (from < s.n && s.p[from] != '\\' && s.p[from] != '<') {
        from++;
    }
    return from;
}

/* A box opens at s.p[i] (and may never be closed). */
static bool opens_box(struct span s, size_t i)
{
    static const char *const marks[] = {"\\boxed{", "\\fbox{", "\\framebox{", "<|begin_of_box|>"};
    for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), marks[k])) return true;
    }
    return false;
}

/* The next box at or after `from`; *unclosed counts those on the way that are never closed. */
static bool next_box(struct span s, size_t from, struct box *b, int *unclosed)
{
    *unclosed = 0;
    for (size_t i = next_sign(s, from); i < s.n && *unclosed < MAX_UNCLOSED;
         i = next_sign(s, i + 1)) {
        if (box_at(s, i, b)) return true;
        *unclosed += opens_box(s, i);
    }
    return false;
}

size_t boxes_last_end(struct span s)
{
    struct box b = {.to = 0};
    size_t end = 0;
    int unclosed;
    if (s.n == 0 || span_find(s, span_str("box"), 0) == SPAN_NONE) return 0;
    while (next_box(s, end, &b, &unclosed)) {
        end = b.to;
    }
    return end;
}

static bool starts_word(struct span *s, const char *w)
{
    struct span head = span_str(w);
    if (!span_starts(*s, head)) return false;
    *s = span_slice(*s, head.n, s->n);
    return true;
}

static struct span skip_blanks(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '~')) {
        s = span_slice(s, 1, s.n);
    }
    return s;
}

/* Drop signs that neither join nor part: spaces, dollars, formula marks, \text{ and }'s wrapping. */
static struct span skip_signs(struct span s)
{
    static const char *const signs[] = {
        " ",       "\n",     "\t",  "$",   "\\(", "\\)", "\\[", "\\]", "\\quad",
        "\\qquad", "\\text", "\\ ", "\\,", "\\;", "{",   "}",   "**",  "\xe3\x80\x82"};
    for (bool again = true; again && s.n > 0;) {
        again = false;
        for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
            again |= starts_word(&s, signs[i]);
        }
    }
    return s;
}

/* The offset after the label of a part: "(b)", "b)", "2.", "(ii)", "Part (b):", U+2461; 0 when s
 * begins otherwise. The first part's label joins nothing. */
static size_t label_end(struct span s)
{
    static const char *const names[] = {"part ", "question ", "problem "};
    static const char *const numbers[] = {"b", "c", "d", "e", "f", "g",  "h",   "2",  "3", "4",
                                          "5", "6", "7", "8", "9", "ii", "iii", "iv", "v", "vi"};
    size_t i = 0, at;
    bool named = false;
    if (s.n >= 3 && memcmp(s.p, "\xe2\x91", 2) == 0 && (unsigned char)s.p[2] > 0xa0) return 3;
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]) && !named; k++) {
        named = words_begin(s, names[k]);
        if (named) i = strlen(names[k]);
    }
    bool open = i < s.n && s.p[i] == '(';
    i += open;
    for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
        at = i + strlen(numbers[k]);
        if (at >= s.n || !words_begin(span_slice(s, i, s.n), numbers[k])) continue;
        if (s.p[at] != ')' && (open || (s.p[at] != '.' && s.p[at] != ':'))) continue;
        at++;
        return at + (at < s.n && s.p[at] == ':');
    }
    return 0;
}

/* Nothing but "approximately" stands in the gap: the second box says the first one again. */
static bool is_approximation(struct span gap)
{
    static const char *const leads[] = {",", "or", "i.e.", "that is", "which is"};
    static const char *const signs[] = {"\\approx", "\xe2\x89\x88",  "\\simeq", "\\sim",
                                        "about",    "approximately", "roughly"};
    struct span s = skip_signs(gap);
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (starts_word(&s, leads[i])) s = skip_signs(s), i = (size_t)-1;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        struct span rest = s;
        if (starts_word(&rest, signs[i]) && skip_signs(rest).n == 0) return true;
    }
    return false;
}

enum joint {
    APART,
    TOUCHING, /* nothing but signs and white space between */
    JOINED,
    LABELLED,   /* by the label of a part: the parts have an order */
    SAID_AGAIN, /* the second is the first one, rounded */
    DENIED,     /* "and not" */
};

/* How the text between two boxes connects them: joined by a comma, "and" or "or" that stands last
 * (but for "name =" of the next box) in the same sentence. */
static enum joint joint_of(struct span gap)
{
    bool joined = false, words = false, labelled = false, denied = false;
    if (gap.n > 80) return APART;
    if (is_approximation(gap)) return SAID_AGAIN;
    for (struct span s = skip_signs(gap); s.n > 0; s = skip_signs(s)) {
        size_t n = 0;
        size_t label = label_end(s);
        if (label > 0) { /* (a) \boxed{1} (b) \boxed{2} */
            joined = true;
            labelled |= !ascii_is_digit(s.p[0]); /* 1. and 2. may count solutions */
            words = false;
            s = span_slice(s, label, s.n);
            continue;
        }
        if (s.p[0] == '.' && label_end(skip_signs(span_slice(s, 1, s.n))) > 0) {
            s = span_slice(s, 1, s.n); /* \boxed{1}. Part B: \boxed{2} */
            continue;
        }
        if (starts_word(&s, ",") || starts_word(&s, ";") || starts_word(&s, "\xe3\x80\x81")) {
            joined = true;
            words = false;
            continue;
        }
        while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
                           s.p[n] == '_' || (n > 0 && s.p[n] >= '0' && s.p[n] <= '9'))) {
            n++;
        }
        struct span w = span_slice(s, 0, n);
        if (n == 0) {
            if (s.p[0] == '=' || s.p[0] == '(' || s.p[0] == ')') { /* y_2 = \boxed{...} */
                words = words && s.p[0] != '=';
                s = span_slice(s, 1, s.n);
                continue;
            }
            return APART;
        }
        s = span_slice(s, n, s.n);
        if (span_is(w, "and") || span_is(w, "or")) {
            joined = true;
            words = false;
        } else if (span_is(w, "but") || span_is(w, "then") || span_is(w, "wait") ||
                   span_is(w, "no")) {
            return APART;
        } else {
            words = true;
        }
        denied = span_is(w, "not");
    }
    return denied ? DENIED : words ? APART : labelled ? LABELLED : joined ? JOINED : TOUCHING;
}

static int distinct(const struct box *b, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        bool seen = false;
        for (int j = 0; j < i; j++) {
            seen |= span_eq(span_trim(b[i].inside), span_trim(b[j].inside));
        }
        count += !seen;
    }
    return count;
}

/* The boxes as a list, parts of a question as a tuple. */
static struct span join(struct arena *a, const struct box *b, int n, bool parts)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    if (parts) buffer_add_char(&out, '(');
    for (int i = 0; i < n; i++) {
        if (i > 0) buffer_add_str(&out, ", ");
        buffer_add_span(&out, words_unwrap(b[i].inside));
    }
    if (parts) buffer_add_char(&out, ')');
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span s = copy == NULL ? b[n - 1].inside : span_of(copy, out.n);
    buffer_clear(&out);
    return s;
}

/* "Put your final answer within \boxed{}.": an empty box that a preposition names is no answer. */
static bool is_instruction(struct span s, const struct box *b)
{
    static const char *const words[] = {"within", "in",   "inside", "into",
                                        "using",  "with", "use",    "used"};
    struct span before = span_slice(s, 0, b->from);
    if (span_trim(b->inside).n > 0) return false;
    while (before.n > 0 && strchr(" $\\(`*", before.p[before.n - 1]) != NULL) {
        before.n--;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i]);
        bool border = before.n > n && before.p[before.n - n - 1] == ' ';
        if (border && span_ends(before, span_str(words[i]))) return true;
    }
    return false;
}

/* It holds what a prompt writes where the answer goes: \boxed{}, \boxed{...}, \boxed{answer}. */
static bool is_placeholder(const struct box *b)
{
    static const char *const words[] = {"...",
                                        "\\ldots",
                                        "\\dots",
                                        "\\cdots",
                                        "answer",
                                        "your answer",
                                        "final answer",
                                        "\xe2\x80\xa6",
                                        "your final answer",
                                        "result",
                                        "?"};
    struct span s = words_unwrap(b->inside);
    if (s.n > 20 || (s.n > 0 && ascii_is_digit(s.p[0]))) return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && s.n > 0; i++) {
        struct span w = span_str(words[i]);
        if (s.n == w.n && words_start(s, w)) return true;
    }
    return s.n == 0;
}

/* The end of the " \times 10^8" that s begins with; 0 without one. */
static size_t power_of_ten_end(struct span s)
{
    static const char *const signs[] = {"\\times", "\\cdot", "\xc3\x97"};
    struct span rest = skip_blanks(s), ten = span_str("10^");
    bool times = false;
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]) && !times; k++) {
        times = starts_word(&rest, signs[k]);
    }
    rest = skip_blanks(rest);
    size_t i = (size_t)(rest.p - s.p) + ten.n, from = i;
    if (!times || !span_starts(rest, ten)) return 0;
    if (i < s.n && s.p[i] == '{') {
        size_t end = words_close(span_slice(s, 0, i + MAX_POWER), i);
        return end == SPAN_NONE ? 0 : end;
    }
    i += i < s.n && s.p[i] == '-';
    while (i < s.n && ascii_is_digit(s.p[i])) {
        i++;
    }
    return i > from && ascii_is_digit(s.p[i - 1]) ? i : 0;
}

/* \boxed{5}\%, \boxed{3.0}\times 10^8: what stands behind the box belongs to the number in it. */
static struct span with_tail(struct arena *a, struct span s, const struct box *b)
{
    struct span after = span_slice(s, b->to, s.n), inside = b->inside;
    bool percent = span_starts(after, span_str("\\%")) || span_starts(after, span_str("%"));
    struct span tail =
        percent ? span_str("\\%") : span_slice(after, 0, power_of_ten_end(after));
    if (tail.n == 0 || inside.n == 0 || !ascii_is_digit(inside.p[inside.n - 1])) return inside;
    char *text = arena_alloc(a, inside.n + tail.n, 1);
    if (text == NULL) return inside;
    memcpy(text, inside.p, inside.n);
    memcpy(text + inside.n, tail.p, tail.n);
    return span_of(text, inside.n + tail.n);
}

struct span boxes_answer(struct arena *a, struct span s, bool first, int *count)
{
    struct box run[MAX_BOXES], b;
    int n = 0, joined = 0, labelled = 0, unclosed;
    bool denied = false;
    *count = 0;
    if (s.n == 0 || (span_find(s, span_str("box"), 0) == SPAN_NONE)) return span_of(NULL, 0);
    for (size_t at = 0; next_box(s, at, &b, &unclosed); at = b.to) {
        if (first) return b.inside;
        enum joint j = n == 0 ? APART : joint_of(span_slice(s, run[n - 1].to, b.from));
        if (j == SAID_AGAIN || j == DENIED || is_instruction(s, &b)) continue;
        if (is_placeholder(&b) && (b.inside.n > 0 || j == TOUCHING)) continue;
        if (taken_back(s, b.from, b.to)) { /* and one that says the same before it */
            denied = true;
            if (n > 0 && span_eq(run[n - 1].inside, b.inside)) n = joined = labelled = 0;
            continue;
        }
        bool adjacent = n > 0 && run[n - 1].to == b.from; /* \boxed{1}\boxed{2} in one formula */
        if (j == APART) n = joined = labelled = 0;
        if (n == MAX_BOXES) {
            memmove(run, run + 1, sizeof(run) - sizeof(run[0]));
            n--;
        }
        run[n++] = b;
        joined += j == JOINED || j == LABELLED || adjacent;
        labelled += j == LABELLED;
    }
    if (n == 0 && denied) *count = BOXES_DENIED;
    if (n == 0 || unclosed > 0) return span_of(NULL, 0); /* cut off in the next one */
    if ((n > 1 && joined == n - 1) || distinct(run, n) >= 3) {
        *count = n;
        return join(a, run, n, labelled == n - 1);
    }
    return with_tail(a, s, &run[n - 1]);
}

/* Where the sentence of s.p[at] begins: behind a line's end, or a stop and a space. */
static size_t sentence_start(struct span s, size_t at)
{
    while (at > 0 && s.p[at - 1] != '\n' &&
           !(at > 1 && s.p[at - 1] == ' ' && strchr(".!?", s.p[at - 2]) != NULL)) {
        at--;
    }
    return at;
}

struct span boxes_line(struct arena *a, struct span s)
{
    struct box boxes[MAX_BOXES], b;
    int n = 0, unclosed;
    size_t from = 0;
    if (span_find(s, span_str("box"), 0) == SPAN_NONE) return span_of(NULL, 0);
    for (size_t at = 0; next_box(s, at, &b, &unclosed); at = b.to) {
        size_t start = sentence_start(s, b.from);
        if (start != from) n = 0;
        from = start;
        if (n == MAX_BOXES) return span_of(NULL, 0);
        boxes[n++] = b;
    }
    if (n < 2) return span_of(NULL, 0);
    size_t end = boxes[n - 1].to, to = 0, copied = from;
    while (end < s.n && s.p[end] != '\n' && s.p[end] != '.') {
        end++;
    }
    char *out = arena_alloc(a, end - from + 1, 1);
    for (int i = 0; out != NULL && i < n; i++) {
        struct span before = span_slice(s, copied, boxes[i].from);
        if (before.n > 0) memcpy(out + to, before.p, before.n);
        to += before.n;
        if (boxes[i].inside.n > 0) memcpy(out + to, boxes[i].inside.p, boxes[i].inside.n);
        to += boxes[i].inside.n;
        copied = boxes[i].to;
    }
    if (out != NULL && end > copied) memcpy(out + to, s.p + copied, end - copied);
    return span_of(out, out == NULL ? 0 : to + (end - copied));
}
