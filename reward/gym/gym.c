/* reward/gym/gym.c - the reward "reasoning_gym": an answer to an entry of one of Reasoning Gym's data
 * sets, scored as the data set itself does.
 *
 * A row a data set, a rule a kind (rules.h). Data sets whose scorer is a program of its own kind
 * (ARC, Rubik's cube, Sokoban, symbolic integration ...) are not here: the item is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include "base/json.h"
#include "reward/gym/rules.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"

enum { OPT_SCOPE };

/* clang-format off */
static const struct row {
    gym_rule *rule;
    double other; /* what any other answer gets */
    const char *datasets; /* with spaces between */
} rows[] = {
    {gym_share, 0, "acre aiw arc_1d base_conversion basic_arithmetic bf binary_alternation caesar_cipher count_bits count_primes "
                   "course_schedule gcd isomorphic_strings largest_island lcm leg_counting letter_counting list_functions "
                   "mahjong_puzzle maze modulo_grid number_filtering number_sequence ransom_note rotate_matrix rotten_oranges "
                   "simple_equations simple_geometry string_manipulation string_splitting string_synthesis syllogism "
                   "word_sequence_reversal"},
    {gym_equal, 0, "ab self_reference string_insertion binary_matrix"},
    {gym_folded, 0, "family_relationships"},
    {gym_folded, 0.01, "color_cube_rotation"},
    {gym_one_line, 0, "dice zebra_puzzles"},
    {gym_no_blanks, 0, "needle_haystack"},
    {gym_padded, 0, "circuit_logic"},
    {gym_words, 0, "path_star"},
    {gym_characters, 0.01, "emoji_mystery"},
    {gym_backward, 0, "spell_backward"},
    {gym_reordered, 0.05, "sentence_reordering"},
    {gym_jumbled, 0, "letter_jumble"},
    {gym_sorted_words, 0, "word_sorting"},
    {gym_decimal, 0, "chain_sum products"},
    {gym_decimal_exact, 0, "decimal_chain_sum"},
    {gym_decimal_near, 0, "decimal_arithmetic"},
    {gym_solution_near, 0, "number_format"},
    {gym_count, 0, "rectangle_count"},
    {gym_primes, 0.01, "prime_factorization"},
    {gym_roles, 0, "knights_knaves"},
    {gym_palindrome, 0, "palindrome_generation"},
    {gym_sudoku, 0, "sudoku mini_sudoku futoshiki"},
    {gym_life, 0, "game_of_life"},
    {gym_matrix, 0, "manipulate_matrix"},
    {gym_spiral, 0, "spiral_matrix"},
    {gym_survo, 0, "survo"},
    {gym_kakurasu, 0, "kakurasu"},
    {gym_queens, 0, "n_queens"},
    {gym_colours, 0, "graph_color"},
    {gym_path, 0, "shortest_path"},
    {gym_hanoi, 0, "tower_of_hanoi"},
    {gym_jugs, 0, "jugs"},
    {gym_groups, 0, "group_anagrams"},
    {gym_parts, 0, "palindrome_partitioning"},
    {gym_numbers, 0, "number_sorting"},
};
/* clang-format on */

static const struct row *find_row(const char *dataset)
{
    size_t n = strlen(dataset);
    for (size_t i = 0; n > 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (const char *p = rows[i].datasets; *p != '\0';) {
            size_t k = strcspn(p, " ");
            if (k == n && memcmp(p, dataset, n) == 0) return &rows[i];
            p += k + (p[k] == ' ');
        }
    }
    return NULL;
}

/* The entry's metadata, an object or its text; *owned is to be deleted. */
static const cJSON *metadata_of(const struct reward_call *call, cJSON **owned)
{
    const cJSON *v = json_get(call->item, "metadata");
    *owned = cJSON_IsString(v) ? json_parse(json_text(v, call->arena), NULL) : NULL;
    return *owned != NULL ? *owned : v;
}

static const char *dataset_of(const struct reward_call *call, const cJSON *metadata)
{
    const cJSON *name = json_get(call->item, "dataset");
    if (name == NULL) name = json_get(metadata, "source_dataset");
    return cJSON_IsString(name) ? name->valuestring : NULL;
}

/* What is missing may stand in metadata that could not be read. */
static enum score_status unread(struct reward_out *out)
{
    error_set(out->err, ERROR_INVALID_VALUE, "metadata", "metadata is text that is no JSON object");
    return SCORE_FAULT;
}

static enum score_status score_entry(const struct reward_call *call, const cJSON *metadata,
                                     struct reward_out *out)
{
    const char *dataset = dataset_of(call, metadata);
    const struct row *row = dataset == NULL ? NULL : find_row(dataset);
    if (dataset == NULL && cJSON_IsString(metadata)) return unread(out);
    if (row == NULL) {
        error_set(out->err, dataset == NULL ? ERROR_MISSING_FIELD : ERROR_UNSUPPORTED, "dataset",
                  dataset == NULL ? "dataset (or metadata.source_dataset) is missing"
                                  : "the data set %.60s is not among those that are scored here",
                  dataset);
        return SCORE_FAULT;
    }
    struct gym_entry e = {.given = scope_text(call, call->options[OPT_SCOPE].choice),
                          .wanted = json_text(call->answer, call->arena),
                          .metadata = metadata,
                          .other = row->other,
                          .arena = call->arena};
    double value = row->rule(&e);
    if (value < 0 && cJSON_IsString(metadata)) return unread(out);
    if (value < 0) {
        error_set(out->err, ERROR_MISSING_FIELD, "metadata",
                  "metadata lack what the data set %.60s is scored by", dataset);
        return SCORE_FAULT;
    }
    if (arena_failed(call->arena)) return text_too_large(out);
    out->value = value;
    out->verdict = value >= 1 ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = value >= 1 ? "solved" : value > 0 ? "partly" : "not_solved";
    out->vote = e.given;
    detail_text(out, "answer", span_slice(e.given, 0, 200));
    return SCORE_DONE;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    cJSON *owned;
    const cJSON *metadata = metadata_of(call, &owned);
    enum score_status status = score_entry(call, metadata, out);
    cJSON_Delete(owned);
    return status;
}

static const char *const causes[] = {"solved", "partly", "not_solved", NULL};

static const struct field options[] = {SCOPE_OPTION("\"answer\""), {0}};

static const struct field fields[] = {
    {"dataset", FIELD_VALUE, .doc = "the data set's name; else metadata.source_dataset"},
    {"metadata", FIELD_VALUE, .doc = "the entry's metadata, or their JSON text"},
    {0},
};

const struct reward reasoning_gym_reward = {
    .name = "reasoning_gym",
    .doc = "the score that a data set of Reasoning Gym gives an answer",
    .source = "Reasoning Gym, arXiv 2505.24760: score_answer() of each data set",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .score = score,
};
