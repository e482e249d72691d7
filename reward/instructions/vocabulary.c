/* reward/instructions/vocabulary.c - which words a text uses, and what its words are like.
 *
 * Each function is a row of table.c. What a word is differs from one to the next, as it does among
 * the checkers that they must agree with, and the function says it by how it cuts the text:
 *
 *     next_word()    what stands between white space; mostly in small letters and without marks
 *     next_run()     a run of letters, digits and underscores, as \w+
 *     tokens_of()    a token of the Penn Treebank: "don't" is two, a full stop is one
 *
 * The lists of words are the checkers' own, gaps included: a better list of pronouns would pay
 * other texts. A list that is asked about every word becomes a bag, in the call's arena, so that a
 * word costs one look-up however long the list is.
 *
 * A missing or wrong argument is CHECK_BAD_KWARGS under its name, a full arena CHECK_TOO_LARGE,
 * and neither is a no.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

#include "base/ascii.h"
#include "reward/instructions/bags.h"
#include "reward/instructions/kwargs.h"
#include "reward/instructions/pieces.h"
#include "reward/instructions/sequels.h"
#include "reward/instructions/tokens.h"
#include "reward/rules/unicode.h"

/* ---- lists of words -------------------------------------------------------------------------- */

static const char *const conjunctions[] = {"and", "but", "for", "nor", "or", "so", "yet", NULL};

/* NLTK's list of English, of its words without an apostrophe. */
static const char *const stop_words[] = {
    "i",       "me",      "my",      "myself",   "we",         "our",    "ours",    "ourselves",
    "you",     "your",    "yours",   "yourself", "yourselves", "he",     "him",     "his",
    "himself", "she",     "her",     "hers",     "herself",    "it",     "its",     "itself",
    "they",    "them",    "their",   "theirs",   "themselves", "what",   "which",   "who",
    "whom",    "this",    "that",    "these",    "those",      "am",     "is",      "are",
    "was",     "were",    "be",      "been",     "being",      "have",   "has",     "had",
    "having",  "do",      "does",    "did",      "doing",      "a",      "an",      "the",
    "and",     "but",     "if",      "or",       "because",    "as",     "until",   "while",
    "of",      "at",      "by",      "for",      "with",       "about",  "against", "between",
    "into",    "through", "during",  "before",   "after",      "above",  "below",   "to",
    "from",    "up",      "down",    "in",       "out",        "on",     "off",     "over",
    "under",   "again",   "further", "then",     "once",       "here",   "there",   "when",
    "where",   "why",     "how",     "all",      "any",        "both",   "each",    "few",
    "more",    "most",    "other",   "some",     "such",       "no",     "nor",     "not",
    "only",    "own",     "same",    "so",       "than",       "too",    "very",    "s",
    "t",       "can",     "will",    "just",     "don",        "should", "now",     "d",
    "ll",      "m",       "o",       "re",       "ve",         "y",      "ain",     "aren",
    "couldn",  "didn",    "doesn",   "hadn",     "hasn",       "haven",  "isn",     "ma",
    "mightn",  "mustn",   "needn",   "shan",     "shouldn",    "wasn",   "weren",   "won",
    "wouldn",  NULL};

static const char *const pronouns[] = {
    "i",          "me",        "we",         "us",        "you",      "he",         "him",
    "she",        "her",       "it",         "they",      "them",     "my",         "mine",
    "our",        "ours",      "your",       "yours",     "his",      "hers",       "its",
    "their",      "theirs",    "myself",     "ourselves", "yourself", "yourselves", "himself",
    "herself",    "itself",    "themselves", "this",      "that",     "these",      "those",
    "who",        "whom",      "whose",      "which",     "what",     "whoever",    "whomever",
    "whatever",   "whichever", "anybody",    "anyone",    "anything", "everybody",  "everyone",
    "everything", "nobody",    "nothing",    "somebody",  "someone",  "something",  "each",
    "either",     "neither",   "both",       "all",       "some",     "any",        "none",
    NULL};

static const char *const person_names[] = {
    "Emma",     "Liam",     "Sophia",   "Jackson", "Olivia",      "Noah",      "Ava",
    "Lucas",    "Isabella", "Mason",    "Mia",     "Ethan",       "Charlotte", "Alexander",
    "Amelia",   "Benjamin", "Harper",   "Leo",     "Zoe",         "Daniel",    "Chloe",
    "Samuel",   "Lily",     "Matthew",  "Grace",   "Owen",        "Abigail",   "Gabriel",
    "Ella",     "Jacob",    "Scarlett", "Nathan",  "Victoria",    "Elijah",    "Layla",
    "Nicholas", "Audrey",   "David",    "Hannah",  "Christopher", "Penelope",  "Thomas",
    "Nora",     "Andrew",   "Aria",     "Joseph",  "Claire",      "Ryan",      "Stella",
    "Jonathan", NULL};

/* A list as a bag; false: a is full. */
static bool bag_of(const char *const *list, struct arena *a, struct bag *out)
{
    size_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    if (!bag_init(out, n, a)) return false;
    for (size_t i = 0; i < n; i++) {
        bag_add(out, span_str(list[i]));
    }
    return true;
}

/* Words of a text at most: half its bytes and one. */
static bool bag_for(struct span text, struct arena *a, struct bag *out)
{
    return bag_init(out, text.n / 2 + 2, a);
}

/* ---- how many -------------------------------------------------------------------------------- */

enum check_result word_count_range(const struct check_call *call, struct span text)
{
    int64_t least, most, n = 0;
    struct span word;
    if (!kwarg_number(call, "min_words", 0, &least) || !kwarg_number(call, "max_words", 0, &most)) {
        return CHECK_BAD_KWARGS;
    }
    while (next_run(&text, unicode_in_word, &word)) {
        n++;
    }
    return check_is(n >= least && n <= most);
}

enum check_result unique_word_count(const struct check_call *call, struct span text)
{
    int64_t least;
    struct bag seen;
    struct span word;
    if (!kwarg_number(call, "N", 0, &least)) return CHECK_BAD_KWARGS;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL || !bag_for(text, call->arena, &seen)) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        bag_add(&seen, strip_marks(word));
    }
    return check_is(seen.distinct >= (size_t)least);
}

enum check_result stop_word_share(const struct check_call *call, struct span text)
{
    int64_t percentage;
    struct bag known;
    struct span word;
    double n = 0, stops = 0;
    if (!kwarg_number(call, "percentage", 0, &percentage)) return CHECK_BAD_KWARGS;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL || !bag_of(stop_words, call->arena, &known)) return CHECK_TOO_LARGE;
    while (next_run(&text, unicode_in_word, &word)) {
        n++;
        stops += bag_count(&known, word) > 0;
    }
    return check_is(n > 0 && stops / n * 100 <= (double)percentage);
}

/* The different forms that conjunctions have there, marks and capitals included. */
enum check_result conjunction_count(const struct check_call *call, struct span text)
{
    int64_t least;
    struct bag known, seen;
    struct span word;
    if (!kwarg_number(call, "small_n", 0, &least)) return CHECK_BAD_KWARGS;
    struct span lower = unicode_lower(text, call->arena), small;
    if (lower.p == NULL || !bag_of(conjunctions, call->arena, &known) ||
        !bag_for(text, call->arena, &seen)) {
        return CHECK_TOO_LARGE;
    }
    while (next_word(&text, &word) && next_word(&lower, &small)) {
        if (bag_count(&known, strip_marks(small)) > 0) bag_add(&seen, word);
    }
    return check_is(seen.distinct >= (size_t)least);
}

static bool has_name(struct span text, struct span name)
{
    for (size_t at = 0; (at = span_find(text, name, at)) != SPAN_NONE; at++) {
        if (unicode_is_boundary(text, at) && unicode_is_boundary(text, at + name.n)) return true;
    }
    return false;
}

enum check_result person_name_count(const struct check_call *call, struct span text)
{
    int64_t least, n = 0;
    if (!kwarg_number(call, "N", 0, &least)) return CHECK_BAD_KWARGS;
    for (size_t i = 0; person_names[i] != NULL; i++) {
        n += has_name(text, span_str(person_names[i]));
    }
    return check_is(n >= least);
}

enum check_result pronoun_count(const struct check_call *call, struct span text)
{
    int64_t least, n = 0;
    struct bag known;
    struct texts tokens;
    if (!kwarg_number(call, "N", 0, &least)) return CHECK_BAD_KWARGS;
    struct span lower = unicode_lower(text, call->arena);
    char *p = lower.p == NULL ? NULL : arena_str(call->arena, lower);
    if (p == NULL) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < lower.n; i++) {
        if (p[i] == '/') p[i] = ' ';
    }
    if (!tokens_of(span_of(p, lower.n), call->arena, &tokens) ||
        !bag_of(pronouns, call->arena, &known)) {
        return CHECK_TOO_LARGE;
    }
    for (size_t i = 0; i < tokens.n; i++) {
        n += bag_count(&known, tokens.at[i]) > 0;
    }
    return check_is(n >= least);
}

/* Runs of digits when marks are gone: 1,000 is one. */
enum check_result number_count(const struct check_call *call, struct span text)
{
    int64_t wanted, n = 0;
    struct span run;
    if (!kwarg_number(call, "N", 0, &wanted)) return CHECK_BAD_KWARGS;
    text = without_marks(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    while (next_run(&text, unicode_is_digit, &run)) {
        n++;
    }
    return check_is(n == wanted);
}

/* Each keyword its number of times, anywhere, without regard to case. */
enum check_result keywords_multiple(const struct check_call *call, struct span text)
{
    static const struct {
        const char *name;
        size_t times;
    } wanted[] = {
        {"keyword1", 1}, {"keyword2", 2}, {"keyword3", 3}, {"keyword4", 5}, {"keyword5", 7}};
    enum { N_WANTED = sizeof(wanted) / sizeof(wanted[0]) };
    struct span keywords[N_WANTED];
    for (size_t i = 0; i < N_WANTED; i++) {
        if (!kwarg_trimmed(call, wanted[i].name, &keywords[i])) return CHECK_BAD_KWARGS;
        keywords[i] = unicode_lower(keywords[i], call->arena);
        if (keywords[i].p == NULL) return CHECK_TOO_LARGE;
    }
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < N_WANTED; i++) {
        size_t n = 0;
        for (size_t at = 0; (at = span_find(text, keywords[i], at)) != SPAN_NONE; n++) {
            at += keywords[i].n;
        }
        if (n != wanted[i].times) return CHECK_NO;
    }
    return CHECK_YES;
}

/* ---- overlap --------------------------------------------------------------------------------- */

/* The runs of three characters of a text, into a bag. */
static bool add_trigrams(struct span text, struct arena *a, struct bag *out)
{
    if (!bag_init(out, text.n, a)) return false;
    for (size_t at = 0, one, two, three; at < text.n; at += one) {
        char_at(text, at, &one);
        char_at(text, at + one, &two);
        char_at(text, at + one + two, &three);
        if (three == 0) break;
        bag_add(out, span_slice(text, at, at + one + two + three));
    }
    return true;
}

/* The share of the text's different trigrams that the reference has too. */
enum check_result trigram_overlap(const struct check_call *call, struct span text)
{
    int64_t percentage;
    struct span reference;
    struct bag own, other;
    if (!kwarg_number(call, "percentage", 0, &percentage) ||
        !kwarg_text(call, "reference_text", &reference)) {
        return CHECK_BAD_KWARGS;
    }
    if (!add_trigrams(text, call->arena, &own) || !add_trigrams(reference, call->arena, &other)) {
        return CHECK_TOO_LARGE;
    }
    if (own.distinct == 0) return CHECK_NO;
    double common = 0;
    struct bag seen;
    if (!bag_init(&seen, text.n, call->arena)) return CHECK_TOO_LARGE;
    for (size_t at = 0, one, two, three; at < text.n; at += one) {
        char_at(text, at, &one);
        char_at(text, at + one, &two);
        char_at(text, at + one + two, &three);
        if (three == 0) break;
        struct span gram = span_slice(text, at, at + one + two + three);
        common += bag_add(&seen, gram) == 1 && bag_count(&other, gram) > 0;
    }
    double overlap = common / (double)own.distinct * 100;
    return check_is(overlap >= (double)percentage - 2 && overlap <= (double)percentage + 2);
}

/* ---- what words are like --------------------------------------------------------------------- */

/* The text's words, small and without marks, to look at one by one. False: a is full. */
static bool plain_words(const struct check_call *call, struct span *text)
{
    *text = unicode_lower(*text, call->arena);
    if (text->p != NULL) *text = without_marks(*text, call->arena);
    return text->p != NULL;
}

enum check_result word_repeats(const struct check_call *call, struct span text)
{
    int64_t most;
    struct bag seen;
    struct span word;
    if (!kwarg_number(call, "small_n", 0, &most)) return CHECK_BAD_KWARGS;
    if (!plain_words(call, &text) || !bag_for(text, call->arena, &seen)) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        if (bag_add(&seen, word) > (size_t)most) return CHECK_NO;
    }
    return CHECK_YES;
}

/* Each word begins with the letter after the last one's, a after z. */
enum check_result alphabet_loop(const struct check_call *call, struct span text)
{
    struct span word;
    uint32_t letter = 0;
    if (!plain_words(call, &text)) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        uint32_t first = char_at(word, 0, NULL);
        if (first < 'a' || first > 'z') return CHECK_NO;
        if (letter != 0 && first != (letter == 'z' ? 'a' : letter + 1)) return CHECK_NO;
        letter = first;
    }
    return check_is(letter != 0);
}

/* One line, of at most three different vowels. */
enum check_result three_vowels(const struct check_call *call, struct span text)
{
    static const char vowels[] = "aeiou";
    int n = 0;
    text = unicode_trim(text);
    if (span_find(text, span_str("\n"), 0) != SPAN_NONE) return CHECK_NO;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    for (int i = 0; vowels[i] != '\0'; i++) {
        n += span_find(text, span_of(&vowels[i], 1), 0) != SPAN_NONE;
    }
    return check_is(n <= 3);
}

static bool is_consonant(char c)
{
    return c >= 'b' && c <= 'z' && strchr("eiou", c) == NULL;
}

static bool has_cluster(struct span word)
{
    for (size_t i = 0; i + 1 < word.n; i++) {
        if (is_consonant(word.p[i]) && is_consonant(word.p[i + 1])) return true;
    }
    return false;
}

enum check_result consonant_clusters(const struct check_call *call, struct span text)
{
    struct span word;
    text = unicode_lower(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        if (!has_cluster(word)) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result ten_palindromes(const struct check_call *call, struct span text)
{
    struct span word;
    int n = 0;
    if (!plain_words(call, &text)) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        n += is_palindrome(word) && count_chars(word) >= 5;
    }
    return check_is(n >= 10);
}

static bool is_prime_length(size_t n)
{
    if (n < 2 || n > 97) return false;
    for (size_t d = 2; d * d <= n; d++) {
        if (n % d == 0) return false;
    }
    return true;
}

enum check_result prime_lengths(const struct check_call *call, struct span text)
{
    struct span word;
    text = without_marks(text, call->arena);
    if (text.p == NULL) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        if (!is_prime_length(count_chars(word))) return CHECK_NO;
    }
    return CHECK_YES;
}

enum check_result no_same_first_letters(const struct check_call *call, struct span text)
{
    struct span word;
    uint32_t last = 0;
    if (!plain_words(call, &text)) return CHECK_TOO_LARGE;
    while (next_word(&text, &word)) {
        uint32_t first = char_at(word, 0, NULL);
        if (first == last) return CHECK_NO;
        last = first;
    }
    return CHECK_YES;
}

static bool has_japanese(struct span word)
{
    for (size_t at = 0, n; at < word.n; at += n) {
        uint32_t c = char_at(word, at, &n);
        if ((c >= 0x3040 && c <= 0x30FF) || (c >= 0x4E00 && c <= 0x9FFF)) return true;
    }
    return false;
}

static bool is_number(struct span word)
{
    for (size_t at = 0, n; at < word.n; at += n) {
        if (!unicode_is_digit(char_at(word, at, &n))) return false;
    }
    return true;
}

/* Each Nth word, but a number. */
enum check_result words_japanese(const struct check_call *call, struct span text)
{
    int64_t every;
    struct span word;
    if (!kwarg_number(call, "N", 1, &every)) return CHECK_BAD_KWARGS;
    for (int64_t i = 1; next_word(&text, &word); i++) {
        word = strip_marks(word);
        if (i % every == 0 && !is_number(word) && !has_japanese(word)) return CHECK_NO;
    }
    return CHECK_YES;
}

/* Is there a letter or digit in it? */
static bool is_word(struct span token)
{
    for (size_t at = 0, n; at < token.n; at += n) {
        uint32_t c = char_at(token, at, &n);
        if (c != '_' && unicode_is_word(c)) return true;
    }
    return false;
}

/* The same in small letters? */
static enum check_result same_small(const struct check_call *call, struct span a, struct span b)
{
    a = unicode_lower(a, call->arena);
    b = unicode_lower(b, call->arena);
    return a.p == NULL || b.p == NULL ? CHECK_TOO_LARGE : check_is(span_eq(a, b));
}

/* Of tokens that are words, without regard to case. */
enum check_result mth_word_of_nth_sentence(const struct check_call *call, struct span text)
{
    struct span keyword, sentence;
    struct texts tokens;
    int64_t nth, mth;
    if (!kwarg_trimmed(call, "keyword", &keyword) || !kwarg_number(call, "n", 1, &nth) ||
        !kwarg_number(call, "m", 1, &mth)) {
        return CHECK_BAD_KWARGS;
    }
    enum check_result r = nth_sentence(call, text, (size_t)nth, &sentence);
    if (r != CHECK_YES) return r;
    if (!tokens_of(sentence, call->arena, &tokens)) return CHECK_TOO_LARGE;
    for (size_t i = 0; i < tokens.n; i++) {
        if (is_word(tokens.at[i]) && --mth == 0) return same_small(call, tokens.at[i], keyword);
    }
    return CHECK_NO;
}

/* The second token and the last but one, not counting a mark at the end. */
enum check_result second_words(const struct check_call *call, struct span text)
{
    struct span keyword;
    struct texts t;
    if (!kwarg_trimmed(call, "keyword", &keyword)) return CHECK_BAD_KWARGS;
    if (!tokens_of(text, call->arena, &t)) return CHECK_TOO_LARGE;
    if (t.n < 2) return CHECK_NO;
    struct span last = t.at[t.n - 1];
    bool mark = last.n == 1 && ascii_is_mark(last.p[0]);
    if (mark && t.n < 3) return CHECK_NO;
    enum check_result r = same_small(call, t.at[1], keyword);
    return r == CHECK_YES ? same_small(call, t.at[t.n - (mark ? 3 : 2)], keyword) : r;
}
