/* engine/staging_file.h - a file without a name: what is staged in it is gone with the last
 * descriptor, however the program ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_STAGING_FILE_H
#define ENGINE_STAGING_FILE_H

#include "base/error.h"

/* An empty file on the file system of this folder, to be read and written. -1 and ERROR_NO_STORAGE. */
int staging_file_new(const char *folder, struct error *err);

#endif
