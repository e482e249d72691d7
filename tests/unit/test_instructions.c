/* tests/unit/test_instructions.c - verifiable instructions against the verdicts of the data sets'
 * own checkers (tests/data/instructions.jsonl, written by tests/bench/instructions_agreement.py),
 * and our own rules: what cannot be checked, the variants of loose checking, what is judged of a
 * response.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "reward/instructions/check.h"
#include "reward/instructions/languages.h"
#include "reward/rules/language_detect.h"

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"instructions\"}]");
}

/* ---- recorded verdicts ----------------------------------------------------------------------- */

/* Is it followed, as the reward says? -1: it cannot judge. */
static int followed(const cJSON *row, const char *strictness)
{
    struct buffer request;
    buffer_init(&request, 1 << 22);
    buffer_add_str(&request, "{\"completion\":");
    json_print(json_get(row, "response"), &request);
    buffer_add_str(&request, ",\"instruction_id_list\":[");
    json_print(json_get(row, "id"), &request);
    buffer_add_str(&request, "],\"kwargs\":[");
    json_print(json_get(row, "kwargs"), &request);
    buffer_addf(
        &request,
        "],\"rewards\":[{\"name\":\"instructions\",\"scope\":\"all\",\"strictness\":\"%s\"}]}",
        strictness);
    char *reply = ask(request.p);
    int result = strstr(reply, "\"reward\":1,") != NULL   ? 1
                 : strstr(reply, "\"reward\":0,") != NULL ? 0
                                                          : -1;
    free(reply);
    buffer_clear(&request);
    return result;
}

static bool as_recorded(const cJSON *row)
{
    bool strict = cJSON_IsTrue(json_get(row, "strict"));
    bool loose = cJSON_IsTrue(json_get(row, "loose"));
    return followed(row, "strict") == strict && followed(row, "loose") == loose;
}

static void test_recorded(void **state)
{
    (void)state;
    check_recorded("tests/data/instructions.jsonl", 1001, as_recorded);
}

/* ---- our own rules --------------------------------------------------------------------------- */

#define LIST(ids, kwargs) "\"instruction_id_list\":[" ids "],\"kwargs\":[" kwargs "]"
#define WORDS_2 "{\"num_words\":2,\"relation\":\"at least\"}"

/* clang-format off */
static const struct {
    const char *name, *options, *item, *holds;
} cases[] = {
    {"the share", "", "\"completion\":\"one two, three\"," LIST("\"length_constraints:number_words\",\"punctuation:no_comma\"", WORDS_2 ",null"), "\"reward\":0.5,"},
    {"all", ",\"aggregate\":\"all\"", "\"completion\":\"one two, three\"," LIST("\"length_constraints:number_words\",\"punctuation:no_comma\"", WORDS_2 ",{}"), "\"reward\":0,"},
    {"each by itself", "", "\"completion\":\"one two, three\"," LIST("\"length_constraints:number_words\",\"punctuation:no_comma\"", WORDS_2 ",{}"), "{\"id\":\"punctuation:no_comma\",\"followed\":false}"},
    {"nulls are absent", "", "\"completion\":\"one two\"," LIST("\"length_constraints:number_words\"", "{\"num_words\":2,\"relation\":\"at least\",\"keywords\":null,\"letter\":null}"), "\"reward\":1,"},
    {"a number of a data frame", "", "\"completion\":\"one two\"," LIST("\"length_constraints:number_words\"", "{\"num_words\":2.0,\"relation\":\"at least\"}"), "\"reward\":1,"},
    {"no kwargs at all", "", "\"completion\":\"one, two\",\"instruction_id_list\":[\"punctuation:no_comma\"]", "\"reward\":0,"},
    /* what cannot be judged is null, never 0 */
    {"an unknown id", "", "\"completion\":\"a\"," LIST("\"punctuation:no_comma\",\"no:such\"", "{},{}"), "\"cause\":\"unknown_instruction\",\"instruction\":\"no:such\",\"param\":\"instruction_id_list[1]\""},
    {"an unknown id is no value", "", "\"completion\":\"a\"," LIST("\"no:such\"", "{}"), "\"reward\":null,"},
    {"an argument missing", "", "\"completion\":\"a\"," LIST("\"length_constraints:number_words\"", "{\"relation\":\"at least\"}"), "\"cause\":\"bad_kwargs\",\"instruction\":\"length_constraints:number_words\",\"param\":\"kwargs[0].num_words\""},
    {"an argument of another kind", "", "\"completion\":\"a\"," LIST("\"keywords:existence\"", "{\"keywords\":\"cat\"}"), "\"param\":\"kwargs[0].keywords\""},
    {"a relation that is none", "", "\"completion\":\"a\"," LIST("\"length_constraints:number_words\"", "{\"num_words\":2,\"relation\":\"at most\"}"), "\"param\":\"kwargs[0].relation\""},
    {"an argument that it does not know", "", "\"completion\":\"a\"," LIST("\"punctuation:no_comma\"", "{\"num_words\":2}"), "\"param\":\"kwargs[0].num_words\""},
    {"arguments are asked for of an empty text too", "", "\"completion\":\"\"," LIST("\"keywords:existence\"", "{}"), "\"cause\":\"bad_kwargs\""},
    {"the nth of fewer", "", "\"completion\":\"a\"," LIST("\"length_constraints:nth_paragraph_first_word\"", "{\"num_paragraphs\":2,\"nth_paragraph\":3,\"first_word\":\"a\"}"), "\"param\":\"kwargs[0].nth_paragraph\""},
    {"a pattern that is none", "", "\"completion\":\"a\"," LIST("\"keywords:existence\"", "{\"keywords\":[\"(\"]}"), "\"param\":\"kwargs[0].keywords\""},
    {"a language that is none", "", "\"completion\":\"a\"," LIST("\"language:response_language\"", "{\"language\":\"tlh\"}"), "\"param\":\"kwargs[0].language\""},
    /* what is wrong with the item is its error */
    {"no list", "", "\"completion\":\"a\"", "\"param\":\"instruction_id_list\""},
    {"an empty list", "", "\"completion\":\"a\"," LIST("", ""), "\"param\":\"instruction_id_list\""},
    {"lists of two lengths", "", "\"completion\":\"a\"," LIST("\"punctuation:no_comma\"", "{},{}"), "\"param\":\"kwargs\""},
    {"an id that is no text", "", "\"completion\":\"a\"," LIST("1", "{}"), "\"param\":\"instruction_id_list[0]\""},
    {"arguments that are no object", "", "\"completion\":\"a\"," LIST("\"punctuation:no_comma\"", "[]"), "\"param\":\"kwargs[0]\""},
    /* what is judged */
    {"an empty text follows nothing", "", "\"completion\":\" \\n\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":0,"},
    {"thoughts are not judged", "", "\"completion\":\"<think>a, b</think>\\n\\nc\"," LIST("\"punctuation:no_comma\",\"paragraphs:paragraphs2\"", "{},{}"), "\"followed\":1"},
    {"unless asked for", ",\"scope\":\"all\"", "\"completion\":\"<think>a, b</think>\\n\\nc\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":0,"},
    {"thoughts without an end", "", "\"completion\":\"<think>a b c\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":0,"},
    {"white space before a text without thoughts stays", "", "\"completion\":\"\\n\\na\\n\\nb\"," LIST("\"length_constraints:nth_paragraph_first_word\"", "{\"num_paragraphs\":2,\"nth_paragraph\":1,\"first_word\":\"a\"}"), "\"reward\":0,"},
    {"loose: without the first line", ",\"strictness\":\"loose\"", "\"completion\":\"Sure, here:\\na b\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":1,"},
    {"loose: without the last line", ",\"strictness\":\"loose\"", "\"completion\":\"a b\\nThere, done\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":1,"},
    {"loose: without both", ",\"strictness\":\"loose\"", "\"completion\":\"a,\\na b\\nb,\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":1,"},
    {"loose: without stars", ",\"strictness\":\"loose\"", "\"completion\":\"**The end**\"," LIST("\"startend:end_checker\"", "{\"end_phrase\":\"the end\"}"), "\"reward\":1,"},
    {"loose: not what stands inside", ",\"strictness\":\"loose\"", "\"completion\":\"a\\na, b\\nb\"," LIST("\"punctuation:no_comma\"", "{}"), "\"reward\":0,"},
    /* keywords are patterns to the checkers */
    {"a point in a keyword is any character", "", "\"completion\":\"cut\"," LIST("\"keywords:existence\"", "{\"keywords\":[\"c.t\"]}"), "\"reward\":1,"},
    {"a word border", "", "\"completion\":\"concatenate\"," LIST("\"keywords:forbidden_words\"", "{\"forbidden_words\":[\"cat\"]}"), "\"reward\":1,"},
    {"capitals without case", "", "\"completion\":\"\xC3\x84ON\"," LIST("\"keywords:existence\"", "{\"keywords\":[\"\xC3\xA4on\"]}"), "\"reward\":1,"},
    {"a character that is no letter is counted", "", "\"completion\":\"a#b#\"," LIST("\"keywords:letter_frequency\"", "{\"letter\":\"#\",\"let_frequency\":2,\"let_relation\":\"at least\"}"), "\"reward\":1,"},
    {"two letters are no letter", "", "\"completion\":\"a\"," LIST("\"keywords:letter_frequency\"", "{\"letter\":\"ab\",\"let_frequency\":2,\"let_relation\":\"at least\"}"), "\"param\":\"kwargs[0].letter\""},
    {"a script of one language", "", "\"completion\":\"\xE0\xB0\xA4\xE0\xB1\x86\xE0\xB0\xB2\xE0\xB1\x81\"," LIST("\"language:response_language\"", "{\"language\":\"te\"}"), "\"reward\":1,"},
};
/* clang-format on */

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer request;
        buffer_init(&request, 1 << 20);
        buffer_addf(&request, "{%s,\"rewards\":[{\"name\":\"instructions\"%s}]}", cases[i].item,
                    cases[i].options);
        check_holds(cases[i].name, &request, cases[i].holds);
    }
}

/* ---- languages: a worker's work, done here --------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *language, *text;
} texts[] = {
    {"en", "The committee will meet on Thursday to discuss the plans for the new library."},
    {"de", "Der Ausschuss trifft sich am Donnerstag, um \xC3\xBC" "ber die Pl\xC3\xA4ne f\xC3\xBCr die neue Bibliothek zu sprechen."},
    {"fr", "Le comit\xC3\xA9 se r\xC3\xA9unira jeudi pour discuter des projets de la nouvelle biblioth\xC3\xA8que."},
    {"es", "El comit\xC3\xA9 se reunir\xC3\xA1 el jueves para hablar de los planes de la nueva biblioteca."},
    {"it", "Il comitato si riunir\xC3\xA0 gioved\xC3\xAC per discutere i progetti della nuova biblioteca."},
    {"ru", "\xD0\x9A\xD0\xBE\xD0\xBC\xD0\xB8\xD1\x82\xD0\xB5\xD1\x82 \xD1\x81\xD0\xBE\xD0\xB1\xD0\xB5\xD1\x80\xD1\x91\xD1\x82\xD1\x81\xD1\x8F \xD0\xB2 \xD1\x87\xD0\xB5\xD1\x82\xD0\xB2\xD0\xB5\xD1\x80\xD0\xB3, \xD1\x87\xD1\x82\xD0\xBE\xD0\xB1\xD1\x8B \xD0\xBE\xD0\xB1\xD1\x81\xD1\x83\xD0\xB4\xD0\xB8\xD1\x82\xD1\x8C \xD0\xBF\xD0\xBB\xD0\xB0\xD0\xBD\xD1\x8B."},
    {"ko", "\xEC\x9C\x84\xEC\x9B\x90\xED\x9A\x8C\xEB\x8A\x94 \xEB\xAA\xA9\xEC\x9A\x94\xEC\x9D\xBC\xEC\x97\x90 \xEB\xA7\x8C\xEB\x82\x9C\xEB\x8B\xA4."},
};
/* clang-format on */

enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]) };

static enum check_result ask_worker(const char *id, const char *text)
{
    struct arena *a = arena_new(1 << 24);
    struct error err = {0};
    struct check_call call = {.arena = a, .in_worker = true, .err = &err};
    enum check_result r = check_find(span_str(id))->follows(&call, span_str(text));
    arena_free(a);
    return r;
}

static void test_languages(void **state)
{
    struct arena *a = arena_new(1 << 24);
    struct error err = {0};
    struct check_call call = {.arena = a, .in_worker = true, .err = &err};
    (void)state;
    if (!language_detect_is_there(&err)) skip();
    for (size_t i = 0; i < N_TEXTS * N_TEXTS; i++) {
        const char *language = texts[i / N_TEXTS].language, *text = texts[i % N_TEXTS].text;
        enum check_result r = language_is(&call, span_str(text), language_name(span_str(language)));
        bool same = i / N_TEXTS == i % N_TEXTS;
        if (r != (same ? CHECK_YES : CHECK_NO)) print_message("%s: %s\n", language, text);
        assert_int_equal(r, same ? CHECK_YES : CHECK_NO);
    }
    const char capital[] = "THE COMMITTEE WILL MEET ON THURSDAY. BRING YOUR NOTES.";
    assert_int_equal(ask_worker("change_case:english_capital", capital), CHECK_YES);
    assert_int_equal(ask_worker("change_case:english_capital", texts[0].text), CHECK_NO);
    assert_int_equal(ask_worker("change_case:english_lowercase", "bring your notes and the plans"),
                     CHECK_YES);
    arena_free(a);
}

/* ---- every row ------------------------------------------------------------------------------- */

/* What each row's arguments may be, so that hostile texts meet every check. */
static const char ARGUMENTS[] =
    "{\"keywords\":[\"cat\"],\"keyword\":\"cat\",\"keyword1\":\"cat\",\"keyword2\":\"dog\","
    "\"frequency\":1,\"relation\":\"at least\",\"forbidden_words\":[\"cat\"],\"letter\":\"a\","
    "\"let_frequency\":1,\"let_relation\":\"at least\",\"language\":\"en\",\"num_sentences\":1,"
    "\"num_paragraphs\":2,\"num_words\":2,\"nth_paragraph\":1,\"first_word\":\"a\","
    "\"last_word\":\"a\",\"num_placeholders\":1,\"postscript_marker\":\"P.S.\","
    "\"num_bullets\":1,\"num_highlights\":1,\"section_spliter\":\"Section\",\"num_sections\":1,"
    "\"prompt_to_repeat\":\"Say it.\",\"end_phrase\":\"the end\",\"capital_frequency\":1,"
    "\"capital_relation\":\"at least\",\"phrase\":\"a b c\",\"n_start\":1,"
    "\"n_end\":4,\"min_words\":1,\"max_words\":9,\"percentage\":50,\"small_n\":1,"
    "\"reference_text\":\"a cat\",\"options\":\"yes/no\",\"word\":\"cat\",\"sep\":\"-\","
    "\"keyword3\":\"a\",\"keyword4\":\"b\",\"keyword5\":\"c\",\"N\":2,\"n_sent\":1,\"n_words\":1,\"n\":1,\"m\":1}";

/* The row's arguments of ARGUMENTS alone; free with cJSON_Delete(). */
static cJSON *arguments_of(const struct check *c)
{
    struct error err = {0};
    cJSON *all = json_parse(span_str(ARGUMENTS), &err), *own = cJSON_CreateObject();
    assert_non_null(all);
    for (size_t i = 0; c->kwargs[i] != NULL; i++) {
        const cJSON *v = json_get(all, c->kwargs[i]);
        if (v != NULL) cJSON_AddItemToObject(own, c->kwargs[i], cJSON_Duplicate(v, true));
    }
    cJSON_Delete(all);
    return own;
}

static const char *const units[] = {
    ".",        ". ",   "? ",    "a",      "a ",    "A. ", "*",        "**a",
    "\\n",      "\n",   "\n\n",  "\n* ",   "[",     "<<",  ">>",       "\"",
    "'",        "`",    "-",     "- ",     ". . ",  "P.",  "p. ",      "cat",
    "cat\n",    "Mr. ", "U.S. ", "1.",     "1. ",   "(",   ".)",       "\" ",
    ",",        ", ",   "***",   "******", "a b\n", "{",   "\xC2\xA0", "\xF0\x9F\x98\x80",
    "Inc. It ", "..",   "! "};

enum { N_UNITS = sizeof(units) / sizeof(units[0]), HOSTILE_BYTES = 1 << 18 };

/* A long text of one unit; free with free(). */
static char *hostile_text(const char *unit)
{
    struct buffer b;
    buffer_init(&b, 2 * HOSTILE_BYTES);
    while (b.n < HOSTILE_BYTES) {
        buffer_add_str(&b, unit);
    }
    return buffer_take(&b);
}

static void test_linear_time(void **state)
{
    struct error err = {0};
    (void)state;
    for (size_t u = 0; u < N_UNITS; u++) {
        char *text = hostile_text(units[u]);
        struct arena *a = arena_new((size_t)1 << 28);
        for (size_t i = 0; check_at(i) != NULL; i++) {
            cJSON *kwargs = arguments_of(check_at(i));
            struct check_call call = {.kwargs = kwargs, .arena = a, .err = &err};
            uint64_t start = clock_cpu_ns();
            enum check_result r = check_at(i)->follows(&call, span_str(text));
            uint64_t ms = (clock_cpu_ns() - start) / 1000000;
            if (ms >= 2000) {
                print_message("%s of \"%s\": %d ms\n", check_at(i)->id, units[u], (int)ms);
            }
            assert_true(ms < 2000); /* at most 50 as released; sanitizers are slow */
            assert_true(r == CHECK_NO || r == CHECK_YES || r == CHECK_DEFER);
            cJSON_Delete(kwargs);
            arena_reset(a);
        }
        arena_free(a);
        free(text);
    }
}

/* An arena that is too small, of every size: the same answer, or TOO_LARGE. */
static void test_small_arenas(void **state)
{
    static const char text[] =
        "Dr. Cat said \"it's a cat.\" The dog's *end*. Section 1\n\n[x] A. The end";
    (void)state;
    for (size_t i = 0; check_at(i) != NULL; i++) {
        const struct check *c = check_at(i);
        cJSON *kwargs = arguments_of(c);
        struct error err = {0};
        struct arena *large = arena_new(1 << 24);
        struct check_call call = {.kwargs = kwargs, .arena = large, .err = &err};
        enum check_result whole = c->follows(&call, span_str(text));
        for (size_t bytes = 1; bytes < 20000; bytes += bytes / 6 + 16) {
            call.arena = arena_new(bytes);
            err = (struct error){0};
            enum check_result r = c->follows(&call, span_str(text));
            bool full =
                r == CHECK_TOO_LARGE || (r == CHECK_BAD_KWARGS && err.code == ERROR_NO_MEMORY);
            if (r != whole && !full) print_message("%s in %zu bytes\n", c->id, bytes);
            assert_true(r == whole || full);
            arena_free(call.arena);
        }
        arena_free(large);
        cJSON_Delete(kwargs);
    }
}

/* A row without its arguments names one of them; ids are unique and documented. */
static void test_rows(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct error file_error = {0};
    struct buffer page;
    (void)state;
    buffer_init(&page, 1 << 20);
    assert_true(file_read("docs/instructions.md", 1 << 20, &page, &file_error));
    for (size_t i = 0; check_at(i) != NULL; i++) {
        const struct check *c = check_at(i);
        struct error err = {0};
        struct check_call call = {.arena = a, .err = &err};
        enum check_result r = c->follows(&call, span_str("a"));
        assert_ptr_equal(check_find(span_str(c->id)), c);
        assert_true((r == CHECK_BAD_KWARGS) == (c->kwargs[0] != NULL));
        assert_true(r != CHECK_BAD_KWARGS || strstr(err.message, "is missing") != NULL);
        bool documented = span_find(buffer_span(&page), span_str(c->id), 0) != SPAN_NONE;
        if (!documented) print_message("docs/instructions.md lacks %s\n", c->id);
        assert_true(documented);
        arena_reset(a);
    }
    buffer_clear(&page);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),     cmocka_unit_test(test_rules),
        cmocka_unit_test(test_languages),    cmocka_unit_test(test_linear_time),
        cmocka_unit_test(test_small_arenas), cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
