/* reward/math/work/options.c - defaults, presets, and the names of causes and sources.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/work/options.h"

/* MATH_AUTO and MATH_FORM_TEXT are 0, so rows may say otherwise. */
#define DEFAULTS \
    .extract = MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR | MATH_EXTRACT_STRING, .precision = 6, \
    .allow_set_relation_comp = true, .units_convert = true, .percent_lenient = true, \
    .budget_s = 2.0

const struct math_options MATH_DEFAULTS = {DEFAULTS};

const struct math_options MATH_PRESET_OPTIONS[MATH_PRESETS] = {
#define PRESET_ROW(name, wire, ...) [MATH_PRESET_##name] = {DEFAULTS, __VA_ARGS__},
    MATH_PRESET_MAP(PRESET_ROW)
#undef PRESET_ROW
};

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
