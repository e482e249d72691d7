/* server/cli/explain.h - verdicts for readers: what was seen, tried and decided.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_EXPLAIN_H
#define SERVER_CLI_EXPLAIN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/span.h"

/* A reward list (JSON text; NULL: accuracy alone) in which each accuracy explains itself. Free with
 * free(); NULL and err when text is no list. */
char *explain_rewards(const char *text, struct error *err);

/* Prints one result of judge_lines() (a line of JSON) as paragraphs. */
void explain_result(struct span line, FILE *out);

#endif
