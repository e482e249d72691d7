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
#include "server/cli/judge_model.h"
#include "server/http/server.h"

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* The commands. args: the n words after the command's name. Return the program's exit status. */
int cli_serve(int n, char **args);
/* touchstone run */
int cli_run(int n, char **args);
/* touchstone top */
int cli_top(int n, char **args);
/* touchstone verify */
int cli_verify(int n, char **args);
/* touchstone tokenize */
int cli_tokenize(int n, char **args);
/* touchstone template */
int cli_template(int n, char **args);
/* touchstone bench */
int cli_bench(int n, char **args);
/* touchstone model */
int cli_model(int n, char **args);
/* touchstone key */
int cli_key(int n, char **args);
/* touchstone openapi */
int cli_openapi(int n, char **args);
/* touchstone config */
int cli_config(int n, char **args);

/* Every setting of the program, where it is obeyed. */
enum cli_log_format { CLI_LOG_TEXT, CLI_LOG_JSON };
struct cli_log_options {
    int level; /* enum log_level */
    enum cli_log_format format;
};
enum { CLI_SECTIONS = 6 };
struct cli_settings {
    struct engine_options engine;
    struct judge_options judge;
    struct server_options server;
    struct cli_log_options log;
    struct judge_model_options judge_model;
    unsigned char sources[CLI_SECTIONS][SETTINGS_MAX_ROWS]; /* enum setting_source of each */
    struct arena *memory;                                   /* owns the texts */
};

/* Read the settings from all their sources (settings_read()) and set up the log as they say. *n
 * words of args are left. Free with cli_settings_clear() either way. */
bool cli_settings_read(struct cli_settings *s, bool strict, int *n, char **args, struct error *err);
/* Free what s owns; it may be half read. */
void cli_settings_clear(struct cli_settings *s);

/* Sections of settings, as bits. */
enum {
    CLI_MODEL = 1,
    CLI_SAMPLING = 2,
    CLI_SERVER = 4,
    CLI_VERIFY = 8,
    CLI_LOG = 16,
    CLI_JUDGE_MODEL = 32,
    CLI_ALL = 63
};

/* The flags of some sections, as settings_print_help() prints them. */
void cli_settings_print_help(unsigned sections, FILE *out);
/* What was read, and where it came from, as settings_emit() tells it. */
void cli_settings_emit(struct cli_settings *s, struct buffer *out);
/* The documented default file. */
void cli_settings_print_file(FILE *out);

/* A flag of one command. Exactly one of the pointers is set. */
struct cli_flag {
    const char *name; /* "--raw"; NULL ends a table */
    bool *on;         /* takes no value */
    const char **text;
    int64_t *integer;
    double *number;
};

/* What a command's --help says. Every setting may be given to every command, since one file serves
 * all; it shows those that it heeds. */
struct cli_usage {
    const char *text;      /* "NAME [options]\n\nwhat it does\n" */
    const char *flag_help; /* of its own flags, a line each; NULL: none */
    unsigned sections;     /* of settings; a command that heeds all is strict about its variables */
    int operands;          /* at most */
    const char *one_more;  /* what is said of one more; NULL: that this command takes none */
};

/* Take the command's flags out of args, then read the settings from the rest; *n words of args
 * are left, the operands, as many as the usage allows. --help prints the usage, --help-all with
 * every setting, and ends the program. On failure one line on stderr and false: return CLI_USAGE.
 * Free s with cli_settings_clear(). */
bool cli_read(const struct cli_usage *usage, const struct cli_flag *flags, int *n, char **args,
              struct cli_settings *s);

/* Flush what was printed: CLI_OK, or CLI_FAILED with a line when it could not be written. */
int cli_end_output(void);

/* Write text of a model or a file for readers: U+FFFD for each control character but the ends of lines
 * and tabs, since it shall not drive the terminal. */
void cli_put(struct span text, FILE *out);

/* "touchstone: message" on stderr; returns CLI_FAILED. */
int cli_fail(const struct error *err);

/* What the engine's settings leave to the program: the built-in model where none is named, the
 * model's name, a line of progress on a terminal. False when there is no model. */
bool cli_engine_options(const struct cli_settings *s, struct engine_options *o, struct error *err);

/* Handle one line: read `in`, fill `reply`, or fail with *err. */
typedef bool cli_line_fn(void *arg, const cJSON *in, cJSON *reply, struct error *err);

/* Read JSON lines from a file ("-" or NULL: stdin), handle each, and print each reply as one
 * line. A line that is no JSON object, or that handle refuses, gets {"error": {...}}. Returns the
 * exit status. */
int cli_each_line(const char *path, cli_line_fn *handle, void *arg);

#endif
