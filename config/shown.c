/* config/shown.c - what was read, for those who look: each setting's value and where it came from.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"

#include <assert.h>
#include <string.h>

#include "base/emit.h"

static const char *const source_words[] = {
    [SETTING_DEFAULT] = "default",
    [SETTING_FILE] = "file",
    [SETTING_ENVIRONMENT] = "environment",
    [SETTING_COMMAND_LINE] = "command_line",
};

/* A URL's user and password are as good as a key: what stands there is left out. */
static void emit_public_text(struct buffer *out, const char *key, const char *text)
{
    const char *host = text == NULL ? NULL : strstr(text, "://");
    const char *user_end = host == NULL ? NULL : memrchr(host + 3, '@', strcspn(host + 3, "/?#"));
    if (user_end == NULL) {
        emit_str(out, key, text);
        return;
    }
    struct buffer shown;
    buffer_init(&shown, strlen(text) + 1);
    buffer_add(&shown, text, (size_t)(host + 3 - text));
    buffer_add_str(&shown, user_end + 1);
    emit_text(out, key, buffer_span(&shown));
    buffer_fail_as(out, &shown);
    buffer_clear(&shown);
}

/* Word number `place` of the row's. */
static struct span word_at(const struct setting *s, int place)
{
    const char *at = s->words;
    for (int i = 0; i < place; i++) {
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return span_of(at, strcspn(at, "|"));
}

static void emit_list(const struct string_list *list, struct buffer *out)
{
    emit_array(out, "value");
    for (int i = 0; i < list->n; i++) {
        emit_public_text(out, NULL, list->items[i]);
    }
    emit_close(out, ']');
}

static void emit_setting(const struct setting *s, const void *member, struct buffer *out)
{
    switch (s->kind) {
    case SETTING_TEXT:
        emit_public_text(out, "value", *(const char *const *)member);
        break;
    case SETTING_WORD: {
        const char *word = *(const char *const *)member;
        emit_text(out, "value", word == NULL ? word_at(s, 0) : span_str(word));
        break;
    }
    case SETTING_CHOICE:
        emit_text(out, "value", word_at(s, *(const int *)member));
        break;
    case SETTING_INT:
        emit_int(out, "value", *(const int *)member);
        break;
    case SETTING_BYTES:
        emit_int(out, "value", *(const int64_t *)member);
        break;
    case SETTING_SECONDS:
        emit_double(out, "value", *(const int *)member / 1000.0);
        break;
    case SETTING_REAL:
        emit_double(out, "value", *(const double *)member);
        break;
    case SETTING_BOOL:
        emit_bool(out, "value", *(const bool *)member);
        break;
    case SETTING_LIST:
        emit_list(member, out);
        break;
    }
}

static void emit_row(const struct settings_section *section, size_t i, struct buffer *out)
{
    const struct setting *row = &section->table->rows[i];
    emit_object(out, NULL);
    emit_str(out, "name", row->name);
    emit_str(out, "section", section->table->title);
    if (row->secret) {
        emit_null(out, "value");
        emit_bool(out, "secret", true);
    } else {
        emit_setting(row, (const char *)section->options + row->at, out);
    }
    assert(section->sources[i] <= SETTING_COMMAND_LINE);
    emit_str(out, "source", source_words[section->sources[i]]);
    emit_close(out, '}');
}

void settings_emit(const struct settings_section *sections, size_t n, struct buffer *out)
{
    emit_array(out, NULL);
    for (const struct settings_section *s = sections; s < sections + n; s++) {
        assert(s->options != NULL && s->sources != NULL);
        for (size_t i = 0; i < s->table->n; i++) {
            emit_row(s, i, out);
        }
    }
    emit_close(out, ']');
}
