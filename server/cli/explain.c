/* server/cli/explain.c - verdicts for readers: what was seen, tried and decided.
 *
 * The reward accuracy tells its steps when its option "explain" is on (details.steps); this file
 * turns it on and lays the steps out, a line each: where in the response, in bytes, the step looked,
 * what it found there, and the text itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/explain.h"

#include "base/json.h"
#include "server/cli/cli.h"

enum { MAX_REWARDS = 1 << 20, MAX_SHOWN = 120 };

char *explain_rewards(const char *text, struct error *err)
{
    struct buffer out;
    cJSON *list = json_parse(span_str(text == NULL ? "[{\"name\":\"accuracy\"}]" : text), err),
          *one;
    cJSON *copy = list == NULL ? NULL : cJSON_Duplicate(list, true);
    buffer_init(&out, MAX_REWARDS);
    cJSON_ArrayForEach(one, copy)
    {
        const cJSON *name = json_get(one, "name");
        if (cJSON_IsString(name) && strcmp(name->valuestring, "accuracy") == 0 &&
            json_get(one, "explain") == NULL) {
            cJSON_AddTrueToObject(one, "explain");
        }
    }
    bool ok = copy != NULL && json_print(copy, &out);
    cJSON_Delete(list);
    cJSON_Delete(copy);
    if (ok) return buffer_take(&out);
    buffer_clear(&out);
    if (err->code == ERROR_NONE) error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the rewards");
    return NULL;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *v = json_get(object, name);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Text in quotes on one line, its end only when it is long. */
static void show(const char *text, FILE *out)
{
    size_t n = strlen(text), from = n > MAX_SHOWN ? n - MAX_SHOWN : 0;
    while (from > 0 && from < n && ((unsigned char)text[from] & 0xc0) == 0x80) {
        from++;
    }
    fprintf(out, "%s\"", from > 0 ? "..." : "");
    for (const char *c = text + from; *c != 0;) {
        size_t line = strcspn(c, "\n");
        cli_put(span_of(c, line), out);
        c += line;
        if (*c == '\n') fputs("\\n", out);
        c += *c == '\n';
    }
    fputs("\"", out);
}

static void explain_step(const cJSON *step, FILE *out)
{
    const cJSON *from = json_get(step, "from"), *to = json_get(step, "to");
    const char *name = text_of(step, "step"), *says = text_of(step, "says");
    const char *text = text_of(step, "text");
    char place[40] = "";
    if (from != NULL && to != NULL) {
        snprintf(place, sizeof(place), "%.0f-%.0f", from->valuedouble, to->valuedouble);
    }
    fprintf(out, "    %-10s %11s  ", name == NULL ? "" : name, place);
    if (says != NULL) cli_put(span_str(says), out);
    if (text != NULL) fputs(": ", out);
    if (text != NULL) show(text, out);
    fputs("\n", out);
}

static void explain_reward(const cJSON *part, const cJSON *value, FILE *out)
{
    const cJSON *step;
    const char *cause = text_of(part, "cause");
    fputs("  ", out);
    cli_put(span_str(part->string), out);
    fputs(": ", out);
    if (cJSON_IsNumber(value)) {
        fprintf(out, "%g", value->valuedouble);
    } else {
        fputs("no value", out);
    }
    fprintf(out, "%s%s\n", cause == NULL ? "" : ", ", cause == NULL ? "" : cause);
    cJSON_ArrayForEach(step, json_get(part, "steps"))
    {
        explain_step(step, out);
    }
}

void explain_result(struct span line, FILE *out)
{
    struct error err = {0};
    cJSON *result = json_parse(span_trim(line), &err);
    const cJSON *id = json_get(result, "id"), *part;
    const cJSON *error = json_get(result, "error");
    if (result == NULL) return;
    fputs("item", out);
    if (cJSON_IsString(id)) fputc(' ', out);
    if (cJSON_IsString(id)) cli_put(span_str(id->valuestring), out);
    if (cJSON_IsNumber(id)) fprintf(out, " %g", id->valuedouble);
    if (error != NULL) {
        const char *message = text_of(error, "message");
        fputs(": ", out);
        cli_put(span_str(message == NULL ? "an error" : message), out);
    }
    fputs("\n", out);
    cJSON_ArrayForEach(part, json_get(result, "details"))
    {
        explain_reward(part, json_get(json_get(result, "rewards"), part->string), out);
    }
    cJSON_Delete(result);
}
