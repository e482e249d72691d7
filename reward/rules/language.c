/* reward/rules/language.c - the share of a text that is in the language asked for.
 *
 * R1 (arXiv 2501.12948v1, 2.3.2) rewards "the proportion of target language words in the chain of
 * thought". Here: the scope is cut out, code, formulas and addresses are blanked, letters are
 * gathered into units by script, and the reward is target units over all units. Scripts, not
 * languages: German counts as English does.
 *
 * Blanking runs the rules one after the other over the whole text, each one pass; a mark without
 * its partner stays. To keep that linear, a rule that has once looked for a closing mark in vain
 * remembers it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>

#include "reward/rules/language_detect.h"
#include "reward/rules/scripts.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { OPT_LANGUAGE, OPT_SCOPE, OPT_TELL_APART };
enum { SCOPE_THINK, SCOPE_ALL };

#define S(script) (1u << SCRIPT_##script)

static const struct language {
    const char *name;
    uint32_t scripts; /* bit set */
} languages[] = {
    {"en", S(LATIN)},
    {"de", S(LATIN)},
    {"fr", S(LATIN)},
    {"es", S(LATIN)},
    {"pt", S(LATIN)},
    {"it", S(LATIN)},
    {"nl", S(LATIN)},
    {"pl", S(LATIN)},
    {"vi", S(LATIN)},
    {"tr", S(LATIN)},
    {"id", S(LATIN)},
    {"ru", S(CYRILLIC)},
    {"uk", S(CYRILLIC)},
    {"bg", S(CYRILLIC)},
    {"el", S(GREEK)},
    {"zh", S(HAN)},
    {"ja", S(HAN) | S(HIRAGANA) | S(KATAKANA)},
    {"ko", S(HANGUL)},
    {"ar", S(ARABIC)},
    {"fa", S(ARABIC)},
    {"he", S(HEBREW)},
    {"hi", S(DEVANAGARI)},
    {"th", S(THAI)},
};

enum { N_LANGUAGES = sizeof(languages) / sizeof(languages[0]) };

static const struct language *find_language(struct span name)
{
    for (size_t i = 0; i < N_LANGUAGES; i++) {
        if (span_is(name, languages[i].name)) return &languages[i];
    }
    return NULL;
}

/* ---- the scope ------------------------------------------------------------------------------------- */

static struct span think_scope(struct span text)
{
    size_t start = span_find(text, span_str("<think>"), 0);
    start = start == SPAN_NONE ? 0 : start + strlen("<think>");
    size_t end = span_find(text, span_str("</think>"), start);
    return span_slice(text, start, end == SPAN_NONE ? text.n : end);
}

/* A text that is being rewritten: rules read `in` and write `out`, then the two change places. */
struct draft {
    char *in, *out;
    size_t n; /* bytes of in */
};

static void swap(struct draft *d, size_t n)
{
    char *written = d->out;
    d->out = d->in;
    d->in = written;
    d->n = n;
}

/* What to blank: it starts with this character. length(s, at, memo) gives its bytes at `at`, 0
 * for none; memo is the rule's own, zero at first. */
struct rule {
    char first;
    size_t (*length)(struct span s, size_t at, size_t *memo);
};

/* Replace what a rule finds with one space. A text without the rule's character is not even copied. */
static void blank(struct draft *d, const struct rule *rule)
{
    struct span s = span_of(d->in, d->n);
    size_t memo = 0, n = 0, at = 0;
    const char *hit = s.n == 0 ? NULL : memchr(s.p, rule->first, s.n);
    if (hit == NULL) return;
    while (hit != NULL) {
        size_t start = (size_t)(hit - s.p), length = rule->length(s, start, &memo);
        memcpy(d->out + n, s.p + at, start - at);
        n += start - at;
        d->out[n++] = length > 0 ? ' ' : rule->first;
        at = start + (length > 0 ? length : 1);
        hit = at < s.n ? memchr(s.p + at, rule->first, s.n - at) : NULL;
    }
    memcpy(d->out + n, s.p + at, s.n - at);
    swap(d, n + s.n - at);
}

static size_t tag_length(struct span s, size_t at, size_t *memo)
{
    static const char *const tags[] = {"<think>", "</think>", "<answer>", "</answer>"};
    (void)memo;
    for (int i = 0; i < 4; i++) {
        if (span_starts(span_slice(s, at, s.n), span_str(tags[i]))) return strlen(tags[i]);
    }
    return 0;
}

/* ---- what is blanked ---------------------------------------------------------------------------------- */

/* open ... close, across lines; to the end of the text when `open_end`. *memo is set once no
 * close is left, so that no later open looks again. */
static size_t pair_length(struct span s, size_t at, const char *open, const char *close,
                          bool open_end, size_t *memo)
{
    if (*memo > 0 || !span_starts(span_slice(s, at, s.n), span_str(open))) return 0;
    size_t end = span_find(s, span_str(close), at + strlen(open));
    if (end != SPAN_NONE) return end + strlen(close) - at;
    if (open_end) return s.n - at;
    *memo = 1;
    return 0;
}

/* mark ... mark on one line, something between them. *memo: up to where no second mark is. */
static size_t line_length(struct span s, size_t at, char mark, size_t *memo)
{
    if (at < *memo) return 0;
    size_t end = at + 1;
    while (end < s.n && s.p[end] != mark && s.p[end] != '\n') {
        end++;
    }
    if (end < s.n && s.p[end] == mark) return end == at + 1 ? 0 : end + 1 - at;
    *memo = end;
    return 0;
}

static size_t fence_length(struct span s, size_t at, size_t *memo)
{
    return pair_length(s, at, "```", "```", true, memo);
}

static size_t code_length(struct span s, size_t at, size_t *memo)
{
    return line_length(s, at, '`', memo);
}

static size_t display_length(struct span s, size_t at, size_t *memo)
{
    return pair_length(s, at, "$$", "$$", false, memo);
}

static size_t bracket_length(struct span s, size_t at, size_t *memo)
{
    return pair_length(s, at, "\\[", "\\]", false, memo);
}

static size_t paren_length(struct span s, size_t at, size_t *memo)
{
    return pair_length(s, at, "\\(", "\\)", false, memo);
}

static size_t dollar_length(struct span s, size_t at, size_t *memo)
{
    return line_length(s, at, '$', memo);
}

static size_t command_length(struct span s, size_t at, size_t *memo)
{
    (void)memo;
    size_t end = at + 1;
    while (end < s.n && script_of((unsigned char)s.p[end]) == SCRIPT_LATIN &&
           (unsigned char)s.p[end] < 0x80) {
        end++;
    }
    return end > at + 1 ? end - at : 0;
}

static size_t address_length(struct span s, size_t at, size_t *memo)
{
    (void)memo;
    struct span rest = span_slice(s, at, s.n);
    if (!span_starts(rest, span_str("http://")) && !span_starts(rest, span_str("https://"))) {
        return 0;
    }
    size_t end = 0, n;
    while (end < rest.n && !unicode_is_space(unicode_next(span_slice(rest, end, rest.n), &n))) {
        end += n;
    }
    return end;
}

static const struct rule rules[] = {
    {'`', fence_length},  {'`', code_length},   {'$', display_length},  {'\\', bracket_length},
    {'\\', paren_length}, {'$', dollar_length}, {'\\', command_length}, {'h', address_length},
};

/* The scope as it is looked at first: with tags blanked. False when a is full. */
static bool draft_init(struct draft *d, struct span text, int scope, struct arena *a)
{
    struct span part = scope == SCOPE_THINK ? think_scope(text) : text;
    *d =
        (struct draft){.in = arena_str(a, part), .out = arena_alloc(a, part.n + 1, 1), .n = part.n};
    if (d->in == NULL || d->out == NULL) return false;
    if (scope == SCOPE_ALL) blank(d, &(struct rule){'<', tag_length});
    return true;
}

static void draft_clean(struct draft *d)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        blank(d, &rules[i]);
    }
}

/* ---- units -------------------------------------------------------------------------------------------------- */

struct tally {
    uint32_t targets;
    size_t units, hits;
    enum script run; /* of the run being read; NONE: none */
    size_t letters;  /* of the run */
};

static void count_unit(struct tally *t, enum script script)
{
    t->units++;
    t->hits += (t->targets >> script & 1) != 0;
}

static void end_run(struct tally *t)
{
    assert((t->run == SCRIPT_NONE) == (t->letters == 0));
    bool counts = t->run != SCRIPT_NONE && !(t->run == SCRIPT_LATIN && t->letters == 1);
    if (counts) count_unit(t, t->run);
    t->run = SCRIPT_NONE;
    t->letters = 0;
}

/* An apostrophe joins when the next character is a letter of the run's script. */
static bool joins(const struct tally *t, uint32_t c, struct span after)
{
    size_t n;
    if (t->run == SCRIPT_NONE || (c != '\'' && c != 0x2019) || after.n == 0) return false;
    return script_of(unicode_next(after, &n)) == t->run;
}

static void count_units(struct span text, struct tally *t)
{
    for (size_t at = 0, n; at < text.n; at += n) {
        uint32_t c = unicode_next(span_slice(text, at, text.n), &n);
        enum script s = script_of(c);
        if (s == SCRIPT_MARK || joins(t, c, span_slice(text, at + n, text.n))) continue;
        if (s != t->run) end_run(t);
        if (s >= SCRIPT_HAN) {
            count_unit(t, s);
        } else if (s != SCRIPT_NONE) {
            t->run = s;
            t->letters++;
        }
    }
    end_run(t);
}

/* ---- languages of one script ----------------------------------------------------------------------------------- */

enum { LINE_BYTES = 80, SENTENCE_BYTES = 240, PASSAGE_MOST = 600, WORD_BYTES = 64 };

/* Where the sentences or lines from `at` on are enough to tell a language by. */
static size_t passage_end(struct span text, size_t at)
{
    size_t end = at;
    while (end < text.n && end - at < PASSAGE_MOST) {
        size_t n = ++end - at;
        bool line = text.p[end - 1] == '\n', sentence = strchr(".!?", text.p[end - 1]) != NULL;
        if ((line && n >= LINE_BYTES) || (sentence && n >= SENTENCE_BYTES)) return end;
    }
    size_t most = end + WORD_BYTES;
    while (end < text.n && strchr(" \n", text.p[end]) == NULL &&
           (end < most || ((unsigned char)text.p[end] & 0xc0) == 0x80)) {
        end++; /* no half words where there are spaces, and never half a character */
    }
    return end;
}

/* What would be left of a line after the passage and is too short by itself belongs to it. */
static struct span next_passage(struct span text, size_t at)
{
    size_t end = passage_end(text, at);
    struct span rest = span_slice(text, end, end + SENTENCE_BYTES / 2);
    size_t line = span_find(rest, span_str("\n"), 0);
    if (line == SPAN_NONE && end + rest.n == text.n) line = rest.n;
    bool inside = end < text.n && text.p[end - 1] != '\n';
    return span_slice(text, at, inside && line != SPAN_NONE ? end + line : end);
}

/* A passage in another language has no hits. */
static void count_told_apart(struct span text, const char *language, struct tally *t)
{
    for (size_t at = 0; at < text.n;) {
        struct span passage = next_passage(text, at);
        size_t hits = t->hits;
        assert(passage.n > 0); /* it moves on */
        count_units(passage, t);
        if (t->hits > hits && language_detect(LANGUAGES_FEW, passage, language) == GUESS_OTHER) t->hits = hits;
        at += passage.n;
    }
}

/* ---- the row -------------------------------------------------------------------------------------------------- */

static const struct field fields[] = {
    {"language", FIELD_TEXT,
     .doc = "the language wanted of this item, when the reward's options name none"},
    {0},
};

/* The option, else the item's field. */
static const struct language *wanted(const struct reward_call *call, struct error *err)
{
    struct span text = call->options[OPT_LANGUAGE].text;
    if (!call->options[OPT_LANGUAGE].given && !reward_field(call, &fields[0], &text, err)) {
        return NULL;
    }
    const struct language *l = find_language(text);
    if (l == NULL) {
        error_set(err, ERROR_INVALID_VALUE, "language", "language \"%.*s\" is not known",
                  (int)(text.n < 40 ? text.n : 40), text.n == 0 ? "" : text.p);
    }
    return l;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct language *l = wanted(call, out->err);
    if (l == NULL) return SCORE_FAULT;
    bool apart = call->options[OPT_TELL_APART].on;
    if (apart && !call->in_worker) return SCORE_DEFER;
    if (apart && !language_detect_open(LANGUAGES_FEW)) return text_no_memory(out);
    struct draft d;
    if (!draft_init(&d, call->completion, call->options[OPT_SCOPE].choice, call->arena)) {
        return text_too_large(out);
    }
    bool nothing = unicode_trim(span_of(d.in, d.n)).n == 0;
    struct tally t = {.targets = l->scripts};
    draft_clean(&d);
    if (apart) {
        count_told_apart(span_of(d.in, d.n), l->name, &t);
    } else {
        count_units(span_of(d.in, d.n), &t);
    }
    out->value = t.units > 0 ? (double)t.hits / (double)t.units : nothing ? 0 : 1;
    detail_text(out, "language", span_str(l->name));
    detail_number(out, "target_units", (double)t.hits);
    detail_number(out, "units", (double)t.units);
    return SCORE_DONE;
}

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    if (o[OPT_TELL_APART].on && !language_detect_is_there(err)) return error_in(err, "tell_apart");
    if (find_language(o[OPT_LANGUAGE].text) != NULL) return true;
    return error_set(err, ERROR_INVALID_VALUE, "language", "language \"%.*s\" is not known",
                     (int)(o[OPT_LANGUAGE].text.n < 40 ? o[OPT_LANGUAGE].text.n : 40),
                     o[OPT_LANGUAGE].text.n == 0 ? "" : o[OPT_LANGUAGE].text.p);
}

static const char *const scopes[] = {"think", "all", NULL};
static const char *const causes[] = {"too_large", NULL};

static const struct field options[] = {
    {.name = "language",
     .kind = FIELD_TEXT,
     .fallback = "\"en\"",
     .doc = "two letters: en de fr es pt it nl pl vi tr id ru uk bg el zh ja ko ar fa he hi th; an "
            "item may name its own"},
    {.name = "scope",
     .kind = FIELD_CHOICE,
     .fallback = "\"think\"",
     .choices = scopes,
     .doc = "what is looked at: the first think block, or everything"},
    {.name = "tell_apart",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "tell languages of one script apart as well: passages that are likely in another "
            "language have no target units"},
    {0},
};

const struct reward language_reward = {
    .name = "language",
    .doc = "share of the counted units (words; letters of scripts without spaces) that are in the "
           "language's script",
    .source = "arXiv 2501.12948v1, 2.3.2; definition in docs/rewards.md",
    .options = options,
    .fields = fields,
    .causes = causes,
    .prepare = prepare,
    .score = score,
};
