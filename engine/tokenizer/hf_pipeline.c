/* engine/tokenizer/hf_pipeline.c - see hf_pipeline.h.
 *
 * Each stage is an object with a "type", or a "Sequence" of such. A table per stage
 * says which types are known and what each adds to the vocab_source; a type that is
 * not in the table would change the ids in a way we cannot follow and is refused by
 * name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/hf_pipeline.h"

#include "base/ascii.h"
#include "base/json.h"

static const char MARK[] = "\xE2\x96\x81"; /* U+2581 */

struct reading {
    struct arena *keep;
    struct vocab_source *s;
    bool ended; /* ByteLevel came: nothing may follow it */
    struct error *err;
};

typedef bool stage_reader(struct reading *r, const cJSON *stage);

struct stage_type {
    const char *name;
    stage_reader *read;
};

static bool unsupported(struct reading *r, const char *field, const char *what)
{
    return error_set(r->err, ERROR_UNSUPPORTED, field, "%s", what);
}

static bool malformed(struct reading *r, const char *field, const char *what)
{
    return error_set(r->err, ERROR_BAD_FILE, field, "%s", what);
}

/* Read a stage, or a Sequence of stages whose list has one of two names, with the
 * readers of types. */
static bool read_stage(struct reading *r, const cJSON *stage, const struct stage_type *types,
                       const char *list_name, int depth)
{
    const char *name = "";
    if (!cJSON_IsObject(stage)) return malformed(r, NULL, "a stage must be an object");
    if (!json_get_string(stage, "type", &name, r->err)) return false;
    if (strcmp(name, "Sequence") == 0) {
        const cJSON *list = json_get(stage, list_name), *one;
        int i = 0;
        if (!cJSON_IsArray(list)) return malformed(r, list_name, "must be an array");
        if (depth >= 4) return malformed(r, list_name, "nested too deeply");
        cJSON_ArrayForEach(one, list)
        {
            if (!read_stage(r, one, types, list_name, depth + 1)) {
                return error_in(r->err, "%s[%d]", list_name, i);
            }
            i++;
        }
        return true;
    }
    for (; types->name != NULL; types++) {
        if (strcmp(types->name, name) == 0) return types->read(r, stage);
    }
    return error_set(r->err, ERROR_UNSUPPORTED, "type", "\"%.60s\" is not supported", name);
}

static bool read_text(struct reading *r, const cJSON *stage, const char *name, struct span *out)
{
    const cJSON *v = json_get(stage, name);
    if (!cJSON_IsString(v)) return malformed(r, name, "must be a string");
    *out = json_text(v, r->keep);
    return out->p != NULL || malformed(r, name, "is too long");
}

/* {"String": text} or {"Regex": pattern}. */
static bool read_pattern(struct reading *r, const cJSON *stage, struct span *out, bool *is_regex)
{
    const cJSON *pattern = json_get(stage, "pattern");
    if (!cJSON_IsObject(pattern)) return malformed(r, "pattern", "must be an object");
    *is_regex = json_get(pattern, "Regex") != NULL;
    return read_text(r, pattern, *is_regex ? "Regex" : "String", out) ||
           error_in(r->err, "pattern");
}

/* ---- normalizer ---- */

static bool add_normalizer(struct reading *r, enum normalize_kind kind, struct span from,
                           struct span to)
{
    struct vocab_source *s = r->s;
    if (s->n_normalizers == VOCAB_MAX_STEPS) return unsupported(r, NULL, "too many normalizers");
    s->normalizers[s->n_normalizers++] = (struct vocab_normalizer){kind, from, to};
    return true;
}

static bool read_form(struct reading *r, const cJSON *stage)
{
    static const char *const names[] = {[NORMALIZE_NFC] = "NFC",
                                        [NORMALIZE_NFD] = "NFD",
                                        [NORMALIZE_NFKC] = "NFKC",
                                        [NORMALIZE_NFKD] = "NFKD"};
    const char *name = json_get(stage, "type")->valuestring;
    int kind = NORMALIZE_NFC;
    while (strcmp(names[kind], name) != 0) {
        kind++;
    }
    return add_normalizer(r, (enum normalize_kind)kind, span_of("", 0), span_of("", 0));
}

static bool read_prepend(struct reading *r, const cJSON *stage)
{
    struct span to = {0};
    return read_text(r, stage, "prepend", &to) &&
           add_normalizer(r, NORMALIZE_PREPEND, span_of("", 0), to);
}

static bool read_replace(struct reading *r, const cJSON *stage)
{
    struct span from = {0}, to = {0};
    bool is_regex = false;
    if (!read_pattern(r, stage, &from, &is_regex) || !read_text(r, stage, "content", &to)) {
        return false;
    }
    if (is_regex) {
        return unsupported(r, "pattern.Regex", "Replace by a regular expression is not supported");
    }
    if (from.n == 0) return malformed(r, "pattern.String", "must not be empty");
    return add_normalizer(r, NORMALIZE_REPLACE, from, to);
}

static const struct stage_type normalizers[] = {
    {"NFC", read_form},        {"NFD", read_form},        {"NFKC", read_form}, {"NFKD", read_form},
    {"Prepend", read_prepend}, {"Replace", read_replace}, {NULL, NULL},
};

/* ---- pre_tokenizer ---- */

static bool add_split(struct reading *r, struct span pattern, enum split_behavior behavior,
                      bool invert)
{
    struct vocab_source *s = r->s;
    if (r->ended) return unsupported(r, NULL, "a step after ByteLevel is not supported");
    if (s->n_splits == VOCAB_MAX_STEPS) return unsupported(r, NULL, "too many steps");
    s->splits[s->n_splits++] = (struct vocab_split){pattern, behavior, invert};
    return true;
}

static bool read_behavior(struct reading *r, const cJSON *stage, enum split_behavior *out)
{
    static const char *const names[] = {
        [SPLIT_ISOLATED] = "Isolated",
        [SPLIT_REMOVED] = "Removed",
        [SPLIT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [SPLIT_MERGED_WITH_NEXT] = "MergedWithNext",
        [SPLIT_CONTIGUOUS] = "Contiguous",
    };
    const char *name = "Isolated";
    if (!json_get_string(stage, "behavior", &name, r->err)) return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) != 0) continue;
        *out = (enum split_behavior)i;
        return true;
    }
    return unsupported(r, "behavior", "unknown behavior");
}

/* A pattern that matches exactly this text. */
static bool quote(struct reading *r, struct span text, struct span *out)
{
    char *p = arena_alloc(r->keep, text.n, 4);
    if (p == NULL) return malformed(r, "pattern", "is too long");
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80 || ascii_is_alnum(c)) {
            p[n++] = (char)c;
        } else {
            static const char digits[] = "0123456789ABCDEF";
            memcpy(p + n, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
            n += 4;
        }
    }
    *out = span_of(p, n);
    return true;
}

static bool read_split(struct reading *r, const cJSON *stage)
{
    struct span pattern = {0};
    bool is_regex = false, invert = false;
    enum split_behavior behavior = SPLIT_ISOLATED;
    if (!read_pattern(r, stage, &pattern, &is_regex) || !read_behavior(r, stage, &behavior) ||
        !json_get_bool(stage, "invert", &invert, r->err)) {
        return false;
    }
    if (!is_regex && !quote(r, pattern, &pattern)) return false;
    return add_split(r, pattern, behavior, invert);
}

static bool read_digits(struct reading *r, const cJSON *stage)
{
    bool individual = false;
    if (!json_get_bool(stage, "individual_digits", &individual, r->err)) return false;
    return add_split(r, span_str(individual ? "\\p{N}" : "\\p{N}+"), SPLIT_ISOLATED, false);
}

static bool read_punctuation(struct reading *r, const cJSON *stage)
{
    enum split_behavior behavior = SPLIT_ISOLATED;
    return read_behavior(r, stage, &behavior) &&
           add_split(r, span_str("[!-/:-@\\[-`{-~\\p{P}]"), behavior, false);
}

static bool read_whitespace(struct reading *r, const cJSON *stage)
{
    (void)stage;
    return add_split(r, span_str("\\w+|[^\\w\\s]+"), SPLIT_REMOVED, true);
}

static bool read_whitespace_split(struct reading *r, const cJSON *stage)
{
    (void)stage;
    return add_split(r, span_str("\\s"), SPLIT_REMOVED, false);
}

static bool set_prefix(struct reading *r, enum vocab_prefix prefix)
{
    if (prefix != PREFIX_NONE && (r->s->n_splits > 0 || r->s->prefix != PREFIX_NONE)) {
        return unsupported(r, NULL, "a prefix after other steps is not supported");
    }
    if (prefix != PREFIX_NONE) r->s->prefix = prefix;
    return true;
}

static bool read_byte_level(struct reading *r, const cJSON *stage)
{
    bool prefix = false, use_regex = true;
    if (!json_get_bool(stage, "add_prefix_space", &prefix, r->err) ||
        !json_get_bool(stage, "use_regex", &use_regex, r->err) ||
        !set_prefix(r, prefix ? PREFIX_SPACE_IF_NONE : PREFIX_NONE)) {
        return false;
    }
    if (use_regex && !add_split(r, span_str(VOCAB_GPT2_PATTERN), SPLIT_ISOLATED, false)) {
        return false;
    }
    r->s->model = VOCAB_BYTE_BPE;
    r->ended = true;
    return true;
}

static bool read_prepend_scheme(struct reading *r, const cJSON *stage, enum vocab_prefix *out)
{
    bool legacy = true;
    const char *scheme = NULL;
    if (!json_get_bool(stage, "add_prefix_space", &legacy, r->err) ||
        !json_get_string(stage, "prepend_scheme", &scheme, r->err)) {
        return false;
    }
    if (scheme == NULL) scheme = legacy ? "always" : "never";
    bool always = strcmp(scheme, "always") == 0, first = strcmp(scheme, "first") == 0;
    *out = always ? PREFIX_SPACE_IF_NONE : first ? PREFIX_FIRST_IF_NONE : PREFIX_NONE;
    return always || first || strcmp(scheme, "never") == 0 ||
           unsupported(r, "prepend_scheme", "unknown scheme");
}

static bool read_metaspace(struct reading *r, const cJSON *stage)
{
    const char *mark = MARK;
    bool split = true;
    enum vocab_prefix prefix;
    if (!json_get_string(stage, "replacement", &mark, r->err) ||
        !json_get_bool(stage, "split", &split, r->err) || !read_prepend_scheme(r, stage, &prefix)) {
        return false;
    }
    if (strcmp(mark, MARK) != 0) return unsupported(r, "replacement", "only U+2581 is supported");
    if (r->s->n_splits > 0) {
        return unsupported(r, NULL, "Metaspace after other steps is not supported");
    }
    r->s->escape_spaces = true;
    return set_prefix(r, prefix) &&
           (!split || add_split(r, span_str(MARK), SPLIT_MERGED_WITH_NEXT, false));
}

static const struct stage_type pre_tokenizers[] = {
    {"Split", read_split},
    {"Digits", read_digits},
    {"Punctuation", read_punctuation},
    {"Whitespace", read_whitespace},
    {"WhitespaceSplit", read_whitespace_split},
    {"ByteLevel", read_byte_level},
    {"Metaspace", read_metaspace},
    {NULL, NULL},
};

/* ---- post_processor ---- */

/* The id of a template's special token: special_tokens[name].ids[0], which must be its only one. */
static bool template_id(struct reading *r, const cJSON *stage, const cJSON *piece, int *out)
{
    const char *name = "";
    if (!json_get_string(piece, "id", &name, r->err)) return false;
    const cJSON *token = json_get(json_get(stage, "special_tokens"), name);
    const cJSON *ids = json_get(token, "ids");
    if (!cJSON_IsArray(ids) || cJSON_GetArraySize(ids) != 1 || !cJSON_IsNumber(ids->child)) {
        return malformed(r, "special_tokens", "a special token of the template has not one id");
    }
    double id = ids->child->valuedouble;
    if (!(id >= 0 && id < VOCAB_MAX_TOKENS)) {
        return malformed(r, "special_tokens", "an id is out of range");
    }
    *out = (int)id;
    return true;
}

static bool read_template(struct reading *r, const cJSON *stage)
{
    const cJSON *single = json_get(stage, "single"), *piece;
    bool seen_text = false;
    if (!cJSON_IsArray(single)) return malformed(r, "single", "must be an array");
    cJSON_ArrayForEach(piece, single)
    {
        const cJSON *special = json_get(piece, "SpecialToken");
        if (special == NULL) {
            seen_text = true;
            continue;
        }
        int id = -1;
        bool *add = seen_text ? &r->s->add_eos : &r->s->add_bos;
        if (!template_id(r, stage, special, &id)) return false;
        if (*add) return unsupported(r, "single", "more than one token before or after the text");
        *add = true;
        *(seen_text ? &r->s->eos : &r->s->bos) = id;
    }
    return true;
}

static bool ignore_stage(struct reading *r, const cJSON *stage)
{
    (void)r;
    (void)stage;
    return true;
}

static const struct stage_type post_processors[] = {
    {"TemplateProcessing", read_template},
    {"ByteLevel", ignore_stage}, /* offsets only */
    {NULL, NULL},
};

/* ---- decoder ---- */

static bool read_decode_replace(struct reading *r, const cJSON *stage)
{
    struct span from = {0}, to = {0};
    bool is_regex = false;
    if (!read_pattern(r, stage, &from, &is_regex) || !read_text(r, stage, "content", &to)) {
        return false;
    }
    if (is_regex || !span_is(from, MARK) || !span_is(to, " ")) {
        return unsupported(r, "pattern", "only the replacement of U+2581 by a space is supported");
    }
    r->s->escape_spaces = true;
    return true;
}

static bool read_decode_bytes(struct reading *r, const cJSON *stage)
{
    (void)stage;
    r->s->decode_bytes = true;
    return true;
}

static bool read_decode_strip(struct reading *r, const cJSON *stage)
{
    int64_t start = 0, stop = 0;
    const char *content = " ";
    if (!json_get_int(stage, "start", 0, 100, &start, r->err) ||
        !json_get_int(stage, "stop", 0, 100, &stop, r->err) ||
        !json_get_string(stage, "content", &content, r->err)) {
        return false;
    }
    if (strcmp(content, " ") != 0 || start > 1 || stop > 0) {
        return unsupported(r, NULL, "only one space at the start can be stripped");
    }
    r->s->strip_space = start == 1;
    return true;
}

static bool read_decode_metaspace(struct reading *r, const cJSON *stage)
{
    enum vocab_prefix prefix;
    if (!read_prepend_scheme(r, stage, &prefix)) return false;
    r->s->strip_space = prefix != PREFIX_NONE;
    r->s->escape_spaces = true;
    return true;
}

static const struct stage_type decoders[] = {
    {"ByteLevel", ignore_stage}, /* tokens are kept as bytes */
    {"ByteFallback", read_decode_bytes},  {"Fuse", ignore_stage},
    {"Replace", read_decode_replace},     {"Strip", read_decode_strip},
    {"Metaspace", read_decode_metaspace}, {NULL, NULL},
};

static const struct {
    const char *name, *list;
    const struct stage_type *types;
} stages[] = {
    {"normalizer", "normalizers", normalizers},
    {"pre_tokenizer", "pretokenizers", pre_tokenizers},
    {"post_processor", "processors", post_processors},
    {"decoder", "decoders", decoders},
};

bool hf_pipeline_read(const cJSON *root, struct arena *keep, struct vocab_source *s,
                      struct error *err)
{
    struct reading r = {.keep = keep, .s = s, .err = err};
    s->model = VOCAB_CHAR_BPE; /* unless ByteLevel says otherwise */
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        const cJSON *stage = json_get(root, stages[i].name);
        if (stage == NULL) continue;
        if (!read_stage(&r, stage, stages[i].types, stages[i].list, 0)) {
            return error_in(err, "%s", stages[i].name);
        }
    }
    return true;
}
