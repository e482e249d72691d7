/* reward/rules/knights.c - who is a knight and who a knave (Logic-RL).
 *
 * To the letter of Logic-RL's kk.py: format +1 or -1 (format.h), then for a well-formed text 2 when
 * every person's role is right, -1.5 when all are named but not all right, -2 when they cannot be
 * read; -2 for a text that is not well formed. The answer must hold the substrings "knight" and
 * "knave" as often, together, as there are people; a person's role is the first "NAME is a ROLE".
 *
 * Loopholes, kept: "Zoey: knave" cannot be read; "Knights tell the truth." breaks the count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <strings.h>

#include "base/ascii.h"
#include "reward/rules/format.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { MAX_PEOPLE = 64 };

struct person {
    struct span name;
    bool knight;
};

static bool equal_folded(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

/* Does a whole word "knight" or "knave" stand at `at`? */
static bool role_at(struct span s, size_t at, bool *knight)
{
    static const char *const roles[] = {"knave", "knight"};
    if (!unicode_is_boundary(s, at)) return false;
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(roles[i]);
        if (!equal_folded(span_slice(s, at, at + n), span_str(roles[i]))) continue;
        if (!unicode_is_boundary(s, at + n)) continue;
        *knight = i == 1;
        return true;
    }
    return false;
}

/* ---- the solution: one line a person -------------------------------------------------------------------- */

/* The first run of ASCII letters that is a whole word; p NULL: none. */
static struct span first_name(struct span line)
{
    for (size_t at = 0; at < line.n; at++) {
        if (!ascii_is_letter(line.p[at])) continue;
        size_t end = at;
        while (end < line.n && ascii_is_letter(line.p[end])) {
            end++;
        }
        if (unicode_is_boundary(line, at) && unicode_is_boundary(line, end)) {
            return span_slice(line, at, end);
        }
        at = end - 1;
    }
    return span_of(NULL, 0);
}

/* "... Zoey ... knave ..." */
static bool read_line(struct span line, struct person *p)
{
    p->name = first_name(line);
    if (p->name.p == NULL) return false;
    for (size_t at = (size_t)(p->name.p - line.p) + p->name.n; at < line.n; at++) {
        if ((line.p[at] | 0x20) == 'k' && role_at(line, at, &p->knight)) return true;
    }
    return false;
}

/* A name that comes again replaces its role. -1: too many people. */
static int read_solution(struct span text, struct person people[MAX_PEOPLE])
{
    int n = 0;
    while (text.n > 0) {
        size_t end = span_find(text, span_str("\n"), 0);
        struct person p;
        bool found = read_line(span_slice(text, 0, end), &p);
        text = span_slice(text, end == SPAN_NONE ? text.n : end + 1, text.n);
        if (!found) continue;
        int i = 0;
        while (i < n && !span_eq(people[i].name, p.name)) {
            i++;
        }
        if (i == MAX_PEOPLE) return -1;
        assert(i <= n && i < MAX_PEOPLE);
        people[i] = p;
        if (i == n) n++;
    }
    return n;
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

static size_t count_folded(struct span s, const char *word)
{
    size_t count = 0, n = strlen(word);
    for (size_t at = 0; at + n <= s.n;) {
        bool hit =
            (s.p[at] | 0x20) == word[0] && equal_folded(span_slice(s, at, at + n), span_str(word));
        count += hit;
        at += hit ? n : 1;
    }
    return count;
}

/* Past white space, of which there must be some; SPAN_NONE: there is none. */
static size_t skip_space(struct span s, size_t at)
{
    size_t start = at, n;
    while (at < s.n && unicode_is_space(unicode_next(span_slice(s, at, s.n), &n))) {
        at += n;
    }
    return at > start ? at : SPAN_NONE;
}

static size_t skip_word(struct span s, size_t at, const char *word)
{
    if (at == SPAN_NONE) return SPAN_NONE;
    size_t n = strlen(word);
    return equal_folded(span_slice(s, at, at + n), span_str(word)) ? at + n : SPAN_NONE;
}

/* After a name: \s+is\s+a\s+\b(knight|knave)\b */
static bool claim_at(struct span s, size_t at, bool *knight)
{
    at = skip_word(s, skip_space(s, at), "is");
    if (at == SPAN_NONE) return false;
    at = skip_word(s, skip_space(s, at), "a");
    if (at == SPAN_NONE) return false;
    at = skip_space(s, at);
    return at != SPAN_NONE && role_at(s, at, knight);
}

/* The first claim about a person. */
static bool find_claim(struct span s, struct span name, bool *knight)
{
    for (size_t at = 0; at + name.n <= s.n; at++) {
        if (!equal_folded(span_slice(s, at, at + name.n), name)) continue;
        if (!unicode_is_boundary(s, at) || !unicode_is_boundary(s, at + name.n)) continue;
        if (claim_at(s, at + name.n, knight)) return true;
    }
    return false;
}

static double judge_roles(struct span answer, const struct person *people, int n,
                          struct reward_out *out)
{
    bool all_right = true;
    if (n == 0 || count_folded(answer, "knight") + count_folded(answer, "knave") != (size_t)n) {
        out->cause = "unreadable";
        return -2;
    }
    for (int i = 0; i < n; i++) {
        bool knight;
        if (!find_claim(answer, people[i].name, &knight)) {
            out->cause = "unreadable";
            return -2;
        }
        all_right &= knight == people[i].knight;
    }
    out->cause = all_right ? "all_right" : "wrong_role";
    return all_right ? 2 : -1.5;
}

/* ---- the row --------------------------------------------------------------------------------------------------- */

static const struct field fields[] = {
    {"solution", FIELD_TEXT, .required = true,
     .doc = "who is what, one person a line: \"(1) Zoey is a knave\""},
    {0},
};

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct span solution = {0};
    struct person people[MAX_PEOPLE];
    if (!reward_field(call, &fields[0], &solution, out->err)) return SCORE_FAULT;
    int n = read_solution(solution, people);
    if (n < 0) {
        error_set(out->err, ERROR_TOO_LARGE, "solution", "more than %d people", MAX_PEOPLE);
        return SCORE_FAULT;
    }
    struct span part = text_assistant_part(call->completion);
    struct span answer = unicode_trim(text_matched_answer(part));
    bool formed = format_is_logic_rl(part.p == NULL ? call->completion : part);
    double points = -2;
    out->cause = formed ? "no_answer_found" : "format";
    if (formed && answer.n > 0) points = judge_roles(answer, people, n, out);
    out->value = (formed ? 1 : -1) + points;
    out->verdict = points > 0 ? VERDICT_CORRECT : VERDICT_INCORRECT;
    if (answer.n > 0) out->vote = answer;
    return SCORE_DONE;
}

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"logic_rl\"",
     .choices = (const char *const[]){"logic_rl", NULL},
     .doc = "whose rule"},
    {0},
};

static const char *const causes[] = {"all_right",       "wrong_role", "unreadable",
                                     "no_answer_found", "format",     NULL};

const struct reward knights_reward = {
    .name = "knights",
    .doc = "knights and knaves: format +-1, answer 2, -1.5 or -2",
    .source = "Unakar/Logic-RL:verl/utils/reward_score/kk.py",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .score = score,
};
