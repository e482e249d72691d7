/* engine/adapter/read.h - an adapter out of a PEFT folder: adapter_config.json, adapter_model.safetensors.
 *
 * Every tensor of the file is used or the adapter is refused by that tensor's name: a module that is not
 * computed with adapters, an A without its B, a shape that is not the base's, a rank that is not the
 * config's, a number that is not finite. Nothing is ever loaded in part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_ADAPTER_READ_H
#define ENGINE_ADAPTER_READ_H

#include "base/error.h"
#include "base/span.h"
#include "engine/adapter/adapter.h"
#include "engine/model/model.h"

/* An adapter of m from the two files' bytes, with one holder. NULL and ERROR_INVALID_VALUE,
 * ERROR_UNSUPPORTED, ERROR_BAD_FILE or ERROR_NO_MEMORY. Any thread: m's sizes alone are read. */
struct adapter *adapter_read(const struct model *m, struct span config, struct span tensors,
                             struct error *err);

/* The same of one safetensors file, whose __metadata__ has the config's text as "adapter_config". The file
 * stays the caller's. ERROR_MISSING_FIELD, naming that, where there is none. */
struct adapter *adapter_receive(const struct model *m, int fd, struct error *err);

/* The same of a folder. ERROR_NOT_FOUND where there is none, or it lacks one of the files. */
struct adapter *adapter_open(const struct model *m, const char *folder, struct error *err);

#endif
