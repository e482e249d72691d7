/* config/settings.h - every setting of the program, from one table.
 *
 * A row of the table gives a setting its name, kind, bounds, default and one line of help. From
 * the rows come the config file's lines, the environment variables (TOUCHSTONE_MAX_QUEUE), the
 * flags (--max-queue), --help, and the documented default file config/touchstone.conf. A later
 * source wins over an earlier one: defaults, file, environment, command line. An unknown name or
 * a bad value is refused by name, wherever it stands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/span.h"

/* Texts that may be given several times, or once with commas. */
struct string_list {
    const char *const *items;
    int n;
};

struct settings {
    /* model */
    const char *model;
    struct string_list served_model_name;
    const char *engine;
    const char *isa;
    const char *weights;
    const char *kv;
    int64_t kv_memory; /* bytes */
    int64_t context;
    int64_t threads;
    bool pin_threads;
    int64_t max_sequences;
    int64_t step_tokens;
    bool prefix_cache;
    bool speculate;

    /* server */
    const char *host;
    int64_t port;
    struct string_list api_key;
    int64_t max_connections;
    int64_t max_queue;
    int64_t max_body; /* bytes */
    int64_t max_prompts;
    int64_t max_choices;
    double read_timeout;    /* seconds */
    double idle_timeout;    /* seconds */
    double request_timeout; /* seconds */
    double drain_timeout;   /* seconds */
    bool allow_control;

    /* verify */
    int64_t verify_body; /* bytes */
    const char *verify_rewards;
    int64_t verify_workers;
    double verify_seconds;
    int64_t verify_memory; /* bytes */
    int64_t verify_items;
    bool code_unsafe;

    /* log */
    const char *log_level;
    const char *log_format;

    void *memory; /* owns the texts; settings_clear() */
};

/* Read defaults, the file, the environment and the flags in args into *s. The file is that of
 * --config, else of TOUCHSTONE_CONFIG, else none.
 *   args  [n_args] words after the command's name; flags are "--name value", "--name=value", "--flag", "--no-flag";
 *         "--" ends them. Words that are no flags are moved to the front of args, and *n_rest is their number.
 * False with err->param = the setting's name. Free with settings_clear() either way. */
bool settings_read(struct settings *s, int n_args, char **args, int *n_rest, struct error *err);
void settings_clear(struct settings *s);

/* The flags with their help, grouped by section, for --help. */
void settings_print_help(FILE *out);

/* The documented default file: every setting, commented out, at its default. */
void settings_print_file(FILE *out);

#endif
