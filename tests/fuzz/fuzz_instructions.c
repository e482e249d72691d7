/* tests/fuzz/fuzz_instructions.c - an instruction's id, its arguments in JSON and a text, line
 * breaks between the three.
 *
 * Properties: a check answers the same twice; it names an argument of its row when it refuses one,
 * and only then; and cutting a text into sentences and tokens loses nothing of order: each piece
 * lies behind the one before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "reward/instructions/check.h"
#include "reward/instructions/sentences.h"
#include "reward/instructions/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text up to the next line break; *rest is what follows. */
static struct span take(struct span *rest)
{
    size_t end = span_find(*rest, span_str("\n"), 0);
    struct span part = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end == SPAN_NONE ? rest->n : end + 1, rest->n);
    return part;
}

static bool names_one(const struct check *c, const char *param)
{
    for (size_t i = 0; c->kwargs[i] != NULL; i++) {
        size_t n = strlen(c->kwargs[i]);
        if (strncmp(param, c->kwargs[i], n) == 0 && (param[n] == '\0' || param[n] == '[')) {
            return true;
        }
    }
    return false;
}

static void ask_twice(const struct check *c, const cJSON *kwargs, struct span text, struct arena *a)
{
    struct error one = {0}, two = {0};
    struct check_call call = {.kwargs = kwargs, .arena = a, .err = &one};
    enum check_result first = c->follows(&call, text);
    arena_reset(a);
    call.err = &two;
    enum check_result second = c->follows(&call, text);
    assert(first == second);
    assert((first == CHECK_BAD_KWARGS) == (one.code != ERROR_NONE));
    assert(first != CHECK_BAD_KWARGS || names_one(c, one.param));
    arena_reset(a);
}

static void cut(struct span text, struct arena *a)
{
    struct texts sentences, tokens;
    if (!sentences_of(text, a, &sentences)) return;
    const char *at = text.p;
    for (size_t i = 0; i < sentences.n; i++) {
        struct span s = sentences.at[i];
        assert(s.p >= at && s.p + s.n <= text.p + text.n);
        at = s.p + s.n;
    }
    if (!tokens_of(text, a, &tokens)) return;
    for (size_t i = 0; i < tokens.n; i++) {
        assert(tokens.at[i].n > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct span id = take(&text), arguments = take(&text);
    struct error err = {0};
    struct arena *a = arena_new(16 << 20);
    cJSON *kwargs = json_parse(arguments, &err);
    const struct check *c = check_find(id);
    if (a != NULL) {
        if (c != NULL) ask_twice(c, cJSON_IsObject(kwargs) ? kwargs : NULL, text, a);
        cut(text, a);
    }
    cJSON_Delete(kwargs);
    arena_free(a);
    return 0;
}
