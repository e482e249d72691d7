/* base/paranoid.h - whether whole structures are checked at every step.
 *
 * An assert that costs nothing beside what it stands in is always on, in releases too. One that
 * walks a whole structure is written assert(!PARANOID || holds(it)) and walks only in the builds
 * that `make paranoid` tests: elsewhere the compiler drops it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_PARANOID_H
#define BASE_PARANOID_H

#ifndef PARANOID
#define PARANOID 0
#endif

#endif
