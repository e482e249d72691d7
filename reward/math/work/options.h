/* reward/math/work/options.h - the terms of a judgement: what a request may ask for, with how much
 * effort, and the words that say how it was decided. The door math.h repeats them all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_WORK_OPTIONS_H
#define REWARD_MATH_WORK_OPTIONS_H

#include <stdbool.h>

#include "base/span.h"
#include "reward/math/work/trace.h"

enum math_mode {
    MATH_AUTO, /* choice letters where options name choices or the reference is one, else math, else text */
    MATH_MATH,   /* mathematics; words are compared as words */
    MATH_NUMBER, /* one number each; nothing else is an answer */
    MATH_CHOICE, /* one letter each */
    MATH_TEXT,   /* words: case, punctuation, articles and white space do not matter */
};

enum math_form {
    MATH_FORM_TEXT, /* a response, in which the answer must be found */
    MATH_FORM_BARE, /* the answer alone */
};

enum { MATH_EXTRACT_LATEX = 1, MATH_EXTRACT_EXPR = 2, MATH_EXTRACT_STRING = 4 };

enum math_location { MATH_LAST, MATH_FIRST, MATH_EXACT /* the whole response is the answer */ };

struct math_options {
    enum math_mode mode;  /* MATH_AUTO */
    enum math_form form;  /* MATH_FORM_TEXT */
    unsigned extract;     /* bits MATH_EXTRACT_*; LATEX | EXPR | STRING */
    int precision;        /* decimal places that make a decimal equal to an exact value; 6 */
    bool precision_given; /* precision also rounds two decimals against each other; false */
    bool strict;          /* {1, 2} is not (1, 2), x = 1 is not 1, 10 % is not 0.1; false */
    bool allow_set_relation_comp; /* x < 3 equals (-oo, 3) whichever side is the reference; true */
    bool require_boxed;           /* only \boxed{} and \fbox{} hold answers; false */
    bool boxed_anywhere;         /* a box inside the reasoning counts when none follows it; false */
    struct span reasoning_end;   /* only what follows this mark counts, and it must be there; "" */
    bool answer_tag;             /* only <answer></answer> holds answers; false */
    bool first_answer;           /* the first <answer> or box, not the last; false */
    bool answer_in_brackets;     /* the last [...] holds the answer; false */
    const struct span *choices;  /* the letters, or contents, to choose from; NULL */
    const struct span *contents; /* what each of the letters stands for; NULL when not told */
    int n_choices;
    struct span language; /* "english", "chinese", "german"...: how numbers are written; "" */
    double abs_tol;       /* numbers this close are equal; 0 */
    double rel_tol;       /* numbers this close, in parts of the reference, are equal; 0 */
    bool unordered;       /* tuples are compared as sets; false */
    enum math_location location; /* MATH_LAST */
    bool units_convert;          /* 1 m equals 100 cm; true */
    bool percent_lenient;        /* 28 % equals 28 (and 0.28); true */
    struct math_trace *trace;    /* gets the steps on the way to the verdict; NULL: nobody asks */
    double budget_s;             /* CPU time an answer may take with MATH_FULL; 2 */
};

/* The defaults above. */
extern const struct math_options MATH_DEFAULTS;

/* Options as the trainers of a data set use them: the name, and what it changes of the defaults. */
#define MATH_PRESET_MAP(X) \
    X(NONE, "none", .mode = MATH_AUTO)     /* the defaults */ \
    X(GSM8K, "gsm8k", .mode = MATH_NUMBER) /* one number; without marks the last one */ \
    X(MATH, "math", .mode = MATH_AUTO)     /* the defaults, made for MATH and its like */ \
    X(AIME, "aime", .mode = MATH_NUMBER)   /* one number, in a box or after a phrase */ \
    X(DAPO, "dapo", .mode = MATH_NUMBER)   /* one number after "Answer:" */ \
    X(HENDRYCKS, "hendrycks", .require_boxed = true) /* boxes alone, as MATH's own grader has it */

enum math_preset {
#define MATH_PRESET_ENUM(name, wire, ...) MATH_PRESET_##name,
    MATH_PRESET_MAP(MATH_PRESET_ENUM)
#undef MATH_PRESET_ENUM
        MATH_PRESETS
};

/* The options of each preset, by enum math_preset. */
extern const struct math_options MATH_PRESET_OPTIONS[MATH_PRESETS];

enum math_effort {
    MATH_CHEAP, /* provably cheap steps only: bounded, a few microseconds each, nothing that can abort.
                 * May answer MATH_DEFER: ask again with MATH_FULL. */
    MATH_FULL, /* everything, within options->budget_s of CPU time. FLINT may still abort or exhaust
                 * memory: call it in a process that may die. */
};

/* name, code on the wire, what it says */
#define MATH_CAUSE_MAP(X) \
    X(EQUAL_TEXT, "equal_text", "the same text, white space and wrapping aside") \
    X(EQUAL_VALUE, "equal_value", "the same exact value or expression") \
    X(EQUAL_NUMERICALLY, "equal_numerically", \
      "rigorous evaluation to 1,000 digits shows no difference") \
    X(EQUAL_AFTER_ROUNDING, "equal_after_rounding", "a decimal that is the exact value, rounded") \
    X(EQUAL_WITHIN_TOLERANCE, "equal_within_tolerance", "closer than abs_tol or rel_tol") \
    X(EQUAL_SET, "equal_set", "the same elements or the same points") \
    X(EQUAL_RELATION, "equal_relation", "the same equation or inequality, rearranged") \
    X(EQUAL_CHOICE, "equal_choice", "the same choice") \
    X(EQUAL_WORDS, "equal_words", "the same words") \
    X(NOT_EQUAL, "not_equal", "a proof or two disjoint values") \
    X(NOT_EQUAL_KIND, "not_equal_kind", \
      "things of different kinds: a number and a set, words and a number") \
    X(NOT_EQUAL_UNIT, "not_equal_unit", "different units") \
    X(NOT_EQUAL_CHOICE, "not_equal_choice", "another choice") \
    X(NOT_EQUAL_WORDS, "not_equal_words", "other words") \
    X(NO_ANSWER_FOUND, "no_answer_found", "the response holds no answer where one may stand") \
    X(EMPTY_ANSWER, "empty_answer", "an empty box or tag") \
    X(ONLY_IN_REASONING, "only_in_reasoning", "the answer stands inside the reasoning only") \
    X(SEVERAL_ANSWERS, "several_answers", "more than one answer is offered for one question") \
    X(UNPARSABLE_ANSWER, "unparsable_answer", \
      "the answer is no mathematics, and the reference is") \
    X(UNPARSABLE_GOLD, "unparsable_gold", "the reference is empty or holds no answer") \
    X(TOO_LARGE, "too_large", "a limit on size, depth or count") \
    X(TIMEOUT, "timeout", "the budget is spent") \
    X(UNDECIDED, "undecided", "no test could tell") \
    X(NO_MEMORY, "out_of_memory", "no memory for this item")

enum math_cause {
#define MATH_CAUSE_ENUM(name, wire, text) MATH_##name,
    MATH_CAUSE_MAP(MATH_CAUSE_ENUM)
#undef MATH_CAUSE_ENUM
        MATH_CAUSES
};

/* The cause on the wire: "equal_value". */
const char *math_cause_name(enum math_cause cause);
const char *math_cause_text(enum math_cause cause); /* what it says, one line */

/* Where the answer stood. */
enum math_source {
    MATH_FROM_NOWHERE,
    MATH_FROM_BARE,
    MATH_FROM_BOXED,
    MATH_FROM_TAG,
    MATH_FROM_HASHES,
    MATH_FROM_PHRASE,
    MATH_FROM_LATEX,
    MATH_FROM_EXPRESSION,
    MATH_FROM_BRACKETS,
    MATH_FROM_CHOICE,
    MATH_SOURCES
};

/* The source on the wire: "boxed". */
const char *math_source_name(enum math_source source);

#endif
