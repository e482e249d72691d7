/* reward/sql/tables.h - an item's database as an SQL script.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_SQL_TABLES_H
#define REWARD_SQL_TABLES_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

/* A script as it is, a list of scripts one after the other, or an object of tables by name: each
 * {"columns": [names], "rows": [[values]]} or a list of objects, whose members are the first one's
 * columns. In the arena or the item's own. False: err names what is wrong, below "database". */
bool tables_script(const cJSON *database, struct arena *a, struct span *out, struct error *err);

#endif
