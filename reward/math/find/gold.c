/* reward/math/find/gold.c - what a reference says.
 *
 * Data sets keep references in every form: a formula, a box, a whole solution, a sentence, a list
 * as Python prints it. They are read by the finder that reads responses, and what it cannot read is
 * no reference: the item cannot be judged, which is better than 0 for every sample of a question.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/gold.h"

#include "base/ascii.h"
#include "base/turn_marks.h"
#include "reward/math/find/extract.h"
#include "reward/math/find/formula.h"
#include "reward/math/find/marks.h"
#include "reward/math/find/named.h"
#include "reward/math/find/phrase.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MAX_GOLD = 2000, MAX_GOLD_WORDS = 8 };

/* ['0.5'] and ["1", "2"]: a list of texts as Python prints it, as "1, 2". {NULL, 0} when s is none. */
static struct span listed_texts(struct arena *a, struct span s)
{
    s = span_trim(s);
    bool list = s.n >= 4 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    char *out = list ? arena_alloc(a, s.n + 1, 1) : NULL;
    size_t n = 0, i = 1, end = s.n - 1;
    if (out == NULL) return span_of(NULL, 0);
    for (bool more = true; more; i++) {
        while (i < end && ascii_is_space(s.p[i])) {
            i++;
        }
        char quote = s.p[i];
        const char *close =
            quote == '\'' || quote == '"' ? memchr(s.p + i + 1, quote, end - i - 1) : NULL;
        if (i >= end || close == NULL) return span_of(NULL, 0);
        struct span text = span_slice(s, i + 1, (size_t)(close - s.p));
        if (n > 0) out[n++] = ',';
        if (n > 0) out[n++] = ' ';
        if (text.n > 0) memcpy(out + n, text.p, text.n);
        n += text.n;
        i = (size_t)(close - s.p) + 1;
        while (i < end && ascii_is_space(s.p[i])) {
            i++;
        }
        more = i < end && s.p[i] == ',';
    }
    return i == end + 1 ? words_unwrap(span_of(out, n)) : span_of(NULL, 0);
}

/* s may have a mark of an answer: ####, a tag, a list of texts. */
static bool has_marks(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '#' || s.p[i] == '<' || s.p[i] == '\'' || s.p[i] == '"') return true;
    }
    return span_find(s, span_str("box"), 0) != SPAN_NONE;
}

struct span gold_answer(struct arena *a, struct span gold, const struct math_options *o)
{
    struct span whole_gold = words_unwrap(gold);
    if (gold.n <= 64 && !has_marks(gold) && !extract_may_have_words(gold)) return whole_gold;
    struct extraction found = {0};
    struct stated st;
    struct span s = turn_text(gold), tag = marks_tagged(s, false), hash = marks_hashed(s, false);
    struct math_options plain = *o;
    plain.first_answer = false;
    if (tag.p != NULL) s = tag;
    if (extract_boxed(a, s, &plain, &found) && found.source != MATH_FROM_NOWHERE) return found.text;
    if (hash.n > 0 && span_find(s, span_str("####"), 0) != SPAN_NONE) return hash;
    struct span listed = listed_texts(a, s);
    if (listed.n > 0) return listed;
    struct span whole = words_unwrap(s);
    if (whole.n <= 400 && (whole.n == 0 || formula_reads(a, whole))) return whole;
    if (phrase_answer(a, s, &plain, &st)) return st.text;
    struct formula f;
    if (whole.n > 60 && formula_last(a, s, &f)) return words_unwrap(f.inside);
    return whole;
}

struct span gold_value(struct arena *a, struct span gold)
{
    struct span s = plain_words(a, span_slice(gold, 0, MAX_GOLD));
    if (!prose_has_words(s) || named_values(a, gold).n > 0) {
        return span_of(NULL, 0); /* all of them are asked for */
    }
    struct stated one = stated_in(a, s, MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR);
    struct stated last = stated_last(a, s);
    bool single =
        one.text.n > 0 && !one.denied && span_eq(words_unwrap(one.text), words_unwrap(last.text));
    return single ? one.text : span_of(NULL, 0);
}

/* Its braces do not balance, or it ends in the middle of a command. */
static bool is_broken(struct span s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n && depth >= 0; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else {
            depth += (s.p[i] == '{') - (s.p[i] == '}');
        }
    }
    return depth != 0 || (span_ends(s, span_str("\\")) && !span_ends(s, span_str("\\\\")));
}

bool gold_is_unreadable(struct arena *a, struct span gold)
{
    int words = 0;
    for (size_t i = 1; i < gold.n; i++) {
        words += gold.p[i] == ' ' && ascii_is_letter(gold.p[i - 1]);
    }
    if (!is_broken(gold) && words < MAX_GOLD_WORDS) return false;
    return !formula_reads(a, span_slice(gold, 0, MAX_GOLD));
}
