/* reward/rules/format.c - tags where they belong: our own rule, sound, and the peers' rules to the
 * letter.
 *
 * Every rule is a few forward searches for fixed strings: linear, no backtracking, whatever the
 * text. The peers' regular expressions are given beside the scans that equal them. Only LF is a
 * line break here. What is judged is the prefill and the completion put together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>

#include "base/turn_marks.h"
#include "reward/rules/format.h"
#include "reward/rules/text.h"

enum { OPT_STYLE, OPT_PREFILL, OPT_LANG, OPT_ALLOW_EMPTY };

/* ---- r1: the form DeepSeek-R1-Zero's prompt asks for (arXiv 2501.12948v1, table 1) -------------- */

static const char *const TAGS[4] = {"<think>", "</think>", "<answer>", "</answer>"};

struct tag_scan {
    size_t first[4]; /* offset, SPAN_NONE: missing */
    size_t count[4];
};

/* One pass from '<' to '<'. */
static struct tag_scan scan_tags(struct span text)
{
    struct tag_scan s = {.first = {SPAN_NONE, SPAN_NONE, SPAN_NONE, SPAN_NONE}};
    for (size_t at = 0; at < text.n; at++) {
        const char *lt = memchr(text.p + at, '<', text.n - at);
        if (lt == NULL) break;
        at = (size_t)(lt - text.p);
        for (int t = 0; t < 4; t++) {
            if (!span_starts(span_slice(text, at, text.n), span_str(TAGS[t]))) continue;
            if (s.count[t]++ == 0) s.first[t] = at;
        }
    }
    return s;
}

static bool is_ordered(const struct tag_scan *s)
{
    return s->first[0] < s->first[1] && s->first[1] < s->first[2] && s->first[2] < s->first[3];
}

/* The text between two tags of a scan whose order is right; t -1 and 4 are the text's ends. */
static struct span between(struct span text, const struct tag_scan *s, int t)
{
    assert(t >= -1 && t <= 3 && is_ordered(s));
    size_t from = t < 0 ? 0 : s->first[t] + strlen(TAGS[t]);
    return span_trim(span_slice(text, from, t == 3 ? text.n : s->first[t + 1]));
}

/* Why text is not of the r1 form; NULL: it is. */
static const char *r1_fault(struct span text, const struct tag_scan *s, bool allow_empty)
{
    for (int t = 0; t < 4; t++) {
        if (s->count[t] == 0) return "missing_tag";
    }
    for (int t = 0; t < 4; t++) {
        if (s->count[t] > 1) return "repeated_tag";
    }
    if (!is_ordered(s)) return "wrong_order";
    for (int t = -1; t < 4; t += 2) {
        if (between(text, s, t).n > 0) return "text_outside";
    }
    if (!allow_empty && between(text, s, 0).n == 0) return "empty_think";
    if (!allow_empty && between(text, s, 2).n == 0) return "empty_answer";
    return NULL;
}

static double score_r1(struct span text, const struct reward_call *call, struct reward_out *out)
{
    text = turn_text(text); /* a marker such as <|im_end|> is not the model's text */
    struct tag_scan s = scan_tags(text);
    out->cause = r1_fault(text, &s, call->options[OPT_ALLOW_EMPTY].on);
    detail_array(out, "missing");
    for (int t = 0; t < 4; t++) {
        if (s.count[t] == 0) detail_text(out, NULL, span_str(TAGS[t]));
    }
    detail_close(out, ']');
    return out->cause == NULL ? 1 : 0;
}

/* ---- the peers ---------------------------------------------------------------------------------- */

static size_t find(struct span text, const char *what, size_t from)
{
    return from == SPAN_NONE ? SPAN_NONE : span_find(text, span_str(what), from);
}

/* The offset just past the first `what` at or after from. */
static size_t find_past(struct span text, const char *what, size_t from)
{
    size_t at = find(text, what, from);
    return at == SPAN_NONE ? SPAN_NONE : at + strlen(what);
}

/* Some "\n</answer>" at or after from that ends its line: where `$` of MULTILINE matches. */
static bool closes_answer(struct span text, size_t from)
{
    for (size_t end = find_past(text, "\n</answer>", from); end != SPAN_NONE;
         end = find_past(text, "\n</answer>", end)) {
        if (end == text.n || text.p[end] == '\n') return true;
    }
    return false;
}

/* Where the answer's text starts: ^<think>\n.*?\n</think>\n<answer>\n  */
static size_t openr1_answer(struct span text)
{
    static const char head[] = "<think>\n";
    if (!span_starts(text, span_str(head))) return SPAN_NONE;
    return find_past(text, "\n</think>\n<answer>\n", strlen(head));
}

/* open-r1 src/open_r1/rewards.py format_reward: ...<answer>\n.*?\n</answer>$ */
static double score_openr1(struct span text, const struct reward_call *call, struct reward_out *out)
{
    (void)call, (void)out;
    size_t answer = openr1_answer(text);
    return answer != SPAN_NONE && closes_answer(text, answer) ? 1 : 0;
}

/* open-r1 get_code_format_reward: ...<answer>\n.*?```LANG.*?```.*?\n</answer>$ */
static double score_openr1_code(struct span text, const struct reward_call *call,
                                struct reward_out *out)
{
    (void)out;
    size_t at = find_past(text, "```", openr1_answer(text));
    struct span lang = call->options[OPT_LANG].text;
    while (at != SPAN_NONE && !span_starts(span_slice(text, at, text.n), lang)) {
        at = find_past(text, "```", at - 2); /* "````c": the fence may start one further on */
    }
    if (at != SPAN_NONE) at = find_past(text, "```", at + lang.n);
    return at != SPAN_NONE && closes_answer(text, at) ? 1 : 0;
}

static size_t count_occurrences(struct span text, const char *what)
{
    size_t n = 0;
    for (size_t at = find_past(text, what, 0); at != SPAN_NONE; at = find_past(text, what, at)) {
        n++;
    }
    return n;
}

/* open-r1 tag_count_reward */
static double score_openr1_tags(struct span text, const struct reward_call *call,
                                struct reward_out *out)
{
    static const char *const marks[4] = {"<think>\n", "\n</think>\n", "\n<answer>\n",
                                         "\n</answer>"};
    (void)call, (void)out;
    double value = 0;
    for (int i = 0; i < 4; i++) {
        if (count_occurrences(text, marks[i]) == 1) value += 0.25;
    }
    return value;
}

/* TRL trl/rewards/format_rewards.py think_format_reward: ^<think>(?!.*<think>)(.*?)</think>.*$ */
static double score_trl(struct span text, const struct reward_call *call, struct reward_out *out)
{
    (void)call, (void)out;
    if (!span_starts(text, span_str("<think>"))) return 0;
    size_t body = strlen("<think>");
    return find(text, "<think>", body) == SPAN_NONE && find(text, "</think>", body) != SPAN_NONE;
}

bool format_is_logic_rl(struct span text)
{
    struct tag_scan s = scan_tags(text);
    for (int t = 0; t < 4; t++) {
        if (s.count[t] != 1) return false;
    }
    return is_ordered(&s);
}

/* Logic-RL verl/utils/reward_score/kk.py validate_response_structure */
static double score_logic_rl(struct span text, const struct reward_call *call,
                             struct reward_out *out)
{
    (void)call, (void)out;
    return format_is_logic_rl(text) ? 1 : -1;
}

/* verl verl/utils/reward_score/geo3k.py: <think>.*</think>.*\\boxed\{.*\}.*  (fullmatch) */
static double score_geo3k(struct span text, const struct reward_call *call, struct reward_out *out)
{
    (void)call, (void)out;
    if (!span_starts(text, span_str("<think>"))) return 0;
    size_t at = find_past(text, "</think>", strlen("<think>"));
    at = find_past(text, "}", find_past(text, "\\boxed{", at));
    return at != SPAN_NONE;
}

/* A box with something in it, its braces balanced, after the thinking. */
static double score_boxed(struct span text, const struct reward_call *call, struct reward_out *out)
{
    (void)call;
    struct span box = text_last_box(text_after_think(text));
    if (span_trim(box).n > 0) return 1;
    out->cause = box.p == NULL ? "no_box" : "empty_box";
    return 0;
}

/* ---- the row ---------------------------------------------------------------------------------------- */

static const struct style {
    const char *name;
    double (*score)(struct span text, const struct reward_call *call, struct reward_out *out);
} styles[] = {
    {"r1", score_r1},
    {"openr1.format", score_openr1},
    {"openr1.tag_count", score_openr1_tags},
    {"openr1.code_format", score_openr1_code},
    {"trl.think_format", score_trl},
    {"logic_rl.structure", score_logic_rl},
    {"verl.geo3k_format", score_geo3k},
    {"boxed", score_boxed},
};

enum { N_STYLES = sizeof(styles) / sizeof(styles[0]) };

static const char *const style_names[N_STYLES + 1] = {
    "r1",
    "openr1.format",
    "openr1.tag_count",
    "openr1.code_format",
    "trl.think_format",
    "logic_rl.structure",
    "verl.geo3k_format",
    "boxed",
    NULL,
};

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct style *style = &styles[call->options[OPT_STYLE].choice];
    struct span head =
        call->options[OPT_PREFILL].set ? call->options[OPT_PREFILL].text : call->prefill;
    struct span text = text_join(head, call->completion, call->arena);
    if (text.p == NULL && head.n + call->completion.n > 0) return text_too_large(out);
    detail_text(out, "style", span_str(style->name));
    out->value = style->score(text, call, out);
    return SCORE_DONE;
}

static const struct field options[] = {
    {.name = "style",
     .kind = FIELD_CHOICE,
     .fallback = "\"r1\"",
     .choices = style_names,
     .doc = "whose rule; r1 is our own and the sound one"},
    {.name = "prefill",
     .kind = FIELD_TEXT,
     .doc =
         "what the prompt had already written of the assistant's turn; the item's own by default"},
    {.name = "lang",
     .kind = FIELD_TEXT,
     .fallback = "\"python\"",
     .doc = "openr1.code_format: the language after the opening fence"},
    {.name = "allow_empty",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "r1: let the blocks hold nothing but white space"},
    {0},
};

static const char *const causes[] = {
    "missing_tag",  "repeated_tag", "wrong_order", "text_outside", "empty_think",
    "empty_answer", "no_box",       "empty_box",   "too_large",    NULL,
};

const struct reward format_reward = {
    .name = "format",
    .doc = "tags where they belong",
    .source = "arXiv 2501.12948v1, 2.2.2 and table 1; huggingface/open-r1:src/open_r1/rewards.py; "
              "huggingface/trl:trl/rewards/format_rewards.py; Unakar/Logic-RL:kk.py; "
              "volcengine/verl:geo3k.py",
    .options = options,
    .causes = causes,
    .is_rule = true,
    .score = score,
};
