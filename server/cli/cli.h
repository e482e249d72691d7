/* server/cli/cli.h - what the commands of the program share.
 *
 * A command is a file here and a row of the table in main.c. It takes its own flags first
 * (struct cli_flag), then the settings take theirs; what is left are its operands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_CLI_H
#define SERVER_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "config/settings.h"
#include "engine/engine.h"
#include "reward/reward.h"

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* The commands. args: the n words after the command's name. Return the program's exit status. */
int cli_serve(int n, char **args);
int cli_run(int n, char **args);
int cli_verify(int n, char **args);
int cli_tokenize(int n, char **args);
int cli_template(int n, char **args);
int cli_bench(int n, char **args);
int cli_model(int n, char **args);
int cli_config(int n, char **args);

/* A flag of one command. Exactly one of the pointers is set. */
struct cli_flag {
    const char *name; /* "--raw"; NULL ends a table */
    bool *on;         /* takes no value */
    const char **text;
    int64_t *integer;
    double *number;
};

/* Take the command's flags out of args, then read the settings from the rest; *n words of args
 * are left, the operands. --help prints usage, flag_help (may be NULL) and the settings, and ends
 * the program with 0. On failure one line on stderr and false: return CLI_USAGE. Free s with
 * settings_clear(). */
bool cli_read(const char *usage, const char *flag_help, const struct cli_flag *flags, int *n,
              char **args, struct settings *s);

/* "touchstone: message" on stderr; returns CLI_FAILED. */
int cli_fail(const struct error *err);

/* The engine's options as the settings say. Strings borrow from s. False when there is no model. */
bool cli_engine_options(const struct settings *s, struct engine_options *o, struct error *err);

/* The judge's options as the settings say. Strings borrow from s. */
struct judge_options cli_judge_options(const struct settings *s);

/* Handle one line: read `in`, fill `reply`, or fail with *err. */
typedef bool cli_line_fn(void *arg, const cJSON *in, cJSON *reply, struct error *err);

/* Read JSON lines from a file ("-" or NULL: stdin), handle each, and print each reply as one
 * line. A line that is no JSON object, or that handle refuses, gets {"error": {...}}. Returns the
 * exit status. */
int cli_each_line(const char *path, cli_line_fn *handle, void *arg);

#endif
