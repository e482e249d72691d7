/* reward/math/find/agent.c - see agent.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/agent.h"

#include "base/ascii.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/words.h"

enum { MOST_SENTENCE = 400, MOST_VERB = 24 };

static const struct span NOTHING = {NULL, 0};

/* The sentence doubts, denies or corrects what it tells. */
static bool has_doubt(struct span s)
{
    static const char *const words[] = {"believ",    "hought", "attribut", " not ",      "n't ",
                                        "never",     "wrong",  " but ",    "ctually",    "rather",
                                        "lthough",   "though", "suppos",   "often said", "owever",
                                        "incorrect", "rumou",  "claim",    "?"};
    static const char *const openers[] = {"if ",   "unless ",  "while ",
                                          "when ", "perhaps ", "maybe "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_find(s, span_str(words[i]), 0) != SPAN_NONE) return true;
    }
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        if (words_begin(s, openers[i])) return true;
    }
    return false;
}

/* The offset after the small word of a name, "de ", at s.p[i]; i where none stands. */
static size_t after_particle(struct span s, size_t i)
{
    static const char *const words[] = {"de ", "da ", "van ", "von ", "of ", "du ", "della "};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (words_opens(span_slice(s, i, s.n), words[k])) return i + strlen(words[k]);
    }
    return i;
}

/* The offset after the words with capitals at s.p[from]; from where there are none. */
static size_t name_end(struct span s, size_t from)
{
    size_t end = from;
    for (size_t i = from; i < s.n;) {
        size_t word = end > from ? after_particle(s, i) : i;
        if (word >= s.n || s.p[word] < 'A' || s.p[word] > 'Z') break;
        while (word < s.n && strchr(" ,;:()\n", s.p[word]) == NULL) {
            word++;
        }
        end = word;
        if (end >= s.n || s.p[end] != ' ') break;
        i = end + 1;
    }
    return end > from && s.p[end - 1] == '.' && end == s.n ? end - 1 : end;
}

/* What follows a name adds another: "and Harry", ", Tom and Ann", "or Bob". */
static bool names_more(struct span rest)
{
    static const char *const joints[] = {",", " or ", " & ", " and by ", "/"};
    struct span and = span_str(" and ");
    for (size_t i = 0; i < sizeof(joints) / sizeof(joints[0]); i++) {
        if (words_opens(rest, joints[i])) return true;
    }
    bool verb = rest.n > and.n && rest.p[and.n] >= 'a' && rest.p[and.n] <= 'z';
    return span_starts(rest, and) && !verb;
}

struct span agent_named(struct span s)
{
    s = span_trim(s);
    struct span last = span_slice(s, prose_last_sentence(s), s.n), by = span_str(" by ");
    if (last.n > MOST_SENTENCE || has_doubt(last)) return NOTHING;
    size_t verb = span_find(last, span_str(" was "), 0), at = span_find(last, by, 0);
    if (verb == SPAN_NONE) verb = span_find(last, span_str(" were "), 0);
    bool passive = verb != SPAN_NONE && at != SPAN_NONE && at > verb && at - verb <= MOST_VERB;
    if (!passive) return NOTHING;
    size_t from = at + by.n, to = name_end(last, from);
    bool one = to > from && !names_more(span_slice(last, to, last.n));
    return one ? span_slice(last, from, to) : NOTHING;
}
