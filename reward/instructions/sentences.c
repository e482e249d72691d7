/* reward/instructions/sentences.c - see sentences.h.
 *
 * Three steps, as the paper's section 4 and NLTK's tokenizer take them:
 *
 *   1. A candidate is a . ? or ! before white space and another token, or before a mark that no
 *      word holds. Candidates within one word are one: the last.
 *   2. The candidate's word and what follows it are cut into tokens, and a decision is made over
 *      these few bytes alone (ends_here).
 *   3. Closing quotation marks and brackets that begin a sentence belong to the one before
 *      (realign).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/sentences.h"

#include "base/ascii.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sentence_words.h"
#include "reward/rules/unicode.h"

static bool is_end_mark(char c)
{
    return c == '.' || c == '?' || c == '!';
}

static bool is_curly_quote(uint32_t c)
{
    return c == 0x2018 || c == 0x2019 || c == 0x201C || c == 0x201D || c == 0xAB || c == 0xBB;
}

static bool is_one_of(uint32_t c, const char *set)
{
    return c > 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

/* No word holds it. */
static bool is_no_word(uint32_t c)
{
    return is_one_of(c, ")\";}]*:@'({[?!") || is_curly_quote(c);
}

/* ---- tokens of a few bytes ------------------------------------------------------------------- */

/* The bytes from text[at], a point, to the last of the points that follow with one white space
 * between each two. */
static size_t spaced_points(struct span text, size_t at, size_t *points)
{
    size_t n = 1, bytes;
    for (*points = 1;; ++*points) {
        bool spaced = unicode_is_space(char_at(text, at + n, &bytes)) && at + n < text.n;
        if (!spaced || at + n + bytes >= text.n || text.p[at + n + bytes] != '.') return n;
        n += bytes + 1;
    }
}

/* The bytes of dashes or points that are one token, at text[at]: --, .., . . . ; 0: none. */
static size_t repeated_mark(struct span text, size_t at)
{
    size_t n = 0, points;
    char c = at < text.n ? text.p[at] : '\0';
    if (c != '-' && c != '.') return 0;
    while (at + n < text.n && text.p[at + n] == c) {
        n++;
    }
    if (n >= 2 || c == '-') return n >= 2 ? n : 0;
    n = spaced_points(text, at, &points);
    return points >= 3 ? n : 0;
}

/* A word is over before text[at]. */
static bool ends_word(struct span text, size_t at)
{
    if (at >= text.n) return true;
    uint32_t c = char_at(text, at, NULL);
    return unicode_is_space(c) || is_no_word(c) || repeated_mark(text, at) > 0;
}

static size_t word_bytes(struct span text)
{
    size_t at = 0, n;
    char_at(text, at, &n);
    for (at = n; !ends_word(text, at); at += n) {
        if (text.p[at] == ',' && ends_word(text, at + 1)) break;
        char_at(text, at, &n);
    }
    return at;
}

/* The next token of a line: repeated marks, a word with the point behind it, or a single mark. */
static bool next_token(struct span *rest, struct span *token)
{
    size_t at = 0, n;
    while (at < rest->n && unicode_is_space(char_at(*rest, at, &n))) {
        at += n;
    }
    *rest = span_slice(*rest, at, rest->n);
    if (rest->n == 0) return false;
    uint32_t c = char_at(*rest, 0, &n);
    size_t repeated = repeated_mark(*rest, 0);
    if (repeated > 0) {
        n = repeated;
    } else if (!is_one_of(c, "(\"`{[:;&#*@)}]-,")) {
        n = word_bytes(*rest);
    }
    *token = span_slice(*rest, 0, n);
    *rest = span_slice(*rest, n, rest->n);
    return true;
}

/* ---- is the point behind a word the sentence's? ---------------------------------------------- */

/* What is known of a token. */
struct token {
    struct span text;
    bool ends_in_point, is_number, is_initial;
    bool breaks, shortened, ellipsis; /* the first pass */
};

/* -?[.,]?digit, then digits, commas, points and dashes */
static bool is_number(struct span t)
{
    size_t at = 0, n;
    if (at < t.n && t.p[at] == '-') at++;
    if (at < t.n && (t.p[at] == '.' || t.p[at] == ',')) at++;
    if (at >= t.n || !unicode_is_digit(char_at(t, at, &n))) return false;
    for (; at < t.n; at += n) {
        uint32_t c = char_at(t, at, &n);
        if (!unicode_is_digit(c) && !is_one_of(c, ",.-")) return false;
    }
    return true;
}

static bool is_ellipsis(struct span t)
{
    size_t points = 0;
    while (points < t.n && t.p[points] == '.') {
        points++;
    }
    return t.n >= 2 && points == t.n;
}

static bool is_initial(struct span t)
{
    size_t n;
    uint32_t c = char_at(t, 0, &n);
    return n + 1 == t.n && t.p[n] == '.' && unicode_is_word(c) && !unicode_is_digit(c);
}

/* The known abbreviation is the whole word or what stands behind its last dash. */
static bool is_abbreviation(struct span word)
{
    size_t dash = span_find_last(word, span_str("-"));
    return sentence_word_is(WORD_ABBREVIATION, word) ||
           (dash != SPAN_NONE &&
            sentence_word_is(WORD_ABBREVIATION, span_slice(word, dash + 1, word.n)));
}

static struct token first_pass(struct span text)
{
    struct token t = {.text = text, .is_number = is_number(text), .is_initial = is_initial(text)};
    bool alone = text.n == 1 && is_end_mark(text.p[0]);
    t.ends_in_point = text.p[text.n - 1] == '.';
    t.ellipsis = !alone && text.n >= 2 && is_ellipsis(text);
    if (alone) {
        t.breaks = true;
    } else if (!t.ellipsis && t.ends_in_point && !span_ends(text, span_str(".."))) {
        t.shortened = is_abbreviation(span_slice(text, 0, text.n - 1));
        t.breaks = !t.shortened;
    }
    return t;
}

/* The word as the model's lists have it: without the point that ends it. */
static struct span bare(const struct token *t, bool ends_sentence)
{
    bool point = ends_sentence && t->text.n > 1 && t->ends_in_point && !t->is_number;
    return span_slice(t->text, 0, t->text.n - point);
}

enum beginning { BEGINS_NOT, BEGINS_PERHAPS, BEGINS };

/* By its case: does this word begin a sentence? */
static enum beginning orthography(const struct token *t)
{
    struct span word = bare(t, t->breaks);
    uint32_t first = char_at(t->text, 0, NULL);
    if (t->text.n == 1 && is_one_of(first, ";:,.!?")) return BEGINS_NOT;
    if (unicode_is_upper(first)) {
        return !t->is_number && sentence_word_is(WORD_BEGINS, word) ? BEGINS : BEGINS_PERHAPS;
    }
    return unicode_is_lower(first) ? BEGINS_NOT : BEGINS_PERHAPS;
}

static bool is_collocation(const struct token *a, const struct token *b)
{
    struct span first = a->is_number ? span_str(SENTENCE_NUMBER) : bare(a, true);
    return sentence_pair_is(first, bare(b, b->breaks));
}

/* Decide anew about a token that ends in a point, knowing the next one. */
static void second_pass(struct token *a, const struct token *b)
{
    if (!a->ends_in_point) return;
    if (is_collocation(a, b)) {
        a->breaks = false;
        return;
    }
    enum beginning next = orthography(b);
    struct span word = bare(b, b->breaks);
    bool upper = unicode_is_upper(char_at(b->text, 0, NULL));
    if ((a->shortened || a->ellipsis) && !a->is_initial) {
        if (next == BEGINS || (upper && sentence_word_is(WORD_STARTER, word))) {
            a->breaks = true;
            return;
        }
    }
    if (!a->is_initial && !a->is_number) return;
    bool name =
        a->is_initial && next == BEGINS_PERHAPS && upper && !sentence_word_is(WORD_SMALL, word);
    if (next == BEGINS_NOT || name) a->breaks = false;
}

/* Does a sentence end within these few bytes, before their last token? */
static bool ends_here(struct span context)
{
    struct span line, text;
    struct token last = {0};
    struct pieces lines = {.text = context, .separator = span_str("\n")};
    while (next_piece(&lines, &line)) {
        while (next_token(&line, &text)) {
            struct token t = first_pass(text);
            if (last.text.n > 0) second_pass(&last, &t);
            if (last.breaks) return true;
            last = t;
        }
    }
    return false;
}

/* ---- candidates ------------------------------------------------------------------------------ */

/* A candidate: its word begins at start, the mark is at `mark`, what follows it ends at `end`, and
 * the next sentence would begin at `next`. */
struct candidate {
    size_t start, mark, end, next;
};

/* Whether the mark at text[c->mark] may end a sentence; if so, end and next. */
static bool may_end(struct span text, struct candidate *c)
{
    size_t at = c->mark + 1, n;
    c->next = at;
    if (is_no_word(char_at(text, at, &n))) {
        c->end = at + n;
        return true;
    }
    while (at < text.n && unicode_is_space(char_at(text, at, &n))) {
        at += n;
    }
    if (at == c->next || at == text.n) return false;
    c->next = at;
    while (at < text.n && !unicode_is_space(char_at(text, at, &n))) {
        at += n;
    }
    c->end = at;
    return true;
}

/* Where the word before the mark begins: behind the last white space since the mark before. */
static size_t word_start(struct span text, const struct candidate *before, size_t mark)
{
    for (size_t at = mark; at > before->mark + 1; at--) {
        if (ascii_is_space(text.p[at - 1])) return at;
    }
    return before->start;
}

/* The next candidate after `from`, its word's start not yet known. */
static bool next_mark(struct span text, size_t from, struct candidate *out)
{
    for (size_t at = from; at < text.n; at++) {
        out->mark = at;
        if (is_end_mark(text.p[at]) && may_end(text, out)) return true;
    }
    return false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct cutter {
    struct span text;
    size_t start; /* of the sentence that is open */
    struct texts *out;
};

/* Bytes of closing marks at the front, up to white space, a line's end or a dash behind them: the
 * marks in *marks, with the white space in *all. */
static bool leading_closers(struct span s, size_t *marks, size_t *all)
{
    size_t at = 0, n;
    for (;;) {
        uint32_t c = char_at(s, at, &n);
        if (!is_one_of(c, "\"')]}") && !is_curly_quote(c)) return false;
        at += n;
        c = char_at(s, at, &n);
        if (at == s.n || unicode_is_space(c) ||
            span_starts(span_slice(s, at, s.n), span_str("--"))) {
            break;
        }
    }
    *marks = at;
    while (at < s.n && unicode_is_space(char_at(s, at, &n))) {
        at += n;
    }
    *all = at;
    return true;
}

/* The open sentence ends at `end`, the next one begins at `next` and reaches to `next_end`. */
static void cut(struct cutter *c, size_t end, size_t next, size_t next_end)
{
    size_t marks = 0, all = 0;
    bool closers =
        next < next_end && leading_closers(span_slice(c->text, next, next_end), &marks, &all);
    struct span sentence = span_slice(c->text, c->start, closers ? next + marks : end);
    if (closers || sentence.n > 0) c->out->at[c->out->n++] = sentence;
    c->start = next + all;
}

struct cut_at {
    size_t end, next;
};

/* Where sentences end and begin: up to one entry a mark. */
static size_t find_cuts(struct span text, struct cut_at *cuts)
{
    struct candidate last = {0}, c = {0};
    size_t n = 0;
    bool has_last = false;
    while (next_mark(text, has_last ? last.mark + 1 : 0, &c)) {
        c.start = word_start(text, &last, c.mark);
        bool apart = has_last && last.mark <= c.start;
        if (apart && ends_here(span_slice(text, last.start, last.end))) {
            cuts[n++] = (struct cut_at){last.mark + 1, last.next};
        }
        last = c;
        has_last = true;
    }
    if (has_last && ends_here(span_slice(text, last.start, last.end))) {
        cuts[n++] = (struct cut_at){last.mark + 1, last.next};
    }
    return n;
}

bool sentences_of(struct span text, struct arena *a, struct texts *out)
{
    size_t most = 1;
    for (size_t i = 0; i < text.n; i++) {
        most += is_end_mark(text.p[i]);
    }
    struct cut_at *cuts = arena_alloc(a, most, sizeof(*cuts));
    *out = (struct texts){.at = arena_alloc(a, most + 1, sizeof(struct span))};
    if (cuts == NULL || out->at == NULL) return false;
    size_t n = find_cuts(text, cuts), end = text.n, bytes;
    while (end > 0 && unicode_is_space(char_before(text, end, &bytes))) {
        end -= bytes;
    }
    struct cutter c = {.text = text, .out = out};
    for (size_t i = 0; i < n; i++) {
        cut(&c, cuts[i].end, cuts[i].next, i + 1 < n ? cuts[i + 1].end : end);
    }
    if (c.start < end) out->at[out->n++] = span_slice(text, c.start, end);
    return true;
}
