/* server/generate/adapters.h - which adapter a name stands for.
 *
 *   loaded: by --adapter or a route, until it is unloaded    }  at most max-adapters of both
 *   found: a folder of that name in adapter-dir, when asked  }  together
 *
 * A name may come to stand for another content while requests run: whoever has been given an adapter holds
 * it, and ends on what it began with. One that was found makes room for another when there is none left,
 * the one asked for least lately first, and may be found again; a loaded one never does.
 *
 * (1) Entries are at most `most`, and no name stands twice.
 *
 * Any thread: a lock guards the list; files are read without it. Folders that are found are read one at
 * a time, so that each is read once by however many ask for it at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_ADAPTERS_H
#define SERVER_GENERATE_ADAPTERS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "server/http/server.h"

struct adapters;
struct server;

enum { ADAPTER_NAME_BYTES = 256 };

/* For the adapters of e that o says; nothing is read yet. NULL and ERROR_NO_MEMORY. */
struct adapters *adapters_new(struct engine *e, const struct server_options *o, struct error *err);
/* Requests may still hold what they were given. Accepts NULL. */
void adapters_free(struct adapters *a);

/* Read those of --adapter, once the model is there. False and *err, naming "adapter". */
bool adapters_load_first(struct adapters *a, struct error *err);

/* The adapter of a name, held by the caller; *out NULL: there is none. False and *err: a folder of
 * this name is wrong, or there is no room for it. May read files. */
bool adapters_find(struct adapters *a, struct span name, struct adapter **out, struct error *err);

/* name stands for `adapter`, which is taken in any case, from path on. False and ERROR_INVALID_VALUE naming
 * "lora_name" for an impossible name, the model's, one that begins with the model's and ":", or, without replace, a known one; ERROR_NO_STORAGE;
 * ERROR_NO_MEMORY. */
bool adapters_put(struct adapters *a, struct span name, const char *path, struct adapter *adapter,
                  bool replace, struct error *err);
/* Forget a name. False: it was not known. */
bool adapters_drop(struct adapters *a, struct span name);

/* Is it a name of the model itself, which no adapter may have: one that people guess (its file's, its
 * path, what it calls itself) or one that was given; in any case of letters? */
bool adapters_base_is(const struct adapters *a, struct span name);
/* Of MODEL:NAME, MODEL being a name of the model itself, the NAME, which may be empty; else nothing,
 * whose p is NULL. */
struct span adapters_behind_base(const struct adapters *a, struct span name);
/* Is it the name of an adapter, as far as names tell? */
bool adapters_know(struct adapters *a, struct span name);
/* Call fn for each, in order of names' loading. fn must not call back. */
void adapters_each(struct adapters *a,
                   void (*fn)(void *arg, const char *name, const char *path,
                              const struct adapter *ad),
                   void *arg);
#endif
