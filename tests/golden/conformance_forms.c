/* tests/golden/conformance_forms.c FOLDER [FOLDER ...] - folders of the official JSON-Schema-Test-Suite
 * (tests/draft2020-12, say): which of its schemas forms accept, and whether just the valid instances of
 * these can be written.
 *
 * A schema that is refused has its reason listed. An instance counts as one that can be written when it
 * can with its members in some order, numbers in plain digits, no white space. Beside it stands what the
 * reward `schema` says (reward/rules/json_schema.h): forms and judge must agree about every instance.
 * Prints a table in Markdown; exit status 0 when neither is wrong about an instance of a schema that it
 * accepts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/sample/form/earley.h"
#include "engine/sample/form/schema.h"
#include "reward/rules/json_schema.h"

enum { MAX_STATES = 64, MAX_PERMUTED = 10 };

/* Where a reader may stand: different, for different orders of members. */
struct states {
    int list[MAX_STATES];
    int n;
};

static void add_state(struct states *s, int state)
{
    for (int i = 0; i < s->n; i++) {
        if (s->list[i] == state) return;
    }
    if (state != EARLEY_DEAD && s->n < MAX_STATES) s->list[s->n++] = state;
}

static struct states read_text(struct earley *e, const struct states *from, struct span text)
{
    struct states to = {.n = 0};
    for (int i = 0; i < from->n; i++) {
        int state = from->list[i];
        for (size_t k = 0; k < text.n && state != EARLEY_DEAD; k++) {
            state = earley_step(e, state, (uint8_t)text.p[k]);
        }
        add_state(&to, state);
    }
    return to;
}

static struct states read_value(struct earley *e, const struct states *from, const cJSON *value);

static struct states read_member(struct earley *e, const struct states *from, const cJSON *member,
                                 bool first)
{
    struct buffer text;
    cJSON *name = cJSON_CreateString(member->string);
    buffer_init(&text, 1 << 20);
    if (!first) buffer_add_str(&text, ",");
    json_print(name, &text);
    buffer_add_str(&text, ":");
    struct states at = read_text(e, from, buffer_span(&text));
    buffer_clear(&text);
    cJSON_Delete(name);
    return read_value(e, &at, member);
}

/* All orders: by_mask[m] is where a reader may stand after the members of m. */
static struct states read_members(struct earley *e, const struct states *from, const cJSON *object)
{
    int n = cJSON_GetArraySize(object);
    struct states last = *from, *by_mask = NULL;
    if (n == 0) return last;
    if (n > MAX_PERMUTED) {
        const cJSON *one;
        cJSON_ArrayForEach(one, object)
        {
            last = read_member(e, &last, one, one == object->child);
        }
        return last;
    }
    by_mask = mem_new((size_t)1 << n, sizeof(*by_mask), NULL);
    if (by_mask == NULL) exit(2);
    by_mask[0] = *from;
    for (int mask = 0; mask < 1 << n; mask++) {
        int i = 0;
        for (const cJSON *one = object->child; one != NULL; one = one->next, i++) {
            if (mask >> i & 1 || by_mask[mask].n == 0) continue;
            struct states to = read_member(e, &by_mask[mask], one, mask == 0);
            for (int k = 0; k < to.n; k++) {
                add_state(&by_mask[mask | 1 << i], to.list[k]);
            }
        }
    }
    last = by_mask[(1 << n) - 1];
    free(by_mask);
    return last;
}

/* A number in plain digits: 1 for 1.0 and 1e0. */
static void print_number(const cJSON *value, struct buffer *out)
{
    char scratch[JSON_NUMBER_ROOM], text[800];
    struct digits d;
    size_t n = 0, digits = 0;
    if (!json_digits(value, scratch, &d) || d.exponent > 350 || d.exponent < -350) {
        json_print(value, out);
        return;
    }
    for (size_t i = 0; i < d.text.n; i++) {
        if (d.text.p[i] != '.') scratch[digits++] = d.text.p[i];
    }
    if (d.exponent <= 0) text[n++] = '0';
    for (int64_t i = d.exponent < 0 ? d.exponent : 0; i < (int64_t)digits || i < d.exponent; i++) {
        if (i == d.exponent) text[n++] = '.';
        text[n++] = i >= 0 && i < (int64_t)digits ? scratch[i] : '0';
    }
    if (d.negative) buffer_add_str(out, "-");
    buffer_add_span(out, span_of(text, n == 0 ? 1 : n));
}

static struct states read_value(struct earley *e, const struct states *from, const cJSON *value)
{
    struct states at = *from;
    if (cJSON_IsObject(value)) {
        at = read_text(e, &at, span_str("{"));
        at = read_members(e, &at, value);
        return read_text(e, &at, span_str("}"));
    }
    if (cJSON_IsArray(value)) {
        const cJSON *one;
        at = read_text(e, &at, span_str("["));
        cJSON_ArrayForEach(one, value)
        {
            if (one != value->child) at = read_text(e, &at, span_str(","));
            at = read_value(e, &at, one);
        }
        return read_text(e, &at, span_str("]"));
    }
    struct buffer text;
    buffer_init(&text, 1 << 20);
    if (cJSON_IsNumber(value)) {
        print_number(value, &text);
    } else {
        json_print(value, &text);
    }
    at = read_text(e, &at, buffer_span(&text));
    buffer_clear(&text);
    return at;
}

static bool can_write(struct earley *e, const cJSON *value)
{
    struct states start = {.list = {EARLEY_START}, .n = 1};
    struct states end = read_value(e, &start, value);
    for (int i = 0; i < end.n; i++) {
        if (earley_may_end(e, end.list[i])) return true;
    }
    return false;
}

/* What isn't as the suite has it, by decision. */
static const struct {
    const char *file, *why;
} aside[] = {
    {"format.json", "formats are kept here, not annotations"},
    {"vocabulary.json", "metaschemas are not read"},
};

static bool is_aside(const char *file)
{
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
        if (strcmp(aside[i].file, file) != 0) continue;
        printf("    %s is left aside: %s\n", file, aside[i].why);
        return true;
    }
    return false;
}

/* A schema that doesn't say its draft is of its folder's. */
static void name_draft(cJSON *schema, const char *folder)
{
    static const char *const old[] = {"draft3", "draft4", "draft6", "draft7"};
    char url[64];
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]) && cJSON_IsObject(schema); i++) {
        if (strstr(folder, old[i]) == NULL || cJSON_HasObjectItem(schema, "$schema")) continue;
        snprintf(url, sizeof(url), "http://json-schema.org/draft-0%c/schema#", old[i][5]);
        cJSON_AddStringToObject(schema, "$schema", url);
    }
}

struct score {
    int schemas, accepted, instances, wrong;
    int judged, judged_wrong; /* schemas that the judge accepts; instances that it's wrong about */
};

static void say_wrong(const char *who, const char *file, const cJSON *group, const cJSON *test)
{
    printf("    %s %s: %s: %s (%s)\n", who, file,
           cJSON_GetStringValue(cJSON_GetObjectItem(group, "description")),
           cJSON_GetStringValue(cJSON_GetObjectItem(test, "description")),
           cJSON_IsTrue(cJSON_GetObjectItem(test, "valid")) ? "valid" : "invalid");
}

static void judge_group(const cJSON *group, const char *file, struct score *s)
{
    const cJSON *schema = cJSON_GetObjectItem(group, "schema"), *test;
    struct error err = {0};
    if (!json_schema_check(schema, &err)) return;
    s->judged++;
    cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
    {
        struct json_schema_fault fault;
        struct arena *a = arena_new(1 << 20);
        if (a == NULL) exit(2);
        bool valid = json_schema_validate(schema, cJSON_GetObjectItem(test, "data"), a, &fault) ==
                     JSON_SCHEMA_VALID;
        arena_free(a);
        if (valid == cJSON_IsTrue(cJSON_GetObjectItem(test, "valid"))) continue;
        s->judged_wrong++;
        say_wrong("JUDGED WRONG", file, group, test);
    }
}

static void run_group(const cJSON *group, const char *file, struct score *s)
{
    struct error err = {0};
    const struct schema_options o = {.space = SCHEMA_SPACE_USUAL};
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(group, "description"));
    struct earley *e = schema_compile(cJSON_GetObjectItem(group, "schema"), &o, &err);
    const cJSON *test;
    s->schemas++;
    /* "no text has this form": right where no instance is valid */
    if (e == NULL && strstr(err.message, "no text") == NULL) {
        printf("    %s: %s: %s\n", file, name, err.message);
        return;
    }
    s->accepted++;
    cJSON_ArrayForEach(test, cJSON_GetObjectItem(group, "tests"))
    {
        bool valid = cJSON_IsTrue(cJSON_GetObjectItem(test, "valid"));
        s->instances++;
        if ((e != NULL && can_write(e, cJSON_GetObjectItem(test, "data"))) == valid) continue;
        s->wrong++;
        say_wrong("WRONG", file, group, test);
    }
    earley_free(e);
}

static void run_file(const char *folder, const char *file, struct score *s)
{
    char path[1024];
    struct buffer text;
    struct error err = {0};
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    buffer_init(&text, 16 << 20);
    cJSON *root =
        file_read(path, 16 << 20, &text, &err) ? json_parse(buffer_span(&text), &err) : NULL;
    const cJSON *group;
    if (root == NULL) printf("    %s: %s\n", file, err.message);
    cJSON_ArrayForEach(group, root)
    {
        name_draft(cJSON_GetObjectItem(group, "schema"), folder);
        run_group(group, file, s);
        judge_group(group, file, s);
    }
    cJSON_Delete(root);
    buffer_clear(&text);
}

static int is_test(const struct dirent *entry)
{
    return span_ends(span_str(entry->d_name), span_str(".json"));
}

static void print_score(const char *name, const struct score *s)
{
    printf("| %s | %d | %d | %d | %d | %d | %d |\n", name, s->schemas, s->accepted, s->instances,
           s->wrong, s->judged, s->judged_wrong);
}

static int run_folder(const char *folder)
{
    struct dirent **entries;
    struct score all = {0};
    int n = scandir(folder, &entries, is_test, alphasort);
    struct score *scores = n <= 0 ? NULL : mem_new((size_t)n, sizeof(*scores), NULL);
    printf("%s\n\nRefused, or wrong:\n\n", folder);
    for (int i = 0; i < n && scores != NULL; i++) {
        if (!is_aside(entries[i]->d_name)) run_file(folder, entries[i]->d_name, &scores[i]);
    }
    printf("\n| file | schemas | accepted | their instances | wrong | judged | wrong |\n"
           "|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < n && scores != NULL; i++) {
        const struct score *s = &scores[i];
        if (s->schemas == 0) continue; /* left aside */
        print_score(entries[i]->d_name, s);
        all = (struct score){all.schemas + s->schemas,     all.accepted + s->accepted,
                             all.instances + s->instances, all.wrong + s->wrong,
                             all.judged + s->judged,       all.judged_wrong + s->judged_wrong};
    }
    print_score("all", &all);
    printf("\n");
    for (int i = 0; i < n; i++) {
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    free(scores);
    return all.wrong + all.judged_wrong;
}

int main(int argc, char **argv)
{
    int wrong = 0;
    if (argc < 2) {
        printf("conformance_forms FOLDER ...: folders of the JSON-Schema-Test-Suite\n");
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        wrong += run_folder(argv[i]);
    }
    return wrong == 0 ? 0 : 1;
}
