/* reward/rules/reasoning_steps.c - marks of step-by-step writing, counted.
 *
 *   n matches of  Step \d+: | ^\d+\. | \n- | \n\* | First, | Second, | Next, | Finally,
 *   from left to right without overlap; min(1, n / 3)
 *
 * Loopholes, kept to the letter: ^ is the start of the text, not of a line; a minus sign after a
 * line break counts; "Next,Next,Next," earns everything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { OPT_PREFILL };
enum { ENOUGH = 3 };

/* Bytes of digits at the front of s. */
static size_t digits(struct span s)
{
    size_t at = 0, n;
    while (at < s.n && unicode_is_digit(unicode_next(span_slice(s, at, s.n), &n))) {
        at += n;
    }
    return at;
}

/* Bytes of `\d+` and then end; 0: no match. */
static size_t numbered(struct span s, char end)
{
    size_t n = digits(s);
    return n > 0 && n < s.n && s.p[n] == end ? n + 1 : 0;
}

/* Bytes of the match that starts at text[at]; 0: none. */
static size_t match(struct span text, size_t at)
{
    static const char *const words[] = {"\n-", "\n*", "First,", "Second,", "Next,", "Finally,"};
    struct span rest = span_slice(text, at, text.n);
    char c = rest.p[0];
    if (at > 0 && c != '\n' && c != 'F' && c != 'N' && c != 'S') return 0; /* no mark begins so */
    if (span_starts(rest, span_str("Step "))) {
        size_t n = numbered(span_slice(rest, 5, rest.n), ':');
        if (n > 0) return n + 5;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_starts(rest, span_str(words[i]))) return strlen(words[i]);
    }
    return at == 0 ? numbered(rest, '.') : 0;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct span head =
        call->options[OPT_PREFILL].set ? call->options[OPT_PREFILL].text : call->prefill;
    struct span text = text_join(head, call->completion, call->arena);
    if (text.p == NULL && head.n + call->completion.n > 0) return text_too_large(out);
    size_t steps = 0;
    for (size_t at = 0; at < text.n;) {
        size_t n = match(text, at);
        steps += n > 0;
        at += n > 0 ? n : 1;
    }
    detail_number(out, "steps", (double)steps);
    out->value = steps < ENOUGH ? (double)steps / ENOUGH : 1;
    return SCORE_DONE;
}

static const struct field options[] = {
    {.name = "prefill",
     .kind = FIELD_TEXT,
     .doc =
         "what the prompt had already written of the assistant's turn; the item's own by default"},
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"openr1\"",
     .choices = (const char *const[]){"openr1", NULL},
     .doc = "whose rule"},
    {0},
};

static const char *const causes[] = {"too_large", NULL};

const struct reward reasoning_steps_reward = {
    .name = "reasoning_steps",
    .doc = "step marks counted, three are enough",
    .source = "huggingface/open-r1:src/open_r1/rewards.py reasoning_steps_reward",
    .options = options,
    .causes = causes,
    .score = score,
};
