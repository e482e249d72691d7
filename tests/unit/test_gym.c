/* tests/unit/test_gym.c - Reasoning Gym's entries, each answer with the score that its data set's own
 * scorer gave (tests/bench/reasoning_gym_agreement.py makes such answers).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

/* The reward of an answer to an entry, which is given as members of the item; NAN: none. */
static double judged(const char *given, const char *entry)
{
    struct buffer body, text;
    buffer_init(&body, 1 << 24);
    buffer_init(&text, 1 << 24);
    buffer_addf(&text, "<think>hm</think><answer>%s</answer>", given);
    buffer_add_str(&body, "{\"items\":[{\"completion\":");
    json_print_text(buffer_span(&text), &body);
    buffer_addf(&body, ",%s}],\"rewards\":[{\"name\":\"reasoning_gym\"}]}", entry);
    buffer_clear(&text);
    char *request = buffer_take(&body);
    double reward = take_reward(ask(request));
    free(request);
    return reward;
}

static bool as_recorded(const cJSON *row)
{
    struct buffer entry;
    buffer_init(&entry, 1 << 20);
    static const char *const names[] = {"answer", "dataset", "metadata"};
    for (size_t i = 0; i < 3; i++) {
        buffer_addf(&entry, "%s\"%s\":", i == 0 ? "" : ",", names[i]);
        json_print(json_get(row, names[i]), &entry);
    }
    double reward = judged(json_get(row, "given")->valuestring, entry.p);
    buffer_clear(&entry);
    return fabs(reward - json_get(row, "score")->valuedouble) < 1e-9;
}

static void test_recorded(void **state)
{
    (void)state;
    check_recorded("tests/data/reasoning_gym.jsonl", 100, as_recorded);
}

/* clang-format off */
static const struct ask_case cases[] = {
    {"the data set is in the metadata", "{\"completion\":\"12\",\"answer\":\"12\",\"metadata\":{\"source_dataset\":\"lcm\"},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":1,"},
    {"metadata as text", "{\"completion\":\"12 \",\"answer\":\"12\",\"metadata\":\"{\\\"source_dataset\\\": \\\"lcm\\\"}\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":1,"},
    {"no data set", "{\"completion\":\"12\",\"answer\":\"12\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"missing_field\""},
    {"one that is not scored here", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"rubiks_cube\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"unsupported\""},
    {"metadata that lack the solution", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"sudoku\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"a fragment of a name", "{\"completion\":\"12\",\"answer\":\"12\",\"dataset\":\"lc\",\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"code\":\"unsupported\""},
    {"words that are told apart by a control character", "{\"completion\":\"[[\\\"ab\\\\u001fba\\\"]]\",\"answer\":\"\",\"dataset\":\"group_anagrams\",\"metadata\":{\"solution\":[[\"ab\",\"ba\"]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":0,"},
    {"the same words", "{\"completion\":\"[[\\\"ba\\\",\\\"ab\\\"]]\",\"answer\":\"\",\"dataset\":\"group_anagrams\",\"metadata\":{\"solution\":[[\"ab\",\"ba\"]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":1,"},
    {"a solution with such a word", "{\"completion\":\"[[\\\"ab\\\"]]\",\"answer\":\"\",\"dataset\":\"palindrome_partitioning\",\"metadata\":{\"solution\":[[\"a\\nb\"]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"a path that leaves a ragged grid", "{\"completion\":\"right right\",\"answer\":\"down\",\"dataset\":\"shortest_path\",\"metadata\":{\"matrix\":[[\"*\"],[\"O\",\"#\"]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":0,"},
    {"a path through a ragged grid", "{\"completion\":\"down right\",\"answer\":\"down\",\"dataset\":\"shortest_path\",\"metadata\":{\"matrix\":[[\"*\"],[\"O\",\"#\"]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":0.5,"},
    {"a sudoku of more rows than columns", "{\"completion\":\"1\\n1\\n1\",\"answer\":\"1\",\"dataset\":\"sudoku\",\"metadata\":{\"solution\":[[1],[1],[1]]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"a graph without vertices", "{\"completion\":\"{\\\"a\\\":1}\",\"answer\":\"\",\"dataset\":\"graph_color\",\"metadata\":{\"puzzle\":{\"vertices\":[],\"edges\":[],\"color_options\":[1]}},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"a palindrome of no letters", "{\"completion\":\" \",\"answer\":\"\",\"dataset\":\"palindrome_generation\",\"metadata\":{\"letters\":[]},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
    {"no factors, and none wanted", "{\"completion\":\"\\u00d7\",\"answer\":\"\",\"dataset\":\"prime_factorization\",\"metadata\":{},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"reward\":0,"},
    {"a jug that holds less than nothing", "{\"completion\":\"[\\\"fill A\\\"]\",\"answer\":\"\",\"dataset\":\"jugs\",\"metadata\":{\"puzzle\":{\"jug_capacities\":[-1],\"target\":-1}},\"rewards\":[{\"name\":\"reasoning_gym\"}]}", "\"param\":\"metadata\""},
};
/* clang-format on */

static void test_requests(void **state)
{
    (void)state;
    ask_all(cases, sizeof(cases) / sizeof(cases[0]));
}

/* ---- large entries --------------------------------------------------------------------------- */

/* A text many times; an answer or an entry is made of such. */
static void repeat(struct buffer *out, const char *text, int times)
{
    for (int i = 0; i < times; i++) {
        buffer_add_str(out, text);
    }
}

struct large {
    const char *name;
    const char *given[3], *entry[3]; /* what is around the text that is repeated, and that */
    double reward;
};

/* clang-format off */
static const struct large large[] = {
    {"a path through 60,000 rows", {"", "down ", "down"}, {"\"answer\":\"up\",\"dataset\":\"shortest_path\",\"metadata\":{\"matrix\":[[\"*\"]", ",[\"O\"]", ",[\"#\"]]}"}, 0.5},
    {"a column of 60,000 sums", {"1", "\n1", ""}, {"\"answer\":\"1\",\"dataset\":\"kakurasu\",\"metadata\":{\"col_sums\":[1800090001],\"row_sums\":[1", ",1", "]}"}, 1},
    {"a row of 60,000 cells", {"[[0", ",1", "]]"}, {"\"dataset\":\"game_of_life\",\"answer\":\"[[0", ",1", "]]\""}, 1},
    {"60,000 rows of cells", {"[[0]", ",[1]", "]"}, {"\"dataset\":\"game_of_life\",\"answer\":\"[[0]", ",[1]", "]\""}, 1},
};
/* clang-format on */

/* Time by the square of its size would be half a minute. */
static void test_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        struct buffer given, entry;
        buffer_init(&given, 1 << 24);
        buffer_init(&entry, 1 << 24);
        buffer_add_str(&given, large[i].given[0]);
        buffer_add_str(&entry, large[i].entry[0]);
        repeat(&given, large[i].given[1], 60000);
        repeat(&entry, large[i].entry[1], 60000);
        buffer_add_str(&given, large[i].given[2]);
        buffer_add_str(&entry, large[i].entry[2]);
        double reward = judged(given.p, entry.p);
        if (!(fabs(reward - large[i].reward) < 1e-9)) fail_msg("%s: %g", large[i].name, reward);
        buffer_clear(&given);
        buffer_clear(&entry);
    }
}

/* As many vertices as colours are given, and an edge for each. */
static void test_large_graph(void **state)
{
    (void)state;
    enum { VERTICES = 60000 };
    struct buffer given, entry;
    buffer_init(&given, 1 << 24);
    buffer_init(&entry, 1 << 24);
    buffer_add_str(&entry, "\"answer\":\"\",\"dataset\":\"graph_color\",\"metadata\":{\"puzzle\":"
                           "{\"color_options\":[1,2],\"vertices\":[0");
    buffer_add_str(&given, "{\"0\":1");
    for (int i = 1; i < VERTICES; i++) {
        buffer_addf(&entry, ",%d", i);
        buffer_addf(&given, ",\"%d\":%d", i, i % 2 + 1);
    }
    buffer_add_str(&given, "}");
    buffer_add_str(&entry, "],\"edges\":[[0,1]");
    for (int i = 1; i + 1 < VERTICES; i++) {
        buffer_addf(&entry, ",[%d,%d]", i, i + 1);
    }
    buffer_add_str(&entry, "]}}");
    double reward = judged(given.p, entry.p);
    if (!(reward >= 1)) fail_msg("%g", reward);
    buffer_clear(&given);
    buffer_clear(&entry);
}

static int open_judge(void **state)
{
    (void)state;
    return judging_open_with("[{\"name\":\"reasoning_gym\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_large_graph),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
