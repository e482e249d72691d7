/* engine/sample/form/schema_impl.h - what the files of the schema compiler share.
 *
 * A place in a document must satisfy several schemas at once: its own, those of allOf and $ref, and
 * of every keyword that reaches it. So the compiler works on sets of schemas: a set becomes a rule,
 * once, and a set's parts (items, properties) are sets again. Sets are finite in number, so
 * recursive schemas end; they wait in a queue, so depth costs no stack.
 *
 *     schema.c         sets, the queue, references, combinations (anyOf, oneOf, not, if)
 *     schema_known.c   what is looked up again and again: references, patterns, formats
 *     schema_negate.c  the opposite of a schema, as a schema
 *     schema_value.c   scalars and literal values
 *     schema_array.c   arrays
 *     schema_unique.c  arrays whose items differ
 *     schema_object.c  objects
 *     schema_order.c   the order of their members in the whole schema
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_SCHEMA_IMPL_H
#define ENGINE_SAMPLE_FORM_SCHEMA_IMPL_H

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "engine/sample/form/formats.h"
#include "engine/sample/form/ids.h"
#include "engine/sample/form/schema.h"

/* Types of values. Whole numbers and others apart: "integer" is a part of "number". */
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_WHOLE = 4,
    TYPE_FRACTION = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_ALL = 127
};

/* Keywords of a schema that were turned into other members of its set. */
enum {
    USED_REF = 1,
    USED_ALL_OF = 2,
    USED_ANY_OF = 4,
    USED_ONE_OF = 8,
    USED_NOT = 16,
    USED_IF = 32,
    USED_REQUIRED = 64, /* dependentRequired */
    USED_SCHEMAS = 128, /* dependentSchemas */
    USED_DEPENDENCIES = 256,
    USED_ENUM = 512
};

/* A schema of a set, with what is used of it. A caller that gathers schemas gives the schema and what
 * is used; number and words are put in where it becomes part of a list. */
struct atom {
    const cJSON *schema;
    uint64_t words; /* schema_bit() of each of its keywords */
    int number;     /* of the schema, from 1 on in the order met; 0: not put in yet */
    int used;
};

struct set {
    struct atom
        *atoms; /* in the order of the text: a schema, then what it refers to and combines */
    int n;
    bool never; /* nothing satisfies it */
};

/* A set that became a rule. */
struct made {
    struct set set;
    int rule;
};

enum {
    SCHEMA_MAX_SETS = 20000,
    SCHEMA_MAX_ATOMS = 200, /* of one set */
    SCHEMA_ARENA_BYTES = 8 << 20,
    SCHEMA_MAX_COUNTED = 20000, /* states of an object's properties */
    SCHEMA_MAX_APART = 12000    /* questions whether two sets are apart */
};

/* A schema that was met. */
struct numbered {
    const cJSON *schema;
    uint64_t words; /* as an atom's */
    uint64_t walk;  /* the latest walk (schema_order.c) that came by */
};

struct schema_compiler {
    struct grammar *g;
    struct rx_pool *pool;
    struct arena *arena;
    const struct schema_options *o;
    const cJSON *root;
    bool siblings; /* keywords beside $ref count */
    bool draft_3;  /* whose words are refused, though later drafts do not know them */
    struct made *made;
    int n_made, made_room, next; /* next: the first that waits */
    struct ids made_ids, number_ids;
    struct numbered *numbered; /* schemas in the order met */
    int n_numbered, numbered_room;
    uint64_t walk;       /* of schema_order.c: the latest */
    struct known *known; /* what was looked up before (schema_known.c) */
    int n_known, known_room;
    struct ids known_ids;
    cJSON **own; /* schemas that the compiler wrote */
    int n_own, own_room;
    rx space, any_char,
        string_body; /* white space between tokens (may be empty); characters of strings */
    int comma, close_array, close_object, open_array, open_object;
    int apart_left; /* of SCHEMA_MAX_APART */
    struct error *err;
};

/* ---- schema.c ---- */

/* The set of some schemas together: references and allOf put in. False: *err is set. */
bool schema_set_of(struct schema_compiler *c, const struct atom *atoms, int n, struct set *out);

/* The rule of a set, made at once or later. */
int schema_set_rule(struct schema_compiler *c, const struct set *s);

/* One more schema in a list that is being gathered (room for SCHEMA_MAX_ATOMS). */
bool schema_add_atom(struct schema_compiler *c, struct atom *list, int *n, const cJSON *schema,
                     int used);

/* A schema as an atom, with its number and words. Number 0: no memory, *err is set. */
struct atom schema_atom(struct schema_compiler *c, const cJSON *schema, int used);

/* A bit of a keyword: a schema whose words lack it does not have the keyword. Of a literal name it
 * is a constant. */
static inline uint64_t schema_bit(const char *name)
{
    size_t n = strlen(name);
    if (n == 0) return 1;
    return (uint64_t)1 << ((3u * (uint8_t)name[0] + 5u * (uint8_t)name[n - 1] + 7u * n) % 64);
}

/* The value of a keyword; NULL: absent. */
static inline const cJSON *schema_get(const struct atom *a, const char *name)
{
    if (!(a->words & schema_bit(name))) return NULL;
    return cJSON_GetObjectItemCaseSensitive(a->schema, name);
}

/* As schema_get(), of a value that must be of a type (cJSON_Number, ...; 0: any). On a wrong type
 * *fine becomes false and *err is set. */
const cJSON *schema_keyword(struct schema_compiler *c, const struct atom *a, const char *name,
                            int type, bool *fine);

/* "keyword ... at /properties/x is not supported": false. */
bool schema_refuse(struct schema_compiler *c, const cJSON *schema, const char *keyword,
                   enum error_code code, const char *why);

/* Keep a schema that the compiler wrote; NULL is no memory. */
const cJSON *schema_own(struct schema_compiler *c, cJSON *schema);

/* The bit of atom.used that a keyword which combines schemas sets; 0: it is no such keyword. */
int schema_combination(const char *name);

/* Types that a set admits. */
bool schema_types(struct schema_compiler *c, const struct set *s, int *types);

/* {"not": schema}. NULL without memory. */
const cJSON *schema_not(struct schema_compiler *c, const cJSON *schema);

/* Reads the documents of a set, without their white space; of its own compiler. NULL: nothing
 * satisfies the set (*none), or *err is set. */
struct earley *schema_reader(struct schema_compiler *c, const struct set *s, bool *none);

/* A terminal: white space that may stand, then the text. */
int schema_token(struct schema_compiler *c, rx text);

/* ---- schema_known.c ---- */

/* What a $ref points to; NULL: nothing. */
const cJSON *schema_resolve(struct schema_compiler *c, const cJSON *ref);

/* The bodies of strings in which a pattern matches somewhere. False: *why is set. */
bool schema_pattern(struct schema_compiler *c, struct span pattern, rx *out, struct error *why);
/* The same by either of ECMA-262 and Python: in all others it matches by neither. */
bool schema_wide_pattern(struct schema_compiler *c, struct span pattern, rx *out,
                         struct error *why);

/* The bodies of strings of a format, where it is of strings. */
enum formats_known schema_format(struct schema_compiler *c, const char *name, rx *out);

/* Frees what is known. */
void schema_forget(struct schema_compiler *c);

/* ---- schema_negate.c ---- */

/* A schema that exactly the other values satisfy. NULL: it can't be said, *err is set. */
const cJSON *schema_negate(struct schema_compiler *c, const cJSON *schema);

/* Keywords of such schemas, which no client can write (keys are UTF-8 without control characters
 * first). */
#define SCHEMA_NOT_ENUM "\x01notEnum"
#define SCHEMA_NOT_TYPE "\x01notType"
#define SCHEMA_NOT_PATTERN "\x01notPattern"
#define SCHEMA_NOT_FORMAT "\x01notFormat"

/* ---- schema_value.c ---- */

/* Add one literal value to a rule. */
void schema_literal(struct schema_compiler *c, const cJSON *value, int rule);

/* The bodies of strings, without quotes. */
bool schema_string_rx(struct schema_compiler *c, const struct set *s, rx *out);

/* The texts of numbers: of whole ones alone, or of others too. */
bool schema_number_rx(struct schema_compiler *c, const struct set *s, bool whole, rx *out);

/* Add the scalars of these types to a rule. */
bool schema_scalars(struct schema_compiler *c, const struct set *s, int types, int rule);

/* A set with enum or const: add those of its values that satisfy the rest of it to rule. */
bool schema_literals(struct schema_compiler *c, const struct set *s, int rule);

/* Whether only values that are named one by one satisfy a set, and which: an array that lives as long
 * as the compiler, of values that may be equal. */
bool schema_values(struct schema_compiler *c, const struct set *s, const cJSON ***values, int *n,
                   bool *finite);

/* The values that a set's enum or const names: the array (or NULL: none) and its atom. */
const cJSON *schema_enum_of(struct schema_compiler *c, const struct set *s, int *atom);

/* Equal as JSON Schema says: 1 is 1.0, members in any order. */
bool schema_equal(const cJSON *a, const cJSON *b);

/* The body of a string value as an expression. */
rx schema_text_rx(struct schema_compiler *c, const cJSON *string);

/* ---- schema_order.c ---- */

/* Where the whole schema of a set, all branches together, names each of these names, in ranks[n].
 * False: in the order in which they stand, or it is too large to say. */
bool schema_ranks(struct schema_compiler *c, const struct set *s, const char *const *names, int n,
                  int *ranks);

/* ---- schema_array.c, schema_unique.c, schema_object.c ---- */

/* Add the arrays of a set to a rule. */
bool schema_array(struct schema_compiler *c, const struct set *s, int rule);
/* Add the arrays of min to max (RX_UNBOUNDED) different items of a set to a rule. schema: whose
 * uniqueItems asks for it. */
bool schema_unique(struct schema_compiler *c, const cJSON *schema, const struct set *item, int min,
                   int max, int rule);
/* Add the objects of a set to a rule. */
bool schema_object(struct schema_compiler *c, const struct set *s, int rule);

/* What a member of this name must satisfy. */
bool schema_member_set(struct schema_compiler *c, const struct set *s, const char *name,
                       struct set *out);
/* Does some schema of a set require a member of this name? */
bool schema_is_required(const struct set *s, const char *name);

/* The largest (or smallest) value of a keyword that counts. *has is false where no schema has
 * it. */
bool schema_count(struct schema_compiler *c, const struct set *s, const char *name, bool largest,
                  int *value, bool *has);

#endif
