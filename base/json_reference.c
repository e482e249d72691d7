/* base/json_reference.c - see json_reference.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static const cJSON *schema_named(const cJSON *root, const char *name)
{
    const cJSON *found = NULL;
    return find_named(root, name, &found) == 1 ? found : NULL;
}

const cJSON *json_reference(const cJSON *root, const char *ref)
{
    const cJSON *at = root;
    const char *hash = strchr(ref, '#');
    if (hash == NULL) return schema_named(root, ref);
    if (hash != ref) { /* "id#/pointer" */
        char id[256];
        snprintf(id, sizeof(id), "%.*s", (int)(hash - ref), ref);
        at = schema_named(root, id);
    }
    if (hash[1] == '\0') return at;
    if (hash[1] != '/') return schema_named(root, hash);
    for (const char *p = hash + 2; at != NULL; p++) {
        size_t n = strcspn(p, "/");
        at = pointer_step(at, p, n);
        p += n;
        if (*p == '\0') return at;
    }
    return NULL;
}

bool json_pointer_of(const cJSON *root, const cJSON *part, char *out, size_t room)
{
    if (root == part) {
        out[0] = '\0';
        return true;
    }
    int i = 0;
    for (const cJSON *child = root->child; child != NULL; child = child->next, i++) {
        char rest[200];
        if (!json_pointer_of(child, part, rest, sizeof(rest))) continue;
        if (child->string != NULL) {
            snprintf(out, room, "/%.60s%s", child->string, rest);
        } else {
            snprintf(out, room, "/%d%s", i, rest);
        }
        return true;
    }
    return false;
}

static bool dialect_has(const cJSON *root, const char *part)
{
    const cJSON *dialect = cJSON_GetObjectItemCaseSensitive(root, "$schema");
    return cJSON_IsString(dialect) && strstr(dialect->valuestring, part) != NULL;
}

bool json_siblings_count(const cJSON *root)
{
    return !dialect_has(root, "draft-0");
}

bool json_is_draft_3(const cJSON *root)
{
    return dialect_has(root, "draft-03") || dialect_has(root, "draft-02") ||
           dialect_has(root, "draft-01");
}
