/* base/version.h - the program's version, which a release's build may set.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#ifndef TOUCHSTONE_VERSION
#define TOUCHSTONE_VERSION "0.1.0"
#endif

#endif
