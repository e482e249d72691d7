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

#include "base/json_reference.h"
#include "base/mem.h"
#include "engine/sample/form/pattern.h"
#include "engine/sample/form/schema_impl.h"

enum kind { REFERENCE, PATTERN, WIDE_PATTERN, FORMAT };

struct known {
    enum kind kind;
    struct span key; /* borrowed: of patterns and FORMAT their text, of REFERENCE its place alone */
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

const cJSON *schema_resolve(struct schema_compiler *c, const cJSON *ref)
{
    struct known made = {.kind = REFERENCE, .key = span_of(ref->valuestring, 0)};
    const struct known *known = find(c, REFERENCE, made.key);
    if (known != NULL) return known->target;
    made.target = json_reference(c->root, ref->valuestring);
    keep(c, made);
    return made.target;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool look_up_pattern(struct schema_compiler *c, enum kind kind, enum pattern_place place,
                            struct span pattern, rx *out, struct error *why)
{
    const struct known *known = find(c, kind, pattern);
    if (known != NULL) {
        *out = known->texts;
        return true;
    }
    if (!pattern_rx(c->pool, pattern, place, CHARS_JSON, out, why)) return false;
    keep(c, (struct known){.kind = kind, .key = pattern, .texts = *out});
    return true;
}

bool schema_pattern(struct schema_compiler *c, struct span pattern, rx *out, struct error *why)
{
    return look_up_pattern(c, PATTERN, PATTERN_ANYWHERE, pattern, out, why);
}

/* Only of these ECMA-262 and Python may have different texts. */
bool schema_wide_pattern(struct schema_compiler *c, struct span pattern, rx *out, struct error *why)
{
    bool differs = false;
    for (size_t i = 0; i < pattern.n && !differs; i++) {
        differs = strchr("\\.$(", pattern.p[i]) != NULL;
    }
    if (!differs) return schema_pattern(c, pattern, out, why);
    return look_up_pattern(c, WIDE_PATTERN, PATTERN_ANYWHERE_WIDE, pattern, out, why);
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
