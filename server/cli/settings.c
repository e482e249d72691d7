/* server/cli/settings.c - all settings of the program, and the two that no part obeys but the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include <assert.h>

#include "base/log.h"

#define AT(field) offsetof(struct cli_log_options, field)

/* The words stand in the order of enum log_level. */
/* clang-format off */
static const struct setting log_rows[] = {
    {"log-level",  SETTING_CHOICE, AT(level), "info", .words = "debug|info|warn|error|off", .help = "least level that is logged"},
    {"log-format", SETTING_CHOICE, AT(format), "text", .words = "text|json", .help = "key=value lines or JSON lines, on stderr"},
};
/* clang-format on */

static const struct settings_table log_settings = {"Log", log_rows,
                                                   sizeof(log_rows) / sizeof(log_rows[0])};

/* The sections in the order in which they are shown; s may be NULL to print them. */
static void list_sections(struct cli_settings *s, struct settings_section out[CLI_SECTIONS])
{
    out[0] = (struct settings_section){&engine_settings, s == NULL ? NULL : &s->engine, NULL};
    out[1] =
        (struct settings_section){&engine_sampling_settings, s == NULL ? NULL : &s->engine, NULL};
    out[2] = (struct settings_section){&server_settings, s == NULL ? NULL : &s->server, NULL};
    out[3] = (struct settings_section){&judge_settings, s == NULL ? NULL : &s->judge, NULL};
    out[4] = (struct settings_section){&log_settings, s == NULL ? NULL : &s->log, NULL};
    out[5] =
        (struct settings_section){&judge_model_settings, s == NULL ? NULL : &s->judge_model, NULL};
    for (int i = 0; s != NULL && i < CLI_SECTIONS; i++) {
        assert(out[i].table->n <= SETTINGS_MAX_ROWS);
        out[i].sources = s->sources[i];
    }
}

bool cli_settings_read(struct cli_settings *s, bool strict, int *n, char **args, struct error *err)
{
    struct settings_section sections[CLI_SECTIONS];
    *s = (struct cli_settings){.memory = arena_new(SETTINGS_MEMORY_BYTES)};
    if (s->memory == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory");
    engine_options_init(&s->engine);
    judge_options_init(&s->judge);
    server_options_init(&s->server);
    list_sections(s, sections);
    if (!settings_read(sections, CLI_SECTIONS, s->memory, strict, *n, args, n, err)) {
        return false;
    }
    log_setup((enum log_level)s->log.level, s->log.format == CLI_LOG_JSON);
    return true;
}

void cli_settings_clear(struct cli_settings *s)
{
    arena_free(s->memory);
    *s = (struct cli_settings){0};
}

void cli_settings_print_help(unsigned asked, FILE *out)
{
    struct settings_section sections[CLI_SECTIONS], shown[CLI_SECTIONS];
    size_t n = 0;
    list_sections(NULL, sections);
    for (unsigned i = 0; i < CLI_SECTIONS; i++) {
        if ((asked & 1u << i) != 0) shown[n++] = sections[i];
    }
    settings_print_help(shown, n, out);
}

void cli_settings_print_file(FILE *out)
{
    struct settings_section sections[CLI_SECTIONS];
    list_sections(NULL, sections);
    settings_print_file(sections, CLI_SECTIONS, out);
}

void cli_settings_emit(struct cli_settings *s, struct buffer *out)
{
    struct settings_section sections[CLI_SECTIONS];
    list_sections(s, sections);
    settings_emit(sections, CLI_SECTIONS, out);
}
