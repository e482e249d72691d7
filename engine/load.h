/* engine/load.h - everything a running engine is made of, built in order from the options.
 *
 *   model -> tokenizer, template -> pool -> hash, packed weights (or those of the cache) -> KV store and cache -> forward pass
 *         -> scheduler, sampler -> step
 *
 * Called on the engine thread (the pool belongs to the thread that makes it). What text functions
 * read, up to `template`, and info do not change once loaded, so any thread may use them; the
 * rest is the engine thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

#include "engine/engine.h"
#include "engine/batch/step.h"
#include "engine/fingerprint.h"
#include "engine/forward/weights.h"
#include "engine/sample/form/form_store.h"

struct resident; /* engine/versions.h */

struct loaded {
    char file_name[256]; /* of info */
    struct model *model; /* NULL when vocabulary_only */
    struct gguf *vocabulary;
    struct tokenizer *tokenizer;
    struct template *template; /* NULL: see template_error */
    struct error template_error;
    struct engine_info info;

    struct pool *pool;
    char sha256[DIGEST_HEX];          /* of the tensors in o->model_path, with what was merged into them */
    struct weights_plan weights_plan; /* how weights are packed */
    struct numerics numerics;         /* how they are computed with */
    struct resident *first;           /* the version that was loaded; NULL once the engine has it */
    struct kv_store *store;
    struct kv_cache *kv;
    struct forward *forward;
    struct scheduler *scheduler;
    struct sampler *sampler;
    struct form_store *forms;
    struct step *step;
    struct deliver deliver;
    int n_vocab;
};

/* Fill l, which is all zeros. Strings of o must live as long. False and *err otherwise; engine_unload()
 * then frees what there is. */
bool engine_load(struct loaded *l, const struct engine_options *o, struct error *err);
/* Frees what there is of l. */
void engine_unload(struct loaded *l);

#endif
