/* reward/tools/tool_calls.c - the calls of tools that a response makes beside those that are
 * wanted.
 *
 * Calls are found as the server finds them in answers (base/tools/calls.h): in the form of one
 * family of models, or, where the option says auto, of whichever family's form holds most calls.
 * Of a completion that is a message with "tool_calls" these are taken.
 *
 *   score exact    1 when each wanted call is made once and no other, else 0
 *         share    matched calls / the greater of wanted and made
 *         toolrl   the paper's sum (arXiv 2504.13958, 3.3), from 0 to 1: names as bags, then for each
 *                  wanted call the best call of its name that is left: names of arguments as bags,
 *                  and one for each value that is right
 *
 * Loopholes, kept because peers have them: `subset` lets any further argument pass; `bfcl` passes a
 * text that differs in punctuation ("1,000" for "10.00"), and a variable's name where a text is
 * possible; `share` and `toolrl` pay for one call of several, and toolrl for a right name alone;
 * where no call is wanted, any text without one is right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <stdio.h>

#include "base/json.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"
#include "reward/tools/match.h"

enum { OPT_FORMAT, OPT_MATCH, OPT_SCORE, OPT_ORDER, OPT_SCOPE };
enum { MATCH_EQUAL, MATCH_SUBSET, MATCH_BFCL };
enum { SCORE_BY_EXACT, SCORE_BY_SHARE, SCORE_BY_TOOLRL };
enum { ORDER_ANY, ORDER_FIXED };

/* ---- the calls that were made ---------------------------------------------------------------- */

/* The item's tools for the parser, which takes the types of XML's values from them; [*n] in a.
 * NULL: there are none, or a is full. */
static const struct tool *offered(const cJSON *tools, struct arena *a, size_t *n)
{
    int most = cJSON_GetArraySize(tools);
    struct tool *list = most == 0 ? NULL : arena_alloc(a, (size_t)most, sizeof(*list));
    const cJSON *one;
    *n = 0;
    if (list == NULL) return NULL;
    cJSON_ArrayForEach(one, tools)
    {
        const cJSON *f = json_get(one, "function"), *tool = cJSON_IsObject(f) ? f : one;
        const cJSON *name = json_get(tool, "name");
        if (!cJSON_IsString(name)) continue;
        list[(*n)++] = (struct tool){name->valuestring, json_get(tool, "parameters")};
    }
    return list;
}

static bool is_another_s(const cJSON *message)
{
    const cJSON *role = json_get(message, "role");
    return cJSON_IsString(role) && strcmp(role->valuestring, "assistant") != 0;
}

/* The "tool_calls" of a completion that is a message of the assistant's, or several. *given: there
 * are some, be they empty. False: err. */
static bool message_calls(const cJSON *item, struct calls *made, bool *given, struct error *err)
{
    const cJSON *v = json_get(item, "completion"), *one = cJSON_IsArray(v) ? v->child : v;
    char name[64] = "completion.tool_calls";
    *made = (struct calls){0};
    *given = false;
    for (int i = 0; cJSON_IsObject(one); one = one == v ? NULL : one->next, i++) {
        const cJSON *calls = json_get(one, "tool_calls");
        if (calls == NULL || is_another_s(one)) continue;
        *given = true;
        if (one != v && v->child->next != NULL) {
            snprintf(name, sizeof(name), "completion[%d].tool_calls", i);
        }
        if (!calls_add(calls, name, false, made, err)) return false;
    }
    return true;
}

/* Of every family's form the one with most calls, the first of several. False: no memory. */
static bool find_in_any(struct span text, struct tool_calls_wanted *wanted, struct calls *best,
                        struct calls *other)
{
    *best = (struct calls){0};
    for (int i = 0; (wanted->format = tool_format_at(i)) != NULL; i++) {
        if (!calls_find(text, wanted, other)) {
            calls_clear(other);
            return false;
        }
        if (other->n > best->n) {
            calls_clear(best);
            *best = *other;
        } else {
            calls_clear(other);
        }
    }
    return true;
}

/* False: err, or no memory where err has none. */
static bool read_made(const struct reward_call *call, const cJSON *tools, struct calls *made,
                      struct calls *scratch, struct error *err)
{
    const struct option_value *o = call->options;
    bool given;
    struct tool_calls_wanted wanted = {.format = call->prepared};
    if (!message_calls(call->item, made, &given, err)) return false;
    if (given) return true;
    struct span text = scope_text(call, o[OPT_SCOPE].choice);
    wanted.tools = offered(tools, call->arena, &wanted.n_tools);
    return wanted.format != NULL ? calls_find(text, &wanted, made)
                                 : find_in_any(text, &wanted, made, scratch);
}

/* ---- scores ---------------------------------------------------------------------------------- */

typedef bool (*matcher)(const struct call *made, const struct call *wanted, const cJSON *tools);

/* How many of the wanted calls are made, each call used once: in any order the first that matches,
 * in a fixed one the call at the same place. */
static size_t count_matches(const struct calls *made, const struct calls *wanted, matcher same,
                            bool fixed, const cJSON *tools)
{
    bool used[CALLS_MOST] = {false};
    size_t matched = 0;
    for (size_t w = 0; w < wanted->n; w++) {
        size_t from = fixed ? w : 0, to = fixed && w + 1 < made->n ? w + 1 : made->n;
        for (size_t m = from; m < to; m++) {
            if (used[m] || !same(&made->at[m], &wanted->at[w], tools)) continue;
            used[m] = true;
            matched++;
            break;
        }
    }
    return matched;
}

/* |a and b| / |a or b| of two bags of which `common` are shared. */
static double bag_overlap(size_t a, size_t b, size_t common)
{
    if (a == 0 && b == 0) return 1;
    return (double)common / (double)(a + b - common);
}

static double overlap_of_names(const struct calls *made, const struct calls *wanted)
{
    bool used[CALLS_MOST] = {false};
    size_t common = 0;
    for (size_t w = 0; w < wanted->n; w++) {
        size_t m = 0;
        while (m < made->n && (used[m] || strcmp(made->at[m].name, wanted->at[w].name) != 0)) {
            m++;
        }
        if (m == made->n) continue;
        used[m] = true;
        common++;
    }
    return bag_overlap(made->n, wanted->n, common);
}

/* What a call of the right name adds: its arguments' names, and each right value. */
static double toolrl_of_call(const struct call *made, const struct call *wanted)
{
    size_t a = (size_t)cJSON_GetArraySize(made->arguments);
    size_t b = (size_t)cJSON_GetArraySize(wanted->arguments), common = 0, right = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, wanted->arguments)
    {
        const cJSON *given = cJSON_GetObjectItemCaseSensitive(made->arguments, one->string);
        common += given != NULL;
        right += given != NULL && values_equal(given, one);
    }
    return bag_overlap(a, b, common) + (double)right;
}

static double toolrl(const struct calls *made, const struct calls *wanted)
{
    bool used[CALLS_MOST] = {false};
    double score = overlap_of_names(made, wanted), most = 1;
    for (size_t w = 0; w < wanted->n; w++) {
        double best = 0;
        size_t at = CALLS_MOST;
        most += 1 + (double)cJSON_GetArraySize(wanted->at[w].arguments);
        for (size_t m = 0; m < made->n; m++) {
            if (used[m] || strcmp(made->at[m].name, wanted->at[w].name) != 0) continue;
            double one = toolrl_of_call(&made->at[m], &wanted->at[w]);
            if (one > best) {
                best = one;
                at = m;
            }
        }
        score += best;
        if (at < CALLS_MOST) used[at] = true;
    }
    return score / most;
}

static void judge(const struct reward_call *call, const struct calls *made,
                  const struct calls *wanted, const cJSON *tools, struct reward_out *out)
{
    static const matcher matchers[] = {
        [MATCH_EQUAL] = match_equal, [MATCH_SUBSET] = match_subset, [MATCH_BFCL] = match_possible};
    const struct option_value *o = call->options;
    bool fixed = o[OPT_ORDER].choice == ORDER_FIXED;
    size_t matched = count_matches(made, wanted, matchers[o[OPT_MATCH].choice], fixed, tools);
    size_t more = made->n > wanted->n ? made->n : wanted->n;
    bool all = matched == more;
    out->value = all;
    if (o[OPT_SCORE].choice == SCORE_BY_SHARE && more > 0) {
        out->value = (double)matched / (double)more;
    }
    if (o[OPT_SCORE].choice == SCORE_BY_TOOLRL && !all) out->value = toolrl(made, wanted);
    out->verdict = all ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = all ? "match" : made->n == 0 ? "no_call" : "mismatch";
    detail_number(out, "wanted", (double)wanted->n);
    detail_number(out, "made", (double)made->n);
    detail_number(out, "matched", (double)matched);
    if (made->n > 0) detail_text(out, "first", span_str(made->at[0].name));
}

/* ---- the row --------------------------------------------------------------------------------- */

/* What is read of an item. */
struct sides {
    struct calls made, wanted, scratch;
};

static bool read_wanted(const struct reward_call *call, struct calls *out, struct error *err)
{
    const cJSON *v = json_get(call->item, "tool_calls");
    const char *name = v == NULL ? "answer" : "tool_calls";
    if (v == NULL) v = call->answer;
    if (v != NULL) {
        return calls_read(v, name, call->options[OPT_MATCH].choice == MATCH_BFCL, out, err);
    }
    return error_set(err, ERROR_MISSING_FIELD, "tool_calls", "tool_calls is missing");
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const cJSON *tools = json_get(call->item, "tools");
    struct sides *s = arena_alloc(call->arena, 1, sizeof(*s));
    enum score_status status = SCORE_FAULT;
    if (s == NULL) return text_too_large(out);
    if (tools != NULL && !cJSON_IsArray(tools)) {
        error_set(out->err, ERROR_INVALID_TYPE, "tools", "tools must be a list, not %s",
                  json_type_name(tools));
        return SCORE_FAULT;
    }
    if (read_wanted(call, &s->wanted, out->err)) {
        if (read_made(call, tools, &s->made, &s->scratch, out->err)) {
            judge(call, &s->made, &s->wanted, tools, out);
            status = SCORE_DONE;
        } else if (out->err->code == ERROR_NONE) {
            status = text_no_memory(out);
        }
    }
    calls_clear(&s->made);
    calls_clear(&s->wanted);
    return status;
}

/* A format by name, NULL for auto; and what fits together. */
static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    struct span name = o[OPT_FORMAT].text;
    *out = NULL;
    if (o[OPT_SCORE].choice == SCORE_BY_TOOLRL && o[OPT_MATCH].choice != MATCH_EQUAL) {
        return error_set(err, ERROR_INVALID_VALUE, "score",
                         "score \"toolrl\" compares by match \"equal\" alone");
    }
    if (span_is(name, "auto")) return true;
    *out = (void *)(uintptr_t)tool_format_named(name);
    return *out != NULL ||
           error_set(err, ERROR_INVALID_VALUE, "format", "there is no format of calls \"%.*s\"",
                     (int)(name.n < 40 ? name.n : 40), name.n == 0 ? "" : name.p);
}

/* The format is a row of a table. */
static void release(void *prepared)
{
    (void)prepared;
}

static const char *const matches[] = {"equal", "subset", "bfcl", NULL};
static const char *const scores[] = {"exact", "share", "toolrl", NULL};
static const char *const orders[] = {"any", "fixed", NULL};
static const char *const causes[] = {"match", "mismatch", "no_call", NULL};

static const struct field options[] = {
    {.name = "format",
     .kind = FIELD_TEXT,
     .fallback = "\"auto\"",
     .doc = "how calls are written: hermes, qwen3_coder, deepseek_v3, deepseek_v31, mistral, "
            "mistral_args, harmony, llama3; auto: whichever holds most calls"},
    {.name = "match",
     .kind = FIELD_CHOICE,
     .fallback = "\"equal\"",
     .choices = matches,
     .doc = "arguments are equal; hold the wanted ones; have one of their possible values"},
    {.name = "score",
     .kind = FIELD_CHOICE,
     .fallback = "\"exact\"",
     .choices = scores,
     .doc = "1 for all and no other; the share that matches; ToolRL's partial credit"},
    {.name = "order",
     .kind = FIELD_CHOICE,
     .fallback = "\"any\"",
     .choices = orders,
     .doc = "whether calls must come in the order given"},
    SCOPE_OPTION("\"content\""),
    {0},
};

static const struct field fields[] = {
    {"tool_calls", FIELD_VALUE, .doc = "the calls that are wanted; else the answer's"},
    {"tools", FIELD_VALUE, .doc = "descriptions of tools, for types"},
    {0},
};

const struct reward tool_calls_reward = {
    .name = "tool_calls",
    .doc = "1 when the response makes the calls of tools that are wanted",
    .source = "ToolRL, arXiv 2504.13958; BFCL, gorilla/berkeley-function-call-leaderboard; xLAM, "
              "arXiv 2406.18518",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .prepare = prepare,
    .release = release,
    .score = score,
};
