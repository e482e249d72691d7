/* reward/math/options.c - defaults, presets, and the names of causes and sources.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/math.h"

/* MATH_AUTO and MATH_FORM_TEXT are 0, so rows may say otherwise. */
#define DEFAULTS \
    .extract = MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR | MATH_EXTRACT_STRING, .precision = 6, \
    .allow_set_relation_comp = true, .units_convert = true, .percent_lenient = true, \
    .budget_s = 2.0

const struct math_options MATH_DEFAULTS = {DEFAULTS};

static const struct math_preset presets[] = {
    {"gsm8k",
     "one number; the last one in the text when nothing marks it",
     {DEFAULTS, .mode = MATH_NUMBER}},
    {"math", "the defaults, made for MATH and its like", {DEFAULTS}},
    {"aime", "one number, in a box or after a phrase", {DEFAULTS, .mode = MATH_NUMBER}},
    {"dapo", "one number after 'Answer:'", {DEFAULTS, .mode = MATH_NUMBER}},
    {"hendrycks",
     "only boxes count, as MATH's own grader has it",
     {DEFAULTS, .require_boxed = true}},
};

const struct math_preset *math_preset_at(int i)
{
    return i >= 0 && (size_t)i < sizeof(presets) / sizeof(presets[0]) ? &presets[i] : NULL;
}

const struct math_preset *math_preset_find(struct span name)
{
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (span_is(name, presets[i].name)) return &presets[i];
    }
    return NULL;
}

static const struct {
    const char *wire, *text;
} causes[MATH_CAUSES] = {
#define CAUSE_ROW(name, wire, text) [MATH_##name] = {wire, text},
    MATH_CAUSE_MAP(CAUSE_ROW)
#undef CAUSE_ROW
};

const char *math_cause_name(enum math_cause cause)
{
    return causes[cause].wire;
}

const char *math_cause_text(enum math_cause cause)
{
    return causes[cause].text;
}

const char *math_source_name(enum math_source source)
{
    static const char *const names[MATH_SOURCES] = {
        [MATH_FROM_NOWHERE] = "none",      [MATH_FROM_BARE] = "bare",
        [MATH_FROM_BOXED] = "boxed",       [MATH_FROM_TAG] = "answer_tag",
        [MATH_FROM_HASHES] = "hashes",     [MATH_FROM_PHRASE] = "phrase",
        [MATH_FROM_LATEX] = "latex",       [MATH_FROM_EXPRESSION] = "expression",
        [MATH_FROM_BRACKETS] = "brackets", [MATH_FROM_CHOICE] = "choice",
    };
    return names[source];
}
