/* reward/judge/groups.c - see groups.h.
 *
 * Votes: each member whose telling reward extracted an answer has one. Answers of equal text
 * (white space aside) are one class from the start; classes are then joined where the reward's
 * same_vote() finds them equal, each new class against the first answer of each earlier one. Ties
 * go to the class seen first. A group keeps at most MAX_CLASSES classes, so that no group costs
 * more than a few thousand comparisons; what comes after that has no class and no vote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/groups.h"

#include <math.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/mem.h"
#include "reward/limits.h"

enum { MAX_CLASSES = 64, MAX_GROUP_NAME = 1024 };

/* ---- numbering --------------------------------------------------------------------------------------- */

static bool number_in_a_row(struct judge_job *job, size_t size, struct error *err)
{
    if (job->n % size != 0 && !job->bare_paths) { /* a file of lines may end in a short group */
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "%zu items do not divide into groups of %zu", job->n, size);
    }
    job->n_groups = (job->n + size - 1) / size;
    for (size_t i = 0; i < job->n; i++) {
        job->items[i].group = i / size;
    }
    return true;
}

/* An open-addressing table from key to group number, twice as large as there are items. */
struct key_table {
    size_t room;
    struct {
        struct span key; /* p NULL: free */
        size_t number;
    } * slots;
};

static size_t *table_find(struct key_table *t, struct span key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < key.n; i++) {
        h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
    }
    size_t at = (size_t)(h ^ h >> 32) & (t->room - 1);
    while (t->slots[at].key.p != NULL && !span_eq(t->slots[at].key, key)) {
        at = (at + 1) & (t->room - 1);
    }
    if (t->slots[at].key.p == NULL) {
        t->slots[at].key = key;
        t->slots[at].number = SIZE_MAX;
    }
    return &t->slots[at].number;
}

/* "group" of an item as text; a number is its decimal. {NULL, 0}: none, or an error of the item. */
static struct span group_key(struct judge_job *job, struct job_item *it)
{
    const cJSON *key = cJSON_IsObject(it->json) ? json_get(it->json, "group") : NULL;
    if (key == NULL) return span_of(NULL, 0);
    if (cJSON_IsNumber(key)) {
        char text[40];
        int n = snprintf(text, sizeof(text), "%.17g", key->valuedouble);
        return span_str(arena_str(job->arena, span_of(text, (size_t)n)));
    }
    struct span s = json_text(key, job->arena);
    if (s.p != NULL && s.n <= MAX_GROUP_NAME) return s;
    struct error e = {0};
    error_set(&e, cJSON_IsString(key) ? ERROR_INVALID_VALUE : ERROR_INVALID_TYPE, "group",
              "group must be a string of at most %d bytes or a number", MAX_GROUP_NAME);
    request_item_error(job, it, &e);
    return span_of(NULL, 0);
}

static bool number_by_key(struct judge_job *job, struct error *err)
{
    struct key_table t = {.room = 16};
    while (t.room < 2 * job->n) {
        t.room *= 2;
    }
    t.slots = mem_new(t.room, sizeof(*t.slots), err);
    if (t.slots == NULL) return false;
    for (size_t i = 0; i < job->n; i++) {
        struct span key = group_key(job, &job->items[i]);
        if (key.p == NULL) continue;
        size_t *number = table_find(&t, key);
        if (*number == SIZE_MAX) *number = job->n_groups++;
        job->items[i].group = *number;
    }
    job->groups = mem_new(job->n_groups, sizeof(*job->groups), err);
    for (size_t s = 0; job->groups != NULL && s < t.room; s++) {
        if (t.slots[s].key.p != NULL) job->groups[t.slots[s].number].name = t.slots[s].key;
    }
    free(t.slots);
    return job->groups != NULL || job->n_groups == 0;
}

static bool any_key(const struct judge_job *job)
{
    for (size_t i = 0; i < job->n; i++) {
        const cJSON *item = job->items[i].json;
        if (cJSON_IsObject(item) && json_get(item, "group") != NULL) return true;
    }
    return false;
}

bool groups_bind(struct judge_job *job, const cJSON *request, struct error *err)
{
    int64_t size = 0;
    bool keyed = any_key(job);
    if (!job->single &&
        !json_get_int(request, "group_size", 1, REWARD_MAX_GROUP_SIZE, &size, err)) {
        return false;
    }
    if (keyed && size > 0) {
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "give either group_size or a group in the items, not both");
    }
    if (keyed) return number_by_key(job, err);
    if (size == 0) return true;
    if (!number_in_a_row(job, (size_t)size, err)) return false;
    job->groups = mem_new(job->n_groups, sizeof(*job->groups), err);
    return job->groups != NULL;
}

/* ---- majority ------------------------------------------------------------------------------------------ */

struct vote_class {
    struct span first; /* the answer that opened it */
    struct text_ref ref;
    size_t votes;
    enum verdict verdict;
};

struct ballot {
    struct vote_class classes[MAX_CLASSES];
    int n;
};

/* Equal but for white space. */
static bool same_text(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.n && ascii_is_space(a.p[i])) {
            i++;
        }
        while (j < b.n && ascii_is_space(b.p[j])) {
            j++;
        }
        if (i == a.n || j == b.n) return i == a.n && j == b.n;
        if (a.p[i++] != b.p[j++]) return false;
    }
}

static struct vote_class *find_class(struct ballot *b, struct span answer,
                                     bool (*same)(struct span a, struct span b))
{
    for (int i = 0; i < b->n; i++) {
        if (same_text(b->classes[i].first, answer)) return &b->classes[i];
    }
    for (int i = 0; same != NULL && i < b->n; i++) {
        if (same(b->classes[i].first, answer)) return &b->classes[i];
    }
    return NULL;
}

static void cast_vote(struct ballot *b, const struct judge_job *job, const struct spec *s,
                      const struct part *p)
{
    struct span answer = span_of(job->texts.p + p->vote.at, p->vote.n);
    struct vote_class *c = find_class(b, answer, s->reward->same_vote);
    if (c == NULL && b->n < MAX_CLASSES) {
        c = &b->classes[b->n++];
        *c = (struct vote_class){.first = answer, .ref = p->vote, .verdict = p->verdict};
    }
    if (c != NULL) c->votes++;
}

static void elect(struct job_group *g, const struct ballot *b)
{
    for (int i = 0; i < b->n; i++) {
        const struct vote_class *c = &b->classes[i];
        if (g->voted && c->votes <= g->votes) continue;
        g->voted = true;
        g->winner = c->ref;
        g->votes = c->votes;
        g->winner_verdict = c->verdict;
    }
}

/* ---- one group -------------------------------------------------------------------------------------------- */

/* The part of an item whose verdict says right or wrong; NULL: none has one. */
static const struct part *telling_part(const struct job_item *it, const struct spec **spec)
{
    if (it->error != NULL || it->specs->teller < 0) return NULL;
    *spec = &it->specs->specs[it->specs->teller];
    return &it->parts[it->specs->teller];
}

static bool all_equal(const double *v, size_t n)
{
    double first = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i])) continue;
        if (isnan(first)) first = v[i];
        if (v[i] != first) return false;
    }
    return true;
}

/* Members rows[0 .. n) of one group; v is scratch for n. */
static void settle_group(struct judge_job *job, struct job_group *g, const size_t *rows, size_t n,
                         double *v)
{
    struct ballot ballot = {.n = 0};
    g->size = n;
    for (size_t i = 0; i < n; i++) {
        struct job_item *it = &job->items[rows[i]];
        const struct spec *s = NULL;
        const struct part *p = telling_part(it, &s);
        v[i] = it->has_reward ? it->reward : (double)NAN;
        if (p == NULL) continue;
        g->judged += p->verdict == VERDICT_CORRECT || p->verdict == VERDICT_INCORRECT;
        g->correct += p->verdict == VERDICT_CORRECT;
        if (p->vote.n > 0) cast_vote(&ballot, job, s, p);
    }
    struct moments m = moments_of(v, n);
    g->scored = m.count;
    g->mean = m.mean;
    g->std = m.std;
    g->keep = !all_equal(v, n);
    elect(g, &ballot);
    for (size_t i = 0; i < n; i++) {
        job->items[rows[i]].keep = g->keep && job->items[rows[i]].has_reward;
    }
}

bool groups_settle(struct judge_job *job, struct error *err)
{
    size_t *start = mem_new(job->n_groups + 2, sizeof(*start), err);
    size_t *rows = mem_new(job->n + 1, sizeof(*rows), err);
    double *v = mem_new(job->n + 1, sizeof(*v), err);
    bool ok = start != NULL && rows != NULL && v != NULL;
    for (size_t i = 0; ok && i < job->n; i++) {
        if (job->items[i].group != SIZE_MAX) start[job->items[i].group + 2]++;
    }
    for (size_t g = 2; ok && g < job->n_groups + 2; g++) {
        start[g] += start[g - 1];
    }
    for (size_t i = 0; ok && i < job->n; i++) {
        if (job->items[i].group != SIZE_MAX) rows[start[job->items[i].group + 1]++] = i;
    }
    for (size_t g = 0; ok && g < job->n_groups; g++) {
        settle_group(job, &job->groups[g], rows + start[g], start[g + 1] - start[g], v);
    }
    free(start);
    free(rows);
    free(v);
    return ok;
}
