/* engine/model/folder.c - see folder.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/model/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/span.h"

enum { MAX_ENTRY = 100 };

/* The name of the first GGUF file in alphabetical order, cut; "" when there is none. */
static bool find_gguf(const char *path, char name[MAX_ENTRY], struct error *err)
{
    DIR *dir = file_open_folder(path);
    name[0] = '\0';
    if (dir == NULL) {
        return error_set(err, ERROR_BAD_FILE, NULL, "%.200s: %s", path, strerror(errno));
    }
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        bool better = name[0] == '\0' || strcmp(e->d_name, name) < 0;
        if (span_ends(span_str(e->d_name), span_str(".gguf")) && better) {
            snprintf(name, MAX_ENTRY, "%.99s", e->d_name);
        }
    }
    closedir(dir);
    return true;
}

bool folder_is_model(const char *path, struct error *err)
{
    char file[PATH_MAX], gguf[MAX_ENTRY];
    int n = snprintf(file, sizeof(file), "%s/config.json", path);
    if (n > 0 && n < (int)sizeof(file) && file_exists(file)) return true;
    if (!find_gguf(path, gguf, err)) return false;
    if (gguf[0] == '\0') {
        return error_set(err, ERROR_BAD_FILE, NULL,
                         "%.150s: there is no config.json (of a Hugging Face folder) and no GGUF "
                         "file in it",
                         path);
    }
    return error_set(err, ERROR_BAD_FILE, NULL, "%.100s holds GGUF files: name one, as %.100s/%s",
                     path, path, gguf);
}
