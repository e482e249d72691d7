/* engine/model/folder.h - whether a folder is a model, and what it may be instead.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_FOLDER_H
#define ENGINE_MODEL_FOLDER_H

#include <stdbool.h>

#include "base/error.h"

/* Has it a config.json, as Hugging Face's folders have? Else ERROR_BAD_FILE with what was found: a
 * GGUF file, whose path was meant, or nothing that is known. */
bool folder_is_model(const char *path, struct error *err);

#endif
