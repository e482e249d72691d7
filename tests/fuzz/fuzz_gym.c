/* tests/fuzz/fuzz_gym.c - an entry of Reasoning Gym as JSON {"given", "answer", "metadata"}, by every
 * rule.
 *
 * Properties: a value lies between 0 and 1, or the metadata lack something.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "base/json.h"
#include "reward/gym/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gym_rule *const rules[] = {
    gym_share,         gym_equal,        gym_folded,     gym_one_line,      gym_no_blanks,
    gym_padded,        gym_words,        gym_characters, gym_backward,      gym_reordered,
    gym_jumbled,       gym_sorted_words, gym_decimal,    gym_decimal_exact, gym_decimal_near,
    gym_solution_near, gym_count,        gym_primes,     gym_roles,         gym_palindrome,
    gym_sudoku,        gym_life,         gym_matrix,     gym_spiral,        gym_survo,
    gym_kakurasu,      gym_queens,       gym_colours,    gym_path,          gym_hanoi,
    gym_jugs,          gym_groups,       gym_parts,      gym_numbers};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *entry = size > 1 << 16 ? NULL : json_parse(span_of(data, size), NULL);
    struct arena *a = arena_new(64 << 20);
    struct gym_entry e = {.given = json_text(json_get(entry, "given"), a),
                          .wanted = json_text(json_get(entry, "answer"), a),
                          .metadata = json_get(entry, "metadata"),
                          .arena = a};
    for (size_t i = 0; entry != NULL && i < sizeof(rules) / sizeof(rules[0]); i++) {
        double value = rules[i](&e);
        assert((value >= 0 && value <= 1) || value <= GYM_LACKS);
    }
    cJSON_Delete(entry);
    arena_free(a);
    return 0;
}
