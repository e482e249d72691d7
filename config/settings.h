/* config/settings.h - settings: a table's rows read from four sources into somebody's options.
 *
 * A row gives a setting its name, kind, bounds, default and one line of help, and says where its
 * value goes: the place of a member in the options of whoever obeys it. The rows live beside those
 * options (engine/settings.c, reward/judge/settings.c, server/http/settings.c,
 * server/cli/settings.c), and a default stands nowhere else. From the rows come the config file's
 * lines, the environment variables (TOUCHSTONE_MAX_QUEUE), the flags (--max-queue), --help, and the
 * documented default file config/touchstone.conf. A later source wins over an earlier one: defaults,
 * file, environment, command line. An unknown name or a bad value is refused by name, wherever it
 * stands; but an unknown variable may be passed over with a warning (another program's of the same
 * prefix).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

/* Texts that may be given several times, or once with commas. */
struct string_list {
    const char *const *items;
    int n;
};

enum setting_kind {
    SETTING_TEXT, /* const char *; NULL when it is empty */
    SETTING_WORD, /* const char *: one of the row's words; NULL for the first, which leaves the choice to us */
    SETTING_CHOICE,  /* an enum: the place of the word in the row's words, from 0 on */
    SETTING_INT,     /* int */
    SETTING_BYTES,   /* int64_t; written with an optional K, M or G (1024) */
    SETTING_SECONDS, /* int, in milliseconds; written as a decimal number of seconds, rounded up */
    SETTING_REAL,    /* double; NaN when it is empty */
    SETTING_BOOL,    /* bool */
    SETTING_LIST     /* struct string_list */
};

struct setting {
    const char *name; /* as a flag, without its dashes */
    enum setting_kind kind;
    size_t at;            /* of the member in the options */
    const char *standard; /* the default, as text; "" for none */
    int64_t min, max;     /* of a number; SETTING_SECONDS: in seconds */
    double least;         /* SETTING_REAL: if not 0, the least value, instead of min */
    bool whole;           /* SETTING_REAL: has no fraction */
    const char *words;    /* SETTING_WORD, SETTING_CHOICE: separated by '|' */
    const char *help;
    bool secret; /* SETTING_LIST: not to be read in the command line, which all users of a machine
                  * see, and empty in a file alone */
};

/* The rows of one struct of options. */
struct settings_table {
    const char *title; /* of their section in --help and in the file */
    const struct setting *rows;
    size_t n;
};

/* Where a value came from. */
enum setting_source { SETTING_DEFAULT, SETTING_FILE, SETTING_ENVIRONMENT, SETTING_COMMAND_LINE };

/* A table and the options that its rows point into. */
struct settings_section {
    const struct settings_table *table;
    void *options;
    unsigned char *sources; /* enum setting_source of each row; NULL: nobody asks */
};

enum { SETTINGS_MAX_ROWS = 128, SETTINGS_MEMORY_BYTES = 4 << 20 };

/* Every member that has a row, at its default. Cannot fail: a test reads all defaults. */
void settings_defaults(const struct settings_table *table, void *options);

/* Read defaults, the file, the environment and the flags in args into the options of all
 * sections[n]. The file is that of --config, else of TOUCHSTONE_CONFIG, else none.
 *   args    [n_args] words after the command's name; flags are "--name value", "--name=value",
 *           "--flag", "--no-flag"; "--" ends them. Words that are no flags are moved to the front
 *           of args, and *n_rest is their number. Values of secrets are written over.
 *   memory  owns the texts and lists; at least SETTINGS_MEMORY_BYTES
 *   strict  unknown variables are refused, not passed over
 * False with err->param = the setting's name. */
bool settings_read(const struct settings_section *sections, size_t n, struct arena *memory,
                   bool strict, int n_args, char **args, int *n_rest, struct error *err);

/* The flags with their help, grouped by section, for --help. */
void settings_print_help(const struct settings_section *sections, size_t n, FILE *out);

/* What was read, as a JSON list of objects: name, section, value (of the setting's kind; times in
 * seconds; null where it is empty), source ("default", "file", "environment", "command_line"). A
 * secret's value is null and the object has "secret": true; a URL is shown without its user and
 * password. */
void settings_emit(const struct settings_section *sections, size_t n, struct buffer *out);

/* The documented default file: every setting, commented out, at its default. */
void settings_print_file(const struct settings_section *sections, size_t n, FILE *out);

#endif
