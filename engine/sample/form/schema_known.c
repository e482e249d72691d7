/* engine/sample/form/schema_known.c - what a schema says again and again: references, patterns, formats.
 *
 * One $ref is followed for every set that it is in, and one pattern asked for every name that it may
 * match: each is looked up once a compilation and kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/sample/form/pattern.h"
#include "engine/sample/form/schema_impl.h"

enum kind { REFERENCE, PATTERN, FORMAT };

struct known {
    enum kind kind;
    struct span key; /* borrowed: of PATTERN and FORMAT their text, of REFERENCE its place alone */
    const cJSON *target; /* of REFERENCE; NULL: it points to nothing */
    rx texts;            /* of others */
};

static uint64_t hash_of(enum kind kind, struct span key)
{
    uint64_t h = ids_mix((uint64_t)kind, key.n);
    if (kind == REFERENCE) return ids_mix(h, (uint64_t)(uintptr_t)key.p);
    for (size_t i = 0; i < key.n; i++) {
        h = ids_mix(h, (uint8_t)key.p[i]);
    }
    return h;
}

/* NULL: it was not looked up yet. */
static const struct known *find(const struct schema_compiler *c, enum kind kind, struct span key)
{
    for (int at = -1, id; (id = ids_next(&c->known_ids, hash_of(kind, key), &at)) >= 0;) {
        const struct known *k = &c->known[id];
        if (k->kind == kind && (kind == REFERENCE ? k->key.p == key.p : span_eq(k->key, key)))
            return k;
    }
    return NULL;
}

/* Without memory it is looked up anew the next time. */
static void keep(struct schema_compiler *c, struct known k)
{
    if (mem_reserve(&c->known, c->n_known + 1, &c->known_room, sizeof(*c->known)) &&
        ids_put(&c->known_ids, hash_of(k.kind, k.key), c->n_known))
        c->known[c->n_known++] = k;
}

void schema_forget(struct schema_compiler *c)
{
    free(c->known);
    ids_clear(&c->known_ids);
}

/* ---- references ------------------------------------------------------------------------------ */

/* One step of a JSON pointer, ~0 ~1 and %XX read. */
static const cJSON *pointer_step(const cJSON *at, const char *name, size_t n)
{
    char key[256];
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < sizeof(key); i++) {
        unsigned code;
        if (name[i] == '~' && i + 1 < n) {
            key[k++] = name[++i] == '1' ? '/' : '~';
        } else if (name[i] == '%' && i + 2 < n && sscanf(name + i + 1, "%2x", &code) == 1) {
            key[k++] = (char)code;
            i += 2;
        } else {
            key[k++] = name[i];
        }
    }
    key[k] = '\0';
    if (cJSON_IsArray(at))
        return key[0] >= '0' && key[0] <= '9' ? cJSON_GetArrayItem(at, atoi(key)) : NULL;
    return cJSON_GetObjectItemCaseSensitive(at, key);
}

static bool is_named(const cJSON *schema, const char *name)
{
    static const char *const words[] = {"$id", "id", "$anchor", "$dynamicAnchor"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && cJSON_IsObject(schema); i++) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(schema, words[i]);
        const char *anchor = name[0] == '#' && i >= 2 ? name + 1 : name;
        if (cJSON_IsString(id) && strcmp(id->valuestring, anchor) == 0) return true;
    }
    return false;
}

/* The schemas at and below `at` that have this $id, $anchor or id: how many, and one of them. */
static int find_named(const cJSON *at, const char *name, const cJSON **out)
{
    int n = is_named(at, name);
    if (n > 0) *out = at;
    for (const cJSON *child = at->child; child != NULL; child = child->next) {
        n += find_named(child, name, out);
    }
    return n;
}

/* The one schema of that name; NULL: there is none, or more than one, in different scopes. */
static const cJSON *schema_named(const struct schema_compiler *c, const char *name)
{
    const cJSON *found = NULL;
    return find_named(c->root, name, &found) == 1 ? found : NULL;
}

/* What a reference's text points to. */
static const cJSON *resolve(const struct schema_compiler *c, const char *ref)
{
    const cJSON *at = c->root;
    const char *hash = strchr(ref, '#');
    if (hash == NULL) return schema_named(c, ref);
    if (hash != ref) { /* "id#/pointer" */
        char id[256];
        snprintf(id, sizeof(id), "%.*s", (int)(hash - ref), ref);
        at = schema_named(c, id);
    }
    if (hash[1] == '\0') return at;
    if (hash[1] != '/') return schema_named(c, hash);
    for (const char *p = hash + 2; at != NULL; p++) {
        size_t n = strcspn(p, "/");
        at = pointer_step(at, p, n);
        p += n;
        if (*p == '\0') return at;
    }
    return NULL;
}

const cJSON *schema_resolve(struct schema_compiler *c, const cJSON *ref)
{
    struct known made = {.kind = REFERENCE, .key = span_of(ref->valuestring, 0)};
    const struct known *known = find(c, REFERENCE, made.key);
    if (known != NULL) return known->target;
    made.target = resolve(c, ref->valuestring);
    keep(c, made);
    return made.target;
}

/* ---- texts ----------------------------------------------------------------------------------- */

bool schema_pattern(struct schema_compiler *c, struct span pattern, rx *out, struct error *why)
{
    const struct known *known = find(c, PATTERN, pattern);
    if (known != NULL) {
        *out = known->texts;
        return true;
    }
    if (!pattern_rx(c->pool, pattern, PATTERN_ANYWHERE, CHARS_JSON, out, why)) return false;
    keep(c, (struct known){.kind = PATTERN, .key = pattern, .texts = *out});
    return true;
}

enum formats_known schema_format(struct schema_compiler *c, const char *name, rx *out)
{
    const struct known *known = find(c, FORMAT, span_str(name));
    if (known != NULL) {
        *out = known->texts;
        return FORMATS_STRING;
    }
    enum formats_known what = formats_rx(c->pool, name, CHARS_JSON, out);
    if (what == FORMATS_STRING)
        keep(c, (struct known){.kind = FORMAT, .key = span_str(name), .texts = *out});
    return what;
}
