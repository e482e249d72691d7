/* engine/engine_adapters.c - the engine's door to adapters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <sys/stat.h>

#include "base/file.h"
#include "engine/adapter/read.h"
#include "engine/engine_impl.h"
#include "engine/forward/dora.h"
#include "base/machine_memory.h"
#include "engine/stage.h"

_Static_assert((int)ENGINE_MAX_LORA_RANK == (int)ADAPTER_MAX_RANK, "told to clients as it is");

/* The gains of a, which are of the weights that serve now. */
static bool bind(struct engine *e, struct adapter *a, struct error *err)
{
    struct resident *r = versions_pin(&e->versions);
    bool ok = dora_bind(a, r->weights, r->version.content, err);
    versions_unpin(&e->versions, r);
    mailbox_nudge(e->mailbox); /* it may have been the last that held a retired version */
    return ok;
}

struct adapter *engine_adapter_open(struct engine *e, int root, const char *path, struct error *err)
{
    struct file_visit visit;
    if (e->loaded.model == NULL) {
        error_set(err, ERROR_NOT_AVAILABLE, NULL, "only the vocabulary was loaded");
        return NULL;
    }
    file_visit_begin(&visit, root);
    struct adapter *a = adapter_open(e->loaded.model, path, err);
    file_visit_leave(&visit);
    file_visit_end(&visit);
    if (a == NULL || bind(e, a, err)) return a;
    adapter_release(a);
    return NULL;
}

/* A stream's adapter is floats in memory, twice the size of a file of halves. */
static bool has_memory(int fd, struct error *err)
{
    struct stat st;
    int64_t most = machine_free_memory();
    return fstat(fd, &st) != 0 || most == 0 || 2 * (int64_t)st.st_size <= most ||
           error_set(err, ERROR_NO_STORAGE, NULL,
                     "the adapter may take %lld bytes of memory; %lld are free",
                     2 * (long long)st.st_size, (long long)most);
}

struct adapter *engine_adapter_receive(struct engine *e, const struct engine_adapter_stream *s,
                                       struct error *err)
{
    if (e->loaded.model == NULL) {
        error_set(err, ERROR_NOT_AVAILABLE, NULL, "only the vocabulary was loaded");
        return NULL;
    }
    struct adapter *a = NULL;
    if (stage_check_base(e, s->base_version, err) && has_memory(s->fd, err) &&
        stage_check_digest(e, s->fd, s->sha256, err)) {
        a = adapter_receive(e->loaded.model, s->fd, err);
    }
    if (a != NULL && bind(e, a, err)) return a;
    adapter_release(a);
    if (err->code == ERROR_INVALID_JSON) error_at(err, "adapter_config");
    error_blame_client(err);
    return NULL;
}

struct adapter *engine_adapter_hold(struct adapter *a)
{
    return adapter_hold(a);
}

void engine_adapter_release(struct adapter *a)
{
    adapter_release(a);
}

bool engine_adapter_fits(struct engine *e, const struct adapter *a)
{
    if (!a->dora) return true;
    struct resident *r = versions_pin(&e->versions);
    bool fits = adapter_fits(a, r->version.content);
    versions_unpin(&e->versions, r);
    mailbox_nudge(e->mailbox); /* as in bind() */
    return fits;
}

struct engine_adapter_info engine_adapter_info(const struct adapter *a)
{
    return (struct engine_adapter_info){a->sha256, a->max_rank, a->n_tensors, a->bytes};
}
