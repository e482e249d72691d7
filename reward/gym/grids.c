/* reward/gym/grids.c - boards of rows and columns: sudoku, life, matrices, sums, queens (rules.h).
 *
 *   (1) A board has at most MOST_SIDE rows and columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/gym/rules.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/json.h"
#include "reward/gym/parts.h"

enum { MOST_SIDE = 64 };

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
        bool more = gym_next_line(x, &i, &p), other = gym_next_line(y, &k, &q);
        if (!more || !other) return more == other;
        if (!span_eq(without_end(p), without_end(q))) return false;
    }
}

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
        for (size_t at = 0; row != NULL && gym_next_line(e->given, &at, &line);) {
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

static const cJSON *next_of(const cJSON *v)
{
    return v == NULL ? NULL : v->next;
}

double gym_life(const struct gym_entry *e)
{
    cJSON *given = gym_json(e, false), *wanted = json_parse(e->wanted, NULL);
    const cJSON *row, *cell, *other = gym_first(given);
    int total = 0, same = 0;
    cJSON_ArrayForEach(row, wanted)
    {
        if (!cJSON_IsArray(row)) {
            total++;
            same += gym_same_value(row, other);
        } else {
            const cJSON *beside = gym_first(other);
            cJSON_ArrayForEach(cell, row)
            {
                total++;
                same += gym_same_value(cell, beside);
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
        bool more = gym_next_line(x, &i, &p), other = gym_next_line(y, &k, &q);
        if (!more || !other) return more == other;
        for (size_t a = 0, b = 0;;) {
            bool one = gym_next_word(p, &a, &v), two = gym_next_word(q, &b, &w);
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
    cJSON *list = gym_json(e, false);
    const cJSON *v;
    bool same = cJSON_IsArray(list);
    cJSON_ArrayForEach(v, list)
    {
        same = same && gym_next_word(y, &at, &word) && gym_whole(word, &number) &&
               cJSON_IsNumber(v) && v->valueint == number;
    }
    same = same && !gym_next_word(y, &at, &word);
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
    const cJSON *row = gym_first(solution);
    struct span line, word, s = span_trim(e->given);
    if (row == NULL || cJSON_GetArraySize(solution) > MOST_SIDE) return GYM_LACKS;
    for (size_t at = 0; gym_next_line(s, &at, &line);) {
        long numbers[MOST_SIDE];
        int n = 0;
        for (size_t i = 0; n < MOST_SIDE && gym_next_word(line, &i, &word);) {
            n += gym_whole(word, &numbers[n]);
        }
        if (n == 0) continue;
        if (row == NULL || !row_is(row, numbers, n)) return 0;
        row = row->next;
    }
    return row == NULL;
}

double gym_kakurasu(const struct gym_entry *e)
{
    const cJSON *row_sum = gym_first(json_get(e->metadata, "row_sums"));
    const cJSON *col_sums = json_get(e->metadata, "col_sums"), *col_sum;
    int cols = cJSON_GetArraySize(col_sums), r = 0;
    long columns[MOST_SIDE] = {0};
    struct span line, s = span_trim(e->given);
    if (row_sum == NULL || gym_first(col_sums) == NULL || cols > MOST_SIDE) return GYM_LACKS;
    for (size_t at = 0; gym_next_line(s, &at, &line); r++) {
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
