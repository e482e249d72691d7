/* reward/gym/boards.c - see rules.h.
 *
 * Entries come from clients and may be large, so lists are walked, never asked for their i-th member.
 *
 *   (1) A board has at most MOST_SIDE rows and columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/json.h"
#include "reward/row/members.h"

enum {
    MOST_SIDE = 64,
    MOST_MOVES = 100000,
    MOST_PEGS = 16,
    MOST_DISKS = 64,
    MOST_JUGS = 26,
    MOST_COLOURS = 64,
    MOST_CELLS = 1 << 20
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The next line of s from *at on. False: there is none. */
static bool next_line(struct span s, size_t *at, struct span *line)
{
    if (*at > s.n) return false;
    size_t end = span_find(s, span_str("\n"), *at);
    if (end == SPAN_NONE) end = s.n;
    *line = span_slice(s, *at, end);
    *at = end + 1;
    return true;
}

static bool next_word(struct span s, size_t *at, struct span *word)
{
    while (*at < s.n && ascii_is_space((unsigned char)s.p[*at])) {
        ++*at;
    }
    size_t from = *at;
    while (*at < s.n && !ascii_is_space((unsigned char)s.p[*at])) {
        ++*at;
    }
    *word = span_slice(s, from, *at);
    return word->n > 0;
}

static bool whole(struct span s, long *out)
{
    char text[16], *end;
    if (s.n == 0 || s.n >= sizeof(text)) return false;
    snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
    *out = strtol(text, &end, 10);
    return *end == '\0';
}

static struct span without_end(struct span line)
{
    while (line.n > 0 && ascii_is_space((unsigned char)line.p[line.n - 1])) {
        line.n--;
    }
    return line;
}

/* The same lines, white space at their ends aside. */
static bool same_lines(struct span x, struct span y)
{
    size_t i = 0, k = 0;
    struct span p = {0}, q = {0};
    for (;;) {
        bool more = next_line(x, &i, &p), other = next_line(y, &k, &q);
        if (!more || !other) return more == other;
        if (!span_eq(without_end(p), without_end(q))) return false;
    }
}

/* The answer as JSON, once with its quotes as they are, once with single ones as double. Free it. */
static cJSON *as_json(const struct gym_entry *e, bool quotes)
{
    struct span s = span_trim(e->given);
    char *text = arena_str(e->arena, s);
    for (size_t i = 0; quotes && text != NULL && i < s.n; i++) {
        if (text[i] == '\'') text[i] = '"';
    }
    return text == NULL ? NULL : json_parse(span_of(text, s.n), NULL);
}

/* ---- grids ----------------------------------------------------------------------------------- */

/* The digits of a line; -1 where it has others than n. */
static int digits_of(struct span line, int digits[MOST_SIDE])
{
    int n = 0;
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] < '1' || line.p[i] > '9') continue;
        if (n == MOST_SIDE) return -1;
        digits[n++] = line.p[i] - '0';
    }
    return n;
}

double gym_sudoku(const struct gym_entry *e)
{
    const cJSON *solution = json_get(e->metadata, "solution"), *row, *cell;
    int side = cJSON_IsArray(solution) ? cJSON_GetArraySize(solution->child) : 0;
    double value = 1;
    if (side < 1 || side > MOST_SIDE || cJSON_GetArraySize(solution) != side) return GYM_LACKS;
    assert(side <= MOST_SIDE); /* (1) */
    if (e->given.n == 0) return 0;
    if (!same_lines(e->given, e->wanted)) {
        int same = 0, digits[MOST_SIDE];
        struct span line;
        row = solution->child;
        for (size_t at = 0; row != NULL && next_line(e->given, &at, &line);) {
            if (digits_of(line, digits) != side) continue;
            int k = 0;
            cJSON_ArrayForEach(cell, row)
            {
                if (k < side) same += digits[k] == cell->valueint;
                k++;
            }
            row = row->next;
        }
        value = 0.9 * same / (side * side);
    }
    size_t n = gym_length(e->given), most = gym_length(e->wanted);
    return n > most ? value * (double)most / (double)n : value;
}

static bool is_plain(const cJSON *v)
{
    return v != NULL && !cJSON_IsArray(v) && !cJSON_IsObject(v);
}

/* Cells and colours; lists and objects are neither. */
static bool same_value(const cJSON *x, const cJSON *y)
{
    return is_plain(x) && is_plain(y) && cJSON_Compare(x, y, true);
}

static const cJSON *first_of(const cJSON *list)
{
    return cJSON_IsArray(list) ? list->child : NULL;
}

static const cJSON *next_of(const cJSON *v)
{
    return v == NULL ? NULL : v->next;
}

double gym_life(const struct gym_entry *e)
{
    cJSON *given = as_json(e, false), *wanted = json_parse(e->wanted, NULL);
    const cJSON *row, *cell, *other = first_of(given);
    int total = 0, same = 0;
    cJSON_ArrayForEach(row, wanted)
    {
        if (!cJSON_IsArray(row)) {
            total++;
            same += same_value(row, other);
        } else {
            const cJSON *beside = first_of(other);
            cJSON_ArrayForEach(cell, row)
            {
                total++;
                same += same_value(cell, beside);
                beside = next_of(beside);
            }
        }
        other = next_of(other);
    }
    cJSON_Delete(given);
    cJSON_Delete(wanted);
    return total == 0 ? 0 : (double)same / total;
}

/* The rows of words are the same. */
static bool same_rows(struct span x, struct span y)
{
    size_t i = 0, k = 0;
    struct span p = {0}, q = {0}, v, w;
    for (;;) {
        bool more = next_line(x, &i, &p), other = next_line(y, &k, &q);
        if (!more || !other) return more == other;
        for (size_t a = 0, b = 0;;) {
            bool one = next_word(p, &a, &v), two = next_word(q, &b, &w);
            if (one != two || (one && !span_eq(v, w))) return false;
            if (!one) break;
        }
    }
}

double gym_matrix(const struct gym_entry *e)
{
    struct span x = span_trim(e->given), y = span_trim(e->wanted);
    if (x.n == 0) return 0;
    if (same_rows(x, y)) return 1;
    bool inside = y.n > 0 && span_find(x, y, 0) != SPAN_NONE;
    return inside ? (double)gym_length(y) / (double)gym_length(x) : 0;
}

double gym_spiral(const struct gym_entry *e)
{
    struct span x = span_trim(e->given), y = span_trim(e->wanted), word;
    size_t at = 0;
    long number;
    if (x.n > 0 && span_eq(x, y)) return 1;
    cJSON *list = as_json(e, false);
    const cJSON *v;
    bool same = cJSON_IsArray(list);
    cJSON_ArrayForEach(v, list)
    {
        same = same && next_word(y, &at, &word) && whole(word, &number) && cJSON_IsNumber(v) &&
               v->valueint == number;
    }
    same = same && !next_word(y, &at, &word);
    cJSON_Delete(list);
    return same ? 0.1 : 0;
}

/* A list of these numbers. */
static bool row_is(const cJSON *row, const long *numbers, int n)
{
    const cJSON *cell;
    int k = 0;
    if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != n) return false;
    cJSON_ArrayForEach(cell, row)
    {
        if (cell->valueint != numbers[k++]) return false;
    }
    return true;
}

double gym_survo(const struct gym_entry *e)
{
    const cJSON *solution = json_get(e->metadata, "solution");
    const cJSON *row = first_of(solution);
    struct span line, word, s = span_trim(e->given);
    if (row == NULL || cJSON_GetArraySize(solution) > MOST_SIDE) return GYM_LACKS;
    for (size_t at = 0; next_line(s, &at, &line);) {
        long numbers[MOST_SIDE];
        int n = 0;
        for (size_t i = 0; n < MOST_SIDE && next_word(line, &i, &word);) {
            n += whole(word, &numbers[n]);
        }
        if (n == 0) continue;
        if (row == NULL || !row_is(row, numbers, n)) return 0;
        row = row->next;
    }
    return row == NULL;
}

double gym_kakurasu(const struct gym_entry *e)
{
    const cJSON *row_sum = first_of(json_get(e->metadata, "row_sums"));
    const cJSON *col_sums = json_get(e->metadata, "col_sums"), *col_sum;
    int cols = cJSON_GetArraySize(col_sums), r = 0;
    long columns[MOST_SIDE] = {0};
    struct span line, s = span_trim(e->given);
    if (row_sum == NULL || first_of(col_sums) == NULL || cols > MOST_SIDE) return GYM_LACKS;
    for (size_t at = 0; next_line(s, &at, &line); r++) {
        long sum = 0;
        int k = 0;
        for (size_t i = 0; i < line.n; i++) {
            if (line.p[i] != '0' && line.p[i] != '1') continue;
            if (k == cols) return 0;
            sum += line.p[i] == '1' ? k + 1 : 0;
            columns[k++] += line.p[i] == '1' ? r + 1 : 0;
        }
        if (k != cols || row_sum == NULL || row_sum->valueint != sum) return 0;
        row_sum = row_sum->next;
    }
    r = 0;
    cJSON_ArrayForEach(col_sum, col_sums)
    {
        if (col_sum->valueint != columns[r++]) return 0;
    }
    return row_sum == NULL;
}

double gym_queens(const struct gym_entry *e)
{
    const cJSON *valid = json_get(e->metadata, "valid_answers"), *v;
    if (!cJSON_IsArray(valid)) return GYM_LACKS;
    cJSON_ArrayForEach(v, valid)
    {
        if (cJSON_IsString(v) && span_eq(json_text(v, e->arena), e->given)) return 1;
    }
    return 0;
}

/* ---- graphs ---------------------------------------------------------------------------------- */

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
            allowed = allowed || same_value(option, c);
        }
        if (!allowed) return false;
    }
    cJSON_ArrayForEach(edge, json_get(puzzle, "edges"))
    {
        const cJSON *x = edge->child, *y = x == NULL ? NULL : x->next;
        if (y == NULL) return false;
        const cJSON *c = colour(given, x), *d = colour(given, y);
        if (!is_plain(c) || !is_plain(d) || same_value(c, d)) return false;
    }
    return true;
}

double gym_colours(const struct gym_entry *e)
{
    const cJSON *puzzle = json_get(e->metadata, "puzzle");
    const cJSON *options = json_get(puzzle, "color_options");
    if (first_of(json_get(puzzle, "vertices")) == NULL || !cJSON_IsArray(options) ||
        !cJSON_IsArray(json_get(puzzle, "edges")) || cJSON_GetArraySize(options) > MOST_COLOURS) {
        return GYM_LACKS;
    }
    cJSON *given = as_json(e, false);
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
    for (size_t at = 0; next_word(y, &at, &word);) {
        wanted++;
    }
    for (size_t at = 0; next_word(x, &at, &word); n++) {
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

/* ---- moves ----------------------------------------------------------------------------------- */

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
        if (!next_word(line, &at, &word)) return false;
        if (words[i] == NULL ? !whole(word, &number[k++]) : !span_is(word, words[i])) return false;
    }
    if (next_word(line, &at, &word)) return false;
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
    for (size_t at = 0; next_line(e->given, &at, &line);) {
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
    cJSON *moves = as_json(e, false);
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

/* ---- lists ----------------------------------------------------------------------------------- */

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Words without control characters, which stand between words and lines below. */
static bool is_word(const cJSON *v)
{
    if (!cJSON_IsString(v)) return false;
    for (const char *p = v->valuestring; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20) return false;
    }
    return true;
}

/* A list of lists of words as sorted lines, each sorted where `inner`; p NULL: it is none. */
static struct span canonical(const struct gym_entry *e, const cJSON *lists, bool inner)
{
    const cJSON *list, *v;
    size_t n = 0, rows = 0, room = (size_t)cJSON_GetArraySize(lists);
    const char **lines = arena_alloc(e->arena, room + 1, sizeof(*lines));
    struct buffer b;
    buffer_init(&b, 1 << 22);
    bool ok = cJSON_IsArray(lists) && lines != NULL;
    cJSON_ArrayForEach(list, lists)
    {
        const char **words =
            arena_alloc(e->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*words));
        ok = ok && cJSON_IsArray(list) && words != NULL;
        if (!ok) break;
        n = 0;
        cJSON_ArrayForEach(v, list)
        {
            ok = ok && is_word(v);
            if (ok) words[n++] = v->valuestring;
        }
        if (inner) qsort(words, n, sizeof(*words), by_text);
        b.n = 0;
        for (size_t i = 0; i < n; i++) {
            buffer_addf(&b, "%s\x1f", words[i]);
        }
        lines[rows] = b.failed ? NULL : arena_str(e->arena, buffer_span(&b));
        ok = ok && lines[rows++] != NULL;
    }
    if (ok) qsort(lines, rows, sizeof(*lines), by_text);
    b.n = 0;
    for (size_t i = 0; ok && i < rows; i++) {
        bool again = !inner && i > 0 && strcmp(lines[i], lines[i - 1]) == 0; /* a set */
        if (!again) buffer_addf(&b, "%s\n", lines[i]);
    }
    char *copy = ok && !b.failed ? arena_str(e->arena, buffer_span(&b)) : NULL;
    struct span text = span_of(copy, b.n);
    buffer_clear(&b);
    return text;
}

static double same_lists(const struct gym_entry *e, bool inner, double parsed)
{
    const cJSON *solution = json_get(e->metadata, "solution");
    if (!cJSON_IsArray(solution)) return GYM_LACKS;
    cJSON *given = as_json(e, false);
    struct span x = canonical(e, given, inner), y = canonical(e, solution, inner);
    bool none = cJSON_IsObject(given) && given->child == NULL;
    cJSON_Delete(given);
    if (y.p == NULL) return GYM_LACKS;
    if (x.p == NULL) return none ? parsed : 0;
    return span_eq(x, y) ? 1 : parsed;
}

double gym_groups(const struct gym_entry *e)
{
    return same_lists(e, true, 0.01);
}

double gym_parts(const struct gym_entry *e)
{
    return same_lists(e, false, 0);
}

static bool number_of(const cJSON *v, double *out)
{
    char *end;
    if (cJSON_IsNumber(v)) return *out = v->valuedouble, true;
    if (!cJSON_IsString(v) || v->valuestring[0] == '\0') return false;
    *out = strtod(v->valuestring, &end);
    return *end == '\0';
}

double gym_numbers(const struct gym_entry *e)
{
    const cJSON *direction = json_get(e->metadata, "direction");
    const cJSON *wanted = json_get(e->metadata, "sorted_numbers"), *x, *y;
    if (!cJSON_IsString(direction) || !cJSON_IsArray(wanted)) return GYM_LACKS;
    bool up = strcmp(direction->valuestring, "ascending") == 0;
    cJSON *given = as_json(e, true);
    bool ok = cJSON_IsArray(given) && cJSON_GetArraySize(given) == cJSON_GetArraySize(wanted);
    double before = 0, a, b;
    y = wanted->child;
    for (x = ok ? given->child : NULL; ok && x != NULL; x = x->next, y = y->next) {
        ok = number_of(x, &a) && number_of(y, &b) && a - b <= 1 && b - a <= 1;
        if (ok && x != given->child) ok = up ? a >= before : a <= before;
        before = a;
    }
    cJSON_Delete(given);
    return ok;
}
