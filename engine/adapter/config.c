/* engine/adapter/config.c - see config.h.
 *
 * Source: peft 0.21, tuners/lora/config.py; get_pattern_key() of utils/other.py for patterns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/adapter/config.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/adapter/adapter.h"
#include "engine/tokenizer/regex.h"

enum { MAX_PATTERNS = 4096, MAX_PATTERN = 512 };

/* PEFT's (.*\.)?(key)$ */
struct pattern {
    char *plain;         /* key where it is a name or the end of one; else NULL and */
    struct regex *regex; /* the whole */
    double value;
};

struct patterns {
    struct pattern *all;
    int n;
    double least, most; /* values */
    bool whole;         /* they are whole numbers */
};

struct adapter_config {
    int rank;
    double alpha;
    bool rslora, dora;
    struct patterns ranks, alphas;
};

/* ---- keys ---- */

/* What may stand under a key. */
enum rule {
    ANY,  /* changes nothing that is computed from the files */
    READ, /* read below */
    OFF   /* not computed: it must be off */
};

/* clang-format off */
static const struct {
    const char *key;
    enum rule rule;
} keys[] = {
    {"r", READ}, {"lora_alpha", READ}, {"use_rslora", READ}, {"rank_pattern", READ}, {"alpha_pattern", READ},
    {"use_dora", READ}, {"peft_type", READ}, {"bias", READ}, {"init_lora_weights", READ},
    /* how it was trained, and which modules: the tensors say that */
    {"auto_mapping", ANY}, {"base_model_name_or_path", ANY}, {"revision", ANY}, {"task_type", ANY},
    {"inference_mode", ANY}, {"lora_dropout", ANY}, {"target_modules", ANY}, {"exclude_modules", ANY},
    {"modules_to_save", ANY}, {"layers_to_transform", ANY}, {"layers_pattern", ANY}, {"peft_version", ANY},
    {"megatron_config", ANY}, {"megatron_core", ANY}, {"qalora_group_size", ANY}, {"runtime_config", ANY},
    {"eva_config", ANY}, {"loftq_config", ANY}, {"corda_config", ANY}, {"lora_ga_config", ANY},
    {"fan_in_fan_out", ANY}, /* of the base's own matrix, which we have in our own order */
    {"ensure_weight_tying", ANY}, /* both ends are in the file then */
    {"unsloth_fixed", ANY}, {"is_prompt_learning", ANY},
};
/* clang-format on */

static enum rule rule_of(const char *key)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) == 0) return keys[i].rule;
    }
    return OFF;
}

/* null, false, 0, "" or empty. */
static bool is_off(const cJSON *v)
{
    if (cJSON_IsNumber(v)) return v->valuedouble == 0;
    if (cJSON_IsString(v)) return v->valuestring[0] == '\0';
    if (cJSON_IsArray(v) || cJSON_IsObject(v)) return v->child == NULL;
    return !cJSON_IsTrue(v);
}

static bool check_keys(const cJSON *json, struct error *err)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, json)
    {
        if (rule_of(v->string) != OFF || is_off(v)) continue;
        return error_set(err, ERROR_UNSUPPORTED, NULL,
                         "adapter_config.json: %.60s is not computed here", v->string);
    }
    return true;
}

static bool refuse(struct error *err, const char *key, const char *value)
{
    return error_set(err, ERROR_UNSUPPORTED, NULL,
                     "adapter_config.json: %.40s is \"%.40s\", which is not computed here", key,
                     value);
}

/* Initialisations that change the base's weights too: what is added is then added to others. */
static bool check_init(const cJSON *v, struct error *err)
{
    static const char *const pure[] = {"gaussian", "orthogonal", "eva", "true", "default"};
    if (!cJSON_IsString(v)) return true;
    for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++) {
        if (strcmp(v->valuestring, pure[i]) == 0) return true;
    }
    return refuse(err, "init_lora_weights", v->valuestring);
}

static bool check_kind(const cJSON *json, struct error *err)
{
    const char *type = "LORA", *bias = "none";
    if (!json_get_string(json, "peft_type", &type, err)) return false;
    if (!json_get_string(json, "bias", &bias, err)) return false;
    if (strcmp(type, "LORA") != 0) return refuse(err, "peft_type", type);
    if (strcmp(bias, "none") != 0 && strcmp(bias, "all") != 0 && strcmp(bias, "lora_only") != 0) {
        return refuse(err, "bias", bias);
    }
    return check_init(json_get(json, "init_lora_weights"), err);
}

/* ---- patterns ---- */

/* A key without anything that a regular expression would read otherwise, but for its points. */
static bool is_plain(const char *key)
{
    return ascii_is_plain(key, strlen(key), "_.");
}

static bool add_pattern(struct patterns *p, const cJSON *v, const char *name, struct error *err)
{
    char text[MAX_PATTERN];
    struct pattern *new = &p->all[p->n];
    bool number = cJSON_IsNumber(v) && v->valuedouble >= p->least && v->valuedouble <= p->most &&
                  (!p->whole || floor(v->valuedouble) == v->valuedouble);
    if (!number || strlen(v->string) > MAX_PATTERN - 20) {
        return error_set(
            err, ERROR_INVALID_VALUE, NULL,
            "adapter_config.json: %.20s[\"%.60s\"] must be a%s number from %g to %g under a "
            "key of at most %d bytes",
            name, v->string, p->whole ? " whole" : "", p->least, p->most, MAX_PATTERN - 20);
    }
    new->value = v->valuedouble;
    if (is_plain(v->string)) {
        new->plain = mem_text(span_str(v->string), err);
    } else {
        snprintf(text, sizeof(text), "^(?:.*\\.)?(?:%s)$", v->string);
        new->regex = regex_new(span_str(text), err);
    }
    p->n++;
    return new->plain != NULL || new->regex != NULL;
}

static bool read_patterns(struct patterns *p, const cJSON *json, const char *name,
                          struct error *err)
{
    const cJSON *all = json_get(json, name), *v;
    if (all == NULL) return true;
    int n = cJSON_IsObject(all) ? cJSON_GetArraySize(all) : -1;
    if (n < 0 || n > MAX_PATTERNS) {
        return error_set(err, ERROR_INVALID_VALUE, NULL,
                         "adapter_config.json: %s must be an object of at most %d keys", name,
                         MAX_PATTERNS);
    }
    p->all = mem_new((size_t)n + 1, sizeof(*p->all), err);
    if (p->all == NULL) return false;
    cJSON_ArrayForEach(v, all)
    {
        if (!add_pattern(p, v, name, err)) return false;
    }
    assert(p->n == n);
    return true;
}

static void free_patterns(struct patterns *p)
{
    for (int i = 0; i < p->n; i++) {
        regex_free(p->all[i].regex);
        free(p->all[i].plain);
    }
    free(p->all);
}

static bool fits_plain(struct span module, const char *key)
{
    struct span end = span_str(key);
    if (!span_ends(module, end)) return false;
    return module.n == end.n || module.p[module.n - end.n - 1] == '.';
}

static enum regex_found fits(const struct pattern *p, struct span module, struct error *err)
{
    size_t begin, end;
    if (p->plain != NULL) return fits_plain(module, p->plain) ? REGEX_FOUND : REGEX_NONE;
    struct regex_match *m = regex_match_new(p->regex, err);
    if (m == NULL) return REGEX_FAILED;
    enum regex_found found = regex_next(p->regex, m, module, 0, &begin, &end, err);
    regex_match_free(m);
    return found;
}

/* *value is that of the first pattern that fits module, or as it was. */
static bool match(const struct patterns *p, struct span module, double *value, struct error *err)
{
    for (int i = 0; i < p->n; i++) {
        enum regex_found found = fits(&p->all[i], module, err);
        if (found == REGEX_NONE) continue;
        if (found == REGEX_FAILED && err->code != ERROR_NO_MEMORY) {
            return error_set(err, ERROR_INVALID_VALUE, NULL,
                             "adapter_config.json: pattern %d of rank_pattern or alpha_pattern "
                             "takes too long to match",
                             i + 1);
        }
        *value = p->all[i].value;
        return found == REGEX_FOUND;
    }
    return true;
}

/* ---- the whole ---- */

static bool read_numbers(struct adapter_config *c, const cJSON *json, struct error *err)
{
    int64_t rank = 8; /* PEFT's own defaults */
    c->alpha = 8;
    c->ranks = (struct patterns){.least = 1, .most = ADAPTER_MAX_RANK, .whole = true};
    c->alphas = (struct patterns){.least = -1e6, .most = 1e6};
    if (!json_get_int(json, "r", 1, ADAPTER_MAX_RANK, &rank, err)) return false;
    c->rank = (int)rank;
    return json_get_double(json, "lora_alpha", -1e6, 1e6, &c->alpha, err) &&
           json_get_bool(json, "use_rslora", &c->rslora, err) &&
           json_get_bool(json, "use_dora", &c->dora, err) &&
           read_patterns(&c->ranks, json, "rank_pattern", err) &&
           read_patterns(&c->alphas, json, "alpha_pattern", err);
}

/* What the readers of JSON say names a key, or a byte. */
static void name_file(struct error *err)
{
    static const char file[] = "adapter_config.json";
    char said[sizeof(err->message)];
    if (err->code == ERROR_NO_MEMORY || strncmp(err->message, file, strlen(file)) == 0) return;
    memcpy(said, err->message, sizeof(said));
    snprintf(err->message, sizeof(err->message), "%s: %.200s", file, said);
}

struct adapter_config *adapter_config_read(struct span text, struct error *err)
{
    struct adapter_config *c = mem_new(1, sizeof(*c), err);
    cJSON *json = c == NULL ? NULL : json_parse(text, err);
    bool ok = json != NULL;
    if (ok && !cJSON_IsObject(json)) {
        ok = error_set(err, ERROR_INVALID_VALUE, NULL, "adapter_config.json must be an object");
    }
    ok = ok && check_kind(json, err) && check_keys(json, err) && read_numbers(c, json, err);
    cJSON_Delete(json);
    if (ok) return c;
    if (err != NULL) name_file(err);
    adapter_config_free(c);
    return NULL;
}

void adapter_config_free(struct adapter_config *c)
{
    if (c == NULL) return;
    free_patterns(&c->ranks);
    free_patterns(&c->alphas);
    free(c);
}

bool adapter_config_size(const struct adapter_config *c, struct span module,
                         struct adapter_size *out, struct error *err)
{
    double rank = c->rank, alpha = c->alpha;
    if (!match(&c->ranks, module, &rank, err) || !match(&c->alphas, module, &alpha, err)) {
        return false;
    }
    out->rank = (int)rank;
    out->scale = c->rslora ? alpha / sqrt(rank) : alpha / rank;
    return true;
}

bool adapter_config_is_dora(const struct adapter_config *c)
{
    return c->dora;
}
