/* base/reasoning_marks.c - see reasoning_marks.h.
 *
 * (1) Every mark begins with one of the three bytes that leads[] lists, so that a text without
 *     them is passed over at the speed of memchr().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/reasoning_marks.h"

#include <assert.h>

static const struct reasoning_mark marks[] = {
    {"<think>", "</think>", "DeepSeek-R1, Qwen3, QwQ, GLM-4.5, MiniMax, Nemotron"},
    {"<thinking>", "</thinking>", "prompts after Claude's"},
    {"<thought>", "</thought>", "Gemini's prompts, ExaONE Deep"},
    {"<reasoning>", "</reasoning>", "GRPO tutorials for GSM8K"},
    {"[THINK]", "[/THINK]", "Magistral"},
    {"<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "gpt-oss (harmony)"},
    {"\xe2\x97\x81think\xe2\x96\xb7", "\xe2\x97\x81/think\xe2\x96\xb7", "Kimi-VL, Kimi k1.5"},
    {"<seed:think>", "</seed:think>", "Seed-OSS"},
    {"<|begin_of_thought|>", "<|end_of_thought|>", "Sky-T1, OpenThinker"},
    {"<|START_THINKING|>", "<|END_THINKING|>", "Command A Reasoning"},
    {"<|inner_prefix|>", "<|inner_suffix|>", "Apertus"},
    {"<longcat_think>", "</longcat_think>", "LongCat-Flash-Thinking"},
    {"<mm:think>", "</mm:think>", "MiMo"},
    {"<|think|>", "<|/think|>", "Solar, HyperCLOVA"},
    {"<unused94>thought", "<unused95>", "MedGemma"},
};

enum { N_MARKS = sizeof(marks) / sizeof(marks[0]) };

static const char leads[] = "<[\xe2";

/* The second byte tells for most places that no mark stands there. */
static bool may_be_mark(struct span s, size_t i)
{
    static const char seconds[] = "trslmu/|T\x97";
    return i + 1 < s.n && memchr(seconds, s.p[i + 1], sizeof(seconds) - 1) != NULL;
}

const struct reasoning_mark *reasoning_mark_at(int i)
{
    if (i < 0 || i >= N_MARKS) return NULL;
    assert(strchr(leads, marks[i].open[0]) != NULL); /* (1) */
    assert(strchr(leads, marks[i].close[0]) != NULL);
    assert(may_be_mark(span_str(marks[i].open), 0) && may_be_mark(span_str(marks[i].close), 0));
    return &marks[i];
}

/* What the marks of a text say, read from left to right. */
struct reading {
    size_t end;  /* after the last mark that closes */
    size_t open; /* of the first mark that opens after it; SPAN_NONE: none */
};

/* The mark at s.p[i], if one stands there. */
static void read_mark(struct span s, size_t i, struct reading *r)
{
    if (!may_be_mark(s, i)) return;
    struct span rest = span_slice(s, i, s.n);
    for (int k = 0; k < N_MARKS; k++) {
        struct span open = span_str(marks[k].open), close = span_str(marks[k].close);
        if (span_starts(rest, close)) *r = (struct reading){i + close.n, SPAN_NONE};
        if (span_starts(rest, open) && r->open == SPAN_NONE) r->open = i;
    }
}

struct span reasoning_after(struct span s, bool *open)
{
    struct reading all = {0, SPAN_NONE};
    for (const char *lead = leads; s.n > 0 && *lead != 0; lead++) {
        struct reading r = {0, SPAN_NONE};
        for (size_t i = 0; i < s.n; i++) {
            const char *hit = memchr(s.p + i, *lead, s.n - i);
            if (hit == NULL) break;
            i = (size_t)(hit - s.p);
            read_mark(s, i, &r);
        }
        assert(r.end <= s.n);
        if (r.end > all.end) all.end = r.end;
        if (r.open != SPAN_NONE && (all.open == SPAN_NONE || r.open > all.open)) all.open = r.open;
    }
    *open = all.open != SPAN_NONE && all.open >= all.end;
    return span_slice(s, all.end, s.n);
}
