/* tests/fuzz/fuzz_words.c - two texts, a NUL between them, normalised and compared every way.
 *
 * Properties: what is normalised stays as it is when normalised again (but for articles that meet
 * when one between them goes); a text is at no distance from itself and has itself in common; and
 * no measure exceeds what the lengths allow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>

#include "reward/rules/normalise.h"
#include "reward/words/alignment.h"
#include "reward/row/json_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lesser(size_t x, size_t y)
{
    return x < y ? x : y;
}

static void compare(const struct sequence s[2], struct arena *a)
{
    const struct sequence same[2] = {s[0], s[0]};
    size_t common, longest, distance, none;
    size_t shorter = lesser(s[0].n, s[1].n), longer = s[0].n + s[1].n - shorter;
    if (!common_words(s, a, &common) || !longest_common(s, a, &longest) ||
        !edit_distance(s, a, &distance) || !edit_distance(same, a, &none)) {
        return;
    }
    assert(longest <= common && common <= shorter);
    assert(distance <= longer && distance >= longer - longest && none == 0);
}

static void run(struct span x, struct span y, struct arena *a)
{
    for (int how = NORMAL_SQUAD; how <= NORMAL_NONE; how++) {
        struct sequence s[2];
        struct span nx = normalise(x, (enum normalisation)how, a);
        struct span ny = normalise(y, (enum normalisation)how, a);
        if (nx.p == NULL || ny.p == NULL) return;
        struct span again = normalise(nx, (enum normalisation)how, a);
        bool stable = how == NORMAL_ROUGE || how == NORMAL_LOWER || how == NORMAL_NONE;
        assert(again.p == NULL || again.n <= nx.n || !stable);
        if (sequences_of_words(nx, ny, a, s)) compare(s, a);
        if (sequence_of_characters(nx, a, &s[0]) && sequence_of_characters(ny, a, &s[1])) {
            compare(s, a);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = span_of(data, size);
    size_t nul = span_find(all, span_of("", 1), 0);
    struct arena *a = arena_new(16 << 20);
    if (a == NULL || size > 4096) {
        arena_free(a);
        return 0;
    }
    struct span x = span_slice(all, 0, nul),
                y = span_slice(all, nul == SPAN_NONE ? size : nul + 1, size);
    run(x, y, a);
    struct span found = json_answer(x, "answer", a);
    assert(found.p == NULL || found.n <= x.n);
    arena_free(a);
    return 0;
}
