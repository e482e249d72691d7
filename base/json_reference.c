/* base/json_reference.c - see json_reference.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json_reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

/* The byte that stands at the front of *text, ~0 ~1 and %XX read, which is taken off. */
static char take_byte(struct span *text)
{
    unsigned code;
    size_t n = 1;
    char byte = text->p[0];
    if (byte == '~' && text->n > 1) {
        byte = text->p[1] == '1' ? '/' : '~';
        n = 2;
    } else if (byte == '%' && text->n > 2 && isxdigit((unsigned char)text->p[1]) &&
               isxdigit((unsigned char)text->p[2]) && sscanf(text->p + 1, "%2x", &code) == 1) {
        byte = (char)code;
        n = 3;
    }
    *text = span_slice(*text, n, text->n);
    return byte;
}

/* Is `text`, a step of a pointer, this key? */
static bool is_step(struct span text, const char *key)
{
    for (; text.n > 0; key++) {
        if (*key == '\0' || take_byte(&text) != *key) return false;
    }
    return *key == '\0';
}

/* The element that a step names: digits, of which the first is 0 only when it is alone. */
static const cJSON *element(const cJSON *array, struct span text)
{
    enum { MOST_DIGITS = 9 };
    int i = 0;
    if (text.n == 0 || text.n > MOST_DIGITS || (text.n > 1 && text.p[0] == '0')) return NULL;
    for (size_t k = 0; k < text.n; k++) {
        if (!isdigit((unsigned char)text.p[k])) return NULL;
        i = 10 * i + (text.p[k] - '0');
    }
    return cJSON_GetArrayItem(array, i);
}

static const cJSON *pointer_step(const cJSON *at, struct span text)
{
    if (cJSON_IsArray(at)) return element(at, text);
    const cJSON *child = cJSON_IsObject(at) ? at->child : NULL;
    while (child != NULL && !is_step(text, child->string)) {
        child = child->next;
    }
    return child;
}

static bool is_named(const cJSON *schema, struct span name)
{
    static const char *const words[] = {"$id", "id", "$anchor", "$dynamicAnchor"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && cJSON_IsObject(schema); i++) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(schema, words[i]);
        bool anchor = i >= 2 && span_starts(name, span_str("#"));
        struct span wanted = span_slice(name, anchor ? 1 : 0, name.n);
        if (cJSON_IsString(id) && span_is(wanted, id->valuestring)) return true;
    }
    return false;
}

/* The schemas at and below `at` that have this $id, $anchor or id: how many, and one of them. */
static int find_named(const cJSON *at, struct span name, const cJSON **out)
{
    int n = is_named(at, name);
    if (n > 0) *out = at;
    for (const cJSON *child = at->child; child != NULL; child = child->next) {
        n += find_named(child, name, out);
    }
    return n;
}

/* The one schema of that name; NULL: there is none, or more than one, in different scopes. */
static const cJSON *schema_named(const cJSON *root, struct span name)
{
    const cJSON *found = NULL;
    return find_named(root, name, &found) == 1 ? found : NULL;
}

const cJSON *json_reference(const cJSON *root, const char *ref)
{
    const cJSON *at = root;
    const char *hash = strchr(ref, '#');
    if (hash == NULL) return schema_named(root, span_str(ref));
    if (hash != ref) { /* "id#/pointer" */
        at = schema_named(root, span_of(ref, (size_t)(hash - ref)));
    }
    if (hash[1] == '\0') return at;
    if (hash[1] != '/') return schema_named(root, span_str(hash));
    for (const char *p = hash + 2; at != NULL; p++) {
        size_t n = strcspn(p, "/");
        at = pointer_step(at, span_of(p, n));
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
