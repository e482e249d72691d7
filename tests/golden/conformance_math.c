/* tests/golden/conformance_math.c - a file of cases with expected verdicts, judged and counted.
 *
 *   conformance_math CORPORA/{math,field}/cases.jsonl [--defaults] [--quiet]
 *
 * Prints the score, false positives and negatives by set (what an id has before its "-") and kind,
 * and each disagreement. A case has a "gold" (text, number or a list of them), an "answer" or
 * "completion", and is "expected" to be right or not; those of other rewards are passed over. Its
 * "form", "extract" and "options" are applied unless --defaults is given. Exit status 0 when at
 * least 98 % (95 % with --defaults) of the cases that are not debatable agree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "reward/math/math.h"

enum { MAX_KINDS = 256, MAX_CHOICES = 26, MAX_GOLDS = 16 };

struct tally {
    char kind[64];
    int cases, agree, false_positive, false_negative;
};

struct run {
    bool defaults, quiet;
    struct tally kinds[MAX_KINDS], sets[MAX_KINDS];
    int n_kinds, n_sets;
    struct tally debatable, counted;
    uint64_t slowest_ns;
};

static struct tally *tally_of(struct tally *list, int *n, const char *kind)
{
    for (int i = 0; i < *n; i++) {
        if (strcmp(list[i].kind, kind) == 0) return &list[i];
    }
    struct tally *t = &list[*n < MAX_KINDS - 1 ? (*n)++ : MAX_KINDS - 1];
    snprintf(t->kind, sizeof(t->kind), "%s", kind);
    return t;
}

static void count(struct tally *t, bool expected, bool correct)
{
    t->cases++;
    t->agree += expected == correct;
    t->false_positive += correct && !expected;
    t->false_negative += !correct && expected;
}

static struct span text_of(const cJSON *object, const char *name, struct arena *a)
{
    const cJSON *v = json_get(object, name);
    return v == NULL ? span_of("", 0) : json_text(v, a);
}

/* A reference as the reward accuracy takes it: a text, or a number in its digits. */
static struct span gold_of(const cJSON *v, struct arena *a)
{
    return cJSON_IsNumber(v) ? json_decimal(v, a) : json_text(v, a);
}

static int read_golds(const cJSON *item, struct arena *a, struct span *golds)
{
    const cJSON *v = json_get(item, "gold"), *one;
    int n = 0;
    if (!cJSON_IsArray(v)) return golds[0] = gold_of(v, a), 1;
    cJSON_ArrayForEach(one, v)
    {
        if (n < MAX_GOLDS) golds[n++] = gold_of(one, a);
    }
    return n;
}

static struct math_options preset_of(struct span name)
{
    static const char *const names[MATH_PRESETS] = {
#define NAME(id, wire, ...) [MATH_PRESET_##id] = wire,
        MATH_PRESET_MAP(NAME)
#undef NAME
    };
    for (int i = 0; i < MATH_PRESETS; i++) {
        if (span_is(name, names[i])) return MATH_PRESET_OPTIONS[i];
    }
    return MATH_DEFAULTS;
}

static void read_options(const cJSON *item, struct arena *a, struct math_options *o,
                         struct span *choices)
{
    const cJSON *given = json_get(item, "options"), *extract = json_get(item, "extract"), *v;
    if (cJSON_IsArray(extract)) {
        o->extract = 0;
        cJSON_ArrayForEach(v, extract)
        {
            struct span s = json_text(v, a);
            o->extract |= span_is(s, "latex")  ? MATH_EXTRACT_LATEX
                          : span_is(s, "expr") ? MATH_EXTRACT_EXPR
                                               : MATH_EXTRACT_STRING;
        }
    }
    const cJSON *preset = json_get(given, "preset");
    if (preset != NULL) *o = preset_of(json_text(preset, a));
    cJSON_ArrayForEach(v, given)
    {
        const char *name = v->string;
        if (strcmp(name, "precision") == 0) {
            o->precision = v->valueint;
            o->precision_given = true;
        }
        if (strcmp(name, "strict") == 0) o->strict = cJSON_IsTrue(v);
        if (strcmp(name, "require_boxed") == 0) o->require_boxed = cJSON_IsTrue(v);
        if (strcmp(name, "answer_tag") == 0) o->answer_tag = cJSON_IsTrue(v);
        if (strcmp(name, "first_answer") == 0) o->first_answer = cJSON_IsTrue(v);
        if (strcmp(name, "answer_in_brackets") == 0) o->answer_in_brackets = cJSON_IsTrue(v);
        if (strcmp(name, "unordered") == 0) o->unordered = cJSON_IsTrue(v);
        if (strcmp(name, "abs_tol") == 0) o->abs_tol = v->valuedouble;
        if (strcmp(name, "rel_tol") == 0) o->rel_tol = v->valuedouble;
        if (strcmp(name, "require_reasoning_end") == 0) o->reasoning_end = json_text(v, a);
        if (strcmp(name, "language") == 0) o->language = json_text(v, a);
        if (strcmp(name, "location") == 0 && span_is(json_text(v, a), "exact")) {
            o->location = MATH_EXACT;
        }
        if (strcmp(name, "choices") == 0) {
            const cJSON *c;
            o->choices = choices;
            cJSON_ArrayForEach(c, v)
            {
                if (o->n_choices < MAX_CHOICES) choices[o->n_choices++] = json_text(c, a);
            }
        }
    }
}

static void show(const char *label, struct span s)
{
    printf("  %s ", label);
    size_t from = s.n > 160 ? s.n - 160 : 0;
    if (from > 0) printf("...");
    for (size_t i = from; i < s.n; i++) {
        putchar(s.p[i] == '\n' ? '~' : s.p[i]);
    }
    printf("\n");
}

static void one(struct run *r, const cJSON *item)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct math_options o = MATH_DEFAULTS;
    struct span choices[MAX_CHOICES], golds[MAX_GOLDS];
    bool whole = json_get(item, "completion") != NULL;
    struct span answer = text_of(item, whole ? "completion" : "answer", a);
    struct span kind = text_of(item, "kind", a), id = text_of(item, "id", a);
    int n_golds = read_golds(item, a, golds);
    if (!r->defaults) {
        if (span_is(text_of(item, "form", a), "bare")) o.form = MATH_FORM_BARE;
        read_options(item, a, &o, choices);
    }
    bool expected = cJSON_IsTrue(json_get(item, "expected"));
    bool debatable = json_get(item, "debatable") != NULL;
    struct math_result result;
    uint64_t begin = clock_ns();
    math_judge(a, answer, golds, n_golds, &o, MATH_CHEAP, &result);
    bool deferred = result.verdict == MATH_DEFER;
    if (deferred) math_judge(a, answer, golds, n_golds, &o, MATH_FULL, &result);
    uint64_t took = clock_ns() - begin;
    if (took > r->slowest_ns) r->slowest_ns = took;
    bool correct = result.verdict == MATH_CORRECT;
    char name[64], set[64];
    size_t dash = span_find(id, span_str("-"), 0);
    snprintf(set, sizeof(set), "%.*s", (int)(dash == SPAN_NONE ? 0 : dash), id.p);
    snprintf(name, sizeof(name), "%.*s", (int)kind.n, kind.p);
    count(debatable ? &r->debatable : &r->counted, expected, correct);
    if (!debatable) count(tally_of(r->kinds, &r->n_kinds, name), expected, correct);
    if (!debatable) count(tally_of(r->sets, &r->n_sets, set), expected, correct);
    if (expected != correct && !r->quiet) {
        printf("%s %.*s %s expected %s: %s%s from %s%s\n", debatable ? "debatable" : "DISAGREES",
               (int)id.n, id.p, name, expected ? "true" : "false", math_cause_name(result.cause),
               deferred ? " (deferred)" : "", math_source_name(result.source),
               result.verdict == MATH_CANNOT_JUDGE ? " CANNOT JUDGE" : "");
        show("gold     ", golds[0]);
        show("answer   ", answer);
        show("extracted", result.extracted);
    }
    arena_free(a);
}

static void print_tally(const struct tally *t)
{
    printf("%-14s %4d cases, %4d agree (%5.1f %%), %d false positives, %d false negatives\n",
           t->kind, t->cases, t->agree, 100.0 * t->agree / (t->cases > 0 ? t->cases : 1),
           t->false_positive, t->false_negative);
}

int main(int argc, char **argv)
{
    static struct run r = {.debatable = {.kind = "debatable"}, .counted = {.kind = "ALL COUNTED"}};
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--defaults") == 0) {
            r.defaults = true;
        } else if (strcmp(argv[i], "--quiet") == 0) {
            r.quiet = true;
        } else {
            path = argv[i];
        }
    }
    FILE *f = path == NULL ? NULL : fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "usage: conformance_math CASES.jsonl [--defaults] [--quiet]\n");
        return 2;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, f)) > 0) {
        struct error err = {0};
        cJSON *item = json_parse(span_trim(span_of(line, (size_t)n)), &err);
        if (item == NULL) continue;
        if (json_get(item, "gold") != NULL) one(&r, item);
        cJSON_Delete(item);
    }
    free(line);
    fclose(f);
    for (int i = 0; i < r.n_kinds; i++) {
        print_tally(&r.kinds[i]);
    }
    for (int i = 0; r.n_sets > 1 && i < r.n_sets; i++) {
        print_tally(&r.sets[i]);
    }
    print_tally(&r.debatable);
    print_tally(&r.counted);
    printf("slowest item %.3f ms\n", (double)r.slowest_ns / 1e6);
    return 100.0 * r.counted.agree >= (r.defaults ? 95.0 : 98.0) * r.counted.cases ? 0 : 1;
}
