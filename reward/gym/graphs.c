/* reward/gym/graphs.c - colourings of graphs and paths through a maze (rules.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "reward/gym/parts.h"
#include "reward/row/members.h"

enum { MOST_MOVES = 100000, MOST_COLOURS = 64, MOST_CELLS = 1 << 20 };

/* The colour of a vertex, a number or a text; NULL: none. */
static const cJSON *colour(const struct members *given, const cJSON *vertex)
{
    char number[32];
    const char *name = cJSON_IsString(vertex) ? vertex->valuestring : number;
    snprintf(number, sizeof(number), "%d", vertex->valueint);
    return members_find(given, name);
}

static bool colours_hold(const cJSON *puzzle, const struct members *given)
{
    const cJSON *v, *option, *edge;
    cJSON_ArrayForEach(v, json_get(puzzle, "vertices"))
    {
        const cJSON *c = colour(given, v);
        bool allowed = false;
        cJSON_ArrayForEach(option, json_get(puzzle, "color_options"))
        {
            allowed = allowed || gym_same_value(option, c);
        }
        if (!allowed) return false;
    }
    cJSON_ArrayForEach(edge, json_get(puzzle, "edges"))
    {
        const cJSON *x = edge->child, *y = x == NULL ? NULL : x->next;
        if (y == NULL) return false;
        const cJSON *c = colour(given, x), *d = colour(given, y);
        if (!gym_is_plain(c) || !gym_is_plain(d) || gym_same_value(c, d)) return false;
    }
    return true;
}

double gym_colours(const struct gym_entry *e)
{
    const cJSON *puzzle = json_get(e->metadata, "puzzle");
    const cJSON *options = json_get(puzzle, "color_options");
    if (gym_first(json_get(puzzle, "vertices")) == NULL || !cJSON_IsArray(options) ||
        !cJSON_IsArray(json_get(puzzle, "edges")) || cJSON_GetArraySize(options) > MOST_COLOURS) {
        return GYM_LACKS;
    }
    cJSON *given = gym_json(e, false);
    double value = given == NULL ? 0 : 0.01;
    struct members m = members_sort(cJSON_IsObject(given) ? given : NULL, e->arena);
    if (m.n > 0 && colours_hold(puzzle, &m)) value = 1;
    cJSON_Delete(given);
    return value;
}

/* A matrix of texts: row r's cells are those from first[r] to first[r + 1]; NULL is one that is no
 * text. */
struct maze {
    const char **cell;
    size_t *first, rows, cells;
};

/* False: it is none, or too large; or the arena is full. */
static bool read_maze(const cJSON *matrix, struct arena *a, struct maze *m)
{
    const cJSON *row, *v;
    *m = (struct maze){0};
    cJSON_ArrayForEach(row, matrix)
    {
        m->cells += (size_t)cJSON_GetArraySize(row);
        m->rows++;
    }
    if (!cJSON_IsArray(matrix) || m->cells > MOST_CELLS || m->rows > MOST_CELLS) return false;
    m->cell = arena_alloc(a, m->cells + 1, sizeof(*m->cell));
    m->first = arena_alloc(a, m->rows + 1, sizeof(*m->first));
    if (m->cell == NULL || m->first == NULL) return false;
    size_t r = 0, n = 0;
    cJSON_ArrayForEach(row, matrix)
    {
        cJSON_ArrayForEach(v, row)
        {
            m->cell[n++] = cJSON_IsString(v) ? v->valuestring : NULL;
        }
        m->first[++r] = n;
    }
    assert(r == m->rows && n == m->cells);
    return true;
}

static const char *cell_at(const struct maze *m, long r, long c)
{
    if (r < 0 || c < 0 || (size_t)r >= m->rows) return NULL;
    size_t at = m->first[r] + (size_t)c;
    return at < m->first[r + 1] ? m->cell[at] : NULL;
}

static bool find_start(const struct maze *m, long *row, long *column)
{
    for (size_t r = 0; r < m->rows; r++) {
        for (size_t i = m->first[r]; i < m->first[r + 1]; i++) {
            if (m->cell[i] == NULL || strcmp(m->cell[i], "*") != 0) continue;
            *row = (long)r;
            *column = (long)(i - m->first[r]);
            return true;
        }
    }
    return false;
}

double gym_path(const struct gym_entry *e)
{
    static const struct {
        const char *name;
        int rows, columns;
    } steps[] = {{"right", 0, 1}, {"down", 1, 0}, {"left", 0, -1}, {"up", -1, 0}};
    struct maze m;
    struct span word, x = span_trim(e->given), y = span_trim(e->wanted);
    long r, c;
    int n = 0, wanted = 0;
    if (!read_maze(json_get(e->metadata, "matrix"), e->arena, &m) || !find_start(&m, &r, &c)) {
        return arena_failed(e->arena) ? 0 : GYM_LACKS;
    }
    if (span_eq(x, y)) return x.n > 0;
    for (size_t at = 0; gym_next_word(y, &at, &word);) {
        wanted++;
    }
    for (size_t at = 0; gym_next_word(x, &at, &word); n++) {
        size_t k = 0;
        while (k < 4 && !span_is(word, steps[k].name)) {
            k++;
        }
        if (k == 4 || n == MOST_MOVES) return 0;
        r += steps[k].rows;
        c += steps[k].columns;
        const char *cell = cell_at(&m, r, c);
        if (cell == NULL || strcmp(cell, "X") == 0) return 0;
    }
    const char *end = cell_at(&m, r, c);
    if (end == NULL || strcmp(end, "#") != 0) return 0;
    return n == wanted ? 1 : 0.5;
}
