/* reward/gym/moves.c - moves that are carried out one by one: the tower of Hanoi, jugs of water (rules.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <stdio.h>

#include "base/json.h"
#include "reward/gym/parts.h"

enum { MOST_MOVES = 100000, MOST_PEGS = 16, MOST_DISKS = 64, MOST_JUGS = 26 };

struct tower {
    long disk[MOST_PEGS + 1][MOST_DISKS];
    int height[MOST_PEGS + 1];
};

/* "Move disk 1 from Peg 2 to Peg 3"; false: it is no such line, or may not be done. */
static bool move_disk(struct tower *t, struct span line, long pegs)
{
    static const char *const words[] = {"Move", "disk", NULL,  "from", "Peg",
                                        NULL,   "to",   "Peg", NULL};
    long number[3] = {0};
    struct span word;
    size_t at = 0, k = 0;
    for (size_t i = 0; i < 9; i++) {
        if (!gym_next_word(line, &at, &word)) return false;
        if (words[i] == NULL ? !gym_whole(word, &number[k++]) : !span_is(word, words[i])) {
            return false;
        }
    }
    if (gym_next_word(line, &at, &word)) return false;
    long from = number[1], to = number[2];
    char plain[96];
    snprintf(plain, sizeof(plain), "Move disk %ld from Peg %ld to Peg %ld", number[0], from, to);
    if (!span_is(line, plain)) return false; /* one blank between words */
    if (from < 1 || from > pegs || to < 1 || to > pegs || t->height[from] == 0) return false;
    long disk = t->disk[from][t->height[from] - 1];
    if (disk != number[0]) return false;
    if (t->height[to] > 0 && t->disk[to][t->height[to] - 1] < disk) return false;
    t->height[from]--;
    t->disk[to][t->height[to]++] = disk;
    return true;
}

double gym_hanoi(const struct gym_entry *e)
{
    int64_t disks = 0, pegs = 0, start = 0, target = 0, best = 0;
    struct error err = {0};
    const cJSON *m = e->metadata;
    if (!json_get_int(m, "num_disks", 1, MOST_DISKS, &disks, &err) ||
        !json_get_int(m, "num_pegs", 1, MOST_PEGS, &pegs, &err) ||
        !json_get_int(m, "start_peg", 1, pegs, &start, &err) ||
        !json_get_int(m, "target_peg", 1, pegs, &target, &err) || disks < 1 || start < 1 ||
        target < 1) {
        return GYM_LACKS;
    }
    json_get_int(m, "solution_length", 0, MOST_MOVES, &best, &err);
    struct tower *t = arena_alloc(e->arena, 1, sizeof(*t));
    struct span line;
    int64_t moves = 0;
    if (t == NULL || e->given.n == 0) return 0;
    for (int64_t d = disks; d > 0; d--) {
        t->disk[start][t->height[start]++] = (long)d;
    }
    for (size_t at = 0; gym_next_line(e->given, &at, &line);) {
        if (span_trim(line).n == 0) continue;
        if (!move_disk(t, span_trim(line), (long)pegs)) return 0;
        moves++;
    }
    if (t->height[target] != disks) return 0.05;
    return moves <= best || best == 0 ? 1 : (double)best / (double)moves;
}

/* A jug's place by its letter; -1: there is no such jug. */
static int jug_of(char letter, int n)
{
    return letter >= 'A' && letter < 'A' + n ? letter - 'A' : -1;
}

/* "fill A", "empty A", "pour A->B"; false: no such move. */
static bool pour(const char *move, const int *capacity, int *level, int n)
{
    char a = 0, b = 0;
    if (sscanf(move, "fill %c", &a) == 1 && jug_of(a, n) >= 0) {
        level[jug_of(a, n)] = capacity[jug_of(a, n)];
        return true;
    }
    if (sscanf(move, "empty %c", &a) == 1 && jug_of(a, n) >= 0) {
        level[jug_of(a, n)] = 0;
        return true;
    }
    if (sscanf(move, "pour %c->%c", &a, &b) != 2) return false;
    int i = jug_of(a, n), j = jug_of(b, n);
    if (i < 0 || j < 0) return false;
    int room = capacity[j] - level[j], amount = level[i] < room ? level[i] : room;
    level[i] -= amount;
    level[j] += amount;
    return true;
}

double gym_jugs(const struct gym_entry *e)
{
    const cJSON *puzzle = json_get(e->metadata, "puzzle");
    const cJSON *capacities = json_get(puzzle, "jug_capacities"),
                *target = json_get(puzzle, "target"), *v;
    int capacity[MOST_JUGS], level[MOST_JUGS] = {0}, n = 0;
    if (!cJSON_IsArray(capacities) || !cJSON_IsNumber(target)) return GYM_LACKS;
    cJSON_ArrayForEach(v, capacities)
    {
        if (v->valueint < 0) return GYM_LACKS;
        if (n < MOST_JUGS) capacity[n++] = v->valueint;
    }
    cJSON *moves = gym_json(e, false);
    bool none = cJSON_IsObject(moves) && moves->child == NULL; /* nothing is done, and it parses */
    bool reached = false, good = cJSON_IsArray(moves) || none;
    cJSON_ArrayForEach(v, moves)
    {
        good = good && cJSON_IsString(v) && pour(v->valuestring, capacity, level, n);
        for (int i = 0; i < n; i++) {
            reached = reached || level[i] == target->valueint;
        }
    }
    cJSON_Delete(moves);
    return !good ? 0 : reached ? 1 : 0.01;
}
